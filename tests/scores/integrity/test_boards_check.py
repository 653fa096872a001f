"""Boards, periods, their version and the ranks: what is untouched has no finding, and each column that is changed has one."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F, Model

from audit.models import AuditEntry
from audit.times import DAY_US, to_us
from scores.board import ranks
from scores.counting import filling, periods, plans
from scores.counting.definitions import change_board, end_season, make_board
from scores.integrity.boards_check import check_boards
from scores.models import Board, BoardsVersion, Period, RankChange, RankRange, Score, Standing
from tests.support.board_history import BEGIN, make_board_history
from tests.support.tampering import change_value, run_verify, tampering

TurnClock = Callable[[datetime], None]
#: What another value says nothing wrong of: a number of the table's own, and a version that is higher than it need be.
ROWS_EACH = 6
UNSEALED = {("RankRange", "id"), ("BoardsVersion", "version")}


@pytest.fixture
def players(turn_clock: TurnClock) -> list[Score]:
    return make_board_history()


def columns(*tables: type[Model]) -> list[tuple[type[Model], str]]:
    fields = [(model, field) for model in tables for field in model._meta.concrete_fields]
    return [(model, field.name) for model, field in fields if (model.__name__, field.name) not in UNSEALED]


def find() -> list[str]:
    return [f"{finding.rule}: {finding.detail}" for finding in check_boards()]


def test_what_nobody_changed_has_no_finding(players: list[Score]) -> None:
    assert Period.objects.count() > 10
    assert run_verify() == []


@pytest.mark.parametrize(
    ("model", "name"), columns(Board, Period, BoardsVersion), ids=lambda part: getattr(part, "__name__", part)
)
def test_every_column_that_is_changed_is_a_finding(players: list[Score], model: type[Model], name: str) -> None:
    expected = {{"Board": "board", "Period": "period", "BoardsVersion": "version"}[model.__name__]}
    if name == "id":
        # Nothing knows the number of a board but its periods, and that of a period but where players stand.
        expected |= {"Board": {"period"}, "Period": {"standing.period"}}.get(model.__name__, set())
    rows = [(row, other_value(row, name)) for row in model._default_manager.all()]
    changeable = [(row, value) for row, value in rows if value is not None]
    assert changeable
    for row, value in random.sample(changeable, min(ROWS_EACH, len(changeable))):
        with tampering():
            model._default_manager.filter(pk=row.pk).update(**{name: value})
            found = run_verify()
            assert expected & {finding["rule"] for finding in found}, f"{row!r}: {name} = {value!r}: {found}"
    assert run_verify() == []


def other_value(row: Any, name: str) -> Any:
    """Another value that the table lets pass; None where there is none that says anything."""
    if name == "ascending" and row.rule not in {"best", "latest"}:
        return None
    if name == "board":
        return Board.objects.get(slug="days" if row.board.slug == "cup" else "cup").pk
    if isinstance(row, Period) and name == "id":
        return row.pk + 10_000 if row.standings.exists() else None
    others: dict[str, list[object]] = {"rule": ["best", "latest"], "span": ["year", "all"], "ends_us": [2**60]}
    choices = others.get(name, [])
    for choice in choices:
        if choice != getattr(row, name):
            return choice
    return change_value(row, row._meta.get_field(name))


@pytest.mark.postgresql
@pytest.mark.parametrize("name", [name for _, name in columns(RankRange)])
def test_every_column_of_the_ranks_that_is_changed_is_a_finding(players: list[Score], name: str) -> None:
    period = Period.objects.filter(board__slug="days").earliest("pk")
    add_standings(period, 3000)
    ranks.recount()
    assert find() == []
    rows = list(RankRange.objects.all())
    assert sum(row.period == period.pk for row in rows) > 2
    for row in rows:
        with tampering():
            # A player who comes later: an earlier one might have nobody in between.
            value = UUID(int=2**128 - 1) if name == "player" else change_value(row, row._meta.get_field(name))
            RankRange.objects.filter(pk=row.pk).update(**{name: value})
            assert {finding.partition(":")[0] for finding in find()} == {"ranks"}, f"{row!r}: {name}"


@pytest.mark.postgresql
def test_ranks_hold_between_two_sweeps_too(players: list[Score]) -> None:
    period = Period.objects.filter(board__slug="days").earliest("pk")
    ranks.recount()
    add_standings(period, 100)
    assert RankChange.objects.filter(period=period.pk).exists()
    assert find() == []
    with tampering():
        RankChange.objects.filter(period=period.pk).earliest("pk").delete()
        assert {finding.partition(":")[0] for finding in find()} == {"ranks"}


def add_standings(period: Period, count: int) -> None:
    Standing.objects.bulk_create(
        Standing(player_id=uuid4(), period=period, points=number // 3, reached_at=BEGIN, seq=1)
        for number in range(count)
    )


class TestAttackerWithTheDatabaseAlone:
    """Who may do anything to the tables and has no key."""

    def test_removes_a_board(self, players: list[Score]) -> None:
        with tampering():
            Standing.objects.filter(period__board__slug="off").delete()
            Period.objects.filter(board__slug="off").delete()
            Board.objects.filter(slug="off").delete()
            assert "board: board 'off' was removed, which no entry says" in find()
            assert "period: period 'all' of board 'off' was removed, which no entry says" in find()

    def test_adds_a_board_and_a_period(self, players: list[Score]) -> None:
        with tampering():
            board = Board.objects.create(slug="mine", label="Mine", counts="*", rule="sum", span="day")
            Period.objects.create(board=board, name="2026-01-01", starts_us=0, ends_us=1)
            assert find() == [
                "board: board 'mine' was added, which no entry says",
                "period: period '2026-01-01' of board 'mine' was added, which no entry says",
            ]

    def test_puts_back_an_earlier_row_of_a_board(self, players: list[Score]) -> None:
        earlier = Board.objects.filter(slug="days").values().get()
        change_board(slug="days", label="Every day", actor="system")
        with tampering():
            Board.objects.filter(slug="days").update(**earlier)
            seq = AuditEntry.objects.filter(action="board:days").latest("pk").seq
            assert find() == [f"board: board 'days' is not what entry {seq} of the system chain made it"]

    def test_puts_back_an_earlier_end_of_a_season(self, players: list[Score]) -> None:
        earlier = Period.objects.filter(name="winter").values().get()
        end_season(board="cup", name="winter", ends_us=earlier["starts_us"] + 80 * DAY_US, actor="system")
        assert find() == []
        with tampering():
            Period.objects.filter(name="winter").update(**earlier)
            assert [finding.partition(":")[0] for finding in find()] == ["period"]

    def test_removes_a_period(self, players: list[Score]) -> None:
        """Who stood there is found too, and each award that counts nowhere now."""
        period = Period.objects.filter(board__slug="days").earliest("starts_us")
        with tampering():
            Period.objects.filter(pk=period.pk).delete()
            found = run_verify()
        where = {(finding["rule"], finding["player"] != "") for finding in found}
        assert where == {("period", False), ("period", True), ("standing.period", True)}

    def test_turns_the_version_back(self, players: list[Score]) -> None:
        with tampering():
            BoardsVersion.objects.update(version=F("version") - DAY_US * 50)
            assert find() == ["version: the version of the boards is older than their newest change"]
            BoardsVersion.objects.all().delete()
            assert find() == ["version: the version of the boards is missing, or there are several"]
            assert not BoardsVersion.objects.exists()


def test_neighbours_of_the_calendar_meet_and_names_are_of_the_span(players: list[Score]) -> None:
    """As periods would be found that a faulty server had made, with entries that say the same."""
    days = Board.objects.get(slug="days")
    first, second = Period.objects.filter(board=days).order_by("starts_us")[:2]
    with tampering():
        write(second, starts_us=second.starts_us + 1)
        assert find() == [f"period: period {second.name!r} of board 'days' does not begin where {first.name!r} ends"]
    with tampering():
        write(first, ends_us=second.starts_us + 1)
        assert find() == [
            f"period: period {second.name!r} of board 'days' begins before {first.name!r} ends",
            f"period: period {second.name!r} of board 'days' does not begin where {first.name!r} ends",
        ]
    with tampering():
        write(first, name="2026-W43")
        assert "period: period '2026-W43' of board 'days' is no day of its zone" in find()
    with tampering():
        write(first, name="2027-01-01")
        assert (
            f"period: period {second.name!r} of board 'days' lies behind '2027-01-01', which the calendar says comes later"
            in find()
        )


def test_a_day_that_a_country_left_out_is_no_gap(turn_clock: TurnClock) -> None:
    turn_clock(datetime(2011, 12, 30, 9, tzinfo=UTC))
    make_board(slug="apia", label="Apia", counts="*", rule="sum", span="day", zone="Pacific/Apia", actor="system")
    periods.ensure_periods(to_us(datetime(2011, 12, 30, 11, tzinfo=UTC)))
    assert [period.name for period in Period.objects.filter(board__slug="apia")] == ["2011-12-29", "2011-12-31"]
    assert find() == []
    second = Period.objects.get(name="2011-12-31")
    with tampering():
        write(second, starts_us=second.starts_us + 1)
        assert find() == ["period: period '2011-12-31' of board 'apia' does not begin where '2011-12-29' ends"]


def test_a_board_that_is_not_full_is_said_to_be_unverified(players: list[Score]) -> None:
    make_board(slug="past", label="Past", counts="*", rule="sum", span="all", from_log=True, actor="system")
    assert find() == [
        "board: board 'past' is not filled from the log yet: where players stand on it cannot be verified"
    ]
    filling.fill("past")
    assert find() == []


def write(period: Period, **terms: Any) -> None:
    for name, value in terms.items():
        setattr(period, name, value)
    periods.write_period(period)
    plans.raise_version()
    period.refresh_from_db()


@pytest.mark.django_db
def test_after_a_flush_nothing_is_missing_until_somebody_counts() -> None:
    for model in (Period, BoardsVersion, Board):
        model.objects.all().delete()
    assert list(check_boards()) == []
    plans.read_plans()
    Period.objects.all().delete()
    assert {finding.rule for finding in check_boards()} == {"period"}
