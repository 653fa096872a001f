"""Shapes of what comes in and goes out. Input is exact: unknown fields are refused, text is text. Nothing here saves."""

from typing import Any, TypedDict

from rest_framework import serializers

from audit.references import is_receipt
from scores.awards.rules import Award
from scores.board.standings import BoardRow, PlayerRank
from scores.names import MAXIMUM_LENGTH

MAXIMUM_RECEIPT_LENGTH = 4096


class ExactText(serializers.CharField):
    """Text as it was sent: no number becomes text, no space is trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, min_length=1, **kwargs)

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Must be a string.")
        return super().to_internal_value(data)


class ExactSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({field: ["Unknown field."] for field in unknown})
        return super().to_internal_value(data)


class UpdateBody(ExactSerializer):
    """One of `action` (self-reported, with an Idempotency-Key) and `receipt` (proved by its backend)."""

    action = ExactText(required=False, max_length=64)
    receipt = ExactText(required=False, max_length=MAXIMUM_RECEIPT_LENGTH)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError({"action": ["Send exactly one of action and receipt."]})
        return attrs


class ActionUpdate(ExactSerializer):
    """A self-reported act, which needs an Idempotency-Key."""

    action = ExactText(max_length=64)


class ReceiptUpdate(ExactSerializer):
    """An act proved by its backend."""

    receipt = ExactText(max_length=MAXIMUM_RECEIPT_LENGTH)


class LoginBody(ExactSerializer):
    username = ExactText(max_length=150)
    password = ExactText(max_length=1024)


class RefreshBody(ExactSerializer):
    refresh = ExactText(max_length=4096)


class TokenPair(serializers.Serializer[Any]):
    access = serializers.CharField(max_length=4096)
    refresh = serializers.CharField(max_length=4096)


class PlayerShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(max_length=MAXIMUM_LENGTH)


class EntryShape(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="Place in the player's audit chain.")
    mac = serializers.RegexField("^[0-9a-f]{64}$", max_length=64, help_text="Its seal, lower-case hex.")


class AwardShape(serializers.Serializer[Any]):
    player = PlayerShape()
    action = serializers.CharField(max_length=64)
    delta = serializers.IntegerField()
    score = serializers.IntegerField(help_text="Points after this act.")
    verified = serializers.BooleanField(help_text="Proved by a receipt, rather than self-reported.")
    replayed = serializers.BooleanField(help_text="The first answer to this key again; nothing was counted.")
    entry = EntryShape()


class StandingShape(serializers.Serializer[Any]):
    rank = serializers.IntegerField()
    player = serializers.UUIDField()
    name = serializers.CharField(max_length=MAXIMUM_LENGTH)
    score = serializers.IntegerField()
    reached_at = serializers.DateTimeField()


class TopShape(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    entries = StandingShape(many=True)


class PlaceShape(serializers.Serializer[Any]):
    player = PlayerShape()
    score = serializers.IntegerField()
    rank = serializers.IntegerField(allow_null=True)
    above = StandingShape(many=True)
    below = StandingShape(many=True)


class FieldProblemShape(serializers.Serializer[Any]):
    field = serializers.CharField(
        max_length=8192, allow_blank=True, help_text="Empty where the body as a whole is meant."
    )
    detail = serializers.CharField(max_length=8192)


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField(max_length=100)
    title = serializers.CharField(max_length=100)
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(max_length=500)
    code = serializers.RegexField("^[a-z_]+$", max_length=64, help_text="Stable; what a client decides by.")
    errors = FieldProblemShape(many=True, required=False)  # type: ignore[assignment]


class PlayerBody(TypedDict):
    id: str
    name: str


class EntryBody(TypedDict):
    seq: int
    mac: str


class AwardBody(TypedDict):
    """What `AwardShape` describes."""

    player: PlayerBody
    action: str
    delta: int
    score: int
    verified: bool
    replayed: bool
    entry: EntryBody


class OwnPlaceBody(TypedDict):
    """What `PlaceShape` describes."""

    player: PlayerBody
    score: int
    rank: int | None
    above: list[BoardRow]
    below: list[BoardRow]


def show_award(award: Award) -> AwardBody:
    """The answer to an update."""
    entry = award.entry
    return {
        "player": {"id": str(entry.player), "name": award.name},
        "action": entry.action,
        "delta": entry.delta,
        "score": entry.balance,
        "verified": is_receipt(entry.ref),
        "replayed": award.replayed,
        "entry": {"seq": entry.seq, "mac": entry.mac},
    }


def show_own_place(found: PlayerRank) -> OwnPlaceBody:
    """The answer to "where am I"."""
    score = found.score
    return {
        "player": {"id": str(score.pk), "name": score.name},
        "score": score.points,
        "rank": found.rank,
        "above": found.above,
        "below": found.below,
    }
