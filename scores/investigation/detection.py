"""The rules of suspicion: what a history looks like that no person made. Each is a pure function over plain data; a person decides.

A rule gets one history and, where it compares, what is usual among all players; it returns a sentence with the entries it rests on,
or None. What was reviewed under a rule is not held against anybody again: rules look at newer entries only.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import NamedTuple
from uuid import UUID

from audit.times import HOUR_US, SECOND_US, to_moment
from scores.investigation.history import (
    AddressCluster,
    AwardRecord,
    History,
    PopulationStats,
    RefusalCount,
    Share,
    ShareStats,
    count_at_maximum,
    count_days_at_cap,
    count_hours,
)
from scores.investigation.runs import MAXIMUM_ENTRIES, Run, merge
from scores.models import Flag

#: Refusals that a client which goes by the rules hardly ever meets, unlike a cooldown, a cap or a limit.
PROOF_REFUSALS = {"receipt_invalid", "receipt_subject", "receipt_used", "idempotency_conflict", "token_invalid"}
MAXIMUM_LINKED = 50


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All numbers of all rules; why they are what they are stands at the rule."""

    regular_acts: int = 16
    regular_blocks: int = 2
    regular_spread: float = 0.03
    awake_hours: float = 28
    pause_hours: float = 3
    cap_receipts: int = 25
    cap_days: int = 4
    cap_share: float = 0.95
    cap_others: float = 0.25
    cap_players: int = 5
    pace_acts: int = 60
    pace_own: float = 4
    pace_own_hours: int = 5
    pace_population: float = 10
    pace_players: int = 10
    address_players: int = 5
    address_share: float = 0.5
    refusal_minutes: int = 10
    refusals_of_proofs: int = 20
    refusals_at_all: int = 200
    issuer_receipts: int = 100
    issuer_times: float = 3
    issuer_hours: int = 24


class Suspicion(NamedTuple):
    """What a rule found: about whom, why in a sentence with the numbers, (player, seq) of entries it rests on, and all acts of it."""

    rule: Flag.Rule
    subject: str
    player: UUID | None
    why: str
    entries: Sequence[tuple[str, int]] = ()
    acts: Sequence[Run] = ()


def find_regular_intervals(history: History, _: PopulationStats, thresholds: Thresholds) -> Suspicion | None:
    """A timer keeps its pace to a few per cent; a person's pauses differ by half of their length and more.

    Acts are taken sixteen at a time, and the median deviation of their pauses is compared with the median pause: neither hiccups
    of the network nor a few longer pauses hide a timer. An honest sixteen looks so once in millions; it takes two.
    """
    regular: list[AwardRecord] = []
    paces: list[tuple[float, float]] = []
    fresh = history.fresh
    for start in range(0, len(fresh) - thresholds.regular_acts + 1, thresholds.regular_acts):
        block = fresh[start : start + thresholds.regular_acts]
        pauses = [later.at_us - earlier.at_us for earlier, later in pairwise(block)]
        median_pause = median(pauses)
        deviation = median(abs(pause - median_pause) for pause in pauses)
        if median_pause > 0 and deviation <= thresholds.regular_spread * median_pause:
            regular.extend(block)
            paces.append((median_pause / SECOND_US, deviation / median_pause))
    if len(paces) < thresholds.regular_blocks:
        return None
    pace, spread = median(pace for pace, _ in paces), max(spread for _, spread in paces)
    why = f"{len(regular)} acts came {pace:.2f} s after one another, mostly within {spread:.1%}; people vary more."
    return _suspect(Flag.Rule.REGULAR_INTERVALS, history, why, regular)


def find_no_pause(history: History, _: PopulationStats, thresholds: Thresholds) -> Suspicion | None:
    """Who acts on and on and never pauses for three hours does not sleep. A night through makes 24 hours; this takes 28."""
    longest: Sequence[AwardRecord] = []
    stretch: list[AwardRecord] = []
    for act in history.fresh:
        if stretch and act.at_us - stretch[-1].at_us >= thresholds.pause_hours * HOUR_US:
            longest, stretch = max(longest, stretch, key=_duration_us), []
        stretch.append(act)
    longest = max(longest, stretch, key=_duration_us)
    if _duration_us(longest) < thresholds.awake_hours * HOUR_US:
        return None
    pause = max(later.at_us - earlier.at_us for earlier, later in pairwise(longest))
    why = (
        f"{len(longest)} acts over {_duration_us(longest) / HOUR_US:.0f} hours from {_format_time(longest[0].at_us)} "
        f"without a pause longer than {timedelta(seconds=pause // SECOND_US)} (h:mm:ss)."
    )
    return _suspect(Flag.Rule.NO_PAUSE, history, why, longest)


