"""A cursor is a place of one board and period, and whatever else is sent as one is refused."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scores.board.cursors import FORM, read_cursor, write_cursor
from scores.board.ranks import Place
from scores.errors import InvalidCursor

pytestmark = pytest.mark.any_database

PLACE = Place(-1250, datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC), UUID(int=7))
CURSOR = write_cursor("daily", "2026-11-27", PLACE)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.integers(-(2**63) + 1, 2**63 - 1), moments, st.uuids())
def test_a_place_comes_back_exactly(points: int, reached_at: datetime, player: UUID) -> None:
    place = Place(points, reached_at, player)
    cursor = write_cursor("daily", "2026-11-27", place)
    assert (read_cursor("daily", "2026-11-27", cursor), len(cursor)) == (place, 54)


@pytest.mark.parametrize(
    ("board", "period"), [("weekly", "2026-11-27"), ("daily", "2026-11-28"), ("daily/2026-11", "27")]
)
def test_it_is_of_one_board_and_period(board: str, period: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(board, period, CURSOR)


@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()))
def test_what_we_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor("daily", "2026-11-27", text)


@pytest.mark.parametrize("place", range(54))
def test_every_character_counts(place: int) -> None:
    changed = "B" if CURSOR[place] == "A" else "A"
    with pytest.raises(InvalidCursor):
        read_cursor("daily", "2026-11-27", CURSOR[:place] + changed + CURSOR[place + 1 :])


@pytest.mark.parametrize("spelling", ["{}==", "{}=", " {}", "{}\n", "{}A", "{}{}"])
def test_no_other_spelling_is_taken(spelling: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor("daily", "2026-11-27", spelling.replace("{}", CURSOR))


@pytest.mark.parametrize(("points", "reached_us"), [(-(2**63), 0), (0, 2**63 - 1), (0, -(2**63))])
def test_a_place_that_no_database_could_hold_is_refused(points: int, reached_us: int) -> None:
    packed = FORM.pack(points, reached_us, bytes(16), bytes(8))[:32]
    check = hashlib.sha256(b"daily/2026-11-27/" + packed).digest()[:8]
    with pytest.raises(InvalidCursor):
        read_cursor("daily", "2026-11-27", urlsafe_b64encode(packed + check).rstrip(b"=").decode())
