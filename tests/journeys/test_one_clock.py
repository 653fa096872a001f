"""One award, one instant: by the log's clock alone, read when nothing has to be waited for any more; verification repeats it."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from audit import clock
from audit.ledger import EntryDraft
from audit.models import AuditEntry
from audit.times import to_moment, to_us
from audit.verification import Finding
from scores import chain
from scores.awards import service
from scores.awards.rules import Award
from scores.errors import Cooldown, DailyCap, ReceiptInvalid, Refused
from scores.integrity.verification import verify
from scores.models import Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import change_actions, make_player, make_receipt, read_problem, update
from tests.support.awards import attempt_of, report
from tests.support.processes import wait_until
from tests.support.threads import wait_until_blocked

SECOND = timedelta(seconds=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TurnClock = Callable[[datetime], None]


@pytest.mark.postgresql
class TestOnPostgreSQL:
    """Both ways of an award: together with others, and under the player's lock."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def ada(self, transactional_db: None) -> Score:
        Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
        return make_player("Ada")

    @pytest.mark.parametrize("by_lock", [False, True])
    @pytest.mark.parametrize("days", [1, -1])
    def test_a_hosts_clock_decides_nothing(
        self, ada: Score, days: int, by_lock: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receipt = make_receipt(ada)
        change_actions(cooldown_seconds=60)
        real_time, real_time_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: real_time() + days * 86_400)
        monkeypatch.setattr(time, "time_ns", lambda: real_time_ns() + days * 86_400 * 10**9)
        first = self.award(ada, by_lock, lambda: service.award(attempt_of(ada, examine(receipt))))
        with pytest.raises(Cooldown) as refusal:
            self.award(ada, by_lock, lambda: report(ada))
        assert 55 <= (refusal.value.retry_after or 0) <= 60
        monkeypatch.undo()
        assert abs(to_moment(first.entry.at_us) - datetime.now(UTC)) < timedelta(seconds=30)
        assert list(verify(player=ada.pk)) == []

    @staticmethod
    def award(ada: Score, by_lock: bool, act: Callable[[], Award]) -> Award:
        """As by a request of its own, or inside a transaction, where there is but the lock."""
        if not by_lock:
            return act()
        with transaction.atomic():
            return act()

    def test_a_receipt_that_ends_while_its_award_waits_for_the_player_is_refused(self, ada: Score) -> None:
        report(ada, "an entry to begin with")
        ends_us = (clock.read_us() // 1_000_000 + 3) * 1_000_000
        ends = ends_us // 1_000_000 - 30
        receipt = examine(make_receipt(ada, iat=ends - 60, exp=ends))
        outcome: list[Award | Refused] = []

        def act() -> None:
            try:
                outcome.append(service.award(attempt_of(ada, receipt)))
            except Refused as error:
                outcome.append(error)
            finally:
                connection.close()

        with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
            other.execute("SELECT FROM scores_score WHERE id = %s FOR UPDATE", [ada.pk])
            waiting = threading.Thread(target=act)
            waiting.start()
            wait_until_blocked()
            assert clock.read_us() < ends_us, "the machine is too slow for this test"
            wait_until(lambda: clock.read_us() >= ends_us, seconds=10, what="The end of the receipt")
        waiting.join(30)
        [refusal] = outcome
        assert isinstance(refusal, ReceiptInvalid)
        assert refusal.reason == "expiredsignature"
        assert AuditEntry.objects.filter(player=ada.pk).count() == 1
        assert list(verify(player=ada.pk)) == []


def edges() -> dict[str, tuple[dict[str, int], timedelta, str]]:
    """Claims relative to noon, the time of the award, and the fault; to the microsecond."""
    least = timedelta(microseconds=1)
    return {
        "just not over": ({"iat": -60, "exp": 0}, 30 * SECOND - least, ""),
        "over": ({"iat": -60, "exp": 0}, 30 * SECOND, "expiredsignature"),
        "just begun": ({"iat": 0, "exp": 60}, -30 * SECOND, ""),
        "not begun": ({"iat": 0, "exp": 60}, -30 * SECOND - least, "immaturesignature"),
        "the longest life": ({"iat": 0, "exp": 600}, SECOND, ""),
        "too long a life": ({"iat": 0, "exp": 601}, SECOND, "lifetime"),
        "no life": ({"iat": 0, "exp": 0}, SECOND, "lifetime"),
    }


@pytest.mark.parametrize("name", edges())
def test_verification_repeats_exactly_what_the_award_was_judged_by(
    player: Score, token: str, daily_quiz: Action, turn_clock: TurnClock, name: str
) -> None:
    claims, after_noon, fault = edges()[name]
    noon = int(NOON.timestamp())
    receipt = make_receipt(player, **{claim: noon + seconds for claim, seconds in claims.items()})
    turn_clock(NOON + after_noon)
    response = update({"receipt": receipt}, token=token)
    if fault:
        read_problem(response, 422, "receipt_invalid")
        assert not AuditEntry.objects.exists()
        write_award(player, receipt)
    assert [entry.at for entry in AuditEntry.objects.all()] == [NOON + after_noon]
    expected = [Finding("receipt", f"receipt did not hold when the award was made: {fault}", str(player.pk), 1)]
    assert [finding for finding in verify() if finding.rule == "receipt"] == (expected if fault else [])


def write_award(player: Score, receipt: str) -> None:
    """An award as who holds the ledger key could write it."""
    read: Any = examine(receipt)
    with transaction.atomic():
        draft = EntryDraft(
            kind="award", delta=25, action="daily-quiz", ref=read.ref, actor="system", context={"receipt": receipt}
        )
        chain.append_entry(player, draft)


def test_no_award_is_judged_by_an_earlier_time_than_the_chains_last_entry(
    player: Score, daily_quiz: Action, turn_clock: TurnClock
) -> None:
    change_actions(daily_cap=1)
    turn_clock(NOON)
    report(player, "the first")
    turn_clock(NOON - timedelta(days=1))
    with pytest.raises(DailyCap) as refusal:
        report(player, "the clock was set back")
    assert refusal.value.retry_after == 12 * 3600
    change_actions(daily_cap=0)
    assert report(player, "another").entry.at_us == to_us(NOON)
    assert AuditEntry.objects.filter(player=player.pk).count() == 2


def test_a_refused_receipt_leaves_nothing_behind(
    player: Score,
    token: str,
    daily_quiz: Action,
    turn_clock: TurnClock,
    nothing_written: Callable[[], AbstractContextManager[None]],
) -> None:
    turn_clock(NOON)
    with nothing_written():
        read_problem(update({"receipt": make_receipt(player)}, token=token), 422, "receipt_invalid")
