"""Flags: opened once, reviewed by a person, who is not the one they are about."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditEntry
from scores.errors import CorrectionRefused
from scores.integrity import verification
from scores.investigation import flags
from scores.investigation.detection import Suspicion
from scores.models import Flag

REVIEWER = str(UUID(int=99))


def make_flag(player: UUID | None = None, entries: list[list[object]] | None = None) -> Flag:
    return Flag.objects.create(
        rule=Flag.Rule.PACE,
        subject=str(player or UUID(int=5)),
        player=player or UUID(int=5),
        why="Too much.",
        entries=entries or [],
        opened_at=datetime.now(UTC),
    )


def test_a_review_says_who_and_is_in_the_log(db: None) -> None:
    flag = make_flag()
    reviewed = flags.dismiss(flag=flag.pk, actor=REVIEWER, note=" An event with prizes. ")
    assert (reviewed.state, reviewed.note, reviewed.reviewed_by) == ("dismissed", "An event with prizes.", REVIEWER)
    assert reviewed.reviewed_at is not None
    assert abs(datetime.now(UTC) - reviewed.reviewed_at) < timedelta(seconds=10)
    entry = AuditEntry.objects.get(player=SYSTEM_CHAIN)
    assert (entry.kind, entry.action, entry.actor) == ("config", f"flag:{flag.pk}", REVIEWER)
    assert {name: text for name, text in (entry.context or {}).items() if name != "salt"} == {
        "review": "dismissed",
        "rule": "pace",
        "reason": "An event with prizes.",
    }
    assert list(verification.verify()) == []


def test_a_flag_is_confirmed_without_a_note(db: None) -> None:
    flag = flags.confirm(flag=make_flag().pk, actor=REVIEWER)
    assert (flag.state, flag.note, flag.reviewed_by) == ("confirmed", "", REVIEWER)


@pytest.mark.parametrize(
    ("actor", "note", "message"),
    [
        (REVIEWER, "  ", "Give a reason"),
        (REVIEWER, "x" * 1001, "Give a reason"),
        ("", "Fine.", "A review names the person"),
        ("system", "Fine.", "A review names the person"),
        (str(UUID(int=5)), "Fine.", "own score"),
        (str(UUID(int=6)), "Fine.", "own score"),
    ],
)
def test_a_review_that_is_refused_changes_nothing(
    nothing_written: Callable[[], AbstractContextManager[None]], actor: str, note: str, message: str
) -> None:
    flag = make_flag(UUID(int=5), [[str(UUID(int=6)), 1]])
    before = Flag.objects.values().get()
    with nothing_written(), pytest.raises(CorrectionRefused, match=message):
        flags.dismiss(flag=flag.pk, actor=actor, note=note)
    assert Flag.objects.values().get() == before


def test_a_flag_is_reviewed_once(nothing_written: Callable[[], AbstractContextManager[None]]) -> None:
    flag = make_flag()
    flags.confirm(flag=flag.pk, actor=REVIEWER)
    before = Flag.objects.values().get()
    with nothing_written():
        with pytest.raises(CorrectionRefused, match="reviewed before"):
            flags.dismiss(flag=flag.pk, actor=REVIEWER, note="No.")
        with pytest.raises(CorrectionRefused, match="There is no flag 0"):
            flags.confirm(flag=0, actor=REVIEWER)
    assert Flag.objects.values().get() == before


def test_two_rounds_at_once_open_one_flag(db: None) -> None:
    suspicion = Suspicion(Flag.Rule.PACE, "somebody", None, "Too much.")
    assert len(flags.open_flags([suspicion])) == 1
    Flag.objects.bulk_create(
        [Flag(rule=Flag.Rule.PACE, subject="somebody", why="Again.", opened_at=datetime.now(UTC))],
        ignore_conflicts=True,
    )
    assert flags.open_flags([suspicion]) == []
    assert Flag.objects.get().why == "Too much."
