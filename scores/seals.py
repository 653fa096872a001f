"""Seals of single rows, KID:MAC under the ledger key: who has the database and no key cannot change unnoticed what they cover."""

import functools
import hmac
from collections.abc import Sequence

from audit import chain
from audit.chain import SealedValue
from audit.keys import find_ledger_key, load_keyring


def seal(version: str, values: Sequence[SealedValue]) -> str:
    """Seal these values under the current key; `version` keeps what is sealed for one purpose out of every other.

    Raises ImproperlyConfigured when LEDGER_KEYS_FILE cannot be used.
    """
    keyring = load_keyring()
    return f"{keyring.current}:{_compute(keyring.keys[keyring.current], version, values)}"


def holds(sealed: str, version: str, values: Sequence[SealedValue]) -> bool:
    """Tell whether this is the seal of these values. Raises LedgerKeyMissing when its key is not in the keyring."""
    kid, _, mac = sealed.rpartition(":")
    return bool(kid) and hmac.compare_digest(mac.encode(), _compute(find_ledger_key(kid), version, values).encode())


def _compute(key: bytes, version: str, values: Sequence[SealedValue]) -> str:
    return _authenticate(key, version, tuple(values))


@functools.lru_cache(maxsize=256)
def _authenticate(key: bytes, version: str, values: tuple[SealedValue, ...]) -> str:
    """Remembered for what is asked again and again: of a thousand awards by one call most are of the same action."""
    return chain.authenticate(key, chain.canonical_values(version, values))
