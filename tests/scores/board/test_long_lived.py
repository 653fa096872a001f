"""What viewers consist of is set aside from the garbage collector, and looked through again when few are left."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from scores.board.long_lived import STEP, LongLived


@pytest.fixture
def long_lived() -> Iterator[LongLived]:
    gc.unfreeze()
    yield LongLived()
    gc.unfreeze()


def test_viewers_are_set_aside_by_the_hundred(long_lived: LongLived) -> None:
    for viewers in range(STEP):
        long_lived.watch(viewers)
        assert gc.get_freeze_count() == 0
    long_lived.watch(STEP)
    first = gc.get_freeze_count()
    held: list[list[int]] = [[] for _ in range(1000)]
    long_lived.watch(STEP + 1)
    assert gc.get_freeze_count() <= first
    long_lived.watch(2 * STEP)
    assert gc.get_freeze_count() > first + len(held) / 2


class Knot:
    """Held by nobody but itself."""

    def __init__(self) -> None:
        self.itself = self


def test_when_few_are_left_all_is_looked_through_again(long_lived: LongLived) -> None:
    gc.disable()
    try:
        knot = weakref.ref(Knot())
        for viewers in (STEP, 2 * STEP, STEP, STEP // 5 + 1):
            long_lived.watch(viewers)
            gc.collect()
            assert knot() is not None, "set aside, and not looked at"
        long_lived.watch(STEP // 5)
        assert knot() is None
    finally:
        gc.enable()
    assert gc.get_freeze_count() > 0
