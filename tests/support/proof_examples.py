"""Proofs and results of random logs that have all there is to change, and the ways to change them."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.support.proof_logs import (
    SYSTEM,
    Block,
    Chain,
    Log,
    Signer,
    hash_leaf,
    hash_tree,
    make_log,
    to_canonical,
    write_leaf,
)

JwkSet = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Case:
    """A file and what it is checked with."""

    kind: str
    text: str
    keys: JwkSet
    blocks: tuple[str, ...] = ()


@dataclass
class Example:
    """A log with a proof that has all there is: both versions of entries, sealed and unsealed ones, a path of several."""

    log: Log
    chain: Chain

    @property
    def proof(self) -> Case:
        return Case("proof", self.log.write_proof(self.chain), self.log.keys)

    @property
    def results(self) -> Case:
        return Case("results", self.log.results[-1], self.log.keys, (self.log.blocks[-1].jws,))

    @property
    def block(self) -> Block:
        """The one that the proof names."""
        return next(each for each in self.log.blocks if each.jws == self.last["block"])

    @property
    def uncovered(self) -> "Example":
        """The same before anything was sealed."""
        return Example(replace(self.log, blocks=[]), self.chain)

    @property
    def sealed(self) -> int:
        return self.log.find_sealed(self.chain.player)

    @property
    def lines(self) -> list[str]:
        return self.proof.text.splitlines()

    @property
    def last(self) -> dict[str, Any]:
        last: dict[str, Any] = json.loads(self.lines[-1])
        return last

    def with_lines(self, lines: list[str]) -> Case:
        return replace(self.proof, text="".join(f"{line}\n" for line in lines))

    def with_line(self, at: int, line: str) -> Case:
        lines = self.lines
        lines[at] = line
        return self.with_lines(lines)

    def with_entry(self, at: int, column: int, value: object) -> Case:
        """With another value in one column of a line; `column` as the array counts, sealed or not."""
        line = json.loads(self.lines[at])
        entry = line if isinstance(line, list) else line["entry"]
        entry[column] = value
        text = to_canonical(entry)
        return self.with_line(at, text if isinstance(line, list) else f'{{"sealed":false,"entry":{text}}}')

    def with_last(self, **changed: object) -> Case:
        return self.with_line(-1, to_canonical({**self.last, **changed}))

    def with_head(self, **changed: object) -> Case:
        return self.with_last(head={**self.last["head"], **changed})

    def with_block(self, **changed: object) -> Case:
        """With a block of other claims, which the right key signed."""
        return self.with_last(block=self.log.signer.sign({**self.block.claims, **changed}))

    def find_elsewhere(self) -> dict[str, Any]:
        """The last line of another player, in whose block this one is too."""
        for other in self.log.chains:
            if other.player not in (self.chain.player, SYSTEM):
                last: dict[str, Any] = json.loads(self.log.write_proof(other).splitlines()[-1])
                if last["block"] == self.last["block"]:
                    return last
        raise LookupError("Nobody else is in the block.")

    def find_earlier(self) -> dict[str, Any]:
        """The last line as it was when the block before was the newest over this chain."""
        for keep in range(len(self.log.blocks) - 1, 0, -1):
            last: dict[str, Any] = json.loads(
                replace(self.log, blocks=self.log.blocks[:keep]).write_proof(self.chain).splitlines()[-1]
            )
            if last["head"] and last["block"] != self.last["block"]:
                return last
        raise LookupError("No block before covers the chain.")


def is_rich(example: Example) -> bool:
    sealed, entries = example.sealed, example.chain.entries
    if sealed < 4 or len(entries) < sealed + 3 or example.chain.balance < 5:
        return False
    kinds = {json.loads(text)[0] for text in entries[:sealed]}
    path = example.last["path"]
    rows = example.results.text.count("\n")
    if len(kinds) < 2 or len(path) < 3 or len(set(path)) < 3 or rows < 4:
        return False
    try:
        return bool(example.find_earlier() and example.find_elsewhere())
    except LookupError:
        return False


def find_examples(wanted: int) -> list[Example]:
    """The first random logs that have all that there is to change."""
    found: list[Example] = []
    for seed in range(10_000):
        log = make_log(seed, most_blocks=5)
        found.extend(example for chain in log.chains[1:] if is_rich(example := Example(log, chain)))
        if len(found) >= wanted:
            return found[:wanted]
    raise LookupError("The random logs have too little in them.")


def next_of_class(character: str) -> str:
    """Another character of the same class: a digit for a digit, a letter of hex for one, and so on."""
    for alphabet in ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        if character in alphabet:
            return alphabet[(alphabet.index(character) + 1) % len(alphabet)]
    return {"-": "_", "_": "-"}.get(character, "~")


def change_every_character(example: Example) -> Iterator[tuple[int, int, Case]]:
    """Each character of what is sealed and of the last line, in turn another one: line, place, and the file then."""
    lines = example.lines
    for at in (*range(example.sealed), len(lines) - 1):
        line = lines[at]
        for place, character in enumerate(line):
            yield at, place, example.with_line(at, line[:place] + next_of_class(character) + line[place + 1 :])


def swap(items: list[str], one: int, two: int) -> list[str]:
    items = list(items)
    items[one], items[two] = items[two], items[one]
    return items


def forge_root(example: Example, **changed: object) -> Case:
    """A head that is another and a block over just it, signed by a stranger who calls the key the same."""
    stranger = Signer(random.Random(-1))
    stranger.kid = example.log.signer.kid
    head = {**example.last["head"], **changed}
    claims = {
        **example.block.claims,
        "count": 1,
        "root": hash_tree([hash_leaf(write_leaf(head))]).hex(),
        "statements": [],
    }
    return example.with_last(head=head, index=0, path=[], block=stranger.sign(claims))


def sign_raw(example: Example, header: str | None = None, payload: str | None = None) -> Case:
    """The block signed anew over other texts than those of docs/contract.md 18.2, by the right key."""
    kid = example.log.signer.kid
    header = header or f'{{"alg":"EdDSA","kid":"{kid}","typ":"scoreboard-checkpoint+jwt"}}'
    payload = payload or to_canonical(example.block.claims, in_order=True)
    return example.with_last(block=example.log.signer.sign_texts(header, payload))


def add_points(example: Example) -> Case:
    """One point more from the first entry on: all balances agree, and only the digest does not."""
    lines = []
    for at, text in enumerate(example.chain.entries):
        entry = json.loads(text)
        entry[6] += 1
        entry[5] += at == 0
        sealed = at < example.sealed
        lines.append(to_canonical(entry) if sealed else f'{{"sealed":false,"entry":{to_canonical(entry)}}}')
    return example.with_lines([*lines, example.lines[-1]])


def pad(example: Example) -> Case:
    """The first line padded past 16 KiB."""
    return example.with_line(0, example.lines[0] + " " * 16 * 1024)


Change = Callable[[Example], Case]
