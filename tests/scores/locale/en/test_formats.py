"""Times of the desk: one form for what Django's own pages write and for ours, with the zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils.formats import date_format, localize

pytestmark = pytest.mark.any_database
NOON = datetime(2026, 11, 28, 12, 0, 5, tzinfo=UTC)


def test_a_time_is_sortable_and_says_its_zone() -> None:
    assert localize(NOON) == date_format(NOON, "DATETIME_FORMAT") == "2026-11-28 12:00:05 UTC"
    assert localize(NOON.astimezone(ZoneInfo("Europe/Berlin"))) == "2026-11-28 13:00:05 CET"
    assert localize(NOON.date()) == "2026-11-28"
