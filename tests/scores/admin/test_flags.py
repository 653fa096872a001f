"""Flags at the desk: open ones first, reviewed once by somebody else, with the acts at hand."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.investigation import corrections
from scores.models import Flag, Score
from scores.players import ensure_player
from tests.support.acting import make_player
from tests.support.desk_acting import confirm, read_messages, read_numbers, read_text

NothingWritten = Callable[[], AbstractContextManager[None]]


def make_flag(score: Score, *seqs: int, rule: str = Flag.Rule.REGULAR_INTERVALS, **changes: Any) -> Flag:
    values = {
        "subject": str(score.pk),
        "player": score.pk,
        "why": "50 acts, each 2.0 s after the one before.",
        **changes,
    }
    entries = [[str(score.pk), seq] for seq in seqs]
    return Flag.objects.create(rule=rule, entries=entries, opened_at=datetime.now(UTC), **values)


def review(desk: Client, flag: Flag, verdict: str, note: str = "") -> Any:
    return desk.post(reverse("admin:scores_flag_review", args=[flag.pk]), {"verdict": verdict, "note": note})


def read_page(desk: Client, flag: Flag) -> str:
    return unescape(desk.get(reverse("admin:scores_flag_change", args=[flag.pk])).content.decode())


def test_open_flags_come_first_and_each_leads_to_its_player(desk: Client, cheat: Score) -> None:
    for rule, state in [("pace", "dismissed"), ("no-pause", "open"), ("refusals", "confirmed")]:
        reviewed = (
            {} if state == "open" else {"reviewed_by": "system", "reviewed_at": datetime.now(UTC), "note": "seen"}
        )
        make_flag(cheat, 1, rule=rule, state=state, **reviewed)
    response = desk.get(reverse("admin:scores_flag_changelist"))
    assert [flag.state for flag in response.context["cl"].result_list] == ["open", "dismissed", "confirmed"]
    assert response.content.decode().count(reverse("admin:scores_score_player", args=[cheat.pk])) == 3


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_takes_the_same_queries_however_long_it_is(
    desk: Client, cheat: Score, count: int, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    for number in range(count):
        make_flag(cheat, 1, subject=f"192.0.2.{number}", rule=Flag.Rule.SHARED_ADDRESS)
    with django_assert_num_queries(6):
        desk.get(reverse("admin:scores_flag_changelist"))


def test_the_page_says_why_and_links_the_entries_and_the_player(desk: Client, cheat: Score) -> None:
    page = read_page(desk, make_flag(cheat, 2, 3))
    assert "50 acts, each 2.0 s after the one before." in page
    assert reverse("admin:scores_score_player", args=[cheat.pk]) in page
    for seq, links in [(1, 0), (2, 1), (3, 1)]:
        assert page.count(f'"{reverse("admin:audit_auditentry_change", args=[f"{cheat.pk}:{seq}"])}"') == links


def test_a_confirmed_flag_says_who_confirmed_it_and_is_in_the_log(desk: Client, cheat: Score, actor: User) -> None:
    flag = make_flag(cheat, 1)
    response = review(desk, flag, "confirm", "a script, says its agent")
    assert response.headers["Location"] == reverse("admin:scores_flag_change", args=[flag.pk])
    flag.refresh_from_db()
    investigator = str(ensure_player(actor).pk)
    assert (flag.state, flag.note, flag.reviewed_by) == ("confirmed", "a script, says its agent", investigator)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.kind, entry.action, entry.actor) == ("config", f"flag:{flag.pk}", investigator)
    page = read_page(desk, flag)
    assert "a script, says its agent" in page
    assert ">Void the act, -10</a>" in page
    assert 'name="verdict"' not in page


def test_a_confirmation_leads_on_to_the_void_of_the_linked_entries_or_the_freeze(desk: Client, cheat: Score) -> None:
    first, second = make_flag(cheat, 2, 3), make_flag(cheat, 1, rule=Flag.Rule.PACE)
    back = urlencode({"back": reverse("admin:scores_flag_change", args=[first.pk])})
    void = review(desk, first, "confirm-void").headers["Location"]
    assert void == f"{reverse('admin:scores_score_void_selection')}?flag={first.pk}&{back}"
    assert read_numbers(desk.get(void)) == [2, 3]
    freeze = review(desk, second, "confirm-freeze").headers["Location"]
    back = urlencode({"back": reverse("admin:scores_flag_change", args=[second.pk])})
    assert freeze == f"{reverse('admin:scores_score_act', args=[cheat.pk, 'freeze'])}?{back}"
    cheat.refresh_from_db()
    assert (cheat.points, cheat.frozen, cheat.seq) == (30, False, 3)


def test_a_dismissal_needs_a_note(desk: Client, cheat: Score, nothing_written: NothingWritten) -> None:
    flag = make_flag(cheat, 1)
    with nothing_written():
        response = review(desk, flag, "dismiss", "  ")
    flag.refresh_from_db()
    assert (response.status_code, flag.state) == (200, "open")
    assert "Give a reason of 1 to 1000 characters." in response.content.decode()
    assert review(desk, flag, "dismiss", "a relay team, known to us").status_code == 302
    flag.refresh_from_db()
    assert (flag.state, flag.note) == ("dismissed", "a relay team, known to us")


@pytest.mark.parametrize("form", [{}, {"verdict": "erase"}, {"verdict": "confirm", "note": "x" * 1001}])
def test_a_review_that_says_nothing_changes_nothing(
    desk: Client, cheat: Score, nothing_written: NothingWritten, form: dict[str, str]
) -> None:
    flag = make_flag(cheat, 1)
    with nothing_written():
        assert desk.post(reverse("admin:scores_flag_review", args=[flag.pk]), form).status_code == 200
    flag.refresh_from_db()
    assert flag.state == "open"


def test_a_flag_is_reviewed_once(desk: Client, cheat: Score, nothing_written: NothingWritten) -> None:
    flag = make_flag(cheat, 1)
    review(desk, flag, "confirm")
    with nothing_written():
        response = review(desk, flag, "dismiss", "changed my mind")
    assert f"Flag {flag.pk} was reviewed before." in response.content.decode()
    flag.refresh_from_db()
    assert (flag.state, flag.note) == ("confirmed", "")


def test_nobody_reviews_a_flag_on_their_own_score(desk: Client, actor: User, nothing_written: NothingWritten) -> None:
    flag = make_flag(ensure_player(actor))
    with nothing_written():
        page, response = read_page(desk, flag), review(desk, flag, "dismiss", "I am innocent")
    assert "This flag is about your own score." in page
    assert 'name="verdict"' not in page
    assert "Nobody reviews a flag on their own score." in response.content.decode()
    flag.refresh_from_db()
    assert flag.state == "open"


def test_a_flag_about_an_address_rests_on_entries_of_several_players(desk: Client, cheat: Score) -> None:
    ben = make_player("Ben")
    corrections.adjust(player=ben.pk, delta=10, reason="a day's play", actor="system")
    flag = Flag.objects.create(
        rule=Flag.Rule.SHARED_ADDRESS,
        subject="192.0.2.7",
        why="2 players from 192.0.2.7 within an hour.",
        entries=[[str(cheat.pk), 1], [str(ben.pk), 1]],
        opened_at=datetime.now(UTC),
    )
    page = read_page(desk, flag)
    for score in (cheat, ben):
        assert reverse("admin:scores_score_player", args=[score.pk]) in page
    assert re.findall(r'value="(confirm-[a-z]+)">(.*?)<', page) == [
        ("confirm-void", "Void the 2 acts, -20"),
        ("confirm-since", "Void everything of these 2 players since then, 4 entries, -40"),
    ]


def test_the_buttons_say_what_the_acts_of_the_rule_and_everything_since_would_take(desk: Client, cheat: Score) -> None:
    flag = make_flag(cheat, 2, acts=[[str(cheat.pk), 2, 3]])
    corrections.void(player=cheat.pk, seq=3, reason="seen", actor="system")
    corrections.adjust(player=cheat.pk, delta=5000, reason="a day's play", actor="system")
    page = " ".join(read_page(desk, flag).split())
    assert re.findall(r'value="(confirm-[a-z]+)">(.*?)<', page) == [
        ("confirm-void", "Void the act, -10"),
        ("confirm-since", "Void everything since #2, 2 entries, -5,010"),
        ("confirm-freeze", "Freeze"),
    ]
    assert "1 of the 2 acts that its rule describes" in page
    assert "<dt>Since it was opened</dt> <dd> 1 more entry, 5,000 points </dd>" in page


def test_a_void_of_everything_since_takes_what_came_until_then(desk: Client, cheat: Score) -> None:
    flag = make_flag(cheat, 2)
    location = review(desk, flag, "confirm-since").headers["Location"]
    corrections.adjust(player=cheat.pk, delta=10, reason="it plays on", actor="system")
    preview = desk.get(location)
    assert read_numbers(preview) == [2, 3, 4]
    assert "Void the 3 entries, -30" in preview.content.decode()
    response = confirm(desk, location)
    assert response.redirect_chain[-1] == (reverse("admin:scores_flag_change", args=[flag.pk]), 302)
    [message] = read_messages(response)
    assert read_text(message) == "3 entries voided, -30 points, Ada stays 1st; case file"


def test_the_message_leads_to_the_next_open_flag(desk: Client, cheat: Score) -> None:
    flag, other = make_flag(cheat, 2), make_flag(cheat, 1, rule=Flag.Rule.PACE)
    [message] = read_messages(confirm(desk, review(desk, flag, "confirm-void").headers["Location"]))
    assert f'<a href="{reverse("admin:scores_flag_change", args=[other.pk])}">next flag</a>' in message
