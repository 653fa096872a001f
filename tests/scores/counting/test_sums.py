"""What the database adds up is what the rules come to, entry by entry."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.models import AuditEntry
from scores.board_models import Board, Period
from scores.counting import sums
from scores.counting.rules import NO_REVERSALS, Definition, Recount, StandingValue

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

#: Two seasons with a pause between them, and one that never ends.
PERIODS = [
    Period(id=11, board_id=2, starts_us=100, ends_us=200),
    Period(id=12, board_id=2, starts_us=300, ends_us=400),
    Period(id=10, board_id=2, starts_us=400, ends_us=None),
]
DEFINITION = Definition(2, "x", ("*",), "sum", 1, "season", "UTC", 0)
ENTRY = st.tuples(
    st.sampled_from(["award", "award", "adjust", "import", "rename"]),
    st.sampled_from([0, 0, 1, 5, 2**40]),
    st.sampled_from(["", "lap", "lap-fast", "quiz", "lap_x"]),
    st.sampled_from([0, 1, 49, 50, 100]),
)
CHAINS = st.lists(st.lists(ENTRY, max_size=8), min_size=1, max_size=3)
DEFINITIONS = st.builds(
    Definition,
    board=st.just(2), slug=st.just("x"), sign=st.just(1), zone=st.just("UTC"), rule=st.sampled_from(["sum", "count"]),
    patterns=st.sampled_from([("*",), ("lap",), ("lap-*",), ("lap-*", "quiz"), ("lap*",), ("none",)]),
    span=st.sampled_from(["season", "all"]), since_us=st.sampled_from([0, 150, 310]),
)  # fmt: skip


def locate(_: Definition, at_us: int) -> int | None:
    return next((period.pk for period in PERIODS if period.covers(at_us)), None)


def write_chains(chains: list[list[tuple[str, int, str, int]]]) -> Iterator[tuple[UUID, list[AuditEntry]]]:
    for acts in chains:
        player, balance, at_us, entries = uuid4(), 0, 60, []
        for seq, (kind, points, action, pause) in enumerate(acts, start=1):
            delta = 0 if kind == "rename" else points
            balance, at_us = balance + delta, at_us + pause
            entries.append(
                AuditEntry(
                    player=player,
                    seq=seq,
                    kid="test",
                    kind=kind,
                    delta=delta,
                    balance=balance,
                    action=action,
                    actor="system",
                    at_us=at_us,
                    detail="",
                    prev="",
                    mac="",
                )
            )
        AuditEntry.objects.bulk_create(entries)
        yield player, entries


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chains=CHAINS, definition=DEFINITIONS)
def test_random_chains_add_up_to_what_the_rules_say(
    db: None, chains: list[list[tuple[str, int, str, int]]], definition: Definition
) -> None:
    expected: dict[UUID, dict[int, StandingValue]] = {}
    players = [uuid4()]
    for player, entries in write_chains(chains):
        recount = Recount([definition], locate, NO_REVERSALS, with_main=False)
        for entry in entries:
            recount.apply(entry)
        players.append(player)
        if standings := recount.standings():
            expected[player] = standings
    found = {each.player: each.values for each in sums.add_up(players, definition, PERIODS) if each.values}
    assert found == expected


def test_it_says_how_many_entries_were_read() -> None:
    acts = [("award", 5, "lap", 40), ("rename", 0, "", 1), ("award", 1, "lap", 1), ("award", 1, "quiz", 1)]
    [(player, _)] = write_chains([acts])
    [found] = sums.add_up([player], replace(DEFINITION, patterns=("lap",)), PERIODS)
    assert found == (player, {11: StandingValue(6, 102, 3)}, 3)


def test_nobody_and_nothing_add_up_to_nothing() -> None:
    assert list(sums.add_up([], DEFINITION, PERIODS)) == []
    assert list(sums.add_up([uuid4()], DEFINITION, [])) == []


@pytest.mark.parametrize("rule", Board.Rule.values)
def test_only_what_differences_make_is_added_up(rule: str) -> None:
    assert sums.are_possible(replace(DEFINITION, rule=rule)) == (rule in {"sum", "count"})
