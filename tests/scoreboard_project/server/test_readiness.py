"""What must hold before a machine may serve, and who watches over it."""

import time

import pytest
from django.db import connection

from scoreboard_project.server.readiness import find_clock_fault

DAY = 86_400


@pytest.mark.postgresql
@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_a_day_off_the_databases(days: int, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_clock_fault() is None
    connection.ensure_connection()
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present + days * DAY)
    said = str(find_clock_fault())
    assert said.startswith("This machine's clock is ")
    assert said.endswith(" off the database server's. Set both by NTP.")
