"""What the rules of suspicion look at: plain data of a window of time, streamed in a few queries however many players there are."""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from audit import references
from audit.models import AuditEntry, Refusal
from audit.refusals import OTHERS
from audit.times import DAY_US, HOUR_US, to_moment, to_us
from scores.addresses import UNKNOWN
from scores.models import Action
from scores.receipts.issuers import parse_issuers

CHUNK = 5000
#: Of a player who did more than this in the window, the newest are looked at: what is held in memory has a bound. It is more
#: than a day and a night at the 60 a minute that SCORE_UPDATE_RATE is by itself.
MAXIMUM_ACTS = 120_000
MAXIMUM_ADDRESSES = 500

#: Whose receipts for what.
Source = tuple[str, str]


class AwardRecord(NamedTuple):
    """An award: `issuer` is whose receipt proves it, or empty for a self-reported one."""

    seq: int
    at_us: int
    action: str
    points: int
    issuer: str


@dataclass(frozen=True, slots=True)
class History:
    """A player's acts in the order they were done; those up to `reviewed_us` were reviewed under the rule that asks."""

    player: UUID
    acts: Sequence[AwardRecord]
    reviewed_us: int = 0

    @property
    def fresh(self) -> Sequence[AwardRecord]:
        return [act for act in self.acts if act.at_us > self.reviewed_us] if self.reviewed_us else self.acts


class RefusalCount(NamedTuple):
    """Refusals of one minute and reason, counted."""

    minute: datetime
    reason: str
    times: int


class AddressCluster(NamedTuple):
    """The players who acted from one address with the same agent, each with the newest entry made there."""

    address: str
    agent: str
    players_at_address: int
    players: Mapping[UUID, int]


class Share(NamedTuple):
    """How many of a number of things were full."""

    full: int
    total: int

    @property
    def part(self) -> float:
        return self.full / self.total


class ShareStats(NamedTuple):
    """The shares of so many players, added up. Each player counts once, however busy: a few busy cheats do not change what is usual."""

    players: int = 0
    parts: float = 0.0

    def including(self, share: Share) -> "ShareStats":
        return ShareStats(self.players + 1, self.parts + share.part)

    def without(self, share: Share) -> "ShareStats":
        return ShareStats(self.players - 1, self.parts - share.part)

    @property
    def average(self) -> float:
        return max(0.0, self.parts / self.players)


