"""A player's proof checked by who holds no key but the public one, without the database; in the words of `sentences`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from audit.blocks import BlockInvalid, Leaf, read_unverified
from audit.chain import Entry
from audit.digests import START, extend
from audit.keys import CheckpointKeys
from audit.verification import KINDS, CheckResult
from scores.integrity.block_check import check_path, check_signature
from scores.integrity.proof import MAXIMUM_END, ProofEnd, ProofInvalid, read_line
from scores.integrity.sentences import say

FINDINGS_SHOWN = 100


def is_proof(path: Path) -> bool:
    """Tell a proof from a case file by how it begins. Raises OSError."""
    with path.open("rb") as file:
        return file.read(16).startswith((b'["', b'{"sealed":', b'{"head":'))


def read_block_text(path: Path) -> str:
    """Read the block that the last line of a proof names; empty where there is none. Raises OSError."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAXIMUM_END))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        found = read_line(last)
    except ProofInvalid:
        return ""
    return found.block if isinstance(found, ProofEnd) else ""


def read_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Read lines, none of which is longer than one may be: what follows in it is left out, so that it is none any more."""
    while line := file.readline(MAXIMUM_END + 1):
        yield line
        if not line.endswith(b"\n") and len(line) > MAXIMUM_END:
            return


def check_proof(lines: Iterable[bytes], keys: CheckpointKeys | None) -> Iterator[CheckResult]:
    """Check a proof, line by line in constant memory. `keys` are the reader's own; without them no signature is checked."""
    chain = _Chain()
    try:
        end = chain.follow(lines)
    except ProofInvalid as error:
        yield say(False, "file.broken", fault=str(error))
        return
    yield from chain.results()
    if end.leaf is None and chain.is_sealed:
        yield say(False, "file.broken", fault="there are sealed entries, and no head")
    elif end.leaf is None:
        yield say(None, "uncovered")
    else:
        yield from _check_end(chain, end, keys)
    yield say(None, "macs")


def _check_end(chain: "_Chain", end: ProofEnd, keys: CheckpointKeys | None) -> Iterator[CheckResult]:
    assert end.leaf is not None  # noqa: S101 - only such ends come here
    try:
        block = read_unverified(end.block)
    except BlockInvalid as error:
        yield say(False, "file.broken", fault=f"its block breaks the rule of {error}")
        return
    yield chain.check_digest(end)
    yield check_path(end.leaf, end.index, end.path, block)
    yield from check_signature(end.block, keys)
    if chain.unsealed:
        yield say(None, "unsealed", count=chain.unsealed, number=block.number)


class _Chain:
    """The entries as they are read, one after the other."""

    def __init__(self) -> None:
        self.unsealed = 0
        self._count = 0
        self._first: Entry | None = None
        self._last: Entry | None = None
        self._sealed: Entry | None = None
        self._digest = START
        self._behind: Entry | None = None
        self._faults: list[CheckResult] = []

    def follow(self, lines: Iterable[bytes]) -> ProofEnd:
        """Read all lines. Raises ProofInvalid where one has not its form, or the last one is missing."""
        number = 0
        end: ProofEnd | None = None
        for number, line in enumerate(lines, start=1):
            if end is not None:
                raise ProofInvalid(f"line {number} follows its end")
            try:
                found = read_line(line)
            except ProofInvalid as error:
                raise ProofInvalid(f"line {number}: {error}") from None
            if isinstance(found, ProofEnd):
                end = found
            else:
                self._take(number, *found)
        if end is None:
            raise ProofInvalid("its end is missing: it was cut off")
        return end

    @property
    def is_sealed(self) -> bool:
        """Whether any entry is said to be covered."""
        return self._sealed is not None

    def results(self) -> Iterator[CheckResult]:
        """Say whether the entries follow each other."""
        yield from self._faults[:FINDINGS_SHOWN]
        if not self._faults:
            yield say(True, "entries.hold", count=self._count) if self._count else say(None, "entries.none")

    def check_digest(self, end: ProofEnd) -> CheckResult:
        """Hold the digest of the sealed entries, and who they are of, against the leaf."""
        leaf, sealed, first = end.leaf, self._sealed, self._first
        assert leaf is not None  # noqa: S101 - only such ends come here
        is_of_leaf = sealed is not None and (sealed.player, sealed.seq) == (leaf.player, leaf.seq)
        # Where the file begins behind the leaf, none is sealed.
        is_fit = is_of_leaf or (sealed is None and (first is None or first.player == leaf.player))
        if not (is_fit and self._goes_on(leaf)):
            return say(False, "digest.broken", seq=leaf.seq)
        if first is None or first.seq > 1:
            return say(None, "digest.open", seq=first.seq - 1 if first else leaf.seq)
        holds = is_of_leaf and self._digest.hex() == leaf.digest
        return say(holds, "digest.holds" if holds else "digest.broken", seq=leaf.seq)

    def _goes_on(self, leaf: Leaf) -> bool:
        """Whether the first entry that is not sealed lies behind the leaf, and follows it where it is the next."""
        behind = self._behind
        return behind is None or behind.seq > leaf.seq + 1 or (behind.seq == leaf.seq + 1 and behind.prev == leaf.mac)

    def _take(self, number: int, entry: Entry, text: bytes, is_sealed: bool) -> None:
        for fault in self._find_faults(entry, is_sealed):
            self._faults.append(say(False, "entries.broken", line=number, fault=fault))
        if is_sealed:
            self._digest = extend(self._digest, text)
            self._sealed = entry
        elif not self.unsealed:
            self._behind = entry
        self.unsealed += not is_sealed
        self._first = self._first or entry
        self._last = entry
        self._count += 1

    def _find_faults(self, entry: Entry, is_sealed: bool) -> list[str]:
        last = self._last
        rules = [
            (entry.kind not in KINDS, f"there is no entry of kind {entry.kind}"),
            (entry.balance < 0 or entry.seq < 1, "its balance or number is none"),
            (entry.seq > 1 and not entry.prev, "the entry follows none"),
            (is_sealed and self.unsealed > 0, "a sealed entry follows one that is not"),
        ]
        if last is not None:
            rules += [
                (entry.player != last.player, "the entry is of another player"),
                (entry.seq != last.seq + 1, f"entry {last.seq + 1} is missing"),
                (entry.balance != last.balance + entry.delta, "the balance is not the one before plus delta"),
                (entry.at_us < last.at_us, "the entry is earlier than the one before it"),
            ]
        elif entry.seq == 1:
            goes_on = bool(entry.prev) or entry.balance != entry.delta
            rules.append((goes_on, "the first entry goes on from another"))
        return [fault for is_broken, fault in rules if is_broken]
