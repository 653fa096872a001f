"""Entries at the desk: each beside its player and who acted, with the acts at hand."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from scores.admin.entries import show_name
from scores.investigation import corrections
from scores.models import Action, Score
from tests.support.acting import make_player, make_receipt, update
from tests.support.desk_acting import confirm, read_log, read_messages
from tests.support.imports import import_file, write_scores

NothingWritten = Callable[[], AbstractContextManager[None]]


def test_the_list_of_entries_leads_to_the_void_of_the_selected_ones(
    desk: Client, cheat: Score, nothing_written: NothingWritten
) -> None:
    entries = list(AuditEntry.objects.filter(player=cheat.pk, seq__in=[1, 3]).order_by("seq"))
    form = {"action": "void_selection", "_selected_action": [entry.pk for entry in entries]}
    with nothing_written():
        response = desk.post(reverse("admin:audit_auditentry_changelist"), form)
    query = urlencode({"entries": f"{cheat.pk}:1,3", "back": reverse("admin:audit_auditentry_changelist")})
    assert response.headers["Location"] == f"{reverse('admin:scores_score_void_selection')}?{query}"


def test_all_that_a_filter_leaves_is_voided_at_once(desk: Client, cheat: Score) -> None:
    ben = make_player("Ben")
    corrections.adjust(player=ben.pk, delta=10, reason="a day's play", actor="system")
    listed = reverse("admin:audit_auditentry_changelist")
    assert "Void all matching" not in desk.get(listed).content.decode()
    page = desk.get(listed, {"player": str(cheat.pk)}).content.decode()
    [link] = re.findall(r'href="([^"]*)">Void all matching…', page)
    assert read_messages(confirm(desk, unescape(link)))[0].startswith("3 entries voided, -30 points, ")
    assert (read_log(cheat)[3:], read_log(ben)) == (
        [("void", -10, 20), ("void", -10, 10), ("void", -10, 0)],
        [("adjust", 10, 10)],
    )


def test_a_query_that_the_list_would_not_take_is_not_found(desk: Client, cheat: Score) -> None:
    void = reverse("admin:scores_score_void_selection")
    assert desk.get(void, {"matching": "nothing=such"}).status_code == 404


@pytest.mark.parametrize("place", ["{player}:9", "{player}:0", "{player}:x", "x", "999999"])
def test_a_place_where_nothing_is_leads_back_to_the_front(desk: Client, cheat: Score, place: str) -> None:
    path = reverse("admin:audit_auditentry_change", args=[place.format(player=cheat.pk)])
    response = desk.get(path)
    assert (response.status_code, response.headers["Location"]) == (302, reverse("admin:index"))


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
    column = re.findall(r'<td data-heading="By" class="field-actor_link[^"]*">(.*?)</td>', listed)
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


def test_the_page_of_an_entry_shows_the_value_that_it_seals(
    desk: Client, player: Score, token: str, daily_quiz: Action
) -> None:
    daily_quiz.takes_value = True
    daily_quiz.save()
    assert update({"receipt": make_receipt(player, val=-61_234)}, token=token).status_code == 200
    entry = AuditEntry.objects.get(player=player.pk)
    page = desk.get(reverse("admin:audit_auditentry_change", args=[entry.pk]))
    shown = re.findall(r"<label>(.*?):</label>\s*<div class=\"readonly\">(.*?)</div>", page.content.decode())
    assert ("Value", "-61,234") in shown
    assert [check.holds for check in page.context["checks"] if check.subject == "Seal"] == [True]


def test_points_from_elsewhere_say_where_they_come_from_and_can_be_voided(desk: Client, tmp_path: Path) -> None:
    import_file(write_scores(tmp_path, "Ada,7"), source="<b>the old</b> board")
    shown = "imported from &lt;b&gt;the old&lt;/b&gt; board"
    entry = AuditEntry.objects.get(kind="import")
    assert shown in desk.get(f"{reverse('admin:audit_auditentry_changelist')}?verified=imported").content.decode()
    void = f"{reverse('admin:scores_score_act', args=[entry.player, 'void'])}?entries=1"
    for path in (
        reverse("admin:scores_score_player", args=[entry.player]),
        reverse("admin:audit_auditentry_change", args=[entry.pk]),
    ):
        page = desk.get(path).content.decode()
        assert "&lt;b&gt;the old&lt;/b&gt; board" in page
        assert void in page
    assert shown in desk.get(void).content.decode()
    confirm(desk, void)
    assert read_log(Score.objects.get(pk=entry.player)) == [("import", 7, 7), ("void", -7, 0)]


def test_the_log_can_be_searched_for_a_line_of_a_file(desk: Client, tmp_path: Path) -> None:
    import_file(write_scores(tmp_path, "Ada,7", "Bea,9"))
    entry = AuditEntry.objects.get(kind="import", delta=9)
    answer = desk.get(reverse("admin:audit_auditentry_changelist"), {"q": str(entry.ref)})
    assert [found.pk for found in answer.context["cl"].result_list] == [entry.pk]
