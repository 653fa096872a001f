"""Counts of limits that this process keeps by itself: without Valkey, and while it is out of reach."""

import threading
import time

#: So many subjects of one limit are told apart in a window; those that come later share so many counters.
TOLD_APART = 100_000
SHARED_COUNTERS = 2**16


class LocalCounts:
    """Counts by key for one limit. None is forgotten before its window is over, however many others are counted.

    What is counted in the length of a window is dropped together, when as much time again has passed. Memory is bounded (25 MB
    for a limit under a flood of strangers): beyond TOLD_APART keys newcomers share counters, so that one of them may be refused
    early, but nobody late.
    """

    def __init__(self, window_seconds: int) -> None:
        self._seconds = window_seconds
        self._lock = threading.Lock()
        self._age = 0
        self._present: dict[int, int] = {}
        self._past: dict[int, int] = {}

    def count(self, key: str, times: int) -> int:
        """So many more under this key, which names its window: the count after it."""
        # A number takes less room than the text. Python draws hashes anew for each process: nobody can aim at another's.
        number = hash(key)
        with self._lock:
            self._turn()
            is_told_apart = number in self._present or len(self._present) < TOLD_APART
            counter = number if is_told_apart else number % SHARED_COUNTERS
            before = self._past.get(number, self._past.get(number % SHARED_COUNTERS, 0))
            self._present[counter] = after = max(before, self._present.get(counter, 0)) + times
            return after

    def _turn(self) -> None:
        age = int(time.monotonic() // self._seconds)
        if age != self._age:
            self._past = self._present if age == self._age + 1 else {}
            self._present = {}
            self._age = age
