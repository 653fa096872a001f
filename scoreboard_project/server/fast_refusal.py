"""A refusal given in front of Django: what a view would say, for a fraction of what serving costs."""

import time

from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve

from scoreboard_project.server.asgi_types import Headers, Message
from scores import metrics
from scores.errors import Refused
from scores.http.context import context_of
from scores.http.counting import Usage
from scores.http.limits import describe_limits
from scores.http.logs import current_request_id
from scores.http.middleware import answer_refusal


def refuse(
    request: WSGIRequest, refusal: Refused, *, began: float, usage: Usage | None = None, learned: Headers | None = None
) -> tuple[bytes, Message]:
    """Body and start of the answer; logged, counted and kept like every other. `learned` is what the view says with a 200."""
    request_id = context_of(request).request_id
    token = current_request_id.set(request_id)
    try:
        response = answer_refusal(request, refusal)
    finally:
        current_request_id.reset(token)
    own = {
        **response.headers,
        "X-Request-ID": request_id,
        "Content-Length": str(len(response.content)),
        **describe_limits([usage] if usage else []),
    }
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in own.items()]
    names = {name for name, _ in headers}
    observe(request.path, response.status_code, began)
    return response.content, {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": [*(pair for pair in learned or () if pair[0] not in names), *headers],
    }


def observe(path: str, status: int, began: float) -> None:
    """Into the histogram, under the pattern of the route, as Django's own answers are."""
    try:
        route = resolve(path).route
    except Resolver404:
        route = "none"
    metrics.REQUESTS.labels(route, f"{status // 100}xx").observe(time.perf_counter() - began)
