"""Times as the desk writes them: by the clocks of UTC, or of a board's own zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from audit.times import to_us
from scores.admin.times import write_local, write_moment

pytestmark = pytest.mark.any_database
NOON = datetime(2026, 7, 1, 12, 0, 5, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_moment_is_written_by_utc_and_a_boards_time_by_the_boards_zone() -> None:
    assert write_moment(NOON) == "2026-07-01 10:00:05 UTC"
    assert write_local(to_us(NOON), "Europe/Berlin") == "2026-07-01 12:00:05 CEST"
    assert write_local(to_us(NOON), "America/Sao_Paulo") == "2026-07-01 07:00:05 -03"
