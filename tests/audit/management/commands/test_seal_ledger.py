"""manage.py seal_ledger: a block over what moved, a word about it, and a sentence where there can be none."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError
from django.db import transaction

from audit import checkpoint_file
from audit.models import Checkpoint
from tests.support.chains import grow
from tests.support.commands import call
from tests.support.database import database_url
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until

pytestmark = pytest.mark.django_db


def test_what_moved_is_in_a_block_and_in_its_copy(exported: Path) -> None:
    grow(uuid4())
    assert call("seal_ledger") == "Signed checkpoint 1.\n"
    assert call("seal_ledger") == "Nothing moved since the last checkpoint.\n"
    assert exported.read_text().splitlines() == [Checkpoint.objects.get().jws]


def test_after_a_copy_that_is_none_of_ours_nothing_is_made(exported: Path) -> None:
    exported.write_text("a line of somebody else\n")
    with pytest.raises(CommandError, match=r"^The last line of .* is no checkpoint of ours \(form\)\.$"):
        call("seal_ledger")
    assert not Checkpoint.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sealing_goes_on_until_it_is_stopped(profile: Profile, exported: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url(profile), "CHECKPOINT_EXPORT": str(exported)}
    command = [sys.executable, str(ROOT / "manage.py"), "seal_ledger", "--every", "0.1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as sealer:
        try:
            wait_until(lambda: Checkpoint.objects.count() == 1, seconds=20, what="The first block")
            with transaction.atomic():
                grow(uuid4())
            wait_until(lambda: Checkpoint.objects.count() == 2, seconds=20, what="The second block")
            sealer.terminate()
            assert sealer.wait(10) == 0
        finally:
            sealer.kill()
    assert list(checkpoint_file.read_all(str(exported))) == [
        block.jws for block in Checkpoint.objects.order_by("number")
    ]
