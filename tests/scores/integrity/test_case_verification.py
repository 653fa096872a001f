"""A case file proves itself without the database, and any change of it shows."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from audit.keys import load_keyring
from scores.integrity import case_writing
from scores.integrity.case import CaseInvalid, read_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support.acting import make_receipt, update
from tests.support.cases import Desk, make_case


def list_places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document that is no container."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict | list):
        for key, item in items:
            yield from list_places(item, (*way, key))
    else:
        yield way


def change(document: Any, way: tuple[Any, ...]) -> Any:
    """Another value of the same type at this place."""
    changed = copy.deepcopy(document)
    owner = changed
    for key in way[:-1]:
        owner = owner[key]
    value = owner[way[-1]]
    others: dict[type, Callable[[Any], Any]] = {
        bool: lambda old: not old,
        int: lambda old: old + 1,
        str: lambda old: ("0" if old[:1] != "0" else "1") + old[1:],
        type(None): lambda _: "x",
    }
    owner[way[-1]] = others[type(value)](value)
    return changed


def is_noticed(desk: Desk, document: Any, keys: VerificationKeys) -> bool:
    try:
        return desk.check(document, keys)[0] != []
    except CaseInvalid:
        return True


def test_every_value_that_is_changed_is_found_with_the_ledger_key(desk: Desk) -> None:
    missed = [way for way in list_places(desk.document) if not is_noticed(desk, change(desk.document, way), desk.keys)]
    assert missed == []


def test_with_the_public_key_alone_what_was_signed_and_what_must_fit_is_found(desk: Desk) -> None:
    """What only the ledger key shows: what the player is called, and when the file was written."""
    public = VerificationKeys(checkpoint_keys=desk.keys.checkpoint_keys)
    findings, still_open = desk.check(keys=public)
    assert findings == []
    assert any("--ledger-keys" in sentence for sentence in still_open)
    missed = {
        (way[0], way[-1])
        for way in list_places(desk.document)
        if not is_noticed(desk, change(desk.document, way), public)
    }
    assert missed == {
        ("about", "made_at"),
        *(("about", part) for part in case_writing.PROVES),
        ("score", "name"),
        ("seal", "kid"),
        ("seal", "mac"),
    }


def test_entries_that_are_taken_out_added_or_moved_are_found(desk: Desk) -> None:
    public = VerificationKeys(checkpoint_keys=desk.keys.checkpoint_keys)
    for keys in (desk.keys, public):
        for part in ("entries", "checkpoints"):
            for index in range(len(desk.document[part])):
                document = copy.deepcopy(desk.document)
                del document[part][index]
                if keys is desk.keys or part == "entries":
                    assert is_noticed(desk, document, keys), (part, index)
        for bend in (lambda rows: rows.reverse(), lambda rows: rows.append(rows[-1]), lambda rows: rows.pop(0)):
            document = copy.deepcopy(desk.document)
            bend(document["entries"])
            assert is_noticed(desk, document, keys)


def test_spaces_and_the_order_of_keys_are_nothing(desk: Desk) -> None:
    text = json.dumps(desk.document, sort_keys=True, indent=4)
    results = list(check_case(read_case(text.encode()), desk.keys))
    assert [result for result in results if not result.holds] == []


def test_an_erased_player_s_case_holds_and_says_what_is_gone(desk: Desk) -> None:
    bea = desk.players[1]
    corrections.erase_player(player=bea.pk, reason="asked for", actor="system")
    document = make_case(bea)
    assert {entry["context"] for entry in document["entries"]} == {None}
    assert desk.check(document)[0] == []
    del document["erasures"][0]
    assert is_noticed(desk, document, VerificationKeys())


def test_entries_after_the_last_checkpoint_are_said_to_rest_on_the_ledger_key(desk: Desk) -> None:
    bea = desk.players[1]
    corrections.adjust(player=bea.pk, delta=1, reason="late", actor="system")
    findings, still_open = desk.check(make_case(bea))
    assert findings == []
    assert still_open == ["Entries newer than checkpoint 2: 1. Nothing vouches for them yet but the ledger key."]


def test_a_block_that_was_never_exported_is_found(desk: Desk) -> None:
    assert desk.keys.pinned is not None
    findings, _ = desk.check(keys=replace(desk.keys, pinned=desk.keys.pinned[1:]))
    assert findings == ["checkpoint 1 is not among the exported ones"]
    assert desk.check(keys=replace(desk.keys, pinned=desk.keys.pinned[:2])) == ([], [])


def test_receipts_are_held_against_the_keys_of_whoever_checks(desk: Desk) -> None:
    findings, _ = desk.check(keys=replace(desk.keys, issuers={}))
    assert len(findings) == 2
    assert all("receipt is signed with a key" in sentence for sentence in findings)


@pytest.mark.parametrize("changed", [None, 0, 4, 5.0, "5", True, 2**53, 10**400])
def test_a_value_that_was_changed_is_found_with_and_without_the_ledger_key(
    player: Score, token: str, daily_quiz: Action, changed: Any
) -> None:
    daily_quiz.takes_value = True
    daily_quiz.save()
    assert update({"receipt": make_receipt(player, val=5)}, token=token).status_code == 200
    document = make_case(player)
    desk = Desk([player], document, VerificationKeys(keyring=load_keyring()))
    assert desk.check()[0] == []
    assert document["entries"][0]["value"] == 5
    for keys in (desk.keys, VerificationKeys()):
        assert is_noticed(desk, with_value(document, changed), keys)
        left_out = copy.deepcopy(document)
        del left_out["entries"][0]["value"]
        assert is_noticed(desk, left_out, keys)


def test_a_value_that_was_added_is_found(desk: Desk) -> None:
    assert all("value" not in entry for entry in desk.document["entries"])
    findings, _ = desk.check(with_value(desk.document, 0))
    assert any(" entry 1 mac: " in sentence for sentence in findings)


def with_value(document: Any, value: Any) -> Any:
    """The case with this value in its first entry."""
    changed = copy.deepcopy(document)
    changed["entries"][0]["value"] = value
    return changed
