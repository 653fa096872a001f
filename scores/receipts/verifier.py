"""Receipts: signed, single-use statements by the backend where an action took place. Issuers, and what a receipt proves.

A receipt is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037) and verified with PyJWT; header and claims are
exactly those of docs/contract.md 5.3. Single use is the ledger's business: `Receipt.ref` is unique there.
"""

import functools
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, TypeGuard
from uuid import UUID

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit import jws, strict_json
from audit.chain import SealedEntry
from audit.keys import decode_base64url
from audit.references import receipt_ref
from audit.times import SECOND_US
from scores.models import MAXIMUM_POINTS

logger = logging.getLogger(__name__)

ALGORITHM = "EdDSA"
TYPE = "score-receipt+jwt"
LEEWAY_SECONDS = 30
MAXIMUM_LIFETIME_SECONDS = 600
MAXIMUM_TIME = 2**53 - 1
MAXIMUM_VALUE = 2**53 - 1
#: How often a change of the issuers' file is looked for.
REGISTRY_CHECK_SECONDS = 1.0
#: Beside these a receipt for an action that takes a value says what was reached: `val`.
CLAIMS = {"iss": str, "aud": str, "sub": str, "jti": str, "iat": int, "exp": int, "act": str, "pts": int}
COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
JTI = re.compile(r"[A-Za-z0-9_-]{22,64}")
ISSUER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Issuer:
    """A backend that may sign receipts: its keys by kid, the most points it may grant per action, and the earliest `iat` it may use."""

    name: str
    keys: dict[str, Ed25519PublicKey]
    actions: dict[str, int]
    min_iat: int


class IssuerDocument(TypedDict):
    """An issuer in the form of RECEIPT_ISSUERS_FILE: public keys by kid, the most points by action, the earliest `iat`."""

    keys: dict[str, str]
    actions: dict[str, int]
    min_iat: NotRequired[int]


class Claims(TypedDict):
    """What a receipt says: `iss` signed for `aud` that `sub` did `act` for `pts` points, and reached `val`.

    `iat` and `exp` are in seconds since 1970.
    """

    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    exp: int
    act: str
    pts: int
    val: NotRequired[int]


@dataclass(frozen=True)
class Receipt:
    """What a text turned out to be. `claims` is set once they have the exact shape.

    `fault` says what is wrong first with all that does not depend on the time, or is empty; `find_fault` knows of the time too.
    """

    text: str
    claims: Claims | None
    issuer: Issuer | None
    fault: str

    @property
    def ref(self) -> str | None:
        """The key of single use: issuer and jti, never the text, which base64 lets vary."""
        return receipt_ref(self.claims["iss"], self.claims["jti"]) if self.claims else None

    def is_for(self, player: UUID) -> bool:
        return self.claims is not None and self.claims["sub"] == str(player)

    def find_fault(self, at_us: int) -> str:
        """Say what is wrong first with the receipt as proof of an award at this time; empty where nothing is."""
        if self.fault or self.claims is None or self.issuer is None:
            return self.fault or "unread"
        return find_time_fault(self.claims, at_us) or ("min_iat" if self.claims["iat"] < self.issuer.min_iat else "")

    @property
    def overreach(self) -> str:
        """What the issuer may not grant, or an empty string."""
        if self.claims is None or self.issuer is None:
            return "unread"
        maximum = self.issuer.actions.get(self.claims["act"])
        if maximum is None:
            return "action_not_allowed"
        return "points_above_maximum" if self.claims["pts"] > maximum else ""


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
        if time.monotonic() - self._checked_at > REGISTRY_CHECK_SECONDS:
            self._load_if_changed(strict=False)
        found = [issuer for issuer in self._issuers.values() if kid in issuer.keys]
        return found[0] if len(found) == 1 else None

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


def examine(text: str) -> Receipt:
    """Read a receipt as far as it can be read and say what is wrong with it first, in the order of docs/contract.md 5.4.

    Its times are judged with the award, by the log's clock: see `Receipt.find_fault`.
    """
    if not COMPACT_JWS.fullmatch(text):
        return Receipt(text, None, None, "shape")
    header, payload = jws.read_unverified(text)
    claims = payload if _has_exact_claims(payload) else None
    issuer, fault = _verify(text, header, claims)
    return Receipt(text, claims, issuer, fault)


