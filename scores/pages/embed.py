"""The embed, the board alone for a frame on another site; and the page that makes the HTML for one."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import activate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from scores.board.leaders import read_glances
from scores.board.standings import SIZE
from scores.pages.branding import describe_title
from scores.pages.embed_options import (
    MAXIMUM_TITLE_LENGTH,
    MINIMUM_ROWS,
    PARAMETERS,
    EmbedOptions,
    parse_options,
    read_options,
    write_snippet,
)
from scores.pages.present import read_board, read_top

#: The site's own page may frame it too, to show how it will look.
FRAMED_BY = [SELF, *settings.EMBED_ORIGINS] if settings.EMBED_ORIGINS else [NONE]


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": FRAMED_BY})
def embed(request: HttpRequest) -> HttpResponse:
    """`?board=SLUG&period=NAME&theme=auto|light|dark&rows=3..10&title=&lang=`. Raises InvalidQuery for anything else.

    Without a board it is the top of the main one, also while the database is away.
    """
    options = read_options(request)
    if options.language:
        activate(options.language)
    context = read_board(options.board, options.period) if options.board else read_top()
    label = context["board"]["label"] if "board" in context else ""  # type: ignore[index]
    return render(
        request,
        "embed_board.html" if options.board else "embed.html",
        {
            **context,
            "theme": options.theme,
            "row_limit": options.rows,
            "title": describe_heading(options, label),
            "full": f"/boards/{options.board}" if options.board else "/",
        },
    )


def describe_heading(options: EmbedOptions, label: str) -> str:
    """Say what stands above the rows: the title that was asked for, else the board's name and how many rows there are of it."""
    top = _("Top %(count)d") % {"count": options.rows}
    if options.title or not label:
        return options.title or top
    return label if options.rows == SIZE else f"{label} · {top}"


@require_safe
@never_cache
@csp_update({"frame-src": [SELF]})
def builder(request: HttpRequest) -> HttpResponse:
    """Show an embed and its HTML, as the form asks for them. Raises Http404 where no site may show one, InvalidQuery as the embed."""
    if not settings.EMBED_ORIGINS:
        raise Http404
    # A form sends what was left empty, which an address does not name.
    options = parse_options({name: request.GET[name] for name in PARAMETERS if request.GET.get(name)})
    boards = [(glance.board.slug, glance.board.label) for glance in read_glances().boards]
    site = f"{request.scheme}://{request.get_host()}"
    context = {
        "options": options,
        "boards": boards,
        "row_counts": range(MINIMUM_ROWS, SIZE + 1),
        "title_length": MAXIMUM_TITLE_LENGTH,
        "snippet": write_snippet(site, options, options.title or describe_title()),
        "origins": settings.EMBED_ORIGINS,
    }
    return render(request, "embed_builder.html", context)
