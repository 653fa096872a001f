"""What past awards rest on, checked again: the receipt that an entry keeps, or its line and the statement that the log keeps."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from django.conf import settings

from audit import jws
from audit.chain import SealedEntry
from audit.models import AwardStatement
from audit.references import receipt_ref
from scores.receipts.issuers import Issuer, registry
from scores.receipts.statements import TYPE, StatementClaims, has_exact_claims, hash_line, hash_statement, read_line
from scores.receipts.verifier import ALGORITHM, COMPACT_JWS, check_spent, find_time_fault

FindIssuer = Callable[[str], Issuer | None]
#: The text of a statement by its hash; None where there is none.
FindStatement = Callable[[str], str | None]
#: Statements whose awards come one after the other while the log is read; each has some 100 KB.
KEPT_STATEMENTS = 128


class CheckedStatement(NamedTuple):
    """A statement of the past: what it says and whose it is, or why it proves nothing."""

    claims: StatementClaims | None
    issuer: Issuer | None
    lines: frozenset[str]
    fault: str


class EvidenceCheck:
    """Checks the evidence of many awards, and each statement once as long as its awards come close together."""

    def __init__(self, find_issuer: FindIssuer | None = None, find_statement: FindStatement | None = None) -> None:
        """Of other issuers and statements than ours, where they are given."""
        self._find_issuer = find_issuer
        self._find_statement = find_statement or find_stored_statement
        self._check_statement = lru_cache(KEPT_STATEMENTS)(self._check)

    def find_fault(self, context: Mapping[str, object], entry: SealedEntry) -> str:
        """Say why what the entry keeps does not prove it; empty where it does. What issuers may do today binds no award of the past."""
        if "line" not in context:
            return check_spent(str(context.get("receipt", "")), entry, self._find_issuer)
        statement = self._check_statement(str(context.get("statement", "")))
        if statement.fault or statement.claims is None or statement.issuer is None:
            return statement.fault
        try:
            line = read_line(str(context["line"]))
        except ValueError:
            return "line is none of a statement"
        if hash_line(line.text) not in statement.lines:
            return "line is not one that its statement signed"
        _, jti, *said = line
        if entry.ref != receipt_ref(statement.issuer.name, jti) or said != [
            entry.player, entry.action, entry.delta, entry.value,
        ]:  # fmt: skip
            return "line is of another award"
        fault = find_time_fault(statement.claims["iat"], statement.claims["exp"], entry.at_us)
        return f"statement did not hold when the award was made: {fault}" if fault else ""

    def _check(self, sha256: str) -> CheckedStatement:
        text = self._find_statement(sha256)
        if text is None:
            return _refuse("statement is missing")
        if not COMPACT_JWS.fullmatch(text) or hash_statement(text) != sha256:
            return _refuse("statement is not the one that the entry names")
        header, claims = jws.read_unverified(text)
        kid = header.get("kid") if isinstance(header, dict) else None
        find = self._find_issuer or registry(settings.RECEIPT_ISSUERS_FILE).find
        issuer = find(kid) if isinstance(kid, str) else None
        if issuer is None or not isinstance(kid, str):
            return _refuse(f"statement is signed with a key that RECEIPT_ISSUERS_FILE does not have: {kid!r}")
        try:
            jws.verify(text, issuer.keys[kid])
        except (InvalidSignature, ValueError):
            return _refuse("statement's signature does not hold")
        is_one = has_exact_claims(claims) and header == {"alg": ALGORITHM, "typ": TYPE, "kid": kid}
        if not is_one or claims["iss"] != issuer.name:
            return _refuse("statement has other claims than a statement has")
        return CheckedStatement(claims, issuer, frozenset(claims["lines"]), "")


def find_stored_statement(sha256: str) -> str | None:
    """Find the text of a statement that the log keeps; None where it does not."""
    return AwardStatement.objects.filter(pk=sha256).values_list("jws", flat=True).first()


def _refuse(fault: str) -> CheckedStatement:
    return CheckedStatement(None, None, frozenset(), fault)
