"""The rules of suspicion about more than one player's history: addresses, refusals, issuers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.times import HOUR_US
from scores.investigation import detection
from scores.investigation.detection import Suspicion, Thresholds
from scores.investigation.history import AddressCluster, PopulationStats, RefusalCount
from scores.models import Flag
from tests.support.histories import BEGIN, GUILTY, ISSUER, make_history, make_population

LIMITS = Thresholds()
BEGIN_TIME = datetime(2026, 11, 16, tzinfo=UTC)


# Addresses


def make_cluster(number: int, at_address: int = 6) -> AddressCluster:
    return AddressCluster("192.0.2.9", "Safari", at_address, {UUID(int=player): 7 for player in range(1, number + 1)})


def test_many_players_with_one_address_and_agent_are_found() -> None:
    found = detection.find_shared_address(make_cluster(5), (), PopulationStats(players=100), LIMITS)
    assert found == Suspicion(
        Flag.Rule.SHARED_ADDRESS,
        "192.0.2.9",
        None,
        "5 players acted from 192.0.2.9 with the same agent (Safari).",
        [(str(UUID(int=player)), 7) for player in range(1, 6)],
    )


def test_a_household_a_proxy_and_those_reviewed_are_left_alone() -> None:
    population = PopulationStats(players=100)
    assert detection.find_shared_address(make_cluster(4), (), population, LIMITS) is None
    assert detection.find_shared_address(make_cluster(5, at_address=50), (), population, LIMITS) is None
    assert detection.find_shared_address(make_cluster(5), {str(UUID(int=3))}, population, LIMITS) is None


# Refusals


def make_refused(reason: str, *times: int, step: int = 1) -> list[RefusalCount]:
    return [
        RefusalCount(BEGIN_TIME + timedelta(minutes=minute * step), reason, number)
        for minute, number in enumerate(times)
    ]


def test_a_burst_of_proofs_that_are_none_is_found() -> None:
    refused = make_refused("receipt_invalid:signature", 5, 0, 15)
    found = Suspicion(
        Flag.Rule.REFUSALS,
        str(GUILTY),
        GUILTY,
        "20 refusals within 10 minutes from 2026-11-16 00:00 UTC: 20 receipt_invalid:signature.",
    )
    assert detection.find_refusals(str(GUILTY), refused, LIMITS) == (BEGIN_TIME, found)


def test_a_flood_from_an_address_is_found_as_the_addresss() -> None:
    burst = detection.find_refusals("192.0.2.9", make_refused("rate_limited", 100, 100), LIMITS)
    assert burst is not None
    _, found = burst
    assert (found.subject, found.player) == ("192.0.2.9", None)


@pytest.mark.parametrize(
    "refused",
    [
        make_refused("receipt_invalid:expired", *[1] * 600, step=2),
        make_refused("receipt_invalid:expired", 19),
        make_refused("cooldown", *[19] * 100),
        [],
    ],
)
def test_clients_that_retry_are_left_alone(refused: list[RefusalCount]) -> None:
    assert detection.find_refusals(str(GUILTY), refused, LIMITS) is None


# Issuers


def make_issued(*counts: int) -> PopulationStats:
    hours = [
        make_history([0.0] * count, player=UUID(int=number + 1), begin=BEGIN + number * HOUR_US)
        for number, count in enumerate(counts)
        if count
    ]
    return make_population(*hours)


def test_an_hour_far_above_the_issuers_busiest_is_found() -> None:
    busy = detection.find_busy_hour(ISSUER, 0, make_issued(*[40] * 24, 120), LIMITS)
    assert busy is not None
    hour, found = busy
    assert hour * HOUR_US == BEGIN + 24 * HOUR_US
    assert found == Suspicion(
        Flag.Rule.ISSUER_VOLUME,
        ISSUER,
        None,
        "120 receipts of quiz-backend in the hour from 2026-11-17 00:00 UTC; its busiest hour before had 40.",
    )


@pytest.mark.parametrize("counts", [[40] * 24 + [119], [40] * 23 + [120], [5] * 24 + [99], [100] * 48])
def test_what_an_issuer_usually_does_is_left_alone(counts: list[int]) -> None:
    assert detection.find_busy_hour(ISSUER, 0, make_issued(*counts), LIMITS) is None


def test_an_hour_that_was_reviewed_is_not_held_against_it_again() -> None:
    population = make_issued(*[40] * 24, 120, 40)
    assert detection.find_busy_hour(ISSUER, BEGIN + 24 * HOUR_US + 1, population, LIMITS) is None
