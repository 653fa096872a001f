"""Flags at the desk: the open ones first, each with its sentence and entries, to be confirmed or dismissed by a person."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from audit.admin import ReadOnlyAdmin
from audit.columns import head_column
from audit.times import to_us
from scores.admin.entries import PERMISSION, pair_with_players, show_name
from scores.admin.places import write_entries
from scores.admin.search import SEARCH_HELP, narrow_by_player
from scores.errors import Refused
from scores.investigation import flags
from scores.investigation.flag_acts import Voidable, read_acts, read_since, weigh
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH
from scores.investigation.runs import Run
from scores.models import Flag, Score
from scores.players import ensure_player

#: Of what a flag rests on, on its page; an act takes all of it.
MAXIMUM_LISTED = 50


class ReviewForm(forms.Form):
    """`verdict` is the button; a confirmation may go on to an act, which has a confirmation of its own."""

    VERDICTS = ("confirm", "confirm-void", "confirm-since", "confirm-freeze", "dismiss")
    verdict = forms.ChoiceField(choices=[(verdict, verdict) for verdict in VERDICTS])
    note = forms.CharField(
        required=False,
        max_length=MAXIMUM_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What you found; kept in the log. A dismissal needs it.",
    )


class FlagAdmin(ReadOnlyAdmin):
    list_display = ["rule", "about", "why", "state", head_column("opened_at", "opened")]
    list_filter = ["state", "rule"]
    search_fields = ["subject"]
    search_help_text = f"{SEARCH_HELP} Or a whole address or issuer."
    # By the alphabet the open ones are last.
    ordering = ["-state", "-opened_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flag]:
        names = Score.objects.filter(pk=OuterRef("player")).values("name")[:1]
        queryset: QuerySet[Flag] = super().get_queryset(request)
        return queryset.annotate(player_name=Subquery(names))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Flag], search_term: str
    ) -> tuple[QuerySet[Flag], bool]:
        text = search_term.strip()
        # All rules are named because the index begins with them.
        found = narrow_by_player(queryset, text, subject=text, rule__in=Flag.Rule.values) if text else queryset
        return found, False

    @admin.display(ordering="subject")
    def about(self, flag: Any) -> str:
        if flag.player_name is None:
            return str(flag.subject)
        address = reverse("admin:scores_score_player", args=[flag.player])
        return format_html('<a href="{}">{}</a>', address, show_name(flag.player_name))

    def get_urls(self) -> list[URLPattern]:
        review = self.admin_site.admin_view(self.review)
        return [path("<int:pk>/review/", review, name="scores_flag_review"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of review takes the place of a form that nobody may send."""
        if request.method == "GET" and self.has_view_permission(request):
            flag = self.get_object(request, object_id)
            if flag is not None:
                return self.show(request, flag)
        return super().change_view(request, object_id, form_url, extra_context)

    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record what a person found, then go on to the confirmation of the act that was asked for, if any.

        Raises PermissionDenied when the user may not review.
        """
        if not (request.user.has_perm(PERMISSION) and self.has_view_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        flag = get_object_or_404(Flag, pk=pk)
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self.show(request, flag, form)
        verdict, note = form.cleaned_data["verdict"], form.cleaned_data["note"]
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
        try:
            with transaction.atomic():
                actor = str(ensure_player(request.user).pk)
                (flags.dismiss if verdict == "dismiss" else flags.confirm)(flag=pk, actor=actor, note=note)
        except Refused as refusal:
            messages.error(request, refusal.explanation)
            flag.refresh_from_db()
            return self.show(request, flag, form)
        messages.success(request, "The flag is dismissed." if verdict == "dismiss" else "The flag is confirmed.")
        acts = {act.name: act.address for act in find_acts(flag, read_acts(flag))}
        return redirect(acts.get(verdict.removeprefix("confirm-")) or reverse("admin:scores_flag_change", args=[pk]))

    def show(self, request: HttpRequest, flag: Flag, review: ReviewForm | None = None) -> HttpResponse:
        linked = flag.linked_entries()[:MAXIMUM_LISTED]
        described = read_acts(flag)
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
        own = Score.objects.filter(user=request.user).values_list("pk", flat=True).first()
        context = {
            **self.admin_site.each_context(request),
            "title": flag.get_rule_display(),
            "opts": self.opts,
            "flag": flag,
            "score": Score.objects.filter(pk=flag.player).first() if flag.player else None,
            "reviewer": Score.objects.filter(pk=flag.reviewed_by).first() if flag.reviewed_by else None,
            "entries": pair_with_players(linked),
            "acts": find_acts(flag, described),
            "later": weigh(read_since(described), after_us=to_us(flag.opened_at)),
            "acts_count": sum(run.size for run in described),
            "review": review or ReviewForm(),
            "is_own": str(own) in flags.name_subjects(flag),
            "may_review": request.user.has_perm(PERMISSION),
        }
        return TemplateResponse(request, "admin/scores/flag/review.html", context)


class OfferedAct(NamedTuple):
    """An act on what a flag is about: the button that says what it would come to, and where it is confirmed."""

    name: str
    button: str
    address: str


def find_acts(flag: Flag, about: list[Run]) -> list[OfferedAct]:
    """Find the acts that are possible by now on a flag and what it is about."""
    back = {"back": reverse("admin:scores_flag_change", args=[flag.pk])}
    acts = []
    described, since = weigh(about), read_since(about)
    everything = weigh(since)
    if described.total:
        button = f"Void {_count(described, 'act', 'acts')}, {-described.points:+,}"
        acts.append(OfferedAct("void", button, _make_void_url({"flag": str(flag.pk)} | back)))
    if everything.total > described.total:
        begin = f"since #{since[0].first}" if len(since) == 1 else f"of these {len(since)} players since then"
        count = _count(everything, "entry", "entries").removeprefix("the ")
        query = {"entries": write_entries(since), "flag": str(flag.pk)} | back
        button = f"Void everything {begin}, {count}, {-everything.points:+,}"
        acts.append(OfferedAct("since", button, _make_void_url(query)))
    if flag.player and Score.objects.filter(pk=flag.player, frozen=False).exists():
        address = reverse("admin:scores_score_act", args=[flag.player, "freeze"])
        acts.append(OfferedAct("freeze", "Freeze", f"{address}?{urlencode(back)}"))
    return acts


def _count(found: Voidable, noun: str, plural: str) -> str:
    if found.total == 1:
        return f"the {noun}"
    return f"the {'first ' if found.is_cut else ''}{found.total:,} {plural}"


def _make_void_url(query: dict[str, str]) -> str:
    return f"{reverse('admin:scores_score_void_selection')}?{urlencode(query)}"
