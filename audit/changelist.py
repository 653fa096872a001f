"""The list of entries at any size of the log: pages by key instead of counts, and a search that indexes answer."""

import contextlib
import ipaddress
import re
from typing import Any
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from audit import references
from audit.expressions import context_key
from audit.models import AuditEntry

Entries = QuerySet[AuditEntry]
BEFORE, AFTER = "before", "after"
NEWEST_FIRST = ("-at_us", "-pk")
#: Of an entry in that order, as the address of a page has it.
PLACE = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)


class KeysetChangeList(ChangeList):
    """Pages of what comes before or after an entry, newest first: the thousandth costs what the first does, and nothing is counted."""

    def get_filters_params(self, params: Any = None) -> Any:
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name not in {BEFORE, AFTER}}

    def get_ordering(self, request: HttpRequest, queryset: Entries) -> list[str | Combinable]:
        return [*NEWEST_FIRST]

    def get_results(self, request: HttpRequest) -> None:
        before, after = (self._read_place(name) for name in (BEFORE, AFTER))
        size = self.list_per_page
        if after is not None:
            rows = list(_later(self.queryset, *after).reverse()[: size + 1])
            has_newer, has_older, rows = len(rows) > size, True, rows[:size][::-1]
        else:
            rows = list((self.queryset if before is None else earlier(self.queryset, *before))[: size + 1])
            has_newer, has_older, rows = before is not None, len(rows) > size, rows[:size]
        self.result_list = rows
        self.result_count, self.full_result_count = len(rows), None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.paginator = Paginator(rows, size)
        places = [f"{row.at_us}.{row.pk}" for row in rows]
        self.newest_link = self._link({}) if has_newer else ""
        self.newer_link = self._link({AFTER: places[0]}) if has_newer and places else ""
        self.older_link = self._link({BEFORE: places[-1]}) if has_older and places else ""

    def _link(self, place: dict[str, str]) -> str:
        return self.get_query_string(place, remove=[BEFORE, AFTER])

    def _read_place(self, name: str) -> tuple[int, int] | None:
        if name not in self.params:
            return None
        found = PLACE.fullmatch(self.params[name])
        if found is None:
            raise IncorrectLookupParameters(name)
        return int(found[1]), int(found[2])


def earlier(entries: Entries, at_us: int, pk: int) -> Entries:
    """Keep those that follow this place when the newest come first; written so that the index of the time can begin there."""
    return entries.filter(at_us__lte=at_us).exclude(at_us=at_us, pk__gte=pk)


def _later(entries: Entries, at_us: int, pk: int) -> Entries:
    return entries.filter(at_us__gte=at_us).exclude(at_us=at_us, pk__lte=pk)


def search(entries: Entries, term: str) -> Entries:
    """Find entries by a whole player's UUID, address, request id or reference: each has an index, which a part of it would not use."""
    if references.REFERENCE.fullmatch(term):
        return entries.filter(ref=term)
    try:
        address = ipaddress.ip_address(term)
        text = str(getattr(address, "ipv4_mapped", None) or address)
        return entries.alias(address=context_key("address")).filter(address=text)
    except ValueError:
        asked = Q(request=term)
    with contextlib.suppress(ValueError):
        # Request ids that were made here read as UUIDs without hyphens, too.
        asked |= Q(player=UUID(term))
    return entries.alias(request=context_key("request")).filter(asked)
