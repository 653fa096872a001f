"""What a backend's call claims: receipts, or the lines of one statement, each an attempt of its player."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.http import HttpRequest

from scores.api.serializers import MAXIMUM_RECEIPT_LENGTH
from scores.awards.rules import Attempt
from scores.callers import Caller
from scores.errors import InvalidBody
from scores.http.context import context_of
from scores.receipts.statements import MAXIMUM_LINES, Line, StatedAward, examine_statement, read_line
from scores.receipts.verifier import Receipt, examine

MAXIMUM_RECEIPTS = 100
#: What the longest fields of a line come to.
MAXIMUM_LINE_LENGTH = 64 + 36 + 64 + 7 + 17 + 4
#: Faults named in one refusal.
MAXIMUM_FAULTS = 20
FORMS = ({"receipts"}, {"statement", "awards"})
Item = TypeVar("Item")


class Batch(NamedTuple):
    """What a call asks for, in order: an attempt, or a receipt that proves nothing of anybody.

    `issuers` says how many awards each of ours vouches for, `has_forgeries` whether nobody vouches for one.
    """

    items: Sequence[Attempt | Receipt]
    issuers: Counter[str]
    has_forgeries: bool = False


def read_batch(body: dict[str, Any], request: HttpRequest) -> Batch:
    """Read what a call claims, as far as no database is needed.

    Raises InvalidBody when it is not of one of the two forms or an id is there twice, StatementInvalid when the statement does not
    hold.
    """
    if body.keys() not in FORMS:
        raise InvalidBody("Send receipts, or statement and awards.")
    origin = _describe_origin(request)
    if "receipts" in body:
        receipts = _read_list("receipts", body["receipts"], MAXIMUM_RECEIPTS, _read_receipt)
        _refuse_doubles("receipts", [receipt.ref for receipt in receipts])
        issuers = [receipt.issuer.name for receipt in receipts if receipt.issuer]
        items = [_make_attempt(receipt, origin) or receipt for receipt in receipts]
        return Batch(items, Counter(issuers), len(issuers) < len(receipts))
    if not isinstance(body["statement"], str):
        raise InvalidBody(errors=[{"field": "statement", "detail": "Must be a string."}])
    lines = _read_list("awards", body["awards"], MAXIMUM_LINES, _read_line)
    _refuse_doubles("awards", [line.jti for line in lines])
    statement = examine_statement(body["statement"], lines)
    stated = (StatedAward(statement, line) for line in lines)
    attempts = [Attempt(Caller.of_backend(award.line.player), award, origin) for award in stated]
    return Batch(attempts, Counter({statement.issuer.name: len(lines)}))


def _make_attempt(receipt: Receipt, origin: dict[str, str]) -> Attempt | None:
    if receipt.claims is None or receipt.issuer is None:
        return None
    try:
        player = UUID(receipt.claims["sub"])
    except ValueError:
        return None
    return Attempt(Caller.of_backend(player), receipt, origin)


def _read_list(field: str, value: object, most: int, read: Callable[[object], Item]) -> list[Item]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise InvalidBody(errors=[{"field": field, "detail": f"Must be a list of 1 to {most}."}])
    items: list[Item] = []
    faults: list[dict[str, str]] = []
    for number, item in enumerate(value):
        try:
            items.append(read(item))
        except ValueError as error:
            faults.append({"field": f"{field}.{number}", "detail": str(error)})
    if faults:
        raise InvalidBody(errors=faults[:MAXIMUM_FAULTS])
    return items


def _read_receipt(item: object) -> Receipt:
    if not isinstance(item, str) or not 1 <= len(item) <= MAXIMUM_RECEIPT_LENGTH:
        raise ValueError(f"Must be a string of 1 to {MAXIMUM_RECEIPT_LENGTH} characters.")
    return examine(item)


def _read_line(item: object) -> Line:
    if not isinstance(item, str):
        raise ValueError("Must be a string.")  # noqa: TRY004 - one kind of error for one kind of mistake
    return read_line(item)


def _refuse_doubles(field: str, ids: Sequence[str | None]) -> None:
    seen: set[str] = set()
    for number, identifier in enumerate(ids):
        if identifier is not None and identifier in seen:
            raise InvalidBody(errors=[{"field": f"{field}.{number}", "detail": "Its jti is there twice."}])
        seen |= {identifier} if identifier is not None else set()


def _describe_origin(request: HttpRequest) -> dict[str, str]:
    """Where the call came from, as its entries keep it: not the player's address, which no rule may take it for."""
    context = context_of(request)
    return {"backend": context.address, "request": context.request_id}
