"""Probes: how the site is doing, for machines that know none of our names."""

from django.test import Client


def test_probes_are_answered_by_address_and_nothing_else_is(db: None, client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/api/score/top", headers={"Host": "10.1.2.3:8000"}).status_code == 400
