"""An act of an investigator done for its preview and taken back: exact, and nobody else gets to see it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from audit.models import AuditEntry
from scores.admin.act_steps import Service, Step, sort_out, split, take
from scores.board.ranks import read_ranks
from scores.board.standings import SIZE, BoardRow, read_top
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
    ranks_before: dict[UUID, int] = field(default_factory=dict)
    ranks_after: dict[UUID, int] = field(default_factory=dict)

    def include(self, steps: Iterable[Step], entries: Iterable[AuditEntry]) -> None:
        """Count steps that were taken, and the entries that they came to."""
        self.possible += steps
        for entry in entries:
            start, _ = self.balances.get(entry.player, (entry.balance - entry.delta, 0))
            self.balances[entry.player] = (start, entry.balance)
            self.left_out[entry.player] = self.left_out.get(entry.player, 0) + read_left_out(entry)

    @property
    def points(self) -> int:
        """What the act gives all its players together; negative where it takes."""
        return sum(after - before for before, after in self.balances.values())

    @property
    def still_on_top(self) -> list[UUID]:
        """From whom the act takes points, and who is still shown to visitors after it, the best first."""
        losers = [player for player, (before, after) in self.balances.items() if after < before]
        shown = [player for player in losers if self.ranks_after.get(player, SIZE + 1) <= SIZE]
        return sorted(shown, key=lambda player: self.ranks_after[player])

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
def run_dry(service: Service, steps: Collection[Step], user: User) -> DryRun:
    """Let the service do the act, and roll it back: exact, and neither the log nor any open board gets to see it."""
    actor = str(ensure_player(user).pk)
    players = {step.player for step in steps}
    dry_run = DryRun(before=read_top(), ranks_before=read_ranks(players))
    for batch in split(service, steps):
        possible, refused = sort_out(service, batch)
        dry_run.refused += refused
        try:
            entries = take(service, possible, reason="dry run", actor=actor) if possible else []
        except Refused as refusal:
            dry_run.refused += [(step, refusal.explanation) for step in possible]
        else:
            dry_run.include(possible, entries)
    dry_run.after, dry_run.ranks_after = read_top(), read_ranks(players)
    transaction.set_rollback(True)
    return dry_run
