"""How entries are written down at the desk: `NAME#12, 14-18`, the number in the player's chain that every list shows.

In addresses of pages the player's id stands for the name, which may change: `UUID:12,14-18;UUID:3`. Both are read everywhere.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms

from scores.investigation.runs import MAXIMUM_ENTRIES, Run
from scores.models import Score
from scores.names import name_key
from scores.storable import is_storable

#: `12`, `14-18`, or `20-` for all from there on.
NUMBERS = r"[0-9]{1,18}(?:\s*[-–]\s*(?:[0-9]{1,18})?)?"
LIST = rf"{NUMBERS}(?:\s*,\s*{NUMBERS})*"
#: Names may hold any of these signs: the shortest name that is followed by numbers and a separator is meant.
ENTRIES = re.compile(rf"(.+?)[#:]\s*({LIST})\s*(?:[,;]|$)", re.DOTALL)
#: More than so many players take (36 + 7 characters each).
MAXIMUM_TEXT = 50 * MAXIMUM_ENTRIES
TOO_MANY = f"At most {MAXIMUM_ENTRIES:,} entries at once."
Range = tuple[int, int | None]


class NumbersField(forms.CharField):
    """Numbers of entries of one chain, such as `12, 14-18`, or `20-` for all from there on.

    Raises ValidationError for other text and for too many.
    """

    def clean(self, value: Any) -> list[Range]:
        text = super().clean(value)
        if not re.fullmatch(rf"\s*{LIST}\s*", text):
            raise forms.ValidationError("Write numbers of entries, such as 12, 14-18.")
        return _check_size(_read_ranges(text))


class EntriesField(forms.CharField):
    """Entries of whichever players, such as `Greta#12, 14-18; Ada#3`. Raises ValidationError for other text and for too many."""

    default_error_messages = {
        "unknown": "There is no player %(name)s. Write NAME#NUMBER as the lists do, or the id for the name."
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAXIMUM_TEXT, **options)

    def clean(self, value: Any) -> list[Run]:
        found = _split(super().clean(value))
        players = _find_players({name for name, _ in found})
        unknown = [name for name, _ in found if name not in players]
        if unknown:
            raise forms.ValidationError(self.error_messages["unknown"], "unknown", {"name": unknown[0][:100]})
        _check_size([each for _, ranges in found for each in ranges])
        return [Run(players[name], first, last) for name, ranges in found for first, last in ranges]

    def prepare_value(self, value: Any) -> Any:
        """Show names where an address has ids."""
        try:
            found = _split(str(value or ""))
        except forms.ValidationError:
            return value
        names = {
            str(player): name
            for player, name in Score.objects.filter(pk__in=_read_ids(found)).values_list("pk", "name")
        }
        return "; ".join(f"{names.get(player, player)}#{write_numbers(ranges)}" for player, ranges in found)


def write_numbers(ranges: Iterable[Range]) -> str:
    """Write numbers as NumbersField reads them."""
    return ",".join(
        str(first) if first == last else f"{first}-{'' if last is None else last}" for first, last in ranges
    )


def write_entries(runs: Iterable[Run]) -> str:
    """Write runs, which are in the order of players, as EntriesField reads them and as addresses have them."""
    parts = groupby(runs, key=lambda run: run.player)
    return ";".join(f"{player}:{write_numbers((run.first, run.last) for run in own)}" for player, own in parts)


def _split(text: str) -> list[tuple[str, list[Range]]]:
    """Split a text into names or ids, each with its ranges."""
    found: list[tuple[str, list[Range]]] = []
    position = 0
    while position < len(text):
        match = ENTRIES.match(text, position)
        if match is None:
            raise forms.ValidationError("Write entries as NAME#NUMBER, such as Greta#12, 14-18; Ada#3.")
        found.append((match[1].strip(), _read_ranges(match[2])))
        position = match.end()
    return found


def _read_ids(found: Iterable[tuple[str, list[Range]]]) -> Iterator[UUID]:
    for player, _ in found:
        with contextlib.suppress(ValueError):
            yield UUID(player)


def _read_ranges(text: str) -> list[Range]:
    ranges: list[Range] = []
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.replace("–", "-").partition("-"))
        ranges.append((int(first), int(last) if last else None if dash else int(first)))
    return [(first, last) for first, last in ranges if last is None or first <= last]


def _check_size(ranges: list[Range]) -> list[Range]:
    # Looked at before it is counted out: a range has as many numbers as it likes.
    if sum(1 if last is None else last - first + 1 for first, last in ranges) > MAXIMUM_ENTRIES:
        raise forms.ValidationError(TOO_MANY)
    return ranges


def _find_players(names: set[str]) -> dict[str, UUID]:
    """Find the players of these names or ids."""
    found: dict[str, UUID] = {}
    by_key: dict[str, list[str]] = {}
    for name in filter(is_storable, names):
        try:
            found[name] = UUID(name)
        except ValueError:
            by_key.setdefault(name_key(name), []).append(name)
    for key, player in Score.objects.filter(name_key__in=by_key).values_list("name_key", "pk"):
        found |= dict.fromkeys(by_key[key], player)
    return found
