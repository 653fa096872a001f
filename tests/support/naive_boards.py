"""What boards are to show, counted by hand: each period by itself, each time from the whole history. Shares no code with the product.

Also random histories to count, with the entries that the services would write.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import tzdata
from hypothesis import strategies as st

PLAYER = UUID(int=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR
#: A Saturday evening, before the night in which Europe's clocks go back; the last week of a month begins two days later.
BEGIN = (datetime(2026, 10, 24, 21, 30, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
#: How much later the next act is: at once, a microsecond before and after what hours begin with, and across every kind of period.
PAUSES = (0, 1, HOUR // 2 - 1, HOUR // 2, HOUR // 2 + 1, HOUR, 11 * HOUR, DAY, 7 * DAY, 30 * DAY)
ACTIONS = ("lap", "lap-fast", "quiz")
KINDS = ("award", "award", "award", "adjust", "import", "void", "void", "restore", "freeze", "rename")
GAINS = {"award", "adjust", "import"}


class Act(NamedTuple):
    """What somebody does next: `which` chooses among what can be reversed, `value` is taken along where the action takes one."""

    kind: str
    points: int
    value: int | None
    action: str
    pause: int
    which: int


class Entry(NamedTuple):
    """An entry of a player's chain, as far as boards go by it."""

    player: UUID
    seq: int
    kind: str
    delta: int
    balance: int
    value: int | None
    action: str
    ref: str | None
    at_us: int


class Place(NamedTuple):
    """Points as they are sorted, the time since when, and the entry that made them."""

    points: int
    reached_us: int
    seq: int


class Season(NamedTuple):
    name: str
    starts_us: int
    ends_us: int | None


def acts(most: int = 14) -> st.SearchStrategy[list[Act]]:
    """Few different points and values, so that many are equal."""
    act = st.tuples(
        st.sampled_from(KINDS),
        st.integers(1, 6),
        st.one_of(st.none(), st.integers(-3, 6)),
        st.sampled_from(ACTIONS),
        st.sampled_from(PAUSES),
        st.integers(0, 5),
    )
    return st.lists(act.map(Act._make), min_size=1, max_size=most)


def write_history(acts: Iterable[Act], player: UUID = PLAYER, begin_us: int = BEGIN) -> list[Entry]:
    """The entries that come of these acts; what the services would refuse comes to none."""
    history = History(player, begin_us)
    for act in acts:
        history.take(act)
    return history.entries


class History:
    def __init__(self, player: UUID, begin_us: int) -> None:
        self.entries: list[Entry] = []
        self._player, self._at_us = player, begin_us
        self.frozen = False

    def take(self, act: Act) -> None:
        self._at_us += act.pause
        if act.kind in {"void", "restore"}:
            kinds = GAINS if act.kind == "void" else {"void"}
            target = self.choose(kinds, act.which)
            if target is not None:
                self._write(act.kind, -target.delta, action=target.action, ref=f"v:{self._player}:{target.seq}")
        elif act.kind == "freeze":
            self._write("unfreeze" if self.frozen else "freeze")
            self.frozen = not self.frozen
        elif act.kind == "rename":
            self._write("rename")
        elif act.kind == "adjust":
            points = act.points if act.which % 2 else -act.points
            self._write("adjust", points, action="" if act.which < 2 else act.action)
        elif act.kind == "import":
            if not self.frozen:
                self._write("import", act.points if act.which else 0, ref=f"i:{'0' * 64}:{len(self.entries) + 2}")
        elif not self.frozen:
            self._write("award", act.points, value=act.value, action=act.action)

    def choose(self, kinds: set[str], which: int) -> Entry | None:
        """One of these kinds that nothing reversed yet."""
        reversed_ = {entry.ref for entry in self.entries}
        free = [e for e in self.entries if e.kind in kinds and f"v:{self._player}:{e.seq}" not in reversed_]
        return free[which % len(free)] if free else None

    def _write(
        self, kind: str, delta: int = 0, *, value: int | None = None, action: str = "", ref: str | None = None
    ) -> None:
        balance = self.entries[-1].balance if self.entries else 0
        delta = max(delta, -balance)
        seq = len(self.entries) + 1
        self.entries.append(Entry(self._player, seq, kind, delta, balance + delta, value, action, ref, self._at_us))


