"""Players placed on the board as the log would have left them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from scores.board_models import MAIN_PERIOD
from scores.models import Score, Standing

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def place(name: str, points: int, seconds: int = 0, *, pk: UUID | None = None, frozen: bool = False) -> Score:
    """A player who reached these points so many seconds after noon, as the log would have left them."""
    user = User.objects.create_user(name)
    fields: dict[str, Any] = {"id": pk} if pk else {}
    reached_at = NOON + timedelta(seconds=seconds)
    score = Score.objects.create(
        user=user,
        name=name,
        name_key=name.casefold(),
        points=points,
        reached_at=reached_at,
        seq=1,
        frozen=frozen,
        **fields,
    )
    stand(score)
    return score


def stand(score: Score, period: int = MAIN_PERIOD) -> Standing:
    """Where a player stands in a period who has there what the score says."""
    assert score.reached_at is not None
    return Standing.objects.create(
        player=score,
        period_id=period,
        points=score.points,
        reached_at=score.reached_at,
        seq=score.seq,
        hidden=score.frozen,
    )
