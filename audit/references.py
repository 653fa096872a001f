"""The grammar of an entry's `ref`, which says what may happen only once. Nothing else makes or reads one.

r:ISSUER:JTI    the receipt that an award rests on
k:PLAYER:HASH   the idempotency key of a self-reported award, as SHA-256 in hex
v:PLAYER:SEQ    the entry that a void or a restore reversed
i:HASH:LINE     the line of a file that was imported, whose bytes have this SHA-256 in hex; line 0 is the file itself
"""

import re
from hashlib import sha256
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf, StrIndex, Substr

RECEIPT, SELF_REPORT, REVERSAL, IMPORT = "r:", "k:", "v:", "i:"
#: Which entries rest on a receipt, and which on the player's own word.
BY_RECEIPT, BY_SELF_REPORT = Q(ref__startswith=RECEIPT), Q(ref__startswith=SELF_REPORT)
REFERENCE = re.compile(r"[rkvi]:.+")
_KEY_HASH = re.compile(r"[0-9a-f]{64}")
_IMPORT = re.compile(r"i:([0-9a-f]{64}):(0|[1-9][0-9]{0,11})")


def receipt_ref(issuer: str, jti: str) -> str:
    """Name a receipt by who issued it and its id there."""
    return f"{RECEIPT}{issuer}:{jti}"


def self_report_ref(player: UUID, key: str) -> str:
    """Name an act by the player's idempotency key, which is ASCII."""
    return f"{SELF_REPORT}{player}:{sha256(key.encode('ascii')).hexdigest()}"


def reversal_ref(player: UUID, seq: int) -> str:
    """Name the reversal of an entry by that entry."""
    return f"{REVERSAL}{player}:{seq}"


def reversed_seq(ref: str | None) -> int:
    """Number of the entry that is reversed, in the same chain; 0 where the reference names none."""
    number = ref.rpartition(":")[2] if ref is not None and ref.startswith(REVERSAL) else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else 0


def import_ref(sha256: str, line: int) -> str:
    """Name a line of an imported file, by the hash of the file's bytes and where the line begins; the file itself is line 0."""
    return f"{IMPORT}{sha256}:{line}"


def is_import(ref: str | None) -> bool:
    """Tell whether a line of an imported file is named, or such a file."""
    return ref is not None and ref.startswith(IMPORT)


def imported_line(ref: str | None) -> tuple[str, int]:
    """The file's hash and the line that are named; an empty hash where the reference is not exactly that of an import."""
    found = _IMPORT.fullmatch(ref or "")
    return (found[1], int(found[2])) if found else ("", 0)


def is_receipt(ref: str | None) -> bool:
    """Tell whether a signed receipt is named, which proves more than the player's own word."""
    return ref is not None and ref.startswith(RECEIPT)


def is_self_report_of(ref: str, player: UUID) -> bool:
    """Tell whether this is the whole reference of a self-report of this player."""
    owner = f"{SELF_REPORT}{player}:"
    return ref.startswith(owner) and _KEY_HASH.fullmatch(ref, len(owner)) is not None


def issuer_of(ref: str | None) -> str:
    """Who issued the receipt that is named; empty where none is."""
    issuer, colon, _ = ref[len(RECEIPT) :].partition(":") if ref is not None and is_receipt(ref) else ("", "", "")
    return issuer if colon else ""


def describe_proof(ref: str | None) -> str:
    """What an award or an import rests on, in a word; empty for every other entry."""
    if is_receipt(ref):
        return "verified"
    if is_import(ref):
        return "imported"
    return "self-reported" if ref is not None and ref.startswith(SELF_REPORT) else ""


def of_issuer(issuer: str) -> Q:
    """Entries that rest on a receipt of this issuer."""
    return Q(ref__startswith=receipt_ref(issuer, ""))


def issuer_expression() -> Combinable:
    """`issuer_of` for the database; of entries without a receipt it says something else, so ask for BY_RECEIPT beside it."""
    length = NullIf(StrIndex(Substr(F("ref"), 3), Value(":")), Value(0)) - 1
    return Substr(F("ref"), 3, length)
