"""The standings of a period as a download, from a board's page."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect

from audit import entry_export
from scores.errors import Refused
from scores.models import Board
from scores.transfer.exporting import FILES, export_standings, find_exported

logger = logging.getLogger(__name__)

PIECE = 65_536


def send_standings(request: HttpRequest, pk: int, period: str, form: str) -> HttpResponseBase:
    """Send who stands in a period of a board, all of them. The server's log says who took it.

    Raises Http404 when there is no such board or form; what cannot be exported is said on the board's page.
    """
    board = get_object_or_404(Board, pk=pk)
    if form not in FILES:
        raise Http404
    try:
        find_exported(board.slug, period)
        chunks = entry_export.exclusive(_read(board.slug, period, form))
    except Refused as refusal:
        messages.warning(request, refusal.explanation if board.enabled else "This board is off: switch it on first.")
        return redirect("admin:scores_board_change", pk)
    except entry_export.ExportRunning:
        messages.warning(request, "Another export is running. Try again when it is done.")
        return redirect("admin:scores_board_change", pk)
    logger.info("%s takes the standings of %s in %s as %s", request.user.get_username(), board.slug, period, form)
    name = f"{board.slug}-{period}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(chunks, content_type=FILES[form], headers=headers)


def _read(slug: str, period: str, form: str) -> Iterator[bytes]:
    with export_standings(slug, period, form).file as file:
        while piece := file.read(PIECE):
            yield piece