def find_receipts_at_maximum(history: History, population: PopulationStats, thresholds: Thresholds) -> Suspicion | None:
    """Forged work always takes the maximum. Where others mostly do so too, as where there is but one value, it proves nothing."""
    own = count_at_maximum(history.acts, population.maxima)
    for source, share in count_at_maximum(history.fresh, population.maxima).items():
        others = population.at_maximum[source].without(own[source])
        if share.total >= thresholds.cap_receipts and _is_unlike(share, others, thresholds):
            issuer, action = source
            why = (
                f"{share.full} of {share.total} receipts of {issuer} for {action} carry its maximum of "
                f"{population.maxima[source]} points; on average {others.average:.0%} of another player's do."
            )
            acts = [act for act in history.fresh if (act.issuer, act.action) == source]
            return _suspect(Flag.Rule.ALWAYS_AT_CAP, history, why, acts)
    return None


def find_days_at_cap(history: History, population: PopulationStats, thresholds: Thresholds) -> Suspicion | None:
    """A machine fills each day to the cap; a person forgets, or has a day off. The present day may still be under way."""
    own = count_days_at_cap(history.acts, population.caps)
    for action, share in count_days_at_cap(history.fresh, population.caps).items():
        others = population.at_cap[action].without(own[action])
        past = Share(share.full, max(share.full, share.total - 1))
        if share.full >= thresholds.cap_days and _is_unlike(past, others, thresholds):
            why = (
                f"The daily cap of {population.caps[action]} for {action} was used up on {share.full} of {share.total} days; "
                f"on average other players do so on {others.average:.0%} of theirs."
            )
            return _suspect(
                Flag.Rule.ALWAYS_AT_CAP, history, why, [act for act in history.fresh if act.action == action]
            )
    return None


