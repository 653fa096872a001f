"""What counts where, and what a standing becomes by it: by example, and against a count by hand of random histories."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from scores.board_models import MAIN_PERIOD, Board
from scores.counting import spans
from scores.counting.rules import (
    Definition,
    Recount,
    Reversals,
    StandingValue,
    add,
    advance,
    choose,
    matches,
)
from tests.support import naive_boards
from tests.support.naive_boards import BEGIN, DAY, HOUR, Act, Entry, Season

pytestmark = pytest.mark.any_database

BOARDS = list(naive_boards.all_boards(Board))
SEASONS = [Season("spring", BEGIN, BEGIN + HOUR), Season("summer", BEGIN + 2 * HOUR, BEGIN + 9 * DAY)]
DEFINITIONS = [Definition.of(board) for board in BOARDS]


class Names:
    """Stands for the table of periods: a number for each name of each board."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, str]] = [(0, "all")]

    def locate(self, definition: Definition, at_us: int) -> int | None:
        if definition.span == Board.Span.SEASON:
            found = [name for name, starts_us, ends_us in SEASONS if starts_us <= at_us < (ends_us or at_us + 1)]
            if not found:
                return None
            key = definition.board, found[0]
        else:
            key = definition.board, spans.period_at(definition.span, definition.zone, at_us).name
        if key not in self.keys:
            self.keys.append(key)
        return self.keys.index(key)


def recount(entries: list[Entry], definitions: list[Definition]) -> dict[tuple[int, str], tuple[int, int, int]]:
    names = Names()
    counted = Recount(definitions, names.locate, Reversals(entries))
    for entry in entries:
        counted.apply(entry)
    return {names.keys[period]: value for period, value in counted.standings().items()}


@hypothesis_settings(max_examples=10_000, deadline=None)
@given(acts=naive_boards.acts())
def test_random_histories_come_to_what_a_count_by_hand_does(acts: list[Act]) -> None:
    entries = naive_boards.write_history(acts)
    by_hand = {
        (board.pk, name): place
        for board in BOARDS
        for name, place in naive_boards.count(entries, board, SEASONS).items()
    }
    main = naive_boards.count_main(entries)
    if main is not None:
        by_hand[0, "all"] = main
    assert recount(entries, DEFINITIONS) == by_hand


def award(seq: int, delta: int, *, value: int | None = None, action: str = "lap", at_us: int = 0) -> Entry:
    return Entry(UUID(int=7), seq, "award", delta, 100, value, action, None, at_us or seq)


def define(rule: str = "sum", **terms: object) -> Definition:
    given_terms = {"slug": "board", "counts": "*", "rule": rule, "span": "all", "pk": 1, **terms}
    return Definition.of(Board(**given_terms))


@pytest.mark.parametrize(
    ("pattern", "action", "is_of_it"),
    [
        ("*", "lap", True),
        ("*", "", True),
        ("lap", "lap", True),
        ("lap", "lap-fast", False),
        ("lap*", "lap", True),
        ("lap-*", "lap-fast", True),
        ("lap-*", "lap", False),
        ("lap-*", "", False),
        ("lap", "", False),
    ],
)
def test_a_pattern_is_of_the_actions_it_begins(pattern: str, action: str, is_of_it: bool) -> None:
    assert matches(pattern, action) is is_of_it


def test_what_a_board_is_offered_depends_on_its_rule() -> None:
    entry = award(3, 10, value=42)
    offers = {rule: define(rule).offer(entry).points for rule in ("sum", "count", "best", "latest")}
    assert offers == {"sum": 10, "count": 1, "best": 42, "latest": 42}
    assert define("best", ascending=True).offer(entry) == StandingValue(-42, 3, 3)
    assert define("best").offer(award(3, 10)).points == 10
    assert define("best").offer(award(3, 10, value=0)).points == 0


def test_nothing_counts_before_a_board_was_made() -> None:
    definition = define(since_us=5)
    assert [definition.counts(award(1, 10, at_us=at_us)) for at_us in (4, 5)] == [False, True]


def test_an_import_counts_where_everything_does_and_nothing_ends() -> None:
    imported = Entry(UUID(int=7), 1, "import", 10, 10, None, "", None, 1)
    places = [("*", "all"), ("lap,*", "all"), ("lap*", "all"), ("*", "day"), ("*", "season")]
    assert [define(counts=counts, span=span).counts(imported) for counts, span in places] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_a_voided_import_leaves_the_days_as_they_were() -> None:
    """Where everything counts, an award and an import of one day: the void of the import takes nothing from the day."""
    imported = Entry(UUID(int=7), 2, "import", 5, 15, None, "", "i:x:2", 2)
    void = Entry(UUID(int=7), 3, "void", -5, 10, None, "", "v:someone:2", 3)
    boards = [define("sum", pk=1), define("sum", pk=2, span="day"), define("best", pk=3), define("count", pk=4)]
    names = Names()
    counted = Recount(boards, names.locate, Reversals([void]))
    for entry in (award(1, 10), imported, void):
        counted.apply(entry)
    assert {names.keys[period]: value.points for period, value in counted.standings().items()} == {
        (0, "all"): 10, (1, "all"): 10, (2, "1970-01-01"): 10, (3, "all"): 10, (4, "all"): 1,
    }  # fmt: skip


def test_of_equal_values_the_first_is_the_best_and_the_last_the_latest() -> None:
    offers = [StandingValue(points, seq, seq) for seq, points in enumerate((4, 6, 6, 2), start=1)]
    assert choose("best", offers) == StandingValue(6, 2, 2)
    assert choose("latest", offers) == StandingValue(2, 4, 4)
    assert choose("best", []) is None


def test_who_reached_points_stays_who_did_where_nothing_is_added() -> None:
    standing = StandingValue(10, 1, 1)
    assert add(standing, StandingValue(0, 9, 9)) == standing
    assert add(standing, StandingValue(-3, 9, 9)) == StandingValue(7, 9, 9)
    assert advance("sum", None, StandingValue(0, 9, 9)) == StandingValue(0, 9, 9)


def test_what_no_chain_should_say_is_counted_without_a_fault() -> None:
    """A verifier counts along chains that do not hold."""
    lost = Entry(UUID(int=7), 1, "void", -5, 0, None, "lap", "v:someone:99", 1)
    unnamed = Entry(UUID(int=7), 2, "restore", 5, 5, None, "lap", None, 2)
    unknown = Entry(UUID(int=7), 3, "praise", 5, 10, None, "lap", None, 3)
    counted = recount([lost, unnamed, unknown], [define("sum"), define("best", pk=2)])
    assert counted == {(MAIN_PERIOD, "all"): StandingValue(10, 3, 3)}


def test_reversals_know_what_is_voided_in_the_end_and_what_each_is_about() -> None:
    void, again = (
        Entry(UUID(int=7), seq, "void", 0, 0, None, "lap", f"v:someone:{of}", seq) for seq, of in ((4, 1), (5, 2))
    )
    restore = Entry(UUID(int=7), 6, "restore", 0, 0, None, "lap", "v:someone:4", 6)
    reversals = Reversals([void, again, restore])
    assert reversals.voided == {2}
    assert [reversals.find_target(entry) for entry in (void, again, restore)] == [1, 2, 1]
    assert reversals.reversed == {1, 2}
