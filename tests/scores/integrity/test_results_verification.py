"""Results checked offline: whether they are any, and which checkpoint states just these."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.blocks import Block, Statement, sign
from audit.keys import CheckpointKeys, load_checkpoint_keys
from scores.integrity.results_verification import check_results

SUBJECT = "board:weekly/2026-W47"
TEXT = (
    f"1 {UUID(int=5)} 900 1000 3\n2 {UUID(int=3)} 20 1000 1\n3 {UUID(int=4)} 20 1000 1\n"
    f"4 {UUID(int=1)} 20 1001 7\n5 {UUID(int=9)} 0 5 2\n"
)
UNPROVED = "No checkpoint that was given states these results."


@pytest.fixture
def keys() -> CheckpointKeys:
    return load_checkpoint_keys()


def state(keys: CheckpointKeys, number: int, *texts: str, subject: str = SUBJECT, epoch: int = 1) -> str:
    """A block that states this text."""
    statements = tuple(
        Statement(subject, text.count("\n"), hashlib.sha256(text.encode()).hexdigest(), 1, 2) for text in texts
    )
    return sign(Block(2, number, epoch, "", 1_795_780_800_000_000, 0, "0" * 64, statements), keys)


def check(text: str, blocks: list[str] | None, keys: CheckpointKeys | None) -> dict[bool | None, list[str]]:
    results = list(check_results(text.encode().splitlines(keepends=True), blocks, keys))
    return {holds: [result.sentence for result in results if result.holds is holds] for holds in (True, False, None)}


def test_a_checkpoint_that_states_them_and_who_signed_it_are_named(keys: CheckpointKeys) -> None:
    blocks = [state(keys, 1), state(keys, 2, TEXT), state(keys, 3, "1 other\n", subject="board:other/all")]
    assert check(TEXT, blocks, keys) == {
        True: [
            "Places: 5. Their ranks, order and numbers hold.",
            f"Checkpoint 2 states exactly these results of {SUBJECT}.",
            "Checkpoint 2 was signed at 2026-11-27T12:00:00.000000Z with the key checkpoint-1.",
            "The key checkpoint-1 is the one that you brought along.",
        ],
        False: [],
        None: [],
    }


def test_results_that_were_amended_since_hold_and_say_so(keys: CheckpointKeys) -> None:
    blocks = [state(keys, 2, TEXT), state(keys, 9, TEXT[:-1] + "9\n")]
    assert check(TEXT, blocks, keys)[None] == [
        f"They were amended since: checkpoint 9 states other results of {SUBJECT}."
    ]
    # As exported, and in any order.
    assert check(TEXT, blocks[::-1], keys) == check(TEXT, blocks, keys)
    # A later epoch replaces what was before.
    assert check(TEXT, [*blocks, state(keys, 3, TEXT, epoch=2)], keys)[None] == []


def test_what_no_checkpoint_states_is_found(keys: CheckpointKeys) -> None:
    for blocks in ([], ["no block"], [state(keys, 1)], [state(keys, 2, TEXT + TEXT)], [state(keys, 2, TEXT[:-1])]):
        assert check(TEXT, blocks, keys)[False] == [UNPROVED]
    assert check(TEXT, None, keys)[None] == [
        "Whether a checkpoint states these results was not checked: none was given."
    ]
    assert check("", [state(keys, 2, "")], keys)[False] == []


def test_a_statement_that_another_signed_is_found_and_one_without_a_key_stays_open(keys: CheckpointKeys) -> None:
    block = state(keys, 2, TEXT)
    other = replace(keys, public={"checkpoint-1": Ed25519PrivateKey.generate().public_key()})
    assert check(TEXT, [block], other)[False] == ["Checkpoint 2 is not as the key checkpoint-1 signed it."]
    assert check(TEXT, [block], None)[None] == [
        "The signature of checkpoint 2 was not checked: there is no key checkpoint-1 to check it with."
    ]


def test_the_smallest_may_come_first(keys: CheckpointKeys) -> None:
    text = f"1 {UUID(int=5)} -7 1000 3\n2 {UUID(int=3)} 0 1000 1\n3 {UUID(int=4)} 12 1 1\n"
    assert check(text, [state(keys, 1, text)], keys)[False] == []


ORDER, FORM, TWICE = (
    "it is not in the order of a board",
    "it is not RANK PLAYER POINTS AT_US SEQ",
    "the player stands on a line before",
)


@pytest.mark.parametrize(
    ("change", "line", "fault"),
    [
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1, "its rank is not 1"),
        (lambda lines: [*lines[:2], *lines[3:]], 3, "its rank is not 3"),
        (lambda lines: [lines[0], lines[2].replace("3 0", "2 0", 1), lines[1].replace("2 0", "3 0", 1), *lines[3:]], 3, ORDER),
        (lambda lines: [lines[0], lines[1].replace(" 20 ", " 901 "), *lines[2:]], 3, ORDER),
        (lambda lines: [*lines[:3], lines[3].replace("1001", "999"), lines[4]], 4, ORDER),
        (lambda lines: [*lines[:4], lines[4].replace(str(UUID(int=9)), str(UUID(int=5)))], 5, TWICE),
        (lambda lines: [lines[0].replace("900", "0900"), *lines[1:]], 1, FORM),
        (lambda lines: [lines[0].replace("900", "-0"), *lines[1:]], 1, FORM),
        (lambda lines: [lines[0].replace("900", "9e2"), *lines[1:]], 1, FORM),
        (lambda lines: [lines[0].replace("1 0", "1  0"), *lines[1:]], 1, FORM),
        (lambda lines: [lines[0].replace("\n", "\r\n"), *lines[1:]], 1, FORM),
        (lambda lines: [*lines[:4], lines[4].rstrip("\n")], 5, FORM),
        (lambda lines: [lines[0].upper().replace("00000005", "0000000A"), *lines[1:]], 1, FORM),
        (lambda lines: ["\n", *lines], 1, FORM),
        (lambda lines: [*lines, "x" * 300], 6, FORM),
    ],
)  # fmt: skip
def test_what_are_no_results_is_said_by_the_line(
    keys: CheckpointKeys, change: Callable[[list[str]], list[str]], line: int, fault: str
) -> None:
    text = "".join(change(TEXT.splitlines(keepends=True)))
    found = check(text, [state(keys, 2, text)], keys)
    assert found == {True: [], False: [f"Line {line}: {fault}."], None: []}
