"""PATCH /api/score/update for all who send one at the same moment: counted in one round trip to Valkey, awarded in two to PostgreSQL.

In front of Django, where each would take the three for itself, in a thread of its own, and cost three times the CPU. Only
what is plainly in order is answered here, with the same checks and the headers the view sends. Everything else (a body
that is not exact, a token that does not hold, a database that fails) is passed on to the view, counted if it was. A limit that
is reached and an act that is refused are said here too, so that being refused costs no more than being served. Passing on is
safe at any moment: one key counts once.
"""

import asyncio
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID
from wsgiref.types import WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest
from django.db import IntegrityError, close_old_connections
from rest_framework.renderers import JSONRenderer

from audit import strict_json
from scoreboard_project.server.asgi_types import Headers, Message
from scoreboard_project.server.batching import RETRY, Batcher, Retry
from scoreboard_project.server.fast_path import PASS_TO_VIEW, LearnedHeaders, PassToView, Response, is_admissible
from scoreboard_project.server.fast_refusal import refuse
from scoreboard_project.server.routes import UPDATE
from scores import metrics
from scores.api.authentication import identify_bearer
from scores.api.parsing import describe_origin, read_act
from scores.api.serializers import MAXIMUM_RECEIPT_LENGTH, show_award
from scores.awards import compare_and_swap, service
from scores.awards.rules import Attempt, Award
from scores.database.availability import availability, time_limit
from scores.database.postgresql.base import WriteUnanswered
from scores.errors import OutcomeUnknown, RateLimited, Refused, Unavailable
from scores.http.context import context_of
from scores.http.counting import Usage
from scores.http.limits import PlayerLimit, describe_limits
from scores.http.logs import current_request_id
from scores.http.outcomes import log_update
from scores.http.problems import to_refusal
from scores.receipts.verifier import Receipt

logger = logging.getLogger(__name__)

CONTENT_TYPES = {"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"}
SLUG = re.compile(r"[-A-Za-z0-9_]{1,64}")
#: Awarded at once, at most: the more, the longer each of them waits for the last.
MAX_BATCH = 64
#: An update waits this long at most, so that the client has an answer within 5 s.
TIMEOUT_SECONDS = 4.2
#: Added where its write has begun by then.
GRACE_SECONDS = 0.4
#: Database time of one batch.
ROUND_SECONDS = 3.5


class Answer(NamedTuple):
    """A 200: its body, and the headers that are its own."""

    body: bytes
    headers: Headers


class WriteGuard:
    """Against a late write of an update that waits: either its writing begins, or it is withdrawn and never written."""

    def __init__(self) -> None:
        # One side is the event loop, the other the thread.
        self._lock = threading.Lock()
        self._is_withdrawn = False
        self.is_writing = False

    def begin(self) -> bool:
        """Whether it may be written, from now on until `end`."""
        with self._lock:
            self.is_writing = not self._is_withdrawn
            return self.is_writing

    def end(self) -> bool:
        """It is certain that nothing was written; whether it may be tried again."""
        with self._lock:
            self.is_writing = False
            return not self._is_withdrawn

    def withdraw(self) -> bool:
        """Whether that came in time: nothing was written or will be. Where not, it is not begun a second time."""
        with self._lock:
            self._is_withdrawn = True
            return not self.is_writing


@dataclass
class Update:
    """A request that may be answered here, and what has become known of it."""

    request: WSGIRequest
    #: Whether a thread came to it: what its token and its body say is known then.
    is_read: bool = False
    attempt: Attempt | None = None
    usage: Usage | None = None
    answer: Answer | Refused | Retry | PassToView = PASS_TO_VIEW
    guard: WriteGuard = field(default_factory=WriteGuard)
    began: float = field(default_factory=time.perf_counter)

    @property
    def player(self) -> UUID | None:
        return self.attempt.caller.player if self.attempt else None


class UpdateFastPath:
    """The `FastPath` of updates."""

    method, path = "PATCH", UPDATE

    def __init__(self) -> None:
        self._headers = LearnedHeaders()
        self._batcher: Batcher[Update, Answer | Refused | PassToView] = Batcher(
            "updates", _answer_all, max_batch=MAX_BATCH, subject=lambda update: update.player
        )

    async def answer(self, environ: WSGIEnvironment) -> Response | PassToView:
        """Answer an update, or leave it to the view. Raises Unavailable when nobody came to read it in time."""
        request = _read_request(environ)
        headers = self._headers.get(secure=request.is_secure()) if request is not None else None
        if request is None or headers is None or availability.is_away:
            return PASS_TO_VIEW
        update = Update(request)
        try:
            answer = await self._ask(update)
        except Refused as refusal:
            if not update.is_read:
                raise  # there is nothing to say of it beyond that
            return refuse(request, refusal, usage=update.usage, learned=headers, began=update.began)
        if answer is PASS_TO_VIEW:
            return answer
        metrics.REQUESTS.labels(UPDATE[1:], "2xx").observe(time.perf_counter() - update.began)
        return answer.body, {"type": "http.response.start", "status": 200, "headers": [*headers, *answer.headers]}

    async def _ask(self, update: Update) -> Answer | PassToView:
        """What came of it. Raises Refused where that is a refusal."""
        answer = self._batcher.submit(update)
        # A timer of our own: `asyncio.wait` makes a set, another future and two callbacks for each.
        limit = asyncio.get_running_loop().call_later(TIMEOUT_SECONDS, _give_up, update, answer, GRACE_SECONDS)
        try:
            given = await answer
        except WriteUnanswered as error:
            # Of those that went together, some may have been refused or answered already, and nothing of theirs was sent.
            refusal = to_refusal(error) if update.guard.is_writing else Unavailable(reason="database")
            raise refusal or error from None
        except Exception as error:
            if (refusal := to_refusal(error)) is not None:
                raise refusal from None
            if not isinstance(error, IntegrityError):
                metrics.FAST_PATH_FAILURES.labels(UPDATE[1:]).inc()
                logger.exception("updates that came together are left to the view, each by itself")
            return PASS_TO_VIEW
        finally:
            limit.cancel()
        if isinstance(given, Refused):
            raise given
        return given

    def learn(self, environ: WSGIEnvironment, start: Message) -> None:
        request = _read_request(environ) if start["status"] == 200 else None
        if request is not None:
            self._headers.learn(start, secure=request.is_secure())


