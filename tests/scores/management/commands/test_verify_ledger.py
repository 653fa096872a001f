"""What a verification found is kept for the admin's front page, and changes nothing of what it verifies."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from audit.models import AuditEntry, Verification
from scores.models import Score
from tests.support.acting import read_state
from tests.support.tampering import run_verify, tampering


def test_a_verification_is_recorded(players: list[Score], settings: Settings) -> None:
    before, began = read_state(), datetime.now(UTC)
    assert run_verify(pinned=Path(settings.CHECKPOINT_EXPORT)) == []
    [record] = Verification.objects.all()
    assert (record.scope, record.pinned, record.findings, record.report) == ("all", True, 0, [])
    assert record.entries == AuditEntry.objects.count()
    assert began <= record.started_at <= record.finished_at <= datetime.now(UTC)
    assert str(record) == f"Verification of all: 0 findings in {record.entries} entries"
    assert read_state() == before


def test_its_findings_are_recorded_as_they_were_said(players: list[Score]) -> None:
    ada = players[0]
    with tampering():
        Score.objects.filter(pk=ada.pk).update(points=F("points") + 1)
        findings = run_verify("--player", ada.pk)
        [record] = Verification.objects.all()
        assert (record.scope, record.pinned, record.findings) == (str(ada.pk), False, 1)
        assert record.report == findings


def test_of_many_findings_the_first_hundred_are_recorded(players: list[Score]) -> None:
    with tampering():
        AuditEntry.objects.update(
            kid="x", kind="x", detail="x", prev="x", mac="x", at_us=-F("seq"), balance=F("delta") + 10_000
        )
        lines = run_verify()
        assert len(lines) > 100
        [record] = Verification.objects.all()
        assert (record.findings, record.report) == (len(lines), lines[:100])


def test_nothing_is_recorded_where_that_is_not_wanted_or_nothing_was_verified(players: list[Score]) -> None:
    assert run_verify("--no-record") == []
    with pytest.raises(CommandError, match="no player"):
        call_command("verify_ledger", "--player", "00000000-0000-0000-0000-000000000001")
    assert not Verification.objects.exists()


@pytest.mark.postgresql
def test_who_may_only_read_verifies_all_the_same(players: list[Score]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; CREATE ROLE reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
        )
        cursor.execute("SET ROLE reader")
        output, errors = io.StringIO(), io.StringIO()
        call_command("verify_ledger", stdout=output, stderr=errors)
        cursor.execute("RESET ROLE")
    assert "no findings" in output.getvalue()
    assert errors.getvalue().startswith("Not recorded: permission denied")
    assert not Verification.objects.exists()
