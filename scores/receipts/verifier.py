"""Receipts: signed, single-use statements by the backend where an action took place, and what one proves.

A receipt is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037) and verified with PyJWT; header and claims are
exactly those of docs/contract.md 5.3. Single use is the ledger's business: `Receipt.ref` is unique there.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NotRequired, Protocol, TypedDict, TypeGuard
from uuid import UUID

import jwt
from cryptography.exceptions import InvalidSignature
from django.conf import settings

from audit import jws
from audit.chain import SealedEntry, StoredEntry
from audit.references import receipt_ref
from audit.times import SECOND_US
from scores.models import MAXIMUM_POINTS
from scores.receipts.issuers import ISSUER_NAME, Issuer, registry

ALGORITHM = "EdDSA"
TYPE = "score-receipt+jwt"
LEEWAY_SECONDS = 30
MAXIMUM_LIFETIME_SECONDS = 600
MAXIMUM_TIME = 2**53 - 1
MAXIMUM_VALUE = 2**53 - 1
#: What is wrong with a proof only now, or not yet.
TIME_FAULTS = frozenset({"expiredsignature", "immaturesignature", "min_iat"})
#: Beside these a receipt for an action that takes a value says what was reached: `val`.
CLAIMS = {"iss": str, "aud": str, "sub": str, "jti": str, "iat": int, "exp": int, "act": str, "pts": int}
COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
JTI = re.compile(r"[A-Za-z0-9_-]{22,64}")


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


class Proof(Protocol):
    """What an issuer signed of one award: a receipt, or a line of a statement."""

    @property
    def ref(self) -> str | None:
        """The key of single use; None for what is too broken to name it."""

    @property
    def action(self) -> str | None: ...
    @property
    def points(self) -> int: ...
    @property
    def value(self) -> int | None: ...
    @property
    def fault(self) -> str:
        """What is wrong first with all that does not depend on the time, or an empty string."""

    @property
    def evidence(self) -> dict[str, str]:
        """What the entry keeps of it in its context."""

    @property
    def overreach(self) -> str:
        """What the issuer may not grant, or an empty string."""

    def find_fault(self, at_us: int) -> str:
        """Say what is wrong first with it as proof of an award at this time; empty where nothing is."""

    def is_for(self, player: UUID) -> bool: ...
    def is_of(self, entry: StoredEntry) -> bool:
        """Tell whether an entry of the same reference rests on just this."""


@dataclass(frozen=True)
class Receipt:
    """The `Proof` that a text turned out to be. `claims` is set once they have the exact shape."""

    text: str
    claims: Claims | None
    issuer: Issuer | None
    fault: str

    @property
    def ref(self) -> str | None:
        # Issuer and jti, never the text, which base64 lets vary.
        return receipt_ref(self.claims["iss"], self.claims["jti"]) if self.claims else None

    @property
    def action(self) -> str | None:
        return self.claims["act"] if self.claims else None

    @property
    def points(self) -> int:
        return self.claims["pts"] if self.claims else 0

    @property
    def value(self) -> int | None:
        return self.claims.get("val") if self.claims else None

    @property
    def evidence(self) -> dict[str, str]:
        return {"receipt": self.text}

    @property
    def overreach(self) -> str:
        if self.claims is None or self.issuer is None:
            return "unread"
        return self.issuer.find_overreach(self.claims["act"], self.claims["pts"])

    def find_fault(self, at_us: int) -> str:
        if self.fault or self.claims is None or self.issuer is None:
            return self.fault or "unread"
        iat, exp = self.claims["iat"], self.claims["exp"]
        return find_time_fault(iat, exp, at_us) or ("min_iat" if iat < self.issuer.min_iat else "")

    def is_for(self, player: UUID) -> bool:
        return self.claims is not None and self.claims["sub"] == str(player)

    def is_of(self, entry: StoredEntry) -> bool:
        if self.claims is None:
            return False
        kept = entry.context or {}
        if "line" in kept:  # it came by the other door, which knows no `iat` and `exp` of its own
            said = self.claims["sub"], self.claims["act"], self.claims["pts"], self.claims.get("val")
            return said == (str(entry.player), entry.action, entry.delta, entry.value)
        return examine(kept.get("receipt", "")).claims == self.claims


def examine(text: str) -> Receipt:
    """Read a receipt as far as it can be read and say what is wrong with it first, in the order of docs/contract.md 5.4.

    Its times are judged with the award, by the log's clock: see `Receipt.find_fault`.
    """
    if not COMPACT_JWS.fullmatch(text):
        return Receipt(text, None, None, "shape")
    header, payload = jws.read_unverified(text)
    claims = payload if _has_exact_claims(payload) else None
    issuer, fault = verify(text, header, TYPE, CLAIMS)
    return Receipt(text, claims, issuer, fault or ("claims" if claims is None else ""))


def find_time_fault(iat: int, exp: int, at_us: int) -> str:
    """Say why what was issued and expires then (seconds since 1970) does not hold at this time; empty where it does."""
    leeway_us = LEEWAY_SECONDS * SECOND_US
    if exp * SECOND_US <= at_us - leeway_us:
        return "expiredsignature"
    if iat * SECOND_US > at_us + leeway_us:
        return "immaturesignature"
    return "" if 0 < exp - iat <= MAXIMUM_LIFETIME_SECONDS else "lifetime"


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
    fault = find_time_fault(claims["iat"], claims["exp"], entry.at_us)
    return f"receipt did not hold when the award was made: {fault}" if fault else ""


def verify(text: str, header: Any, kind: str, claims: Iterable[str]) -> tuple[Issuer | None, str]:
    """Hold a text of this `typ` against the issuer that its header names: who that is, and what is wrong first, if anything.

    Times are not looked at; `claims` are those that there must be.
    """
    if (
        not isinstance(header, dict)
        or set(header) != {"alg", "typ", "kid"}
        or header["alg"] != ALGORITHM
        or header["typ"] != kind
    ):
        return None, "header"
    kid = header["kid"]
    issuer = registry(settings.RECEIPT_ISSUERS_FILE).find(kid) if isinstance(kid, str) else None
    if issuer is None:
        return None, "unknown_key"
    try:
        jwt.decode(
            text, issuer.keys[kid], algorithms=[ALGORITHM], issuer=issuer.name, audience=settings.RECEIPT_AUDIENCE,
            options={"require": list(claims), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
    except jwt.InvalidSignatureError:
        return None, "signature"
    except (jwt.PyJWTError, OverflowError, ValueError, TypeError) as error:
        return issuer, type(error).__name__.removesuffix("Error").lower()
    return issuer, ""


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
