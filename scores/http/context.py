"""What is known of a request beside what was sent: made once, when it is first asked for, and filled in on its way."""

import itertools
import logging
import re
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from scores import addresses
from scores.callers import Caller
from scores.http.counting import Usage

logger = logging.getLogger(__name__)

#: Where it travels, from in front of Django to the view and back: one key of the request's environment.
KEY = "scoreboard.context"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: How many addresses could not be read. Said once: what a proxy writes, it writes for every request.
_unreadable = itertools.count()


@dataclass(slots=True)
class RequestContext:
    """Of one request: `request_id` finds it in the server log, `address` is the client's, `caller` whom its token speaks for, once read."""

    request_id: str
    address: str
    caller: Caller | None = None
    #: Usage of each limit charged, in order.
    usages: list[Usage] = field(default_factory=list)
    #: Usage the fast path counted already; the view's limit takes it instead of counting again.
    counted: Usage | None = None
    #: Whether an update may wait in its thread for a player whom another transaction holds; `is_held` says that one does.
    may_wait: bool = True
    is_held: bool = False

    def begin_again(self) -> None:
        """Reset for another try of the view, keeping the count: a request counts once, however often it is tried."""
        self.counted = next(iter(self.usages), None)
        self.usages.clear()
        self.is_held = False


def context_of(request: HttpRequest) -> RequestContext:
    """The request's context."""
    context: RequestContext | None = request.META.get(KEY)
    if context is None:
        request_id = choose_request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        context = request.META[KEY] = RequestContext(request_id, client_address(request))
    return context


def caller_of(request: Request) -> Caller:
    """Whom the request's token speaks for, on a route that asks for one: BearerAuthentication has let it in by then."""
    return cast("Caller", request.auth)


def choose_request_id(sent: str) -> str:
    """The client's own id if it is sane, or a new one."""
    return sent if REQUEST_ID.fullmatch(sent) else uuid4().hex


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
