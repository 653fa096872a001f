"""A refusal given in front of Django: what the view would say, header for header, for a fraction of what serving costs."""

import time

from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve

from scoreboard_project.front import Headers, Message
from scores import metrics
from scores.api import problems
from scores.api.limits import Usage, describe_limits
from scores.api.logs import request_id
from scores.errors import Refused


def refuse(
    request: WSGIRequest, refusal: Refused, *, usage: Usage | None, learned: Headers, began: float
) -> tuple[bytes, Message]:
    """Body and start of the answer; logged, counted and kept like every other. `learned` is what the view says with a 200."""
    token = request_id.set(request.META["REQUEST_ID"])
    try:
        response = problems.refuse(request, refusal)
    finally:
        request_id.reset(token)
    own = {
        **response.headers,
        "X-Request-ID": request.META["REQUEST_ID"],
        "Content-Length": str(len(response.content)),
        **describe_limits([usage] if usage else []),
    }
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in own.items()]
    names = {name for name, _ in headers}
    observe(request.path, response.status_code, began)
    return response.content, {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": [*(pair for pair in learned if pair[0] not in names), *headers],
    }


def observe(path: str, status: int, began: float) -> None:
    """Into the histogram, under the pattern of the route, as Django's own answers are."""
    try:
        route = resolve(path).route
    except Resolver404:
        route = "none"
    metrics.REQUESTS.labels(route, f"{status // 100}xx").observe(time.perf_counter() - began)
