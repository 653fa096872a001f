"""An act of an investigator done for its preview and taken back: exact, and nobody else gets to see it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from scores.admin.act_steps import Service, Step
from scores.board.standings import BoardRow, read_top
from scores.errors import Refused
from scores.investigation.corrections import read_left_out
from scores.players import ensure_player


class BoardChange(NamedTuple):
    """One rank before and after; `leaves` and `enters` say whether the act touches who stood or would stand there."""

    rank: int
    before: BoardRow | None
    after: BoardRow | None
    move: str
    leaves: bool
    enters: bool


@dataclass(slots=True)
class DryRun:
    """Which steps would be taken, why not the others, and the board and the players' points before and after.

    `left_out` is what the steps could not take from a player (negative) or give.
    """

    before: list[BoardRow]
    after: list[BoardRow] = field(default_factory=list)
    possible: list[Step] = field(default_factory=list)
    refused: list[tuple[Step, str]] = field(default_factory=list)
    balances: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    left_out: dict[UUID, int] = field(default_factory=dict)

    @property
    def board(self) -> list[BoardChange]:
        """Rank by rank: who stands there, who would, and how that one gets there."""
        ranks = {row["player"]: row["rank"] for row in self.before}
        touched = {str(player) for player in self.balances}
        places = range(max(len(self.before), len(self.after)))
        pairs = [(_row_at(self.before, place), _row_at(self.after, place)) for place in places]
        return [
            BoardChange(
                rank=rank,
                before=before,
                after=after,
                move=_move(ranks.get(after["player"]), rank) if after else "",
                leaves=before is not None and before["player"] in touched,
                enters=after is not None and after["player"] in touched,
            )
            for rank, (before, after) in enumerate(pairs, start=1)
        ]

    @property
    def moves_board(self) -> bool:
        """Whether any visitor would see the act."""
        return [_shown_to_visitors(row) for row in self.before] != [_shown_to_visitors(row) for row in self.after]


def _row_at(board: list[BoardRow], place: int) -> BoardRow | None:
    return board[place] if place < len(board) else None


def _move(before: int | None, rank: int) -> str:
    if before is None:
        return "new"
    return "" if before == rank else f"{'up' if before > rank else 'down'} from {before}"


def _shown_to_visitors(row: BoardRow) -> tuple[str, str, int]:
    return row["player"], row["name"], row["score"]


@transaction.atomic
def run_dry(service: Service, steps: Iterable[Step], user: User) -> DryRun:
    """Let the service do the act, and roll it back: exact, and neither the log nor any open board gets to see it."""
    actor = str(ensure_player(user).pk)
    dry_run = DryRun(before=read_top())
    for step in steps:
        try:
            entry = service(player=step.player, reason="dry run", actor=actor, **step.arguments)
        except Refused as refusal:
            dry_run.refused.append((step, refusal.explanation))
        else:
            dry_run.possible.append(step)
            start, _ = dry_run.balances.get(step.player, (entry.balance - entry.delta, 0))
            dry_run.balances[step.player] = (start, entry.balance)
            dry_run.left_out[step.player] = dry_run.left_out.get(step.player, 0) + read_left_out(entry)
    dry_run.after = read_top()
    transaction.set_rollback(True)
    return dry_run
