"""manage.py detect: what it prints, how it ends, and that it goes on until stopped."""

import os
import subprocess
import sys
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from scores.models import Flag
from tests.support.database import database_url
from tests.support.histories import play
from tests.support.plugin import Profile
from tests.support.processes import ROOT, wait_until


def test_an_issuers_file_that_cannot_be_read_ends_the_command_with_a_sentence(db: None, settings: Settings) -> None:
    settings.RECEIPT_ISSUERS_FILE = "/nowhere/issuers.json"
    with pytest.raises(CommandError, match="No such file"):
        call_command("detect")


@pytest.mark.parametrize("options", [{"days": 0.0}, {"days": 400.0}, {"every": 0.0}])
def test_the_command_stops_on_nonsense(db: None, options: dict[str, float]) -> None:
    with pytest.raises(CommandError, match="must be more than 0"):
        call_command("detect", **options)


def test_the_command_tells_what_it_found(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    play(UUID(int=1), [4.0] * 40)
    call_command("detect")
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Too regular intervals: {UUID(int=1)}. 32 acts came 4.00 s")
    assert last.startswith("Looked at 1 players in ")
    assert last.endswith(" s; new flags: 1.")


@pytest.mark.django_db(transaction=True)
def test_it_goes_on_until_it_is_stopped(profile: Profile) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url(profile)}
    command = [sys.executable, str(ROOT / "manage.py"), "detect", "--every", "0.1"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as detector:
        try:
            for number in (1, 2):
                play(UUID(int=number), [4.0] * 40)
                wait_until(lambda: Flag.objects.count() == number, seconds=20, what=f"Flag {number}")  # noqa: B023 - waited for here
            detector.terminate()
            assert detector.wait(10) == 0
        finally:
            detector.kill()
