"""Boards and seasons: made, ended, switched off. The only writer of them; each change is an entry of the system chain."""

from datetime import UTC, datetime
from typing import NotRequired, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from audit import clock
from audit.times import SECOND_US, to_us
from scores.board_models import MAIN, Board, Period
from scores.counting import periods, plans, spans
from scores.counting.rules import EVERYTHING, matches
from scores.errors import InvalidBody, TooManyBoards, UnknownBoard, UnknownPeriod
from scores.storable import is_storable
from scores.system_chain import append_system_entry, refusing_untrusted_data

#: Prefix of `action` where a board was made or changed; its slug follows.
BOARD = "board:"
MAXIMUM_PATTERNS = 10
MAXIMUM_BOARDS = 50
#: The main board is one of them.
MAXIMUM_BOARDS_OF_AN_ACTION = 8
BUILT_IN = "The main board is built in and stays as it is."
#: A season ends at least so much later, so that every process knows before it does.
NOTICE_US = 60 * SECOND_US
LAST_US = to_us(datetime(spans.LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC))


class BoardTerms(TypedDict):
    """What a board promises; what is left out gets the default of its column."""

    slug: str
    label: str
    counts: str
    rule: str
    span: str
    zone: NotRequired[str]
    ascending: NotRequired[bool]


@transaction.atomic
def make_board(*, actor: str, reason: str = "", from_log: bool = False, **terms: Unpack[BoardTerms]) -> Board:
    """Make a board that counts from now on; with `from_log` it has all the past, once `filling.fill` has read that.

    The same again gives the board there is, which goes on filling. Raises InvalidBody when terms contradict each other or
    another board has the slug, TooManyBoards, Unavailable when the system chain or the board's seal cannot be trusted.
    """
    board = Board(filling=from_log, **terms)
    _check(board, reason)
    plans.lock_boards()
    plans.read_version()
    before = Board.objects.filter(slug=board.slug).first()
    if before is not None:
        return _check_same(before, board)
    _check_room(board)
    board.since_us = 0 if from_log else clock.read_us()
    _write(board, actor=actor, reason=reason)
    if board.span != Board.Span.SEASON:
        periods.ensure_period(board, clock.read_us())
    plans.raise_version()
    return board


def check_board(**terms: Unpack[BoardTerms]) -> Board:
    """Say what would be made, and make nothing.

    Raises what `make_board` raises, and InvalidBody when there is a board of this slug already.
    """
    board = Board(**terms)
    _check(board, "")
    if Board.objects.filter(slug=board.slug).exists():
        raise _refuse("slug", f"There is a board {board.slug!r} already.")
    _check_room(board)
    return board


@transaction.atomic
def change_board(
    *, slug: str, actor: str, reason: str = "", label: str | None = None, enabled: bool | None = None
) -> Board:
    """Call a board something else, or switch it off or on; the same as it is changes nothing.

    One that is switched on again is `filling` until `filling.fill` has read what came meanwhile. Raises UnknownBoard, InvalidBody
    when the label is not fit or it is the main board, TooManyBoards, Unavailable as `make_board`.
    """
    plans.lock_boards()
    board = Board.objects.filter(slug=slug).first() if is_storable(slug) else None
    if board is None:
        raise UnknownBoard
    if board.slug == MAIN:
        raise _refuse("slug", BUILT_IN)
    _check_seal(board)
    terms = (board.label, board.enabled)
    board.label = board.label if label is None else label
    board.enabled = board.enabled if enabled is None else enabled
    if terms == (board.label, board.enabled):
        return board
    _check(board, reason)
    if board.enabled and not terms[1]:
        _check_room(board)
        board.filling = True
    _write(board, actor=actor, reason=reason)
    plans.raise_version()
    return board


@transaction.atomic
def make_season(*, board: str, name: str, starts_us: int, ends_us: int | None, actor: str, reason: str = "") -> Period:
    """Make a season, in microseconds since 1970; without an end it goes on until `end_season`.

    Raises UnknownBoard, InvalidBody when the board has no seasons, the name is not fit or taken, or the season lies in the past,
    ends before it starts or overlaps another; Unavailable as `make_board`.
    """
    _check_reason(reason)
    plans.lock_boards()
    found = _find_seasonal(board)
    season = Period(board=found, name=name, starts_us=starts_us, ends_us=ends_us)
    _check_season(season)
    periods.write_period(season, actor=actor, reason=reason)
    plans.raise_version()
    return season


@transaction.atomic
def end_season(*, board: str, name: str, ends_us: int | None = None, actor: str, reason: str = "") -> Period:
    """Set when a season ends that has not ended, in microseconds since 1970; as soon as may be where no time is given.

    Raises UnknownBoard, UnknownPeriod, InvalidBody when it has ended, when the end is less than 60 s ahead, not after its start, or
    within another season; Unavailable as `make_board`.
    """
    _check_reason(reason)
    plans.lock_boards()
    found = _find_seasonal(board)
    season = Period.objects.filter(board=found, name=name).first() if is_storable(name) else None
    if season is None:
        raise UnknownPeriod
    now_us = clock.read_us()
    if season.ends_us is not None and season.ends_us <= now_us:
        raise _refuse("name", "This season has ended.")
    season.ends_us = now_us + NOTICE_US if ends_us is None else ends_us
    if season.ends_us < now_us + NOTICE_US:
        raise _refuse("ends", "A season ends at least 60 seconds from now.")
    _check_place(season)
    periods.write_period(season, actor=actor, reason=reason)
    plans.raise_version()
    return season


def describe_terms(board: Board) -> str:
    """Write a board's terms as the log keeps them."""
    return " ".join(f"{name}={getattr(board, name)!r}" for name in sorted(Board.TERMS))


