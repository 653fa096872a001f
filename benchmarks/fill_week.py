"""Fills the database of the environment for `benchmarks.detection`: `python -m benchmarks.fill_week FILE PLAYERS CHEATS SEED`.

A week of honest players and of the demo's cheats. The entries are not sealed, as detection does not verify them. FILE is written:
the cheats, by what they do.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import django

django.setup()

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402 - after the applications

from audit.models import AuditEntry, Refusal  # noqa: E402
from audit.times import SECOND_US, to_us  # noqa: E402
from benchmarks.honest_players import AGENTS, DAY, DAYS, Play, make_players, refuse  # noqa: E402
from scores.catalogue import set_action  # noqa: E402
from scores.demo.cheats import CHEATS, Cheat, share_a_desk  # noqa: E402
from scores.demo.seed import CATALOGUE, ISSUER  # noqa: E402
from scores.receipts.signing import add_to_registry, make_issuer  # noqa: E402

BATCH = 5000
MONDAY = datetime.now(UTC) - timedelta(days=DAYS)


def fill(answers: Path, players: int, cheats: int, seed: int) -> None:
    random = Random(seed)
    most = {action.slug: action.most for action in CATALOGUE if action.most}
    issuer = make_issuer(ISSUER, "bench-1", Ed25519PrivateKey.generate(), most)
    add_to_registry(Path(os.environ["RECEIPT_ISSUERS_FILE"]), issuer)
    for action in CATALOGUE:
        set_action(
            actor="system", slug=action.slug, label=action.label, points=action.points, daily_cap=action.daily_cap
        )
    for player in make_players(players, random):
        save_plays(player.id, player.play())
        save_refusals(str(player.id), refuse(player))
    guilty: dict[str, list[str]] = {}
    for number in range(cheats):
        for cheat in CHEATS:
            player_id = UUID(int=random.getrandbits(128), version=4)
            guilty.setdefault(cheat.plan.__name__, []).append(str(player_id))
            save_cheat(player_id, cheat, number, random)
    answers.write_text(json.dumps(guilty), encoding="ascii")


def save_cheat(player: UUID, cheat: Cheat, number: int, random: Random) -> None:
    """The plan, begun at some time of the first five days."""
    second = random.uniform(0, 5 * DAY)
    # Who shares an address shares it with those of the same instance alone.
    address = f"192.0.{number}.{cheat.address}"
    agent = AGENTS[number % len(AGENTS)] if cheat.plan is share_a_desk else random.choice(AGENTS)
    plays: list[Play] = []
    refused: list[tuple[float, str, int]] = []
    for move in cheat.plan(random):
        second += move.pause
        if second > DAYS * DAY:
            break
        if move.is_forged:
            refused.append((second, "receipt_invalid:signature", 1))
        else:
            # Between the plan and the log lies a network.
            at = second + random.expovariate(1 / 0.03)
            plays.append(Play(at, move.action, move.points or 5, move.points > 0, address, agent))
    save_plays(player, plays)
    save_refusals(str(player), refused)


def save_plays(player: UUID, plays: Iterable[Play]) -> None:
    AuditEntry.objects.bulk_create(make_entries(player, plays), batch_size=BATCH)


def make_entries(player: UUID, plays: Iterable[Play]) -> Iterator[AuditEntry]:
    begin_us, balance = to_us(MONDAY), 0
    for seq, play in enumerate(plays, start=1):
        balance += play.points
        key = f"{player.hex}{seq}"
        yield AuditEntry(
            player=player, seq=seq, kid="bench", kind="award", delta=play.points, balance=balance, action=play.action,
            ref=f"r:{ISSUER}:{key}" if play.is_proved else f"k:{player}:{key}", actor=str(player),
            at_us=begin_us + round(play.second * SECOND_US), detail="0" * 64, prev="0" * 64, mac="0" * 64,
            context={"address": play.address, "agent": play.agent, "request": key, "token": key, "receipt": "x" * 500},
        )  # fmt: skip


def save_refusals(subject: str, refused: Iterable[tuple[float, str, int]]) -> None:
    folded: dict[tuple[datetime, str], int] = {}
    for second, reason, times in refused:
        minute = (MONDAY + timedelta(seconds=second)).replace(second=0, microsecond=0)
        folded[minute, reason] = folded.get((minute, reason), 0) + times
    Refusal.objects.bulk_create(
        Refusal(minute=minute, reason=reason, subject=subject, count=times)
        for (minute, reason), times in folded.items()
    )


if __name__ == "__main__":
    fill(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
