"""Where a page of a board goes on: a place, written so that it fits this board and period only. It is no secret and proves nothing."""

import binascii
import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from audit.times import to_moment, to_us
from scores.board.ranks import Place
from scores.errors import InvalidCursor

#: Points and microseconds since 1970 as 64 bits each, the player, and the check.
FORM = struct.Struct(">qq16s8s")
#: Has no opposite in 64 bits, which ranks are counted by; no board has it.
LOWEST = -(2**63)


def write_cursor(board: str, period: str, place: Place) -> str:
    """Write the place as base64url without padding."""
    packed = struct.pack(">qq16s", place.points, to_us(place.reached_at), place.player.bytes)
    return urlsafe_b64encode(packed + _check(board, period, packed)).rstrip(b"=").decode()


def read_cursor(board: str, period: str, text: str) -> Place:
    """Read a place. Raises InvalidCursor when the text is none that `write_cursor` wrote for this board and period."""
    try:
        data = urlsafe_b64decode(f"{text}==".encode("ascii"))
        points, reached_us, player, check = FORM.unpack(data)
        place = Place(points, to_moment(reached_us), UUID(bytes=player))
    except (ValueError, binascii.Error, struct.error, OverflowError):
        raise InvalidCursor from None
    if points == LOWEST:
        raise InvalidCursor
    # Written anew, because base64 can spell one value in several ways.
    if check != _check(board, period, data[:32]) or write_cursor(board, period, place) != text:
        raise InvalidCursor
    return place


def _check(board: str, period: str, packed: bytes) -> bytes:
    """What makes a cursor of another board or period, or a damaged one, show as such."""
    return hashlib.sha256(f"{board}/{period}/".encode() + packed).digest()[:8]
