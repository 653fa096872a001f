"""Shapes of what boards and players are answered with, for the description of the API."""

from typing import Any, TypedDict

from rest_framework import serializers

from scores.api.serializers import PlayerBody, PlayerShape, StandingShape
from scores.board.notices import KINDS
from scores.board.profiles import OwnPlace
from scores.board.standings import BoardRow
from scores.models import Board
from scores.names import MAXIMUM_LENGTH

#: Points of a board may be below zero: what takes values takes such too.
LOWEST, HIGHEST = -(2**53 - 1), 2**53 - 1


def points(*, absent: bool = False) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=LOWEST, max_value=HIGHEST, allow_null=absent)


class BoardShape(serializers.Serializer[Any]):
    slug = serializers.RegexField("^[a-z0-9-]{1,48}$", max_length=48)
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field of REST framework's is called so
    rule = serializers.ChoiceField(Board.Rule.values)
    ascending = serializers.BooleanField(help_text="The smallest comes first.")
    span = serializers.ChoiceField(Board.Span.values)
    zone = serializers.CharField(max_length=64, help_text="IANA name of the time zone in which periods begin.")


class PeriodShape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=48)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null where it never ends.")
    state = serializers.ChoiceField(["open", "closing", "closed"])
    amended = serializers.IntegerField(help_text="How often its results were stated anew.")
    statement = serializers.CharField(max_length=64, allow_null=True)


class ListedBoardShape(BoardShape):
    filling = serializers.BooleanField(help_text="Still being filled from the log: it cannot be read yet.")
    current = PeriodShape(allow_null=True, help_text="Null between seasons.")
    players = serializers.IntegerField(help_text="In the current period.")


class BoardsShape(serializers.Serializer[Any]):
    boards = ListedBoardShape(many=True)


class PeriodsShape(serializers.Serializer[Any]):
    periods = PeriodShape(many=True)
    next = serializers.CharField(
        max_length=48, allow_null=True, help_text="What to send as `before` for the next page."
    )


class RowShape(StandingShape):
    score = points()


class PageShape(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    board = BoardShape()
    period = PeriodShape()
    players = serializers.IntegerField(help_text="Who stand in the period.")
    entries = RowShape(many=True)
    next = serializers.CharField(max_length=64, allow_null=True, help_text="What to send as `after` for the next page.")


class BoardPlaceShape(serializers.Serializer[Any]):
    player = PlayerShape()
    score = points(absent=True)
    rank = serializers.IntegerField(allow_null=True)
    above = RowShape(many=True)
    below = RowShape(many=True)


class SealedEntryShape(serializers.Serializer[Any]):
    """An entry of the system chain with all that its seal covers, and what `detail` commits to."""

    player = serializers.UUIDField()
    seq = serializers.IntegerField()
    mac = serializers.CharField(max_length=64)


class SealedEntriesShape(serializers.Serializer[Any]):
    board = SealedEntryShape(allow_null=True)
    period = SealedEntryShape(allow_null=True)


class ProofShape(serializers.Serializer[Any]):
    board = BoardShape()
    period = PeriodShape()
    entries = SealedEntriesShape()
    statements = serializers.ListField(child=serializers.CharField(max_length=8192))
    block = serializers.CharField(max_length=8192, allow_null=True)


class FoundPlayerShape(serializers.Serializer[Any]):
    rank = serializers.IntegerField(
        allow_null=True, help_text="On the main board; null where the player does not stand on it."
    )
    player = serializers.UUIDField()
    name = serializers.CharField(max_length=MAXIMUM_LENGTH)
    score = serializers.IntegerField(allow_null=True)


class FoundPlayersShape(serializers.Serializer[Any]):
    players = FoundPlayerShape(many=True)


class PlayerStandingShape(serializers.Serializer[Any]):
    board = serializers.RegexField("^[a-z0-9-]{1,48}$", max_length=48)
    period = serializers.CharField(max_length=48)
    rank = serializers.IntegerField()
    score = points()
    reached_at = serializers.DateTimeField()


class PlayerDayShape(serializers.Serializer[Any]):
    period = serializers.CharField(max_length=48)
    score = points(absent=True)


class ProfileShape(serializers.Serializer[Any]):
    player = PlayerShape()
    standings = PlayerStandingShape(many=True)
    history = PlayerDayShape(many=True, help_text="The last 90 days of the first board that has days, oldest first.")


class CorrectionShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([kind.value for kind in KINDS])
    count = serializers.IntegerField(min_value=1)
    at = serializers.DateTimeField(help_text="Begin of the minute.")


class CorrectionsShape(serializers.Serializer[Any]):
    corrections = CorrectionShape(many=True)


class BoardPlaceBody(TypedDict):
    """What `BoardPlaceShape` describes."""

    player: PlayerBody
    score: int | None
    rank: int | None
    above: list[BoardRow]
    below: list[BoardRow]


def show_place(place: OwnPlace) -> BoardPlaceBody:
    """The answer to "where am I" on any board."""
    return {
        "player": {"id": str(place.score.pk), "name": place.score.name},
        "score": place.points,
        "rank": place.rank,
        "above": place.above,
        "below": place.below,
    }
