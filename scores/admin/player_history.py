"""What the log says of one player, in a fixed number of queries whose rows are bounded however long the chain is.

Places in a chain have no gaps, so the unique (player, seq) finds any stretch or sample of it without reading the rest. What is
counted is counted over the newest entries of the chain, MAXIMUM_RECENT_ENTRIES of them; the page says so where there are more.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Max, Min, QuerySet, Subquery, Sum

from audit.expressions import context_key
from audit.models import AuditEntry, CheckpointHead, Refusal
from audit.references import BY_RECEIPT
from audit.times import HOUR_US, to_moment, to_us
from audit.verification import Finding
from scores.addresses import UNKNOWN
from scores.admin.charts import Bar, Mark
from scores.drawing import Point
from scores.integrity.verification import verify
from scores.models import Score

#: How many of the newest entries are counted by hour, action, address and agent.
MAXIMUM_RECENT_ENTRIES = 10_000
#: How many balances make the curve, and how many corrections and minutes with refusals are marked on it.
MAXIMUM_SAMPLES, MAXIMUM_CORRECTIONS, MAXIMUM_REFUSALS = 400, 200, 1000
#: Among how many of the newest entries from the same addresses, or of all, others are looked for.
MAXIMUM_ENTRIES_OF_OTHERS = 10_000
MAXIMUM_OTHERS_NAMED = 5
SHARED_DAYS = 7
#: Of everybody's entries a page looks at no more than these, the newest, whatever days it speaks of.
MAXIMUM_ENTRIES_LOOKED_AT = 1_000_000
MAXIMUM_ORIGINS = 12
MAXIMUM_HOURS = 168
NEWEST_SHOWN = 20
#: A longer chain is verified by the command: a page may not take so long.
MAXIMUM_VERIFIED_ENTRIES = 2000


@dataclass(slots=True)
class Origin:
    """An address or agent the player came from, and other players who did too; `others` counts all, `named` holds the first."""

    value: str
    entries: int
    first: datetime
    last: datetime
    others: int = 0
    named: list[Score] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        return self.others - len(self.named)


@dataclass(frozen=True, slots=True)
class ActionCount:
    """The entries of one action, how many of them a receipt proves; `most` is the count of the most frequent action."""

    action: str
    entries: int
    proved: int
    points: int
    last: datetime
    most: int


@dataclass(frozen=True, slots=True)
class RefusalSum:
    """The refused attempts of one reason."""

    reason: str
    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class ChainState:
    """What verification on the spot found; `findings` is None where the chain is too long for a page."""

    entries: int
    findings: list[Finding] | None
    signed: CheckpointHead | None


def read_newest(player: UUID) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(player=player).order_by("-seq")[:NEWEST_SHOWN])


def read_points(player: UUID, length: int) -> list[Point]:
    """Read balances over time: every one of a short chain, an even sample of a long one."""
    count = min(length, MAXIMUM_SAMPLES)
    wanted = {1 + number * (length - 1) // max(count - 1, 1) for number in range(count)}
    sample = AuditEntry.objects.filter(player=player, seq__in=wanted).order_by("seq")
    return [Point(to_moment(at_us), balance) for at_us, balance in sample.values_list("at_us", "balance")]


def read_corrections(player: UUID) -> list[AuditEntry]:
    """Read the newest entries that are no award, in order: voids, restores, adjustments, imports, freezes."""
    corrections = AuditEntry.objects.filter(player=player).exclude(kind=AuditEntry.Kind.AWARD)
    return list(corrections.order_by("-seq")[:MAXIMUM_CORRECTIONS])[::-1]


def read_refusals(player: UUID) -> list[Refusal]:
    return list(Refusal.objects.filter(subject=str(player)).order_by("-minute")[:MAXIMUM_REFUSALS])[::-1]


def sum_refusals(refusals: Collection[Refusal]) -> list[RefusalSum]:
    """Add up refusals by reason, the most frequent first."""
    rows = []
    for reason in {refusal.reason for refusal in refusals}:
        of_reason = [refusal for refusal in refusals if refusal.reason == reason]
        count = sum(refusal.count for refusal in of_reason)
        rows.append(RefusalSum(reason, count, of_reason[0].minute, of_reason[-1].minute))
    return sorted(rows, key=lambda row: (-row.count, row.reason))


def make_marks(corrections: Collection[AuditEntry], refusals: Collection[Refusal]) -> list[Mark]:
    return [
        *(Mark(entry.at, entry.kind, f"{entry.kind} {entry.delta:+,} (#{entry.seq})", entry.balance) for entry in corrections),
        *(Mark(row.minute, "refusal", f"{row.count:,} × {row.reason}", count=row.count) for row in refusals),
    ]  # fmt: skip


def find_frozen(corrections: Collection[AuditEntry]) -> Iterator[tuple[datetime, datetime]]:
    """Find from when to when the player was off the board."""
    begin = None
    for entry in corrections:
        if entry.kind == AuditEntry.Kind.FREEZE:
            begin = entry.at
        elif entry.kind == AuditEntry.Kind.UNFREEZE and begin is not None:
            yield begin, entry.at
            begin = None
    if begin is not None:
        yield begin, datetime.max.replace(tzinfo=UTC)


def recent_entries(player: UUID, length: int) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(player=player, seq__gt=length - MAXIMUM_RECENT_ENTRIES, kind=AuditEntry.Kind.AWARD)


def count_hours(recent: QuerySet[AuditEntry], last_us: int) -> list[Bar]:
    """Count awards per hour, up to the hour of the last entry, over at least a day and at most a week."""
    last = last_us // HOUR_US
    hour = ExpressionWrapper(F("at_us") / HOUR_US, output_field=BigIntegerField())
    week = recent.filter(at_us__gte=(last - MAXIMUM_HOURS + 1) * HOUR_US).order_by()
    counts = dict(week.values_list(hour).annotate(Count("pk")))
    first = min([*counts, last - 23])
    return [Bar(to_moment(number * HOUR_US), counts.get(number, 0)) for number in range(first, last + 1)]


def count_actions(recent: QuerySet[AuditEntry]) -> list[ActionCount]:
    """Count what the points came from, the most frequent action first."""
    rows = list(
        recent.order_by()
        .values_list("action")
        .annotate(
            entries=Count("pk"), proved=Count("pk", filter=BY_RECEIPT), points=Sum("delta"), last=Max("at_us")
        )
        .order_by("-entries", "action")
    )  # fmt: skip
    return [
        ActionCount(action, entries, proved, points, to_moment(last_us), most=rows[0][1])
        for action, entries, proved, points, last_us in rows
    ]


def count_origins(recent: QuerySet[AuditEntry], key: str) -> list[Origin]:
    """Count the addresses or agents of the recent entries, the most frequent first."""
    rows = recent.order_by().values_list(context_key(key))
    counted = rows.annotate(entries=Count("pk"), first=Min("at_us"), last=Max("at_us"))
    return [
        Origin(str(value), entries, to_moment(first), to_moment(last))
        for value, entries, first, last in counted.order_by("-entries")[:MAXIMUM_ORIGINS]
        if value is not None
    ]


def find_others(player: UUID, addresses: Collection[Origin], agents: Collection[Origin], now: datetime) -> None:
    """Fill in who else used them: addresses within the last days, agents among everybody's newest entries."""
    others = AuditEntry.objects.exclude(player=player)
    lately = others.annotate(shown=context_key("address")).filter(
        shown__in={origin.value for origin in addresses} - {UNKNOWN},
        at_us__gte=bound_begin_us(now - timedelta(days=SHARED_DAYS)),
    )
    users: dict[tuple[str, str], list[UUID]] = {}
    for key, entries, origins in (
        ("address", lately.order_by("-pk"), addresses),
        ("agent", others.order_by("-pk"), agents),
    ):
        for value, other in _find_pairs(key, entries[:MAXIMUM_ENTRIES_OF_OTHERS], origins):
            users.setdefault((key, value), []).append(other)
    names = Score.objects.in_bulk({other for found in users.values() for other in found[:MAXIMUM_OTHERS_NAMED]})
    for key, origins in (("address", addresses), ("agent", agents)):
        for origin in origins:
            found = users.get((key, origin.value), [])
            origin.others = len(found)
            origin.named = [names[other] for other in found[:MAXIMUM_OTHERS_NAMED] if other in names]


