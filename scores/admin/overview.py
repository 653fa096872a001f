"""The front page of the desk: how the ledger is, what came in lately, whom to look at. A fixed number of queries over one day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from django.core.exceptions import ImproperlyConfigured
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit import chain
from audit.blocks import Block, BlockInvalid, read_block
from audit.checkpoints import HEARTBEAT_SECONDS
from audit.keys import load_checkpoint_keys
from audit.models import AuditEntry, Refusal, Verification
from audit.queries import newest_checkpoint
from audit.times import to_moment, to_us
from scores.admin.charts import Bar, draw_bars
from scores.admin.player_history import bound_begin_us
from scores.drawing import HOUR, MINUTE
from scores.models import Flag, Score

FLAGS = RISERS = 8
VERIFICATION_DAYS = 1
MINUTE_US = 60_000_000
MINUTES, HOURS = 60, 24


@dataclass(frozen=True, slots=True)
class LedgerState:
    """`signing` and `verified` are `good`, `stale` or `bad`; the page has a sentence for each."""

    last_entry: AuditEntry | None
    block: Block | None
    fault: str
    verification: Verification | None
    now: datetime

    @property
    def signing(self) -> str:
        if self.fault:
            return "bad"
        # A block is signed at least hourly; twice that is not a late one any more.
        return "good" if self.block and self.block.age_seconds < 2 * HEARTBEAT_SECONDS else "stale"

    @property
    def signed_at(self) -> datetime | None:
        return datetime.fromisoformat(self.block.at) if self.block else None

    @property
    def verified(self) -> str:
        if self.verification is None:
            return "stale"
        if self.verification.findings:
            return "bad"
        age = self.now - self.verification.finished_at
        return "good" if age < timedelta(days=VERIFICATION_DAYS) else "stale"


@dataclass(frozen=True, slots=True)
class Riser:
    """What a player gained in the last day, corrections included."""

    score: Score
    gain: int
    entries: int


class FrontPage(TypedDict, total=False):
    """What the page has a panel for, each where the user may see it."""

    ledger: LedgerState
    traffic: list[tuple[str, SafeString]]
    #: Later than the day that is asked for, where that holds too many entries.
    counted_since: datetime
    risers: list[Riser]
    flags: QuerySet[Flag]
    flag_count: int


def describe(request: HttpRequest, now: datetime | None = None) -> FrontPage:
    """Read what the front page shows to this user: only what he or she may look at."""
    now = now or datetime.now(UTC)
    page: FrontPage = {}
    if request.user.has_perm("audit.view_auditentry"):
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        day = this_hour - timedelta(hours=HOURS - 1)
        begin_us = bound_begin_us(day)
        page |= {"ledger": read_ledger_state(now), "traffic": draw_traffic(now, begin_us)}
        if begin_us > to_us(day):
            page["counted_since"] = to_moment(begin_us)
        if request.user.has_perm("scores.view_score"):
            page["risers"] = read_risers(max(begin_us, to_us(now - timedelta(days=1))))
    if request.user.has_perm("scores.view_flag"):
        flags = Flag.objects.filter(state=Flag.State.OPEN)
        names = Score.objects.filter(pk=OuterRef("player")).values("name")
        page["flags"] = flags.annotate(player_name=Subquery(names)).order_by("-opened_at")[:FLAGS]
        page["flag_count"] = flags.count()
    return page


def read_ledger_state(now: datetime) -> LedgerState:
    block, fault = None, ""
    newest = newest_checkpoint()
    if newest is not None:
        try:
            block = read_block(newest.jws, load_checkpoint_keys())
        except BlockInvalid as error:
            fault = f"its {error} does not hold"
        except ImproperlyConfigured as error:
            fault = str(error)
    verifications = Verification.objects.filter(scope=Verification.ALL)
    last_entry = AuditEntry.objects.order_by("-at_us").first()
    return LedgerState(last_entry, block, fault, verifications.order_by("-finished_at").first(), now)


def draw_traffic(now: datetime, begin_us: int) -> list[tuple[str, SafeString]]:
    """Draw, each with its title, updates and refusals per minute of the last hour and per hour of the last day."""
    this_minute = now.replace(second=0, microsecond=0)
    this_hour = this_minute.replace(minute=0)
    minute = ExpressionWrapper(F("at_us") / MINUTE_US, output_field=BigIntegerField())
    entries = AuditEntry.objects.filter(at_us__gte=begin_us, kind=AuditEntry.Kind.AWARD)
    counts = {
        to_moment(number * MINUTE_US): count
        for number, count in entries.order_by().values_list(minute).annotate(Count("pk"))
    }
    refusals = (
        Refusal.objects.filter(minute__gte=to_moment(begin_us)).order_by().values_list("minute").annotate(Sum("count"))
    )
    refused = dict(refusals)
    hourly, hourly_refused = _by_hour(counts), _by_hour(refused)
    minutes = [this_minute - timedelta(minutes=back) for back in reversed(range(MINUTES))]
    hours = [this_hour - timedelta(hours=back) for back in reversed(range(HOURS))]
    by_minute = [Bar(moment, counts.get(moment, 0), refused.get(moment, 0)) for moment in minutes]
    by_hour = [Bar(moment, hourly.get(moment, 0), hourly_refused.get(moment, 0)) for moment in hours]
    return [
        (title, draw_bars(f"traffic-{number}", title, bars, seconds))
        for number, (title, bars, seconds) in enumerate(
            [("Per minute, last hour", by_minute, MINUTE), ("Per hour, last day", by_hour, HOUR)], start=1
        )
    ]


def read_risers(begin_us: int) -> list[Riser]:
    """Read who gained most since `begin_us`."""
    entries = AuditEntry.objects.filter(at_us__gte=begin_us).exclude(player=chain.SYSTEM_CHAIN)
    gains = entries.order_by().values_list("player").annotate(gain=Sum("delta"), entries=Count("pk")).filter(gain__gt=0)
    rows = list(gains.order_by("-gain", "player")[:RISERS])
    scores = Score.objects.in_bulk([player for player, _, _ in rows])
    return [Riser(scores[player], gain, entries) for player, gain, entries in rows if player in scores]


def _by_hour(counts: Mapping[datetime, int]) -> dict[datetime, int]:
    sums: dict[datetime, int] = {}
    for moment, count in counts.items():
        hour = moment.replace(minute=0)
        sums[hour] = sums.get(hour, 0) + count
    return sums
