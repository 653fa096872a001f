"""Who meets another writer waits for the lock, and is judged by what that one left."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from audit.models import AuditEntry
from scores.awards.rules import Award
from scores.errors import (
    PlayerFrozen,
    Refused,
    TokenInvalid,
)
from scores.investigation import corrections
from scores.models import Score
from tests.support.awards import report
from tests.support.chains import check_chain
from tests.support.threads import wait_until_blocked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def award_while(ada: Score, change: Callable[[], object]) -> list[object]:
    """An award while `change` holds the player: it passes the player over first, and then waits for the lock."""
    report(ada, "an entry to begin with")
    outcome: list[object] = []

    def act() -> None:
        try:
            outcome.append(report(ada, "in between"))
        except Refused as error:
            outcome.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        change()
        other = threading.Thread(target=act)
        other.start()
        wait_until_blocked()
    other.join(30)
    return outcome


def test_an_award_reads_again_when_another_entry_came_between(ada: Score) -> None:
    [award] = award_while(ada, lambda: corrections.adjust(player=ada.pk, delta=5, reason="test", actor="system"))
    assert isinstance(award, Award)
    assert (award.entry.seq, award.entry.balance) == (3, 25)
    check_chain(ada)


def test_a_freeze_in_between_refuses_the_award(ada: Score) -> None:
    [refusal] = award_while(ada, lambda: corrections.freeze(player=ada.pk, reason="test", actor="system"))
    assert isinstance(refusal, PlayerFrozen)
    assert AuditEntry.objects.filter(player=ada.pk).count() == 2
    check_chain(ada)


def test_an_erasure_in_between_leaves_no_new_data_of_the_person(ada: Score) -> None:
    [refusal] = award_while(ada, lambda: corrections.erase_player(player=ada.pk, reason="test", actor="system"))
    assert isinstance(refusal, TokenInvalid)
    assert list(AuditEntry.objects.filter(player=ada.pk).values_list("context")) == [(None,)]
