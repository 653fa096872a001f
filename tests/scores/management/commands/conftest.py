"""A log to put right, and the files that commands write to."""

import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from scores.models import Score
from tests.support.tampering import make_history


@pytest.fixture
def registry(tmp_path: Path, settings: Settings) -> Path:
    """A registry of its own, not there yet."""
    path = tmp_path / "issuers.json"
    settings.RECEIPT_ISSUERS_FILE = str(path)
    return path


@pytest.fixture
def export(settings: Settings, exported: Path, tmp_path: Path) -> Path:
    """Copies of the files that these acts write to; the path of the exported checkpoints."""
    settings.SCORE_UPDATE_RATE = None
    settings.RECEIPT_ISSUERS_FILE = shutil.copy(settings.RECEIPT_ISSUERS_FILE, tmp_path / "issuers.json")
    return exported


@pytest.fixture
def players(db: None, export: Path) -> list[Score]:
    """Ada, Bea and Cyd with a history, sealed and exported."""
    return make_history()
