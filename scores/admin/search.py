"""What is searched at the desk, in the header of each page and in each list: the same words find the same everywhere.

Searchable is what an index answers, so that no search reads all players or all entries: of a player any part of the name, without
its accents, and the begin of the id; of an entry `NAME#NUMBER`, whose it is, its address, request id and reference.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.chain import SYSTEM_CHAIN
from audit.changelist import search
from audit.models import AuditEntry
from scores.board.name_search import find_ids
from scores.models import Score

#: So many players are looked at for one text; who is meant by more has to say more.
MAXIMUM_PLAYERS = 100
SEARCH_HELP = "Any part of a player's name, or the begin of the player's id."


def find_players(text: str) -> list[UUID]:
    """Find whom a text names, the nearest first, and so many at most."""
    return find_ids(text, MAXIMUM_PLAYERS)


def narrow_scores(scores: QuerySet[Score], text: str) -> QuerySet[Score]:
    return scores.filter(pk__in=find_players(text))


def narrow_by_player(rows: QuerySet[Any], text: str, **others: object) -> QuerySet[Any]:
    """Keep the rows whose `player` is named, and those that these lookups fit, all together."""
    return rows.filter(Q(player__in=find_players(text)) | Q(**others))


def narrow_entries(entries: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """Keep the entries that a text names: `NAME#NUMBER`, address, request id, reference, or whose player it names."""
    name, sign, number = text.rpartition("#")
    if sign and number.isascii() and number.isdecimal() and len(number) <= 18:
        players = [*find_players(name), *([SYSTEM_CHAIN] if name.strip().casefold() == "system" else [])]
        numbered = entries.filter(player__in=players, seq=int(number))
        if numbered.order_by().exists():  # it may as well be a name that ends so
            return numbered
    exact = search(entries, text)
    if exact.order_by().exists():
        return exact
    return entries.filter(player__in=find_players(text))
