"""Statements: one signature by a backend for many awards, each of them a line (docs/contract.md 5.6).

A statement is a compact JWS as a receipt is. Its claims hold the lines' hashes and nothing else of them, so that each line can be
proved, and erased, without the others. Single use is by the line: `StatedAward.ref` is that of a receipt with the same id.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, TypedDict, TypeGuard
from uuid import UUID

from audit import jws
from audit.chain import StoredEntry
from audit.keys import encode_base64url
from audit.references import receipt_ref
from scores.errors import StatementInvalid
from scores.models import MAXIMUM_POINTS
from scores.receipts.issuers import ISSUER_NAME, Issuer
from scores.receipts.verifier import (
    COMPACT_JWS,
    JTI,
    MAXIMUM_LIFETIME_SECONDS,
    MAXIMUM_TIME,
    MAXIMUM_VALUE,
    find_time_fault,
    verify,
)

TYPE = "score-statement+jwt"
MAXIMUM_LINES = 1000
#: With room for more than as many hashes take.
MAXIMUM_STATEMENT_LENGTH = 128 * 1024
CLAIMS = {"iss": str, "aud": str, "jti": str, "iat": int, "exp": int, "lines": list}
#: Numbers have one spelling, and so has a line: its hash is over these very characters.
LINE = re.compile(
    r"(?P<jti>[A-Za-z0-9_-]{22,64}) (?P<player>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?P<action>[-A-Za-z0-9_]{1,64})"
    r" (?P<points>[1-9][0-9]{0,6})(?: (?P<value>0|-?[1-9][0-9]{0,15}))?"
)
FORM = "JTI PLAYER ACTION POINTS, or these and a VALUE, with one space between"


class StatementClaims(TypedDict):
    """What a statement says: `iss` signed for `aud` the lines of these hashes. `iat` and `exp` are in seconds since 1970."""

    iss: str
    aud: str
    jti: str
    iat: int
    exp: int
    lines: list[str]


class Line(NamedTuple):
    """One award of a statement."""

    text: str
    jti: str
    player: UUID
    action: str
    points: int
    value: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose signature holds, for just the lines that came with it."""

    text: str
    sha256: str
    claims: StatementClaims
    issuer: Issuer


@dataclass(frozen=True, slots=True)
class StatedAward:
    """The `Proof` that a line of a statement is."""

    statement: Statement
    line: Line
    fault: str = ""

    @property
    def ref(self) -> str:
        return receipt_ref(self.statement.claims["iss"], self.line.jti)

    @property
    def action(self) -> str:
        return self.line.action

    @property
    def points(self) -> int:
        return self.line.points

    @property
    def value(self) -> int | None:
        return self.line.value

    @property
    def evidence(self) -> dict[str, str]:
        return {"line": self.line.text, "statement": self.statement.sha256}

    @property
    def overreach(self) -> str:
        return self.statement.issuer.find_overreach(self.line.action, self.line.points)

    def find_fault(self, at_us: int) -> str:
        iat, exp = self.statement.claims["iat"], self.statement.claims["exp"]
        return find_time_fault(iat, exp, at_us) or ("min_iat" if iat < self.statement.issuer.min_iat else "")

    def is_for(self, player: UUID) -> bool:
        return self.line.player == player

    def is_of(self, entry: StoredEntry) -> bool:
        # Signed anew, under another statement or as a receipt, it is the same award.
        _, _, *said = self.line
        return said == [entry.player, entry.action, entry.delta, entry.value]


def read_line(text: str) -> Line:
    """Read a line. Raises ValueError with a sentence when it is not of its form."""
    found = LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"Must be {FORM}.")
    points, value = int(found["points"]), None if found["value"] is None else int(found["value"])
    if points > MAXIMUM_POINTS:
        raise ValueError(f"Points are from 1 to {MAXIMUM_POINTS}.")
    if value is not None and abs(value) > MAXIMUM_VALUE:
        raise ValueError("A value is within 2^53 - 1 either way.")
    return Line(text, found["jti"], UUID(found["player"]), found["action"], points, value)


def hash_line(text: str) -> str:
    """Hash a line as the claims name it: SHA-256 of its characters, base64url without padding (RFC 4648, section 5)."""
    return encode_base64url(sha256(text.encode("ascii")).digest())


def hash_statement(text: str) -> str:
    """Hash a statement as entries name it: SHA-256 of the compact JWS, in lower-case hex."""
    return sha256(text.encode("ascii")).hexdigest()


def examine_statement(text: str, lines: Sequence[Line]) -> Statement:
    """Check that an issuer signed just these lines, in their order. Raises StatementInvalid, whose reason says why not.

    Its times are judged with each award, by the log's clock: see `StatedAward.find_fault`.
    """
    if len(text) > MAXIMUM_STATEMENT_LENGTH or not COMPACT_JWS.fullmatch(text):
        raise StatementInvalid(reason="shape")
    header, claims = jws.read_unverified(text)
    issuer, fault = verify(text, header, TYPE, CLAIMS)
    if fault or issuer is None:
        raise StatementInvalid(reason=fault)
    if not has_exact_claims(claims):
        raise StatementInvalid(reason="claims")
    if not 0 < claims["exp"] - claims["iat"] <= MAXIMUM_LIFETIME_SECONDS:
        raise StatementInvalid(reason="lifetime")
    if claims["lines"] != [hash_line(line.text) for line in lines]:
        raise StatementInvalid(reason="lines")
    return Statement(text, hash_statement(text), claims, issuer)


def has_exact_claims(payload: Any) -> TypeGuard[StatementClaims]:
    """Tell whether these are the claims that a statement has, each of its kind."""
    return (
        isinstance(payload, dict)
        and payload.keys() == CLAIMS.keys()
        and all(type(payload[claim]) is kind for claim, kind in CLAIMS.items())
        and JTI.fullmatch(payload["jti"]) is not None
        and ISSUER_NAME.fullmatch(payload["iss"]) is not None
        and 0 <= payload["iat"] <= MAXIMUM_TIME
        and 0 <= payload["exp"] <= MAXIMUM_TIME
        and 1 <= len(payload["lines"]) <= MAXIMUM_LINES
        and all(type(line) is str for line in payload["lines"])
    )
