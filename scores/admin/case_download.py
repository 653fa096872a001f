"""The case file as a download, from a player's page."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from audit import entry_export
from scores.admin.player_page import route
from scores.integrity.case_writing import write_case
from scores.models import Score

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

logger = logging.getLogger(__name__)


def urls(score_admin: "ModelAdmin[Score]") -> list[URLPattern]:
    """Return the route of the file, for ScoreAdmin.get_urls()."""
    return [route(score_admin, "case", send_case)]


def send_case(score_admin: "ModelAdmin[Score]", request: HttpRequest, player: UUID) -> HttpResponseBase:
    """Send the case file of a player. The server's log says who took it.

    Raises Http404 when there is no such player.
    """
    score = get_object_or_404(Score, pk=player)
    try:
        chunks = entry_export.exclusive(_encode(write_case(score)))
    except entry_export.ExportRunning:
        messages.warning(request, "Another export is running. Try again when it is done.")
        return redirect("admin:scores_score_player", player)
    logger.info("%s takes the case file of %s, %s entries", request.user.get_username(), player, score.seq)
    headers = {"Content-Disposition": f'attachment; filename="case-{player}.json"'}
    return StreamingHttpResponse(chunks, content_type="application/json", headers=headers)


def _encode(texts: Iterator[str]) -> Iterator[bytes]:
    """Join the texts to pieces large enough to be worth sending."""
    piece: list[str] = []
    size = 0
    for text in texts:
        piece.append(text)
        size += len(text)
        if size > 65_536:
            yield "".join(piece).encode()
            piece, size = [], 0
    yield "".join(piece).encode()
