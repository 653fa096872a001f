"""Standings put right from the log, a chunk of players at a time, while others go on writing."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db import transaction

from audit.keys import load_keyring
from audit.models import AuditEntry
from audit.verification import ChainCheck, State, read_entries_of, read_erasures
from scores import announcements
from scores.board import ranks
from scores.board_models import MAIN
from scores.counting import plans
from scores.counting.filling import Calendar, Progress, derive_players
from scores.counting.rules import Definition
from scores.errors import InvalidBody, UnknownBoard
from scores.integrity.standings_check import list_derived_boards
from scores.investigation.reasons import check_reason
from scores.models import Board, Period, Score, Standing
from scores.storable import is_storable
from scores.system_chain import append_system_entry

#: `action` of a rebuild's entry, of scores or, with that word behind it, of standings alone; no slug has a colon.
REBUILD = "rebuild:"
#: Players of one chunk, whose awards wait for it.
CHUNK_PLAYERS = 200


def rebuild_standings(
    players: Sequence[UUID],
    *,
    boards: Collection[str] | None = None,
    reason: str,
    actor: str,
    progress: Progress = lambda _: None,
) -> int:
    """Set where these players stand, on these boards or on all, to what their chains say; return how many players were put right.

    Each chunk is a transaction of its own, which says in the log what it changed; ranks are counted anew at the end. A chain that
    does not hold, or whose score is not yet what it says, proves nothing: its standings are left alone. Raises CorrectionRefused
    when the reason cannot be kept, Unavailable when the system chain cannot be trusted.
    """
    reason, calendar, right = check_reason(reason), Calendar(), 0
    for begin in range(0, len(players), CHUNK_PLAYERS):
        chunk = players[begin : begin + CHUNK_PLAYERS]
        right += _rebuild_chunk(chunk, boards, calendar, reason=reason, actor=actor)
        progress(len(chunk))
    with transaction.atomic():
        ranks.recount()
        transaction.on_commit(announcements.announce)
    return right


def set_standings(players: Sequence[UUID], calendar: Calendar, boards: Collection[str] | None = None) -> int:
    """Set where these players stand to what the log says, under their locks, which the caller has; how many standings changed.

    On boards that no chain speaks of, the frozen are hidden and nobody else is.
    """
    plans.share_boards()
    definitions = [Definition.of(board) for board in list_derived_boards() if boards is None or board.slug in boards]
    changed = derive_players(players, definitions, calendar, with_main=boards is None or MAIN in boards)
    if boards is None:
        theirs = Standing.objects.filter(player__in=players)
        for frozen in (True, False):
            changed += theirs.filter(player__frozen=frozen).exclude(hidden=frozen).update(hidden=frozen)
        changed += theirs.exclude(period__in=Period.objects.values("pk")).delete()[0]
    return changed


def remove_strangers(players: Collection[UUID]) -> list[UUID]:
    """Take those of these off all boards who are nobody, without a score or an entry; returns whom."""
    strangers = set(players) - set(Score.objects.filter(pk__in=players).values_list("pk", flat=True))
    strangers -= set(AuditEntry.objects.filter(player__in=strangers).values_list("player", flat=True))
    found = Standing.objects.filter(player__in=strangers)
    removed = sorted(set(found.values_list("player", flat=True)))
    found.delete()
    return removed


def check_rebuildable(slug: str) -> None:
    """Raises UnknownBoard, or InvalidBody when the log does not say where anybody stands on this board."""
    if not is_storable(slug) or not Board.objects.filter(slug=slug).exists():
        raise UnknownBoard
    if slug != MAIN and slug not in {board.slug for board in list_derived_boards()}:
        raise InvalidBody(
            f"The log does not say where anybody stands on {slug!r}: it is off, still filled, or was changed in the database alone."
        )


@transaction.atomic
def _rebuild_chunk(
    players: Sequence[UUID], boards: Collection[str] | None, calendar: Calendar, *, reason: str, actor: str
) -> int:
    locked = Score.objects.select_for_update(no_key=True).filter(pk__in=players).order_by("pk")
    frozen = dict(locked.values_list("pk", "frozen"))
    right = [player for player, is_frozen in _find_sound(frozen) if frozen[player] == is_frozen]
    changed = set_standings(right, calendar, boards)
    if boards is None:
        strangers = remove_strangers(players)
        right += strangers
        changed += len(strangers)
    if changed:
        context = {"reason": reason, "players": " ".join(map(str, right)), "boards": " ".join(sorted(boards or ()))}
        append_system_entry(action=f"{REBUILD}standings", actor=actor, context=context)
    return len(right)


def _find_sound(players: Collection[UUID]) -> Iterator[tuple[UUID, bool]]:
    """Those of the locked players whose chains hold, and whether they are frozen by them."""
    keyring = load_keyring()
    check, left = ChainCheck(keyring, read_erasures(keyring), iter(())), set(players)
    for player, entries in groupby(read_entries_of(players), attrgetter("player")):
        state, is_sound = State(player), True
        for entry in entries:
            is_sound = not list(check.check(state, entry)) and is_sound
            state.apply(entry)
        left.remove(player)
        if is_sound:
            yield player, state.frozen
    yield from ((player, False) for player in left)