def find_time_fault(claims: Claims, at_us: int) -> str:
    """Say why claims of the exact shape do not hold at this time; empty where they do."""
    leeway_us = LEEWAY_SECONDS * SECOND_US
    if claims["exp"] * SECOND_US <= at_us - leeway_us:
        return "expiredsignature"
    if claims["iat"] * SECOND_US > at_us + leeway_us:
        return "immaturesignature"
    return "" if 0 < claims["exp"] - claims["iat"] <= MAXIMUM_LIFETIME_SECONDS else "lifetime"


def check_spent(text: str, entry: SealedEntry, find: Callable[[str], Issuer | None] | None = None) -> str:
    """Say why the receipt of a past award does not prove it; empty where it does. `find` knows other issuers than ours.

    Signature, claims and what the entry says are compared; what issuers may do today binds no receipt of the past.
    """
    if not COMPACT_JWS.fullmatch(text):
        return "receipt is missing or has no such shape"
    header, claims = jws.read_unverified(text)
    kid = header.get("kid") if isinstance(header, dict) else None
    find = find or registry(settings.RECEIPT_ISSUERS_FILE).find
    issuer = find(kid) if isinstance(kid, str) else None
    if issuer is None or not isinstance(kid, str):
        return f"receipt is signed with a key that RECEIPT_ISSUERS_FILE does not have: {kid!r}"
    try:
        jws.verify(text, issuer.keys[kid])
    except (InvalidSignature, ValueError):
        return "receipt's signature does not hold"
    if not _has_exact_claims(claims) or header != {"alg": ALGORITHM, "typ": TYPE, "kid": kid}:
        return "receipt has other claims than a receipt has"
    proved = (
        claims["iss"] == issuer.name
        and entry.ref == receipt_ref(claims["iss"], claims["jti"])
        and (claims["sub"], claims["act"], claims["pts"]) == (str(entry.player), entry.action, entry.delta)
        and claims.get("val") == entry.value
    )
    if not proved:
        return "receipt is of another award"
    fault = find_time_fault(claims, entry.at_us)
    return f"receipt did not hold when the award was made: {fault}" if fault else ""


def _verify(text: str, header: Any, claims: Claims | None) -> tuple[Issuer | None, str]:
    if (
        not isinstance(header, dict)
        or set(header) != {"alg", "typ", "kid"}
        or header["alg"] != ALGORITHM
        or header["typ"] != TYPE
    ):
        return None, "header"
    kid = header["kid"]
    issuer = registry(settings.RECEIPT_ISSUERS_FILE).find(kid) if isinstance(kid, str) else None
    if issuer is None:
        return None, "unknown_key"
    try:
        jwt.decode(
            text, issuer.keys[kid], algorithms=[ALGORITHM], issuer=issuer.name, audience=settings.RECEIPT_AUDIENCE,
            options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
    except jwt.InvalidSignatureError:
        return None, "signature"
    except (jwt.PyJWTError, OverflowError, ValueError, TypeError) as error:
        return issuer, type(error).__name__.removesuffix("Error").lower()
    return issuer, "claims" if claims is None else ""


def _has_exact_claims(payload: Any) -> TypeGuard[Claims]:
    return (
        isinstance(payload, dict)
        and payload.keys() - {"val"} == CLAIMS.keys()
        and all(type(payload[claim]) is kind for claim, kind in CLAIMS.items())
        and JTI.fullmatch(payload["jti"]) is not None
        and ISSUER_NAME.fullmatch(payload["iss"]) is not None
        and 1 <= payload["pts"] <= MAXIMUM_POINTS
        and 0 <= payload["iat"] <= MAXIMUM_TIME
        and 0 <= payload["exp"] <= MAXIMUM_TIME
        and _is_value(payload.get("val", 0))
    )


def _is_value(value: Any) -> bool:
    return type(value) is int and -MAXIMUM_VALUE <= value <= MAXIMUM_VALUE
