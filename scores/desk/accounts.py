"""Accounts in the admin: Django's own pages, and a word where what is changed there is not what the board shows."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from scores.models import Score


class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        score = Score.objects.filter(user=obj).first() if change and "username" in form.changed_data else None
        if score is not None:
            address = reverse("admin:scores_score_act", args=[score.pk, "rename"])
            text = 'The boards go on showing the name {}. <a href="{}">Rename the player</a> to change that.'
            self.message_user(request, format_html(text, score.name, address), messages.WARNING)