def _write(board: Board, *, actor: str, reason: str) -> None:
    context = {"after": describe_terms(board), **({"reason": reason} if reason else {})}
    board.change = append_system_entry(action=f"{BOARD}{board.slug}", actor=actor, context=context).seq
    board.save()


def _refuse(field: str, detail: str) -> InvalidBody:
    return InvalidBody(detail, errors=[{"field": field, "detail": detail}])


def _check_reason(reason: str) -> None:
    if not is_storable(reason):
        raise _refuse("reason", "A reason is text, without U+0000 and in UTF-8.")


def _check(board: Board, reason: str) -> None:
    _check_reason(reason)
    if not all(map(is_storable, (board.slug, board.label, board.counts, board.zone))):
        raise _refuse("label", "Slug, label, patterns and zone are text, without U+0000 and in UTF-8.")
    try:
        board.full_clean(validate_unique=False, validate_constraints=False, exclude=["seal"])
    except ValidationError as error:
        errors = [{"field": field, "detail": " ".join(found)} for field, found in error.message_dict.items()]
        raise InvalidBody(errors[0]["detail"], errors=errors) from None
    if board.slug == MAIN:
        raise _refuse("slug", BUILT_IN)
    if board.ascending and board.rule not in {Board.Rule.BEST, Board.Rule.LATEST}:
        raise _refuse(
            "ascending",
            "Only the best or the latest can be ascending: with sums and counts, who does nothing would lead.",
        )
    if not spans.is_zone(board.zone):
        raise _refuse("zone", f"There is no time zone {board.zone!r}. Take a name such as Europe/Berlin.")
    patterns = board.counts.split(",")
    if len(patterns) > MAXIMUM_PATTERNS or len(set(patterns)) < len(patterns):
        raise _refuse("counts", f"Up to {MAXIMUM_PATTERNS} different patterns, with commas between them.")
    if not all(map(_is_pattern, patterns)):
        raise _refuse("counts", "A pattern is *, the slug of an action, or the begin of slugs followed by *.")


def _is_pattern(pattern: str) -> bool:
    stem = pattern.removesuffix("*")
    is_of_slugs = all(character.isascii() and (character.isalnum() or character in "-_") for character in stem)
    return pattern == EVERYTHING or (bool(stem) and len(stem) <= 64 and is_of_slugs)


def _check_same(before: Board, board: Board) -> Board:
    _check_seal(before)
    promised = [name for name in Board.TERMS if name not in {"enabled", "since_us"}]
    if [getattr(before, name) for name in promised] != [getattr(board, name) for name in promised]:
        raise _refuse(
            "slug",
            f"There is a board {board.slug!r} with other terms. Another rule is another board: take another slug.",
        )
    if board.filling and before.since_us:
        raise _refuse(
            "slug",
            f"There is a board {board.slug!r} that counts from when it was made on. Take another slug for one with a past.",
        )
    return before


def _check_seal(board: Board) -> None:
    with refusing_untrusted_data():
        plans.check_seal(board)


def _check_room(board: Board) -> None:
    """Raises TooManyBoards. What could count most is the slug that a pattern ends in."""
    others = list(Board.objects.filter(enabled=True).exclude(slug=board.slug))
    if len(others) + 1 > MAXIMUM_BOARDS:
        raise TooManyBoards(f"There are {MAXIMUM_BOARDS} boards already; switch one off first.")
    counts = [other.counts.split(",") for other in (*others, board)]
    for stem in {pattern.removesuffix("*") for patterns in counts for pattern in patterns}:
        found = [any(matches(pattern, stem) for pattern in patterns) for patterns in counts]
        if found[-1] and sum(found) > MAXIMUM_BOARDS_OF_AN_ACTION:
            raise TooManyBoards(
                f"An action counts on at most {MAXIMUM_BOARDS_OF_AN_ACTION} boards, and {stem or 'any'!r} would on {sum(found)}."
            )


def _find_seasonal(slug: str) -> Board:
    board = Board.objects.filter(slug=slug, enabled=True).first() if is_storable(slug) else None
    if board is None:
        raise UnknownBoard
    if board.span != Board.Span.SEASON:
        raise _refuse("board", f"The periods of {slug!r} are of the calendar: it has no seasons.")
    _check_seal(board)
    return board


def _check_season(season: Period) -> None:
    if not (0 < len(season.name) <= 48 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in season.name)):
        raise _refuse("name", "The name of a season is 1 to 48 of a-z, 0-9 and -.")
    if season.name in {"current", "previous", "periods"}:
        raise _refuse("name", "current, previous and periods mean something else in addresses.")
    if Period.objects.filter(board=season.board, name=season.name).exists():
        raise _refuse("name", f"There is a season {season.name!r} already.")
    if season.starts_us < clock.read_us():
        raise _refuse("starts", "A season starts in the future: what counted already stays where it counted.")
    _check_place(season)


def _check_place(season: Period) -> None:
    if season.ends_us is not None and season.ends_us <= season.starts_us:
        raise _refuse("ends", "A season ends after it starts.")
    if max(season.starts_us, season.ends_us or 0) > LAST_US:
        raise _refuse("ends", f"A season lies in the years to {spans.LAST_YEAR}.")
    others = Period.objects.filter(board=season.board).exclude(name=season.name)
    overlapping = others.filter(Q(ends_us__isnull=True) | Q(ends_us__gt=season.starts_us))
    if season.ends_us is not None:
        overlapping = overlapping.filter(starts_us__lt=season.ends_us)
    if (other := overlapping.first()) is not None:
        raise _refuse("starts", f"The season {other.name!r} is at that time.")
