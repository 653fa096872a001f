"""What only pages need: static files, content policy, language, user and messages. The calls of the API pass them by.

An update or a read of the scores knows no cookie and shows no page: to it these layers are cost.
Sessions stay Django's own in the settings, where its deployment checks look for them, and cost nothing until one is read.
"""

import functools
from typing import Any

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
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

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        passed_on = self.get_response if request.path_info.startswith(API) else super().__call__  # type: ignore[misc]
        response: HttpResponseBase = passed_on(request)
        return response


class StaticFiles(PagesOnly, WhiteNoiseMiddleware):  # type: ignore[misc]
    pass


class ContentPolicy(CSPMiddleware):
    """The policy of the settings; for the API as one text made once, because no view of it changes the policy."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            response: Any = self.get_response(request)
            response["Content-Security-Policy"] = _plain_policy()
            return response
        return super().__call__(request)


class Languages(PagesOnly, LocaleMiddleware):
    pass


class Users(PagesOnly, AuthenticationMiddleware):
    pass


class Messages(PagesOnly, MessageMiddleware):
    pass
