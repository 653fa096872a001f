"""Each rule of suspicion on made histories: whom it finds, and whom it leaves alone."""

from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.times import DAY_US, SECOND_US
from scores.investigation import detection
from scores.investigation.detection import Suspicion, Thresholds
from scores.investigation.history import History, PopulationStats
from scores.investigation.runs import Run
from scores.models import Flag
from tests.support.histories import (
    BEGIN,
    GUILTY,
    ISSUER,
    days_of,
    human_pauses,
    join,
    make_crowd_of_honest,
    make_history,
    make_population,
    seqs,
)

LIMITS = Thresholds()
NOBODY = PopulationStats()
QUIZ = (ISSUER, "daily-quiz")


def said(suspicion: Suspicion | None) -> str:
    assert suspicion is not None
    return suspicion.why


# Too regular intervals


def test_a_timer_is_found_with_all_its_acts() -> None:
    found = detection.find_regular_intervals(make_history([4.0] * 33), NOBODY, LIMITS)
    assert found == Suspicion(
        Flag.Rule.REGULAR_INTERVALS,
        str(GUILTY),
        GUILTY,
        "32 acts came 4.00 s after one another, mostly within 0.0%; people vary more.",
        [(str(GUILTY), seq) for seq in range(1, 33)],
        [Run(GUILTY, 1, 32)],
    )


def test_a_timer_is_found_behind_hiccups_of_the_network() -> None:
    random = Random(1)
    pauses = [30 + random.uniform(0, 0.4) + (20 if number % 5 == 4 else 0) for number in range(64)]
    assert "64 acts came 30." in said(detection.find_regular_intervals(make_history(pauses), NOBODY, LIMITS))


def test_one_regular_stretch_is_chance() -> None:
    pauses = [4.0] * 16 + human_pauses(48, 4, 1)
    assert detection.find_regular_intervals(make_history(pauses), NOBODY, LIMITS) is None


@given(st.integers(0, 10**9), st.floats(0.5, 3600), st.integers(0, 400))
def test_people_are_never_that_regular(seed: int, median: float, number: int) -> None:
    history = make_history(human_pauses(number, median, seed))
    assert detection.find_regular_intervals(history, NOBODY, LIMITS) is None


@given(st.floats(0.2, 3600), st.integers(32, 200))
def test_every_timer_is_found_whatever_its_pace(pause: float, number: int) -> None:
    assert detection.find_regular_intervals(make_history([pause] * number), NOBODY, LIMITS) is not None


def test_a_burst_at_one_instant_has_no_pace() -> None:
    assert detection.find_regular_intervals(make_history([0.0] * 64), NOBODY, LIMITS) is None


# Play at all hours


def test_play_without_a_night_is_found_from_first_to_last() -> None:
    found = detection.find_no_pause(make_history([3600] * 30), NOBODY, LIMITS)
    assert said(found) == (
        "30 acts over 29 hours from 2026-11-16 01:00 UTC without a pause longer than 1:00:00 (h:mm:ss)."
    )
    assert found is not None
    assert seqs(found.entries) == list(range(1, 31))


def test_of_many_entries_a_sample_is_linked() -> None:
    found = detection.find_no_pause(make_history([300] * 1000), NOBODY, LIMITS)
    assert found is not None
    assert seqs(found.entries) == list(range(1, 1001, 20))


def test_a_night_through_and_sleep_every_other_day_are_honest() -> None:
    through = make_history([1800] * 54)
    assert detection.find_no_pause(through, NOBODY, LIMITS) is None
    assert detection.find_no_pause(days_of(make_history([1200] * 62), 7), NOBODY, LIMITS) is None


def test_a_pause_of_three_hours_is_a_night() -> None:
    waking = [3600.0] * 15
    just_short = make_history([*waking, 3 * 3600 - 1, *waking])
    enough = make_history([*waking, 3 * 3600, *waking])
    assert detection.find_no_pause(just_short, NOBODY, LIMITS) is not None
    assert detection.find_no_pause(enough, NOBODY, LIMITS) is None


# Always at the cap


def make_varied(player: int, number: int = 30) -> History:
    random = Random(player)
    history = make_history(human_pauses(number, 300, player), player=UUID(int=player))
    return replace(history, acts=[act._replace(points=random.randrange(10, 101, 10)) for act in history.acts])


def test_receipts_that_always_carry_the_most_are_found() -> None:
    history = make_history(human_pauses(25, 60, 1), points=100)
    others = [make_varied(number) for number in range(2, 7)]
    population = make_population(history, *others, maxima={QUIZ: 100})
    found = detection.find_receipts_at_maximum(history, population, LIMITS)
    shares = [sum(act.points == 100 for act in other.acts) / 30 for other in others]
    assert 0 < sum(shares) / 5 < 0.25
    assert said(found) == (
        "25 of 25 receipts of quiz-backend for daily-quiz carry its maximum of 100 points; "
        f"on average {sum(shares) / 5:.0%} of another player's do."
    )
    assert [detection.find_receipts_at_maximum(other, population, LIMITS) for other in others] == [None] * 5


def test_a_ring_of_busy_cheats_does_not_hide_them() -> None:
    ring = [make_history(human_pauses(500, 60, number), player=UUID(int=number), points=100) for number in (1, 2)]
    population = make_population(*ring, *(make_varied(number) for number in range(3, 15)), maxima={QUIZ: 100})
    assert None not in [detection.find_receipts_at_maximum(history, population, LIMITS) for history in ring]


