"""The language of the pages, as a visitor chooses it."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scores.errors import InvalidQuery

KEPT_FOR = timedelta(days=365)
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


@require_safe
@never_cache
def choose_language(request: HttpRequest) -> HttpResponseRedirect:
    """`?to=CODE&next=PATH`: keep the language in a cookie and lead back to the page, or to the one that the visitor came from.

    A read and not a form with a token, which would give every visitor a cookie before they choose anything. Another site can
    lead a visitor here, and change no more than the language.
    Raises InvalidQuery for a language that there is not, and for a path that leads elsewhere.
    """
    language, path = request.GET.get("to"), request.GET.get("next")
    if language not in LANGUAGES:
        raise InvalidQuery
    if path is None:
        # Pages of errors are the same for all, and know no path.
        referrer = request.headers.get("Referer", "")
        path = referrer if _is_own(request, referrer) else "/"
    elif not (path.startswith("/") and _is_own(request, path)):
        raise InvalidQuery
    answer = redirect(path)
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=KEPT_FOR,
        secure=settings.HTTPS_ONLY,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _is_own(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
