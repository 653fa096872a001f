"""Somebody who may look and act, and somebody to look at."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from scores.investigation import corrections
from scores.models import Score
from tests.support.acting import make_player


@pytest.fixture
def actor(db: None) -> User:
    call_command("make_desk_groups", verbosity=0)
    user = User.objects.create_user("grace", is_staff=True)
    user.groups.set(Group.objects.filter(name="Moderators"))
    return user


@pytest.fixture
def desk(actor: User) -> Client:
    client = Client()
    client.force_login(actor)
    return client


@pytest.fixture
def cheat(db: None) -> Score:
    """Ada, 30 points by entries 1 to 3."""
    ada = make_player()
    for _ in range(3):
        corrections.adjust(player=ada.pk, delta=10, reason="a day's play", actor="system")
    return ada
