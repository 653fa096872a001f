"""The server-rendered board and what runs beside it: the embed, and how the site is doing (health, readiness, metrics)."""

from http import HTTPStatus

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from audit.keys import load_keyring
from audit.models import Checkpoint
from scoreboard_project.server.readiness import find_missing_ledger_key, is_migrated
from scores.board import standings
from scores.database.availability import availability
from scores.http import problems
from scores.http.limits import limits_are_shared
from scores.metrics import render as render_metrics
from scores.pages.own_place import describe_place, find_viewer

NEEDS_POOLED = "shares sessions: set DATABASE_POOLED=on"
MINIMUM_ROWS = 3
MAXIMUM_TITLE_LENGTH = 80


@require_safe
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    viewer = find_viewer(request)
    place = describe_place(viewer) if isinstance(viewer, User) else None
    return render(request, "board.html", {"snapshot": standings.read_snapshot(), "user": viewer, "you": place})


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": settings.EMBED_ORIGINS or [NONE]})
def embed(request: HttpRequest) -> HttpResponse:
    """`?theme=auto|dark|light&rows=3..10&title=`: what is out of range is brought into it."""
    theme = request.GET.get("theme", "auto")
    rows = request.GET.get("rows", "")
    context = {
        "snapshot": standings.read_snapshot(),
        "theme": theme if theme in {"auto", "dark", "light"} else "auto",
        "row_limit": min(max(int(rows), MINIMUM_ROWS), standings.SIZE)
        if rows.isascii() and rows.isdigit() and len(rows) < 6
        else standings.SIZE,
        "title": "".join(character for character in request.GET.get("title", "") if character.isprintable())[
            :MAXIMUM_TITLE_LENGTH
        ],
    }
    return render(request, "embed.html", context)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: each part and its state. Valkey out of reach is `degraded`, or a proxy would take every node out at once."""
    parts = {"database": _database_state(), "limits": "ok" if limits_are_shared() else "degraded"}
    parts["migrations"] = _migrations_state() if parts["database"] != "unavailable" else "unknown"
    parts["ledger_keys"] = _ledger_keys_state() if parts["migrations"] == "ok" else "unknown"
    ready = parts["migrations"] == parts["ledger_keys"] == "ok"
    status = "unavailable" if not ready else "ok" if set(parts.values()) == {"ok"} else "degraded"
    return JsonResponse({"status": status, "parts": parts}, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint, for whoever wants to keep copies of their own."""
    newest = Checkpoint.objects.order_by("-number").first()
    if newest is None:
        return problems.respond(HTTPStatus.NOT_FOUND, problems.general_problem(HTTPStatus.NOT_FOUND))
    return HttpResponse(newest.jws, content_type="application/jose", headers={"Cache-Control": "public, max-age=1"})


def _database_state() -> str:
    state = NEEDS_POOLED if availability.are_sessions_shared else "ok"
    if availability.is_watched:
        return "unavailable" if availability.is_away else state
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unavailable"
    return state


def _migrations_state() -> str:
    return "ok" if (availability.is_migrated if availability.is_watched else is_migrated()) else "pending"


def _ledger_keys_state() -> str:
    watched = availability.is_watched
    kid = availability.missing_ledger_key if watched else find_missing_ledger_key(load_keyring())
    return "ok" if kid is None else f"missing {kid}"


def docs_policy() -> dict[str, list[str]]:
    """Swagger UI sets styles from its script; nothing of it comes from outside."""
    return {"style-src": [SELF, "'unsafe-inline'"], "script-src": [SELF]}