def check_chain(player: UUID, length: int) -> ChainState:
    """Recompute the chain now, and find up to where the newest checkpoint over it reaches.

    Raises ImproperlyConfigured when the ledger keys cannot be used.
    """
    findings = list(verify(player=player)) if length <= MAXIMUM_VERIFIED_ENTRIES else None
    return ChainState(length, findings, CheckpointHead.objects.filter(player=player).order_by("-seq").first())


def bound_begin_us(since: datetime) -> int:
    """Return `since` in microseconds since 1970, or a later time where more than MAXIMUM_ENTRIES_LOOKED_AT entries come after it."""
    newest = AuditEntry.objects.order_by("-pk").values("pk")[:1]
    beyond = AuditEntry.objects.filter(pk__lte=Subquery(newest) - MAXIMUM_ENTRIES_LOOKED_AT).order_by("-pk")
    return max(to_us(since), beyond.values_list("at_us", flat=True).first() or 0)


def _find_pairs(key: str, entries: QuerySet[AuditEntry], origins: Collection[Origin]) -> Iterator[tuple[str, UUID]]:
    """(value, player) of these entries, those with most of them first."""
    rows: Any = AuditEntry.objects.filter(pk__in=entries.values("pk")).annotate(shown=context_key(key))
    counted = rows.filter(shown__in=[origin.value for origin in origins]).order_by().values_list("shown", "player")
    for value, other, _ in counted.annotate(entries=Count("pk")).order_by("-entries", "player"):
        yield value, other
