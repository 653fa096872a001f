"""A player's page: what was done is what it says."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEntry, Refusal
from scores.admin.entries import show_name
from scores.admin.player_page import describe
from scores.investigation import corrections
from scores.models import Action, Flag, Score
from tests.support.acting import PASSWORD, make_player, make_receipt
from tests.support.desk_pages import ADMIN, SVG, act, award, read_chart, read_text, show_player, titles

#: Yesterday at noon: lately enough for what only looks at the last days, and always on one day.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
#: Whatever a player did, what the log says of it takes this many; the place on the board is asked for as everywhere.
QUERIES = 28

SetClock = Callable[[int], datetime]


@pytest.fixture
def set_clock(turn_clock: Callable[[datetime], None]) -> SetClock:
    """`set_clock(90)`: what is written from now on happened at 13:30."""

    def set_to(minutes: int) -> datetime:
        moment = NOON + timedelta(minutes=minutes)
        turn_clock(moment)
        return moment

    return set_to


@pytest.fixture
def desk(db: None) -> Client:
    """An investigator's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    return client


@pytest.fixture
def ada(player: Score, daily_quiz: Action, set_clock: SetClock) -> Score:
    """Four updates, one of them from elsewhere; then everything an investigator can do."""
    for number, minutes in enumerate((0, 20, 70)):
        set_clock(minutes)
        act(player, number)
    set_clock(75)
    act(player, 4, address="192.0.2.2", agent="curl")
    acts: list[tuple[int, Callable[..., object], dict[str, int]]] = [
        (100, corrections.void, {"seq": 2}),
        (110, corrections.restore, {"seq": 2}),
        (120, corrections.adjust, {"delta": -15}),
        (130, corrections.freeze, {}),
        (190, corrections.unfreeze, {}),
        (200, corrections.void, {"seq": 1}),
    ]
    for minutes, correct, arguments in acts:
        set_clock(minutes)
        correct(player=player.pk, reason="A look", actor=ADMIN, **arguments)
    player.refresh_from_db()
    return player


def test_the_change_page_of_a_player_is_the_players_page(desk: Client, player: Score) -> None:
    response = desk.get(f"/admin/scores/score/{player.pk}/change/")

    assert (response.status_code, response.headers["Location"]) == (302, f"/admin/scores/score/{player.pk}/player/")


def test_an_unknown_player_has_no_page(desk: Client) -> None:
    assert desk.get(f"/admin/scores/score/{ADMIN}/player/").status_code == 404


def test_a_player_without_entries_has_a_page_that_says_so(desk: Client, player: Score) -> None:
    text = read_text(show_player(desk, player))

    assert "This player has no entries yet." in text
    assert "On the board not yet" in text
    assert "There is nothing to verify yet." in text
    assert "Refused attempts None." in text


def test_the_facts_are_those_of_the_score(desk: Client, ada: Score) -> None:
    text = read_text(show_player(desk, ada))

    assert "Points 15 On the board 1. Entries 10 " in text
    assert f"Player id {ada.pk}" in text


def test_the_curve_marks_every_correction_and_refusal_with_its_own_shape(desk: Client, ada: Score) -> None:
    for minutes, count in ((40, 3), (150, 1)):
        Refusal.objects.create(
            minute=NOON + timedelta(minutes=minutes), reason="cooldown", subject=str(ada.pk), count=count
        )

    html = show_player(desk, ada)

    curve = read_chart(html, "curve")
    assert titles(curve, "void") == ["void -10 (#5)", "void -10 (#10)"]
    assert titles(curve, "restore") == ["restore +10 (#6)"]
    assert titles(curve, "adjust") == ["adjust -15 (#7)"]
    assert titles(curve, "freeze") == ["freeze +0 (#8)"]
    assert titles(curve, "unfreeze") == ["unfreeze +0 (#9)"]
    assert titles(curve, "refusal") == ["3 × cooldown", "1 × cooldown"]
    assert titles(curve, "frozen") == ["Frozen"]
    marks = [element for element in curve.iter() if "mark" in element.get("class", "").split()]
    shapes = {element.get("class"): element.get("points") or element.get("d") for element in marks}
    assert len(marks) == 8
    assert len(set(shapes.values())) == 6
    assert curve.findtext(f"{SVG}title") == "Points over time"
    description = curve.findtext(f"{SVG}desc", "")
    assert description.startswith("From 10 points on ")
    assert description.endswith("Marked: adjust 1, freeze 1, refusal 4, restore 1, unfreeze 1, void 2.")
    assert "void 2 restore 1 adjust 1 freeze 1 unfreeze 1 refusal 4" in read_text(html)


