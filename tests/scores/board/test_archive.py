"""What a closed period leaves: results as an exact text, and what they rest on."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.entry_export import describe
from audit.models import AuditEntry
from scores.board.archive import read_proof, read_results
from scores.board.results import CHUNK
from scores.counting import definitions, periods
from scores.errors import BoardFilling, PeriodOpen, UnknownBoard, UnknownPeriod
from scores.models import Period, Standing
from tests.support.acting import make_player
from tests.support.boards import NOON, make_board, make_period, stand

pytestmark = pytest.mark.django_db
YESTERDAY = "2026-11-26"


@pytest.fixture(autouse=True)
def _at_noon(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)


def text(slug: str = "daily", name: str = YESTERDAY) -> str:
    with read_results(slug, name).file as file:
        return file.read().decode("ascii")


def test_results_are_a_line_for_each_in_the_order_of_the_board() -> None:
    period = make_period(make_board("fastest", rule="best", ascending=True), YESTERDAY)
    players = {name: make_player(name) for name in ("Ada", "Ben", "Cleo", "Dan")}
    stand(players["Ada"], period, 12, 3, seq=9)
    stand(players["Ben"], period, -4, seq=2)
    stand(players["Cleo"], period, 12, 1, seq=5)
    stand(players["Dan"], period, 1, hidden=True)
    assert text("fastest", "previous") == (
        f"1 {players['Ben'].pk} -4 1795780800000000 2\n"
        f"2 {players['Cleo'].pk} 12 1795780801000000 5\n"
        f"3 {players['Ada'].pk} 12 1795780803000000 9\n"
    )


def test_the_tag_of_results_is_of_the_text_and_they_are_kept_a_minute() -> None:
    stand("Ada", make_period(make_board("daily"), YESTERDAY), 12)
    results = read_results("daily", "previous")
    digest = hashlib.sha256(results.file.read()).hexdigest()
    assert (results.etag, results.keep_seconds) == (f'"{digest[:32]}"', 60)
    results.file.close()


def test_a_period_of_nobody_has_empty_results() -> None:
    board = make_board("daily")
    assert text(name="2020-02-29") == ""
    make_period(board, YESTERDAY)
    assert text() == ""


def test_results_larger_than_a_chunk_are_whole() -> None:
    period = make_period(make_board("daily"), YESTERDAY)
    count = 2 * CHUNK + 1
    Standing.objects.bulk_create(
        Standing(player_id=UUID(int=number), period=period, points=count - number, reached_at=NOON, seq=1)
        for number in range(count)
    )
    lines = text().splitlines()
    assert [line.split()[0] for line in lines] == [str(rank) for rank in range(1, count + 1)]
    assert lines[-1] == f"{count} {UUID(int=count - 1)} 1 1795780800000000 1"


@pytest.mark.parametrize("read", [read_results, read_proof])
def test_a_period_that_is_not_closed_has_neither_results_nor_proof(
    read: Callable[[str, str], object], turn_clock: Callable[[datetime], None]
) -> None:
    make_period(make_board("daily"), "2026-11-27")
    make_board("filling", filling=True)
    midnight = datetime.fromisoformat("2026-11-28T00:00:00Z")
    for moment in (NOON, midnight, midnight + timedelta(seconds=29)):
        turn_clock(moment)
        for name in ("2026-11-27", "2030-01-01"):
            with pytest.raises(PeriodOpen):
                read("daily", name)
    with pytest.raises(PeriodOpen):
        read("main", "all")
    with pytest.raises(UnknownBoard):
        read("nothing", YESTERDAY)
    with pytest.raises(UnknownPeriod):
        read("daily", "nonsense")
    with pytest.raises(BoardFilling):
        read("filling", YESTERDAY)
    turn_clock(midnight + timedelta(seconds=30))
    assert (text(name="2026-11-27"), read_proof("daily", "2026-11-27").keep_seconds) == ("", 60)


def test_the_proof_has_the_entries_that_made_board_and_period(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON - timedelta(days=1))
    board = definitions.make_board(
        slug="daily", label="Daily", counts="*", rule="sum", span="day", actor="system", reason="for the hall"
    )
    turn_clock(NOON)
    period = Period.objects.get(board=board)
    proof = json.loads(read_proof("daily", YESTERDAY).body)
    entries = {entry.seq: describe(entry) for entry in AuditEntry.objects.all()}
    assert period.name == YESTERDAY
    assert (proof["statements"], proof["block"]) == ([], None)
    assert (proof["board"]["slug"], proof["period"]["name"]) == ("daily", YESTERDAY)
    assert proof["entries"] == {"board": entries[board.change], "period": entries[period.change]}
    assert proof["entries"]["board"]["mac"]
    assert periods.describe_period(period) == proof["entries"]["period"]["context"]["after"]


def test_what_was_never_made_has_no_entry() -> None:
    board = make_board("daily")
    assert json.loads(read_proof("daily", "2020-02-29").body)["entries"] == {"board": None, "period": None}
    make_period(board, YESTERDAY)
    assert json.loads(read_proof("daily", YESTERDAY).body)["entries"] == {"board": None, "period": None}


def test_results_and_proof_take_the_same_few_statements_for_any_number_of_players() -> None:
    period = make_period(make_board("daily"), YESTERDAY)
    counts = []
    for name in ("Ada", "Ben", "Cleo"):
        stand(name, period, 3)
        with CaptureQueriesContext(connection) as queries:
            text()
            read_proof("daily", YESTERDAY)
        counts.append(len(queries))
    # Board, period, what was stated of it, and rows; board, period, that again, the row, its statements, entries.
    assert counts == [10, 10, 10]
