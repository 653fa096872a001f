"""The list of refusals: whom each is about, by one query for all."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import Refusal
from tests.support.acting import make_player

LIST = reverse("admin:audit_refusal_changelist")


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_names_the_players_in_the_same_queries_however_long_it_is(
    client: Client, db: None, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    for number in range(count):
        player = make_player(f"P{number}")
        Refusal.objects.create(minute=timezone.now(), reason="cooldown", subject=str(player.pk))
    Refusal.objects.create(minute=timezone.now(), reason="cooldown", subject="192.0.2.9")
    # Session, user; how many there are, a page of them, their players; the ends and the days of the calendar.
    with django_assert_num_queries(7):
        page = client.get(LIST).content.decode()
    assert page.count('/player/">') == count
    assert "192.0.2.9</td>" in page
