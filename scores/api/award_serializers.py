"""Shapes of the door for backends: what a call sends, for the description of the API, and what each of its awards is answered with."""

from typing import Any, TypedDict

from rest_framework import serializers

from scores.api.award_parsing import MAXIMUM_LINE_LENGTH
from scores.api.serializers import (
    MAXIMUM_RECEIPT_LENGTH,
    EntryBody,
    EntryShape,
    ExactSerializer,
    PlayerBody,
    PlayerShape,
)
from scores.awards.rules import Award
from scores.errors import Refused
from scores.receipts.statements import MAXIMUM_STATEMENT_LENGTH


class ReceiptsBody(ExactSerializer):
    """Receipts, each signed for itself."""

    receipts = serializers.ListField(child=serializers.CharField(max_length=MAXIMUM_RECEIPT_LENGTH), min_length=1)


class StatementBody(ExactSerializer):
    """One signature over all lines."""

    statement = serializers.CharField(max_length=MAXIMUM_STATEMENT_LENGTH)
    awards = serializers.ListField(
        child=serializers.CharField(max_length=MAXIMUM_LINE_LENGTH, help_text="JTI PLAYER ACTION POINTS [VALUE]"),
        min_length=1,
    )


class ResultShape(serializers.Serializer[Any]):
    """One award: with `code` where it was refused, with all else where it counts."""

    status = serializers.IntegerField(min_value=200, max_value=503)
    code = serializers.RegexField("^[a-z_]+$", max_length=64, required=False)
    player = PlayerShape(required=False)
    delta = serializers.IntegerField(required=False)
    score = serializers.IntegerField(required=False, help_text="Points after this award.")
    replayed = serializers.BooleanField(required=False, help_text="It was counted before; nothing was counted now.")
    entry = EntryShape(required=False)


class AwardsShape(serializers.Serializer[Any]):
    results = ResultShape(many=True)
    accepted = serializers.IntegerField(help_text="How many were counted now.")
    replayed = serializers.IntegerField(help_text="How many had been counted before.")
    refused = serializers.IntegerField()


class AwardItemBody(TypedDict):
    """What `ResultShape` describes of an award that counts."""

    status: int
    player: PlayerBody
    delta: int
    score: int
    replayed: bool
    entry: EntryBody


class RefusedItemBody(TypedDict):
    """What `ResultShape` describes of one that was refused."""

    status: int
    code: str


def show_item(outcome: Award | Refused) -> AwardItemBody | RefusedItemBody:
    """The answer to one of many awards."""
    if isinstance(outcome, Refused):
        return {"status": outcome.status, "code": outcome.code}
    entry = outcome.entry
    return {
        "status": 200,
        "player": {"id": str(entry.player), "name": outcome.name},
        "delta": entry.delta,
        "score": entry.balance,
        "replayed": outcome.replayed,
        "entry": {"seq": entry.seq, "mac": entry.mac},
    }
