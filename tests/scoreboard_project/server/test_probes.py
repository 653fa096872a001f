"""Probes: how the site is doing, for machines that know none of our names."""

import re

import pytest
from django.test import Client

from scoreboard_project.server import probes
from scores.counting.spans import tzdata_version
from scores.database.availability import Availability


def test_probes_are_answered_by_address_and_nothing_else_is(db: None, client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/api/score/top", headers={"Host": "10.1.2.3:8000"}).status_code == 400


#: Whether limits are shared may be another test's doing, a moment ago.
OTHER = {"limits"}


def read_parts(client: Client, status: int) -> dict[str, str]:
    response = client.get("/readyz")
    assert (response.status_code, "max-age=0" in response.headers["Cache-Control"]) == (status, True)
    return {part: state for part, state in response.json()["parts"].items() if part not in OTHER}


@pytest.mark.django_db
def test_a_host_that_is_ready_says_so_part_by_part(client: Client) -> None:
    assert read_parts(client, 200) == {"database": "ok", "migrations": "ok", "ledger_keys": "ok"}


@pytest.mark.django_db
def test_a_host_names_the_zones_by_which_it_cuts_days_beside_its_parts(client: Client) -> None:
    answer = client.get("/readyz").json()
    assert (list(answer), answer["tzdata"]) == (["status", "parts", "tzdata"], tzdata_version())
    assert re.fullmatch(r"20\d\d[a-z]", answer["tzdata"])


@pytest.mark.django_db
def test_what_the_watch_has_seen_is_believed_without_asking_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Availability()
    monkeypatch.setattr(probes, "availability", seen)
    seen.is_watched = seen.is_migrated = True
    seen.record_failure()
    assert read_parts(client, 503) == {"database": "unavailable", "migrations": "unknown", "ledger_keys": "unknown"}
    seen.record_answer()
    seen.missing_ledger_key = "ledger-7"
    assert read_parts(client, 503) == {"database": "ok", "migrations": "ok", "ledger_keys": "missing ledger-7"}
    seen.missing_ledger_key = None
    seen.record_shared_sessions()
    assert read_parts(client, 200)["database"] == "shares sessions: set DATABASE_POOLED=on"
    assert client.get("/readyz").json()["status"] == "degraded"


def test_alive_is_whoever_answers(client: Client) -> None:
    assert (client.get("/healthz").status_code, client.head("/healthz").content) == (200, b"")
    assert client.post("/healthz").status_code == 405
