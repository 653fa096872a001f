"""The search of the whole desk, which the header of each page asks: players and entries on one page."""

from dataclasses import dataclass, field

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from audit.changelist import NEWEST_FIRST
from audit.models import AuditEntry
from scores.admin.entries import attach_players
from scores.admin.search import find_players, narrow_entries
from scores.models import Score

#: Of each kind, before its list is better.
SHOWN = 20


@dataclass(slots=True)
class Found:
    """What a text is found in; None where the user may not look."""

    text: str
    scores: list[Score] | None = None
    entries: list[AuditEntry] | None = None
    #: Of which there are more than are shown.
    more: set[str] = field(default_factory=set)


def urls(site: AdminSite) -> list[URLPattern]:
    """The route of the search, for the desk's get_urls()."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponseBase:
        found = find_everywhere(request, request.GET.get("q", "").strip())
        context = {**site.each_context(request), "title": "Found" if found.text else "Find", "found": found}
        return TemplateResponse(request, "admin/found.html", context)

    return [path("find/", site.admin_view(view), name="find")]


def find_everywhere(request: HttpRequest, text: str) -> Found:
    """Find what a text names, of what this user may look at."""
    found = Found(text)
    if request.user.has_perm("scores.view_score"):
        players = find_players(text) if text else []
        scores = Score.objects.in_bulk(players[:SHOWN])
        found.scores = [scores[player] for player in players if player in scores]
        if len(players) > SHOWN:
            found.more.add("scores")
    if request.user.has_perm("audit.view_auditentry"):
        everything = AuditEntry.objects.order_by(*NEWEST_FIRST)
        entries = list(narrow_entries(everything, text)[: SHOWN + 1]) if text else []
        attach_players(entries)
        found.entries = entries[:SHOWN]
        if len(entries) > SHOWN:
            found.more.add("entries")
    return found
