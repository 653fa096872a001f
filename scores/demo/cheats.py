"""Who cheats in the demo, and how: endless plans of what each does next, for the simulation to play and for trials of the rules.

Each wants more than a person could earn, takes it in a raid, and lies low for a while.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Move:
    """One act, so many seconds after the one before: for these points by a receipt, or self-reported (0). Forged ones are refused."""

    pause: float
    action: str
    points: int = 0
    is_forged: bool = False


Plan = Callable[[Random], Iterator[Move]]


@dataclass(frozen=True, slots=True)
class Cheat:
    username: str
    name: str
    plan: Plan
    #: The last number of the address; who has the same is the same person.
    address: int


def keep_time(random: Random) -> Iterator[Move]:
    """A script in a loop with a fixed pause."""
    while True:
        for _ in range(64):
            yield Move(2.0, "daily-quiz", random.randrange(10, 101, 5))
        yield Move(random.uniform(6, 9) * HOUR, "daily-quiz", 50)


def take_the_most(random: Random) -> Iterator[Move]:
    """Somebody at the backend writes receipts for a friend, always the best that can be had."""
    while True:
        for _ in range(45):
            yield Move(random.uniform(0.8, 5), "bug-report", 200)
        yield Move(random.uniform(10, 14) * HOUR, "bug-report", 200)


def sprint(random: Random) -> Iterator[Move]:
    """A script as fast as the limits let it."""
    while True:
        for _ in range(160):
            yield Move(random.uniform(1.0, 1.6), "bug-report", random.randrange(50, 201, 5))
        yield Move(random.uniform(18, 22) * HOUR, "bug-report", 50)


def forge(random: Random) -> Iterator[Move]:
    """Tries receipts signed with a key of its own, and between them does what is allowed, to look like others."""
    while True:
        yield Move(random.uniform(5, 15), "forum-post")
        for _ in range(24):
            yield Move(random.uniform(0.5, 2), "bug-report", 200, is_forged=True)
        yield Move(random.uniform(2, 6) * HOUR, "forum-post")


def never_sleep(random: Random) -> Iterator[Move]:
    """A script that pauses as people do, but has no night."""
    while True:
        yield Move(random.uniform(40, 900), "daily-quiz", random.randrange(10, 101, 5))


def share_a_desk(random: Random) -> Iterator[Move]:
    """One of many accounts of one person, who plays them by turns."""
    while True:
        for _ in range(random.randint(3, 6)):
            yield Move(random.expovariate(1 / 15), "answer-accepted", 25)
        yield Move(random.uniform(9, 12) * HOUR, "answer-accepted", 25)


DESK = 200
CHEATS = (
    Cheat("otto", "Otto Brandt", keep_time, 101),
    Cheat("greta", "Greta Holm", take_the_most, 102),
    Cheat("vera", "Vera Lang", sprint, 103),
    Cheat("felix", "Felix Renner", forge, 104),
    Cheat("ivy", "Ivy Nightingale", never_sleep, 105),
    *(Cheat(f"lucky{number}", f"Lucky {number}", share_a_desk, DESK) for number in range(71, 77)),
)
