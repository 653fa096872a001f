"""Digests of chains: what covers every entry without a key, and goes on from where it was last."""

import hashlib
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from audit import chain, digests
from audit.digests import START, MovedChain, extend, read_digests
from audit.models import AuditEntry
from tests.support.chains import grow

pytestmark = pytest.mark.django_db


def make_chain(length: int) -> tuple[UUID, list[str]]:
    """A chain, and its digest after each entry, from none on."""
    player, head, found = uuid4(), None, [START.hex()]
    for _ in range(length):
        head = grow(player, head)
    digest = bytes(32)
    for entry in AuditEntry.objects.filter(player=player).order_by("seq"):
        digest = hashlib.sha256(digest + chain.canonical(entry)).digest()
        found.append(digest.hex())
    return player, found


def read(*chains: MovedChain) -> dict[UUID, str]:
    with transaction.atomic():
        return dict(read_digests(sorted(chains, key=lambda moved: moved.player.bytes)))


def test_a_digest_is_the_hash_of_the_one_before_and_the_entry() -> None:
    assert extend(START, b"entry") == hashlib.sha256(bytes(32) + b"entry").digest()


def test_a_chain_is_covered_from_its_first_entry_or_from_where_it_was_signed_last() -> None:
    player, found = make_chain(5)
    assert read(MovedChain(player, 0, "", 5)) == {player: found[5]}
    assert read(MovedChain(player, 3, found[3], 5)) == {player: found[5]}
    assert read(MovedChain(player, 3, found[3], 4)) == {player: found[4]}


def test_many_chains_are_read_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "CHUNK", 2)
    chains = dict(make_chain(length) for length in (1, 3, 2, 4, 1))
    moved = [MovedChain(player, 1, found[1], len(found) - 1) for player, found in chains.items() if len(found) > 2]
    moved += [MovedChain(player, 0, "", 1) for player, found in chains.items() if len(found) == 2]
    assert read(*moved) == {player: found[-1] for player, found in chains.items()}


def test_nothing_is_read_for_a_stretch_without_entries() -> None:
    player, found = make_chain(1)
    assert read(MovedChain(player, 1, found[1], 4)) == {}
    assert read() == {}
