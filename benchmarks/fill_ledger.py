"""Fills the database of the environment with entries of 1000 players: `python -m benchmarks.fill_ledger ENTRIES PERCENT [unsigned]`."""

import sys
from uuid import UUID, uuid4

import django

django.setup()

from audit import chain, checkpoints, clock  # noqa: E402 - they need the applications to be loaded
from audit.keys import load_keyring  # noqa: E402
from audit.models import AuditEntry  # noqa: E402
from scores.counting.filling import Calendar, derive_players  # noqa: E402
from scores.models import Score  # noqa: E402
from scores.players import make_players  # noqa: E402
from tests.support.acting import make_claims, sign  # noqa: E402

PLAYERS = 1000
BATCH = 5000


def fill(entries: int, receipts: int, *, signs: bool = True) -> None:
    """Append so many entries to the chains of the players, of which some percent have receipts; and sign them."""
    scores = [score for score, _ in make_players(f"Player {number:06d}" for number in range(PLAYERS))]
    batch: list[AuditEntry] = []
    for number in range(entries):
        score = scores[number % PLAYERS]
        batch.append(make_entry(score.pk, score.points, score.seq, score.head, with_receipt=number % 100 < receipts))
        score.points, score.seq, score.head = batch[-1].balance, batch[-1].seq, batch[-1].mac
        score.reached_at = batch[-1].at
        if len(batch) == BATCH or number == entries - 1:
            AuditEntry.objects.bulk_create(batch)
            batch = []
    Score.objects.bulk_update(scores, ["points", "seq", "head", "reached_at"])
    players = [score.pk for score in scores]
    for first in range(0, PLAYERS, 100):
        derive_players(players[first : first + 100], [], Calendar(), with_main=True)
    if signs:
        checkpoints.sign_checkpoints()


def make_entry(player: UUID, points: int, seq: int, head: str, *, with_receipt: bool) -> AuditEntry:
    key = uuid4().hex
    context = {"address": "192.0.2.1", "agent": "benchmark", "request": key, "token": key}
    ref = f"k:{player}:{key}{key}"
    if with_receipt:
        claims = make_claims(player, pts=10)
        context["receipt"] = sign(claims)
        ref = f"r:test-backend:{claims['jti']}"
    salted = chain.salted(context)
    keyring = load_keyring()
    entry = AuditEntry(
        player=player, seq=seq + 1, kid=keyring.current, kind="award", delta=10, balance=points + 10, action="daily-quiz",
        ref=ref, actor=str(player), at_us=clock.read_us(), detail=chain.commit_to(salted), prev=head, context=salted,
    )  # fmt: skip
    entry.mac = chain.compute_mac(keyring.keys[keyring.current], entry)
    return entry


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]), signs=sys.argv[3:] != ["unsigned"])
