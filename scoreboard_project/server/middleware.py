"""What only pages need: static files, content policy, language, user, messages, a limit. The calls of the API pass them by.

An update or a read of the scores knows no cookie and shows no page: to it these layers are cost.
Sessions stay Django's own in the settings, where its deployment checks look for them, and cost nothing until one is read.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from whitenoise.middleware import WhiteNoiseMiddleware

from scoreboard_project.server.routes import DESK, is_limited_by_itself
from scores.errors import RateLimited
from scores.http.context import context_of
from scores.http.limits import AddressPageLimit, address_subject, describe_limits
from scores.http.middleware import PLAY, answer_refusal
from scores.pages.own_place import find_visitor


@functools.cache
def _plain_policy() -> str:
    policy: str = build_policy()
    return policy


class PagesOnly:
    """Before a middleware: passes the API's requests on to what comes after it."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        passed_on = self.get_response if request.path_info.startswith(PLAY) else super().__call__  # type: ignore[misc]
        response: HttpResponseBase = passed_on(request)
        return response


class StaticFiles(PagesOnly, WhiteNoiseMiddleware):  # type: ignore[misc]
    """Static files, collected or from where they lie."""

    def add_files(self, root: Path, prefix: str | None = None) -> None:
        """Add the files of a folder, which is not there before the first collection."""
        if Path(root).is_dir():
            super().add_files(root, prefix)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file; what never changes goes without what one would ask again by, a tenth of what a module weighs."""
        response: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
        if "immutable" in response.get("Cache-Control", ""):
            del response["ETag"], response["Last-Modified"]
        return response


class ContentPolicy(CSPMiddleware):
    """The policy of the settings; for the API as one text made once, because no view of it changes the policy."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(PLAY):
            response: Any = self.get_response(request)
            response["Content-Security-Policy"] = _plain_policy()
            return response
        return super().__call__(request)


class Languages(PagesOnly, LocaleMiddleware):
    """The language the reader chose, or else the one their browser asks for; desk and API are English for everybody."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith((DESK, "/api/")):
            super().process_request(request)
            return
        # Words of Django's own included.
        translation.activate(settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = settings.LANGUAGE_CODE

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer: HttpResponseBase = super().process_response(request, response)
        # What was chosen stands in one: who keeps a page for several readers must not mix their languages.
        patch_vary_headers(answer, ["Cookie"])
        return answer


class Users(PagesOnly, AuthenticationMiddleware):
    pass


class Messages(PagesOnly, MessageMiddleware):
    pass


class PageLimit:
    """A limit by address on all that has none of its own: pages, descriptions, the admin, and what is not there.

    Whoever is signed in has a rate of their own once their address's is used up: a hall full of people may share one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if not is_limited_by_itself(request.path_info):
                _count(request)
            response = self.get_response(request)
        except RateLimited as refusal:
            response = answer_refusal(request, refusal)
        for name, value in describe_limits(context_of(request).usages).items():
            response.headers.setdefault(name, value)
        return response


def _count(request: HttpRequest) -> None:
    try:
        AddressPageLimit.charge(request, address_subject(request))
    except RateLimited:
        # Below the API's path nobody is signed in.
        visitor = AnonymousUser() if request.path_info.startswith(PLAY) else find_visitor(request)
        if not visitor.is_authenticated:
            raise
        context_of(request).usages.clear()
        AddressPageLimit.charge(request, f"user:{visitor.pk}")
