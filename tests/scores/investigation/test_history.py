"""What rules look at: acts as they were done, counted by hour, by the most that may be granted, and by day."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.models import Refusal
from audit.refusals import OTHERS
from audit.times import DAY_US, HOUR_US
from scores.addresses import UNKNOWN
from scores.investigation.history import (
    AwardRecord,
    History,
    Share,
    count_at_maximum,
    count_days_at_cap,
    count_hours,
    read_histories,
    read_refusals,
)
from scores.models import Action, Score
from tests.support.acting import access_token, make_player, make_receipt, update


def act(at_us: int, points: int = 10, action: str = "daily-quiz", issuer: str = "") -> AwardRecord:
    return AwardRecord(1, at_us, action, points, issuer)


def test_points_and_acts_are_counted_by_the_hour() -> None:
    acts = [act(0), act(HOUR_US - 1, points=5), act(HOUR_US), act(3 * HOUR_US)]
    assert count_hours(acts) == {0: (15, 2), 1: (10, 1), 3: (10, 1)}


def test_of_each_source_the_receipts_that_carry_the_most_are_counted() -> None:
    acts = [act(1, points, issuer="quiz") for points in (100, 100, 50)] + [act(2, 100), act(3, 5, "visit", "quiz")]
    assert count_at_maximum(acts, {("quiz", "daily-quiz"): 100}) == {("quiz", "daily-quiz"): Share(2, 3)}
    assert count_at_maximum(acts, {}) == {}


def test_the_days_on_which_an_action_was_done_as_often_as_it_counts_are_counted() -> None:
    acts = [act(at) for at in (0, 1, DAY_US, 2 * DAY_US, 2 * DAY_US + 1, 2 * DAY_US + 2)] + [act(0, action="visit")]
    assert count_days_at_cap(acts, {"daily-quiz": 2}) == {"daily-quiz": Share(2, 3)}
    assert Share(2, 4).part == 0.5


def test_only_what_is_newer_than_the_review_is_fresh() -> None:
    acts = [act(at) for at in (1, 2, 3)]
    assert History(UUID(int=1), acts, reviewed_us=2).fresh == acts[2:]
    assert History(UUID(int=1), acts).fresh == acts


@pytest.mark.usefixtures("daily_quiz")
def test_histories_are_the_awards_of_each_player_with_whose_receipt_proves_them(player: Score) -> None:
    ben = make_player("Ben")
    update({"action": "daily-quiz"}, token=access_token(player), key="one")
    update({"receipt": make_receipt(player, pts=70)}, token=access_token(player))
    update({"action": "daily-quiz"}, token=access_token(ben), key="one")
    found = {history.player: [each._replace(at_us=0) for each in history.acts] for history in read_histories(0)}
    assert found == {
        player.pk: [AwardRecord(1, 0, "daily-quiz", 10, ""), AwardRecord(2, 0, "daily-quiz", 70, "test-backend")],
        ben.pk: [AwardRecord(1, 0, "daily-quiz", 10, "")],
    }
    last = max(each.at_us for history in read_histories(0) for each in history.acts)
    assert list(read_histories(last + 1)) == []
    assert Action.objects.count() == 1


@pytest.mark.django_db
def test_refusals_are_told_by_whom_they_are_of_and_not_what_was_counted_for_many_together() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    for subject, reason, count in (
        ("192.0.2.1", "rate_limited", 3),
        ("192.0.2.1", "token_invalid", 1),
        (OTHERS, "x", 9),
        (UNKNOWN, "x", 9),
    ):
        Refusal.objects.create(minute=noon, reason=reason, subject=subject, count=count)
    [(subject, told)] = read_refusals(0)
    assert (subject, sorted(told)) == ("192.0.2.1", [(noon, "rate_limited", 3), (noon, "token_invalid", 1)])
