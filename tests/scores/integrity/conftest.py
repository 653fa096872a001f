"""A case to check."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys, load_keyring
from scores.integrity.case_verification import VerificationKeys
from scores.receipts.issuers import parse_issuers
from tests.support.cases import Desk, make_case
from tests.support.tampering import make_history


@pytest.fixture
def desk(db: None, settings: Settings, exported: Path) -> Desk:
    players = make_history()
    sign_checkpoints()
    document = make_case(players[0])
    pinned = exported.read_text().split()
    issuers = parse_issuers(Path(settings.RECEIPT_ISSUERS_FILE).read_bytes())
    keys = replace(load_checkpoint_keys(), private=None)
    return Desk(players, document, VerificationKeys(load_keyring(), keys, pinned, issuers))
