"""A round of detection: every rule over everybody's recent history, and a flag for what is suspicious and not yet known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from audit.times import HOUR_US, to_moment, to_us
from audit.verification import consistent_read
from scores.investigation import detection, history
from scores.investigation.detection import PLAYER_RULES, Suspicion, Thresholds
from scores.investigation.flags import open_flags
from scores.investigation.history import PopulationStats
from scores.investigation.runs import MAXIMUM_ENTRIES, merge
from scores.models import Flag

WINDOW = timedelta(days=7)
#: What is held in memory until it is written; the next round finds what a round had no room for.
MAXIMUM_OPENED = 1000
#: How many flags are read with their entries at once.
FLAG_CHUNK = 100

Key = tuple[str, str]


@dataclass
class Known:
    """What need not be found again: open flags, and until when others were reviewed."""

    open: set[Key] = field(default_factory=set)
    reviewed_us: dict[Key, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """One look at everybody: how many players, and the flags it opened."""

    players: int
    opened: Sequence[Flag]


def detect(*, window: timedelta = WINDOW, thresholds: Thresholds = Thresholds()) -> Round:  # noqa: B008 - frozen
    """Look at everybody's history within the window, as of one moment, and open a flag for what is suspicious and not yet known.

    Raises OSError or ValueError when RECEIPT_ISSUERS_FILE cannot be read.
    """
    found: dict[Key, Suspicion] = {}
    with consistent_read():
        since_us = to_us(datetime.now(UTC) - window)
        known = _read_known(since_us)
        population = history.read_population(since_us)
        for suspicion in _find_all(since_us, known, population, thresholds):
            found.setdefault((suspicion.rule, suspicion.subject), suspicion)
            if len(found) == MAXIMUM_OPENED:
                break
    return Round(population.players, open_flags(found.values()))


def _read_known(since_us: int) -> Known:
    """Read open flags, and reviews since an hour before the window: some rules take its first hour whole, older reviews bind nothing."""
    binding = Q(state=Flag.State.OPEN) | Q(reviewed_at__gte=to_moment(since_us - HOUR_US))
    known = Known()
    for rule, subject, reviewed_at in Flag.objects.filter(binding).values_list("rule", "subject", "reviewed_at"):
        if reviewed_at is None:
            known.open.add((rule, subject))
        else:
            known.reviewed_us[rule, subject] = max(known.reviewed_us.get((rule, subject), 0), to_us(reviewed_at))
    return known


def _read_reviewed_players(addresses: Iterable[str]) -> dict[str, set[str]]:
    """By address, who was looked at in a review of it; however long ago, as a school stays one."""
    reviewed = Flag.objects.filter(rule=Flag.Rule.SHARED_ADDRESS, subject__in=addresses, reviewed_at__isnull=False)
    players: dict[str, set[str]] = {}
    for address, entries in reviewed.values_list("subject", "entries").iterator(FLAG_CHUNK):
        players.setdefault(address, set()).update(player for player, _ in entries)
    return players


def _find_all(since_us: int, known: Known, population: PopulationStats, thresholds: Thresholds) -> Iterator[Suspicion]:
    yield from _find_in_histories(since_us, known, population, thresholds)
    for subject, refused in history.read_refusals(since_us):
        key: Key = Flag.Rule.REFUSALS, subject
        if key in known.open:
            continue
        fresh = [item for item in refused if to_us(item.minute) > known.reviewed_us.get(key, 0)]
        burst = detection.find_refusals(subject, fresh, thresholds)
        if burst is not None:
            begin, suspicion = burst
            yield _about(suspicion, history.read_around(suspicion.player, begin, MAXIMUM_ENTRIES))
    crowded = history.find_crowded_addresses(since_us, thresholds.address_players)
    reviewed_players = _read_reviewed_players(crowded)
    for cluster in history.read_clusters(since_us, crowded):
        key = Flag.Rule.SHARED_ADDRESS, cluster.address
        shared = detection.find_shared_address(
            cluster, reviewed_players.get(cluster.address, ()), population, thresholds
        )
        if key not in known.open and shared is not None:
            yield shared
    for issuer in population.issuer_hours:
        key = Flag.Rule.ISSUER_VOLUME, issuer
        busy = detection.find_busy_hour(issuer, known.reviewed_us.get(key, 0), population, thresholds)
        if key not in known.open and busy is not None:
            hour, suspicion = busy
            yield _about(suspicion, history.read_receipts(issuer, hour, MAXIMUM_ENTRIES))


def _about(suspicion: Suspicion, acts: Sequence[tuple[str, int]]) -> Suspicion:
    """The suspicion, about these acts of whichever players; it rests on the first of them."""
    runs = merge((UUID(player), seq) for player, seq in acts)
    return suspicion._replace(entries=acts[: detection.MAXIMUM_LINKED], acts=runs)


def _find_in_histories(
    since_us: int, known: Known, population: PopulationStats, thresholds: Thresholds
) -> Iterator[Suspicion]:
    for played in history.read_histories(since_us):
        for rule, find in PLAYER_RULES:
            key = rule, str(played.player)
            if key in known.open:
                continue
            suspicion = find(replace(played, reviewed_us=known.reviewed_us.get(key, 0)), population, thresholds)
            if suspicion is not None:
                yield suspicion
