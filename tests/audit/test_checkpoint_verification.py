"""Checkpoints held against each other, their leaves and the exported copies."""

from pathlib import Path
from uuid import uuid4

import pytest

from audit.checkpoint_verification import check_blocks, check_pinned
from audit.keys import load_checkpoint_keys
from audit.models import Checkpoint, CheckpointHead
from tests.support.chains import grow
from tests.support.commands import call
from tests.support.tampering import tampering

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(exported: Path) -> list[str]:
    """Three checkpoints, as they were exported."""
    for _ in range(3):
        grow(uuid4())
        call("seal_ledger")
    return exported.read_text().splitlines()


def find_broken() -> list[str]:
    return [finding.detail for finding in check_blocks(load_checkpoint_keys())]


def find_unpinned(*exported: str) -> list[str]:
    return [finding.detail for finding in check_pinned(load_checkpoint_keys(), exported)]


def test_what_was_left_alone_holds(lines: list[str]) -> None:
    assert (find_broken(), find_unpinned(*lines)) == ([], [])


def test_a_removed_checkpoint_is_missed_with_its_leaves_and_by_the_next(lines: list[str]) -> None:
    with tampering():
        Checkpoint.objects.filter(number=2)._raw_delete("default")
        assert find_broken() == [
            "checkpoint 2 is missing",
            "checkpoint 3 does not follow the one before it",
            "there are leaves of checkpoint 2, which is missing",
        ]
        assert find_unpinned(*lines) == ["checkpoint 2 is not the one that was exported (line 2)"]


def test_leaves_that_were_changed_are_not_the_ones_it_signed(lines: list[str]) -> None:
    with tampering():
        CheckpointHead.objects.filter(checkpoint_id=2).update(mac="x")
        assert find_broken() == ["the leaves of checkpoint 2 are not the ones it signed"]


def test_a_signature_that_does_not_hold_is_said(lines: list[str]) -> None:
    header, payload, _ = lines[1].split(".")
    forged = f"{header}.{payload}.{lines[0].rpartition('.')[2]}"
    with tampering():
        Checkpoint.objects.filter(number=2).update(jws=forged)
        assert find_broken()[0] == "the signature of checkpoint 2 does not hold"
    assert find_unpinned(lines[0], forged) == ["line 2 is no checkpoint of ours: its signature does not hold"]


def test_a_database_behind_its_exported_copies_is_named_once(lines: list[str]) -> None:
    with tampering():
        CheckpointHead.objects.filter(checkpoint_id__gt=1).delete()
        Checkpoint.objects.filter(number__gt=1).delete()
        assert find_broken() == []
        [sentence] = find_unpinned(*lines)
    assert sentence.startswith(
        "the database is behind the exported checkpoint 3 of epoch 1: it ends at checkpoint 1 of epoch 1. "
    )
