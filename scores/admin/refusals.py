"""The list of refusals at the desk: each beside the player who was refused, where one is known."""

import contextlib
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from audit.admin import RefusalAdmin
from audit.models import Refusal
from scores.admin.entries import link_player
from scores.admin.search import SEARCH_HELP, find_players
from scores.models import Score


class RefusalChangeList(ChangeList):
    """A page of refusals, each with whom it is about: one query for all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        players = set()
        for refusal in rows:
            with contextlib.suppress(ValueError):  # an address
                players.add(UUID(refusal.subject))
        scores = {str(pk): score for pk, score in Score.objects.in_bulk(players).items()}
        for refusal in rows:
            refusal.score = scores.get(refusal.subject)
        self.result_list = rows


class DeskRefusalAdmin(RefusalAdmin):
    """What the audit app shows of a refusal, and what it cannot know: who that is."""

    list_display = ["about" if column == "subject" else column for column in RefusalAdmin.list_display]
    list_display_links = ["minute"]
    search_help_text = f"{SEARCH_HELP} Or a whole address or reason."

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[RefusalChangeList]:
        return RefusalChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Refusal], search_term: str
    ) -> tuple[QuerySet[Refusal], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        subjects = [text, *map(str, find_players(text))]
        return queryset.filter(Q(subject__in=subjects) | Q(reason=text)), False

    @admin.display(description="who", ordering="subject")
    def about(self, refusal: Any) -> str:
        return str(refusal.subject) if refusal.score is None else link_player(refusal.score)
