"""The second verifier (tests/second/verifier.mjs), asked through the pipes of one process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT


class SecondVerifier:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def find_fault(self, **request: object) -> str:
        """What is wrong with a proof or with results; empty where nothing is."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        fault: str = json.loads(self._process.stdout.readline())["fault"]
        assert not fault.startswith("broken"), fault
        return fault


@contextmanager
def second_verifier() -> Iterator[SecondVerifier]:
    node = Path(sys.prefix) / "bin" / "node"
    process = subprocess.Popen(
        [str(node), str(ROOT / "tests/second/verifier.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield SecondVerifier(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
