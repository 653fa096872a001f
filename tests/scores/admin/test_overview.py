"""The front page of the admin: what it says of the ledger, of what came in, of flags and of who rose."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from audit.checkpoints import sign_checkpoints
from audit.keys import new_checkpoint_keys
from audit.models import Refusal, Verification
from scores.admin import overview, player_history
from scores.admin.entries import show_name
from scores.investigation import corrections
from scores.models import Action, Flag, Score
from tests.support.acting import PASSWORD, access_token, make_player, update
from tests.support.clock import turn_clock_back
from tests.support.desk_pages import ADMIN, SVG, read_chart, read_text, titles

#: Session and user, the admin's list of recent acts, and what the page says; the same whatever there is.
QUERIES = 13


@pytest.fixture
def desk(db: None, settings: Settings, tmp_path: Path) -> Client:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return client


def show(desk: Client) -> str:
    response = desk.get("/admin/")
    assert response.status_code == 200
    return response.content.decode()


def act(player: Score, key: str) -> None:
    assert update({"action": "daily-quiz"}, token=access_token(player), key=key).status_code == 200


def verified(*, findings: int = 0, ago: timedelta = timedelta(minutes=5)) -> None:
    then = datetime.now(UTC) - ago
    report = [{"rule": "mac", "detail": "the entry was changed", "player": ADMIN, "seq": 7}] * findings
    Verification.objects.create(
        started_at=then,
        finished_at=then,
        scope=Verification.ALL,
        pinned=False,
        entries=1234,
        findings=findings,
        report=report,
    )


def test_a_new_board_says_what_was_never_done_and_which_command_does_it(desk: Client) -> None:
    html = show(desk)
    text = read_text(html)

    assert "No checkpoint yet Run manage.py seal_ledger --every 60" in text
    assert "Never verified Run manage.py verify_ledger" in text
    assert "Last entry none yet" in text
    assert "Open flags 0 None." in text
    assert "Nobody gained points in the last 24 hours." in text
    assert titles(read_chart(html, "traffic-1"), "bar") == []


def test_what_was_sealed_and_verified_lately_is_good(desk: Client, player: Score, daily_quiz: Action) -> None:
    act(player, "1")
    sign_checkpoints()
    verified()

    html = show(desk)

    assert re.search(r"Last checkpoint (now|\d+ seconds? ago) number 1, ", read_text(html))
    assert "Last verification No findings in 1,234 entries, 5 minutes ago Last entry" in read_text(html)
    assert html.count('class="state good"') == 2


def test_verification_by_the_command_is_what_the_page_shows(desk: Client, player: Score) -> None:
    corrections.adjust(player=player.pk, delta=5, reason="A present", actor=ADMIN)
    call_command("verify_ledger", stdout=StringIO())

    assert re.search(r"No findings in 1 entry, (now|\d+ seconds? ago)", read_text(show(desk)))


def test_findings_are_named(desk: Client) -> None:
    verified(findings=2)

    html = show(desk)

    assert "2 findings in 1,234 entries" in read_text(html)
    assert f"mac of player {ADMIN}, entry 7: the entry was changed" in read_text(html)
    assert 'class="state bad"' in html


def test_what_was_verified_days_ago_is_to_be_verified_again(desk: Client) -> None:
    verified(ago=timedelta(days=2))

    assert "2 days ago. Run manage.py verify_ledger again" in read_text(show(desk))


def test_a_sealer_that_stopped_is_noticed(
    desk: Client, player: Score, daily_quiz: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(player, "1")
    sign_checkpoints()
    monkeypatch.setattr(overview, "HEARTBEAT_SECONDS", 0)

    assert "Signing seems to have stopped; start manage.py seal_ledger --every 60" in read_text(show(desk))


def test_a_checkpoint_under_another_key_is_not_trusted(
    desk: Client, player: Score, daily_quiz: Action, settings: Settings, tmp_path: Path
) -> None:
    act(player, "1")
    sign_checkpoints()
    other = tmp_path / "other.json"
    other.write_text(new_checkpoint_keys())
    settings.CHECKPOINT_KEY_FILE = str(other)

    assert "Cannot be trusted : its key id does not hold." in read_text(show(desk))


def test_updates_and_refusals_are_counted_by_minute_and_by_hour(
    desk: Client, player: Score, daily_quiz: Action
) -> None:
    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for key in "123":
        act(player, key)
    for back, count in ((0, 4), (2, 5), (23, 6), (24, 100)):
        Refusal.objects.create(minute=this_hour - timedelta(hours=back), reason="cooldown", subject=ADMIN, count=count)

    html = show(desk)

    minutes, hours = read_chart(html, "traffic-1"), read_chart(html, "traffic-2")
    assert [title.split(": ")[1] for title in titles(minutes, "bar")] in (
        ["4 refusals", "3 updates"],
        ["3 updates", "4 refusals"],
    )
    assert [title[11:] for title in titles(hours, "refused")] == [
        f"{this_hour - timedelta(hours=back):%H:%M:%S} UTC: {count} refusals"
        for back, count in ((23, 6), (2, 5), (0, 4))
    ]
    assert [title.split(": ")[1] for title in titles(hours, "bar") if "updates" in title] == ["3 updates"]
    assert hours.findtext(f"{SVG}desc") == "3 updates, 15 refusals."


def test_of_a_flood_the_newest_entries_are_counted(
    desk: Client,
    player: Score,
    daily_quiz: Action,
    turn_clock: Callable[[datetime], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn_clock(datetime.now(UTC) - timedelta(hours=1))
    for key in "1234":
        act(player, key)
    turn_clock_back()
    for key in "567":
        act(player, key)
    monkeypatch.setattr(player_history, "MAXIMUM_ENTRIES_LOOKED_AT", 2)

    html = show(desk)

    assert [title.split(": ")[1] for title in titles(read_chart(html, "traffic-2"), "bar")] == ["3 updates"]
    assert "before that are more than a page may count" in read_text(html)


def test_open_flags_are_listed_newest_first(desk: Client) -> None:
    now = datetime.now(UTC)
    for number, state in enumerate(("open", "open", "dismissed")):
        Flag.objects.create(
            rule=Flag.Rule.PACE,
            subject=f"{number}",
            why=f"Reason {number}.",
            opened_at=now + timedelta(seconds=number),
            **({} if state == "open" else {"state": state, "note": "No.", "reviewed_by": ADMIN, "reviewed_at": now}),
        )

    text = read_text(show(desk))

    assert re.search(r"Open flags 2 .*Reason 1\..*Reason 0\..* All flags", text)
    assert "Reason 2." not in text


def test_a_flag_on_the_front_page_names_its_player(desk: Client, player: Score) -> None:
    for subject, pk in ((str(player.pk), player.pk), ("192.0.2.9", None)):
        Flag.objects.create(
            rule=Flag.Rule.REFUSALS, subject=subject, player=pk, why=f"{subject} tries.", opened_at=datetime.now(UTC)
        )

    html = " ".join(show(desk).split())

    link = f'<a href="/admin/scores/score/{player.pk}/player/">{show_name(player.name)}</a>: {player.pk} tries.'
    assert re.findall(r'<td class="why" data-heading="Why"> (.*?) </td>', html) == ["192.0.2.9 tries.", link]


def test_risers_are_those_who_gained_most_in_a_day_less_what_was_taken(
    desk: Client, daily_quiz: Action, turn_clock: Callable[[datetime], None]
) -> None:
    ada, bob, eve, old = (make_player(name) for name in ("Ada", "Bob", "Eve", "Old"))
    turn_clock(datetime.now(UTC) - timedelta(days=2))
    act(old, "1")
    turn_clock_back()
    for player, count in ((ada, 1), (bob, 3), (eve, 4)):
        for key in range(count):
            act(player, str(key))
    for seq in (1, 2):
        corrections.void(player=eve.pk, seq=seq, reason="A look", actor=ADMIN)

    text = read_text(show(desk))

    assert "Points now Bob +30 3 30 Eve +20 6 20 Ada +10 1 10 Updates and refusals" in text


def test_everybody_sees_only_what_they_may(desk: Client) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    desk.force_login(staff)
    assert "panel" not in show(desk)

    staff.user_permissions.add(Permission.objects.get(codename="view_flag"))
    text = read_text(show(desk))

    assert "Open flags" in text
    assert "Ledger" not in text
    assert "Top risers" not in text


def test_the_page_takes_as_many_queries_whatever_there_is(desk: Client, player: Score, daily_quiz: Action) -> None:
    counts = []
    for number in range(2):
        for key in range(5):
            act(make_player(f"Player {number} {key}"), "1")
        sign_checkpoints()
        verified()
        with CaptureQueriesContext(connection) as queries:
            show(desk)
        counts.append(len(queries))

    assert counts == [QUERIES, QUERIES]


def test_the_policy_of_the_desk_allows_nothing_inline_and_nothing_foreign(
    desk: Client, player: Score, daily_quiz: Action
) -> None:
    act(player, "1")
    for path in ("/admin/", f"/admin/scores/score/{player.pk}/player/"):
        response = desk.get(path)
        policy = response.headers["Content-Security-Policy"].split("; ")
        html = response.content.decode()

        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
        assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []
        assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
