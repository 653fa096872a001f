"""What an operator can set: one table, and enough of it to tell how a command is used before anything is set."""

import os
import re

import pytest

from scoreboard_project.env import SETTINGS, provide_for_help


def test_each_variable_stands_once_and_says_in_sentences_what_it_does() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch("[A-Z][A-Z0-9_]+", name)] == []
    assert [setting.name for setting in SETTINGS if not setting.help.endswith(".")] == []


def test_a_secret_has_no_default_that_everybody_knows() -> None:
    # Of these the default is where the database of a first try lies.
    assert {setting.default for setting in SETTINGS if setting.secret} == {"", "sqlite:///var/scoreboard.sqlite3"}


@pytest.mark.parametrize("arguments", [[], ["help"], ["help", "serve"], ["void", "-h"], ["demo", "--help"]])
def test_help_starts_with_nothing_set(arguments: list[str]) -> None:
    variables: dict[str, str] = {}
    provide_for_help(variables, arguments)
    assert (variables.pop("ALLOWED_HOSTS"), variables.pop("LEDGER_KEYS_FILE")) == ("localhost", os.devnull)
    assert len({len(value) for value in variables.values()}) == 1
    assert len(set(variables.values())) == len(variables) == 2


@pytest.mark.parametrize("arguments", [["serve"], ["make_issuer", "--", "--help"], ["config", "--markdown"]])
def test_who_acts_gets_nothing(arguments: list[str]) -> None:
    variables: dict[str, str] = {}
    provide_for_help(variables, arguments)
    assert variables == {}


def test_what_is_set_stays_also_where_it_is_in_a_file() -> None:
    variables = {"SECRET_KEY": "own", "JWT_SIGNING_KEY_FILE": "/run/key", "ALLOWED_HOSTS": "a.example"}
    provide_for_help(variables, ["help"])
    assert variables == {
        "SECRET_KEY": "own",
        "JWT_SIGNING_KEY_FILE": "/run/key",
        "ALLOWED_HOSTS": "a.example",
        "LEDGER_KEYS_FILE": os.devnull,
    }
