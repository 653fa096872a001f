"""What boards and players are answered with is as it is described."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rest_framework.serializers import Serializer

from scores.api.board_serializers import (
    BoardPlaceShape,
    BoardsShape,
    FoundPlayersShape,
    PageShape,
    PeriodsShape,
    ProfileShape,
    ProofShape,
    show_place,
)
from scores.board import archive, directory, leaderboard, profiles
from scores.board.leaderboard import PageQuery
from tests.support.acting import make_player
from tests.support.boards import NOON, make_board, make_period, stand

pytestmark = pytest.mark.django_db


def assert_described(shape: type[Serializer[Any]], document: dict[str, Any]) -> None:
    described = shape(data=document)
    assert described.is_valid(), described.errors
    assert document.keys() == shape().fields.keys()


def test_every_answer_is_as_it_is_described(turn_clock: Callable[[datetime], None]) -> None:
    turn_clock(NOON)
    board, ada = make_board("fastest", rule="best"), make_player("Ada")
    for name in ("2026-11-26", "2026-11-27"):
        stand(ada, make_period(board, name), -5)
    for shape, document in (
        (BoardsShape, directory.list_boards()),
        (PeriodsShape, directory.list_periods("fastest", None, 10)),
        (PageShape, leaderboard.read_page("fastest", "current", PageQuery())),
        (ProofShape, archive.read_proof("fastest", "previous")),
        (FoundPlayersShape, profiles.find_players("ada", 10)),
        (ProfileShape, profiles.read_profile(ada.pk)),
    ):
        assert_described(shape, json.loads(document.body))
    place = profiles.find_own_place("fastest", "current", ada.pk)
    assert place is not None
    shown = show_place(place)
    assert_described(BoardPlaceShape, dict(shown))
    assert shown == {"player": {"id": str(ada.pk), "name": "Ada"}, "score": -5, "rank": 1, "above": [], "below": []}
