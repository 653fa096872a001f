"""One look at all that is watched: the top 10 as the page has it, and the tops of boards, those together in one read."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from audit.times import SECOND_US, to_moment
from scores.board import lookup
from scores.board.channel import News
from scores.board.documents import write_as_of
from scores.board.leaderboard import Key, Top, read_tops
from scores.board.lookup import CLOSING, CLOSING_US, OPEN, SLUG, PeriodView
from scores.board.standings import REUSE_SECONDS, read_snapshot
from scores.errors import BoardFilling, Refused, UnknownBoard, UnknownPeriod

#: A board by its slug and the name of a period, or `current`; None is what `/ws/scoreboard` shows.
Watched = Key | None


@dataclass(slots=True)
class Look:
    """What was found of what is watched, or why there is nothing to show; what could not be read is in neither.

    `is_current` is whether all of it is of this moment, nothing kept from before. `changes_at` is when the next of the periods begins
    to close or is closed, on the clock of `time.monotonic`, in seconds, but reckoned from the log's: the host's may be wrong.
    """

    news: dict[Watched, News] = field(default_factory=dict)
    refused: dict[Watched, Refused] = field(default_factory=dict)
    is_current: bool = True
    changes_at: float | None = None


def look_at(watched: Collection[Watched], look: Look) -> None:
    """Find what is to be told of what is watched.

    Raises what the database raises; what was found before that is in the look.
    """
    if None in watched:
        _look_at_scoreboard(look)
    keys = [key for key in watched if key is not None]
    if keys:
        _look_at_boards(look, keys)


def _look_at_scoreboard(look: Look) -> None:
    began = time.monotonic()
    snapshot = read_snapshot()
    # One from before is what there is while the database is away.
    look.is_current = began - snapshot.read_at <= REUSE_SECONDS
    look.news[None] = News(snapshot.etag, snapshot.as_of, snapshot.frame)


def _look_at_boards(look: Look, keys: Collection[Key]) -> None:
    tops = read_tops([key for key in keys if SLUG.fullmatch(key[0])])
    now = time.monotonic()
    for key, top in tops.items():
        look.news[key] = _tell(top)
    changes = [seconds for top in tops.values() if (seconds := _seconds_to_change(top.period)) is not None]
    look.changes_at = now + min(changes) if changes else None
    missing = [key for key in keys if key not in tops]
    if missing:
        look.refused.update(_find_refusals(missing))
        # One that came between both reads is neither.
        look.is_current = look.is_current and len(look.refused) == len(missing)


def _tell(top: Top) -> News:
    as_of = write_as_of(to_moment(top.period.at_us))
    return News(top.etag, as_of, f'{{"event":"scoreboardUpdate","data":{top.body}}}')


def _seconds_to_change(period: PeriodView) -> float | None:
    """Seconds from the reading of a period until its state is another one; None where it stays for ever."""
    if period.ends_us is None or period.state not in {OPEN, CLOSING}:
        return None
    changes_us = period.ends_us if period.state == OPEN else period.ends_us + CLOSING_US
    return (changes_us - period.at_us) / SECOND_US


def _find_refusals(missing: Collection[Key]) -> dict[Watched, Refused]:
    """Find why there is nothing to show, in two statements however many there are."""
    slugs = {slug for slug, _ in missing if SLUG.fullmatch(slug)}
    boards = {board.slug: (board, now_us) for board, now_us in lookup.read_boards(slugs)}
    ready = [(boards[slug][0], name) for slug, name in missing if slug in boards and not boards[slug][0].filling]
    periods = lookup.find_periods(ready, max(now_us for _, now_us in boards.values())) if ready else {}
    refused: dict[Watched, Refused] = {}
    for key in missing:
        if key[0] not in boards:
            refused[key] = UnknownBoard()
        elif boards[key[0]][0].filling:
            refused[key] = BoardFilling()
        elif key not in periods:
            refused[key] = UnknownPeriod()
    return refused