def count_main(entries: Sequence[Any]) -> Place | None:
    """Where the player stands on the main board; None without entries."""
    if not entries:
        return None
    made = ([entry for entry in entries if entry.delta] or [entries[0]])[-1]
    return Place(sum(entry.delta for entry in entries), made.at_us, made.seq)


def is_frozen(entries: Sequence[Any]) -> bool:
    return bool([False, *(entry.kind == "freeze" for entry in entries if entry.kind in {"freeze", "unfreeze"})][-1])


def count(entries: Sequence[Any], board: Any, seasons: Iterable[Season] = ()) -> dict[str, Place]:
    """Where the player stands on a board, by the name of the period."""
    seasons = list(seasons)
    counted: dict[str, list[Any]] = {}
    for entry in entries:
        if entry.kind == "import" and board.span != "all":
            continue
        if entry.kind in GAINS and entry.at_us >= board.since_us and _counts(board.counts, entry.action):
            name = name_period(board, entry.at_us, seasons)
            if name is not None:
                counted.setdefault(name, []).append(entry)
    places = {name: _count_period(entries, board, gains) for name, gains in counted.items()}
    return {name: place for name, place in places.items() if place is not None}


def name_period(board: Any, at_us: int, seasons: Iterable[Season] = ()) -> str | None:
    """What the period is called on the wall of who lives in the board's zone."""
    if board.span == "all":
        return "all"
    if board.span == "season":
        names = [s.name for s in seasons if s.starts_us <= at_us and (s.ends_us is None or at_us < s.ends_us)]
        return names[0] if names else None
    day = (EPOCH + timedelta(microseconds=at_us)).astimezone(_open_zone(board.zone)).date()
    week = day.isocalendar()
    names_of_spans = {
        "day": f"{day:%Y-%m-%d}",
        "week": f"{week.year}-W{week.week:02}",
        "month": f"{day:%Y-%m}",
        "year": f"{day:%Y}",
    }
    return names_of_spans[board.span]


@cache
def _open_zone(name: str) -> ZoneInfo:
    """The pinned one: the system's may be of another year."""
    with files(tzdata).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file)


def _counts(patterns: str, action: str) -> bool:
    for pattern in patterns.split(","):
        if pattern in {"*", action}:
            return True
        if action and pattern[-1] == "*" and action[: len(pattern) - 1] == pattern[:-1]:
            return True
    return False


def _count_period(entries: Sequence[Any], board: Any, gains: list[Any]) -> Place | None:
    changes = [(entry, gain) for entry in entries for gain in gains if _find_gain(entries, entry) is gain]
    if board.rule == "sum":
        made = ([entry for entry, _ in changes if entry.delta] or [changes[0][0]])[-1]
        return Place(sum(entry.delta for entry, _ in changes), made.at_us, made.seq)
    if board.rule == "count":
        made = changes[-1][0]
        return Place(sum(-1 if entry.kind == "void" else 1 for entry, _ in changes), made.at_us, made.seq)
    last = {gain.seq: entry.kind for entry, gain in changes}
    standing = [gain for gain in gains if last[gain.seq] != "void"]
    if not standing:
        return None
    values = [(gain.delta if gain.value is None else gain.value) * (-1 if board.ascending else 1) for gain in standing]
    place = len(values) - 1 if board.rule == "latest" else values.index(max(values))
    return Place(values[place], standing[place].at_us, standing[place].seq)


def _find_gain(entries: Sequence[Any], entry: Any) -> Any:
    """What gained the points that this entry is about: itself, or what it reverses, or what that does."""
    while entry.kind in {"void", "restore"}:
        entry = entries[int(entry.ref.split(":")[2]) - 1]
    return entry if entry.kind in GAINS else None


def all_boards(make: Callable[..., Any]) -> Iterator[Any]:
    """Boards of every rule, order and span, of several patterns, zones and beginnings."""
    orders = [("sum", False), ("count", False), ("best", False), ("best", True), ("latest", False), ("latest", True)]
    spans = ("all", "day", "week", "month", "year", "season")
    patterns = ("*", "lap", "lap*", "quiz,lap-*")
    zones = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "Pacific/Apia")
    number = 0
    for rule, ascending in orders:
        for span in spans:
            number += 1
            yield make(
                slug=f"{rule}-{'up-' if ascending else ''}{span}",
                counts=patterns[(number + number // 6) % 4],
                rule=rule,
                ascending=ascending,
                span=span,
                zone=zones[number % 5],
                since_us=BEGIN + 12 * HOUR if number % 7 == 0 else 0,
                pk=number,
            )
