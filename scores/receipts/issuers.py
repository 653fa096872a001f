"""Issuers: the backends that may sign, their keys and what each may grant, as RECEIPT_ISSUERS_FILE says (docs/contract.md 5.5)."""

import functools
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured

from audit import strict_json
from audit.keys import decode_base64url
from scores.models import MAXIMUM_POINTS

logger = logging.getLogger(__name__)

#: How often a change of the file is looked for.
REGISTRY_CHECK_SECONDS = 1.0
ISSUER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Issuer:
    """A backend that may sign receipts: its keys by kid, the most points it may grant per action, and the earliest `iat` it may use."""

    name: str
    keys: dict[str, Ed25519PublicKey]
    actions: dict[str, int]
    min_iat: int

    def find_overreach(self, action: str, points: int) -> str:
        """Say what of this it may not grant; empty where it may."""
        maximum = self.actions.get(action)
        if maximum is None:
            return "action_not_allowed"
        return "points_above_maximum" if points > maximum else ""


class IssuerDocument(TypedDict):
    """An issuer in the form of RECEIPT_ISSUERS_FILE: public keys by kid, the most points by action, the earliest `iat`."""

    keys: dict[str, str]
    actions: dict[str, int]
    min_iat: NotRequired[int]


class Registry:
    """The issuers in RECEIPT_ISSUERS_FILE, read again when the file changes; a broken file is logged and the last good one stays.

    Making one raises ImproperlyConfigured when the file cannot be used.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._issuers: dict[str, Issuer] = {}
        self._version: tuple[int, int, int] | None = None
        self._checked_at = 0.0
        self._load_if_changed(strict=True)

    def find(self, kid: str) -> Issuer | None:
        """Find the one issuer that has this key; None also where several claim it."""
        self._look()
        found = [issuer for issuer in self._issuers.values() if kid in issuer.keys]
        return found[0] if len(found) == 1 else None

    def read_maxima(self) -> dict[str, int]:
        """Read the most points that any issuer may grant, by action."""
        self._look()
        maxima: dict[str, int] = {}
        for issuer in self._issuers.values():
            for action, points in issuer.actions.items():
                maxima[action] = max(points, maxima.get(action, 0))
        return maxima

    def _look(self) -> None:
        if time.monotonic() - self._checked_at > REGISTRY_CHECK_SECONDS:
            self._load_if_changed(strict=False)

    def _load_if_changed(self, *, strict: bool) -> None:
        self._checked_at = time.monotonic()
        if self._path is None:
            return
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            if version == self._version:
                return
            self._version = version
            self._issuers = parse_issuers(self._path.read_bytes())
        except (OSError, ValueError) as error:
            sentence = f"RECEIPT_ISSUERS_FILE ({self._path}) cannot be used: {error}"
            if strict:
                raise ImproperlyConfigured(sentence) from None
            logger.error("%s The issuers read before stay.", sentence)  # noqa: TRY400 - a sentence for the operator, not a traceback


@functools.lru_cache(maxsize=4)
def registry(path: str) -> Registry:
    """Find the registry of a file, kept for the life of the process. Raises ImproperlyConfigured when the file cannot be used."""
    return Registry(path)


def parse_issuers(data: bytes) -> dict[str, Issuer]:
    """Read the issuers out of the file's text. Raises ValueError with a sentence when it is not of the form of docs/contract.md 5.5."""
    document = strict_json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("It must be an object of issuers by name.")  # noqa: TRY004 - one kind of error for one kind of mistake
    issuers = {name: _parse_issuer(name, issuer) for name, issuer in document.items()}
    kids = [kid for issuer in issuers.values() for kid in issuer.keys]
    if len(kids) != len(set(kids)):
        raise ValueError("A key id belongs to two issuers.")
    return issuers


def _parse_issuer(name: str, document: Any) -> Issuer:
    try:
        if not ISSUER_NAME.fullmatch(name) or set(document) - {"min_iat"} != {"keys", "actions"}:
            raise ValueError
        keys = {
            kid: Ed25519PublicKey.from_public_bytes(decode_base64url(text)) for kid, text in document["keys"].items()
        }
        actions, min_iat = dict(document["actions"]), document.get("min_iat", 0)
        if (
            not all(type(points) is int and 1 <= points <= MAXIMUM_POINTS for points in actions.values())
            or type(min_iat) is not int
        ):
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError):
        form = '{"keys": {KID: BASE64URL_ED25519_PUBLIC_KEY}, "actions": {SLUG: MAXIMUM}, "min_iat": 0}'
        raise ValueError(f"Issuer {name!r} must look like {form}.") from None
    return Issuer(name, keys, actions, min_iat)
