"""An act is credited exactly once, alone or with many others, whoever comes between."""

from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection

from audit.models import AuditEntry
from scores.awards import service
from scores.awards.rules import Attempt, Award, SelfReport
from scores.awards.service import Contended
from scores.callers import Caller
from scores.errors import (
    Cooldown,
    DailyCap,
    IdempotencyConflict,
    PlayerFrozen,
    ReceiptUsed,
    Refused,
    TokenInvalid,
    UnknownAction,
)
from scores.investigation import corrections
from scores.models import Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import change_actions, make_claims, make_player, make_receipt
from tests.support.awards import attempt_of, entries_of, report, together
from tests.support.chains import check_chain
from tests.support.threads import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def test_the_rules_hold_as_under_the_lock(ada: Score) -> None:
    report(ada)
    Action.objects.create(slug="other", label="Other", points=1, enabled=False)
    for act, error in (
        (SelfReport("other", "first"), IdempotencyConflict),
        (SelfReport("other", "new"), UnknownAction),
        (SelfReport("none", "new"), UnknownAction),
    ):
        with pytest.raises(error):
            service.award(attempt_of(ada, act))
    change_actions(cooldown_seconds=3600)
    with pytest.raises(Cooldown) as refusal:
        report(ada, "too soon")
    assert 3590 <= (refusal.value.retry_after or 0) <= 3600
    change_actions(cooldown_seconds=0, daily_cap=1)
    with pytest.raises(DailyCap):
        report(ada, "too often")
    assert AuditEntry.objects.filter(player=ada.pk).count() == 1
    check_chain(ada)


def test_a_receipt_counts_once_whatever_is_done_with_it(ada: Score) -> None:
    grace = make_player("Grace")
    claims = make_claims(ada)
    receipt = examine(make_receipt(ada, **claims))
    first = service.award(attempt_of(ada, receipt))
    again = service.award(attempt_of(ada, examine(make_receipt(ada, **claims))))
    assert (first.replayed, again.replayed, again.entry.mac) == (False, True, first.entry.mac)
    with pytest.raises(ReceiptUsed):
        service.award(attempt_of(ada, examine(make_receipt(ada, **{**claims, "pts": 26}))))
    with pytest.raises(Refused):
        service.award(attempt_of(grace, receipt))
    assert AuditEntry.objects.filter(kind="award").count() == 1
    check_chain(ada)


def test_one_player_hit_by_many_loses_nothing(ada: Score) -> None:
    def act(number: int) -> int:
        return sum(not report(ada, f"{number}-{turn}").replayed for turn in range(20))

    assert sum(in_threads(8, act)) == 160
    ada.refresh_from_db()
    assert (ada.points, ada.seq) == (1600, 160)
    check_chain(ada)


def test_several_of_one_player_follow_each_other(ada: Score) -> None:
    awards = together((ada, "first"), (ada, "second"), (ada, "first"), (ada, "third"))
    assert [(award.entry.seq, award.replayed) for award in awards if isinstance(award, Award)] == [
        (1, False),
        (2, False),
        (1, True),
        (3, False),
    ]
    assert AuditEntry.objects.filter(player=ada.pk).count() == 3
    check_chain(ada)


@pytest.mark.parametrize(
    ("terms", "refusal", "counted"),
    [({"cooldown_seconds": 60}, Cooldown, 1), ({"daily_cap": 2}, DailyCap, 2), ({"points": 1}, None, 4)],
)
def test_pace_is_kept_among_those_that_come_together(
    terms: dict[str, int], refusal: type[Exception] | None, counted: int, ada: Score
) -> None:
    change_actions(**terms)
    answers = together(*((ada, str(number)) for number in range(4)))
    assert [type(answer) for answer in answers] == [Award] * counted + [refusal] * (4 - counted)
    assert len(entries_of(ada)) == counted
    check_chain(ada)


def test_a_refusal_is_nobody_elses(players: list[Score]) -> None:
    corrections.freeze(player=players[1].pk, reason="test", actor="system")
    answers = together(*((player, "key") for player in players))
    assert [type(answer) for answer in answers] == [Award, PlayerFrozen, Award]
    assert [len(entries_of(player)) for player in players] == [1, 1, 1]


def test_a_player_of_elsewhere_is_made_by_the_first_award(quiz: Action) -> None:
    caller = Caller(uuid4(), "test", password_stamp=None, external_name="Mary")
    attempt = Attempt(caller, SelfReport("daily-quiz", "first"), {})
    [answer] = service.award_together([attempt])
    assert isinstance(answer, TokenInvalid)
    assert not Score.objects.exists()
    assert (service.award(attempt).replayed, service.award(attempt).replayed) == (False, True)
    mary = Score.objects.get(pk=caller.player)
    assert (mary.name, mary.points) == ("Mary", 10)
    [again] = service.award_together([attempt])
    assert isinstance(again, Award)
    assert again.replayed
    check_chain(mary)


def test_a_player_in_other_hands_is_passed_over_and_nobody_waits(players: list[Score]) -> None:
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [players[1].pk])
        answers = together(*((player, "key") for player in [*players, players[1]]))
        assert [type(answer) for answer in answers] == [Award, Contended, Award, Contended]
        assert [entries_of(player) for player in players] == [[(1, 10)], [], [(1, 10)]]
    assert [type(answer) for answer in together((players[1], "key"))] == [Award]
    for player in players:
        check_chain(player)


def test_one_key_of_two_players_awards_nobody_in_that_call(players: list[Score]) -> None:
    """As only an issuer can make it, who signs two receipts of one id; each by itself, the first of them counts."""
    claims = [make_claims(player, jti="one-id-for-two-players") for player in players[:2]]
    attempts = [
        attempt_of(player, examine(make_receipt(player, **each))) for player, each in zip(players, claims, strict=False)
    ]
    with pytest.raises(IntegrityError):
        service.award_together(attempts)
    assert AuditEntry.objects.filter(kind="award").count() == 0
    assert not service.award(attempts[0]).replayed
    with pytest.raises(ReceiptUsed):
        service.award(attempts[1])
    assert [entries_of(player) for player in players] == [[(1, 25)], [], []]