def find_pace(history: History, population: PopulationStats, thresholds: Thresholds) -> Suspicion | None:
    """An hour worth many times the median of all players' busiest hours, and many times the median of the player's own before it.

    Both, as the eager are eager each day; who has hardly any earlier hours is compared with all players alone. Sixty acts at least,
    so that a few large rewards are no pace.
    """
    usual = population.usual_busiest_hour
    earlier: list[int] = []
    found: Suspicion | None = None
    most = 0
    for hour, (points, acts) in count_hours(history.acts).items():
        own = median(earlier) if len(earlier) >= thresholds.pace_own_hours else 0
        earlier.append(points)
        is_fresh = hour * HOUR_US > history.reviewed_us and population.players >= thresholds.pace_players
        is_fast = points >= thresholds.pace_population * usual and points >= thresholds.pace_own * own
        if is_fresh and is_fast and acts >= thresholds.pace_acts and points > most:
            most = points
            why = (
                f"{points} points by {acts} acts in the hour from {_format_time(hour * HOUR_US)}; "
                f"the median of all players' busiest hours is {usual}"
            )
            why += f", of this player's hours before it {own:.0f}." if own else "."
            found = _suspect(
                Flag.Rule.PACE, history, why, [act for act in history.acts if act.at_us // HOUR_US == hour]
            )
    return found


def find_shared_address(
    cluster: AddressCluster, reviewed: Collection[str], population: PopulationStats, thresholds: Thresholds
) -> Suspicion | None:
    """Five players from one address with the very same agent may be one person's accounts, or a school: a person tells.

    An address that half of all players come from is a proxy of the site (see TRUSTED_PROXIES) and says nothing. Players who
    were looked at in a review of this address do not count again.
    """
    entries = [(str(player), seq) for player, seq in cluster.players.items() if str(player) not in reviewed]
    is_proxy = cluster.players_at_address >= thresholds.address_share * population.players
    if is_proxy or len(entries) < thresholds.address_players:
        return None
    why = f"{len(entries)} players acted from {cluster.address} with the same agent ({cluster.agent[:80] or 'none'})."
    return Suspicion(Flag.Rule.SHARED_ADDRESS, cluster.address, None, why, entries[: 2 * MAXIMUM_LINKED])


def find_refusals(
    subject: str, refused: Sequence[RefusalCount], thresholds: Thresholds
) -> tuple[datetime, Suspicion] | None:
    """Who tries things out is refused often within minutes, above all for false proofs; a client that keeps to the rules is not.

    Returned with the first minute of the burst: the caller reads the awards around it.
    """
    begin, worst = None, Counter[str]()
    for start, first in enumerate(refused):
        reasons = Counter[str]()
        for item in refused[start:]:
            if item.minute - first.minute >= timedelta(minutes=thresholds.refusal_minutes):
                break
            reasons[item.reason] += item.times
        of_proofs = sum(count for reason, count in reasons.items() if reason.partition(":")[0] in PROOF_REFUSALS)
        is_burst = of_proofs >= thresholds.refusals_of_proofs or reasons.total() >= thresholds.refusals_at_all
        if is_burst and reasons.total() > worst.total():
            begin, worst = first.minute, reasons
    if begin is None:
        return None
    named = ", ".join(f"{count} {reason}" for reason, count in worst.most_common(4))
    why = f"{worst.total()} refusals within {thresholds.refusal_minutes} minutes from {begin:%Y-%m-%d %H:%M} UTC: {named}."
    return begin, Suspicion(Flag.Rule.REFUSALS, subject, _read_player(subject), why)


def find_busy_hour(
    issuer: str, reviewed_us: int, population: PopulationStats, thresholds: Thresholds
) -> tuple[int, Suspicion] | None:
    """A backend whose key was stolen signs more than its work ever asked for: three times its busiest hour, after a day at least.

    Returned with the hour: the caller reads its receipts.
    """
    found = None
    begin, busiest = None, 0
    for hour, count in sorted(population.issuer_hours[issuer].items()):
        begin = hour if begin is None else begin
        is_far_above = count >= max(thresholds.issuer_receipts, thresholds.issuer_times * busiest)
        if is_far_above and hour - begin >= thresholds.issuer_hours and hour * HOUR_US > reviewed_us:
            why = f"{count} receipts of {issuer} in the hour from {_format_time(hour * HOUR_US)}; its busiest hour before had {busiest}."
            found = hour, Suspicion(Flag.Rule.ISSUER_VOLUME, issuer, None, why)
        busiest = max(busiest, count)
    return found


PlayerRule = Callable[[History, PopulationStats, Thresholds], Suspicion | None]
#: The rules about one player, by what they are reviewed as.
PLAYER_RULES: tuple[tuple[Flag.Rule, PlayerRule], ...] = (
    (Flag.Rule.REGULAR_INTERVALS, find_regular_intervals),
    (Flag.Rule.NO_PAUSE, find_no_pause),
    (Flag.Rule.ALWAYS_AT_CAP, find_receipts_at_maximum),
    (Flag.Rule.ALWAYS_AT_CAP, find_days_at_cap),
    (Flag.Rule.PACE, find_pace),
)


def _suspect(rule: Flag.Rule, history: History, why: str, acts: Sequence[AwardRecord]) -> Suspicion:
    """Make a suspicion of this player that is about these acts, and rests on a sample of them where they are many."""
    player, step = history.player, max(1, -(-len(acts) // MAXIMUM_LINKED))
    sample = [(str(player), act.seq) for act in acts[::step]]
    return Suspicion(
        rule, str(player), player, why, sample, merge((player, act.seq) for act in acts[-MAXIMUM_ENTRIES:])
    )


def _is_unlike(own: Share, others: ShareStats, thresholds: Thresholds) -> bool:
    """Whether this player nearly always does what others, if there are enough of them, seldom do."""
    return (
        own.part >= thresholds.cap_share
        and others.players >= thresholds.cap_players
        and others.average <= thresholds.cap_others
    )


def _duration_us(acts: Sequence[AwardRecord]) -> int:
    return acts[-1].at_us - acts[0].at_us if acts else 0


def _format_time(at_us: int) -> str:
    return f"{to_moment(at_us):%Y-%m-%d %H:%M} UTC"


def _read_player(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
