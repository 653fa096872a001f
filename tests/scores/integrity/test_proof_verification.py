"""A player's proof checked with the public key alone: it holds as it is, and no change of it does."""

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoints import sign_checkpoints
from audit.keys import CheckpointKeys, load_checkpoint_keys
from scores.integrity.proof import MAXIMUM_END, MAXIMUM_ENTRY, write_proof
from scores.integrity.proof_verification import check_proof, is_proof, read_block_text, read_lines
from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player
from tests.support.tampering import WHY, make_history

pytestmark = pytest.mark.django_db
BROKEN = "This is no whole file of the kind: "


@pytest.fixture
def players(exported: Path) -> list[Score]:
    """As after a history; three entries of Ada's are signed, two are not."""
    return make_history()


@pytest.fixture
def keys() -> CheckpointKeys:
    return replace(load_checkpoint_keys(), private=None)


def prove(player: Score, after: int = 0) -> list[bytes]:
    return list(write_proof(Score.objects.get(pk=player.pk), after))


def check(lines: list[bytes], keys: CheckpointKeys | None) -> dict[bool | None, list[str]]:
    """What holds, what does not, and what stays open."""
    results = list(check_proof(read_lines(BytesIO(b"".join(lines))), keys))
    return {holds: [result.sentence for result in results if result.holds is holds] for holds in (True, False, None)}


def test_a_proof_says_what_holds_and_what_nothing_vouches_for_yet(players: list[Score], keys: CheckpointKeys) -> None:
    found = check(prove(players[0]), keys)
    assert [re.sub(r"at \S+ with", "at TIME with", sentence) for sentence in found[True]] == [
        "Entries: 7. They follow each other without a gap in number, balance and time. This proves that the file agrees with itself.",
        "The digest of the entries up to 5 is the one of the leaf: none was changed, added or left out since.",
        f"The leaf with index {find_index(players)} is one of the 3 leaves under the root of checkpoint 2.",
        "Checkpoint 2 was signed at TIME with the key checkpoint-1.",
        "The key checkpoint-1 is the one that you brought along.",
    ]
    assert (found[False], found[None]) == (
        [],
        [
            "Entries newer than checkpoint 2: 2. Nothing vouches for them yet but the ledger key.",
            "The MACs were not recomputed, which takes the ledger key.",
        ],
    )


def find_index(players: list[Score]) -> int:
    return sorted(player.pk.int for player in players).index(players[0].pk.int)


def test_without_a_key_the_signature_stays_open(players: list[Score], keys: CheckpointKeys) -> None:
    sentence = "The signature of checkpoint 2 was not checked: there is no key checkpoint-1 to check it with."
    assert sentence in check(prove(players[0]), None)[None]
    assert sentence in check(prove(players[0]), replace(keys, public={}))[None]


def test_behind_an_entry_no_digest_can_be_made(players: list[Score], keys: CheckpointKeys) -> None:
    lines = prove(players[0], after=2)
    assert len(lines) == 6
    found = check(lines, keys)
    assert found[False] == []
    assert (
        "The digest was not made: the file begins after entry 2, and it takes all entries from the first."
        in found[None]
    )
    assert check(prove(players[0], after=99), keys)[False] == []


def test_who_was_never_signed_has_a_proof_that_says_so(players: list[Score], keys: CheckpointKeys) -> None:
    dot, eve = Score.objects.get(name__startswith="Dot"), make_player("Eve")
    assert prove(dot) == [b'{"head":null,"index":null,"path":[],"block":null}\n']
    assert check(prove(dot), keys)[None][:2] == [
        "There are no entries.",
        "No checkpoint covers these entries yet: nothing vouches for them but the ledger key.",
    ]
    corrections.adjust(player=eve.pk, delta=5, **WHY)
    assert check(prove(eve), keys)[False] == []
    assert json.loads(prove(eve)[0])["sealed"] is False


