"""An account goes with its score and without a trace, or it has entries and stays: whatever comes between look and deletion."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.db.models.deletion import Collector, ProtectedError
from django.db.models.signals import pre_delete, pre_save
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.awards.rules import Award
from scores.errors import TokenInvalid
from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.awards import report
from tests.support.chains import check_chain
from tests.support.threads import in_another_thread, in_threads, wait_until_blocked

ROUNDS = 40


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


@pytest.fixture
def ada(quiz: Action) -> Score:
    return make_player("Ada")


@pytest.mark.django_db(transaction=True)
def test_a_first_award_between_look_and_deletion_keeps_the_account(ada: Score) -> None:
    deletion = Collector(using="default")
    deletion.collect([ada.user])
    report(ada)
    with pytest.raises(IntegrityError, match="has entries"):
        deletion.delete()
    assert User.objects.get().pk == ada.user_id
    check_chain(ada)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", range(2))
def test_of_deletion_and_first_award_at_once_one_happens(quiz: Action, round_number: int) -> None:
    for number in range(ROUNDS):
        player = make_player(f"Player {round_number}-{number}")

        def act(place: int, player: Score = player) -> object:
            try:
                return report(player) if place == round_number else User.objects.get(pk=player.user_id).delete()
            except (IntegrityError, TokenInvalid, User.DoesNotExist) as error:
                return error

        outcomes = in_threads(2, act)
        was_awarded = any(isinstance(outcome, Award) for outcome in outcomes)
        assert AuditEntry.objects.filter(player=player.pk).count() == was_awarded
        assert Score.objects.filter(pk=player.pk).count() == was_awarded
        assert User.objects.filter(pk=player.user_id).count() == was_awarded
        if was_awarded:
            check_chain(player)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestWhoWaitsForTheOther:
    def test_a_deletion_that_waited_for_the_first_award_is_refused(self, ada: Score) -> None:
        with transaction.atomic():
            report(ada)
            thread, outcome = in_another_thread(lambda: User.objects.get(pk=ada.user_id).delete())
            wait_until_blocked("DELETE")
        thread.join(30)
        assert [type(answer) for answer in outcome] == [IntegrityError]
        check_chain(ada)

    def test_a_first_award_that_waited_for_the_deletion_is_refused(self, ada: Score) -> None:
        with transaction.atomic():
            User.objects.get(pk=ada.user_id).delete()
            thread, outcome = in_another_thread(lambda: report(ada))
            wait_until_blocked()
        thread.join(30)
        assert [type(answer) for answer in outcome] == [TokenInvalid]
        assert (Score.objects.count(), AuditEntry.objects.count(), User.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_who_has_entries_is_protected_and_who_has_none_goes(player: Score, daily_quiz: Action) -> None:
    bea = make_player("Bea")
    report(player)
    with pytest.raises(ProtectedError):
        player.user.delete()
    with pytest.raises(IntegrityError, match="has entries"), transaction.atomic():
        Score.objects.filter(pk=player.pk)._raw_delete("default")
    bea.user.delete()
    assert list(Score.objects.values_list("name", flat=True)) == ["Ada"]
    assert list(User.objects.values_list("pk", flat=True)) == [player.user_id]


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
