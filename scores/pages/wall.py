"""The board for a screen on a wall: all of it at once, readable from the back of the room."""

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.board.lookup import CURRENT
from scores.board.standings import SIZE
from scores.http.queries import read_query
from scores.pages.present import read_board, read_top


@require_safe
@never_cache
def wall(request: HttpRequest) -> HttpResponse:
    """`?board=SLUG`: that board's current period, else the top 10 of everything, also while the database is away.

    Raises InvalidQuery for another parameter.
    """
    slug = read_query(request, "board").get("board", "")
    context = read_board(slug, CURRENT) if slug else read_top()
    address = request.build_absolute_uri(f"/boards/{slug}" if slug else "/")
    shown = {"title": context["board"]["label"]} if slug else {"title": _("Top %(count)d") % {"count": SIZE}}  # type: ignore[index]
    code = {"address": address, "short_address": address.partition("://")[2].rstrip("/"), "code": draw_code(address)}
    return render(request, "wall.html", {**context, **shown, **code})


def draw_code(address: str) -> SafeString:
    """Draw an address as a QR code, in its own black and white: readers of codes know no dark theme."""
    svg = segno.make_qr(address, error="m").svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return mark_safe(svg)  # noqa: S308 - made of squares alone
