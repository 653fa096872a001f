"""manage.py seal_ledger: a block over what moved, a word about it, and a sentence where there can be none."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from audit.models import Checkpoint
from tests.support.chains import grow
from tests.support.commands import call

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def export(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints.jws"
    settings.CHECKPOINT_EXPORT = str(path)
    return path


def test_what_moved_is_in_a_block_and_in_its_copy(export: Path) -> None:
    grow(uuid4())
    assert call("seal_ledger").endswith(" checkpoint 1.\n")
    assert call("seal_ledger") == "Nothing moved since the last checkpoint.\n"
    assert export.read_text().splitlines() == [Checkpoint.objects.get().jws]


def test_after_a_copy_that_is_none_of_ours_nothing_is_made(export: Path) -> None:
    export.write_text("a line of somebody else\n")
    with pytest.raises(CommandError, match=r"^The last line of .* is no checkpoint of ours \(form\)\.$"):
        call("seal_ledger")
    assert not Checkpoint.objects.exists()
