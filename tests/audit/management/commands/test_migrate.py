"""manage.py migrate: Django's own, silent about roles where there are none."""

import pytest

from tests.support.commands import call

pytestmark = pytest.mark.django_db


def test_it_says_what_django_says_and_of_roles_only_where_there_are_some() -> None:
    said = call("migrate")
    assert said.splitlines()[-1].strip() == "No migrations to apply."
    assert "scoreboard_app" not in said
    assert call("migrate", "--verbosity", "0") == ""


def test_a_look_at_what_is_to_be_done_does_nothing() -> None:
    assert call("migrate", "--plan") == "Planned operations:\n  No planned migration operations.\n"
    assert call("migrate", "--check") == ""