def test_every_value_of_every_signed_entry_is_covered(players: list[Score], keys: CheckpointKeys) -> None:
    lines = prove(players[0])
    missed = []
    for number in range(5):
        values = json.loads(lines[number])
        for place, value in enumerate(values):
            other = value + 1 if isinstance(value, int) else "x" if value is None else f"{value}x"
            changed = json.dumps([*values[:place], other, *values[place + 1 :]], separators=(",", ":")).encode() + b"\n"
            if not check([*lines[:number], changed, *lines[number + 1 :]], keys)[False]:
                missed.append((number, place))
    assert missed == []


def test_every_value_of_the_end_is_checked(players: list[Score], keys: CheckpointKeys) -> None:
    *entries, last = prove(players[0])
    end = json.loads(last)
    head, path, block = end["head"], end["path"], end["block"]
    other = [*entries, prove(players[1])[-1]]
    changes = [
        *({**end, "head": {**head, name: other}} for name, other in (
            ("player", str(players[1].pk)), ("seq", head["seq"] - 1), ("seq", head["seq"] + 1), ("mac", "0" * 64), ("digest", "0" * 64)
        )),
        {**end, "index": end["index"] + 1}, {**end, "index": end["index"] - 1}, {**end, "index": -1}, {**end, "index": True},
        {**end, "path": path[::-1]}, {**end, "path": path[:-1]}, {**end, "path": [*path, path[0]]}, {**end, "path": ["0" * 64, *path[1:]]},
        {**end, "path": [text.upper() for text in path]}, {**end, "path": [*path] * 40}, {**end, "path": "".join(path)},
        {**end, "block": block[:-2]}, {**end, "block": block.replace(".", "")}, {**end, "block": None}, {**end, "block": ""},
        {**end, "head": None}, {**end, "more": 1}, {name: value for name, value in end.items() if name != "index"},
    ]  # fmt: skip
    changes = [change for change in changes if change != end]  # a path of one is the same backwards
    missed = [
        change
        for change in changes
        if not check([*entries, json.dumps(change, separators=(",", ":")).encode() + b"\n"], keys)[False]
    ]
    assert missed == []
    assert check(other, keys)[False] != []


def test_the_end_is_written_in_one_way(players: list[Score], keys: CheckpointKeys) -> None:
    *entries, last = prove(players[0])
    end = json.loads(last)
    for spelled in (
        json.dumps(end).encode() + b"\n",
        json.dumps(dict(reversed(end.items())), separators=(",", ":")).encode() + b"\n",
        last.replace(b"\n", b"\r\n"),
        b" " + last,
        last.replace(b',"index":', b',"index":0,"index":'),
        last.replace(b',"path":', b'.0,"path":'),
    ):
        assert check([*entries, spelled], keys)[False] != []
    assert check([*entries, last.rstrip(b"\n")], keys)[False] == []


def test_what_lies_behind_the_leaf_is_not_sealed_and_follows_it(players: list[Score], keys: CheckpointKeys) -> None:
    lines = prove(players[0])
    unsealed = b'{"sealed":false,"entry":' + lines[4].rstrip(b"\n") + b"}\n"
    assert check([lines[3], unsealed, *lines[5:]], keys)[False] != []
    assert check([unsealed, *lines[5:]], keys)[False] != []
    entry = json.loads(lines[5])["entry"]
    other = json.dumps({"sealed": False, "entry": [*entry[:-1], "0" * 64]}, separators=(",", ":")).encode() + b"\n"
    assert check([other, *lines[6:]], keys)[False] != []
    assert check([other, lines[-1]], keys)[False] != []
    assert check(lines[5:], keys)[False] == []


def test_another_key_did_not_sign_it(players: list[Score], keys: CheckpointKeys) -> None:
    other = replace(keys, public={"checkpoint-1": Ed25519PrivateKey.generate().public_key()})
    assert check(prove(players[0]), other)[False] == ["Checkpoint 2 is not as the key checkpoint-1 signed it."]


