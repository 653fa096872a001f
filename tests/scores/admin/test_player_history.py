"""A player's page however long the history: what is drawn, counted and verified on it has a bound, and it says so."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from audit.models import AuditEntry, Refusal
from scores.admin import player_history
from scores.models import Action, Score
from tests.support.acting import make_player
from tests.support.desk_pages import act, award, read_text, show_player

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_of_many_others_the_busiest_are_named_and_the_rest_counted(
    desk: Client, player: Score, daily_quiz: Action
) -> None:
    act(player, 1)
    for number in range(7):
        act(make_player(f"Sock {number}"), 1, agent="Safari")

    html = show_player(desk, player)

    [address] = re.findall(r"192\.0\.2\.1</th>.*?</tr>", html, flags=re.DOTALL)
    assert len(re.findall(r">Sock \d</bdi></a>", address)) == 5
    assert "and 2 more" in address


def test_of_refused_attempts_without_end_the_newest_are_summed(
    desk: Client, player: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_history, "MAXIMUM_REFUSALS", 2)
    for minutes in range(3):
        Refusal.objects.create(
            minute=MIDNIGHT + timedelta(minutes=minutes), reason="cooldown", subject=str(player.pk), count=10**minutes
        )

    text = read_text(show_player(desk, player))

    assert " cooldown 110 " in text
    assert "Of the newest 1,000 minutes with refusals." in text


def test_a_long_chain_is_left_to_the_command(desk: Client, player: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_history, "MAXIMUM_VERIFIED_ENTRIES", 9)
    award(player, 10)

    text = read_text(show_player(desk, player))

    assert "Not verified on this page. 10 entries take longer than a page may" in text
    assert f"manage.py verify_ledger --player {player.pk}" in text


def test_a_long_chain_is_sampled_in_the_database(desk: Client, player: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_history, "MAXIMUM_SAMPLES", 5)
    award(player, 40)

    points = player_history.read_points(player.pk, 40)

    every = dict(AuditEntry.objects.filter(player=player.pk).values_list("seq", "balance"))
    assert [point.balance for point in points] == [every[seq] for seq in (1, 10, 20, 30, 40)]
    assert "An even sample of the 40 entries" in read_text(show_player(desk, player))


def test_counts_are_over_the_newest_entries_of_a_long_chain(
    desk: Client, player: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_history, "MAXIMUM_RECENT_ENTRIES", 8)
    award(player, 9)

    text = read_text(show_player(desk, player))

    assert "Of the newest 8 entries" in text
    assert re.search(r" daily-quiz 8 0 8 \d", text)
