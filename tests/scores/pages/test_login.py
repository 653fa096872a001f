"""Signing in with a session is limited like signing in for a token, here and in the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.support.acting import PASSWORD, make_player

REFUSED = "Too many attempts. Try again in"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login", "/admin/login/"])
def test_after_too_many_attempts_also_the_right_password_is_refused(path: str, settings: Settings) -> None:
    settings.LOGIN_RATE = "2/d"
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    for _ in range(2):
        assert REFUSED not in client.post(path, {"username": "root", "password": "wrong"}).content.decode()
    answer = client.post(path, {"username": "ROOT", "password": PASSWORD})
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_pages_and_api_count_together_by_address(settings: Settings) -> None:
    settings.LOGIN_ADDRESS_RATE = "1/d"
    make_player()
    client = Client()
    login = {"username": "ada", "password": PASSWORD}
    assert client.post("/api/token", login, content_type="application/json").status_code == 200
    assert REFUSED in client.post("/login", login).content.decode()


@pytest.mark.django_db
def test_within_the_limits_a_player_signs_in_and_out() -> None:
    make_player()
    client = Client()
    assert client.post("/login", {"username": "ada", "password": PASSWORD}).headers["Location"] == "/"
    assert client.get("/").content.decode().count("ada")
    assert client.post("/logout").headers["Location"] == "/"
    assert "_auth_user_id" not in client.session
