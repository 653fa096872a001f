"""Each action is as its seal and the newest entry about it say."""

import pytest

from audit.models import AuditEntry
from scores.catalogue import set_action
from scores.integrity.catalogue_check import check_catalogue, find_fault_of_seal
from scores.models import Action
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db


def find() -> list[str]:
    return [finding.detail for finding in check_catalogue()]


@pytest.fixture
def quiz() -> Action:
    set_action(actor="system", slug="quiz", label="Quiz", points=10)
    return Action.objects.get(slug="quiz")


def test_an_action_that_nobody_changed_has_no_finding(quiz: Action) -> None:
    assert find() == []


def test_one_that_was_removed_added_or_changed_is_said(quiz: Action) -> None:
    with tampering():
        Action.objects.all().delete()
        assert find() == ["action 'quiz' was removed, which no entry says"]
    with tampering():
        Action.objects.create(slug="mine", label="Mine", points=1)
        assert find() == ["action 'mine' was added, which no entry says"]
    with tampering():
        Action.objects.update(points=1000)
        assert find() == ["action 'quiz' was changed behind the application's back"]


def test_an_earlier_row_is_not_what_the_newest_entry_made(quiz: Action) -> None:
    earlier = Action.objects.values().get()
    set_action(actor="system", slug="quiz", label="Quiz", points=20)
    with tampering():
        Action.objects.update(**earlier)
        seq = AuditEntry.objects.latest("pk").seq
        assert find() == [f"action 'quiz' is not what entry {seq} of the system chain made it"]


def test_a_key_that_is_not_there_is_named(quiz: Action) -> None:
    quiz.seal = quiz.seal.replace("ledger-1:", "lost:")
    assert find_fault_of_seal("it", quiz) == "it is sealed with a key that is not in the keyring: 'lost'"
