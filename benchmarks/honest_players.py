"""A week of honest players, made up: what they do, from where, and what they are refused.

They differ as people do: by how much they play, when they sleep, how good they are, where they live and whom they share an address
with. Among them are those a rule could take for a cheat: experts, the eager, night owls, offices and households.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple
from uuid import UUID

HOUR = 3600.0
DAY = 24 * HOUR
DAYS = 7
AGENTS = [f"Browser/{number}" for number in range(40)]
AGENT_WEIGHTS = [1 / (number + 2) for number in range(40)]


class Play(NamedTuple):
    """One award, so many seconds into the week."""

    second: float
    action: str
    points: int
    is_proved: bool
    address: str
    agent: str


@dataclass
class HonestPlayer:
    id: UUID
    random: Random
    address: str

    def __post_init__(self) -> None:
        random = self.random
        self.agent = random.choices(AGENTS, AGENT_WEIGHTS)[0]
        self.mobile = f"203.0.{random.randrange(256)}.{random.randrange(256)}"
        self.wakes = random.gauss(7.5, 1.2) + random.choice([0, 0, 0, 6, 12, 17])
        self.awake = random.uniform(15, 17.5)
        #: Sessions a day: most play little, a few play much.
        self.eagerness = min(12.0, random.lognormvariate(0.1, 0.8))
        self.skill = random.betavariate(4, 3)
        self.pace = random.lognormvariate(3.7, 0.4)
        self.is_owl = random.random() < 0.04

    def play(self) -> Iterator[Play]:
        """The whole week, in order."""
        free_at: dict[str, float] = {}
        done: dict[tuple[str, int], int] = {}
        end = 0.0
        for begin in sorted(self._begin_sessions()):
            second = max(begin, end + 60)
            end = second + self.random.expovariate(1 / (20 * 60))
            is_out = self.random.random() < 0.15
            while second < min(end, DAYS * DAY):
                action, points, is_proved = self._choose()
                day = int(second // DAY)
                cap, cooldown = {"forum-post": (200, 30), "daily-visit": (1, 0)}.get(action, (0, 0))
                if second >= free_at.get(action, 0) and not (cap and done.get((action, day), 0) >= cap):
                    free_at[action] = second + cooldown
                    done[action, day] = done.get((action, day), 0) + 1
                    yield Play(second, action, points, is_proved, self.mobile if is_out else self.address, self.agent)
                second += self.pace * self.random.lognormvariate(0, 0.8)

    def _begin_sessions(self) -> Iterator[float]:
        for day in range(DAYS):
            for _ in range(self._poisson(self.eagerness)):
                yield max(0.0, day * DAY + ((self.wakes + self.random.uniform(0, self.awake)) % 24) * HOUR)
        if self.is_owl:
            # One night through: more sessions where the bed would be.
            night = self.random.randrange(DAYS) * DAY + ((self.wakes + self.awake) % 24) * HOUR
            for _ in range(6):
                yield night + self.random.uniform(0, 7 * HOUR)

    def _poisson(self, mean: float) -> int:
        number, spent = 0, self.random.expovariate(1)
        while spent < mean:
            number, spent = number + 1, spent + self.random.expovariate(1)
        return number

    def _choose(self) -> tuple[str, int, bool]:
        action = self.random.choices(
            ["daily-quiz", "answer-accepted", "bug-report", "forum-post", "daily-visit"], [6, 3, 1, 5, 1]
        )[0]
        if action == "daily-quiz":
            # Ten questions; the best get all of them right now and then.
            return action, 10 * max(1, sum(self.random.random() < 0.3 + 0.65 * self.skill for _ in range(10))), True
        if action == "bug-report":
            return action, self.random.choice([50, 50, 50, 100, 100, 200]), True
        return action, {"answer-accepted": 25, "forum-post": 5, "daily-visit": 5}[action], action == "answer-accepted"


def make_players(number: int, random: Random) -> Iterator[HonestPlayer]:
    """Of twenty players fifteen live alone, four in a household, and every fiftieth works in an office of twelve."""
    address, left = "", 0
    for index in range(number):
        if left == 0:
            address = f"198.{18 + index % 2}.{index // 256 % 256}.{index % 256}"
            left = random.choices([1, 2, 3, 12], [76, 14, 6, 1])[0]
        left -= 1
        yield HonestPlayer(UUID(int=random.getrandbits(128), version=4), Random(random.random()), address)


def refuse(player: HonestPlayer) -> Iterator[tuple[float, str, int]]:
    """What an honest client is refused in a week: second, reason and how often in that minute."""
    random = player.random
    for _ in range(random.randrange(6)):
        yield random.uniform(0, DAYS * DAY), "cooldown", random.randint(1, 4)
    if random.random() < 0.05:
        yield random.uniform(0, DAYS * DAY), "receipt_invalid:expired", random.randint(1, 8)
    if random.random() < 0.02:
        yield random.uniform(0, DAYS * DAY), "rate_limited", random.randint(1, 60)
