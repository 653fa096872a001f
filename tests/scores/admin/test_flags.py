"""Flags at the desk: open ones first, reviewed once by somebody else, with the acts at hand."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.admin.entries import show_name
from scores.investigation import corrections
from scores.models import Action, Flag, Score
from scores.players import ensure_player
from tests.support.acting import make_player, make_receipt, update

NothingWritten = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def actor(db: None) -> User:
    call_command("make_desk_groups", verbosity=0)
    user = User.objects.create_user("grace", is_staff=True)
    user.groups.set(Group.objects.filter(name="Moderators"))
    return user


@pytest.fixture
def desk(actor: User) -> Client:
    client = Client()
    client.force_login(actor)
    return client


@pytest.fixture
def cheat(db: None) -> Score:
    """Ada, 30 points by entries 1 to 3."""
    ada = make_player()
    for _ in range(3):
        corrections.adjust(player=ada.pk, delta=10, reason="a day's play", actor="system")
    return ada


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
        entry = AuditEntry.objects.get(player=cheat.pk, seq=seq)
        assert page.count(f'"{reverse("admin:audit_auditentry_change", args=[entry.pk])}"') == links


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
    assert "Void the linked entries" in page
    assert 'name="verdict"' not in page


def test_a_confirmation_leads_on_to_the_void_of_the_linked_entries_or_the_freeze(desk: Client, cheat: Score) -> None:
    first, second = make_flag(cheat, 2, 3), make_flag(cheat, 1, rule=Flag.Rule.PACE)
    ids = AuditEntry.objects.filter(player=cheat.pk, seq__in=[2, 3]).order_by("pk").values_list("pk", flat=True)
    void = review(desk, first, "confirm-void").headers["Location"]
    assert void == f"{reverse('admin:scores_score_void_selection')}?entries={ids[0]}-{ids[1]}"
    freeze = review(desk, second, "confirm-freeze").headers["Location"]
    assert freeze == reverse("admin:scores_score_act", args=[cheat.pk, "freeze"])
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
    assert "Confirm, then freeze" not in page
    assert "Confirm, then void entries" in page


def test_the_list_of_entries_leads_to_the_void_of_the_selected_ones(
    desk: Client, cheat: Score, nothing_written: NothingWritten
) -> None:
    entries = list(AuditEntry.objects.filter(player=cheat.pk, seq__in=[1, 3]).order_by("seq"))
    form = {"action": "void_selection", "_selected_action": [entry.pk for entry in entries]}
    with nothing_written():
        response = desk.post(reverse("admin:audit_auditentry_changelist"), form)
    query = ",".join(str(entry.pk) for entry in entries)
    assert response.headers["Location"] == f"{reverse('admin:scores_score_void_selection')}?entries={query}"


def test_the_page_of_an_entry_leads_to_its_player_and_its_acts(desk: Client, cheat: Score) -> None:
    corrections.void(player=cheat.pk, seq=1, reason="seen", actor="system")
    first, fourth = (AuditEntry.objects.get(player=cheat.pk, seq=seq) for seq in (1, 4))
    for entry, act in [(first, "void"), (fourth, "restore")]:
        page = desk.get(reverse("admin:audit_auditentry_change", args=[entry.pk])).content.decode()
        assert reverse("admin:scores_score_player", args=[cheat.pk]) in page
        assert f"{reverse('admin:scores_score_act', args=[cheat.pk, act])}?entries={entry.seq}" in page


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_of_entries_names_every_player_and_actor_with_one_query(
    desk: Client, cheat: Score, count: int, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    for number in range(count):
        corrections.adjust(player=make_player(f"P{number}").pk, delta=1, reason="a day's play", actor="system")
    investigators = [make_player(f"Investigator {number}") for number in range(count)]
    for investigator in investigators:
        corrections.adjust(player=cheat.pk, delta=1, reason="a look", actor=str(investigator.pk))
    with django_assert_num_queries(9):
        page = desk.get(reverse("admin:audit_auditentry_changelist")).content.decode()
    for score in [*Score.objects.exclude(seq=0), *investigators]:
        assert f'"{reverse("admin:scores_score_player", args=[score.pk])}">{show_name(score.name)}' in page


def test_who_acted_is_seen_in_the_list_and_on_the_page_of_an_entry(
    desk: Client, player: Score, token: str, daily_quiz: Action
) -> None:
    assert update({"action": "daily-quiz"}, token=token, key="own-word").status_code == 200
    grace = make_player("Hopper")
    corrections.adjust(player=player.pk, delta=1, reason="a look", actor=str(grace.pk))
    corrections.adjust(player=player.pk, delta=1, reason="a look", actor="system")
    link = f'<a href="{reverse("admin:scores_score_player", args=[grace.pk])}">{show_name("Hopper")}</a>'
    listed = desk.get(reverse("admin:audit_auditentry_changelist")).content.decode()
    column = re.findall(r'<td class="field-actor_link[^"]*">(.*?)</td>', listed)
    assert column == ["system", link, "player"]
    for entry, said in zip(AuditEntry.objects.filter(player=player.pk).order_by("-seq"), column, strict=True):
        page = desk.get(reverse("admin:audit_auditentry_change", args=[entry.pk])).content.decode()
        assert f'<div class="readonly">{said}</div>' in page
        assert f'<div class="readonly">{entry.actor}</div>' in page


def test_the_page_of_an_entry_says_whether_its_receipt_proves_it(
    desk: Client, player: Score, token: str, daily_quiz: Action
) -> None:
    assert update({"receipt": make_receipt(player)}, token=token).status_code == 200
    assert update({"action": "daily-quiz"}, token=token, key="own-word").status_code == 200
    by_receipt, by_word = AuditEntry.objects.order_by("seq")
    sentence = "An issuer signed it for this player, this action and these points; it is spent by this entry."
    for entry, says in [(by_receipt, True), (by_word, False)]:
        page = desk.get(reverse("admin:audit_auditentry_change", args=[entry.pk])).content.decode()
        assert (sentence in page) == says
