"""What Django's admin shows of players and catalogue, and who shows the rest. It calls services and never writes a score."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern

from audit.admin import ReadOnlyAdmin
from audit.columns import head_column, mark_column
from audit.models import AuditEntry, Refusal
from scores.admin import acts, case_download, player_page
from scores.admin.accounts import AccountAdmin
from scores.admin.boards import BoardAdmin
from scores.admin.entries import EntryAdmin, show_name
from scores.admin.flags import FlagAdmin
from scores.admin.refusals import DeskRefusalAdmin
from scores.admin.search import SEARCH_HELP, narrow_scores
from scores.board import ranks
from scores.board_models import MAIN_PERIOD
from scores.catalogue import read_terms, set_action
from scores.errors import Refused
from scores.models import Action, Board, Flag, Score
from scores.players import ensure_player

#: What an action may be, in words.
MARKS = {
    "receipt_required": mark_column("receipt_required", "receipt", "required"),
    "takes_value": mark_column("takes_value", "value", "taken"),
    "enabled": mark_column("enabled", "state", "off", is_marked=False),
}


class BoardFilter(admin.SimpleListFilter):
    """Who is on the board, unless somebody is searched for: its index holds just these, in order, where sorting all takes seconds."""

    title = "place"
    parameter_name = "place"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("frozen", "Frozen"), ("none", "Without entries")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        everybody, *others = super().choices(changelist)
        yield {**everybody, "display": "Everybody found" if changelist.query else "On the board"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Score]) -> QuerySet[Score]:
        if self.value() == "frozen":
            return queryset.filter(frozen=True)
        if self.value() == "none":
            return queryset.filter(reached_at__isnull=True)
        if is_board(request):
            return queryset.filter(standings__period=MAIN_PERIOD, standings__hidden=False)
        return queryset


def is_board(request: HttpRequest) -> bool:
    """Tell whether the list asked for is the board: nobody is searched for, and no others are chosen."""
    others = request.GET.get(BoardFilter.parameter_name) in {"frozen", "none"}
    return not others and not request.GET.get(SEARCH_VAR, "").strip()


@admin.register(Score)
class ScoreAdmin(ReadOnlyAdmin):
    list_display = [
        "shown_name",
        "points",
        head_column("reached_at", "present points since"),
        head_column("seq", "entries"),
        mark_column("frozen", "state", "frozen"),
    ]
    list_filter = [BoardFilter]
    search_fields = ["name_key"]
    search_help_text = SEARCH_HELP
    ordering = ["-points", "reached_at", "id"]
    sortable_by = ()
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable] | tuple[str | Combinable, ...]:
        """In the order of the board, whose index goes by its own columns."""
        if is_board(request):
            return ["-standings__points", "standings__reached_at", "standings__player"]
        return super().get_ordering(request)

    def get_paginator(self, request: HttpRequest, queryset: Any, *arguments: Any, **options: Any) -> "Paginator[Score]":
        """Pages of the board are as many as are counted already."""
        paginator: Paginator[Score] = super().get_paginator(request, queryset, *arguments, **options)
        if is_board(request):
            vars(paginator)["count"] = ranks.count_players(MAIN_PERIOD)
        return paginator

    @admin.display(description="name")
    def shown_name(self, score: Score) -> str:
        return show_name(score.name)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Score], search_term: str
    ) -> tuple[QuerySet[Score], bool]:
        text = search_term.strip()
        return (narrow_scores(queryset, text) if text else queryset), False

    def get_urls(self) -> list[URLPattern]:
        """The pages of the desk about one player come before Django's own, whose last pattern takes everything."""
        return [*player_page.urls(self), *acts.urls(self), *case_download.urls(self), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The player's page takes the place of a form that nobody may send."""
        may_look = request.method == "GET" and self.has_view_permission(request)
        if may_look and (score := self.get_object(request, object_id)) is not None:
            return redirect("admin:scores_score_player", score.pk)
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(Action)
class ActionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Every change goes through the service, which records it; an action is switched off, not deleted."""

    list_display = [
        "slug",
        "label",
        "points",
        head_column("cooldown_seconds", "pause in seconds", zero="none"),
        head_column("daily_cap", "most a day", zero="no cap"),
        *MARKS.values(),
    ]
    list_filter = ["enabled", "receipt_required", "takes_value"]

    def get_fields(self, request: HttpRequest, obj: Action | None = None) -> Any:
        """Who may not tick a box reads what it says."""
        names = super().get_fields(request, obj)
        if self.has_change_permission(request, obj):
            return names
        return [MARKS.get(str(name), name) for name in names]

    def has_delete_permission(self, request: HttpRequest, obj: Action | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Action | None = None) -> list[str]:
        return ["slug"] if obj else []

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *arguments, **options)
        except Refused as refusal:
            self.message_user(request, refusal.explanation, messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Action, form: forms.Form, change: bool) -> None:
        # An admin acts as a player too: the log names everyone who did something by the same kind of UUID.
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
        set_action(actor=str(ensure_player(request.user).pk), **read_terms(obj))


admin.site.register(Board, BoardAdmin)
admin.site.register(Flag, FlagAdmin)
admin.site.unregister(User)
admin.site.register(User, AccountAdmin)
# The audit app shows its entries and refusals without knowing players; the desk does.
admin.site.unregister([AuditEntry, Refusal])
admin.site.register(AuditEntry, EntryAdmin)
admin.site.register(Refusal, DeskRefusalAdmin)
