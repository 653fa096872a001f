"""What investigators may do to players: the confirmation of each act, with the board as it would be after it, and the act.

What is to be done stands in the address (`?entries=12,14-18`, `?flag=3`, `?points=-50`): a preview is a GET, may be passed on as
a link, and what is confirmed is what was previewed. Entries that cannot be voided are left out of the preview and named; what the
preview shows is then done whole or, where anything is refused by now, not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View

from audit.models import AuditEntry
from scores.admin.act_steps import Service, Step, perform
from scores.admin.act_words import count_entries, describe_done
from scores.admin.dry_run import DryRun, run_dry
from scores.admin.entries import PERMISSION, find_matching, pair_with_players
from scores.admin.forms import (
    ActForm,
    ConfirmationForm,
    EntriesForm,
    NameForm,
    PointsForm,
    RestoredEntriesForm,
    SelectionForm,
)
from scores.errors import Refused
from scores.investigation import corrections
from scores.models import Flag, Score

#: Beyond this a page says how many more there are.
MAXIMUM_ROWS = 50
#: A longer query is sent along with the confirmation instead: proxies refuse addresses of 8 KiB.
MAXIMUM_ADDRESS = 4000


@dataclass(frozen=True, slots=True)
class ActType:
    title: str
    effect: str
    service: Service
    form: type[ActForm] = ActForm
    #: With `entries` and `points`, which are how many and what they come to.
    button: str = "{title}"

    @property
    def is_void(self) -> bool:
        return self.service is corrections.void


ACTS = {
    "void": ActType(
        "Void entries",
        "Takes back the points of awards and adjustments, each by an entry of its own. A receipt stays spent.",
        corrections.void,
        EntriesForm,
        "Void {entries}, {points:+,}",
    ),
    "restore": ActType(
        "Restore voided entries",
        "Gives back exactly the points that a void took, once.",
        corrections.restore,
        RestoredEntriesForm,
        "Restore {entries}, {points:+,}",
    ),
    "adjust": ActType(
        "Adjust points",
        "Gives or takes points for what no entry says.",
        corrections.adjust,
        PointsForm,
        "Adjust by {points:+,}",
    ),
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
SELECTION = replace(ACTS["void"], title="Void a selection of entries", form=SelectionForm)


class PreviewRows(TypedDict):
    """The rows of a preview, as many as the page shows; `entries_count` is how many entries there are."""

    entries: list[tuple[AuditEntry, Score | None]]
    entries_count: int
    refused: list[tuple[Score | None, Step, str]]
    players: list["PlayerChange"]
    still_on_top: list["PlayerChange"]


class PlayerChange(NamedTuple):
    """Points and rank of a player before and after an act; `missing` is how many that were to be taken are not there."""

    score: Score | None
    before: int
    after: int
    rank_before: int | None
    rank_after: int | None
    missing: int


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
        self.back = _read_back(request)
        self.find(**kwargs)
        if self.score is not None and self.score.user_id == request.user.pk:
            return self.render({"own": True}, status=403)
        self.form = self.make_form()
        return super().dispatch(request, *args, **kwargs)

    def find(self, player: UUID, name: str) -> None:
        if name not in ACTS:
            raise Http404
        self.act = ACTS[name]
        self.score = get_object_or_404(Score, pk=player)

    @property
    def asked(self) -> QueryDict:
        """What the address asks, with entries that a preview sent along because no address can hold them."""
        asked = self.request.GET.copy()
        if "entries" in self.request.POST:
            asked["entries"] = self.request.POST["entries"]
        return asked

    def make_form(self) -> ActForm:
        """The form with what is asked."""
        asked, fields = self.asked, self.act.form.base_fields
        return self.act.form(asked if not fields or fields.keys() & asked.keys() else None)

    @property
    def flag(self) -> Flag | None:
        """The flag that the act began at, if any."""
        return None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return self.preview()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        confirmation = ConfirmationForm(request.POST)
        steps = self.form.steps(self.player) if self.form.is_valid() else []
        if not (steps and confirmation.is_valid()):
            return self.preview(confirmation)
        seen = {self.player: confirmation.cleaned_data["seen"]} if self.player else {}
        try:
            done = perform(
                self.act.service, steps, reason=confirmation.cleaned_data["reason"], user=self.user, seen=seen
            )
        except Refused as refusal:
            messages.error(request, refusal.explanation)
            return self.preview(confirmation)
        messages.success(request, describe_done(done, self.user, self.flag))
        return redirect(self.begin)

    @property
    def begin(self) -> str:
        """Where the act began, and leads back to."""
        if self.back:
            return self.back
        if self.score is not None:
            return reverse("admin:scores_score_player", args=[self.score.pk])
        return reverse("admin:audit_auditentry_changelist")

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
        asked = self.form.address(dry_run.possible)
        back = {"back": self.back} if self.back else {}
        is_long = len(urlencode(asked)) > MAXIMUM_ADDRESS
        entries, points = count_entries(len(dry_run.possible)), dry_run.points
        return self.render(
            {
                "form": self.form if self.form.fields else None,
                "confirmation": confirmation or ConfirmationForm(),
                "seen": seen,
                "address": f"?{urlencode(back if is_long else asked | back)}",
                "carried": asked if is_long else {},
                "button": self.act.button.format(title=self.act.title, entries=entries, points=points),
                "dry_run": dry_run,
                **_list_rows(dry_run),
            }
        )

    def render(self, context: Mapping[str, object], status: int = 200) -> HttpResponseBase:
        page = {
            "title": self.act.title,
            "opts": Score._meta,
            "act": self.act,
            "score": self.score,
            "back": self.back,
            "begin": self.begin,
        }
        whole = {**admin.site.each_context(self.request), **page, **context}
        return TemplateResponse(self.request, "admin/scores/act.html", whole, status=status)


class SelectionPage(ActPage):
    """The void of entries of whichever players."""

    def find(self) -> None:  # type: ignore[override]  # its route names neither player nor act
        self.act = SELECTION

    def make_form(self) -> ActForm:
        asked = self.asked
        query = "" if asked.get("entries") else asked.get("matching", "")
        matching = find_matching(self.request, query) if query else None
        is_asked = asked.keys() & {"entries", "flag", "matching"}
        return SelectionForm(asked if is_asked else None, matching=matching)

    @property
    def flag(self) -> Flag | None:
        flag: Flag | None = self.form.cleaned_data.get("flag")
        return flag


def urls(score_admin: "admin.ModelAdmin[Score]") -> list[URLPattern]:
    """The routes of the acts, for ScoreAdmin.get_urls()."""
    act, selection = (score_admin.admin_site.admin_view(page.as_view()) for page in (ActPage, SelectionPage))
    return [
        path("void/", selection, name="scores_score_void_selection"),
        path("<uuid:player>/act/<slug:name>/", act, name="scores_score_act"),
    ]


def _read_back(request: HttpRequest) -> str:
    """The page of the desk that the act began at, where the address names one."""
    back = request.GET.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith(reverse("admin:index"))
    return back if is_ours else ""


def _list_rows(dry_run: DryRun) -> PreviewRows:
    """Name the players of a dry run, for the page; one query for all."""
    refused = dry_run.refused[:MAXIMUM_ROWS]
    shown = list(dry_run.balances)[:MAXIMUM_ROWS]
    on_top = dry_run.still_on_top
    names = Score.objects.in_bulk({*shown, *on_top, *(step.player for step, _ in refused)})

    def change(player: UUID) -> PlayerChange:
        ranks = dry_run.ranks_before.get(player), dry_run.ranks_after.get(player)
        return PlayerChange(names.get(player), *dry_run.balances[player], *ranks, -dry_run.left_out[player])

    entries = [step.entry for step in dry_run.possible if step.entry is not None]
    return {
        "entries": pair_with_players(entries[:MAXIMUM_ROWS]),
        "entries_count": len(entries),
        "refused": [(names.get(step.player), step, detail) for step, detail in refused],
        "players": [change(player) for player in shown],
        "still_on_top": [change(player) for player in on_top],
    }