def test_lines_that_are_moved_doubled_left_out_or_cut_are_found(players: list[Score], keys: CheckpointKeys) -> None:
    lines = prove(players[0])
    entries, end = lines[:-1], lines[-1:]
    for broken in (
        [entries[1], entries[0], *entries[2:], *end], [*entries[::-1], *end], [entries[0], *lines], [*entries[:2], *entries[3:], *end],
        [*entries[1:], *end], [*entries[:4], *entries[5:], *end], [*lines, *end], [*lines, entries[0]], entries, [], [b"\n", *lines],
        [*prove(players[1])[:1], *entries, *end], [*entries[:4], *end], [entries[5], *entries, *end],
    ):  # fmt: skip
        assert check(broken, keys)[False] != [] or broken == [*entries[1:], *end], broken
    # Who leaves out the beginning says `after`: then the digest stays open, and says so.
    assert check([*entries[1:], *end], keys)[False] == []
    sealed = [line for line in entries if line.startswith(b"[")]
    unsealed = [
        json.dumps({"sealed": False, "entry": json.loads(line)}, separators=(",", ":")).encode() + b"\n"
        for line in sealed
    ]
    assert check([unsealed[0], *entries[1:], *end], keys)[False] != []
    assert check([*unsealed, *entries[5:], *end], keys)[False] != []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"", "its end is missing: it was cut off"),
        (b"{}\n", "line 1: it is neither an entry nor an end"),
        (b"[]\n", "line 1: it is no entry"),
        (b"[[[[[]]]]]\n", "line 1: it is no entry"),
        (b'{"sealed":true,"entry":[]}\n', "line 1: it is neither an entry nor an end"),
        (b'{"sealed":false,"entry":{}}\n', "line 1: it is no entry"),
        (b"\xff\n", "line 1: it is no JSON: The body is not UTF-8."),
        (b'["scoreboard.entry.v3"]\n', "line 1: it is no entry"),
        (b'["' + b"x" * MAXIMUM_ENTRY + b'"]\n', "line 1: it is too long"),
        (b"[" * 100_000 + b"\n", "line 1: it is no JSON"),
        (b"x" * 2 * MAXIMUM_END, "line 1: it is no JSON"),
    ],
)
def test_what_is_no_proof_is_said_in_a_sentence(keys: CheckpointKeys, line: bytes, fault: str) -> None:
    [sentence] = check([line], keys)[False]
    assert sentence.startswith(f"{BROKEN}{fault}")


def test_an_entry_in_another_spelling_is_none(players: list[Score], keys: CheckpointKeys) -> None:
    lines = prove(players[0])
    for spelled in (lines[0].replace(b",", b", "), lines[0].replace(b"award", b"\\u0061ward"), b" " + lines[0]):
        [sentence] = check([spelled, *lines[1:]], keys)[False]
        assert sentence == f"{BROKEN}line 1: it is not in the canonical form."


def test_a_hundred_megabytes_of_lines_are_a_no_in_no_time(keys: CheckpointKeys) -> None:
    lines = iter(lambda: b'["scoreboard.entry.v1"]\n', b"")
    assert [result.holds for result in check_proof(lines, keys)] == [False]


def test_a_proof_is_told_from_a_case_by_how_it_begins(players: list[Score], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"".join(prove(players[0])))
    assert is_proof(file)
    assert read_block_text(file) == json.loads(prove(players[0])[-1])["block"]
    file.write_bytes(b'{\n"format": "scoreboard.case.v2"')
    assert (is_proof(file), read_block_text(file)) == (False, "")


def test_after_one_more_checkpoint_all_of_it_is_signed(players: list[Score], keys: CheckpointKeys) -> None:
    sign_checkpoints()
    found = check(prove(players[0]), keys)
    assert (found[False], found[None]) == ([], ["The MACs were not recomputed, which takes the ledger key."])
