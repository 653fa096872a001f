"""manage.py seal_ledger: the audit log's own, with what is stated of closed periods; before each block periods are made a day ahead."""

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from audit.management.commands import seal_ledger
from scores.board.statements import find_due
from scores.counting import periods
from scores.errors import CatalogueChanged, Refused

logger = logging.getLogger(__name__)


class Command(seal_ledger.Command):
    find_statements = staticmethod(find_due)
    #: Why the last round made no periods. It is told once: where the sealer may only seal, nothing is wrong.
    _told = ""

    def run_round(self, **options: Any) -> None:
        fault = self._make_periods()
        super().run_round(**options)
        # Where sealing fails too, that is said, and this is not.
        if fault and fault != self._told:
            logger.warning(
                "Sealing goes on; no periods were made ahead, the first who writes in one makes it: %s", fault
            )
        self._told = fault

    def _make_periods(self) -> str:
        """Make them, so that no writer has to at the boundary; why they were not, where the first one who writes then does."""
        try:
            periods.make_ahead()
        except (CatalogueChanged, DatabaseError, ImproperlyConfigured, Refused) as error:
            return " ".join(str(error).split())
        return ""
