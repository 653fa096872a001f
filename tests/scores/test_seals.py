"""Whose score it is and what the player is called is sealed: who has the database alone cannot exchange two players unnoticed."""

import io
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores import chain
from scores.errors import CorrectionRefused
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import Score
from scores.names import name_key
from scores.players import ensure_external_player, ensure_player, make_players
from tests.support.acting import make_player
from tests.support.tampering import WHY


def find() -> list[tuple[str, str]]:
    """Rule and player of each finding."""
    return sorted((finding.rule, finding.player) for finding in verify())


def exchange(one: Score, other: Score, *fields: str) -> None:
    """In the database alone, as an SQL statement would."""
    values = [{field: getattr(score, field) for field in fields} for score in (one, other)]
    aside = {"user_id": User.objects.create(username="aside").pk, "name": "aside", "name_key": "aside"}
    Score.objects.filter(pk=one.pk).update(**{field: aside[field] for field in fields if field in aside})
    Score.objects.filter(pk=other.pk).update(**values[0])
    Score.objects.filter(pk=one.pk).update(**values[1])


@pytest.fixture
def two(db: None) -> list[Score]:
    return [make_player("Ada"), make_player("Bea")]


@pytest.mark.parametrize(
    "fields",
    [("name", "name_key"), ("user_id",), ("user_id", "name", "name_key"), ("user_id", "name", "name_key", "seal")],
)
@pytest.mark.parametrize("has_played", [True, False])
def test_two_players_who_were_exchanged_are_two_findings(
    two: list[Score], fields: tuple[str, ...], has_played: bool
) -> None:
    for player in two if has_played else ():
        corrections.adjust(player=player.pk, delta=10, **WHY)
    assert find() == []
    exchange(two[0], two[1], *fields)
    assert find() == sorted(("score.seal", str(player.pk)) for player in two)


def test_what_is_put_back_as_it_was_is_sealed_again(two: list[Score]) -> None:
    Score.objects.filter(pk=two[0].pk).update(name="Eve", name_key="eve")
    assert find() == [("score.seal", str(two[0].pk))]
    Score.objects.filter(pk=two[0].pk).update(name="Ada", name_key="ada")
    assert find() == []


def test_every_way_to_make_a_player_seals(db: None) -> None:
    made = [
        ensure_player(User.objects.create_user("ada")),
        ensure_external_player(uuid4(), "Bea"),
        *(score for score, _ in make_players(["Cyd", "Dot"])),
        make_player("Eve"),
    ]
    assert [score.is_sealed for score in made] == [True] * 5
    assert find() == []


def test_an_erased_player_is_sealed_under_the_name_the_erasure_left(two: list[Score]) -> None:
    ada = two[0]
    before = Score.objects.filter(pk=ada.pk).values("name", "name_key", "seal").get()
    corrections.erase_player(player=ada.pk, **WHY)
    assert find() == []
    Score.objects.filter(pk=ada.pk).update(**before)
    assert find() == [("score.name", str(ada.pk))]


def test_a_name_goes_with_the_entry_that_gave_it(two: list[Score]) -> None:
    """What an act of kind rename is to write."""
    ada = two[0]
    before = Score.objects.filter(pk=ada.pk).values("name", "name_key", "seal", "named_by").get()
    corrections.adjust(player=ada.pk, delta=10, **WHY)
    ada.refresh_from_db()
    entry = chain.append_entry(ada, EntryDraft(kind="rename", actor="system", context={}))
    ada.rename("Ada Lovelace", entry)
    ada.save(update_fields=Score.NAME_FIELDS)
    assert (ada.named_by, ada.name_key) == (2, "ada lovelace")
    assert [finding for finding in find() if finding[0] != "kind"] == []
    Score.objects.filter(pk=ada.pk).update(**before)
    assert [finding for finding in find() if finding[0] != "kind"] == [("score.named_by", str(ada.pk))]


class TestAfterAFinding:
    """What an operator does: put it right in the database, or accept it with a reason."""

    @pytest.fixture
    def ada(self, two: list[Score]) -> Score:
        ada = two[0]
        corrections.adjust(player=ada.pk, delta=10, **WHY)
        Score.objects.filter(pk=ada.pk).update(name="Eve", name_key=name_key("Eve"))
        ada.refresh_from_db()
        return ada

    def test_an_erasure_does_not_go_by_an_account_that_may_be_somebody_elses(self, ada: Score) -> None:
        before = list(User.objects.values()), list(AuditEntry.objects.values()), list(Score.objects.values())
        with pytest.raises(CorrectionRefused, match="changed in the database alone"):
            corrections.erase_player(player=ada.pk, **WHY)
        assert (list(User.objects.values()), list(AuditEntry.objects.values()), list(Score.objects.values())) == before

    def test_rebuilding_points_leaves_the_identity_alone(self, ada: Score) -> None:
        Score.objects.filter(pk=ada.pk).update(points=1000)
        call_command("rebuild_scores", "--apply", "--reason", "points were edited", stdout=io.StringIO())
        ada.refresh_from_db()
        assert (ada.points, ada.name, ada.is_sealed) == (10, "Eve", False)
        assert find() == [("score.seal", str(ada.pk))]

    def test_what_is_accepted_is_sealed_for_a_reason_that_stays(self, ada: Score) -> None:
        call_command("rebuild_scores", "--accept-identity", str(ada.pk), "--reason", "married", stdout=io.StringIO())
        assert find() == []
        entry = AuditEntry.objects.latest("id")
        assert (entry.action, entry.actor, entry.kind) == (f"identity:{ada.pk}", "system", "config")
        assert entry.context is not None
        assert {**entry.context, "salt": ""} == {"reason": "married", "account": str(ada.user_id), "salt": ""}
        corrections.erase_player(player=ada.pk, **WHY)
        assert find() == []

    @pytest.mark.parametrize(
        ("words", "refusal"),
        [(["--reason", ""], "reason"), (["--reason", "x", "--actor", "nobody"], "no active user")],
    )
    def test_it_takes_a_reason_and_an_actor_who_is_there(self, ada: Score, words: list[str], refusal: str) -> None:
        before = list(AuditEntry.objects.values())
        with pytest.raises(CommandError, match=refusal):
            call_command("rebuild_scores", "--accept-identity", str(ada.pk), *words)
        with pytest.raises(CommandError, match="no player"):
            call_command("rebuild_scores", "--accept-identity", str(ada.pk), str(uuid4()), "--reason", "x")
        assert find() == [("score.seal", str(ada.pk))]
        assert list(AuditEntry.objects.values()) == before
