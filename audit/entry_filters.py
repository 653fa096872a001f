"""What the list of entries is filtered by: typed in, chosen from what the log holds, or a period of its calendar."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ListFilter, ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import F, Max, Min, Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from audit import references
from audit.changelist import AFTER, BEFORE, Entries
from audit.expressions import context_key
from audit.models import AuditEntry
from audit.times import EPOCH, to_moment, to_us

SINCE, UNTIL = "since", "until"
#: More actions or issuers than this are not offered for choice; the address of the page still takes them.
MAXIMUM_CHOICES = 100


class CalendarLink(NamedTuple):
    name: str
    link: str
    is_current: bool


class Calendar(NamedTuple):
    """Links to periods that the log has, and the way back to all of it, which is empty where all is shown."""

    links: list[CalendarLink]
    up: str


class InputFilter(ListFilter):
    """A filter by words that are typed in, not chosen."""

    template = "admin/audit/auditentry/input_filter.html"
    #: name, label and kind of each field.
    fields: tuple[tuple[str, str, str], ...]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type, model_admin: "ModelAdmin[Any]"
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name, _, _ in self.fields:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1].strip()

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [name for name, _, _ in self.fields]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The one form: its fields, what else the page is filtered by, and the way to be rid of it."""
        names = [name for name, _, _ in self.fields]
        others = {name: value for name, value in changelist.params.items() if name not in {*names, BEFORE, AFTER}}
        inputs = [
            {"name": name, "label": label, "type": kind, "value": self.used_parameters.get(name, "")}
            for name, label, kind in self.fields
        ]
        clear = (
            changelist.get_query_string(remove=[*names, BEFORE, AFTER]) if any(self.used_parameters.values()) else ""
        )
        yield {"inputs": inputs, "others": others, "clear": clear}

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        values = {name: str(value) for name, value in self.used_parameters.items() if value}
        try:
            return self.narrow(queryset, values) if values else queryset
        except ValueError as error:
            messages.error(request, str(error))
            return queryset.none()

    def narrow(self, entries: Entries, values: dict[str, str]) -> Entries:
        """Keep the entries that fit. Raises ValueError, with a sentence, when a value cannot be understood."""
        raise NotImplementedError


class PlayerFilter(InputFilter):
    title = "player"
    fields = (("player", "UUID of the player", "text"),)

    def narrow(self, entries: Entries, values: dict[str, str]) -> Entries:
        try:
            return entries.filter(player=UUID(values["player"]))
        except ValueError:
            raise ValueError(f"{values['player']!r} is no UUID of a player.") from None


class AddressFilter(InputFilter):
    title = "address"
    fields = (("address", "Address", "text"),)

    def narrow(self, entries: Entries, values: dict[str, str]) -> Entries:
        return entries.alias(address=context_key("address")).filter(address=values["address"])


class DayFilter(InputFilter):
    """From one day to another, both included, as UTC has them."""

    title = "day (UTC)"
    fields = ((SINCE, "First day", "date"), (UNTIL, "Last day", "date"))

    def narrow(self, entries: Entries, values: dict[str, str]) -> Entries:
        if SINCE in values:
            entries = entries.filter(at_us__gte=begin_us(read_day(values[SINCE])))
        if UNTIL in values:
            entries = entries.filter(at_us__lt=begin_us(read_day(values[UNTIL]) + timedelta(days=1)))
        return entries


class ProofFilter(SimpleListFilter):
    title = "proof"
    parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Verified by a receipt"), ("no", "Self-reported"), ("imported", "Imported")]

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        conditions = {
            "yes": references.BY_RECEIPT,
            "no": references.BY_SELF_REPORT,
            "imported": Q(kind=AuditEntry.Kind.IMPORT),
        }
        condition = conditions.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset


class FoundFilter(SimpleListFilter):
    """A filter by the values that the log holds, each found by one step in the index."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in find_values(*self.searched())]

    def searched(self) -> tuple[Any, Q]:
        """Return the indexed expression whose values are offered, and the condition of its index."""
        raise NotImplementedError


class ActionFilter(FoundFilter):
    title = "action"
    parameter_name = "action"

    def searched(self) -> tuple[Any, Q]:
        return F("action"), Q(action__gt="")

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        return queryset.filter(action=self.value()) if self.value() else queryset


class IssuerFilter(FoundFilter):
    title = "issuer of the receipt"
    parameter_name = "issuer"

    def searched(self) -> tuple[Any, Q]:
        return references.issuer_expression(), references.BY_RECEIPT

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        if not self.value():
            return queryset
        receipts = queryset.filter(references.BY_RECEIPT)
        return receipts.alias(issuer=references.issuer_expression()).filter(issuer=self.value())


def find_values(expression: Any, condition: Q) -> list[str]:
    """Find the different values of an indexed expression, least first, by one step in the index each; DISTINCT would read all of it."""
    values = AuditEntry.objects.filter(condition).annotate(shown=expression).order_by("shown").values("shown")
    first, first_words = values[:1].query.sql_with_params()
    following, following_words = values.filter(shown__gt=RawSQL("found.value", []))[:1].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE found(value) AS (SELECT * FROM ({first}) AS least "  # noqa: S608 - what the ORM made
            f"UNION ALL SELECT ({following}) FROM found WHERE found.value IS NOT NULL) "
            "SELECT value FROM found WHERE value IS NOT NULL LIMIT %s",
            [*first_words, *following_words, MAXIMUM_CHOICES],
        )
        return [value for (value,) in cursor.fetchall()]


def read_day(text: str) -> date:
    """Read a day such as 2026-11-24. Raises ValueError, with a sentence, when it is none or lies outside of the log."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day: write it like 2026-11-24.") from None
    if not EPOCH.year <= day.year < date.max.year:
        raise ValueError(f"{text!r} is no day of this log.")
    return day


def begin_us(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=UTC))


def make_calendar(changelist: ChangeList) -> Calendar | None:
    """Links to the years, months or days that the log has, one level below what is shown, and the way up."""
    ends = AuditEntry.objects.aggregate(first=Min("at_us"), last=Max("at_us"))
    if ends["first"] is None:
        return None
    first, last = (to_moment(at_us).date() for at_us in (ends["first"], ends["last"]))
    try:
        since, until = (read_day(changelist.params[name]) for name in (SINCE, UNTIL))
    except (KeyError, ValueError):
        since, until = first, last
    is_narrowed = SINCE in changelist.params or UNTIL in changelist.params
    periods = [(name, max(start, first), min(end, last)) for name, start, end in _divide(since, until)]
    links = [
        CalendarLink(
            name=name,
            link=changelist.get_query_string(
                {SINCE: start.isoformat(), UNTIL: end.isoformat()}, remove=[BEFORE, AFTER]
            ),
            is_current=(start, end) == (since, until),
        )
        for name, start, end in periods
        if start <= end
    ]
    up = changelist.get_query_string(remove=[SINCE, UNTIL, BEFORE, AFTER]) if is_narrowed else ""
    return Calendar(links, up)


def _divide(since: date, until: date) -> Iterator[tuple[str, date, date]]:
    """The days of one month, the months of one year, or the years."""
    if (since.year, since.month) == (until.year, until.month):
        day = since.replace(day=1)
        while day.month == since.month:
            yield f"{day.day} {day:%B}", day, day
            day += timedelta(days=1)
    elif since.year == until.year:
        for month in range(1, 13):
            start = date(since.year, month, 1)
            yield f"{start:%B} {since.year}", start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    else:
        for year in range(since.year, until.year + 1):
            yield str(year), date(year, 1, 1), date(year, 12, 31)
