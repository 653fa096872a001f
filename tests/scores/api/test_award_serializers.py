"""What one of many awards is answered with."""

from uuid import UUID

import pytest

from audit.models import AuditEntry
from scores.api.award_serializers import show_item
from scores.awards.rules import Award
from scores.errors import Cooldown, Unavailable

pytestmark = pytest.mark.any_database


def test_an_award_is_shown_with_its_entry_and_a_refusal_with_its_code() -> None:
    entry = AuditEntry(player=UUID(int=1), seq=4, delta=5, balance=30, mac="m")
    assert show_item(Award(entry, "Ada", replayed=True)) == {
        "status": 200,
        "player": {"id": "00000000-0000-0000-0000-000000000001", "name": "Ada"},
        "delta": 5,
        "score": 30,
        "replayed": True,
        "entry": {"seq": 4, "mac": "m"},
    }
    assert show_item(Cooldown(retry_after=3)) == {"status": 429, "code": "cooldown"}
    assert show_item(Unavailable(reason="held")) == {"status": 503, "code": "unavailable"}
