"""Boards are made by one door: what contradicts itself is refused whole, and a board never becomes another."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from audit.times import to_us
from scores.counting import definitions
from scores.counting.definitions import change_board
from scores.errors import InvalidBody, Refused, TooManyBoards, Unavailable, UnknownBoard
from scores.models import Board, Period
from tests.support.definitions import TERMS, define, read_definitions

REASON = "a longer evening"


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """All of these are about rows."""


def refuse(**terms: Any) -> tuple[str, str]:
    """Field and detail of the refusal of a board, which leaves everything as it was."""
    before = read_definitions()
    with pytest.raises(InvalidBody) as caught:
        define(**terms)
    assert read_definitions() == before
    [error] = caught.value.errors
    assert error["detail"] == caught.value.explanation
    return error["field"], error["detail"]


def refuse_change(**change: Any) -> Refused:
    """The refusal of a change of a board, which leaves everything as it was."""
    before = read_definitions()
    with pytest.raises(Refused) as caught:
        change_board(**({"slug": "today", "actor": "system"} | change))
    assert read_definitions() == before
    return caught.value


def read_system_chain() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(player=SYSTEM_CHAIN).order_by("seq")
    return [(entry.kind, entry.action, entry.actor) for entry in entries]


def test_a_board_is_made_with_its_period_and_both_are_in_the_log() -> None:
    board = definitions.make_board(actor="system", reason="the season starts", **TERMS)
    assert (board.slug, board.label, board.counts, board.rule, board.ascending) == ("today", "Today", "*", "sum", False)
    assert (board.span, board.zone, board.enabled, board.filling, board.change) == ("day", "UTC", True, False, 1)
    [period] = board.periods.all()
    assert period.starts_us <= board.since_us < period.starts_us + 86_400_000_000 == period.ends_us
    assert read_system_chain() == [("config", "board:today", "system"), ("config", "period:today", "system")]
    made = AuditEntry.objects.get(player=SYSTEM_CHAIN, seq=1)
    assert isinstance(made.context, dict)
    assert made.context["reason"] == "the season starts"
    assert made.context["after"] == (
        f"ascending=False counts='*' enabled=True label='Today' rule='sum' since_us={board.since_us} slug='today' "
        "span='day' zone='UTC'"
    )
    assert Board.objects.get(slug="today").is_sealed


def test_a_board_with_a_past_counts_all_there_is_and_is_yet_to_be_filled() -> None:
    board = define(from_log=True)
    assert (board.since_us, board.filling) == (0, True)


def test_the_same_again_is_the_same_board_and_no_entry() -> None:
    board = define(from_log=True)
    before = read_definitions()
    assert define(from_log=True) == define() == board
    assert read_definitions() == before


@pytest.mark.parametrize(
    "change",
    [
        {"label": "The day"},
        {"counts": "daily-quiz"},
        {"rule": "count"},
        {"rule": "best", "ascending": True},
        {"span": "week"},
        {"zone": "Europe/Berlin"},
    ],
)
def test_other_terms_under_the_same_slug_are_another_board(change: dict[str, Any]) -> None:
    define()
    field, detail = refuse(**change)
    assert field == "slug"
    assert detail == "There is a board 'today' with other terms. Another rule is another board: take another slug."


def test_a_board_that_counts_from_now_on_gets_no_past_later() -> None:
    define()
    assert refuse(from_log=True) == (
        "slug",
        "There is a board 'today' that counts from when it was made on. Take another slug for one with a past.",
    )


NOT_ASCENDING = "Only the best or the latest can be ascending: with sums and counts, who does nothing would lead."
NOT_TEXT = "Slug, label, patterns and zone are text, without U+0000 and in UTF-8."
NO_PATTERN = "A pattern is *, the slug of an action, or the begin of slugs followed by *."
PATTERNS = "Up to 10 different patterns, with commas between them."


@pytest.mark.parametrize(
    ("change", "field", "detail"),
    [
        ({"ascending": True}, "ascending", NOT_ASCENDING),
        ({"ascending": True, "rule": "count"}, "ascending", NOT_ASCENDING),
        ({"rule": "average"}, "rule", "Value 'average' is not a valid choice."),
        ({"rule": ""}, "rule", "This field cannot be blank."),
        ({"span": "hour"}, "span", "Value 'hour' is not a valid choice."),
        ({"slug": ""}, "slug", "This field cannot be blank."),
        ({"slug": "Today"}, "slug", "Enter a valid value."),
        ({"slug": "to_day"}, "slug", "Enter a valid value."),
        ({"slug": "today\n"}, "slug", "Enter a valid value."),
        ({"slug": "tödäy"}, "slug", "Enter a valid value."),
        ({"slug": "main"}, "slug", "The main board is built in and stays as it is."),
        ({"label": ""}, "label", "This field cannot be blank."),
        ({"label": "To\0day"}, "label", NOT_TEXT),
        ({"label": "To\ud800day"}, "label", NOT_TEXT),
        ({"slug": "to\0day"}, "label", NOT_TEXT),
        ({"counts": "\0"}, "label", NOT_TEXT),
        ({"zone": "UTC\0"}, "label", NOT_TEXT),
        ({"reason": "\0"}, "reason", "A reason is text, without U+0000 and in UTF-8."),
        ({"zone": ""}, "zone", "This field cannot be blank."),
        ({"zone": "Europe/Atlantis"}, "zone", "There is no time zone 'Europe/Atlantis'. Take a name such as Europe/Berlin."),
        ({"zone": "europe/berlin"}, "zone", "There is no time zone 'europe/berlin'. Take a name such as Europe/Berlin."),
        ({"zone": "../UTC"}, "zone", "There is no time zone '../UTC'. Take a name such as Europe/Berlin."),
        ({"zone": "+01:00"}, "zone", "There is no time zone '+01:00'. Take a name such as Europe/Berlin."),
        ({"counts": ""}, "counts", "This field cannot be blank."),
        ({"counts": ",".join(f"action-{number}" for number in range(11))}, "counts", PATTERNS),
        ({"counts": "chess,go,chess"}, "counts", PATTERNS),
        ({"counts": "ch*ss"}, "counts", NO_PATTERN),
        ({"counts": "*-win"}, "counts", NO_PATTERN),
        ({"counts": "chess-**"}, "counts", NO_PATTERN),
        ({"counts": "chess, go"}, "counts", NO_PATTERN),
        ({"counts": "chess,"}, "counts", NO_PATTERN),
        ({"counts": "schäch"}, "counts", NO_PATTERN),
        ({"counts": "c" * 65}, "counts", NO_PATTERN),
    ],
)  # fmt: skip
def test_terms_that_contradict_are_refused_by_field(change: dict[str, Any], field: str, detail: str) -> None:
    assert refuse(**change) == (field, detail)


def test_several_faults_are_all_told() -> None:
    with pytest.raises(InvalidBody) as caught:
        define(slug="s" * 49, label="l" * 121, rule="average")
    assert [error["field"] for error in caught.value.errors] == ["slug", "label", "rule"]


@pytest.mark.parametrize("counts", ["*", "chess-*", "chess_Win", "c" * 64, ",".join(f"a{n}-*" for n in range(10))])
def test_patterns_are_slugs_or_begin_like_slugs(counts: str) -> None:
    assert define(counts=counts).counts == counts


@pytest.mark.parametrize("rule", ["best", "latest"])
def test_the_smallest_comes_first_of_the_best_and_of_the_latest(rule: str) -> None:
    assert define(rule=rule, ascending=True).sign == -1


@pytest.mark.parametrize("span", ["day", "week", "month", "year", "all", "season"])
def test_every_span_of_the_calendar_has_a_period_from_the_first_moment_and_seasons_are_made(span: str) -> None:
    board = define(span=span, zone="Pacific/Auckland")
    assert Period.objects.filter(board=board).count() == (0 if span == "season" else 1)


def test_the_main_board_is_not_made_again_not_even_as_it_is() -> None:
    refuse(slug="main", label="All time", span="all")


def test_eight_boards_count_an_action_and_a_ninth_is_refused() -> None:
    for number in range(5):
        define(slug=f"quiz-{number}", counts="quiz")
    define(slug="all-quiz", counts="qu*,chess-*")
    define(slug="other", counts="chess-win,quiz-2")
    define(slug="chess", counts="chess-*")
    define(slug="everything", counts="*")
    before = read_definitions()
    # The main board is one of the eight of `quiz`; so are the five, the one of `qu*`, and the one that counts everything.
    with pytest.raises(TooManyBoards, match=r"^An action counts on at most 8 boards, and 'quiz' would on 9\.$"):
        define(slug="ninth", counts="quiz")
    with pytest.raises(TooManyBoards, match=r"^An action counts on at most 8 boards, and 'quiz' would on 9\.$"):
        define(slug="ninth", counts="golf,qui*")
    with pytest.raises(TooManyBoards):
        define(slug="ninth", counts="*")
    assert read_definitions() == before
    define(slug="ninth", counts="quiz-2,golf")


def test_a_board_that_is_off_leaves_its_room_and_does_not_come_back_where_none_is() -> None:
    for number in range(7):
        define(slug=f"board-{number}")
    change_board(slug="board-3", actor="system", enabled=False)
    define(slug="another")
    assert isinstance(refuse_change(slug="board-3", enabled=True), TooManyBoards)


def test_fifty_boards_are_on_at_most() -> None:
    for number in range(49):
        define(slug=f"board-{number}", counts=f"action-{number}")
    before = read_definitions()
    with pytest.raises(TooManyBoards, match=r"^There are 50 boards already; switch one off first\.$"):
        define(slug="one-more", counts="another")
    assert read_definitions() == before
    change_board(slug="board-7", actor="system", enabled=False)
    define(slug="one-more", counts="another")


def test_label_and_enabled_change_and_each_change_is_an_entry() -> None:
    define()
    change_board(slug="today", actor="system", reason=REASON, label="The day")
    change_board(slug="today", actor="system", enabled=False)
    board = Board.objects.get(slug="today")
    assert (board.label, board.enabled, board.filling, board.is_sealed) == ("The day", False, False, True)
    change_board(slug="today", actor="system", enabled=True)
    board.refresh_from_db()
    assert (board.enabled, board.filling, board.is_sealed) == (True, True, True)
    assert [action for _, action, _ in read_system_chain()] == [
        "board:today",
        "period:today",
        "board:today",
        "board:today",
        "board:today",
    ]
    assert board.change == 5
    renamed = AuditEntry.objects.get(player=SYSTEM_CHAIN, seq=3)
    assert isinstance(renamed.context, dict)
    assert renamed.context["reason"] == REASON


def test_a_change_to_what_is_there_is_none() -> None:
    define()
    before = read_definitions()
    change_board(slug="today", actor="system", label="Today", enabled=True)
    change_board(slug="today", actor="system")
    assert read_definitions() == before


@pytest.mark.parametrize("label", ["", "l" * 121, "To\0day", "\udfff"])
def test_a_label_that_is_not_fit_is_refused(label: str) -> None:
    define()
    assert isinstance(refuse_change(label=label), InvalidBody)


def test_a_reason_that_cannot_be_stored_is_refused() -> None:
    define()
    assert isinstance(refuse_change(label="The day", reason="\0"), InvalidBody)


@pytest.mark.parametrize("slug", ["yesterday", "to\0day", "\ud800", ""])
def test_no_such_board_is_changed(slug: str) -> None:
    define()
    assert isinstance(refuse_change(slug=slug, enabled=False), UnknownBoard)


@pytest.mark.parametrize("change", [{"enabled": False}, {"label": "Everything"}])
def test_the_main_board_stays_as_it_is(change: dict[str, Any]) -> None:
    define()
    refusal = refuse_change(slug="main", **change)
    assert refusal.explanation == "The main board is built in and stays as it is."


@pytest.mark.parametrize(
    "change", [{"rule": "count"}, {"since_us": 0}, {"zone": "Asia/Tokyo"}, {"enabled": False}, {"seal": ""}]
)
def test_a_board_changed_behind_our_back_is_neither_changed_nor_taken_for_the_same(
    change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    define()
    Board.objects.filter(slug="today").update(**change)
    assert isinstance(refuse_change(label="The day"), Unavailable)
    before = read_definitions()
    with pytest.raises(Unavailable):
        define()
    assert read_definitions() == before
    assert any(record.levelno == logging.CRITICAL and "board:today" in record.getMessage() for record in caplog.records)


def test_what_counts_from_now_on_counts_by_the_clock_of_the_log(turn_clock: Callable[[datetime], None]) -> None:
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    turn_clock(noon)
    board = define(zone="Europe/Berlin")
    assert board.since_us == to_us(noon)
    assert board.periods.get().name == "2026-11-27"
