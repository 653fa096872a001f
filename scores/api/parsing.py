"""What comes in: one strict JSON parser for the whole API, no negotiation about what goes out, and what an update claims.

Read by the views, and by the fast path in front of them.
"""

import re
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from audit import strict_json
from scores.awards.rules import SelfReport
from scores.errors import IdempotencyKeyRequired, InvalidBody, InvalidIdempotencyKey
from scores.http.context import context_of
from scores.receipts.verifier import Receipt, examine

#: Visible ASCII without `"` and `\`, bare or in quotes (draft-ietf-httpapi-idempotency-key-header).
IDEMPOTENCY_KEY = re.compile(r'(?P<quote>"?)(?P<key>[!#-\[\]-~]{1,255})(?P=quote)')


class StrictJSONParser(BaseParser):
    """An object in strict UTF-8 JSON; how large it may be is decided while the server reads it (`wsgi_bridge._read_body`)."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        if _charset(media_type).lower() != "utf-8":
            raise UnsupportedMediaType(media_type or "")
        try:
            value = strict_json.loads(stream.read())
        except ValueError as error:
            raise InvalidBody(str(error)) from None
        if not isinstance(value, dict):
            raise InvalidBody("The body must be a JSON object.")
        return value


class OnlyJSON(BaseContentNegotiation):
    """The API answers JSON whatever Accept asks for (RFC 9110, section 12.5.1 allows it)."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _charset(media_type: str | None) -> str:
    parameters = [part.strip().partition("=") for part in (media_type or "").split(";")[1:]]
    return next((value.strip('"') for name, _, value in parameters if name.strip().lower() == "charset"), "utf-8")


def read_act(body: dict[str, Any], request: HttpRequest) -> SelfReport | Receipt:
    """Read what is claimed to have been done from a checked body: a receipt carries its own key, a self-report needs the header's.

    Raises IdempotencyKeyRequired or InvalidIdempotencyKey where the header is missing or not of its form, InvalidBody where the
    action is empty.
    """
    if "receipt" in body:
        return examine(body["receipt"])
    header = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        raise IdempotencyKeyRequired
    match = IDEMPOTENCY_KEY.fullmatch(header)
    if match is None:
        raise InvalidIdempotencyKey
    if not body["action"]:
        raise InvalidBody(errors=[{"field": "action", "detail": "May not be blank."}])
    return SelfReport(action=body["action"], key=match["key"])


def describe_origin(request: HttpRequest) -> dict[str, str]:
    """Where a change came from, as the entry keeps it."""
    context = context_of(request)
    agent = request.META.get("HTTP_USER_AGENT", "")
    return {
        "address": context.address,
        "agent": (agent if agent.isprintable() else "".join(filter(str.isprintable, agent)))[:256],
        "request": context.request_id,
    }
