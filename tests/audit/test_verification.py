"""A chain checked entry by entry: each rule that is broken is named, and no other."""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from audit import chain
from audit.chain import Entry
from audit.keys import load_keyring
from audit.models import AuditEntry
from audit.verification import (
    NO_ERASURES,
    ChainCheck,
    Erasures,
    Finding,
    SignedLeaf,
    State,
    consistent_read,
    read_entries,
)
from tests.support.chains import grow

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries() -> list[Entry]:
    """A chain of three."""
    player, head = uuid4(), None
    for _ in range(3):
        head = grow(player, head)
    return list(read_entries(player))


def check(entries: list[Entry], *leaves: SignedLeaf, erasures: Erasures = NO_ERASURES, keys: bool = True) -> set[Any]:
    """Entry and rule of each finding."""
    keyring = load_keyring()
    if not keys:
        keyring = type(keyring)("", {})
    chain_check = ChainCheck(keyring, erasures, iter(leaves))
    findings = [finding for state, entry in follow(entries) for finding in chain_check.check(state, entry)]
    return {(finding.seq, finding.rule) for finding in [*findings, *chain_check.finish()]}


def follow(entries: list[Entry]) -> Iterator[tuple[State, Entry]]:
    state = State(entries[0].player)
    for entry in entries:
        yield state, entry
        state.seq, state.mac, state.balance, state.at_us = entry.seq, entry.mac, entry.balance, entry.at_us


def test_an_untouched_chain_has_no_finding(entries: list[Entry]) -> None:
    assert check(entries) == set()
    assert check(entries, SignedLeaf(entries[1].player, 2, entries[1].mac, "", 1)) == set()


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"delta": 2}, {(2, "mac"), (2, "balance")}),
        ({"actor": "x"}, {(2, "mac")}),
        ({"kid": "x"}, {(2, "kid")}),
        ({"kind": "x"}, {(2, "mac"), (2, "kind")}),
        ({"at_us": 0}, {(2, "mac"), (2, "at_us")}),
        ({"prev": "x"}, {(2, "mac"), (2, "prev")}),
        ({"context": {"reason": "x"}}, {(2, "context")}),
        ({"context": None}, {(2, "context")}),
        ({"mac": "x"}, {(2, "mac"), (3, "prev")}),
    ],
)
def test_each_broken_rule_is_named_and_no_other(
    entries: list[Entry], changes: dict[str, Any], rules: set[tuple[int, str]]
) -> None:
    assert check([entries[0], entries[1]._replace(**changes), entries[2]]) == rules


def test_a_missing_entry_is_seen_by_the_one_after_it_and_by_its_leaf(entries: list[Entry]) -> None:
    first, second, third = entries
    assert check([first, third]) == {(3, "seq"), (3, "prev"), (3, "balance")}
    assert check([first, second], SignedLeaf(third.player, 3, third.mac, "", 1)) == {(3, "checkpoint")}
    assert check([first, second], SignedLeaf(second.player, 2, third.mac, "", 1)) == {(2, "checkpoint")}


def test_a_digest_that_was_signed_is_held_against_the_entries_up_to_there(entries: list[Entry]) -> None:
    second = entries[1]
    digest = bytes(32)
    for entry in AuditEntry.objects.filter(player=second.player, seq__lte=2).order_by("seq"):
        digest = hashlib.sha256(digest + chain.canonical(entry)).digest()
    assert check(entries, SignedLeaf(second.player, 2, second.mac, digest.hex(), 1)) == set()
    assert check(entries, SignedLeaf(second.player, 2, second.mac, "0" * 64, 1)) == {(2, "checkpoint")}


def test_an_erased_context_may_be_missing_and_a_key_that_is_not_here_is_said(entries: list[Entry]) -> None:
    erased = [entry._replace(context=None) for entry in entries]
    assert check(erased, erasures=Erasures({str(entries[0].player): 3})) == set()
    assert check(erased, erasures=Erasures({str(entries[0].player): 2})) == {(3, "context")}
    assert check(entries, keys=False) == {(1, "kid"), (2, "kid"), (3, "kid")}


def test_a_finding_says_whose_chain_which_entry_and_what() -> None:
    assert str(Finding("mac", "was changed", "ada", 3)) == "player ada entry 3 mac: was changed"
    assert str(Finding("checkpoint", "checkpoint 2 is missing")) == "checkpoint: checkpoint 2 is missing"


def test_entries_come_by_player_and_number_the_system_chain_first() -> None:
    later, sooner = UUID(int=2), UUID(int=1)
    head = grow(later)
    for player in (sooner, UUID(int=0)):
        with transaction.atomic():
            grow(player)
    grow(later, head)
    assert [(entry.player.int, entry.seq) for entry in read_entries()] == [(0, 1), (1, 1), (2, 1), (2, 2)]
    assert [entry.seq for entry in read_entries(later)] == list(
        AuditEntry.objects.filter(player=later).order_by("seq").values_list("seq", flat=True)
    )


@pytest.mark.django_db(transaction=True)
def test_a_consistent_read_within_another_is_part_of_it() -> None:
    with consistent_read():
        with consistent_read():
            assert not AuditEntry.objects.exists()
        assert not AuditEntry.objects.exists()
    with transaction.atomic():
        AuditEntry.objects.count()
