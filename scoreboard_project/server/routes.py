"""Routes that the server treats in a way of their own."""

import re
from wsgiref.types import WSGIEnvironment

from django.conf import settings

TOP = "/api/score/top"
UPDATE = "/api/score/update"
AWARDS = "/api/awards"
#: What everybody looks at, also while the database is away.
BOARDS = frozenset({"/", "/embed", "/wall", "/share.png", TOP, "/metrics"})
#: What begins so is the investigators' desk.
DESK = "/admin/"
#: Where passwords are hashed, which takes a core for a good part of a second.
LOGINS = frozenset({"/api/token", "/login", "/admin/login/"})
#: These count requests for themselves, each what it costs; what is not among them, `PageLimit` counts.
LIMITED_BY_THEMSELVES = frozenset(
    {
        UPDATE,
        AWARDS,
        TOP,
        "/api/score/me",
        "/api/score/me/proof",
        "/api/corrections",
        "/api/token",
        "/api/token/refresh",
        "/api/token/revoke",
        "/you",
        "/you/proof",
    }
)
#: So do the routes of boards and players, as `urls` has them.
READS_OF_BOARDS = re.compile(r"/api/boards(/[^/]+(/[^/]+(/(me|results|proof))?)?)?|/api/players(/[^/]+)?")
#: And the whole of a period, as CTFtime reads it.
FEED = re.compile(r"/boards/[^/]+/[^/]+/ctftime\.json")
#: The whole of a period or of a chain, however long it is, takes as long as it takes.
LONG_READS = re.compile(rf"/api/boards/[^/]+/[^/]+/results|/api/score/me/proof|/you/proof|{FEED.pattern}")
#: Asks a million players for a part of their names.
SEARCH = "/api/players"


def is_for_everybody(environ: WSGIEnvironment) -> bool:
    """Whether it is a read without a token or a session: no write of the same caller precedes it."""
    return (
        environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        and not environ["PATH_INFO"].startswith(DESK)
        and "HTTP_AUTHORIZATION" not in environ
        and f"{settings.SESSION_COOKIE_NAME}=" not in environ.get("HTTP_COOKIE", "")
    )


def is_limited_by_itself(path: str) -> bool:
    """Whether the route of this path counts its requests, and `PageLimit` does not."""
    return path in LIMITED_BY_THEMSELVES or bool(READS_OF_BOARDS.fullmatch(path) or FEED.fullmatch(path))
