"""manage.py migrate: Django's own, and then the rights of the roles, which new tables would lack until somebody remembers."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from audit import roles


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        only_looks = options["plan"] or options["check_unapplied"]
        if not only_looks and roles.grant(connections[options["database"]]) and options["verbosity"] >= 1:
            self.stdout.write("scoreboard_app and scoreboard_sealer have their rights.")
