"""Changes of a player's proof, each of which a checker has to find: a sentence, and what makes it true."""

import json
import random
from dataclasses import replace

from tests.support.proof_examples import Change, Example, JwkSet, add_points, forge_root, pad, sign_raw, swap
from tests.support.proof_logs import LARGEST, Signer, state, to_canonical

LINES: dict[str, Change] = {
    "the first two sealed lines are swapped": lambda e: e.with_lines(swap(e.lines, 0, 1)),
    "the last two sealed lines are swapped": lambda e: e.with_lines(swap(e.lines, e.sealed - 2, e.sealed - 1)),
    "the head's line and the one after are swapped": lambda e: e.with_lines(swap(e.lines, e.sealed - 1, e.sealed)),
    "the unsealed lines are swapped": lambda e: e.with_lines(swap(e.lines, e.sealed, e.sealed + 1)),
    "the last line comes first": lambda e: e.with_lines([e.lines[-1], *e.lines[:-1]]),
    "a sealed line in the middle is dropped": lambda e: e.with_lines([*e.lines[:1], *e.lines[2:]]),
    "the head's line is dropped": lambda e: e.with_lines([*e.lines[: e.sealed - 1], *e.lines[e.sealed :]]),
    "all unsealed lines but the last are dropped": lambda e: e.with_lines([*e.lines[: e.sealed], *e.lines[-2:]]),
    "a sealed line is there twice": lambda e: e.with_lines([*e.lines[:2], *e.lines[1:]]),
    "an unsealed line is there twice": lambda e: e.with_lines([*e.lines[: e.sealed + 1], *e.lines[e.sealed :]]),
    "the last line is missing": lambda e: e.with_lines(e.lines[:-1]),
    "only the sealed lines are left": lambda e: e.with_lines(e.lines[: e.sealed]),
    "the last line is there twice": lambda e: e.with_lines([*e.lines, e.lines[-1]]),
    "nothing is left": lambda e: e.with_lines([]),
    "the last line is cut": lambda e: replace(e.proof, text=e.proof.text[:-20]),
    "a sealed line is cut": lambda e: e.with_line(1, e.lines[1][:-5]),
    "a line is empty": lambda e: e.with_lines(["", *e.lines]),
    "lines end as on other systems": lambda e: replace(e.proof, text=e.proof.text.replace("\n", "\r\n")),
    "a line is too long": pad,
    "all balances are one higher": add_points,
    "there is a space in a sealed line": lambda e: e.with_line(0, e.lines[0].replace(",", ", ", 1)),
    "a letter is escaped that need not be": lambda e: e.with_line(
        0, e.lines[0].replace("scoreboard", "\\u0073coreboard")
    ),
    "there is a column more": lambda e: e.with_line(0, e.lines[0][:-1] + ",null]"),
    "a sealed entry is called unsealed": lambda e: e.with_line(0, f'{{"sealed":false,"entry":{e.lines[0]}}}'),
    "the head's entry is called unsealed": lambda e: e.with_line(
        e.sealed - 1, f'{{"sealed":false,"entry":{e.lines[e.sealed - 1]}}}'
    ),
    "an unsealed entry is called sealed": lambda e: e.with_line(
        e.sealed, to_canonical(json.loads(e.lines[e.sealed])["entry"])
    ),
    "unsealed is not false": lambda e: e.with_line(e.sealed, e.lines[e.sealed].replace("false", "null", 1)),
    "an unsealed line says more": lambda e: e.with_line(e.sealed, e.lines[e.sealed][:-1] + ',"note":""}'),
    "an unsealed line has a field twice": lambda e: e.with_line(e.sealed, e.lines[e.sealed][:-1] + ',"sealed":false}'),
    "the last line has a field twice": lambda e: e.with_line(-1, e.lines[-1][:-1] + ',"index":0}'),
}
UNSEALED: dict[str, Change] = {
    "is of another player": lambda e: e.with_entry(e.sealed, 1, "12345678-1234-4234-8234-123456789abc"),
    "has the number before": lambda e: e.with_entry(e.sealed, 2, e.sealed),
    "has the number after": lambda e: e.with_entry(e.sealed, 2, e.sealed + 2),
    "moved more": lambda e: e.with_entry(e.sealed, 5, 999_999),
    "leaves more": lambda e: e.with_entry(e.sealed, 6, LARGEST),
    "went back in time": lambda e: e.with_entry(e.sealed, -3, 1),
    "follows another entry than the head": lambda e: e.with_entry(e.sealed, -1, "0" * 64),
    "follows none, though it is not the first": lambda e: e.with_entry(e.sealed, -1, ""),
    "that comes later follows none": lambda e: e.with_entry(e.sealed + 1, -1, ""),
    "is of a kind that there is not": lambda e: e.with_entry(e.sealed, 4, "gift"),
    "has text for a number": lambda e: e.with_entry(e.sealed, 2, str(e.sealed + 1)),
    "has true for a number": lambda e: e.with_entry(e.sealed, 5, True),
    "has a fraction": lambda e: e.with_entry(e.sealed, -3, 1.5e15),
    "has a number beyond 2^53 - 1": lambda e: e.with_entry(e.sealed, -3, 2**53),
    "has upper-case hex": lambda e: e.with_entry(e.sealed, -2, "A" * 64),
    "has short hex": lambda e: e.with_entry(e.sealed, -2, "a" * 63),
}
ENDS: dict[str, Change] = {
    "the index is one more": lambda e: e.with_last(index=e.last["index"] + 1),
    "the index is one less": lambda e: e.with_last(index=e.last["index"] - 1),
    "the index is that of the count": lambda e: e.with_last(index=len(e.block.heads)),
    "the index is text": lambda e: e.with_last(index=str(e.last["index"])),
    "the index is a fraction": lambda e: e.with_last(index=float(e.last["index"])),
    "the index is away": lambda e: e.with_last(index=None),
    "two siblings are swapped": lambda e: e.with_last(path=swap(e.last["path"], 0, 1)),
    "the first sibling is dropped": lambda e: e.with_last(path=e.last["path"][1:]),
    "the last sibling is dropped": lambda e: e.with_last(path=e.last["path"][:-1]),
    "a sibling is there twice": lambda e: e.with_last(path=[e.last["path"][0], *e.last["path"]]),
    "there is a sibling more": lambda e: e.with_last(path=[*e.last["path"], "0" * 64]),
    "there is no sibling": lambda e: e.with_last(path=[]),
    "a sibling is in upper case": lambda e: e.with_last(path=[e.last["path"][0].upper(), *e.last["path"][1:]]),
    "a sibling is short": lambda e: e.with_last(path=[e.last["path"][0][:-2], *e.last["path"][1:]]),
    "the path is another player's": lambda e: e.with_last(path=e.find_elsewhere()["path"]),
    "the head is another player's": lambda e: e.with_last(head=e.find_elsewhere()["head"]),
    "the whole last line is another player's": lambda e: e.with_last(**e.find_elsewhere()),
    "the path is of an earlier block": lambda e: e.with_last(path=[*e.find_earlier()["path"], "0" * 64]),
    "the block is an earlier one": lambda e: e.with_last(block=e.find_earlier()["block"]),
    "the whole last line is an earlier one": lambda e: e.with_last(**e.find_earlier()),
    "the head is one entry earlier": lambda e: e.with_last(head=e.chain.head(e.sealed - 1)),
    "the head's player is another": lambda e: e.with_head(player="12345678-1234-4234-8234-123456789abc"),
    "the head's number is one more": lambda e: e.with_head(seq=e.sealed + 1),
    "the head's MAC is another": lambda e: e.with_head(mac="0" * 64),
    "the head's digest is another": lambda e: e.with_head(digest="0" * 64),
    "the head says more": lambda e: e.with_head(note=""),
    "the head is away": lambda e: e.with_last(head=None),
    "the block is away": lambda e: e.with_last(block=None),
    "all of the seal is away": lambda e: e.with_last(head=None, index=None, path=[], block=None),
    "the last line says more": lambda e: e.with_last(note=""),
}


