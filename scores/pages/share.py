"""The share picture as it is served: drawn at most once in a few seconds, however many ask for it."""

import hashlib
import threading
import time
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from scores.board.documents import is_known
from scores.board.standings import Snapshot, read_snapshot
from scores.colours import choose_accents
from scores.http.queries import read_query
from scores.pages.share_picture import draw_share_picture

#: What changes sooner waits so long; a picture that stands in a cache or a chat is older anyway.
REUSE_SECONDS = 5.0
#: The time in it is that of the reading, so it is drawn anew now and then where nothing changes.
RENEW_SECONDS = 60.0


class SharePicture(NamedTuple):
    """A picture as it was drawn; `drawn_at` is on the clock of `time.monotonic`, in seconds."""

    body: bytes
    etag: str
    board: tuple[str, str, tuple[str, ...]]
    drawn_at: float


_lock = threading.Lock()
_latest: SharePicture | None = None


@require_safe
def share_picture(request: HttpRequest) -> HttpResponse:
    """The present top 3 as a PNG, in English: who asks for it is a machine. Frozen players are on no board, and not in it."""
    read_query(request)
    picture = refresh_picture(read_snapshot())
    headers = {"ETag": picture.etag, "Cache-Control": "public, max-age=30"}
    if is_known(picture.etag, request.headers.get("If-None-Match", "")):
        unchanged = HttpResponse(status=304, headers=headers)
        del unchanged["Content-Type"]
        return unchanged
    return HttpResponse(picture.body, content_type="image/png", headers=headers)


def refresh_picture(snapshot: Snapshot) -> SharePicture:
    """Give the picture of a snapshot, or one that was drawn a few seconds ago."""
    global _latest  # noqa: PLW0603 - the one picture of this process
    title = settings.SITE_TITLE or "Scoreboard"
    board = (snapshot.etag, title, tuple(settings.SITE_ACCENT))
    # Who comes meanwhile waits for the one that draws: 30 ms, once.
    with _lock:
        now = time.monotonic()
        age = RENEW_SECONDS if _latest is None else now - _latest.drawn_at
        if _latest is None or age >= RENEW_SECONDS or (_latest.board != board and age >= REUSE_SECONDS):
            accent = choose_accents(settings.SITE_ACCENT)[1]
            body = draw_share_picture(title, snapshot.rows, snapshot.as_of, accent)
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            _latest = SharePicture(body, etag, board, now)
        return _latest
