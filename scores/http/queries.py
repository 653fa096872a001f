"""What a query asks for, read strictly: a parameter that is not known, given twice or not of its form is refused, not passed over."""

import re
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest

from scores.errors import InvalidQuery

Query = dict[str, str]
#: More than any route takes; what is longer is not even taken apart.
MAXIMUM_LENGTH = 2048
NUMBER = re.compile(r"[1-9][0-9]{0,15}")
PLAYER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_query(request: HttpRequest, *names: str) -> Query:
    """Read the parameters of a request, of which only these may be there, each at most once.

    Raises InvalidQuery, also where the query is no form-encoded UTF-8, holds U+0000 or leaves a parameter empty.
    """
    text = request.META.get("QUERY_STRING", "")
    if len(text) > MAXIMUM_LENGTH:
        raise InvalidQuery
    try:
        pairs = parse_qsl(
            text.encode("latin-1").decode(), keep_blank_values=True, strict_parsing=bool(text), errors="strict"
        )
    except ValueError:
        raise InvalidQuery from None
    query: Query = {}
    for name, value in pairs:
        if name not in names:
            raise refuse_parameter(name[:64], "Unknown parameter.")
        if name in query:
            raise refuse_parameter(name, "Given twice.")
        if not value or "\0" in value:
            raise refuse_parameter(name, "Empty, or with U+0000.")
        query[name] = value
    return query


def read_number(query: Query, name: str, *, maximum: int) -> int | None:
    """Read a whole number from 1 to the maximum, in ASCII digits; None where there is none. Raises InvalidQuery."""
    text = query.get(name)
    if text is None:
        return None
    if not NUMBER.fullmatch(text) or int(text) > maximum:
        raise refuse_parameter(name, f"A whole number from 1 to {maximum}.")
    return int(text)


def read_player(text: str) -> UUID | None:
    """Read a player's id as it is written everywhere: lower-case, with hyphens; None where the text is none."""
    return UUID(text) if PLAYER.fullmatch(text) else None


def refuse_parameter(name: str, detail: str) -> InvalidQuery:
    """The refusal that names the parameter at fault."""
    return InvalidQuery(errors=[{"field": name, "detail": detail}])
