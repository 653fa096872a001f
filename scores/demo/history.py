"""The days before the demo's first start: acts that players might have done then, judged by the rules as of then.

Into an empty log only. Receipts are signed as of each act, `awards.rules` judges it at its time, and the log's own writer appends it,
told that time: so every chain holds, and verification finds nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.db import transaction

from audit import clock
from audit.chain import SYSTEM_CHAIN
from audit.ledger import ChainEnd
from audit.models import AuditEntry
from audit.times import SECOND_US, to_moment, to_us
from scores.awards.rules import Attempt, Facts, SelfReport, draft_award, midnight_us
from scores.callers import Caller
from scores.chain import append_entry
from scores.demo.seed import (
    AGENTS,
    CATALOGUE,
    ISSUER,
    KID,
    PLAYERS,
    Demo,
    DemoAction,
    choose_points,
    choose_value,
    is_awake,
)
from scores.errors import Cooldown, DailyCap
from scores.models import Action, Score
from scores.receipts.signing import sign_receipt
from scores.receipts.verifier import Receipt, examine

DAYS = 5
#: How often somebody comes by, of which some is slept through, and how much is done then.
VISITS_A_DAY = 1
ACTS = (1, 5)
PAUSE_SECONDS = 90
PROVED_SHARE = 0.8


@dataclass(slots=True)
class PastPlayer:
    """Somebody who acts in the past: the last entry, and when each action was done."""

    score: Score
    number: int
    last: AuditEntry | None = None
    done_us: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


@transaction.atomic
def make_history(demo: Demo) -> int:
    """Write the days before now where the log has no player's entry yet; how many entries were written."""
    if AuditEntry.objects.exclude(player=SYSTEM_CHAIN).exists():
        return 0
    return Past(demo).play()


class Past:
    """The honest players of the demo, some days ago."""

    def __init__(self, demo: Demo) -> None:
        self._random = Random()  # noqa: S311 - whims, not secrets
        self._key = demo.read_key()
        self._actions = Action.objects.in_bulk()
        scores = Score.objects.select_for_update(of=("self",)).select_related("user")
        found = {score.user.username: score for score in scores.filter(user__username__in=PLAYERS)}
        self._players = [
            PastPlayer(found[username], number) for number, username in enumerate(PLAYERS, start=1) if username in found
        ]

    def play(self) -> int:
        """Do everything in the order of time; how many entries were written."""
        plan = sorted(self._plan(to_moment(clock.read_us())), key=lambda step: step[0])
        return sum(self._act(player, action, to_us(at)) for at, player, action in plan)

    def _plan(self, now: datetime) -> Iterator[tuple[datetime, PastPlayer, DemoAction]]:
        """What everybody means to do, and when: a few visits a day, awake, with the pauses that people make."""
        random = self._random
        for player in self._players:
            for _ in range(DAYS * VISITS_A_DAY):
                at = now - timedelta(days=random.uniform(0, DAYS))
                for _ in range(random.randint(*ACTS)):
                    at += timedelta(seconds=5 + random.expovariate(1 / PAUSE_SECONDS))
                    is_proved = random.random() < PROVED_SHARE
                    if at < now and is_awake(player.number, at):
                        yield at, player, random.choice([each for each in CATALOGUE if bool(each.most) == is_proved])

    def _act(self, player: PastPlayer, terms: DemoAction, at_us: int) -> bool:
        """Do one thing at this time; False where the rules refuse it."""
        done_us = player.done_us[terms.slug]
        last_us = done_us[-1] if done_us else 0
        done_today = sum(each >= midnight_us(at_us) for each in done_us)
        facts = Facts(player.score, None, self._actions[terms.slug], at_us, last_us, done_today)
        caller = Caller(player.score.pk, uuid4().hex, None)
        context = {
            "address": f"127.0.0.{player.number}",
            "agent": AGENTS[player.number % len(AGENTS)],
            "request": uuid4().hex,
        }
        try:
            draft = draft_award(facts, Attempt(caller, self._claim(player, terms, at_us), context))
        except (Cooldown, DailyCap):
            return False
        player.last = append_entry(player.score, draft, end=ChainEnd(player.last, at_us))
        done_us.append(at_us)
        return True

    def _claim(self, player: PastPlayer, terms: DemoAction, at_us: int) -> Receipt | SelfReport:
        if not terms.most:
            return SelfReport(terms.slug, str(uuid4()))
        receipt = sign_receipt(
            self._key,
            kid=KID,
            issuer=ISSUER,
            player=str(player.score.pk),
            action=terms.slug,
            points=choose_points(self._random, terms),
            value=choose_value(self._random, terms),
            issued_at=at_us // SECOND_US,
        )
        return examine(receipt)
