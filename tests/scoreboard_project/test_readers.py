"""The environment is read once, and what makes no sense stops with a sentence that does not repeat a secret."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from scoreboard_project.readers import Environment, is_collected, make_once

Read = Callable[[Environment], Any]


def environment(**variables: str) -> Environment:
    return Environment(variables, Path("/nowhere"))


def test_what_is_not_set_has_the_default_of_the_table() -> None:
    bare = environment()
    assert bare.text("SCORE_UPDATE_RATE") == bare.rate("SCORE_UPDATE_RATE") == "60/m"
    assert (bare.flag("DEBUG"), bare.flag("JWT_NAME_FOLLOWS"), bare.flag("DEBUG", default=True)) == (False, True, True)
    assert (bare.number("TRUSTED_PROXIES", maximum=10), bare.items("ALLOWED_HOSTS"), bare.valkey()) == (0, [], "")
    assert environment(SCORE_UPDATE_RATE=" ").text("SCORE_UPDATE_RATE") == "60/m"


@pytest.mark.parametrize(
    ("variables", "read", "value"),
    [
        ({"DEBUG": "Yes"}, lambda env: env.debug, True),
        ({"ALLOWED_HOSTS": " a.example ,b.example,"}, lambda env: env.hosts("ALLOWED_HOSTS"), ["a.example", "b.example"]),
        ({"READ_RATE": "0"}, lambda env: env.rate("READ_RATE"), None),
        ({"READ_RATE": "5/10s"}, lambda env: env.rate("READ_RATE"), "5/10s"),
        ({"ALLOWED_ORIGINS": "HTTPS://A.example,null"}, lambda env: env.origins("ALLOWED_ORIGINS", opaque=True), [
            "https://a.example", "null",
        ]),
        ({"SITE_TITLE": " Quiz night "}, lambda env: env.line("SITE_TITLE", maximum=60), "Quiz night"),
        ({"SITE_LOGO": " "}, lambda env: env.picture("SITE_LOGO"), None),
        ({"SITE_ACCENT": "#0B6848, #63d2a2"}, lambda env: env.colours("SITE_ACCENT", maximum=2), ["#0b6848", "#63d2a2"]),
        ({"LOG_FORMAT": "json"}, lambda env: env.choice("LOG_FORMAT", ("text", "json")), "json"),
    ],
)  # fmt: skip
def test_what_is_set_is_read_in_its_type(variables: dict[str, str], read: Read, value: Any) -> None:
    assert read(environment(**variables)) == value


@pytest.mark.parametrize(
    ("variables", "read", "sentence"),
    [
        ({"DEBUG": "maybe"}, lambda env: env.debug, "DEBUG must be on or off, not 'maybe'."),
        (
            {"TRUSTED_PROXIES": "٣"},
            lambda env: env.number("TRUSTED_PROXIES", maximum=10),
            "TRUSTED_PROXIES must be a whole number from 0 to 10, not '٣'.",
        ),
        (
            {"TRUSTED_PROXIES": "11"},
            lambda env: env.number("TRUSTED_PROXIES", maximum=10),
            "TRUSTED_PROXIES must be a whole number from 0 to 10, not '11'.",
        ),
        (
            {"LOG_FORMAT": "xml"},
            lambda env: env.choice("LOG_FORMAT", ("text", "json")),
            "LOG_FORMAT must be one of text, json, not 'xml'.",
        ),
        (
            {"READ_RATE": "60/w"},
            lambda env: env.rate("READ_RATE"),
            "READ_RATE must look like 60/m (COUNT per s, m, h or d) or be 0 for no limit, not '60/w'.",
        ),
        (
            {"EMBED_ORIGINS": "null"},
            lambda env: env.origins("EMBED_ORIGINS"),
            "EMBED_ORIGINS holds 'null'; an origin looks like https://example.org or https://example.org:8443.",
        ),
        (
            {"SITE_TITLE": "Quiz\u2028night"},
            lambda env: env.line("SITE_TITLE", maximum=60),
            r"SITE_TITLE must be at most 60 characters in one line, not 'Quiz\u2028night'.",
        ),
        (
            {"SITE_ACCENT": "green"},
            lambda env: env.colours("SITE_ACCENT", maximum=2),
            "SITE_ACCENT holds 'green'; a colour looks like #0b6848.",
        ),
        (
            {"SITE_ACCENT": "#000000,#000000,#000000"},
            lambda env: env.colours("SITE_ACCENT", maximum=2),
            "SITE_ACCENT holds 3 colours; it takes at most 2.",
        ),
        (
            {"SITE_LOGO": "/nowhere"},
            lambda env: env.picture("SITE_LOGO"),
            "SITE_LOGO names /nowhere, which cannot be read: [Errno 2] No such file or directory: '/nowhere'.",
        ),
        (
            {"SITE_LOGO": __file__},
            lambda env: env.picture("SITE_LOGO"),
            f"SITE_LOGO names {__file__}, which is neither SVG nor PNG.",
        ),
        (
            {"SECRET_KEY": "one", "SECRET_KEY_FILE": "/two"},
            lambda env: env.text("SECRET_KEY"),
            "Set SECRET_KEY or SECRET_KEY_FILE, not both.",
        ),
        (
            {"SECRET_KEY": "short"},
            lambda env: env.secret("SECRET_KEY", minimum_bytes=50),
            "SECRET_KEY is too short: it needs at least 50 bytes.",
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(variables: dict[str, str], read: Read, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        read(environment(**variables))
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("variables", "read"),
    [
        ({"DATABASE_URL": "postgresql://ada:open/sesame@h/db"}, lambda env: env.database()),
        ({"DATABASE_URL": "postgresql://ada:sesame@h1,/db"}, lambda env: env.database()),
        ({"REDIS_URL": "redis://:sesame@host:port/0"}, lambda env: env.valkey()),
        ({"REDIS_URL": "sesame"}, lambda env: env.valkey()),
    ],
)
def test_an_address_that_is_none_is_not_repeated(variables: dict[str, str], read: Read) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        read(environment(**variables))
    [name] = variables
    assert str(raised.value).startswith(name)
    assert "sesame" not in str(raised.value)


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("x" * 50 + "\n")
    assert environment(SECRET_KEY_FILE=str(path)).secret("SECRET_KEY", minimum_bytes=50) == "x" * 50
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY_FILE names /nowhere, which cannot be read"):
        environment(SECRET_KEY_FILE="/nowhere").text("SECRET_KEY")


def test_in_development_a_missing_secret_is_made_once_and_in_production_never(tmp_path: Path) -> None:
    var = tmp_path / "var"
    development, production = Environment({"DEBUG": "1"}, var), Environment({}, var)
    made = development.secret("SECRET_KEY", minimum_bytes=50)
    assert development.secret("SECRET_KEY", minimum_bytes=50) == made
    assert (var.stat().st_mode & 0o777, (var / "secret_key").stat().st_mode & 0o777) == (0o700, 0o600)
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not set\."):
        production.secret("SECRET_KEY", minimum_bytes=50)
    made = development.generated_file("LEDGER_KEYS_FILE", "keys.json", lambda: "{}")
    assert (made, Path(made).read_text()) == (str(var / "keys.json"), "{}")
    assert production.generated_file("LEDGER_KEYS_FILE", "keys.json", lambda: "{}") == ""


def test_of_two_that_make_a_file_one_does_and_neither_leaves_a_draft(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert [make_once(path, text) for text in ("first", "second")] == [True, False]
    assert (path.read_text(), list(tmp_path.iterdir())) == ("first", [path])


def test_static_files_are_collected_once_none_has_changed_since(tmp_path: Path) -> None:
    source, root = tmp_path / "source", tmp_path / "collected"
    (source / "deep").mkdir(parents=True)
    root.mkdir()
    (source / "deep" / "board.js").write_text("")
    assert not is_collected(root, [source])
    manifest = root / "staticfiles.json"
    manifest.write_text("{}")
    assert is_collected(root, [source])
    os.utime(source / "deep" / "board.js", (manifest.stat().st_mtime + 1,) * 2)
    assert not is_collected(root, [source])


@pytest.mark.parametrize(
    ("url", "hosts", "ports", "attributes"),
    [
        ("postgresql://u:p@h1,h2:5433/db", "h1,h2", "5432,5433", "read-write"),
        ("postgresql://u:p@h1%2Ch2/db", "h1,h2", "5432,5432", "read-write"),
        ("postgresql://u@[::1]:6000,127.0.0.1/db?target_session_attrs=any", "::1,127.0.0.1", "6000,5432", "any"),
        ("postgresql://u:p,q@h1/db", "h1", "", None),
    ],
)
def test_the_hosts_of_a_database(url: str, hosts: str, ports: str, attributes: str | None) -> None:
    database = environment(DATABASE_URL=url).database()
    assert (database["HOST"], str(database["PORT"])) == (hosts, ports)
    assert database["OPTIONS"].get("target_session_attrs") == attributes
    assert (database["USER"], database["NAME"]) == ("u", "db")
