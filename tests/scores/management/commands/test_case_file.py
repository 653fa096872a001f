"""manage.py case_file: a player's case as one JSON document on standard output."""

import json

import pytest
from django.core.management import CommandError

from scores.models import Score
from tests.support.commands import call


def test_a_players_case_is_one_document(players: list[Score]) -> None:
    ada = players[0]
    document = json.loads(call("case_file", ada.pk))
    assert (document["score"]["id"], document["score"]["name"], document["score"]["seq"]) == (
        str(ada.pk),
        "Ada",
        ada.seq,
    )
    assert [entry["seq"] for entry in document["entries"]] == list(range(1, ada.seq + 1))


def test_who_is_not_there_has_none(db: None) -> None:
    stranger = "00000000-0000-4000-8000-000000000001"
    with pytest.raises(CommandError, match=rf"^There is no player {stranger}\.$"):
        call("case_file", stranger)
