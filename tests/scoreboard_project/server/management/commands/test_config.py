"""manage.py config: every setting, no secret, and what is wrong."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from scoreboard_project.env import SETTINGS
from tests.support.processes import ROOT


def read_config() -> dict[str, str]:
    out = StringIO()
    try:
        call_command("config", stdout=out)
    finally:
        lines = [line for line in out.getvalue().splitlines() if " = " in line and not line.startswith(" ")]
    return dict(line.split(" = ", 1) for line in lines)


@pytest.fixture
def _sound(db: None, settings: Settings) -> None:
    """The tests' settings but for what a public site has on."""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True


@pytest.mark.usefixtures("_sound")
def test_every_setting_is_told_and_no_secret() -> None:
    values = read_config()
    assert list(values) == [setting.name for setting in SETTINGS]
    assert values["SECRET_KEY"] == values["JWT_SIGNING_KEY"] == values["DATABASE_URL"] == "(set)"
    assert values["LEDGER_KEYS_FILE"] == os.environ["LEDGER_KEYS_FILE"]
    assert (values["DEBUG"], values["SCORE_UPDATE_RATE"], values["EMBED_ORIGINS"]) == ("off", "60/m", "(not set)")
    secrets = [os.environ[name] for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "DATABASE_URL")]
    assert not any(secret in value for secret in secrets for value in values.values())


def test_a_switch_is_shown_as_it_is_in_force_though_its_default_is_a_sentence() -> None:
    variables = {name: value for name, value in os.environ.items() if name != "HTTPS_ONLY"}
    for debug, shown in {"on": "off", "off": "on"}.items():
        done = subprocess.run(
            [sys.executable, "manage.py", "config"], cwd=ROOT, env={**variables, "DEBUG": debug}, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        assert f"HTTPS_ONLY = {shown}\n" in done.stdout


@pytest.mark.usefixtures("_sound")
def test_what_is_wrong_is_told_in_sentences(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "issuers.json").write_text('{"quiz": {}}', encoding="utf-8")
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    settings.LEDGER_KEYS_FILE = str(tmp_path / "nowhere.json")
    settings.SESSION_COOKIE_SECURE = False
    with pytest.raises(CommandError) as refusal:
        read_config()
    first, *faults = str(refusal.value).split("\n- ")
    assert first == "What is wrong:"
    assert len(faults) == 3
    assert faults[0].endswith("(security.W012)")
    assert faults[1].startswith("LEDGER_KEYS_FILE names ")
    assert faults[2].startswith("RECEIPT_ISSUERS_FILE (")


def test_settings_that_cannot_be_read_end_it_with_a_sentence() -> None:
    environment = {**os.environ, "SCORE_UPDATE_RATE": "often"}
    command = [sys.executable, "manage.py", "config"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Configuration: SCORE_UPDATE_RATE must look like 60/m (COUNT per s, m, h or d) or be 0 for no limit, not 'often'.\n"
    )