def test_the_rate_counts_updates_by_the_hour(desk: Client, ada: Score) -> None:
    chart = read_chart(show_player(desk, ada), "hours")

    assert [title[11:] for title in titles(chart, "bar")] == ["12:00:00 UTC: 2 updates", "13:00:00 UTC: 2 updates"]


def test_actions_addresses_and_agents_are_counted(desk: Client, ada: Score) -> None:
    text = read_text(show_player(desk, ada))
    first, last, later = (f"{minutes}:00 UTC" for minutes in ("12:00", "13:10", "13:15"))
    day = f"{NOON:%Y-%m-%d}"

    assert f" daily-quiz 4 0 40 {day} {later} " in text
    assert f" 192.0.2.1 3 {day} {first} {day} {last} none " in text
    assert f" 192.0.2.2 1 {day} {later} {day} {later} none " in text
    assert f" Firefox 3 {day} {first} {day} {last} none " in text
    assert f" curl 1 {day} {later} {day} {later} none " in text


def test_updates_with_a_receipt_are_told_from_those_without(desk: Client, player: Score, daily_quiz: Action) -> None:
    act(player, 1, receipt=make_receipt(player))
    act(player, 2)

    text = read_text(show_player(desk, player))

    assert " daily-quiz 2 1 35 " in text
    assert "+25 25 receipt 192.0.2.1" in text
    assert "+10 35 self-reported 192.0.2.1" in text
    assert "Verified just now: no findings." in text


def test_others_from_the_same_address_or_with_the_same_agent_are_named(desk: Client, ada: Score) -> None:
    bob, eve = make_player("Bob"), make_player("Eve")
    act(bob, 1, address="192.0.2.2", agent="Safari")
    act(eve, 1, address="192.0.2.2", agent="Safari")
    act(eve, 2, address="203.0.113.9", agent="curl")

    html = show_player(desk, ada)

    [address] = re.findall(r"192\.0\.2\.2</th>.*?</tr>", html, flags=re.DOTALL)
    assert re.findall(r'href="([^"]+)"><bdi[^>]*>(\w+)</bdi></a>', address) == [
        (f"/admin/scores/score/{other.pk}/player/", other.name) for other in sorted((bob, eve), key=lambda o: o.pk)
    ]
    [agent] = re.findall(r"curl</th>.*?</tr>", html, flags=re.DOTALL)
    assert re.findall(r">(\w+)</bdi></a>", agent) == ["Eve"]


def test_an_address_that_cannot_be_read_is_shared_with_nobody(desk: Client, player: Score, daily_quiz: Action) -> None:
    for other in (player, make_player("Bob")):
        act(other, 1, address="no address", agent=other.name)
    [address] = re.findall(r"unknown</th>.*?</tr>", show_player(desk, player), flags=re.DOTALL)
    assert re.findall(r">(\w+)</a>", address) == []


def test_refused_attempts_are_summed_by_reason(desk: Client, player: Score) -> None:
    for minutes, reason, count in ((0, "cooldown", 2), (5, "cooldown", 40), (9, "receipt_invalid:signature", 1)):
        Refusal.objects.create(
            minute=NOON + timedelta(minutes=minutes), reason=reason, subject=str(player.pk), count=count
        )

    text = read_text(show_player(desk, player))

    first, last, later = (f"{NOON:%Y-%m-%d} {minutes}:00 UTC" for minutes in ("12:00", "12:05", "12:09"))
    assert f" cooldown 42 {first} {last} receipt_invalid:signature 1 {later} {later} " in text


def test_of_an_erased_player_the_points_stay_and_the_person_is_gone(desk: Client, ada: Score) -> None:
    corrections.erase_player(player=ada.pk, reason="On request", actor=ADMIN)

    html = show_player(desk, ada)

    assert "Points 15 " in read_text(html)
    assert "192.0.2.1" not in html
    assert "Nothing is kept: the person's data was erased" in read_text(html)
    assert "Verified just now: no findings." in read_text(html)


