"""Lets pages of ALLOWED_ORIGINS use the API with their own tokens (CORS), whoever answers: a view, the bridge, a fault.

Only those, also for what is public: a board inside a company's network is not for every page its people look at. Never
with credentials: the API knows no cookies, so a page can do only what a token it holds may do.
"""

from django.conf import settings

from scoreboard_project.server.asgi_types import Application, Message, Receive, Send

SHARED = ("/api/", "/.well-known/")
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"),
    (b"access-control-max-age", b"600"),
]
# A shared cache must not hand one origin's answer to another.
VARY = (b"vary", b"Origin")
EXPOSED = (b"access-control-expose-headers", b"ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID")


class CrossOrigin:
    """Around the HTTP application, so that refusals of every layer can be read by the page that gets them."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if not settings.ALLOWED_ORIGINS or not scope["path"].startswith(SHARED):
            await self._application(scope, receive, send)
            return
        sent = dict(scope["headers"])
        origin = sent.get(b"origin", b"").decode("latin-1").lower()
        allowed = origin in settings.ALLOWED_ORIGINS
        if allowed and scope["method"] == "OPTIONS" and b"access-control-request-method" in sent:
            await send({"type": "http.response.start", "status": 204, "headers": [*_headers(origin), *PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [*_headers(origin), EXPOSED] if allowed else [VARY]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._application(scope, receive, send_marked)


def _headers(origin: str) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin.encode("latin-1")), VARY]
