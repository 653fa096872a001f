"""Keeps the garbage collector from looking through every viewer again and again, with everything else standing still."""

import gc

#: So many more viewers are set aside at a time.
STEP = 100


class LongLived:
    """What ten thousand viewers consist of takes Python most of a second to look through, which it did whenever it had grown by a
    quarter: API requests waited for 650 ms then, and the last viewer for 2 s. Set aside (`gc.freeze`), it is not looked at.

    A viewer who leaves is freed all the same, because no cycle holds him. What else was set aside, and became a cycle since, is
    found when half of the viewers have gone.
    """

    def __init__(self) -> None:
        self._viewers = 0

    def watch(self, viewers: int) -> None:
        """So many there are now."""
        if viewers >= self._viewers + STEP:
            self._viewers = viewers
            gc.freeze()
        elif viewers <= self._viewers // 2 and self._viewers:
            self._viewers = viewers
            gc.unfreeze()