def at_key(example: Example, **changed: str) -> JwkSet:
    return {"keys": [{**example.log.signer.jwk, **changed}]}


def kid_of(example: Example) -> str:
    return example.log.signer.kid


STRANGER = Signer(random.Random(-1)).jwk["x"]
SIGNED: dict[str, Change] = {
    "the key is another one": lambda e: replace(e.proof, keys=at_key(e, x=STRANGER)),
    "the header is no JSON": lambda e: sign_raw(e, header="header"),
    "the header is no base64url": lambda e: e.with_last(block="~" + e.last["block"][1:]),
    "the header names no key": lambda e: sign_raw(e, header='{"alg":"EdDSA","typ":"scoreboard-checkpoint+jwt"}'),
    "a stranger signed another head": forge_root,
    "a stranger signed another MAC": lambda e: forge_root(e, mac="0" * 64),
    "the count is no more than the index": lambda e: e.with_block(count=e.last["index"]),
    "the root is another": lambda e: e.with_block(root="0" * 64),
    "the root is in upper case": lambda e: e.with_block(root="A" * 64),
    "the version is another": lambda e: e.with_block(v=3),
    "the version is text": lambda e: e.with_block(v="2"),
    "the block says more": lambda e: e.with_block(note=""),
    "the time is text": lambda e: e.with_block(at_us="1"),
    "the block before is no hash": lambda e: e.with_block(number=2, prev="0"),
    "a statement is there twice": lambda e: e.with_block(statements=[state("", "board:a/2026")] * 2),
    "statements are not in order": lambda e: e.with_block(
        statements=[state("", "board:b/2026"), state("", "board:a/2026")]
    ),
    "there are 51 statements": lambda e: e.with_block(
        statements=[state("", f"board:a-{number}/2026") for number in range(100, 151)]
    ),
    "a statement says more": lambda e: e.with_block(statements=[{**state("", "board:a/2026"), "note": ""}]),
    "a statement is of no board": lambda e: e.with_block(statements=[state("", "a/2026")]),
    "the payload has spaces": lambda e: sign_raw(e, payload=json.dumps(e.block.claims, sort_keys=True)),
    "the payload is not sorted": lambda e: sign_raw(e, payload=to_canonical(e.block.claims)),
    "the payload has a field twice": lambda e: sign_raw(
        e, payload=to_canonical(e.block.claims, in_order=True)[:-1] + ',"v":2}'
    ),
    "the payload is no object": lambda e: sign_raw(e, payload="[]"),
    "the header has no type": lambda e: sign_raw(e, header=f'{{"alg":"EdDSA","kid":"{kid_of(e)}"}}'),
    "the header has another type": lambda e: sign_raw(e, header=f'{{"alg":"EdDSA","kid":"{kid_of(e)}","typ":"JWT"}}'),
    "the header asks for no signature": lambda e: sign_raw(
        e, header=f'{{"alg":"none","kid":"{kid_of(e)}","typ":"scoreboard-checkpoint+jwt"}}'
    ),
    "the header says more": lambda e: sign_raw(
        e, header=f'{{"alg":"EdDSA","kid":"{kid_of(e)}","typ":"scoreboard-checkpoint+jwt","x":""}}'
    ),
    "the block has a fourth part": lambda e: e.with_last(block=e.last["block"] + ".e30"),
    "the block has no signature": lambda e: e.with_last(block=e.last["block"].rpartition(".")[0] + "."),
    "the block is padded": lambda e: e.with_last(block=e.last["block"] + "=="),
    "the block has a space": lambda e: e.with_last(block=e.last["block"] + " "),
}
#: Of a chain that no block covers.
UNCOVERED: dict[str, Change] = {
    "the first follows one": lambda e: e.uncovered.with_entry(0, -1, "0" * 64),
    "the first starts with a balance": lambda e: e.uncovered.with_entry(0, 6, json.loads(e.chain.entries[0])[6] + 1),
    "an entry is called sealed": lambda e: e.uncovered.with_line(0, e.chain.entries[0]),
    "there is a path": lambda e: e.uncovered.with_last(path=["0" * 64]),
    "there is an index": lambda e: e.uncovered.with_last(index=0),
    "there is a block": lambda e: e.uncovered.with_last(block=e.last["block"]),
}
PROOF_CHANGES = {
    f"{group}: {name}": change
    for group, changes in {
        "lines": LINES,
        "an unsealed entry": UNSEALED,
        "the last line": ENDS,
        "what is signed": SIGNED,
        "what no block covers": UNCOVERED,
    }.items()
    for name, change in changes.items()
}
