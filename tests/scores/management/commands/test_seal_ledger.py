"""manage.py seal_ledger makes periods ahead, and seals whether or not it could."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.models import Checkpoint
from scores.management.commands.seal_ledger import Command
from scores.models import Board, Period
from tests.support.commands import call
from tests.support.definitions import define

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def read_periods() -> list[str]:
    return list(Period.objects.filter(board__slug="today").values_list("name", flat=True))


def test_periods_are_made_a_day_ahead_and_are_in_the_block(
    exported: Path, turn_clock: Callable[[datetime], None]
) -> None:
    turn_clock(NOON)
    define(zone="Europe/Berlin")
    define(slug="week", span="week")
    assert call("seal_ledger") == "Signed checkpoint 1.\n"
    assert read_periods() == ["2026-11-27", "2026-11-28"]
    assert list(Period.objects.filter(board__slug="week").values_list("name", flat=True)) == ["2026-W48"]
    assert call("seal_ledger") == "Nothing moved since the last checkpoint.\n"
    turn_clock(NOON + timedelta(hours=12))
    assert call("seal_ledger") == "Signed checkpoint 2.\n"
    assert read_periods() == ["2026-11-27", "2026-11-28", "2026-11-29"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_what_keeps_periods_from_being_made_keeps_nothing_from_being_sealed_and_is_told_once(
    exported: Path, turn_clock: Callable[[datetime], None], caplog: pytest.LogCaptureFixture, no_traceback: None
) -> None:
    turn_clock(NOON)
    define()
    Board.objects.filter(slug="today").update(rule="count")
    command = Command()
    command.run_round()
    command.run_round()
    assert Checkpoint.objects.count() == 1
    told = (
        "Sealing goes on; no periods were made ahead, the first who writes in one makes it: the catalogue's row "
        "'board:today' was changed behind the application's back; set it again to use it"
    )
    assert warnings(caplog) == [told]
    Board.objects.filter(slug="today").update(rule="sum")
    command.run_round()
    assert read_periods() == ["2026-11-27", "2026-11-28"]
    Board.objects.filter(slug="today").update(rule="count")
    command.run_round()
    assert warnings(caplog) == [told, told]
