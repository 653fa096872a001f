"""Players as others see them: found by name, where they stand, and how their days were. Who is frozen stands nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When

from audit.times import format_time
from audit.verification import consistent_read
from scores.board import lookup
from scores.board.documents import Document, write_document
from scores.board.name_search import named
from scores.board.ranks import rank_of_standing, read_neighbourhood
from scores.board.standings import BoardRow, shape_row
from scores.board_models import covering
from scores.errors import InvalidQuery, UnknownPlayer
from scores.models import Board, Period, Score, Standing
from scores.names import fold_name

MINIMUM_TEXT, MAXIMUM_TEXT = 2, 64
HISTORY_DAYS = 90


class FoundPlayer(TypedDict):
    """A player found by name; rank and score are those of the main board, None for who does not stand on it."""

    rank: int | None
    player: str
    name: str
    score: int | None


class FoundPlayers(TypedDict):
    """What a search finds."""

    players: list[FoundPlayer]


class PlayerBody(TypedDict):
    """Who it is."""

    id: str
    name: str


class PlayerStanding(TypedDict):
    """Where a player stands in the current period of a board."""

    board: str
    period: str
    rank: int
    score: int
    reached_at: str


class PlayerDay(TypedDict):
    """What a player had in a period; None where the player does not stand in it."""

    period: str
    score: int | None


class ProfileBody(TypedDict):
    """All that everybody may see of a player."""

    player: PlayerBody
    standings: list[PlayerStanding]
    history: list[PlayerDay]


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Where a player stands in a period, as that player sees it; None for points and rank of who was not counted in it."""

    score: Score
    points: int | None
    rank: int | None
    above: list[BoardRow]
    below: list[BoardRow]


def find_players(text: str, limit: int) -> Document:
    """Find players by any part of their names, whatever its case and accents: who is called exactly so first, then whose name
    begins so, then by points.

    Raises InvalidQuery when fewer than two characters are left of the text, or it is longer than a name.
    """
    folded = fold_name(text).strip()
    if len(text) > MAXIMUM_TEXT or len(folded) < MINIMUM_TEXT:
        detail = f"{MINIMUM_TEXT} to {MAXIMUM_TEXT} characters of a name."
        raise InvalidQuery(errors=[{"field": "name", "detail": detail}])
    with consistent_read():
        found = list(_search(folded)[:limit].values_list("id", "name"))
        main = Standing.objects.ranked().filter(player__in=[player for player, _ in found])
        rows = main.values_list("player", rank_of_standing(), "points")
        places = {player: (rank, points) for player, rank, points in rows}
    players = [_shape_found(player, name, places) for player, name in found]
    return write_document(FoundPlayers(players=players))


def read_profile(player: UUID) -> Document:
    """Read where a player stands on every board now, and the last 90 days of the first board that has days, oldest first.

    The same few statements for any number of boards. Raises UnknownPlayer.
    """
    with consistent_read():
        score = Score.objects.filter(pk=player).only("name").first()
        if score is None:
            raise UnknownPlayer
        found = [(board, now_us) for board, now_us in lookup.read_boards() if not board.filling]
        now_us = max((now_us for _, now_us in found), default=0)
        boards = {board.pk: board for board, _ in found}
        standings = _read_standings(player, boards, now_us)
        history = _read_history(player, boards, now_us)
    profile: ProfileBody = {
        "player": {"id": str(player), "name": score.name},
        "standings": standings,
        "history": history,
    }
    return write_document(profile)


def find_own_place(slug: str, name: str, player: UUID) -> OwnPlace | None:
    """Find where a player stands in a period of a board, with up to two neighbours each way; None for an unknown player.

    Raises UnknownBoard, BoardFilling, UnknownPeriod.
    """
    with consistent_read():
        board, now_us = lookup.read_board(slug)
        period = lookup.find_period(board, name, now_us)
        score = Score.objects.select_related("user").filter(pk=player).first()
        if score is None:
            return None
        if period.id is None:
            return OwnPlace(score, None, None, [], [])
        order = read_neighbourhood(player, period.id)
        hidden = None if order else Standing.objects.filter(player=player, period=period.id).first()
    rows = [shape_row(row.rank, row.player, row.name, row.points * board.sign, row.reached_at) for row in order]
    index = next((index for index, row in enumerate(order) if row.player == player), None)
    if index is None:
        return OwnPlace(score, None if hidden is None else hidden.points * board.sign, None, [], [])
    return OwnPlace(score, rows[index]["score"], rows[index]["rank"], rows[:index], rows[index + 1 :])


def _search(folded: str) -> QuerySet[Score]:
    # The main board's points, which the score has too; without the join, however many names match.
    nearness = Case(
        When(Score.named("exact", folded), then=Value(0)),
        When(Score.named("startswith", folded), then=Value(1)),
        default=Value(2),
    )
    return named("contains", folded).order_by(nearness, "-points", "id")


def _shape_found(player: UUID, name: str, places: Mapping[UUID, tuple[int, int]]) -> FoundPlayer:
    rank, points = places.get(player, (None, None))
    return {"rank": rank, "player": str(player), "name": name, "score": points}


def _read_standings(player: UUID, boards: Mapping[int, Board], now_us: int) -> list[PlayerStanding]:
    current = Standing.objects.filter(
        covering(now_us, "period__"), player=player, period__board__in=boards.keys(), hidden=False
    )
    rows = current.values_list("period__board", "period__name", rank_of_standing(), "points", "reached_at")
    return [_shape_standing(boards[board], *row) for board, *row in sorted(rows, key=lambda row: boards[row[0]].slug)]


def _shape_standing(board: Board, period: str, rank: int, points: int, reached_at: datetime) -> PlayerStanding:
    return {
        "board": board.slug,
        "period": period,
        "rank": rank,
        "score": points * board.sign,
        "reached_at": format_time(reached_at),
    }


def _read_history(player: UUID, boards: Mapping[int, Board], now_us: int) -> list[PlayerDay]:
    first = min((number for number, board in boards.items() if board.span == Board.Span.DAY), default=None)
    if first is None:
        return []
    own = Standing.objects.filter(player=player, period=OuterRef("pk"), hidden=False).values("points")
    begun = Period.objects.filter(board=first, starts_us__lte=now_us).order_by("-starts_us")
    days = begun.values_list("name", Subquery(own))[:HISTORY_DAYS]
    sign = boards[first].sign
    return [{"period": name, "score": None if points is None else points * sign} for name, points in reversed(days)]
