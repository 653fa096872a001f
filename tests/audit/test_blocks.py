"""The format of checkpoints: version 2 as it is written, version 1 as it was, and nothing that only looks like one."""

import hashlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from audit.blocks import (
    Block,
    BlockInvalid,
    Leaf,
    Statement,
    hash_leaves,
    hash_text,
    read_block,
    read_kid,
    read_unverified,
    sign,
    write_leaf,
)
from audit.keys import CheckpointKeys, decode_base64url, encode_base64url, load_checkpoint_keys
from tests.support.old_blocks import sign_version_1

ADA = Leaf(UUID(int=1), 2, "a" * 64, "d" * 64)
STATEMENT = Statement("board:daily/2026-11-26", 3, "0" * 64, 1, 2)
ANOTHER_HEADER = b'{"kid":"checkpoint-1"}'
STATED = {"subject": "board:b/all", "count": 1, "sha256": "0" * 64, "starts_us": 1, "ends_us": 2}
BLOCK = Block(2, 7, 1, "b" * 64, 1_795_780_800_000_001, 1, hash_leaves(2, [ADA])[1], (STATEMENT,))


@pytest.fixture
def keys() -> CheckpointKeys:
    return load_checkpoint_keys()


def resign(keys: CheckpointKeys, **changes: Any) -> str:
    """The block with other claims, signed as if it were one; a claim that is None is left out."""
    header, payload, _ = sign(BLOCK, keys).split(".")
    claims = {**json.loads(decode_base64url(payload)), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    text = json.dumps(claims, sort_keys=True, separators=(",", ":"))
    signed = f"{header}.{encode_base64url(text.encode())}"
    assert keys.private is not None
    return f"{signed}.{encode_base64url(keys.private.sign(signed.encode()))}"


def test_a_block_is_read_as_it_was_written(keys: CheckpointKeys) -> None:
    text = sign(BLOCK, keys)
    assert read_block(text, keys) == BLOCK == read_unverified(text)
    assert (BLOCK.at, BLOCK.place, read_kid(text)) == ("2026-11-27T12:00:00.000001Z", (1, 7), "checkpoint-1")
    header, payload, _ = (decode_base64url(part) for part in text.split("."))
    assert header == b'{"alg":"EdDSA","kid":"checkpoint-1","typ":"scoreboard-checkpoint+jwt"}'
    assert payload == (
        b'{"at_us":1795780800000001,"count":1,"epoch":1,"number":7,"prev":"' + b"b" * 64 + b'","root":"'
        + BLOCK.root.encode() + b'","statements":[{"count":3,"ends_us":2,"sha256":"' + b"0" * 64
        + b'","starts_us":1,"subject":"board:daily/2026-11-26"}],"v":2}'
    )  # fmt: skip


def test_a_leaf_of_version_2_is_under_its_root_as_an_array(keys: CheckpointKeys) -> None:
    text = b'["scoreboard.head.v2","00000000-0000-0000-0000-000000000001",2,"' + b"a" * 64 + b'","' + b"d" * 64 + b'"]'
    assert write_leaf(ADA) == text
    assert hash_leaves(2, [ADA]) == (1, hashlib.sha256(b"\x00" + text).hexdigest())


def test_a_block_of_version_1_is_read_as_before(keys: CheckpointKeys) -> None:
    leaves = [ADA, Leaf(UUID(int=2), 1, "c" * 64, "")]
    text = sign_version_1(keys, leaves, number=3, prev="b" * 64, at="2026-11-27T12:00:00.000001Z")
    lines = f"{ADA.player} 2 {'a' * 64}\n{UUID(int=2)} 1 {'c' * 64}\n"
    root = hashlib.sha256(lines.encode()).hexdigest()
    assert read_block(text, keys) == Block(1, 3, 1, "b" * 64, BLOCK.at_us, 2, root)
    assert hash_leaves(1, leaves) == (2, root)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"v": 3}, "version"),
        ({"v": None}, "version"),
        ({"v": [2]}, "version"),
        ({"v": "scoreboard.checkpoint.v1"}, "form"),
        ({"v": True}, "version"),
        ({"v": 2.0}, "form"),
        ({"number": "7"}, "form"),
        ({"number": True}, "form"),
        ({"at_us": 10**40}, "form"),
        ({"at_us": None}, "form"),
        ({"more": 1}, "form"),
        ({"statements": [{}]}, "form"),
        ({"statements": [1]}, "form"),
        ({"statements": [{**STATED, "ends_us": "2"}]}, "form"),
        ({"statements": [{**STATED, "more": 1}]}, "form"),
        *(({"statements": stated}, "statements") for stated in (
            [STATED, STATED], [STATED, {**STATED, "subject": "board:a/a"}], [{**STATED, "subject": "player:1"}],
            [{**STATED, "sha256": "0"}], [{**STATED, "count": -1}], [{**STATED, "ends_us": 1}],
            [{**STATED, "subject": f"board:a/{number:02}"} for number in range(51)],
        )),
        ({"number": 0}, "form"),
        ({"count": -1}, "form"),
        ({"prev": "x"}, "form"),
        ({"root": "F" * 64}, "form"),
    ],
)  # fmt: skip
def test_what_has_not_its_form_is_none_whoever_signed_it(keys: CheckpointKeys, changes: Any, fault: str) -> None:
    with pytest.raises(BlockInvalid, match=f"^{fault}$"):
        read_block(resign(keys, **changes), keys)


def test_a_payload_in_another_spelling_is_none(keys: CheckpointKeys) -> None:
    header, payload, _ = sign(BLOCK, keys).split(".")
    claims = json.loads(decode_base64url(payload))
    assert keys.private is not None
    for spelled in (
        json.dumps(claims, sort_keys=True),
        json.dumps(dict(reversed(claims.items())), separators=(",", ":")),
    ):
        signed = f"{header}.{encode_base64url(spelled.encode())}"
        with pytest.raises(BlockInvalid, match=r"^form$"):
            read_block(f"{signed}.{encode_base64url(keys.private.sign(signed.encode()))}", keys)


def test_what_another_signed_or_nobody_is_none(keys: CheckpointKeys) -> None:
    text = sign(BLOCK, keys)
    signed, _, signature = text.rpartition(".")
    other = "A" if signature[10] != "A" else "B"
    faults = {
        f"{signed}.{signature[:10]}{other}{signature[11:]}": "signature",
        sign(replace(BLOCK, number=8), keys).rpartition(".")[0] + f".{signature}": "signature",
        signed: "form",
        "": "form",
        "a.b.c": "form",
        f"{encode_base64url(b'[]')}.{text.partition('.')[2]}": "form",
        f"{encode_base64url(b'{}')}.{text.partition('.')[2]}": "form",
        f"{encode_base64url(ANOTHER_HEADER)}.{text.partition('.')[2]}": "header",
        f"{text}=": "form",
    }
    for broken, fault in faults.items():
        with pytest.raises(BlockInvalid, match=f"^{fault}$"):
            read_block(broken, keys)
    with pytest.raises(BlockInvalid, match="key id"):
        read_block(text, replace(keys, public={}))


def test_the_next_block_names_this_one_by_its_hash() -> None:
    assert hash_text("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
