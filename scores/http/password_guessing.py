"""One account's password, guessed from many networks: slowed for all of them together, but never where its owner signed in before.

Limits by address bound who guesses from a few. Here the failed logins of an account are counted wherever they come from, whether
or not there is such an account, so that nobody learns which there are.
"""

import time

from django.core.cache import caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from scores.http.limits import AccountLoginLimit, SlowedLoginLimit, account_subject, login_subject

#: For so long a network stays one that an account signed in from.
REMEMBERED_DAYS = 90
DAY_SECONDS = 86_400


class LoginAttempt:
    """One login: `check` comes before the password is looked at, `record` after it."""

    def __init__(self, request: HttpRequest, username: str) -> None:
        self._request = request
        self._account = account_subject(username)
        # Of who plays from where, what is kept tells nothing without SECRET_KEY. The salt is what it always was: what is kept stays known.
        digest = salted_hmac("scores.guessing", login_subject(username, request), algorithm="sha256").hexdigest()
        self._key = f"rl:signed-in:{digest}"
        self._day_signed_in: int | None = caches["limits"].get(self._key)

    def check(self) -> None:
        """Raises RateLimited for all but one a minute where too many logins of the account failed, and none succeeded from here."""
        if self._day_signed_in is None and AccountLoginLimit.is_used_up(self._account):
            SlowedLoginLimit.charge(self._request, self._account)

    def record(self, *, is_right: bool) -> None:
        """Count a failed login; remember from which network one succeeded."""
        if not is_right:
            AccountLoginLimit.count([self._account])
            return
        today = int(time.time() // DAY_SECONDS)
        # Once a day, so that signing in from the usual network asks Valkey one thing more, not two.
        if self._day_signed_in != today:
            caches["limits"].set(self._key, today, REMEMBERED_DAYS * DAY_SECONDS)
