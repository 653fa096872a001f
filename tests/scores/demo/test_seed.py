"""What the demo starts from is made once, kept as it was changed since, and its owner's alone."""

import json
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from pytest_django import Settings

from scores.demo.cheats import CHEATS
from scores.demo.seed import ADMIN, CATALOGUE, EVERYBODY, FIRST_STEPS, ISSUER, PLAYERS, READER, Demo
from scores.models import Action, Score
from scores.receipts.signing import encode_public_key


@pytest.fixture
def demo(db: None, settings: Settings, tmp_path: Path) -> Demo:
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    demo = Demo(tmp_path / "demo")
    demo.seed()
    return demo


def test_everybody_can_sign_in_under_a_name_that_can_be_typed(demo: Demo) -> None:
    passwords = demo.read_passwords()
    assert passwords.keys() == EVERYBODY.keys()
    assert {score.user.username: score.name for score in Score.objects.select_related("user")} == EVERYBODY
    assert authenticate(username="amina", password=passwords["amina"]) == User.objects.get(username="amina")
    admin = authenticate(username=ADMIN, password=demo.read_admin_password())
    assert isinstance(admin, User)
    assert admin.is_superuser


def test_its_backend_may_sign_for_what_needs_a_receipt(demo: Demo, settings: Settings) -> None:
    registry = json.loads(Path(settings.RECEIPT_ISSUERS_FILE).read_text())
    assert registry[ISSUER]["keys"] == {"demo-1": encode_public_key(demo.read_key())}
    assert registry[ISSUER]["actions"] == {action.slug: action.most for action in CATALOGUE if action.most}
    assert {terms.slug: (terms.receipt_required, terms.takes_value) for terms in Action.objects.all()} == {
        action.slug: (action.most > 0, action.slug == "lap") for action in (*CATALOGUE, FIRST_STEPS)
    }


def test_a_second_start_keeps_what_is_there_and_makes_what_is_missing(demo: Demo) -> None:
    before = (demo.read_passwords(), demo.read_admin_password(), list(Score.objects.order_by("pk").values()))
    Action.objects.get(slug="daily-visit").delete()
    Action.objects.filter(slug="daily-quiz").update(points=11)
    demo.seed()
    assert (demo.read_passwords(), demo.read_admin_password(), list(Score.objects.order_by("pk").values())) == before
    assert Action.objects.count() == len(CATALOGUE) + 1
    assert Action.objects.get(slug="daily-quiz").points == 11


def test_its_files_are_its_owners_alone(demo: Demo) -> None:
    demo.open_log().close()
    assert demo.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in demo.folder.iterdir()} == dict.fromkeys(
        ["demo_issuer_key.pem", "demo_players.json", "demo_admin_password", "demo_server.log"], 0o600
    )


def test_what_is_the_readers_own_is_nobodys_whom_the_demo_plays() -> None:
    assert READER not in PLAYERS
    assert READER not in {cheat.username for cheat in CHEATS}
    assert FIRST_STEPS not in CATALOGUE
    assert (FIRST_STEPS.most, FIRST_STEPS.cooldown_seconds) == (0, 0)
