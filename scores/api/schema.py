"""The OpenAPI description of each route, every status it can answer with its problem codes, and the policy of the page that shows it."""

import re
from collections.abc import Callable
from typing import Any

from csp.constants import SELF
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)

from scores.api.serializers import (
    ActionUpdate,
    AwardShape,
    LoginBody,
    PlaceShape,
    ProblemShape,
    ReceiptUpdate,
    RefreshBody,
    TokenPair,
    TopShape,
)
from scores.http.problems import CONTENT_TYPE

#: Codes by status.
Problems = dict[int, list[str]]
COMMON: Problems = {
    400: ["invalid_body"],
    405: ["method_not_allowed"],
    413: ["payload_too_large"],
    415: ["unsupported_media_type"],
    429: ["rate_limited"],
}
#: Of what writes.
UNKNOWN: Problems = {503: ["outcome_unknown"]}
ALWAYS: Problems = {500: ["internal_error"], 503: ["unavailable"]}


def _text(length: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": length}


#: What answers carry, and which: `all`, or those of these statuses.
HEADERS: list[tuple[str, set[int] | None, str]] = [
    ("X-Request-ID", None, "The request's id, by which the log finds it."),
    ("RateLimit", None, "What is left of each limit that this request was counted under."),
    ("RateLimit-Policy", None, "Those limits: quota and window."),
    ("Cache-Control", None, "no-store, but for what everybody sees."),
    ("ETag", {200, 304}, "Strong, over all but the time of the reading."),
    ("WWW-Authenticate", {401}, "RFC 6750."),
    ("Allow", {405}, "The methods this route takes."),
    ("Retry-After", {429, 503}, "Seconds."),
]
MAXIMUM_NUMBER = 2**53 - 1
LENGTHS = {"uuid": 36, "date-time": 27}
ITEMS = {
    "above": 2,
    "below": 2,
    "TopShape.entries": 10,
    "boards": 50,
    "standings": 50,
    "history": 90,
    "players": 20,
    "awards": 1000,
    "results": 1000,
}
#: Whose answers have an ETag: what everybody sees.
TAGGED = re.compile(r"/api/(score/top|boards.*(?<!/me)|players.*|corrections)")
REQUEST_ID = OpenApiParameter(
    "X-Request-ID",
    str,
    OpenApiParameter.HEADER,
    description="1 to 64 of [A-Za-z0-9._-]; another is replaced by one of ours; returned, logged.",
)

Decorator = Callable[[Any], Any]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "scores.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        description = "An access token of POST /api/token, checked as RFC 8725 (RFC8725) advises: one algorithm, type, issuer, audience."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}


def _problems(*tables: Problems) -> dict[tuple[int, str], OpenApiResponse]:
    codes: Problems = {}
    for table in tables:
        for status, names in table.items():
            codes[status] = codes.get(status, []) + names
    return {
        (status, CONTENT_TYPE): OpenApiResponse(ProblemShape, ", ".join(f"`{name}`" for name in names))
        for status, names in sorted(codes.items())
    }


def route(operation: str, summary: str, *, answers: dict[Any, Any], problems: list[Problems], **more: Any) -> Decorator:
    """Describe a route: what it answers, and by status the codes of what it refuses, those of every route besides."""
    parameters = [REQUEST_ID, *more.pop("parameters", [])]
    return extend_schema(
        operation_id=operation,
        summary=summary,
        description=f"{summary}.",  # else the docstrings of our classes, which speak to their readers
        responses={**answers, **_problems(*problems, ALWAYS)},
        parameters=parameters,
        **more,
    )


update = route(
    "update_score",
    "Credit the signed-in player for one act",
    request=PolymorphicProxySerializer(
        component_name="UpdateBody", serializers=[ActionUpdate, ReceiptUpdate], resource_type_field_name=None
    ),
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            _text(257),
            OpenApiParameter.HEADER,
            description="Needed with `action`: one fresh key per act, the same when it is retried.",
        )
    ],
    answers={200: AwardShape},
    problems=[
        COMMON,
        UNKNOWN,
        {
            400: ["idempotency_key_required", "invalid_idempotency_key"],
            401: ["not_authenticated", "token_invalid"],
            403: ["player_frozen", "receipt_subject"],
            404: ["unknown_action"],
            409: ["receipt_used"],
            422: ["idempotency_conflict", "receipt_required", "receipt_invalid", "balance_out_of_range"],
            429: ["cooldown", "daily_cap"],
        },
    ],
    examples=[
        OpenApiExample("A catalogue action", {"action": "daily-quiz"}, request_only=True),
        OpenApiExample(
            "An update",
            {
                "player": {"id": "6f1d9c1e-4f0a-4b57-9a57-0d3f6c7c2b11", "name": "Ada"},
                "action": "daily-quiz",
                "delta": 10,
                "score": 1250,
                "verified": False,
                "replayed": False,
                "entry": {"seq": 42, "mac": "0" * 64},
            },
            response_only=True,
            status_codes=["200"],
        ),
    ],
)
top = route(
    "read_top",
    "The top 10",
    auth=[],
    answers={200: TopShape, 304: OpenApiResponse(description="As the ETag in If-None-Match.")},
    parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
    problems=[{405: ["method_not_allowed"], 429: ["rate_limited"]}],
)
me = route(
    "read_own_place",
    "The signed-in player's score, rank and neighbours",
    answers={200: PlaceShape},
    problems=[{401: ["not_authenticated", "token_invalid"], 405: ["method_not_allowed"], 429: ["rate_limited"]}],
)
own_proof = route(
    "read_own_proof",
    "The signed-in player's entries, a line each, and what leads from them to a signed checkpoint",
    answers={(200, "application/x-ndjson"): OpenApiTypes.STR},
    parameters=[
        OpenApiParameter(
            "after",
            {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
            description="Entries behind this number only.",
        )
    ],
    problems=[
        {400: ["invalid_query"], 401: ["not_authenticated", "token_invalid"]},
        {405: ["method_not_allowed"], 429: ["rate_limited"]},
    ],
)
token = route(
    "create_tokens",
    "Sign in",
    auth=[],
    request=LoginBody,
    answers={200: TokenPair},
    problems=[COMMON, UNKNOWN, {401: ["login_failed"]}],
)
refresh = route(
    "rotate_tokens",
    "A new pair for a refresh token, which is spent",
    auth=[],
    request=RefreshBody,
    answers={200: TokenPair},
    problems=[COMMON, UNKNOWN, {401: ["token_invalid"]}],
)
revoke = route(
    "revoke_token",
    "Sign out: spend a refresh token",
    auth=[],
    request=RefreshBody,
    answers={204: OpenApiResponse(OpenApiTypes.NONE, "Revoked.")},
    problems=[COMMON, UNKNOWN, {401: ["token_invalid"]}],
)


def docs_policy() -> dict[str, list[str]]:
    """The content policy of the documentation: Swagger UI sets styles from its script; nothing of it comes from outside."""
    return {"style-src": [SELF, "'unsafe-inline'"], "script-src": [SELF]}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What the serializers cannot say: that bodies are closed, what answers carry in their headers, and how large things get."""
    schemas = result["components"]["schemas"]
    # What tells the two bodies of an update, or of a backend's call, apart: each has its own fields, and no other.
    for name in ("ActionUpdate", "ReceiptUpdate", "ReceiptsBody", "StatementBody", "LoginBody", "RefreshBody"):
        schemas[name]["additionalProperties"] = False
    for title, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            _bound(title, name, field)
    for path, methods in result["paths"].items():
        for operation in methods.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            for status, response in operation["responses"].items():
                _add_headers(path, int(status), response)
                if status == "204":
                    response.pop("content", None)
    return result


def _bound(title: str, name: str, field: dict[str, Any]) -> None:
    kind = field.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "integer":
        field["format"] = "int64"
        field.setdefault("minimum", 0)
        field.setdefault("maximum", MAXIMUM_NUMBER)
    elif kind == "array":
        field["maxItems"] = ITEMS.get(f"{title}.{name}", ITEMS.get(name, 100))
    elif kind == "string" and field.get("format") in LENGTHS:
        field["maxLength"] = LENGTHS[field["format"]]
    elif kind == "string" and "enum" in field:
        field["maxLength"] = max(map(len, field["enum"]))


def _add_headers(path: str, status: int, response: dict[str, Any]) -> None:
    response["headers"] = {
        name: {"description": description, "schema": _text(1000)}
        for name, statuses, description in HEADERS
        if (statuses is None or status in statuses) and (name != "ETag" or TAGGED.fullmatch(path))
    }
