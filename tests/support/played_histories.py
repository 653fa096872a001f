"""Random histories played through the services, on boards of every rule, and what is to stand in the end counted by hand."""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from audit.keys import encode_base64url
from audit.models import AuditEntry
from audit.references import reversal_ref
from audit.times import SECOND_US, to_moment, to_us
from scores.awards import service
from scores.awards.rules import SelfReport
from scores.catalogue import set_action
from scores.counting.definitions import make_board, make_season
from scores.errors import CorrectionRefused, PlayerFrozen
from scores.investigation import corrections
from scores.models import Board, Score, Standing
from scores.receipts.verifier import examine
from scores.transfer.importing import carry_out, plan_import
from scores.transfer.score_file import FileRefused, ScoreFile, ScoreLine
from tests.support import naive_boards
from tests.support.acting import ISSUER_KEY, make_player, make_receipt
from tests.support.awards import attempt_of
from tests.support.clock import turn_clock
from tests.support.naive_boards import BEGIN, DAY, HOUR, Act, Place, Season
from tests.support.tampering import WHY

SEASONS = [Season("spring", BEGIN, BEGIN + HOUR), Season("summer", BEGIN + 2 * HOUR, BEGIN + 9 * DAY)]
#: `*` counts adjustments that name no action. One board begins to count in the midst of most histories.
BOARDS: list[dict[str, Any]] = [
    {"counts": "*", "rule": "sum", "span": "day", "zone": "Europe/Berlin"},
    {"counts": "lap*", "rule": "count", "span": "week", "zone": "Asia/Kolkata"},
    {"counts": "lap", "rule": "best", "ascending": True, "span": "month", "zone": "America/Havana"},
    {"counts": "*", "rule": "best", "span": "year"},
    {"counts": "lap-*,quiz", "rule": "latest", "span": "season"},
    {"counts": "*", "rule": "latest", "ascending": True, "span": "all"},
]
LATE: dict[str, Any] = {"counts": "lap-fast,quiz", "rule": "sum", "span": "all"}


def write_issuers(folder: Path) -> str:
    """The file of an issuer whose receipts are for laps."""
    key = encode_base64url(ISSUER_KEY.public_key().public_bytes_raw())
    path = folder / "issuers.json"
    path.write_text(
        json.dumps({"test-backend": {"keys": {"test-1": key}, "actions": {"lap": 100, "lap-fast": 100}, "min_iat": 0}})
    )
    return str(path)


def make_boards() -> None:
    """The catalogue and the boards. The log's clock is left where histories begin."""
    turn_clock(to_moment(BEGIN - HOUR))
    set_action(actor="system", slug="lap", label="Lap", points=1, takes_value=True, receipt_required=True)
    set_action(actor="system", slug="lap-fast", label="Fast lap", points=1, receipt_required=True)
    set_action(actor="system", slug="quiz", label="Quiz", points=3)
    for number, terms in enumerate(BOARDS):
        make_board(slug=f"board-{number}", label="A board", actor="system", **terms)
    for season in SEASONS:
        make_season(
            board="board-4", name=season.name, starts_us=season.starts_us, ends_us=season.ends_us, actor="system"
        )
    turn_clock(to_moment(BEGIN + 12 * HOUR))
    make_board(slug="late", label="Later", actor="system", **LATE)


class Played:
    """A player and how the acts of a history are done; each award within `around`."""

    def __init__(self, around: Callable[[], AbstractContextManager[object]]) -> None:
        self.player = make_player(f"Player {uuid4().hex}")
        self._around = around
        self._at_us = BEGIN

    def play(self, acts: list[Act]) -> None:
        for act in acts:
            self._at_us += act.pause
            turn_clock(to_moment(self._at_us))
            with suppress(CorrectionRefused, PlayerFrozen):
                self._do(act)

    def entries(self) -> list[AuditEntry]:
        return list(AuditEntry.objects.filter(player=self.player.pk).order_by("seq"))

    def _do(self, act: Act) -> None:
        player = self.player.pk
        if act.kind == "award":
            with self._around():
                service.award(attempt_of(self.player, self._claim(act)))
        elif act.kind == "adjust":
            delta = act.points if act.which % 2 else -act.points
            corrections.adjust(player=player, delta=delta, action="" if act.which < 2 else act.action, **WHY)
        elif act.kind in {"void", "restore"}:
            kinds = {"award", "adjust", "import"} if act.kind == "void" else {"void"}
            free = [entry.seq for entry in self.entries() if entry.kind in kinds and not self._is_reversed(entry)]
            if free:
                getattr(corrections, act.kind)(player=player, seq=free[act.which % len(free)], **WHY)
        elif act.kind == "import":
            self._import(act.points if act.which else 0)
        elif act.kind == "rename":
            corrections.rename(player=player, name=f"Player {uuid4().hex}", **WHY)
        else:
            frozen = Score.objects.values_list("frozen", flat=True).get(pk=player)
            (corrections.unfreeze if frozen else corrections.freeze)(player=player, **WHY)

    def _import(self, points: int) -> None:
        line = ScoreLine(2, self.player.name, self.player.name, points, self.player.pk)
        file = ScoreFile(sha256(uuid4().bytes).hexdigest(), [line])
        with suppress(FileRefused):  # of who is frozen
            carry_out(plan_import(file, source="elsewhere", **WHY), say=print)

    def _claim(self, act: Act) -> Any:
        if act.action == "quiz":
            return SelfReport("quiz", uuid4().hex)
        value = {} if act.action != "lap" else {"val": act.value or 0}
        issued = self._at_us // SECOND_US
        text = make_receipt(self.player, act=act.action, pts=act.points, iat=issued, exp=issued + 300, **value)
        return examine(text)

    def _is_reversed(self, entry: AuditEntry) -> bool:
        return AuditEntry.objects.filter(ref=reversal_ref(entry.player, entry.seq)).exists()

    def standings(self) -> dict[tuple[str, str], tuple[Place, bool]]:
        return read_standings(self.player)

    def count_by_hand(self) -> dict[tuple[str, str], tuple[Place, bool]]:
        return count_by_hand(self.player, SEASONS)


def read_standings(player: Score) -> dict[tuple[str, str], tuple[Place, bool]]:
    """Where the player stands, by board and period; and whether that is hidden."""
    rows = Standing.objects.filter(player=player.pk)
    columns = ("period__board__slug", "period__name", "points", "reached_at", "seq", "hidden")
    return {
        (slug, name): (Place(points, to_us(reached_at), seq), hidden)
        for slug, name, points, reached_at, seq, hidden in rows.values_list(*columns)
    }


def count_by_hand(player: Score, seasons: Iterable[Season] = ()) -> dict[tuple[str, str], tuple[Place, bool]]:
    """Where the player is to stand by the entries that there are; the seasons are those of every board that has any."""
    entries = list(AuditEntry.objects.filter(player=player.pk).order_by("seq"))
    frozen = naive_boards.is_frozen(entries)
    main = naive_boards.count_main(entries)
    expected = {} if main is None else {("main", "all"): (main, frozen)}
    for board in Board.objects.exclude(slug="main"):
        for name, place in naive_boards.count(entries, board, seasons).items():
            expected[board.slug, name] = (place, frozen)
    return expected