def _give_up(update: Update, answer: asyncio.Future[Answer | Refused | PassToView], grace: float) -> None:
    """The time of an update is over; with `grace`, one whose write has begun is given so many seconds more."""
    if answer.done():
        return
    if not update.guard.withdraw() and grace:
        asyncio.get_running_loop().call_later(grace, _give_up, update, answer, 0)
        return
    answer.set_exception(OutcomeUnknown(reason="queue") if update.guard.is_writing else Unavailable(reason="queue"))


def _read_request(environ: WSGIEnvironment) -> WSGIRequest | None:
    """The request as Django reads it, if it is of the form that nearly all have."""
    if environ["QUERY_STRING"] or environ.get("CONTENT_TYPE") not in CONTENT_TYPES or not compare_and_swap.is_offered():
        return None
    request = WSGIRequest(environ)
    return request if is_admissible(request) else None


def _answer_all(updates: list[Update]) -> list[Answer | Refused | Retry | PassToView]:
    """In the thread: one answer for each, in order."""
    _read_and_count([update for update in updates if update.attempt is None])
    with time_limit(ROUND_SECONDS):
        close_old_connections()
        _award([update for update in updates if update.attempt is not None])
    return [update.answer for update in updates]


def _award(updates: list[Update]) -> None:
    asked = [
        (update, update.attempt) for update in updates if update.attempt is not None and not _is_above_limit(update)
    ]
    outcomes = service.award_together(
        [attempt for _, attempt in asked], begin=lambda place: asked[place][0].guard.begin()
    )
    contended = {
        attempt.caller.player
        for (_, attempt), outcome in zip(asked, outcomes, strict=True)
        if isinstance(outcome, service.Contended)
    }
    for (update, attempt), outcome in zip(asked, outcomes, strict=True):
        if isinstance(outcome, Award):
            update.answer = _answer(update, outcome)
        elif attempt.caller.player in contended:
            # A refusal too: it may have been for an award that was not written after all.
            update.answer = RETRY if update.guard.end() else Unavailable(reason="queue")
        elif isinstance(outcome, Refused) and attempt.caller.external_name is None:
            update.answer = outcome
        else:
            update.answer = PASS_TO_VIEW


def _is_above_limit(update: Update) -> bool:
    if update.usage is None or not update.usage.is_exceeded:
        return False
    update.answer = RateLimited(retry_after=update.usage.seconds_left)
    return True


def _read_and_count(updates: list[Update]) -> None:
    for update in updates:
        update.is_read = True
        update.attempt = _read_attempt(update.request)
    read = [(update, update.attempt) for update in updates if update.attempt is not None]
    usages = PlayerLimit.count([str(attempt.caller.player) for _, attempt in read])
    for (update, _), usage in zip(read, usages, strict=True):
        update.usage = usage
        # Where the view has to answer, it does not count again.
        context_of(update.request).counted = usage


def _read_attempt(request: WSGIRequest) -> Attempt | None:
    """What is claimed by whom, if nothing about it is doubtful."""
    meta = request.META
    context = context_of(request)
    try:
        caller = context.caller = identify_bearer(meta.get("HTTP_AUTHORIZATION", ""))
        body = strict_json.loads(meta["wsgi.input"].getvalue())
        if not _is_exact(body):
            return None
        act = read_act(body, request)
    except (Refused, ValueError):
        return None
    return None if isinstance(act, Receipt) and act.fault else Attempt(caller, act, describe_origin(request))


def _is_exact(body: object) -> bool:
    """Whether `UpdateBody` would take it, and an action could be in the catalogue."""
    match body:
        case {"action": str(slug), **rest}:
            return not rest and SLUG.fullmatch(slug) is not None
        case {"receipt": str(text), **rest}:
            return not rest and len(text) <= MAXIMUM_RECEIPT_LENGTH
    return False


def _answer(update: Update, award: Award) -> Answer:
    request_id = context_of(update.request).request_id
    token = current_request_id.set(request_id)
    try:
        log_update(update.request, award)
    finally:
        current_request_id.reset(token)
    body: bytes = JSONRenderer().render(show_award(award))
    headers = {
        "content-length": str(len(body)),
        "x-request-id": request_id,
        **describe_limits([update.usage] if update.usage else []),
    }
    return Answer(body, [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()])
