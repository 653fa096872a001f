"""Histories made up from pauses: as the rules of suspicion get them, and as they stand in the log."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from audit.models import AuditEntry
from audit.times import DAY_US, SECOND_US, to_us
from scores.investigation.history import AwardRecord, History, PopulationStats

BEGIN = to_us(datetime(2026, 11, 16, tzinfo=UTC))
GUILTY = UUID(int=1)
ISSUER = "quiz-backend"


def make_history(
    pauses: Iterable[float],
    *,
    player: UUID = GUILTY,
    points: int = 10,
    action: str = "daily-quiz",
    issuer: str = ISSUER,
    begin: int = BEGIN,
) -> History:
    """Acts with these pauses before each, in seconds."""
    acts: list[AwardRecord] = []
    at_us = begin
    for seq, pause in enumerate(pauses, start=1):
        at_us += round(pause * SECOND_US)
        acts.append(AwardRecord(seq, at_us, action, points, issuer))
    return History(player, acts)


def join(*histories: History) -> History:
    """One player's history of all of these, numbered through."""
    acts = sorted((act for history in histories for act in history.acts), key=lambda act: act.at_us)
    return History(histories[0].player, [act._replace(seq=seq) for seq, act in enumerate(acts, start=1)])


def make_population(
    *histories: History, maxima: dict[tuple[str, str], int] | None = None, caps: dict[str, int] | None = None
) -> PopulationStats:
    population = PopulationStats(maxima or {}, caps or {})
    for history in histories:
        population.learn(history)
    return population


def make_crowd_of_honest(number: int = 20, points: int = 10) -> list[History]:
    """Each does ten acts in an hour, with the pauses of people."""
    return [
        make_history(human_pauses(10, 60, seed), player=UUID(int=1000 + seed), points=points) for seed in range(number)
    ]


def human_pauses(number: int, median: float, seed: int) -> list[float]:
    random = Random(seed)
    return [median * random.lognormvariate(0, 0.8) for _ in range(number)]


def days_of(history: History, number: int) -> History:
    """The same again on so many days."""
    copies = [
        History(history.player, [act._replace(at_us=act.at_us + day * DAY_US) for act in history.acts])
        for day in range(number)
    ]
    return join(*copies)


def seqs(entries: Sequence[tuple[str, int]]) -> list[int]:
    return [seq for _, seq in entries]


def play(
    player: UUID,
    pauses: list[float],
    *,
    seq: int = 0,
    address: str = "192.0.2.1",
    issuer: str = "",
    ago: timedelta = timedelta(minutes=1),
) -> None:
    """Entries as if the player had acted with these pauses until some time ago; unsealed, as nobody verifies them here."""
    end_us = to_us(datetime.now(UTC) - ago)
    entries = []
    for number, at_us in enumerate(reversed([end_us - round(sum(pauses[:n]) * SECOND_US) for n in range(len(pauses))])):
        key = uuid4().hex
        entry = AuditEntry(
            player=player, seq=seq + number + 1, kid="test", kind="award", delta=10, balance=10 * (seq + number + 1),
            action="daily-quiz", ref=f"r:{issuer}:{key}" if issuer else f"k:{player}:{key}", actor=str(player), at_us=at_us,
            detail="", mac=key, context={"address": address, "agent": "test", "request": key},
        )  # fmt: skip
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries)
