"""What every request gets: an id, the client's true address, and errors in the form its client reads."""

import functools
import itertools
import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils.translation import get_language

from scores import addresses, metrics
from scores.errors import Refused
from scores.http import problems
from scores.http.logs import request_id

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Asked by address, from machines that know none of our names.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
#: How many addresses could not be read. Said once: what a proxy writes, it writes for every request.
_unreadable = itertools.count()

#: What is refused with these is a page where pages are read; the rest is met by scripts alone, or has a page of its own.
REFUSAL_PAGES: dict[int, str] = {HTTPStatus.TOO_MANY_REQUESTS: "429.html", HTTPStatus.SERVICE_UNAVAILABLE: "500.html"}


def client_address(request: HttpRequest) -> str:
    """The address the outermost trusted proxy saw: the TRUSTED_PROXIES-th from the right of X-Forwarded-For.

    What stands further left was sent by the client and proves nothing. `addresses.UNKNOWN` for what is no address.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES].strip() or address
    read = addresses.read_address(address)
    if read == addresses.UNKNOWN and next(_unreadable) == 0:
        logger.warning(
            "a client's address is %r, which is none: it counts as unknown. Is TRUSTED_PROXIES (%d) how many proxies stand in "
            "front, and does each of them add the address it sees to X-Forwarded-For?",
            address[:64],
            settings.TRUSTED_PROXIES,
        )
    return read


def choose_request_id(sent: str) -> str:
    """The client's own id if it is sane, or a new one."""
    return sent if REQUEST_ID.fullmatch(sent) else uuid4().hex


def wants_problem(request: HttpRequest) -> bool:
    """Under /api always; elsewhere where the client accepts JSON but not HTML."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api") or ("json" in accept and "html" not in accept)


class PageCompression(GZipMiddleware):
    """Compresses pages and what they load. Not the API: its ETags are strong, and compressing makes them weak."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if request.path.startswith("/api/score") else super().process_response(request, response)


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
        request.META["REQUEST_ID"] = choose_request_id(request.headers.get("X-Request-ID", ""))
        request.META["CLIENT_ADDRESS"] = client_address(request)
        token = request_id.set(request.META["REQUEST_ID"])
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
            request_id.reset(token)
        # The route's pattern, not the path: a scanner's paths would make a series each.
        route = request.resolver_match.route if request.resolver_match else "none"
        status = f"{response.status_code // 100}xx"
        metrics.REQUESTS.labels(route, status).observe(time.perf_counter() - began)
        response["X-Request-ID"] = request.META["REQUEST_ID"]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """What a page's view raised: a database that is away is a 503 page, not a fault of ours."""
        refusal = problems.to_refusal(error)
        return answer_refusal(request, refusal) if refusal else None


def answer_refusal(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A refusal in the form its client reads."""
    response = problems.refuse(request, refusal)
    if refusal.status in REFUSAL_PAGES and not wants_problem(request):
        response.content = _render_page(REFUSAL_PAGES[refusal.status], get_language())
        response["Content-Type"] = "text/html; charset=utf-8"
    return response


@functools.cache
def _render_page(template: str, language: str | None) -> bytes:
    """The same for all, and so without the request: what a page says of its user would ask a database that may be away."""
    return render_to_string(template).encode()
