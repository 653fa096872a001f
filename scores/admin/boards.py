"""Boards at the desk: the list, and the page of each, with its periods as the archive and what may be changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from audit import clock
from audit.admin import ReadOnlyAdmin
from scores.admin.board_export import send_standings
from scores.admin.board_forms import ACTS, BoardActForm, add_refusal, say_how_to_fill
from scores.admin.board_making import CONFIGURE, MakeBoardPage
from scores.admin.entries import show_name
from scores.admin.times import write_local
from scores.board.lookup import CURRENT, find_periods, view_periods
from scores.board.rows import Row, read_first
from scores.board_models import MAIN
from scores.errors import Refused
from scores.models import Board, Period
from scores.players import ensure_player
from scores.transfer.exporting import FILES

#: State of what was made ahead.
COMING = "coming"
#: Periods of one page of the archive.
PERIODS = 50


class ArchiveRow(NamedTuple):
    """A period with who is in it; times as the clocks of the board's zone show them, points as people read them."""

    name: str
    state: str
    starts: str
    ends: str
    players: int
    leader: Row | None
    score: int
    #: How often it was stated anew after it had been closed.
    amended: int = 0


class BoardChangeList(ChangeList):
    """The boards, each with its present period and who leads: a few statements for all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        boards = list(self.result_list)
        found = find_periods([(board, CURRENT) for board in boards], clock.read_us())
        first = read_first([view.id for view in found.values() if view.id is not None], 1)
        for board in boards:
            board.period_view = view = found.get((board.slug, CURRENT))
            rows = first[view.id].rows if view is not None and view.id is not None else []
            board.leading = rows[0] if rows else None
        self.result_list = boards


class BoardAdmin(ReadOnlyAdmin):
    """Every change is the service's, which records it; a board is switched off, not deleted."""

    list_display = ["slug", "label", "counts", "rule_and_order", "span", "zone", "state", "present_period", "leader"]
    list_filter = ["enabled"]
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may see the catalogue may see what is counted of it."""
        return super().has_view_permission(request, obj) or request.user.has_perm("scores.view_action")

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[BoardChangeList]:
        return BoardChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"may_configure": request.user.has_perm(CONFIGURE), **(extra_context or {})}
        return super().changelist_view(request, more)

    @admin.display(description="rule")
    def rule_and_order(self, board: Board) -> str:
        return f"{board.rule}, the smallest first" if board.ascending else board.rule

    @admin.display
    def state(self, board: Board) -> str:
        return read_state(board)

    @admin.display(description="present period")
    def present_period(self, board: Any) -> str:
        return "–" if board.period_view is None else str(board.period_view.name)

    @admin.display
    def leader(self, board: Any) -> str:
        if board.leading is None or board.filling or not board.enabled:
            return "–"
        return format_html("{}, {}", show_name(board.leading.name), board.sign * board.leading.points)

    def get_urls(self) -> list[URLPattern]:
        make = self.admin_site.admin_view(MakeBoardPage.as_view())
        act = self.admin_site.admin_view(self.act)
        export = self.admin_site.admin_view(require_safe(self.export))
        return [
            path("make/", make, name="scores_board_make"),
            path("<int:pk>/act/<slug:name>/", act, name="scores_board_act"),
            path("<int:pk>/export/<str:period>/<slug:form>", export, name="scores_board_export"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The board's page takes the place of a form that nobody may send."""
        if request.method == "GET" and self.has_view_permission(request):
            board = self.get_object(request, object_id)
            if board is not None:
                return self.show(request, board)
        return super().change_view(request, object_id, form_url, extra_context)

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Change a board that is there.

        Raises PermissionDenied when the user may not configure, Http404 when there is no such board or act.
        """
        if not request.user.has_perm(CONFIGURE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        board = get_object_or_404(Board, pk=pk)
        if name not in ACTS:
            raise Http404
        form = _make_form(name, board, request.POST)
        if not form.is_valid():
            return self.show(request, board, {name: form})
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
        try:
            with transaction.atomic():
                done = form.perform(str(ensure_player(request.user).pk))
        except Refused as refusal:
            add_refusal(form, refusal)
            board.refresh_from_db()
            return self.show(request, board, {name: form})
        messages.success(request, done)
        return redirect("admin:scores_board_change", pk)

    def export(self, request: HttpRequest, pk: int, period: str, form: str) -> HttpResponseBase:
        """Send the standings of a period as a file: who may look may take them along.

        Raises PermissionDenied when the user may not look, Http404 as `send_standings` does.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        return send_standings(request, pk, period, form)

    def show(self, request: HttpRequest, board: Board, sent: Mapping[str, BoardActForm] | None = None) -> HttpResponse:
        """Show a board's page; `sent` are forms that were refused, by the name of their act."""
        archive, older = read_archive(board, request.GET.get("before", ""))
        state = read_state(board)
        may_change = request.user.has_perm(CONFIGURE) and board.slug != MAIN
        context = {
            **self.admin_site.each_context(request),
            "title": board.label,
            "opts": self.opts,
            "board": board,
            "state": state,
            "how_to_fill": say_how_to_fill(board) if board.enabled else "",
            "archive": archive,
            "export_forms": list(FILES) if state == "on" else [],
            "older": older,
            "acts": _make_forms(board, sent or {}) if may_change else {},
        }
        return TemplateResponse(request, "admin/scores/board/board.html", context)


def read_state(board: Board) -> str:
    """Say whether a board is shown."""
    if not board.enabled:
        return "off"
    return "not filled yet" if board.filling else "on"


def read_archive(board: Board, before: str) -> tuple[list[ArchiveRow], int | None]:
    """Read a page of a board's periods, newest first, and where the next page begins; None where there is none.

    `before` is such a beginning, as the address has it; anything else is the first page.
    """
    periods = Period.objects.filter(board=board).order_by("-starts_us")
    if before.isascii() and before.isdecimal() and len(before) <= 18:
        periods = periods.filter(starts_us__lt=int(before))
    page = list(periods[: PERIODS + 1])
    older = page[PERIODS - 1].starts_us if len(page) > PERIODS else None
    now_us = clock.read_us()
    for period in page:
        period.board = board
    views = view_periods(page[:PERIODS], now_us)
    first = read_first([view.id for view in views if view.id is not None], 1)
    rows = []
    for view in views:
        players, found = first[view.id or 0]
        leader = found[0] if found else None
        ends = "" if view.ends_us is None else write_local(view.ends_us, board.zone)
        score = board.sign * leader.points if leader else 0
        starts = write_local(view.starts_us, board.zone)
        state = COMING if view.starts_us > now_us else view.state
        rows.append(ArchiveRow(view.name, state, starts, ends, players, leader, score))
    return rows, older


def _make_form(name: str, board: Board, sent: Any = None) -> BoardActForm:
    initial = {"label": board.label} if name == "label" else {}
    return ACTS[name](board, sent, auto_id=f"{name}-%s", initial=initial)


def _make_forms(board: Board, sent: Mapping[str, BoardActForm]) -> dict[str, BoardActForm]:
    names = ["label", "disable" if board.enabled else "enable"]
    if board.enabled and board.span == Board.Span.SEASON:
        names[1:1] = ["make-season", "end-season"]
    return {name: sent.get(name) or _make_form(name, board) for name in names}
