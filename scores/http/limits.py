"""Rate limits: who is counted, how often what may be done, and what is said about it. `counting` keeps the counts."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django_ratelimit.core import EXPIRATION_FUDGE, _get_window, _make_cache_key
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from scores.addresses import name_subject
from scores.errors import RateLimited
from scores.http.context import caller_of, context_of
from scores.http.counting import Count, CountingCache, Usage, servers


def count(name: str, rate: str, subjects: Sequence[str]) -> list[Usage]:
    """Count a request of each subject, all in one round trip: where each stood when its own was counted."""
    times = Counter(subjects)
    after = _count(name, rate, times)
    # Before the first of ours was counted.
    used = {subject: after[subject].used - times[subject] for subject in times}
    answers = []
    for subject in subjects:
        used[subject] += 1
        answers.append(after[subject]._replace(used=used[subject]))
    return answers


def _count(name: str, rate: str, times: Mapping[str, int]) -> dict[str, Usage]:
    """Count so many requests of each subject, none perhaps: where each stands then.

    Keys and windows are django-ratelimit's. Its `get_usage` would make a round trip or two for each subject.
    """
    quota, period = split_rate(rate)
    windows = {subject: _get_window(subject, period) for subject in times}
    asked = [
        Count(_make_cache_key(name, window, rate, subject, None), period + EXPIRATION_FUDGE, times[subject])
        for subject, window in windows.items()
    ]
    counts = cast("CountingCache", caches["limits"]).count(name, asked)
    now = int(time.time())
    return {
        # The second that a window ends with is still its own.
        subject: Usage(name, rate, quota, used, window - now + 1)
        for (subject, window), used in zip(windows.items(), counts, strict=True)
    }


class RateLimit(BaseThrottle):
    """One limit: `rate_setting` names the setting, `subject` who is counted. Raises RateLimited; leaves its state on the request."""

    name: ClassVar[str]
    rate_setting: ClassVar[str]

    def subject(self, request: Request) -> str | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        subject = self.subject(request)
        if subject is not None:
            self.charge(request._request, subject)
        return True

    @classmethod
    def charge(cls, request: HttpRequest, subject: str) -> None:
        """Count one request of a subject, unless the setting says there is no limit; raises RateLimited above it."""
        context = context_of(request)
        usage, context.counted = context.counted or cls.count([subject])[0], None
        if usage is None:
            return
        context.usages.append(usage)
        if usage.is_exceeded:
            raise RateLimited(retry_after=usage.seconds_left)

    @classmethod
    def count(cls, subjects: Sequence[str]) -> Sequence[Usage | None]:
        """Count a request of each subject without judging; None for all where the setting says there is no limit."""
        rate = cls.rate()
        return [None] * len(subjects) if rate is None else count(cls.name, rate, subjects)

    @classmethod
    def is_used_up(cls, subject: str) -> bool:
        """Whether one more request of a subject would be too many; counts none."""
        rate = cls.rate()
        if rate is None:
            return False
        usage = _count(cls.name, rate, {subject: 0})[subject]
        return usage.used >= usage.quota

    @classmethod
    def rate(cls) -> str | None:
        """The rate that the setting names; None for no limit."""
        rate: str | None = getattr(settings, cls.rate_setting)
        return rate


class PlayerLimit(RateLimit):
    name, rate_setting = "player", "SCORE_UPDATE_RATE"

    def subject(self, request: Request) -> str | None:
        return str(caller_of(request).player)


class IssuerLimit(RateLimit):
    """Awards that an issuer vouches for; a call of a thousand counts a thousand."""

    name, rate_setting = "issuer", "ISSUER_RATE"

    @classmethod
    def charge_awards(cls, request: HttpRequest, awards: Mapping[str, int]) -> None:
        """Count so many awards of each issuer, unless the setting says there is no limit; raises RateLimited above it."""
        rate = cls.rate()
        if rate is None or not awards:
            return
        usages = list(_count(cls.name, rate, awards).values())
        context_of(request).usages.extend(usages)
        if exceeded := [usage.seconds_left for usage in usages if usage.is_exceeded]:
            raise RateLimited(retry_after=max(exceeded))


class AddressLimit(RateLimit):
    """By address; an IPv6 client counts as its whole network, which is its own to take addresses from."""

    def subject(self, request: Request) -> str | None:
        return address_subject(request._request)


class AddressReadLimit(AddressLimit):
    name, rate_setting = "read", "READ_RATE"


class AddressPageLimit(AddressLimit):
    """Of what is neither the API nor has a limit of its own: pages, descriptions, the admin, and what is not there."""

    name, rate_setting = "page", "READ_RATE"


class AddressUnchangedLimit(AddressReadLimit):
    """Answers of 304: nearly free, so counted apart from what has a body, and ten times as many are allowed."""

    name = "read-unchanged"

    @classmethod
    def rate(cls) -> str | None:
        rate = super().rate()
        if rate is None:
            return None
        quota, _, period = rate.partition("/")
        return f"{10 * int(quota)}/{period}"


class AddressCostlyLimit(AddressLimit):
    """Of reads that cost much more than others, a search or the whole of a period: a tenth as many are allowed."""

    name, rate_setting = "costly", "READ_RATE"

    @classmethod
    def rate(cls) -> str | None:
        rate = super().rate()
        if rate is None:
            return None
        quota, _, period = rate.partition("/")
        return f"{max(1, int(quota) // 10)}/{period}"


class AddressForgeryLimit(AddressLimit):
    """Calls with what no issuer signed: each costs as many signatures as it has, and vouches for nobody who could be counted."""

    name, rate_setting = "forgery", "READ_RATE"


class AddressLoginLimit(AddressLimit):
    name, rate_setting = "login-address", "LOGIN_ADDRESS_RATE"


class AddressRefreshLimit(AddressLimit):
    name, rate_setting = "refresh-address", "LOGIN_ADDRESS_RATE"


class AddressRevokeLimit(AddressLimit):
    name, rate_setting = "revoke-address", "LOGIN_ADDRESS_RATE"


class UsernameLoginLimit(RateLimit):
    name, rate_setting = "login", "LOGIN_RATE"

    def subject(self, request: Request) -> str | None:
        # The route's own check refuses what is not text, but only after its limits.
        username = request.data.get("username") if isinstance(request.data, dict) else None
        return login_subject(username, request._request) if isinstance(username, str) else None


class AccountLoginLimit(RateLimit):
    """Failed logins of one account from everywhere; what comes above it is slowed (`scores.http.password_guessing`), not refused."""

    name, rate_setting = "login-account", "LOGIN_RATE"
    allowed = "30/h"

    @classmethod
    def rate(cls) -> str | None:
        return None if super().rate() is None else cls.allowed


class SlowedLoginLimit(AccountLoginLimit):
    """Logins of one account while it is slowed: one try a minute, for all together who are."""

    name, allowed = "login-slowed", "1/m"


def address_subject(request: HttpRequest) -> str:
    """Whom limits by address count: the client, or where its address cannot be read, whoever its own peer sends."""
    return name_subject(context_of(request).address, peer=request.META.get("REMOTE_ADDR", ""))


def login_subject(username: str, request: HttpRequest) -> str:
    """Who tries to sign in, as it is counted: one name whatever its case, from one address."""
    return f"{account_subject(username)} {address_subject(request)}"


def account_subject(username: str) -> str:
    """Whose account it would be, whether or not there is one: one name whatever its case."""
    return username.casefold()[:150]


def describe_limits(usages: list[Usage]) -> dict[str, str]:
    """The RateLimit and RateLimit-Policy fields (draft-ietf-httpapi-ratelimit-headers) of an answer that was counted so."""
    if not usages:
        return {}
    windows = ((usage.name, *split_rate(usage.rate)) for usage in usages)
    return {
        "RateLimit": ", ".join(f'"{u.name}";r={max(0, u.quota - u.used)};t={u.seconds_left}' for u in usages),
        "RateLimit-Policy": ", ".join(f'"{name}";q={quota};w={window}' for name, quota, window in windows),
    }


def split_rate(rate: str) -> tuple[int, int]:
    """`60/m` as (60, 60): requests and seconds."""
    quota, _, period = rate.partition("/")
    return int(quota), int(period[:-1] or 1) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[period[-1]]


def limits_are_shared() -> bool:
    """Whether all processes count together, as far as the last request could tell."""
    return all(server.within_reach for server in servers.values())
