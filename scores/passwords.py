"""Whose password it is: as Django checks it, but nothing of a login that is still being answered outlives a new password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.http import HttpRequest

from scores.http.password_guessing import LoginAttempt


class PasswordBackend(ModelBackend):
    """Makes an old hash anew (for more rounds) only in the place of the one that was checked.

    Django's own backend saves it over whatever stands there by then: a login with the old password would undo a new one.
    Sessions name this class by its path: under another one everybody would be signed out.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The active account, with the hash that the password was checked against; None where there is none.

        Raises RateLimited, before any hashing, for whoever comes with a request while this account's logins are slowed.
        """
        if username is None or password is None:
            return None
        if request is None:
            return self._check(username, password)
        attempt = LoginAttempt(request, username)
        attempt.check()
        user = self._check(username, password)
        attempt.record(is_right=user is not None)
        return user

    def _check(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username=username).first()
        if user is None:
            # Takes as long as for somebody who exists.
            make_password(password)
            return None
        outdated: list[str] = []
        is_right = check_password(password, user.password, setter=outdated.append)
        if not is_right or not self.user_can_authenticate(user):
            return None
        if outdated and not _renew_hash(user, password):
            return self._check(username, password)
        return user


def _renew_hash(user: User, password: str) -> bool:
    """Whether the hash that `user` holds was still there to be replaced: by one of the same password."""
    renewed = make_password(password)
    is_replaced = User.objects.filter(pk=user.pk, password=user.password).update(password=renewed) == 1
    if is_replaced:
        user.password = renewed
    return is_replaced
