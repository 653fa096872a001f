"""A player's page sends the case file, one at a time."""

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from scores.models import Score
from tests.support.cases import make_case
from tests.support.tampering import make_history


@pytest.mark.usefixtures("db", "exported")
def test_the_desk_sends_it_one_at_a_time(client: Client) -> None:
    ada = make_history()[0]
    client.force_login(User.objects.create_superuser("root"))
    address = reverse("admin:scores_score_case", args=[ada.pk])
    first, second = client.get(address), client.get(address)
    assert second.status_code == 302
    text = b"".join(first)
    document = make_case(Score.objects.get(pk=ada.pk))
    assert {**json.loads(text), "about": 0, "seal": 0} == {**document, "about": 0, "seal": 0}
    assert client.get(reverse("admin:scores_score_case", args=[uuid4()])).status_code == 404
