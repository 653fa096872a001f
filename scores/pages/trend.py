"""What a page that is opened now may know of the minutes before: who stood where on the board."""

import json
from typing import TypedDict

from scores.board.standings import Snapshot, list_past


class Past(TypedDict):
    """The players on the board by id, and samples, oldest first: how many seconds ago, and who stood there, as indexes of `players`."""

    players: list[str]
    samples: list[tuple[int, list[int]]]


def write_past(snapshot: Snapshot) -> str:
    """Write what was read before a snapshot as JSON.

    Without names: those of players who are gone from the board may not be their names any more.
    """
    numbers: dict[str, int] = {}
    samples = [
        (
            round(snapshot.read_at - past.read_at),
            [numbers.setdefault(row["player"], len(numbers)) for row in past.rows],
        )
        for past in list_past(snapshot)
    ]
    past: Past = {"players": list(numbers), "samples": samples}
    return json.dumps(past, separators=(",", ":"))
