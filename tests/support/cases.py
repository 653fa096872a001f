"""A player's case, and everything it can be checked with."""

import json
from dataclasses import dataclass
from typing import Any

from scores.integrity.case import read_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.integrity.case_writing import write_case
from scores.models import Score


@dataclass
class Desk:
    """Ada's case, with everything it can be checked with."""

    players: list[Score]
    document: dict[str, Any]
    keys: VerificationKeys

    def check(self, document: Any = None, keys: VerificationKeys | None = None) -> tuple[list[str], list[str]]:
        """What is found, and what stays open."""
        text = json.dumps(document or self.document).encode()
        results = list(check_case(read_case(text), keys or self.keys))
        return tuple([str(result.sentence) for result in results if result.holds is holds] for holds in (False, None))  # type: ignore[return-value]


def make_case(player: Score) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(write_case(Score.objects.get(pk=player.pk))))
    return document
