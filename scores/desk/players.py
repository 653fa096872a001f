"""A player's page: what happened, when, from where and what was refused, on one page."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from scores.models import Score

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


def urls(score_admin: "ModelAdmin[Score]") -> list[URLPattern]:
    """The route of the page, for ScoreAdmin.get_urls()."""

    @require_safe
    def view(request: HttpRequest, player: UUID) -> HttpResponse:
        return show_player(score_admin, request, player)

    return [path("<uuid:player>/player/", score_admin.admin_site.admin_view(view), name="scores_score_player")]


def show_player(score_admin: "ModelAdmin[Score]", request: HttpRequest, player: UUID) -> HttpResponse:
    if not (score_admin.has_view_permission(request) and request.user.has_perm("audit.view_auditentry")):
        raise PermissionDenied
    score = get_object_or_404(Score.objects.select_related("user"), pk=player)
    context: dict[str, Any] = {
        **score_admin.admin_site.each_context(request),
        "title": score.name,
        "opts": score_admin.opts,
        "score": score,
    }
    return TemplateResponse(request, "admin/scores/score/player.html", context)
