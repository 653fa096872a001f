"""The OpenAPI description of each route: every status it can answer, with its problem codes."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from scores.api.problems import CONTENT_TYPE
from scores.api.serializers import (
    AwardShape,
    LoginBody,
    PlaceShape,
    ProblemShape,
    RefreshBody,
    TokenPair,
    TopShape,
    UpdateBody,
)

COMMON = {
    400: ["invalid_body"],
    405: ["method_not_allowed"],
    413: ["payload_too_large"],
    415: ["unsupported_media_type"],
    429: ["rate_limited"],
}
ALWAYS = {500: ["internal_error"], 503: ["unavailable"]}
REQUEST_ID = OpenApiParameter(
    "X-Request-ID",
    str,
    OpenApiParameter.HEADER,
    description="1 to 64 of [A-Za-z0-9._-]; made if absent, returned, logged.",
)

Decorator = Callable[[Any], Any]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "scores.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def _problems(*tables: dict[int, list[str]]) -> dict[tuple[int, str], OpenApiResponse]:
    codes: dict[int, list[str]] = {}
    for table in tables:
        for status, names in table.items():
            codes[status] = codes.get(status, []) + names
    return {
        (status, CONTENT_TYPE): OpenApiResponse(ProblemShape, ", ".join(f"`{name}`" for name in names))
        for status, names in sorted(codes.items())
    }


def _route(
    operation: str, summary: str, *, answers: dict[Any, Any], problems: list[dict[int, list[str]]], **more: Any
) -> Decorator:
    parameters = [REQUEST_ID, *more.pop("parameters", [])]
    return extend_schema(
        operation_id=operation,
        summary=summary,
        responses={**answers, **_problems(*problems, ALWAYS)},
        parameters=parameters,
        **more,
    )


update = _route(
    "update_score",
    "Credit the signed-in player for one act",
    request=UpdateBody,
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            str,
            OpenApiParameter.HEADER,
            description="Needed with `action`: one fresh key per act, the same when it is retried.",
        )
    ],
    answers={200: AwardShape},
    problems=[
        COMMON,
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
    examples=[OpenApiExample("A catalogue action", {"action": "daily-quiz"}, request_only=True)],
)
top = _route(
    "read_top",
    "The top 10",
    auth=[],
    answers={200: TopShape, 304: OpenApiResponse(description="As the ETag in If-None-Match.")},
    parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
    problems=[{405: ["method_not_allowed"], 429: ["rate_limited"]}],
)
me = _route(
    "read_own_place",
    "The signed-in player's score, rank and neighbours",
    answers={200: PlaceShape},
    problems=[{401: ["not_authenticated", "token_invalid"], 405: ["method_not_allowed"], 429: ["rate_limited"]}],
)
token = _route(
    "create_tokens",
    "Sign in",
    auth=[],
    request=LoginBody,
    answers={200: TokenPair},
    problems=[COMMON, {401: ["login_failed"]}],
)
refresh = _route(
    "rotate_tokens",
    "A new pair for a refresh token, which is spent",
    auth=[],
    request=RefreshBody,
    answers={200: TokenPair},
    problems=[COMMON, {401: ["token_invalid"]}],
)
revoke = _route(
    "revoke_token",
    "Sign out: spend a refresh token",
    auth=[],
    request=RefreshBody,
    answers={204: OpenApiResponse(OpenApiTypes.NONE, "Revoked.")},
    problems=[COMMON, {401: ["token_invalid"]}],
)


def close_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of what comes in that unknown fields are refused, and of an update that it holds one of two fields."""
    schemas = result["components"]["schemas"]
    for name in ("UpdateBody", "LoginBody", "RefreshBody", "PatchedUpdateBody"):
        if name in schemas:
            schemas[name]["additionalProperties"] = False
        if name in schemas and name.endswith("UpdateBody"):
            schemas[name]["oneOf"] = [{"required": ["action"]}, {"required": ["receipt"]}]
    return result
