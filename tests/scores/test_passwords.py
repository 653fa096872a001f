"""A login that is being answered while the password changes: nothing of it outlives the change, and the change stays."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from scores.models import Action, Score
from tests.support.acting import PASSWORD, make_player, read_problem, update

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_traceback")]
NEW_PASSWORD = "another long password"
TRIES = 5


class PausingHasher(MD5PasswordHasher):
    """Says that it has checked a password, and goes on when it is told to."""

    checked, go_on = threading.Event(), threading.Event()

    def verify(self, password: str, encoded: str) -> bool:
        is_right = super().verify(password, encoded)
        self.checked.set()
        assert self.go_on.wait(30)
        return is_right


class OutdatedHasher(PausingHasher):
    """Of a release before: every hash it made is to be made anew."""

    algorithm = "outdated"


@pytest.fixture
def while_answered(settings: Settings) -> Iterator[Callable[[Callable[[], Any], Callable[[], Any]], Any]]:
    """`while_answered(login, change)`: what the login gives when the change is committed after its password was found right."""

    def run(login: Callable[[], Any]) -> Any:
        try:
            return login()
        finally:
            connection.close()

    def meet(login: Callable[[], Any], change: Callable[[], Any]) -> Any:
        PausingHasher.checked.clear()
        PausingHasher.go_on.clear()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(run, login)
            assert PausingHasher.checked.wait(30)
            change()
            PausingHasher.go_on.set()
            return answer.result(30)

    settings.PASSWORD_HASHERS = [f"{__name__}.PausingHasher"]
    yield meet
    PausingHasher.go_on.set()


def change_password(user: User, password: str = NEW_PASSWORD) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def sign_in_for_tokens() -> Any:
    body = {"username": "ada", "password": PASSWORD}
    return Client().post("/api/token", body, content_type="application/json")


def assert_nothing_is_allowed(tokens: dict[str, str], player: Score) -> None:
    act = {"action": "daily-quiz"}
    read_problem(update(act, token=tokens["access"], key="k"), 401, "token_invalid")
    refreshed = Client().post("/api/token/refresh", {"refresh": tokens["refresh"]}, content_type="application/json")
    read_problem(refreshed, 401, "token_invalid")
    player.refresh_from_db()
    assert (player.points, player.seq) == (0, 0)


@pytest.mark.parametrize("is_known", [True, False], ids=["a player", "no player yet"])
def test_tokens_of_a_login_with_the_old_password_are_outdated_at_once(
    while_answered: Callable[..., Any], settings: Settings, *, is_known: bool
) -> None:
    settings.LOGIN_RATE = None
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    player = make_player()
    if not is_known:
        player.delete()
    for _ in range(TRIES):
        change_password(player.user, PASSWORD)
        answer = while_answered(sign_in_for_tokens, lambda: change_password(player.user))
        assert answer.status_code == 200
        assert_nothing_is_allowed(json.loads(answer.content), Score.objects.get())


@pytest.mark.parametrize("path", ["/login", "/admin/login/"])
def test_a_session_of_a_login_with_the_old_password_is_outdated_at_once(
    while_answered: Callable[..., Any], path: str
) -> None:
    user = User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    login = {"username": "root", "password": PASSWORD}
    answer = while_answered(lambda: client.post(path, login), lambda: change_password(user))
    assert answer.status_code == 302
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get("/you", headers={"Accept": "application/json"}).status_code == 401


def test_a_login_while_the_account_is_deactivated_allows_nothing(while_answered: Callable[..., Any]) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    player = make_player()
    change_password(player.user, PASSWORD)
    answer = while_answered(sign_in_for_tokens, lambda: User.objects.update(is_active=False))
    assert_nothing_is_allowed(json.loads(answer.content), player)


def test_a_hash_that_is_made_anew_does_not_undo_a_new_password(
    while_answered: Callable[..., Any], settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.OutdatedHasher", *settings.PASSWORD_HASHERS]
    user = make_player().user
    # From now on another one is preferred.
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    answer = while_answered(sign_in_for_tokens, lambda: change_password(user))
    read_problem(answer, 401, "login_failed")
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


def test_of_two_logins_that_make_a_hash_anew_both_are_good(
    while_answered: Callable[..., Any], settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.OutdatedHasher", *settings.PASSWORD_HASHERS]
    user = make_player().user
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)
    answer = while_answered(sign_in_for_tokens, lambda: change_password(user, PASSWORD))
    access = json.loads(answer.content)["access"]
    assert update({"action": "daily-quiz"}, token=access, key="k").status_code == 200
    user.refresh_from_db()
    assert user.password.startswith("md5$")


def test_a_session_of_an_earlier_release_is_still_one(client: Client) -> None:
    user = User.objects.create_user("ada")
    client.force_login(user, backend="scores.passwords.PasswordBackend")
    assert get_user(client).pk == user.pk
