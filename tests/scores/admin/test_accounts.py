"""Accounts at the desk: who has played stays, and a changed account is not what the board shows."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Model
from django.db.models.signals import pre_delete, pre_save
from django.test import Client
from django.urls import reverse

from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.awards import report


class TestTheAdmin:
    """A first award between Django's look for entries and its deletion."""

    @pytest.fixture
    def ada(self, db: None) -> Score:
        Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
        return make_player("Ada")

    @pytest.mark.parametrize("moment", [(pre_save, LogEntry), (pre_delete, User)], ids=["before", "while"])
    @pytest.mark.parametrize("selected", [False, True], ids=["one", "selected"])
    def test_says_that_somebody_played_meanwhile_and_keeps_the_account(
        self, admin_client: Client, ada: Score, moment: tuple[Any, type[Model]], selected: bool
    ) -> None:
        signal, model = moment
        path = (
            reverse("admin:auth_user_changelist") if selected else reverse("admin:auth_user_delete", args=[ada.user_id])
        )
        form = {"post": "yes", "action": "delete_selected", "_selected_action": [str(ada.user_id)]}

        def play(**_: Any) -> None:
            signal.disconnect(play, sender=model)
            report(ada)

        signal.connect(play, sender=model)
        try:
            page = admin_client.post(path, form, follow=True)
        finally:
            signal.disconnect(play, sender=model)
        assert page.status_code == 200
        assert "Nobody was deleted: somebody played meanwhile" in page.content.decode()
        assert User.objects.filter(pk=ada.user_id).exists()
        assert Score.objects.filter(pk=ada.pk).exists()
        assert not LogEntry.objects.exists()

    def test_deletes_who_never_played(self, admin_client: Client, ada: Score) -> None:
        admin_client.post(reverse("admin:auth_user_delete", args=[ada.user_id]), {"post": "yes"})
        assert not User.objects.filter(pk=ada.user_id).exists()
        assert not Score.objects.filter(pk=ada.pk).exists()

    def test_deletes_nobody_who_has_played(self, admin_client: Client, ada: Score) -> None:
        report(ada)
        page = admin_client.post(reverse("admin:auth_user_delete", args=[ada.user_id]), {"post": "yes"})
        assert "Cannot delete user" in page.content.decode()
        assert Score.objects.filter(pk=ada.pk, user__username="ada").exists()
