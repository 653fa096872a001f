"""One account's password, guessed from many networks: bounded for all of them together, and its owner is never locked out."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from django_ratelimit.core import _get_window
from pytest_django import Settings

from scores.http.limits import limits_are_shared
from scores.models import Score
from tests.support.acting import PASSWORD, make_player, read_problem
from tests.support.processes import wait_until
from tests.support.servers import Valkey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_traceback")]
USUAL, NEW = "192.0.2.1", "198.51.100.1"
FORMS = ["/login", "/admin/login/"]
HOUR_SECONDS = 3600
REFUSED = "Too many attempts. Try again in"


class CountedHasher(MD5PasswordHasher):
    """Says how often a password was hashed."""

    times = 0

    def encode(self, password: str, salt: str) -> str:
        CountedHasher.times += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def pass_seconds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`pass_seconds(60)`: limits count by a clock that stands still but for that."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    # No hour of an account ends in the middle of a test.
    while min(_get_window(account, HOUR_SECONDS) for account in ("ada", "grace", "nobody")) - now[0] < HOUR_SECONDS / 6:
        now[0] += 60

    def move(seconds: int) -> None:
        now[0] += seconds

    return move


def sign_in(address: str, password: str = PASSWORD, username: str = "ada") -> Any:
    body = {"username": username, "password": password}
    return Client().post("/api/token", body, content_type="application/json", REMOTE_ADDR=address)


def sign_in_by_form(path: str, address: str, password: str = PASSWORD) -> str:
    """`in`, `wrong` or `refused`."""
    answer = Client().post(path, {"username": "root", "password": password}, REMOTE_ADDR=address)
    if answer.status_code == 302:
        return "in"
    return "refused" if REFUSED in answer.content.decode() else "wrong"


def guess(username: str = "ada", networks: int = 100) -> list[Any]:
    """A wrong password from each of so many networks."""
    return [sign_in(f"2001:db8:0:{number:x}::1", f"guess {number}", username) for number in range(networks)]


def read_statuses(answers: list[Any]) -> dict[int, int]:
    return Counter(answer.status_code for answer in answers)


def test_a_hundred_networks_have_thirty_guesses_and_then_one_a_minute_together(
    player: Score, settings: Settings, pass_seconds: Callable[[int], None]
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountedHasher", *settings.PASSWORD_HASHERS]
    CountedHasher.times = 0
    answers = guess()
    assert read_statuses(answers) == {401: 31, 429: 69}
    assert [answer.status_code for answer in answers[:31]] == [401] * 31
    refused = answers[-1]
    read_problem(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert '"login-slowed";q=1;w=60' in refused.headers["RateLimit-Policy"]
    pass_seconds(60)
    assert read_statuses(guess()) == {401: 1, 429: 99}


def test_what_is_refused_is_not_hashed(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountedHasher"]
    guess("nobody")
    CountedHasher.times = 0
    assert read_statuses(guess("nobody")) == {429: 100}
    assert CountedHasher.times == 0


def test_names_that_nobody_has_are_answered_alike(player: Score) -> None:
    known, unknown = guess("ada"), guess("nobody")
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]
    assert known[0].json() == unknown[0].json()
    assert known[-1].json() == unknown[-1].json()
    assert known[-1].headers["RateLimit-Policy"] == unknown[-1].headers["RateLimit-Policy"]


def test_a_name_is_the_same_in_any_case(player: Score) -> None:
    guess("ADA", networks=31)
    assert sign_in(NEW).status_code == 429


def test_the_owner_signs_in_from_the_usual_network_at_any_time(player: Score) -> None:
    assert sign_in(USUAL).status_code == 200
    guess()
    assert [sign_in(USUAL).status_code for _ in range(4)] == [200] * 4
    assert sign_in(NEW).status_code == 429


def test_the_owner_waits_a_minute_at_most_where_nobody_guesses_meanwhile(
    player: Score, pass_seconds: Callable[[int], None]
) -> None:
    guess()
    refused = sign_in(NEW)
    assert refused.status_code == 429
    pass_seconds(int(refused.headers["Retry-After"]))
    assert sign_in(NEW).status_code == 200
    # From then on it is a usual one.
    assert sign_in(NEW).status_code == 200


def test_where_somebody_else_signed_in_is_no_usual_network_of_this_account(player: Score) -> None:
    make_player("Grace")
    assert sign_in(NEW, username="grace").status_code == 200
    guess("ada")
    assert sign_in(NEW).status_code == 429


def test_other_accounts_are_untouched(player: Score) -> None:
    make_player("Grace")
    guess("ada")
    assert sign_in("2001:db8:0:1::2", "wrong", "grace").status_code == 401
    assert sign_in(NEW, username="grace").status_code == 200


def test_nobody_is_slowed_by_logins_that_succeed(player: Score) -> None:
    assert {sign_in(f"2001:db8:0:{number:x}::1").status_code for number in range(60)} == {200}


def test_after_an_hour_an_account_that_nobody_guesses_at_is_as_before(
    player: Score, pass_seconds: Callable[[int], None]
) -> None:
    guess(networks=31)
    pass_seconds(3600)
    assert [sign_in(NEW, "wrong").status_code for _ in range(3)] == [401] * 3
    assert sign_in(NEW).status_code == 200


def test_without_a_limit_of_logins_there_is_none_of_accounts(player: Score, settings: Settings) -> None:
    settings.LOGIN_RATE = None
    assert read_statuses(guess()) == {401: 100}


@pytest.mark.parametrize("path", FORMS)
def test_forms_and_tokens_are_counted_together(path: str) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    assert sign_in_by_form(path, USUAL) == "in"
    for number in range(15):
        assert sign_in_by_form(path, f"2001:db8:0:{number:x}::1", "wrong") == "wrong"
    assert read_statuses(guess("root", 15)) == {401: 15}
    assert sign_in_by_form(path, NEW, "wrong") == "wrong"
    assert sign_in_by_form(path, NEW) == "refused"
    assert sign_in(NEW, username="root").status_code == 429
    assert sign_in_by_form(path, USUAL) == "in"
    assert sign_in(USUAL, username="root").status_code == 200


@pytest.mark.any_database
@pytest.mark.postgresql
def test_without_valkey_it_goes_on_in_this_process(player: Score, valkey: Valkey) -> None:
    assert sign_in(USUAL).status_code == 200
    valkey.stop()
    try:
        assert read_statuses(guess()) == {401: 31, 429: 69}
        assert sign_in(USUAL).status_code == 200
        assert sign_in(NEW).status_code == 429
    finally:
        valkey.start()
        wait_until(limits_are_shared, seconds=10, what="counting for all processes together")


@pytest.mark.any_database
@pytest.mark.postgresql
def test_what_is_kept_of_a_network_tells_nothing_and_goes_after_90_days(player: Score, valkey: Valkey) -> None:
    client = redis.Redis.from_url(valkey.url)
    before = set(client.scan_iter("*signed-in*"))
    assert sign_in(USUAL).status_code == 200
    (kept,) = set(client.scan_iter("*signed-in*")) - before
    assert len(kept.rpartition(b":")[2]) == 64
    assert 0 <= 90 * 86_400 - client.ttl(kept) < 60


@pytest.mark.any_database
@pytest.mark.postgresql
def test_signing_in_from_the_usual_network_asks_valkey_one_thing_more_than_its_limits(
    player: Score, valkey: Valkey
) -> None:
    client = redis.Redis.from_url(valkey.url)
    assert sign_in(USUAL).status_code == 200
    client.config_resetstat()
    assert sign_in(USUAL).status_code == 200
    asked = {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in client.info("commandstats").items()}
    # Each of the two limits is a `set` and an `incrby` in one trip.
    assert {name: asked.get(name, 0) for name in ("set", "incrby", "get")} == {"set": 2, "incrby": 2, "get": 1}
