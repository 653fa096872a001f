"""Whose key the commands sign with: as told, or as the registry knows it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from audit.keys import encode_base64url
from scores.management.signing import choose_signer
from scores.receipts.signing import encode_private_key
from tests.support.acting import ISSUER_KEY

SEED = encode_base64url(ISSUER_KEY.private_bytes_raw())


def options(**given: Any) -> dict[str, Any]:
    return {"key_file": None, "seed": None, "issuer": None, "kid": None, **given}


def test_the_registry_says_whose_a_key_is(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(encode_private_key(ISSUER_KEY), encoding="ascii")
    for given in (options(seed=SEED), options(key_file=path)):
        signer = choose_signer(given)
        assert (signer.issuer, signer.kid) == ("test-backend", "test-1")


def test_what_is_said_goes_before_what_is_known() -> None:
    signer = choose_signer(options(seed=SEED, issuer="other", kid="other-1"))
    assert (signer.issuer, signer.kid) == ("other", "other-1")
    assert choose_signer(options(seed=SEED, issuer="other")).kid == "test-1"


def test_a_key_that_cannot_be_used_or_is_nobodys_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The private key cannot be used"):
        choose_signer(options(seed="x"))
    with pytest.raises(CommandError, match="The private key cannot be used"):
        choose_signer(options(key_file=tmp_path / "none"))
    with pytest.raises(CommandError, match="does not have this key"):
        choose_signer(options(seed="A" * 43))
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "none.json")
    with pytest.raises(CommandError, match="Name --issuer and --kid"):
        choose_signer(options(seed=SEED))