def test_flags_of_the_player_are_shown_with_their_reason(desk: Client, player: Score) -> None:
    Flag.objects.create(
        rule=Flag.Rule.PACE, subject=str(player.pk), player=player.pk, why="900 points in an hour.", opened_at=NOON
    )

    assert "Pace far above the usual 900 points in an hour. open" in read_text(show_player(desk, player))


def test_flags_of_an_address_or_issuer_are_shown_to_whom_they_name(desk: Client, ada: Score) -> None:
    other = make_player("Other")
    for rule, subject, named in (
        (Flag.Rule.SHARED_ADDRESS, "192.0.2.2", ada),
        (Flag.Rule.SHARED_ADDRESS, "192.0.2.1", other),
        (Flag.Rule.SHARED_ADDRESS, "203.0.113.9", ada),
        (Flag.Rule.ISSUER_VOLUME, "quiz-backend", ada),
        (Flag.Rule.ISSUER_VOLUME, "other-backend", other),
    ):
        why = f"Something at {subject}."
        Flag.objects.create(rule=rule, subject=subject, why=why, opened_at=NOON, entries=[[str(named.pk), 1]])

    text = read_text(show_player(desk, ada))

    assert sorted(re.findall(r"Something at (\S+)\. open", text)) == ["192.0.2.2", "quiz-backend"]


def test_a_correction_says_who_made_it(desk: Client, ada: Score) -> None:
    investigator = make_player("Grace")
    corrections.adjust(player=ada.pk, delta=1, reason="A look", actor=str(investigator.pk))
    corrections.adjust(player=ada.pk, delta=2, reason="A look", actor="system")

    html = show_player(desk, ada)

    assert f'/admin/scores/score/{investigator.pk}/player/">{show_name("Grace")}</a>' in html
    text = read_text(html)
    assert " adjust system – +2 " in text
    assert " adjust Grace – +1 " in text
    assert re.search(r" award(, reversed by #\d+)? – daily-quiz \+10 ", text)


def test_a_sound_chain_is_verified_on_the_spot(desk: Client, ada: Score) -> None:
    assert "Verified just now: no findings. Every entry, every receipt and the score were recomputed." in read_text(
        show_player(desk, ada)
    )


def test_a_chain_that_does_not_hold_is_said_to(desk: Client, ada: Score) -> None:
    Score.objects.filter(pk=ada.pk).update(points=16)

    text = read_text(show_player(desk, ada))

    assert "Verified just now: 1 finding." in text
    assert "Entry 10, score.points : the score says 16, the log says 15" in text


def test_the_newest_entries_link_to_each(desk: Client, ada: Score) -> None:
    html = show_player(desk, ada)

    linked = re.findall(r'/admin/audit/auditentry/(\S+)/change/">#(\d+)</a>', html)
    entries = AuditEntry.objects.filter(player=ada.pk).order_by("-seq")
    assert linked == [(entry.place, str(entry.seq)) for entry in entries]
    assert "award, reversed by #5" in read_text(html)


def test_acts_are_offered_only_to_whom_they_are_open(desk: Client, ada: Score) -> None:
    acts = re.compile(rf"/admin/scores/score/{ada.pk}/act/(\w+)/")
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__in=["view_score", "view_auditentry"]))
    own = Client()
    ada.user.is_staff = ada.user.is_superuser = True
    ada.user.save()
    own.force_login(ada.user)

    assert set(acts.findall(show_player(desk, ada))) == {"freeze", "adjust", "void", "restore", "rename"}
    desk.force_login(looker)
    assert acts.findall(show_player(desk, ada)) == []
    html = show_player(own, ada)
    assert acts.findall(html) == []
    assert "This is your own score. Nobody corrects their own" in html


def test_the_page_takes_as_many_queries_whatever_the_player_did(desk: Client, ada: Score) -> None:
    act(make_player("Other"), 1)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as page:
            show_player(desk, ada)
        with CaptureQueriesContext(connection) as log:
            describe(ada.pk)
        counts.append((len(log), len(page)))
        award(ada, 60)
        for number in range(3):
            act(make_player(f"Other {number} {len(counts)}"), 1)

    assert counts[0] == counts[1]
    assert counts[0][0] == QUERIES
