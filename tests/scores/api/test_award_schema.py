"""The description of the door for backends: both bodies with their bounds, and every status."""

import json

import pytest
from django.test import Client

pytestmark = pytest.mark.any_database


def test_both_bodies_and_every_status_are_described(client: Client) -> None:
    document = json.loads(client.get("/api/schema").content)
    schemas, operation = document["components"]["schemas"], document["paths"]["/api/awards"]["post"]
    assert set(operation["responses"]) == {"200", "400", "405", "413", "415", "422", "429", "500", "503"}
    assert operation["responses"]["422"]["description"] == "`statement_invalid`"
    assert "security" not in operation or operation["security"] == [{}]
    receipts, stated = schemas["ReceiptsBody"], schemas["StatementBody"]
    assert receipts["properties"]["receipts"]["maxItems"] == 100
    assert stated["properties"]["awards"]["maxItems"] == 1000
    assert (receipts["additionalProperties"], stated["additionalProperties"]) == (False, False)
    assert schemas["AwardsShape"]["properties"]["results"]["maxItems"] == 1000
