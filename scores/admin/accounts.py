"""Accounts in the admin: Django's own pages, and a word where what is changed there is not what the board shows."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from audit.admin import BoundedLookups
from audit.columns import mark_column
from scores.admin.search import SEARCH_HELP, find_players
from scores.models import Score

#: What an account may be, in words.
MARKS = {
    "is_staff": mark_column("is_staff", "desk", "may sign in"),
    "is_superuser": mark_column("is_superuser", "rights", "all"),
    "is_active": mark_column("is_active", "state", "deactivated", is_marked=False),
}


class AccountAdmin(BoundedLookups, UserAdmin):  # type: ignore[type-arg]
    list_display = (
        "username",
        "email",
        "first_name",
        "last_name",
        *MARKS.values(),
    )
    # The server writes them.
    readonly_fields = ("last_login", "date_joined")
    search_fields = ("username",)
    search_help_text = f"{SEARCH_HELP} Or the begin of the user name, as it is written."
    show_full_result_count = False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who may not tick a box reads what it says."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [
            (heading, {**options, "fields": [MARKS.get(str(name), name) for name in options["fields"]]})
            for heading, options in fieldsets
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """What has an index: not the e-mail address."""
        text = search_term.strip()
        if not text:
            return queryset, False
        players = list(Score.objects.filter(pk__in=find_players(text)).values_list("user", flat=True))
        return queryset.filter(Q(pk__in=players) | Q(username__startswith=text)), False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        score = Score.objects.filter(user=obj).first() if change and "username" in form.changed_data else None
        if score is not None:
            address = reverse("admin:scores_score_act", args=[score.pk, "rename"])
            text = 'The boards go on showing the name {}. <a href="{}">Rename the player</a> to change that.'
            self.message_user(request, format_html(text, score.name, address), messages.WARNING)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """An empty score goes with its account, though nobody may delete scores; one with entries protects it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking - {Score._meta.verbose_name}, protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._unless_played(
            request, lambda: super(AccountAdmin, self).delete_view(request, object_id, extra_context)
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._unless_played(request, lambda: super(AccountAdmin, self).changelist_view(request, extra_context))

    def _unless_played(self, request: HttpRequest, show: Callable[[], HttpResponse]) -> HttpResponse:
        """Django looks for entries before it deletes; who played between the two stays, and no log says otherwise."""
        try:
            with transaction.atomic():
                return show()
        except (ProtectedError, IntegrityError):
            text = "Nobody was deleted: somebody played meanwhile, and has entries now. Deactivate the account, or erase the person."
            self.message_user(request, text, messages.ERROR)
            return redirect(request.get_full_path())
