"""Flags at the desk: the open ones first, each with its sentence and entries, to be confirmed or dismissed by a person."""

from typing import Any

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
from scores.admin.entries import PERMISSION, make_void_url, pair_with_players, show_name
from scores.admin.forms import MAXIMUM_ENTRIES
from scores.admin.search import SEARCH_HELP, narrow_by_player
from scores.errors import Refused
from scores.investigation import flags
from scores.investigation.corrections import REVERSIBLE
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH
from scores.models import Flag, Score
from scores.players import ensure_player


class ReviewForm(forms.Form):
    """`verdict` is the button; a confirmation may go on to an act, which has a confirmation of its own."""

    VERDICTS = ("confirm", "confirm-void", "confirm-freeze", "dismiss")
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
        acts = _find_acts(flag)
        return redirect(acts.get(verdict.removeprefix("confirm-")) or reverse("admin:scores_flag_change", args=[pk]))

    def show(self, request: HttpRequest, flag: Flag, review: ReviewForm | None = None) -> HttpResponse:
        linked = flag.linked_entries()[:MAXIMUM_ENTRIES]
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
            "acts": _find_acts(flag),
            "review": review or ReviewForm(),
            "is_own": str(own) in {flag.subject, *(player for player, _ in flag.entries)},
            "may_review": request.user.has_perm(PERMISSION),
        }
        return TemplateResponse(request, "admin/scores/flag/review.html", context)


def _find_acts(flag: Flag) -> dict[str, str]:
    """Where the acts on what the flag is about are confirmed, by the act's name."""
    acts = {}
    ids = [entry.pk for entry in flag.linked_entries()[:MAXIMUM_ENTRIES] if entry.kind in REVERSIBLE]
    if ids:
        acts["void"] = make_void_url(ids)
    if flag.player and Score.objects.filter(pk=flag.player, frozen=False).exists():
        acts["freeze"] = reverse("admin:scores_score_act", args=[flag.player, "freeze"])
    return acts
