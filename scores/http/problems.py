"""Errors as RFC 9457 problem documents, made in this one place."""

import logging
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from rest_framework import exceptions

from scores.database.pooling import SessionsShared
from scores.database.postgresql.base import WriteUnanswered
from scores.errors import (
    InvalidBody,
    LoginFailed,
    NotAuthenticated,
    OutcomeUnknown,
    PayloadTooLarge,
    Refused,
    Unavailable,
)
from scores.http.outcomes import count_refusal, log_refusal

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
#: What goes wrong before or beside our own rules, by status.
GENERAL_CODES = {
    400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "payload_too_large",
    415: "unsupported_media_type", 429: "rate_limited", 500: "internal_error", 503: "unavailable",
}  # fmt: skip
GENERAL_DETAILS = {
    400: "The request could not be understood.",
    403: "This request is not allowed.",
    404: "There is nothing here.",
    405: "This route does not take this method.",
    413: PayloadTooLarge.detail,
    415: "Send application/json in UTF-8.",
    500: "Something went wrong on our side; it has been logged.",
    503: Unavailable.detail,
}
RETRY_SECONDS = 2


class Problem(TypedDict):
    """The document, as RFC 9457 has it, with our `code` and, of bad fields, `errors`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[dict[str, str]]]


def problem(status: int, code: str, title: str, detail: str, errors: list[dict[str, str]] | None = None) -> Problem:
    document: Problem = {
        "type": f"urn:scoreboard:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        document["errors"] = errors
    return document


def general_problem(status: int) -> Problem:
    """The document for a status that came from outside our own rules."""
    title = HTTPStatus(status).phrase
    return problem(
        status, GENERAL_CODES.get(status, title.lower().replace(" ", "_")), title, GENERAL_DETAILS.get(status, title)
    )


def respond(status: int, document: Problem, headers: dict[str, str] | None = None) -> HttpResponse:
    response = JsonResponse(document, status=status, content_type=CONTENT_TYPE, headers=headers)
    response["Cache-Control"] = "no-store"
    return response


def replace(page: HttpResponseBase) -> HttpResponse:
    """The problem document in place of an error page, with the headers that say more than the page (Allow, security)."""
    document = general_problem(page.status_code)
    count_refusal(document["code"])
    response = respond(page.status_code, document)
    for name, value in page.items():
        if name not in {"Content-Type", "Content-Length", "Cache-Control"}:
            response[name] = value
    return response


def refuse(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The answer to a refused act; logged, and kept where docs/contract.md 2.5 says so."""
    headers = {}
    if refusal.retry_after is not None or refusal.status in {429, 503}:
        headers["Retry-After"] = str(max(1, refusal.retry_after or RETRY_SECONDS))
    if isinstance(refusal, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    elif refusal.status == HTTPStatus.UNAUTHORIZED and not isinstance(refusal, LoginFailed):
        headers["WWW-Authenticate"] = f'Bearer error="invalid_token", error_description="{refusal.detail}"'
    elif refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    log_refusal(request, refusal)
    return respond(
        refusal.status, problem(refusal.status, refusal.code, refusal.title, refusal.detail, refusal.errors), headers
    )


def to_refusal(error: Exception) -> Refused | None:
    """Our refusal behind an exception, or None where it is something else."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, WriteUnanswered):
        logger.error("a write was sent, and the database did not answer: %s", error)
        return OutcomeUnknown(reason="database")
    if isinstance(error, SessionsShared):
        logger.error("%s", error)
        return Unavailable(reason="database")
    # A server that only reads, as a standby does, says so by an InternalError.
    if isinstance(error, (OperationalError, InterfaceError, InternalError)):
        logger.error("database out of reach, overloaded or read-only: %s", error)
        return Unavailable(reason="database")
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        return InvalidBody(
            errors=[
                {"field": str(field), "detail": " ".join(str(message) for message in _flat(messages))}
                for field, messages in fields.items()
            ]
        )
    return None


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """REST framework's hook. None lets Django log a fault of ours and answer 500."""
    request = context["request"]._request
    if (refusal := to_refusal(error)) is not None:
        return refuse(request, refusal)
    status = 404 if isinstance(error, Http404) else getattr(error, "status_code", None)
    if status is None:
        return None
    headers = {"Allow": ", ".join(context["view"].allowed_methods)} if status == HTTPStatus.METHOD_NOT_ALLOWED else None
    document = general_problem(status)
    count_refusal(document["code"])
    return respond(status, document, headers)


def _flat(messages: Any) -> list[Any]:
    if isinstance(messages, dict):
        return [message for nested in messages.values() for message in _flat(nested)]
    return list(messages) if isinstance(messages, list) else [messages]
