"""Keeps the garbage collector from looking through every viewer again and again, with everything else standing still."""

import gc

#: So many more viewers are set aside at a time, and all are looked through when so small a part of them is left.
STEP = 100
PART_LEFT = 10


class LongLived:
    """What ten thousand viewers consist of takes Python most of a second to look through, which it did whenever it had grown by a
    quarter: API requests waited for 650 ms then, and the last viewer for 2 s. Set aside (`gc.freeze`), it is not looked at.

    A viewer who leaves is freed by counting, because no cycle holds him (protocols.py). What else was set aside and became one
    waits until few viewers are left to be looked through beside it.
    """

    def __init__(self) -> None:
        self._viewers = 0

    def watch(self, viewers: int) -> None:
        """So many there are now."""
        if viewers >= self._viewers + STEP:
            self._viewers = viewers
            gc.freeze()
        elif self._viewers >= STEP and viewers <= self._viewers // PART_LEFT:
            self._viewers = viewers
            gc.unfreeze()
            gc.collect()
            gc.freeze()
