"""The steps of an act are taken all or none, and never on top of a correction that the preview did not know."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import User

from scores.admin.act_steps import Step, perform
from scores.errors import CorrectionRefused
from scores.investigation import corrections
from scores.models import Score
from scores.players import ensure_player
from tests.support.desk_acting import read_log

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def investigator(investigator: User) -> User:
    ensure_player(investigator)
    return investigator


def test_all_steps_are_taken_or_none(
    board: dict[str, Score], investigator: User, nothing_written: NothingWritten
) -> None:
    ada = board["Ada"]
    steps = [Step(ada.pk, {"seq": seq}) for seq in (1, 9)]
    with nothing_written(), pytest.raises(CorrectionRefused):
        perform(corrections.void, steps, reason="seen", user=investigator, seen={ada.pk: 3})
    perform(corrections.void, steps[:1], reason="seen", user=investigator, seen={ada.pk: 3})
    assert read_log(ada)[-1] == ("void", -10, 20)


def test_a_preview_of_before_another_correction_is_refused(
    board: dict[str, Score], investigator: User, nothing_written: NothingWritten
) -> None:
    ada = board["Ada"]
    corrections.adjust(player=ada.pk, delta=1, reason="meanwhile", actor="system")
    with nothing_written(), pytest.raises(CorrectionRefused, match=r"\(entry 4: adjust\)"):
        perform(corrections.void, [Step(ada.pk, {"seq": 1})], reason="seen", user=investigator, seen={ada.pk: 3})
