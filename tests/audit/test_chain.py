"""The chain's format: what a verifier written elsewhere must arrive at."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from audit.chain import canonical, commit_to, compute_mac, salted

ENTRY = SimpleNamespace(
    player=UUID(int=1), seq=42, kid="ledger-1", kind="award", delta=10, balance=1250, value=None, action="daily-quiz", ref=None,
    actor="Zoë", at_us=1_763_910_000_123_456, detail="00", prev="ff",
)  # fmt: skip


def test_an_entry_is_sealed_in_its_canonical_form() -> None:
    assert canonical(ENTRY) == (
        b'["scoreboard.entry.v1","00000000-0000-0000-0000-000000000001",42,"ledger-1","award",10,1250,"daily-quiz",'
        b'null,"Zo\\u00eb",1763910000123456,"00","ff"]'
    )


def test_an_entry_with_a_value_has_a_form_of_its_own() -> None:
    assert canonical(SimpleNamespace(**{**vars(ENTRY), "value": -61234})) == (
        b'["scoreboard.entry.v2","00000000-0000-0000-0000-000000000001",42,"ledger-1","award",10,1250,-61234,"daily-quiz",'
        b'null,"Zo\\u00eb",1763910000123456,"00","ff"]'
    )


@pytest.mark.parametrize("field", sorted(vars(ENTRY)))
def test_every_sealed_field_changes_the_mac(field: str) -> None:
    other = SimpleNamespace(**{**vars(ENTRY), field: "changed"})
    assert compute_mac(b"k" * 32, other) != compute_mac(b"k" * 32, ENTRY)


def test_the_same_context_is_committed_to_differently_each_time() -> None:
    context = {"address": "192.0.2.1"}
    first, second = salted(context), salted(context)
    assert commit_to(first) == commit_to(dict(reversed(first.items())))
    assert commit_to(first) != commit_to(second)