def test_a_few_lucky_ones_are_not_always() -> None:
    history = make_history(human_pauses(24, 60, 1), points=100)
    population = make_population(history, *(make_varied(number) for number in range(2, 7)), maxima={QUIZ: 100})
    assert detection.find_receipts_at_maximum(history, population, LIMITS) is None


def test_an_action_with_but_one_value_says_nothing() -> None:
    histories = [
        make_history(human_pauses(30, 60, number), player=UUID(int=number), points=25) for number in range(1, 8)
    ]
    population = make_population(*histories, maxima={QUIZ: 25})
    assert [detection.find_receipts_at_maximum(history, population, LIMITS) for history in histories] == [None] * 7


def test_who_is_alone_with_an_action_cannot_be_compared() -> None:
    history = make_history(human_pauses(100, 60, 1), points=100)
    assert detection.find_receipts_at_maximum(history, make_population(history, maxima={QUIZ: 100}), LIMITS) is None


def test_days_that_are_always_full_are_found_though_today_is_not_over() -> None:
    full = days_of(make_history([600] * 20, action="forum-post", issuer=""), 5)
    today = make_history([600] * 3, action="forum-post", issuer="", begin=BEGIN + 5 * DAY_US)
    history = join(full, today)
    others = [
        days_of(make_history([600] * 5, action="forum-post", issuer="", player=UUID(int=number)), 5)
        for number in range(2, 7)
    ]
    population = make_population(history, *others, caps={"forum-post": 20})
    assert said(detection.find_days_at_cap(history, population, LIMITS)) == (
        "The daily cap of 20 for forum-post was used up on 5 of 6 days; on average other players do so on 0% of theirs."
    )
    assert detection.find_days_at_cap(others[0], population, LIMITS) is None
    assert (
        detection.find_days_at_cap(join(today, full), make_population(history, caps={"forum-post": 20}), LIMITS) is None
    )


def test_full_days_among_others_are_honest() -> None:
    full = days_of(make_history([600] * 20, action="forum-post", issuer=""), 4)
    easy = days_of(make_history([600] * 3, action="forum-post", issuer="", begin=BEGIN + 4 * DAY_US), 3)
    history = join(full, easy)
    others = [
        days_of(make_history([600] * 5, action="forum-post", issuer="", player=UUID(int=number)), 5)
        for number in range(2, 7)
    ]
    assert (
        detection.find_days_at_cap(history, make_population(history, *others, caps={"forum-post": 20}), LIMITS) is None
    )


# Pace


def test_an_hour_far_above_everyones_is_found() -> None:
    history = make_history(human_pauses(60, 20, 1), points=17)
    found = detection.find_pace(history, make_population(history, *make_crowd_of_honest()), LIMITS)
    assert said(found) == (
        "1020 points by 60 acts in the hour from 2026-11-16 00:00 UTC; the median of all players' busiest hours is 100."
    )
    assert found is not None
    assert seqs(found.entries) == list(range(1, 61, 2))


def test_it_must_be_far_above_the_players_own_hours_too() -> None:
    eager = days_of(make_history(human_pauses(59, 20, 1), points=17), 5)
    slow = days_of(make_history(human_pauses(10, 200, 1)), 5)
    rush = make_history(human_pauses(60, 20, 2), points=17, begin=BEGIN + 6 * DAY_US)
    population = make_population(*make_crowd_of_honest())
    assert detection.find_pace(join(eager, rush), population, LIMITS) is None
    assert said(detection.find_pace(join(slow, rush), population, LIMITS)) == (
        "1020 points by 60 acts in the hour from 2026-11-22 00:00 UTC; "
        "the median of all players' busiest hours is 100, of this player's hours before it 100."
    )


@pytest.mark.parametrize(("acts", "points", "honest"), [(59, 100, 20), (60, 16, 20), (60, 17, 9)])
def test_less_than_that_is_no_pace(acts: int, points: int, honest: int) -> None:
    history = make_history(human_pauses(acts, 20, 1), points=points)
    assert detection.find_pace(history, make_population(*make_crowd_of_honest(honest)), LIMITS) is None


# What was reviewed


def test_only_what_is_newer_than_a_review_counts() -> None:
    history = make_history([4.0] * 96)
    reviewed = replace(history, reviewed_us=history.acts[63].at_us)
    assert seqs(detection.find_regular_intervals(reviewed, NOBODY, LIMITS).entries) == list(range(65, 97))  # type: ignore[union-attr]
    reviewed = replace(history, reviewed_us=history.acts[64].at_us)
    assert detection.find_regular_intervals(reviewed, NOBODY, LIMITS) is None


def test_a_pace_that_was_reviewed_is_past_with_its_hour() -> None:
    history = make_history(human_pauses(60, 20, 1), points=17)
    population = make_population(*make_crowd_of_honest())
    assert detection.find_pace(replace(history, reviewed_us=BEGIN + 1800 * SECOND_US), population, LIMITS) is None


@given(st.lists(st.floats(0, 100_000), max_size=200), st.integers(0, 10**6))
def test_rules_answer_for_any_history(pauses: list[float], points: int) -> None:
    history = make_history([1.0, *pauses], points=points)
    population = make_population(history, maxima={QUIZ: points}, caps={"daily-quiz": 2})
    for rule, find in detection.PLAYER_RULES:
        found = find(history, population, LIMITS)
        if found is not None:
            assert (found.rule, found.player) == (rule, GUILTY)
            assert 1 <= len(found.entries) <= 50
            assert set(seqs(found.entries)) <= {act.seq for act in history.acts}
