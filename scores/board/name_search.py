"""Players found by any part of their names, or by how their ids begin, at a cost that does not grow with how many players there are.

On PostgreSQL an index holds the pieces of two and three letters of every name (migration 0018); SQLite reads the names, which its
sites have few of. What is found by one text is bounded: the nearest first.
"""

import re
from collections.abc import Iterator
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField

from scores.models import Score
from scores.names import fold_name
from scores.storable import is_storable

#: What no name holds stands where one begins and ends.
BEGIN, END = "\x02", "\x03"
#: No name is longer when it is folded, so nobody is called that.
MAXIMUM_FOLDED = 1200
MINIMUM_PART, PIECE = 2, 3
MAXIMUM_PIECES = 8
#: The begin of an id, with or without its hyphens; fewer digits would be the begin of too many.
ID_BEGIN = re.compile(r"[0-9a-f]{4,32}")


def find_ids(text: str, limit: int) -> list[UUID]:
    """Find so many players at most: whose id begins so, who is called so, whose name begins so, then who has it within the name.

    One character alone is a whole name; any text is an answer, and most find nobody.
    """
    folded = fold_name(text).strip() if len(text) <= MAXIMUM_FOLDED and is_storable(text) else ""
    if not folded:
        return []
    found: dict[UUID, None] = {}
    for scores in (*_by_id(text), *_by_name(folded)):
        if len(found) < limit:
            found |= dict.fromkeys(scores.order_by().values_list("pk", flat=True)[:limit])
    return list(found)[:limit]


def named(lookup: str, folded: str) -> QuerySet[Score]:
    """Read whose folded name is, begins with or contains (`exact`, `startswith`, `contains`) a folded text of two characters or more."""
    scores = Score.objects.filter(Score.named(lookup, folded))
    if connection.vendor != "postgresql":
        return scores
    begin, end = {"exact": (BEGIN, END), "startswith": (BEGIN, ""), "contains": ("", "")}[lookup]
    pieces = Func(F("search_key"), F("name_key"), function="scores_name_pieces", output_field=ArrayField(TextField()))
    return scores.alias(pieces=pieces).filter(Q(("pieces__contains", _cut(f"{begin}{folded}{end}"))))


def _by_name(folded: str) -> Iterator[QuerySet[Score]]:
    lookups = ("exact", "startswith", "contains") if len(folded) >= MINIMUM_PART else ("exact",)
    return (named(lookup, folded) for lookup in lookups)


def _by_id(text: str) -> Iterator[QuerySet[Score]]:
    digits = text.strip().casefold().replace("-", "")
    if ID_BEGIN.fullmatch(digits):
        yield Score.objects.filter(pk__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))


def _cut(text: str) -> list[str]:
    """Cut a text into pieces to look up: some of them, spread over it, are enough, as what they find is compared with all of it."""
    last = max(len(text) - PIECE, 0)
    places = {last * number // (MAXIMUM_PIECES - 1) for number in range(MAXIMUM_PIECES)}
    return sorted({text[place : place + PIECE] for place in places})
