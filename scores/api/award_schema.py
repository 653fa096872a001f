"""The OpenAPI description of the door for backends."""

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer

from scores.api.award_serializers import AwardsShape, ReceiptsBody, StatementBody
from scores.api.schema import COMMON, UNKNOWN, route

awards = route(
    "create_awards",
    "Credit players for what issuers signed, many in one call",
    auth=[],
    request=PolymorphicProxySerializer(
        component_name="AwardsBody", serializers=[ReceiptsBody, StatementBody], resource_type_field_name=None
    ),
    answers={200: AwardsShape},
    problems=[COMMON, UNKNOWN, {422: ["statement_invalid"]}],
    examples=[
        OpenApiExample(
            "Two awards",
            {
                "results": [
                    {
                        "status": 200,
                        "player": {"id": "6f1d9c1e-4f0a-4b57-9a57-0d3f6c7c2b11", "name": "Ada"},
                        "delta": 10,
                        "score": 1250,
                        "replayed": False,
                        "entry": {"seq": 42, "mac": "0" * 64},
                    },
                    {"status": 429, "code": "cooldown"},
                ],
                "accepted": 1,
                "replayed": 0,
                "refused": 1,
            },
            response_only=True,
            status_codes=["200"],
        ),
    ],
)
