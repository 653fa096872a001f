"""Filters of the list of entries: days that are understood or refused with a sentence, and values that the log holds."""

from datetime import date
from uuid import UUID

import pytest
from django.db.models import F, Q

from audit import entry_filters
from audit.models import AuditEntry

ADA, BEA = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tomorrow", "'tomorrow' is no day: write it like 2026-11-24."),
        ("2026-02-30", "'2026-02-30' is no day: write it like 2026-11-24."),
        ("1969-12-31", "'1969-12-31' is no day of this log."),
        ("9999-01-01", "'9999-01-01' is no day of this log."),
    ],
)
def test_what_is_no_day_of_the_log_is_said(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="is no day") as raised:
        entry_filters.read_day(text)
    assert str(raised.value) == sentence


def test_a_day_begins_at_midnight_utc() -> None:
    assert entry_filters.read_day("2026-11-24") == date(2026, 11, 24)
    assert entry_filters.begin_us(date(2026, 11, 24)) == 1_795_478_400_000_000


@pytest.mark.django_db
def test_the_different_values_are_found_least_first_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, action in enumerate(["b", "a", "", "b", "c"], 1):
        AuditEntry(
            player=ADA, seq=number, kid="k", kind="award", delta=0, balance=0, action=action, ref=None, actor="system",
            at_us=number, detail="", prev="", mac="", context={},
        ).save(force_insert=True)  # fmt: skip
    assert entry_filters.find_values(F("action"), Q(action__gt="")) == ["a", "b", "c"]
    monkeypatch.setattr(entry_filters, "MAXIMUM_CHOICES", 2)
    assert entry_filters.find_values(F("action"), Q(action__gt="")) == ["a", "b"]
