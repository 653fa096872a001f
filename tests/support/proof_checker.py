"""The second implementation of proofs (tests/second/proofs.mjs): one process of Node, asked line by line."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, ServerError

NODE = Path(sys.prefix) / "bin" / "node"
PROGRAM = ROOT / "tests/second/proofs.mjs"
#: For one answer; a log of the tests takes some milliseconds.
ANSWER_SECONDS = 30.0

JwkSet = Mapping[str, Sequence[Mapping[str, str]]]


class ProofChecker:
    """Says what holds; raises ServerError where the program does not answer, or fails at what it is asked."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        # A process that ends closes both pipes, so that neither end waits for longer.
        deadline = threading.Timer(ANSWER_SECONDS, self._process.kill)
        deadline.start()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            deadline.cancel()
        if not line:
            raise ServerError(f"{PROGRAM.name} ended, or gave no answer within {ANSWER_SECONDS:g} s.")
        answer: dict[str, Any] = json.loads(line)
        if "broken" in answer:
            raise ServerError(f"{PROGRAM.name} failed: {answer['broken']}")
        return answer

    def holds(self, check: str, **request: Any) -> bool:
        return bool(self.ask({"check": check, **request})["holds"])

    def find_fault(self, check: str, **request: Any) -> str:
        """Why it does not hold; empty where it does."""
        return str(self.ask({"check": check, **request}).get("why", ""))

    def find_unchecked(self, check: str, **request: Any) -> list[str]:
        """What could not be checked of a file that holds."""
        unchecked: list[str] = self.ask({"check": check, **request})["unchecked"]
        return unchecked

    def make(self, what: str, **request: Any) -> Any:
        return self.ask({"make": what, **request})["made"]


@contextmanager
def proof_checker() -> Iterator[ProofChecker]:
    if not NODE.exists():
        raise ServerError(f"There is no Node at {NODE}: `./dev test` installs it with what the tests need.")
    process = subprocess.Popen([NODE, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield ProofChecker(process)
    finally:
        process.kill()
        process.communicate()
