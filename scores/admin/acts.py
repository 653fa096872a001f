"""What investigators may do to players: the confirmation of each act, with the board as it would be after it, and the act.

What is to be done stands in the address (`?entries=12,14-18`, `?points=-50`): a preview is a GET, may be passed on as a link,
and what is confirmed is what was previewed. Entries that cannot be voided are left out of the preview and named; what the
preview shows is then done whole or, where anything is refused by now, not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.generic import View

from audit.models import AuditEntry
from scores.admin.act_steps import Service, Step, perform
from scores.admin.dry_run import DryRun, run_dry
from scores.admin.entries import PERMISSION, pair_with_players
from scores.admin.forms import ActForm, ConfirmationForm, EntriesForm, NameForm, PointsForm, SelectionForm
from scores.errors import Refused
from scores.investigation import corrections
from scores.models import Score

#: Beyond this a page says how many more there are.
MAXIMUM_ROWS = 50


@dataclass(frozen=True, slots=True)
class ActType:
    title: str
    effect: str
    service: Service
    form: type[ActForm] = ActForm


ACTS = {
    "void": ActType(
        "Void entries",
        "Takes back the points of awards and adjustments, each by an entry of its own. A receipt stays spent.",
        corrections.void,
        EntriesForm,
    ),
    "restore": ActType(
        "Restore voided entries",
        "Gives back exactly the points that a void took, once.",
        corrections.restore,
        EntriesForm,
    ),
    "adjust": ActType("Adjust points", "Gives or takes points for what no entry says.", corrections.adjust, PointsForm),
    "freeze": ActType(
        "Freeze",
        "Takes the player off the board. Nothing can be gained until unfrozen; points and entries stay.",
        corrections.freeze,
    ),
    "unfreeze": ActType(
        "Unfreeze", "Lets the player back on the board, with the points there were.", corrections.unfreeze
    ),
    "rename": ActType(
        "Rename",
        "Calls the player something else, on every board at once. The entry keeps both names.",
        corrections.rename,
        NameForm,
    ),
}
SELECTION = ActType("Void a selection of entries", ACTS["void"].effect, corrections.void, SelectionForm)


class PreviewRows(TypedDict):
    """The rows of a preview, as many as the page shows; `entries_count` is how many entries there are."""

    entries: list[tuple[AuditEntry, Score | None]]
    entries_count: int
    refused: list[tuple[Score | None, Step, str]]
    #: Points before and after, and how many that were to be taken are not there.
    players: list[tuple[Score | None, int, int, int]]


class ActPage(View):
    """An act on one player: GET shows what it would do, POST does it.

    Raises PermissionDenied when the user may not act, Http404 when there is no such act or player.
    """

    http_method_names = ["get", "head", "post"]
    act: ActType
    score: Score | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        self.find(**kwargs)
        if self.score is not None and self.score.user_id == request.user.pk:
            return self.render({"own": True}, status=403)
        query = request.GET if request.GET or not self.act.form.base_fields else None
        self.form = self.act.form(query)
        return super().dispatch(request, *args, **kwargs)

    def find(self, player: UUID, name: str) -> None:
        if name not in ACTS:
            raise Http404
        self.act = ACTS[name]
        self.score = get_object_or_404(Score, pk=player)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.preview()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        confirmation = ConfirmationForm(request.POST)
        steps = self.form.steps(self.player) if self.form.is_valid() else []
        if not (steps and confirmation.is_valid()):
            return self.preview(confirmation)
        seen = {self.player: confirmation.cleaned_data["seen"]} if self.player else {}
        try:
            entries = perform(
                self.act.service, steps, reason=confirmation.cleaned_data["reason"], user=self.user, seen=seen
            )
        except Refused as refusal:
            messages.error(request, refusal.explanation)
            return self.preview(confirmation)
        messages.success(request, _describe(entries))
        if self.score is not None:
            return redirect("admin:scores_score_player", self.score.pk)
        return redirect("admin:audit_auditentry_changelist")

    @property
    def player(self) -> UUID | None:
        return None if self.score is None else self.score.pk

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)  # noqa: S101 - the admin lets nobody else in
        return self.request.user

    def preview(self, confirmation: ConfirmationForm | None = None) -> HttpResponseBase:
        """The page with what would happen, or without it where the address does not say what to do."""
        if not self.form.is_valid():
            return self.render({"form": self.form})
        if self.score is not None:
            self.score.refresh_from_db()
        # Read before the dry run: a correction between the two is noticed, not missed.
        seen = self.score.seq if self.score else 0
        dry_run = run_dry(self.act.service, self.form.steps(self.player), self.user)
        return self.render(
            {
                "form": self.form if self.form.fields else None,
                "confirmation": confirmation or ConfirmationForm(),
                "seen": seen,
                "address": self.form.address(dry_run.possible),
                "dry_run": dry_run,
                **_list_rows(dry_run),
            }
        )

    def render(self, context: Mapping[str, object], status: int = 200) -> HttpResponseBase:
        page = {"title": self.act.title, "opts": Score._meta, "act": self.act, "score": self.score}
        whole = {**admin.site.each_context(self.request), **page, **context}
        return TemplateResponse(self.request, "admin/scores/act.html", whole, status=status)


class SelectionPage(ActPage):
    """The void of entries of whichever players."""

    def find(self) -> None:  # type: ignore[override]  # its route names neither player nor act
        self.act = SELECTION


def urls(score_admin: "admin.ModelAdmin[Score]") -> list[URLPattern]:
    """The routes of the acts, for ScoreAdmin.get_urls()."""
    act, selection = (score_admin.admin_site.admin_view(page.as_view()) for page in (ActPage, SelectionPage))
    return [
        path("void/", selection, name="scores_score_void_selection"),
        path("<uuid:player>/act/<slug:name>/", act, name="scores_score_act"),
    ]


def _list_rows(dry_run: DryRun) -> PreviewRows:
    """Name the players of a dry run, for the page; one query for all."""
    refused = dry_run.refused[:MAXIMUM_ROWS]
    balances = list(dry_run.balances.items())[:MAXIMUM_ROWS]
    names = Score.objects.in_bulk({player for player, _ in balances} | {step.player for step, _ in refused})
    entries = [step.entry for step in dry_run.possible if step.entry is not None]
    return {
        "entries": pair_with_players(entries[:MAXIMUM_ROWS]),
        "entries_count": len(entries),
        "refused": [(names.get(step.player), step, detail) for step, detail in refused],
        "players": [
            (names.get(player), before, after, -dry_run.left_out[player]) for player, (before, after) in balances
        ],
    }


def _describe(entries: list[AuditEntry]) -> str:
    """Say what was done, in the words of the commands."""
    if len(entries) == 1:
        [entry] = entries
        return f"Done, as entry {entry.seq} of this player: {corrections.describe(entry)}"
    players = len({entry.player for entry in entries})
    total = sum(entry.delta for entry in entries)
    return f"Done, as {len(entries)} entries of {players} players: {total:+d} points."
