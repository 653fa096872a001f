"""The results of a period checked without the database: whether they are any, and which checkpoint states them; as `sentences` says it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from audit.blocks import Block, BlockInvalid, read_unverified
from audit.keys import CheckpointKeys
from audit.verification import CheckResult
from scores.integrity.block_check import check_signature
from scores.integrity.sentences import say

#: Longer than any line: five numbers and an id.
MAXIMUM_LINE = 256
LINE = re.compile(
    rb"([1-9][0-9]{0,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (0|-?[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,17}) ([1-9][0-9]{0,15})\n"
)


class ResultsInvalid(Exception):
    """A line is not that of results; the message says which and why."""


def check_results(
    lines: Iterable[bytes], blocks: Sequence[str] | None, keys: CheckpointKeys | None
) -> Iterator[CheckResult]:
    """Check a results text, line by line, and find what of these blocks states it; none are given where they are None.

    `keys` are the reader's own; without them no signature is checked.
    """
    try:
        count, sha256 = _read_results(lines)
    except ResultsInvalid as error:
        yield CheckResult(False, str(error))
        return
    yield say(True, "results.hold", count=count)
    if blocks is None:
        yield say(None, "statement.open")
        return
    yield from _check_statements(_read_stated(blocks), count, sha256, keys)


def _check_statements(
    stated: dict[str, list[tuple[Block, str]]], count: int, sha256: str, keys: CheckpointKeys | None
) -> Iterator[CheckResult]:
    found = False
    for subject, statements in sorted(stated.items()):
        held = [
            (block, text)
            for block, text in statements
            if any((s.subject, s.count, s.sha256) == (subject, count, sha256) for s in block.statements)
        ]
        if held:
            found = True
            block, text = held[-1]
            yield say(True, "statement.holds", number=block.number, subject=subject)
            yield from check_signature(text, keys)
            last, _ = statements[-1]
            if last is not block:
                yield say(None, "statement.amended", number=last.number, subject=subject)
    if not found:
        yield say(False, "statement.broken")


def _read_stated(blocks: Iterable[str]) -> dict[str, list[tuple[Block, str]]]:
    """The blocks that state something of a subject, oldest first; what is no block states nothing."""
    stated: dict[str, list[tuple[Block, str]]] = {}
    for text in blocks:
        try:
            block = read_unverified(text)
        except BlockInvalid:
            continue
        for statement in block.statements:
            stated.setdefault(statement.subject, []).append((block, text))
    for found in stated.values():
        found.sort(key=lambda pair: pair[0].place)
    return stated


def _read_results(lines: Iterable[bytes]) -> tuple[int, str]:
    """How many places, and the SHA-256 of the text. Raises ResultsInvalid."""
    order, digest = _Order(), hashlib.sha256()
    for line in lines:
        if fault := order.find_fault(line):
            raise ResultsInvalid(say(False, "entries.broken", line=order.count, fault=fault).sentence)
        digest.update(line)
    return order.count, digest.hexdigest()


class _Order:
    """The places so far: ranks without a gap, points all down or all up, and of equal ones who came first, then the lower id."""

    def __init__(self) -> None:
        self.count = 0
        self._players: set[bytes] = set()
        self._last: tuple[int, int, bytes] | None = None
        self._direction = 0

    def find_fault(self, line: bytes) -> str:
        """Go on by a line; what is wrong with it, empty where nothing is."""
        self.count += 1
        found = LINE.fullmatch(line)
        if found is None:
            return "it is not RANK PLAYER POINTS AT_US SEQ"
        rank, player, points, at_us, _ = found.groups()
        place, last = (int(points), int(at_us), player), self._last
        if int(rank) != self.count:
            return f"its rank is not {self.count}"
        if player in self._players:
            return "the player stands on a line before"
        if last is not None:
            step = (place[0] > last[0]) - (place[0] < last[0])
            self._direction = self._direction or step
            if (step != self._direction) if step else place[1:] <= last[1:]:
                return "it is not in the order of a board"
        self._players.add(player)
        self._last = place
        return ""
