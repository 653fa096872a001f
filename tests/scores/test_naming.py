"""A player is called something else: by an investigator's act or because the token says so, as an entry, live, and sealed."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from audit.models import AuditEntry
from scores import naming
from scores.awards import service
from scores.awards.rules import Attempt, Award, SelfReport
from scores.board import standings
from scores.callers import Caller
from scores.errors import CorrectionRefused, InvalidName, TokenInvalid
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import Action, Score
from scores.players import ensure_external_player
from tests.support.acting import make_player, update

NothingWritten = Callable[[], AbstractContextManager[None]]
WHY = {"reason": "a slur", "actor": "system"}


@pytest.fixture
def played(player: Score, token: str, daily_quiz: Action) -> Score:
    assert update({"action": "daily-quiz"}, token=token, key="first").status_code == 200
    player.refresh_from_db()
    return player


def act(score: Score, name: str | None, *, second: int = 0, key: str = "k") -> Award:
    """An award by a token signed elsewhere that says this name and was issued in this second."""
    caller = Caller(score.pk, "t-1", password_stamp=None, external_name=name, named_us=second * 1_000_000)
    return service.award(Attempt(caller, SelfReport("daily-quiz", key), {"address": "192.0.2.7"}))


def kinds(score: Score) -> list[str]:
    return list(AuditEntry.objects.filter(player=score.pk).order_by("seq").values_list("kind", flat=True))


def test_a_rename_is_an_entry_with_both_names_and_changes_nothing_else(played: Score) -> None:
    before = standings.read_top()
    entry = corrections.rename(player=played.pk, name="  Ada  Byron ", reason="she asked", actor="system")
    assert (entry.kind, entry.delta, entry.balance, entry.seq) == ("rename", 0, 10, 2)
    assert entry.context is not None
    assert (entry.context["name_before"], entry.context["name"], entry.context["reason"]) == (
        "Ada",
        "Ada Byron",
        "she asked",
    )
    assert standings.read_top() == [{**before[0], "name": "Ada Byron"}]
    played.refresh_from_db()
    assert (played.name_key, played.named_by, played.is_sealed) == ("ada byron", 2, True)
    assert [*verify(player=played.pk)] == []


def test_a_rename_is_announced_after_its_commit(
    played: Score, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[object]]]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        corrections.rename(player=played.pk, name="Byron", **WHY)
    assert len(callbacks) == 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Ada", CorrectionRefused),
        (" Ada ", CorrectionRefused),
        ("GRACE", CorrectionRefused),
        ("Gra\u00adce", InvalidName),
        ("", InvalidName),
        ("\u3164", InvalidName),
        ("ada@example.org", InvalidName),
        ("a\x00b", InvalidName),
    ],
)
def test_a_name_that_is_none_or_anothers_or_the_same_is_refused(
    played: Score, nothing_written: NothingWritten, name: str, fault: type[Exception]
) -> None:
    make_player("Grace")
    with nothing_written(), pytest.raises(fault):
        corrections.rename(player=played.pk, name=name, **WHY)


def test_a_name_may_change_in_its_case_alone(played: Score) -> None:
    corrections.rename(player=played.pk, name="ADA", **WHY)
    assert Score.objects.get(pk=played.pk).name == "ADA"


def test_a_frozen_player_can_be_renamed_and_nobody_renames_themselves(
    played: Score, nothing_written: NothingWritten
) -> None:
    corrections.freeze(player=played.pk, **WHY)
    corrections.rename(player=played.pk, name="Byron", **WHY)
    with nothing_written(), pytest.raises(CorrectionRefused, match="own"):
        corrections.rename(player=played.pk, name="Lovelace", reason="I like it", actor=str(played.pk))


def test_whose_score_was_exchanged_is_not_renamed(played: Score, nothing_written: NothingWritten) -> None:
    Score.objects.filter(pk=played.pk).update(name="Mallory", name_key="mallory")
    with nothing_written(), pytest.raises(CorrectionRefused, match="database alone"):
        corrections.rename(player=played.pk, name="Byron", **WHY)


def test_an_erasure_takes_both_names_out_of_the_log_and_what_the_token_said(played: Score) -> None:
    act(played, "Augusta Ada", second=1)
    corrections.rename(player=played.pk, name="Byron", **WHY)
    corrections.erase_player(player=played.pk, reason="asked for it", actor="system")
    assert not AuditEntry.objects.filter(player=played.pk, context__isnull=False).exists()
    assert Score.objects.get(pk=played.pk).claimed_name == ""
    assert [*verify(player=played.pk)] == []


class TestNobodyStandsInTheWayOfAnErasure:
    def test_by_a_token_that_says_the_name_it_will_give(self, played: Score) -> None:
        wanted = f"Erased {played.pk.hex[:12]}"
        other = ensure_external_player(UUID(int=8), wanted)
        assert other.name == "Player 000000000000"
        with pytest.raises(InvalidName, match="erased"):
            corrections.rename(player=other.pk, name=wanted, **WHY)
        corrections.erase_player(player=played.pk, **WHY)
        assert Score.objects.get(pk=played.pk).name == wanted

    def test_who_has_it_since_before_is_named(self, played: Score, nothing_written: NothingWritten) -> None:
        other = make_player(f"Erased {played.pk.hex[:12]}")
        with nothing_written(), pytest.raises(CorrectionRefused, match=f"Player {other.pk} .*: rename that one first"):
            corrections.erase_player(player=played.pk, **WHY)
        corrections.rename(player=other.pk, name="Grace", **WHY)
        corrections.erase_player(player=played.pk, **WHY)
        assert [*verify(player=played.pk)] == []


class TestTheDesk:
    @pytest.fixture
    def desk(self, db: None) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("root"))
        return client

    def test_shows_the_board_with_the_new_name_and_renames(self, desk: Client, played: Score) -> None:
        path = f"/admin/scores/score/{played.pk}/act/rename/?name=Byron"
        name = r'<td class="touched">\s*<bdi class="notranslate" translate="no">Byron</bdi>\s*</td>'
        assert re.search(name, desk.get(path).content.decode())
        sent = desk.post(path, {"reason": "she asked", "seen": str(played.seq)}, follow=True)
        assert "rename, now &#x27;Byron&#x27;." in sent.content.decode()
        assert Score.objects.get(pk=played.pk).name == "Byron"

    def test_says_that_the_board_does_not_follow_an_account(self, desk: Client, played: Score) -> None:
        form = {"username": "byron", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "is_active": "on"}
        page = desk.post(f"/admin/auth/user/{played.user_id}/change/", form, follow=True).content.decode()
        assert "The boards go on showing the name Ada." in page
        assert f"/admin/scores/score/{played.pk}/act/rename/" in page
        assert User.objects.get(pk=played.user_id).username == "byron"


class TestTokensSignedElsewhere:
    def test_a_name_that_changes_is_followed_with_the_next_award(self, played: Score) -> None:
        assert act(played, "Augusta", second=5, key="a").name == "Augusta"
        assert act(played, "Augusta", second=6, key="b").name == "Augusta"
        assert kinds(played) == ["award", "rename", "award", "award"]
        assert [*verify(player=played.pk)] == []

    def test_an_older_token_says_nothing_new(self, played: Score) -> None:
        act(played, "Augusta", second=5, key="a")
        assert act(played, "Ada Lovelace", second=4, key="b").name == "Augusta"
        assert act(played, "Ada Lovelace", second=5, key="d").name == "Augusta"
        assert act(played, "Ada Lovelace", second=6, key="c").name == "Ada Lovelace"

    def test_an_investigators_name_stays_until_the_tokens_own_changes(self, played: Score) -> None:
        act(played, "Rude Word", second=5, key="a")
        corrections.rename(player=played.pk, name="Player One", **WHY)
        assert act(played, "Rude Word", second=9, key="b").name == "Player One"
        assert act(played, "Augusta", second=10, key="c").name == "Augusta"

    def test_a_name_that_others_have_gets_a_number_and_stays(self, played: Score) -> None:
        make_player("Augusta")
        assert act(played, "Augusta", second=5, key="a").name == "Augusta (2)"
        assert act(played, "Augusta", second=6, key="b").name == "Augusta (2)"
        assert kinds(played) == ["award", "rename", "award", "award"]

    def test_the_same_name_as_before_is_no_entry(self, played: Score) -> None:
        assert act(played, "Ada", second=5, key="a").name == "Ada"
        assert kinds(played) == ["award", "award"]

    def test_nothing_is_followed_where_that_is_switched_off(self, played: Score, settings: Settings) -> None:
        settings.JWT_NAME_FOLLOWS = False
        assert act(played, "Augusta", second=5, key="a").name == "Ada"

    def test_nobody_inactive_is_renamed(self, played: Score, nothing_written: NothingWritten) -> None:
        User.objects.filter(pk=played.user_id).update(is_active=False)
        with nothing_written(), pytest.raises(TokenInvalid):
            act(played, "Augusta", second=5, key="a")

    def test_whose_score_was_exchanged_keeps_the_name(self, played: Score) -> None:
        Score.objects.filter(pk=played.pk).update(seal="ledger-1:0")
        assert act(played, "Augusta", second=5, key="a").name == "Ada"
        assert kinds(played) == ["award", "award"]

    def test_what_the_token_said_is_sealed_with_the_name(self, played: Score) -> None:
        make_player("Augusta")
        act(played, "Augusta (2)", second=5, key="a")
        act(played, "Augusta", second=6, key="b")
        assert kinds(played) == ["award", "rename", "award", "award"]
        played.refresh_from_db()
        assert (played.claimed_name, played.claimed_us, played.is_sealed) == ("Augusta", 6_000_000, True)
        for changed in ({"claimed_name": ""}, {"claimed_us": 2**62}):
            Score.objects.filter(pk=played.pk).update(**changed)
            assert [(finding.rule, finding.player) for finding in verify(player=played.pk)] == [
                ("score.seal", str(played.pk))
            ]
            Score.objects.filter(pk=played.pk).update(claimed_name="Augusta", claimed_us=6_000_000)
        assert [*verify(player=played.pk)] == []

    def test_an_investigators_name_stays_also_where_the_database_forgot_what_the_token_said(
        self, played: Score, caplog: pytest.LogCaptureFixture
    ) -> None:
        act(played, "Rude Word", second=5, key="a")
        corrections.rename(player=played.pk, name="Player One", **WHY)
        Score.objects.filter(pk=played.pk).update(claimed_name="", claimed_us=0)
        assert act(played, "Rude Word", second=5, key="b").name == "Player One"
        assert kinds(played) == ["award", "rename", "award", "rename", "award"]
        assert "keeps the name: whose score it is was changed in the database alone" in caplog.text

    def test_who_looks_at_their_own_place_is_renamed_too_once_they_have_played(self, played: Score) -> None:
        naming.see_caller(Caller(played.pk, "", None, external_name="Augusta", named_us=5))
        assert Score.objects.get(pk=played.pk).name == "Augusta"
        other = make_player("Grace")
        naming.see_caller(Caller(other.pk, "", None, external_name="Hopper", named_us=5))
        assert Score.objects.get(pk=other.pk).name == "Grace"
