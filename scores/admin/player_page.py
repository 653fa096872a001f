"""A player's page: what happened, when, from where and what was refused, on one page."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from audit.models import AuditEntry, Verification
from audit.references import reversal_ref
from scores.admin import player_history
from scores.admin.charts import Mark, draw_bars, draw_curve, draw_sign
from scores.admin.entries import attach_players
from scores.board.standings import find_rank
from scores.drawing import HOUR
from scores.models import Flag, Score

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

FLAGS = 20
#: Among how many of the newest flags about an address or an issuer those are looked for that name the player.
SHARED_FLAGS = 50
Show = Callable[["ModelAdmin[Score]", HttpRequest, UUID], HttpResponseBase]


class PlayerHistory(TypedDict):
    """What the page shows of the log; what is not required is there once the player has entries."""

    refusals: list[player_history.RefusalSum]
    refusals_cut: bool
    chain: player_history.ChainState
    verification: Verification | None
    curve: NotRequired[SafeString]
    signs: NotRequired[list[tuple[SafeString, str, int]]]
    is_sample: NotRequired[bool]
    hours: NotRequired[SafeString]
    actions: NotRequired[list[player_history.ActionCount]]
    origins: NotRequired[tuple[tuple[str, list[player_history.Origin]], ...]]
    came_from: NotRequired[list[str]]
    counted: NotRequired[int]
    is_cut: NotRequired[bool]
    entries: NotRequired[list[tuple[AuditEntry, int | None]]]


def urls(score_admin: "ModelAdmin[Score]") -> list[URLPattern]:
    """The route of the page, for ScoreAdmin.get_urls()."""
    return [route(score_admin, "player", show_player)]


def route(score_admin: "ModelAdmin[Score]", name: str, show: Show) -> URLPattern:
    """Make a route for what is read of one player, by whoever may look at players and at entries.

    Its view raises PermissionDenied when the user may not.
    """

    @require_safe
    def view(request: HttpRequest, player: UUID) -> HttpResponseBase:
        if not (score_admin.has_view_permission(request) and request.user.has_perm("audit.view_auditentry")):
            raise PermissionDenied
        return show(score_admin, request, player)

    return path(f"<uuid:player>/{name}/", score_admin.admin_site.admin_view(view), name=f"scores_score_{name}")


def show_player(score_admin: "ModelAdmin[Score]", request: HttpRequest, player: UUID) -> HttpResponseBase:
    """Answer with the page of a player. Raises Http404 when there is no such player."""
    found = find_rank(player)
    if found is None:
        raise Http404
    is_own = found.score.user_id == request.user.pk
    history = describe(player)
    context: dict[str, object] = {
        **score_admin.admin_site.each_context(request),
        "title": found.score.name,
        "opts": score_admin.opts,
        "score": found.score,
        "rank": found.rank,
        "is_own": is_own,
        "may_act": not is_own and request.user.has_perm("scores.correct_score"),
        **history,
    }
    if request.user.has_perm("scores.view_flag"):
        context["flags"] = find_flags(player, history.get("came_from", []))
    return TemplateResponse(request, "admin/scores/score/player.html", context)


def describe(player: UUID) -> PlayerHistory:
    """Read what the log says of this player, ready to be shown."""
    newest = player_history.read_newest(player)
    refusals = player_history.read_refusals(player)
    page: PlayerHistory = {
        "refusals": player_history.sum_refusals(refusals),
        "refusals_cut": len(refusals) == player_history.MAXIMUM_REFUSALS,
        "chain": player_history.check_chain(player, newest[0].seq if newest else 0),
        "verification": _last_verification(player),
    }
    if not newest:
        return page
    length, last = newest[0].seq, newest[0]
    corrections = player_history.read_corrections(player)
    marks = player_history.make_marks(corrections, refusals)
    recent = player_history.recent_entries(player, length)
    addresses, agents = player_history.count_origins(recent, "address"), player_history.count_origins(recent, "agent")
    player_history.find_others(player, addresses, agents, datetime.now(UTC))
    points = player_history.read_points(player, length)
    hours = player_history.count_hours(recent, last.at_us)
    return {
        **page,
        "curve": draw_curve("curve", "Points over time", points, marks, player_history.find_frozen(corrections)),
        "signs": _sum_signs(marks),
        "is_sample": length > player_history.MAXIMUM_SAMPLES,
        "hours": draw_bars("hours", "Updates per hour, up to the last one", hours, HOUR),
        "actions": player_history.count_actions(recent),
        "origins": (("Addresses", addresses), ("Agents", agents)),
        "came_from": [origin.value for origin in addresses],
        "counted": min(length, player_history.MAXIMUM_RECENT_ENTRIES),
        "is_cut": length > player_history.MAXIMUM_RECENT_ENTRIES,
        "entries": _with_reversals(player, newest),
    }


def find_flags(player: UUID, addresses: Collection[str]) -> list[Flag]:
    """Find the flags about the player, and those about an issuer or an address that rest on the player's entries, newest first."""
    shared = Q(rule=Flag.Rule.SHARED_ADDRESS, subject__in=addresses) | Q(rule=Flag.Rule.ISSUER_VOLUME)
    candidates = Flag.objects.filter(shared, player=None).order_by("-opened_at")[:SHARED_FLAGS]
    naming = [flag for flag in candidates if any(named == str(player) for named, _ in flag.entries)]
    own = Flag.objects.filter(player=player).order_by("-opened_at")[:FLAGS]
    return sorted([*own, *naming], key=lambda flag: flag.opened_at, reverse=True)[:FLAGS]


def _last_verification(player: UUID) -> Verification | None:
    scopes = (Verification.ALL, str(player))
    return Verification.objects.filter(scope__in=scopes).order_by("-finished_at").first()


def _sum_signs(marks: list[Mark]) -> list[tuple[SafeString, str, int]]:
    """The legend: of each kind of mark its sign, its name and how many there are."""
    kinds = ("void", "restore", "adjust", "import", "freeze", "unfreeze", "refusal")
    counts = {kind: sum(mark.count for mark in marks if mark.kind == kind) for kind in kinds}
    return [(draw_sign(kind), kind, count) for kind, count in counts.items() if count]


def _with_reversals(player: UUID, entries: list[AuditEntry]) -> list[tuple[AuditEntry, int | None]]:
    """Pair each entry with the number of the one that reversed it, if any; attaches its player and who acted."""
    refs = {reversal_ref(player, entry.seq): entry.seq for entry in entries}
    reversals = AuditEntry.objects.filter(ref__in=refs).values_list("ref", "seq")
    reversed_by = {refs[ref]: seq for ref, seq in reversals if ref is not None}
    attach_players(entries)
    return [(entry, reversed_by.get(entry.seq)) for entry in entries]
