"""Results as a real server sends them: larger than it keeps in memory, whole, and of one moment."""

import hashlib
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError
from uuid import UUID

import pytest

from scores.board.archive import MEMORY_BYTES
from scores.counting import plans
from scores.models import Standing
from tests.support.boards import NOON, make_board, make_period
from tests.support.servers import ScoreboardServer

PLAYERS = 20_000


@pytest.mark.django_db(transaction=True)
def test_results_of_any_size_are_sent_whole(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    plans.make_built_in()
    period = make_period(make_board("daily"), "2020-02-29")
    Standing.objects.bulk_create(
        Standing(player_id=UUID(int=number), period=period, points=PLAYERS - number, reached_at=NOON, seq=1)
        for number in range(PLAYERS)
    )
    expected = "".join(
        f"{number + 1} {UUID(int=number)} {PLAYERS - number} 1795780800000000 1\n" for number in range(PLAYERS)
    ).encode()
    assert len(expected) > MEMORY_BYTES
    server = scoreboard_server()
    url = f"{server.url}/api/boards/daily/2020-02-29/results"
    with urllib.request.urlopen(url, timeout=30) as response:
        assert response.read() == expected
        headers = response.headers
    tag = f'"{hashlib.sha256(expected).hexdigest()[:32]}"'
    assert (headers["ETag"], headers["Content-Length"]) == (tag, str(len(expected)))
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=30) as response:
        assert (response.read(), response.headers["Content-Length"]) == (b"", str(len(expected)))
    with pytest.raises(HTTPError) as unchanged:
        urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": tag}), timeout=30)
    with unchanged.value as answer:
        assert answer.code == 304
    assert "Traceback" not in server.log
