"""Signing in, what ends tokens, and how a refresh token is rotated and revoked."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from scores.api.authentication import issue
from scores.models import Action, Score, SpentRefreshToken
from tests.support.acting import PASSWORD, access_token, make_player, read_problem, update

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}
KEY = settings.SIMPLE_JWT["SIGNING_KEY"]

pytestmark = pytest.mark.usefixtures("no_traceback")


def post(path: str, body: Any) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(f"/api/{path}", data=json.dumps(body), content_type="application/json")


def sign_in(username: str = "ada", password: str = PASSWORD) -> Any:
    return post("token", {"username": username, "password": password})


def test_signing_in_makes_the_player_on_first_sight(db: None) -> None:
    user = User.objects.create_user("ada", password=PASSWORD)
    response = sign_in()
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    pair = json.loads(response.content)
    score = Score.objects.get(user=user)
    assert set(pair) == {"access", "refresh"}
    for token, token_type in zip((pair["access"], pair["refresh"]), ("access", "refresh"), strict=True):
        claims = jwt.decode(token, KEY, ["HS256"], audience="scoreboard", issuer="scoreboard")
        assert set(claims) == {"sub", "iss", "aud", "exp", "iat", "jti", "token_type", "password_stamp"}
        assert (claims["sub"], claims["token_type"]) == (str(score.pk), token_type)
    assert json.loads(sign_in().content)["access"] != pair["access"]
    assert Score.objects.count() == 1


def test_an_access_token_lives_five_minutes(token: str) -> None:
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 300


@pytest.mark.parametrize(
    ("username", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada", ""), ("ADA ", PASSWORD)]
)
def test_a_wrong_login_says_nothing_about_who_exists(
    player: Score, nothing_written: NothingWritten, username: str, password: str
) -> None:
    with nothing_written():
        response = sign_in(username, password)
    if password:
        assert read_problem(response, 401, "login_failed") == read_problem(sign_in("x", "y"), 401, "login_failed")
    else:
        read_problem(response, 400, "invalid_body")


def test_the_inactive_cannot_sign_in(player: Score, nothing_written: NothingWritten) -> None:
    User.objects.update(is_active=False)
    with nothing_written():
        read_problem(sign_in(), 401, "login_failed")


LOGIN_BODIES: list[Any] = [
    {},
    [],
    None,
    {"username": "ada"},
    {"username": "ada", "password": PASSWORD, "otp": "1"},
    {"username": ["ada"], "password": PASSWORD},
    {"username": "ada", "password": 5},
    {"username": "a\0da", "password": PASSWORD},
    {"username": "ada", "password": "\0"},
    {"username": "a" * 151, "password": PASSWORD},
    {"username": "ada", "password": "p" * 1025},
    {"username": None, "password": None},
    {"username": {"$ne": ""}, "password": {"$ne": ""}},
]


@pytest.mark.parametrize("body", LOGIN_BODIES, ids=lambda body: json.dumps(body)[:40])
def test_a_login_of_another_shape_is_refused(player: Score, nothing_written: NothingWritten, body: Any) -> None:
    with nothing_written():
        read_problem(post("token", body), 400, "invalid_body")


def test_a_new_password_ends_every_old_token(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    refresh = str(issue(player, RefreshToken))
    player.user.set_password("another long password")
    player.user.save()
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 401, "token_invalid")
        read_problem(post("token/refresh", {"refresh": refresh}), 401, "token_invalid")
    client = Client(raise_request_exception=False)
    read_problem(client.get("/api/score/me", headers={"Authorization": f"Bearer {token}"}), 401, "token_invalid")


def test_a_deactivation_ends_every_old_token(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    refresh = str(issue(player, RefreshToken))
    User.objects.update(is_active=False)
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 401, "token_invalid")
        read_problem(post("token/refresh", {"refresh": refresh}), 401, "token_invalid")


def test_a_deletion_ends_every_old_token(
    player: Score, token: str, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    refresh = str(issue(player, RefreshToken))
    User.objects.get().delete()
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k"), 401, "token_invalid")
        read_problem(post("token/refresh", {"refresh": refresh}), 401, "token_invalid")


def test_a_user_with_entries_cannot_be_deleted(player: Score, token: str, daily_quiz: Action) -> None:
    assert update(QUIZ, token=token, key="k").status_code == 200
    with pytest.raises(ProtectedError):
        User.objects.get().delete()
    assert Score.objects.get().points == 10


def test_a_refresh_token_is_rotated_and_spent(
    player: Score, daily_quiz: Action, nothing_written: NothingWritten
) -> None:
    first = json.loads(sign_in().content)["refresh"]
    pair = json.loads(post("token/refresh", {"refresh": first}).content)
    assert update(QUIZ, token=pair["access"], key="k").status_code == 200
    with nothing_written():
        read_problem(post("token/refresh", {"refresh": first}), 401, "token_invalid")
    assert post("token/refresh", {"refresh": pair["refresh"]}).status_code == 200


def test_a_revoked_refresh_token_is_spent(player: Score) -> None:
    refresh = json.loads(sign_in().content)["refresh"]
    response = post("token/revoke", {"refresh": refresh})
    assert (response.status_code, response.content) == (204, b"")
    assert post("token/revoke", {"refresh": refresh}).status_code == 204
    read_problem(post("token/refresh", {"refresh": refresh}), 401, "token_invalid")


def test_an_access_token_refreshes_and_revokes_nothing(token: str, nothing_written: NothingWritten) -> None:
    with nothing_written():
        for path in ("token/refresh", "token/revoke"):
            read_problem(post(path, {"refresh": token}), 401, "token_invalid")
            read_problem(post(path, {"refresh": "x"}), 401, "token_invalid")
            read_problem(post(path, {"refresh": 5}), 400, "invalid_body")
            read_problem(post(path, {}), 400, "invalid_body")
            read_problem(post(path, {"refresh": token, "more": 1}), 400, "invalid_body")


def test_expired_spent_tokens_are_forgotten_as_new_ones_come(player: Score) -> None:
    old = issue(player, RefreshToken)
    post("token/revoke", {"refresh": str(old)})
    SpentRefreshToken.objects.update(expires_at="2020-01-01T00:00:00Z")
    refresh = issue(player, RefreshToken)
    post("token/revoke", {"refresh": str(refresh)})
    assert [spent.jti for spent in SpentRefreshToken.objects.all()] == [refresh["jti"]]


def test_a_token_may_be_made_to_live_longer(player: Score) -> None:
    token = issue(player, AccessToken, timedelta(hours=8))
    assert abs(token["exp"] - time.time() - 8 * 3600) < 5


@pytest.mark.postgresql
def test_of_twenty_refreshes_at_once_exactly_one_wins(transactional_db: None) -> None:
    make_player()
    refresh = json.loads(sign_in().content)["refresh"]

    def rotate(_: int) -> int:
        try:
            return int(post("token/refresh", {"refresh": refresh}).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(rotate, range(20)))
    assert statuses == [200] + [401] * 19
    assert SpentRefreshToken.objects.count() == 1


def test_other_peoples_tokens_stay_when_one_password_changes(player: Score, daily_quiz: Action) -> None:
    grace = access_token(make_player("Grace"))
    player.user.set_password("another long password")
    player.user.save()
    assert update(QUIZ, token=grace, key="k").status_code == 200
