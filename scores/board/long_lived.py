"""Keeps the garbage collector from looking through all viewers again and again while everything else stands still."""

import gc

#: Freeze again after STEP more viewers; unfreeze and collect when only one in PART_LEFT is left.
STEP = 100
PART_LEFT = 10


class LongLived:
    """Sets aside (`gc.freeze`) what viewers consist of, so that the garbage collector does not look at it.

    For ten thousand viewers that takes it most of a second, and it did so whenever their number had grown by a quarter: API
    requests waited for 650 ms then, and the last viewer for 2 s.

    A viewer who leaves is freed by reference counting, because no cycle holds it (`uvicorn_protocols/viewer.py` sees to that).
    Cycles of anything else that was set aside are collected when few viewers are left.
    """

    def __init__(self) -> None:
        self._viewers = 0

    def watch(self, viewers: int) -> None:
        """Take note of how many viewers there are now."""
        if viewers >= self._viewers + STEP:
            self._viewers = viewers
            gc.freeze()
        elif self._viewers >= STEP and viewers <= self._viewers // PART_LEFT:
            self._viewers = viewers
            gc.unfreeze()
            gc.collect()
            gc.freeze()
