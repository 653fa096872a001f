"""A day at the board, written through the services in a moment with the clock turned back; `manage.py shell` runs this.

Ada plays as people do; Mallory like a machine, from Ada's address, and is looked into. At the end all of it is sealed and verified.
"""

import os
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.management import call_command

from audit.ledger import EntryDraft
from audit.models import Refusal
from scores import chain
from scores.investigation import corrections
from scores.models import Flag, Score
from scores.players import ensure_player, make_players
from tests.support.clock import turn_clock, turn_clock_back

began = datetime.now(UTC) - timedelta(hours=30)
chance = random.Random(5)
origins = {
    "Mallory": ("198.51.100.7", "python-requests/2.32"),
    "Ada Lovelace": ("198.51.100.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
}


def award(player: Score, minutes: float, points: int) -> None:
    turn_clock(began + timedelta(minutes=minutes))
    address, agent = origins.get(player.name, (f"203.0.113.{len(player.name)}", "Mozilla/5.0 (Macintosh) Safari/605"))
    context = {"address": address, "agent": agent, "request": uuid4().hex, "token": uuid4().hex}
    action = "leap" if points > 100 else "step"
    ref = f"k:{player.pk}:{uuid4().hex * 2}"
    draft = EntryDraft(kind="award", delta=points, action=action, ref=ref, actor=str(player.pk), context=context)
    chain.append_entry(player, draft)


def play_like_a_person(player: Score) -> None:
    for session in (chance.uniform(0, 400), chance.uniform(500, 900), chance.uniform(1300, 1700)):
        minutes = session
        for _ in range(chance.randrange(6, 25)):
            minutes += chance.expovariate(1 / 4)
            award(player, min(minutes, 1795), chance.choice([10, 10, 10, 40, 1000]))


def play_like_a_machine(player: Score) -> None:
    for minutes in range(200, 700, 2):
        award(player, minutes, 60)
    voided = [player.seq - 3, player.seq - 2, player.seq - 1]
    look_into(player, 720, corrections.freeze)
    look_into(player, 900, corrections.unfreeze)
    for minutes in range(1000, 1500, 2):
        award(player, minutes, 60)
    for minutes, seq in zip((1510, 1530, 1550), voided, strict=True):
        look_into(player, minutes, corrections.void, seq=seq)
    look_into(player, 1575, corrections.restore, seq=voided[0])
    look_into(player, 1600, corrections.adjust, delta=-5000)
    for minutes in range(1640, 1790, 2):
        award(player, minutes, 60)


def look_into(player: Score, minutes: float, correct: object, **arguments: int) -> None:
    turn_clock(began + timedelta(minutes=minutes))
    root = ensure_player(User.objects.get(username="root"))
    correct(player=player.pk, reason="Looked into", actor=str(root.pk), **arguments)  # type: ignore[operator]
    player.refresh_from_db()


def refuse(player: UUID, minutes: float, reason: str, count: int) -> None:
    minute = (began + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    Refusal.objects.create(minute=minute, reason=reason, subject=str(player), count=count)


def raise_flags(player: Score) -> None:
    for rule, why, minutes in (
        (
            Flag.Rule.REGULAR_INTERVALS,
            "250 updates in a row, each 120 s after the one before, give or take 0.4 s.",
            705,
        ),
        (
            Flag.Rule.PACE,
            "30 updates an hour for 8 hours; this player's own median is 4, everyone's 99th percentile 11.",
            1500,
        ),
    ):
        opened_at = began + timedelta(minutes=minutes)
        Flag.objects.create(
            rule=rule,
            subject=str(player.pk),
            player=player.pk,
            why=why,
            opened_at=opened_at,
            entries=[[str(player.pk), 9]],
        )


User.objects.create_superuser("root", password=os.environ["DJANGO_SUPERUSER_PASSWORD"])
make_players(["Ada Lovelace", "Grace Hopper", "Mallory", "Zoë"])
everyone = list(Score.objects.exclude(user__username="root").order_by("name"))
for one in everyone:
    (play_like_a_machine if one.name == "Mallory" else play_like_a_person)(one)
    if one.name == "Mallory":
        raise_flags(one)
        for number in range(30):
            refuse(
                one.pk,
                1100 + number * 12,
                chance.choice(["cooldown", "receipt_invalid:signature"]),
                chance.randrange(1, 9),
            )
turn_clock_back()
call_command("seal_ledger")
call_command("verify_ledger")
