"""Text that every database of ours stores. PostgreSQL takes neither U+0000 nor half of a surrogate pair, and says so with an error."""

import logging
import re
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.defaults import bad_request, page_not_found

logger = logging.getLogger(__name__)

#: A lone surrogate is what Python makes of a command's argument that is not UTF-8.
UNSTORABLE = re.compile("[\\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    return UNSTORABLE.search(text) is None


class StorableText:
    """Refuses a page that is asked for with U+0000 in path, query, cookies or form, before anything of it is looked up.

    A form that Django cannot read is refused likewise.

    JSON bodies and tokens have their own readers, headers cannot hold it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            # Nothing is called that.
            return page_not_found(request, Http404())
        fault = _find_fault(request)
        if not fault:
            return self.get_response(request)
        logger.info("refused %s %s with 400: %s", request.method, request.path, fault)
        return bad_request(request, ValueError(fault))


def _find_fault(request: HttpRequest) -> str:
    """What is wrong, or an empty string."""
    if "%00" in request.META.get("QUERY_STRING", ""):
        return "U+0000 in the query"
    # A quoted cookie may spell any character in octal. Acts and reads of the scores know no cookies.
    has_cookies = "HTTP_COOKIE" in request.META and not request.path_info.startswith("/api/score/")
    if has_cookies and any("\0" in value for value in request.COOKIES.values()):
        return "U+0000 in a cookie"
    # What the API is sent is not read before it is known who sends it.
    is_form = request.method == "POST" and not request.path_info.startswith("/api")
    try:
        form = request.POST.lists() if is_form else ()
    except TypeError:
        # Django fails so where the head of a part numbers its parameters in no order (RFC 2231).
        return "a form with a part that cannot be read"
    return (
        "U+0000 in the form" if any("\0" in text for name, values in form for text in (name, *map(str, values))) else ""
    )
