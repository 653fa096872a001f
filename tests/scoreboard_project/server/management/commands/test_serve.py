"""manage.py serve, as its operator sees it."""

from collections.abc import Callable

from scoreboard_project import __version__
from tests.support.servers import ScoreboardServer


def test_an_idle_server_says_that_it_listens_where_and_which_release_it_is(
    scoreboard_server: Callable[..., ScoreboardServer],
) -> None:
    server = scoreboard_server()
    said = f"listening host=127.0.0.1 port={server.port} workers=1 version={__version__}"
    assert [line.split(" ", 3)[-1] for line in server.log.splitlines()] == [said]
