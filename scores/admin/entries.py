"""The list of entries at the desk: each beside its player, with the acts at hand."""

import contextlib
from collections.abc import Iterable
from copy import copy
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from audit import chain
from audit.admin import AuditEntryAdmin
from audit.changelist import AFTER, BEFORE, KeysetChangeList
from audit.models import AuditEntry
from audit.verification import CheckResult
from scores.admin.places import write_entries
from scores.admin.search import narrow_entries
from scores.investigation.corrections import REVERSIBLE
from scores.investigation.runs import merge
from scores.models import Score
from scores.receipts.evidence import EvidenceCheck

#: May act and review. Looking is the models' view permissions, configuring the catalogue its add and change.
PERMISSION = "scores.correct_score"
#: The columns that name somebody, and what shows the name; the audit app itself has nothing but the UUID.
LINKS: dict[Any, str] = {"player": "player_link", "actor": "actor_link"}


class EntryChangeList(KeysetChangeList):
    """A page of entries, each with whose it is and who acted: one query for all, where a join would slow down filters and exports."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        attach_players(self.result_list)

    @property
    def void_all_link(self) -> str:
        """Where the void of all that the filters and the search leave is confirmed; none where they leave everything."""
        if not (self.has_active_filters or self.query):
            return ""
        query = self.get_query_string(remove=[BEFORE, AFTER]).removeprefix("?")
        return f"{reverse('admin:scores_score_void_selection')}?{urlencode({'matching': query})}"


class EntryAdmin(AuditEntryAdmin):
    """What the audit app shows of an entry, and what it cannot know: whose it is and what may be done about it."""

    list_display = [LINKS.get(name, name) for name in AuditEntryAdmin.list_display if name != "player"]
    # The number has two links: to the player and to the entry.
    list_display_links: Any = None
    # The sealed actor is shown as it is; the name stands beside it.
    fields = [
        part for name in AuditEntryAdmin.fields for part in ((name, "actor_link") if name == "actor" else (name,))
    ]
    search_help_text = (
        "A player's name or the begin of the id, NAME#NUMBER of one entry, or a whole address, request id or reference."
    )
    actions = ["void_selection"]
    change_form_template = "admin/scores/entry.html"

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[EntryChangeList]:
        return EntryChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        entry: AuditEntry | None = super().get_object(request, object_id, from_field)
        if entry is not None:
            attach_players([entry])
        return entry

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        text = search_term.strip()
        return (narrow_entries(queryset, text) if text else queryset), False

    def check_on_the_spot(self, entry: AuditEntry) -> list[CheckResult]:
        """With the receipt, which takes knowing the issuers."""
        results = super().check_on_the_spot(entry)
        if entry.kind == AuditEntry.Kind.AWARD and entry.verified and isinstance(entry.context, dict):
            fault = EvidenceCheck().find_fault(entry.context, entry)
            sentence = (
                fault or "An issuer signed it for this player, this action and these points; it is spent by this entry."
            )
            results.append(CheckResult(not fault, sentence, "Receipt"))
        return results

    @admin.display(description="player")
    def player_link(self, entry: Any) -> str:
        return name_owner(entry) if entry.score is None else link_player(entry.score)

    @admin.display(description="by")
    def actor_link(self, entry: Any) -> str:
        """Who did it, where that says more than the column of the player."""
        if entry.actor == str(entry.player):
            return "player"
        return link_player(entry.acting) if entry.acting else str(entry.actor)

    @admin.display(description="entry")
    def number(self, entry: Any) -> str:
        """The entry by the number that every page and every act has for it: `NAME#12`."""
        address = reverse("admin:audit_auditentry_change", args=[entry.place])
        if entry.score is None:
            return format_html('<a href="{}">{}</a>', address, f"{name_owner(entry)}#{entry.seq}")
        return format_html('{}<a href="{}">#{}</a>', link_player(entry.score), address, entry.seq)

    def has_correct_permission(self, request: HttpRequest) -> bool:
        """Who is offered the act below."""
        return request.user.has_perm(PERMISSION)

    @admin.action(description="Void the selected entries…", permissions=["correct"])
    def void_selection(self, request: HttpRequest, selection: QuerySet[AuditEntry]) -> HttpResponse:
        """Nothing yet: the confirmation comes first."""
        runs = merge(selection.order_by().values_list("player", "seq"))
        query = {"entries": write_entries(runs), "back": request.get_full_path()}
        return redirect(f"{reverse('admin:scores_score_void_selection')}?{urlencode(query)}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one entry, with whose it is and the act on it."""
        entry: Any = self.get_object(request, object_id)
        score = entry.score if entry else None
        more: dict[str, object] = {"score": score}
        if entry and score and request.user.has_perm(PERMISSION) and score.user_id != request.user.pk:
            more["may_void"] = entry.kind in REVERSIBLE
            more["may_restore"] = entry.kind == AuditEntry.Kind.VOID
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})


def find_matching(request: HttpRequest, query: str) -> QuerySet[AuditEntry]:
    """Find the entries that the list shows for a query of its own, on all its pages.

    Raises Http404 when the list would not take the query.
    """
    asked = copy(request)
    asked.GET = QueryDict(query)
    try:
        changelist = admin.site.get_model_admin(AuditEntry).get_changelist_instance(asked)
        entries: QuerySet[AuditEntry] = changelist.get_queryset(asked)
    except IncorrectLookupParameters:
        raise Http404 from None
    return entries


def name_owner(entry: Any) -> str:
    """Name whose chain an entry is in, whose player was attached."""
    if entry.score is None:
        return "System" if entry.player == chain.SYSTEM_CHAIN else str(entry.player)
    return str(entry.score.name)


def show_name(name: str) -> str:
    """Mark up a name as all pages show it: with a direction of its own, and never translated by a browser."""
    return format_html('<bdi class="notranslate" translate="no">{}</bdi>', name)


def link_player(score: Score) -> str:
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:scores_score_player", args=[score.pk]), show_name(score.name)
    )


def attach_players(entries: Iterable[AuditEntry]) -> None:
    """Attach to each entry the `score` of its player and, as `acting`, that of its actor, by one query; None where there is none."""
    rows: list[Any] = list(entries)
    players = {entry.player for entry in rows}
    for entry in rows:
        with contextlib.suppress(ValueError):  # such as "system"
            players.add(UUID(entry.actor))
    scores = {str(pk): score for pk, score in Score.objects.in_bulk(players).items()}
    for entry in rows:
        entry.score, entry.acting = scores.get(str(entry.player)), scores.get(entry.actor)


def pair_with_players(entries: Iterable[AuditEntry]) -> list[tuple[AuditEntry, Score | None]]:
    """Pair each entry with the score of its player, by one query."""
    rows = list(entries)
    scores = Score.objects.in_bulk({entry.player for entry in rows})
    return [(entry, scores.get(entry.player)) for entry in rows]
