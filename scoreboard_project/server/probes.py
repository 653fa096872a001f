"""How the site is doing, for machines that ask: health, readiness, metrics."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from audit.keys import load_keyring
from scoreboard_project.server.readiness import is_migrated
from scores.counting.spans import tzdata_version
from scores.database import replica
from scores.database.availability import availability
from scores.http.limits import limits_are_shared
from scores.integrity.ledger_keys import find_missing_ledger_key
from scores.metrics import render

NEEDS_POOLED = "shares sessions: set DATABASE_POOLED=on"


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: each part and its state, and by which zones days are cut.

    Valkey out of reach is `degraded`, or a proxy would take every node out at once.
    """
    parts = {"database": _database_state(), "limits": "ok" if limits_are_shared() else "degraded"}
    parts["migrations"] = _migrations_state() if parts["database"] != "unavailable" else "unknown"
    parts["ledger_keys"] = _ledger_keys_state() if parts["migrations"] == "ok" else "unknown"
    if replica.is_configured():
        parts["replica"] = replica.replica.state
    ready = parts["migrations"] == parts["ledger_keys"] == "ok"
    status = "unavailable" if not ready else "ok" if set(parts.values()) == {"ok"} else "degraded"
    answer = {"status": status, "parts": parts, "tzdata": tzdata_version()}
    return JsonResponse(answer, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render(), content_type=CONTENT_TYPE_LATEST)


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
