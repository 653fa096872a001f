"""Tokens signed elsewhere: taken only where the operator says so, and their players made on first sight."""

import hmac
import itertools
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from pytest_django import Settings

from audit.keys import encode_base64url
from scores.models import Score
from tests.support.acting import PASSWORD, make_player, read_problem, update
from tests.support.foreign_tokens import ELSEWHERE, make_token

pytestmark = pytest.mark.usefixtures("no_traceback")
ACT = {"action": "daily-quiz"}


def test_a_player_is_made_on_first_sight_and_found_again(signed_elsewhere: None) -> None:
    first = update(ACT, token=make_token(), key="one").json()
    second = update(ACT, token=make_token(exp=int(time.time()) + 90), key="two").json()
    assert first["player"] == second["player"] == {"id": str(Score.objects.get().pk), "name": "Ada Lovelace"}
    assert second["score"] == 20
    assert not Score.objects.get().user.has_usable_password()


def test_the_same_subject_is_the_same_player_and_another_subject_of_the_same_name_gets_a_number(
    signed_elsewhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    first = update(ACT, token=make_token(), key="one").json()["player"]
    others = [update(ACT, token=make_token(sub=f"user-{n}"), key="three").json()["player"] for n in (18, 19)]
    assert update(ACT, token=make_token(), key="two").json()["player"] == first
    assert [other["name"] for other in others] == ["Ada Lovelace (2)", "Ada Lovelace (3)"]
    told = [record.getMessage() for record in caplog.records if record.name == "scores.players"]
    assert told == [f"player {other['id']} is called {other['name']!r}, for 'Ada Lovelace'" for other in others]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\u202eb", "ab"),
        ("x" * 65, "x" * 64),
        ("  Ada\n  Lovelace ", "Ada Lovelace"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"),
        ("ada@example.org", "ada"),
        ("a\x00da", "a da"),
    ],
)
def test_a_strange_name_is_repaired(name: str, shown: str, signed_elsewhere: None) -> None:
    assert update(ACT, token=make_token(name=name), key="one").json()["player"]["name"] == shown


@pytest.mark.parametrize("name", [..., 7, "", "\u3164", "\u200b\u0301"])
def test_where_no_name_can_be_shown_it_is_a_neutral_one(name: Any, signed_elsewhere: None) -> None:
    assert update(ACT, token=make_token(name=name), key="one").json()["player"]["name"].startswith("Player ")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"sub": ...},
        {"sub": ""},
        {"sub": "x" * 256},
        {"exp": ...},
        {"exp": 1},
        {"exp": 10**18},
        {"token_type": "refresh"},
        {"key": Ed25519PrivateKey.generate()},
    ],
)
def test_a_token_of_other_words_is_refused_and_makes_nobody(changes: dict[str, Any], signed_elsewhere: None) -> None:
    read_problem(update(ACT, token=make_token(**changes), key="one"), 401, "token_invalid")
    assert not Score.objects.exists()


def test_its_times_may_have_fractions_and_its_clock_may_be_ahead(signed_elsewhere: None) -> None:
    now = time.time()
    token = make_token(exp=now + 60.5, iat=now + 25.25, nbf=now + 25.25)
    assert update(ACT, token=token, key="one").status_code == 200


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *itertools.product(("exp", "iat", "nbf"), ("60", True, None, [], float("nan"), float("inf"))),
        *itertools.product(("exp",), (1e30, -0.5)),
        *itertools.product(("iat", "nbf"), (time.time() + 3600.5,)),
    ],
)
def test_what_is_no_time_of_now_is_named_in_the_log(
    claim: str, value: Any, signed_elsewhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    read_problem(update(ACT, token=make_token(**{claim: value}), key="one"), 401, "token_invalid")
    [said] = [record.getMessage() for record in caplog.records if record.name == "scores.outcomes"]
    assert f"token_invalid:{claim} " in said
    assert not Score.objects.exists()


def test_it_may_be_for_several_audiences_of_which_this_is_one(signed_elsewhere: None) -> None:
    assert update(ACT, token=make_token(aud=["another", "scoreboard"]), key="one").status_code == 200
    read_problem(update(ACT, token=make_token(aud=["another"]), key="two"), 401, "token_invalid")


def test_a_fraction_of_a_second_after_its_expiry_it_is_over(signed_elsewhere: None) -> None:
    read_problem(update(ACT, token=make_token(exp=time.time() - 0.01), key="one"), 401, "token_invalid")
    assert not Score.objects.exists()


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(signed_elsewhere: None) -> None:
    public = ELSEWHERE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = encode_base64url(b'{"alg":"HS256","typ":"JWT"}')
    signed = f"{header}.{make_token().split('.')[1]}"
    forged = f"{signed}.{encode_base64url(hmac.digest(public, signed.encode(), 'sha256'))}"
    read_problem(update(ACT, token=forged, key="one"), 401, "token_invalid")
    assert not Score.objects.exists()


def test_a_deactivated_account_stays_out(signed_elsewhere: None) -> None:
    update(ACT, token=make_token(), key="one")
    user = Score.objects.get().user
    user.is_active = False
    user.save()
    read_problem(update(ACT, token=make_token(), key="two"), 401, "token_invalid")
    assert Score.objects.get().points == 10


def test_the_own_place_of_a_player_seen_for_the_first_time_is_without_rank(signed_elsewhere: None) -> None:
    answer = Client().get("/api/score/me", headers={"Authorization": f"Bearer {make_token()}"}).json()
    assert (answer["player"]["name"], answer["score"], answer["rank"]) == ("Ada Lovelace", 0, None)


def test_where_tokens_are_only_verified_none_are_issued(signed_elsewhere: None) -> None:
    make_player()
    login = {"username": "ada", "password": PASSWORD}
    read_problem(Client().post("/api/token", login, content_type="application/json"), 404, "not_found")


def test_without_the_setting_they_are_refused(signed_elsewhere: None, settings: Settings) -> None:
    settings.JWT_AUTO_PROVISION = False
    read_problem(update(ACT, token=make_token(), key="one"), 401, "token_invalid")
    assert not Score.objects.exists()
