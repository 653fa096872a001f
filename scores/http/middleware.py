"""What every request gets: an id, the client's true address, no text that cannot be stored, and errors in its client's form."""

import functools
import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils.translation import get_language
from django.views.defaults import bad_request, page_not_found

from scores import metrics
from scores.errors import BoardFilling, Refused
from scores.http import problems
from scores.http.context import context_of
from scores.http.logs import current_request_id

logger = logging.getLogger(__name__)

#: Asked by address, from machines that know none of our names.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
#: What plays and what is read of it: no cookie is looked at there, no page is shown, and nothing compressed.
PLAY = ("/api/score/", "/api/boards", "/api/players", "/api/corrections")
#: Whose views read their queries themselves, and say what is wrong with one.
STRICT = ("/api/boards", "/api/players", "/api/corrections")
#: Page templates by status; other refusals reach only scripts or have their own page.
REFUSAL_PAGES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "400.html",
    HTTPStatus.NOT_FOUND: "404.html",
    HTTPStatus.TOO_MANY_REQUESTS: "429.html",
    HTTPStatus.SERVICE_UNAVAILABLE: "500.html",
}
#: Of codes that say more than their status.
CODE_PAGES = {BoardFilling.code: "filling.html"}


def wants_problem(request: HttpRequest) -> bool:
    """Under /api always; elsewhere where the client accepts JSON but not HTML."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api") or ("json" in accept and "html" not in accept)


class PageCompression(GZipMiddleware):
    """Compresses pages and what they load. Not the API: its ETags are strong, and compressing makes them weak."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if request.path.startswith(PLAY) else super().process_response(request, response)


class ProbeMiddleware:
    """Answers probes whatever their Host is, which Django would refuse; within the security headers, before all that costs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in PROBES:
            return self.get_response(request)
        request.resolver_match = resolve(request.path)
        response: HttpResponseBase = request.resolver_match.func(request)
        return response


class RequestMiddleware:
    """Outermost, so that what other middleware refuses gets its form and its request id too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        context = context_of(request)
        token = current_request_id.set(context.request_id)
        metrics.THREADS_BUSY.inc()
        try:
            response = self.get_response(request)
            if (
                response.status_code >= 400
                and wants_problem(request)
                and response.get("Content-Type") != problems.CONTENT_TYPE
            ):
                response = problems.replace(response)
        finally:
            metrics.THREADS_BUSY.dec()
            current_request_id.reset(token)
        # The route's pattern, not the path: a scanner's paths would make a series each.
        route = request.resolver_match.route if request.resolver_match else "none"
        status = f"{response.status_code // 100}xx"
        metrics.REQUESTS.labels(route, status).observe(time.perf_counter() - began)
        response["X-Request-ID"] = context.request_id
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a page's view raised: a database that is away is a 503 page, not a fault of ours."""
        refusal = problems.to_refusal(error)
        return answer_refusal(request, refusal) if refusal else None


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
        fault = _find_unstorable(request)
        if not fault:
            return self.get_response(request)
        logger.info("refused %s %s with 400: %s", request.method, request.path, fault)
        return bad_request(request, ValueError(fault))


def answer_refusal(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A refusal in the form its client reads."""
    response = problems.refuse(request, refusal)
    page = CODE_PAGES.get(refusal.code) or REFUSAL_PAGES.get(refusal.status)
    if page is not None and not wants_problem(request):
        response.content = _render_page(page, get_language())
        response["Content-Type"] = "text/html; charset=utf-8"
    return response


@functools.cache
def _render_page(template: str, language: str | None) -> bytes:
    """The same for all, and so without the request: what a page says of its user would ask a database that may be away."""
    return render_to_string(template).encode()


def _find_unstorable(request: HttpRequest) -> str:
    """What is wrong, or an empty string."""
    reads_strictly = request.path_info.startswith(STRICT)
    if "%00" in request.META.get("QUERY_STRING", "") and not reads_strictly:
        return "U+0000 in the query"
    # A quoted cookie may spell any character in octal. Acts and reads of the scores know no cookies.
    has_cookies = "HTTP_COOKIE" in request.META and not request.path_info.startswith(PLAY)
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
