"""What only pages need: static files, content policy, session, language, user and messages. The calls of the API pass them by.

An update or a read of the scores knows no cookie and shows no page; without these layers it costs about a fifth less.
"""

import functools
from collections.abc import Callable

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

API = "/api/score/"


@functools.cache
def _plain_policy() -> str:
    policy: str = build_policy()
    return policy


class PagesOnly:
    """Before a middleware: passes the API's requests on to what comes after it."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc,no-any-return]  # the middleware's own, which stands beside


class StaticFiles(PagesOnly, WhiteNoiseMiddleware):
    pass


class ContentPolicy(CSPMiddleware):  # type: ignore[misc]
    """The policy of the settings; for the API as one text made once, because no view of it changes the policy."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(API):
            response = self.get_response(request)
            response["Content-Security-Policy"] = _plain_policy()
            return response
        answer: HttpResponseBase = super().__call__(request)
        return answer


class Sessions(PagesOnly, SessionMiddleware):
    pass


class Languages(PagesOnly, LocaleMiddleware):
    pass


class Users(PagesOnly, AuthenticationMiddleware):
    pass


class Messages(PagesOnly, MessageMiddleware):
    pass
