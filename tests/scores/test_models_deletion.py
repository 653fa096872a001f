"""An account goes with its score and without a trace, or it has entries and stays: whatever comes between look and deletion."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.deletion import Collector, ProtectedError

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
