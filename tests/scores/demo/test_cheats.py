"""The demo's cheats: what they plan is what the rules find, within the first minutes where that can be."""

from itertools import islice, takewhile
from random import Random

import pytest

from audit.times import SECOND_US
from scores.demo.cheats import (
    CHEATS,
    Cheat,
    Plan,
    forge,
    keep_time,
    never_sleep,
    share_a_desk,
    sprint,
    take_the_most,
)
from scores.demo.seed import CATALOGUE, EVERYBODY, PLAYERS
from scores.investigation.detection import PLAYER_RULES, Thresholds
from scores.investigation.history import AwardRecord, History
from scores.models import Flag
from tests.support.histories import BEGIN, GUILTY, make_crowd_of_honest, make_population

pytestmark = pytest.mark.any_database

SOURCE = ("demo-backend", "bug-report")


def make_history_of(plan: Plan, seed: int, seconds: float) -> History:
    """What stands in the log when the plan was played for so long."""
    at_us = BEGIN
    acts: list[AwardRecord] = []
    for move in islice(plan(Random(seed)), 5000):
        at_us += round(move.pause * SECOND_US)
        if at_us > BEGIN + seconds * SECOND_US:
            break
        if not move.is_forged:
            issuer = "demo-backend" if move.points else ""
            acts.append(AwardRecord(len(acts) + 1, at_us, move.action, move.points or 5, issuer))
    return History(GUILTY, acts)


def find_rules(history: History) -> set[Flag.Rule]:
    others = [
        History(other.player, [act._replace(issuer=SOURCE[0], action=SOURCE[1]) for act in other.acts])
        for other in make_crowd_of_honest(points=60)
    ]
    population = make_population(history, *others, maxima={SOURCE: 200})
    found = [find(history, population, Thresholds()) for _, find in PLAYER_RULES]
    return {suspicion.rule for suspicion in found if suspicion is not None}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("plan", "rule", "minutes"),
    [
        (keep_time, Flag.Rule.REGULAR_INTERVALS, 3),
        (take_the_most, Flag.Rule.ALWAYS_AT_CAP, 3),
        (sprint, Flag.Rule.PACE, 4),
        (never_sleep, Flag.Rule.NO_PAUSE, 30 * 60),
    ],
)
def test_each_is_found_in_its_own_way(plan: Plan, rule: Flag.Rule, minutes: int, seed: int) -> None:
    assert rule in find_rules(make_history_of(plan, seed, minutes * 60))


@pytest.mark.parametrize("seed", range(20))
def test_the_forger_has_enough_refused_within_minutes(seed: int) -> None:
    moves = list(takewhile(lambda move: move.pause < 60, forge(Random(seed))))
    assert sum(move.is_forged for move in moves) == 24
    assert sum(move.pause for move in moves) < 120


def test_one_person_has_many_accounts_at_one_address() -> None:
    addresses = [cheat.address for cheat in CHEATS if cheat.plan is share_a_desk]
    assert len(addresses) >= Thresholds().address_players
    assert len(set(addresses)) == 1


def test_nobody_else_shares_an_address() -> None:
    addresses = [cheat.address for cheat in CHEATS if cheat.plan is not share_a_desk]
    assert len({*range(1, len(PLAYERS) + 1), *addresses}) == len(PLAYERS) + len(addresses)


def test_they_sign_in_as_players_of_the_demo() -> None:
    assert {cheat.username: cheat.name for cheat in CHEATS}.items() <= EVERYBODY.items()


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.username)
def test_what_they_do_is_in_the_catalogue_and_within_what_it_pays(cheat: Cheat) -> None:
    most = {action.slug: action.most for action in CATALOGUE}
    for move in islice(cheat.plan(Random(1)), 300):
        assert move.pause > 0
        assert 0 <= move.points <= most[move.action]
        assert bool(move.points) == bool(most[move.action])
