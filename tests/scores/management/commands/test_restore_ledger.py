"""manage.py restore_ledger: a new epoch, said with what is left to do; without a reason nothing."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from audit.models import Checkpoint
from scores.models import Score
from tests.support.commands import call


def test_it_says_with_what_a_new_epoch_begins_and_from_when_receipts_count(
    players: list[Score], settings: Settings
) -> None:
    said = re.fullmatch(
        r"A new epoch begins with checkpoint 4\. Receipts issued before (\d+) \(seconds since 1970\) are refused from now on; "
        r"copy RECEIPT_ISSUERS_FILE to every node that has its own\.\n",
        call("restore_ledger", "--reason", "the disk died"),
    )
    assert said is not None
    registry = json.loads(Path(settings.RECEIPT_ISSUERS_FILE).read_text())
    assert registry["test-backend"]["min_iat"] == int(said[1])


def test_without_a_reason_or_somebody_to_do_it_nothing_begins(players: list[Score]) -> None:
    for words, sentence in (
        (("--reason", " "), "Give a reason of 1 to "),
        (("--reason", "x", "--actor", "nobody"), "There is no active user 'nobody'"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call("restore_ledger", *words)
    assert Checkpoint.objects.count() == 3