@dataclass
class PopulationStats:
    """What is allowed and what is usual, counted over all histories; its size grows with neither players nor entries."""

    maxima: Mapping[Source, int] = field(default_factory=dict)
    caps: Mapping[str, int] = field(default_factory=dict)
    players: int = 0
    busiest_hours: Counter[int] = field(default_factory=Counter)
    at_maximum: dict[Source, ShareStats] = field(default_factory=dict)
    at_cap: dict[str, ShareStats] = field(default_factory=dict)
    issuer_hours: dict[str, Counter[int]] = field(default_factory=dict)

    def learn(self, history: History) -> None:
        """Count one player's history in."""
        self.players += 1
        busiest = max(points for points, _ in count_hours(history.acts).values())
        # Two significant digits are enough to compare with, and keep the number of different ones small.
        self.busiest_hours[int(float(f"{busiest:.1e}"))] += 1
        for source, share in count_at_maximum(history.acts, self.maxima).items():
            self.at_maximum[source] = self.at_maximum.get(source, ShareStats()).including(share)
        for action, share in count_days_at_cap(history.acts, self.caps).items():
            self.at_cap[action] = self.at_cap.get(action, ShareStats()).including(share)
        for act in history.acts:
            if act.issuer:
                self.issuer_hours.setdefault(act.issuer, Counter())[act.at_us // HOUR_US] += 1

    @property
    def usual_busiest_hour(self) -> int:
        """The median of all players' busiest hours, in points."""
        seen = 0
        for points in sorted(self.busiest_hours):
            seen += self.busiest_hours[points]
            if 2 * seen >= self.players:
                return points
        return 0


def count_hours(acts: Iterable[AwardRecord]) -> dict[int, tuple[int, int]]:
    """Add up points and acts of each hour that has any, in order."""
    hours: dict[int, tuple[int, int]] = {}
    for act in acts:
        points, number = hours.get(act.at_us // HOUR_US, (0, 0))
        hours[act.at_us // HOUR_US] = points + act.points, number + 1
    return hours


def count_at_maximum(acts: Iterable[AwardRecord], maxima: Mapping[Source, int]) -> dict[Source, Share]:
    """Count the receipts of each source that carry the most it may grant."""
    total: Counter[Source] = Counter()
    full: Counter[Source] = Counter()
    for act in acts:
        source = act.issuer, act.action
        total[source] += 1
        if act.points == maxima.get(source):
            full[source] += 1
    return {source: Share(full[source], total[source]) for source in total if source in maxima}


def count_days_at_cap(acts: Iterable[AwardRecord], caps: Mapping[str, int]) -> dict[str, Share]:
    """Count, of the days on which an action was done, those on which it was done up to its daily cap."""
    done = Counter((act.action, act.at_us // DAY_US) for act in acts if act.action in caps)
    total = Counter(action for action, _ in done)
    full = Counter(action for (action, _), times in done.items() if times >= caps[action])
    return {action: Share(full[action], total[action]) for action in total}


def read_histories(since_us: int) -> Iterator[History]:
    """Read all players who were awarded something since then, one after the other."""
    awards = AuditEntry.objects.filter(kind=AuditEntry.Kind.AWARD, at_us__gte=since_us).order_by("player", "seq")
    rows = awards.values_list("player", "seq", "at_us", "action", "delta", "ref").iterator(CHUNK)
    for player, own in groupby(rows, itemgetter(0)):
        acts = (
            AwardRecord(seq, at_us, action, delta, references.issuer_of(ref))
            for _, seq, at_us, action, delta, ref in own
        )
        yield History(player, list(deque(acts, MAXIMUM_ACTS)))


def read_refusals(since_us: int) -> Iterator[tuple[str, list[RefusalCount]]]:
    """Read who was refused anything since then, by UUID or address, with the counts; not what is counted for many together."""
    kept = Refusal.objects.filter(minute__gte=to_moment(since_us)).exclude(subject__in=[UNKNOWN, OTHERS])
    rows = kept.order_by("subject", "minute").values_list("subject", "minute", "reason", "count").iterator(CHUNK)
    for subject, own in groupby(rows, itemgetter(0)):
        yield subject, [RefusalCount(*row[1:]) for row in own]


def find_crowded_addresses(since_us: int, players: int) -> dict[str, int]:
    """Find the addresses that at least so many players acted from, with how many did, the most crowded first."""
    visits = _read_visits(since_us).exclude(address=UNKNOWN)
    by_address = visits.values_list("address").annotate(players=Count("player", distinct=True))
    return dict(by_address.filter(players__gte=players).order_by("-players", "address")[:MAXIMUM_ADDRESSES])


def read_clusters(since_us: int, crowded: Mapping[str, int]) -> Iterator[AddressCluster]:
    """Read who acted from these addresses, a cluster for each agent."""
    inside = _read_visits(since_us).filter(address__in=crowded).values_list("address", "agent", "player")
    rows = inside.annotate(newest=Max("seq")).order_by("address", "agent").iterator(CHUNK)
    for (address, agent), own in groupby(rows, itemgetter(0, 1)):
        yield AddressCluster(address, agent or "", crowded[address], {player: newest for _, _, player, newest in own})


def read_visits(
    since_us: int, address: str, agents: Collection[str], players: Collection[UUID], number: int
) -> list[tuple[UUID, int]]:
    """Read (player, seq) of what these players did from this address with one of these agents since then, the newest so many."""
    visits = _read_visits(since_us).filter(address=address, player__in=players)
    with_agents = visits.alias(said=Coalesce("agent", Value(""), output_field=TextField())).filter(said__in=agents)
    return list(with_agents.order_by("-at_us").values_list("player", "seq")[:number])


def _read_visits(since_us: int) -> Any:
    """Awards since then with address and agent; as plain text, as a key of JSON would take the addresses for JSON too."""
    awards = AuditEntry.objects.filter(kind=AuditEntry.Kind.AWARD, at_us__gte=since_us, context__isnull=False)
    return awards.annotate(**{key: Cast(KT(f"context__{key}"), TextField()) for key in ("address", "agent")})


def read_receipts(issuer: str, hour: int, number: int) -> list[tuple[str, int]]:
    """Read (player, seq) of an issuer's newest receipts in this hour since 1970."""
    awards = AuditEntry.objects.filter(
        references.of_issuer(issuer), at_us__gte=hour * HOUR_US, at_us__lt=(hour + 1) * HOUR_US
    )
    return [(str(player), seq) for player, seq in awards.order_by("-at_us").values_list("player", "seq")[:number]]


def read_around(player: UUID | None, moment: datetime, number: int) -> list[tuple[str, int]]:
    """Read (player, seq) of the player's newest awards within an hour of `moment`; none where no player is known."""
    if player is None:
        return []
    around = (to_us(moment) - HOUR_US, to_us(moment) + HOUR_US)
    awards = AuditEntry.objects.filter(player=player, kind=AuditEntry.Kind.AWARD, at_us__range=around).order_by("-seq")
    return [(str(player), seq) for seq in awards.values_list("seq", flat=True)[:number]]


def read_population(since_us: int) -> PopulationStats:
    """Read what is allowed now, and what has been usual since then.

    Raises OSError or ValueError when RECEIPT_ISSUERS_FILE cannot be read.
    """
    path = settings.RECEIPT_ISSUERS_FILE
    issuers = parse_issuers(Path(path).read_bytes()) if path else {}
    maxima = {(issuer.name, slug): most for issuer in issuers.values() for slug, most in issuer.actions.items()}
    # Everybody can use up a cap of one.
    caps = dict(Action.objects.filter(daily_cap__gt=1).values_list("slug", "daily_cap"))
    population = PopulationStats(maxima, caps)
    for history in read_histories(since_us):
        population.learn(history)
    return population
