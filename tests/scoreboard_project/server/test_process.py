"""Only who serves sets the interpreter up."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from scoreboard_project.server.process import SWITCH_SECONDS, tune
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

IMPORTED = """
import gc, sys
before = sys.getswitchinterval(), gc.get_freeze_count()
import scoreboard_project.asgi
assert (sys.getswitchinterval(), gc.get_freeze_count()) == before
"""


@pytest.fixture
def _as_it_was() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()


def test_to_import_the_application_changes_nothing() -> None:
    subprocess.run([sys.executable, "-c", IMPORTED], cwd=ROOT, check=True, timeout=60)


@pytest.mark.usefixtures("_as_it_was")
def test_who_serves_is_set_up() -> None:
    tune()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert gc.get_freeze_count() > 0
