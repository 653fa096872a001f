"""A log line is one line, as text or as JSON, whatever is in it."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from scores.http.logs import ClientFaults, JSONFormatter, TextFormatter, current_request_id, escape


def make_record(
    message: str, *, name: str = "scores", fault: Exception | None = None, **extra: object
) -> logging.LogRecord:
    exc_info = None
    if fault is not None:
        try:
            raise fault
        except type(fault):
            exc_info = sys.exc_info()
    record = logging.LogRecord(name, logging.ERROR, "", 0, message, (), exc_info)
    record.created = 1_795_521_600.123
    record.__dict__.update(extra)
    return record


@pytest.fixture
def _within_a_request() -> Iterator[None]:
    token = current_request_id.set("mine-1")
    yield
    current_request_id.reset(token)


@pytest.mark.usefixtures("_within_a_request")
def test_a_line_says_when_how_bad_where_for_whom_and_what() -> None:
    assert TextFormatter().format(make_record("awarded")) == "2026-11-24T12:00:00.123Z ERROR scores mine-1 awarded"


def test_outside_of_a_request_there_is_no_id() -> None:
    assert TextFormatter().format(make_record("started")) == "2026-11-24T12:00:00.123Z ERROR scores started"
    assert "request_id" not in json.loads(JSONFormatter().format(make_record("started")))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain Ünïcode", "plain Ünïcode"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\u2028", "\\u2028"),
    ],
)
def test_nothing_ends_a_line_or_moves_a_cursor(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_only_the_first_line_of_a_traceback_begins_at_the_margin() -> None:
    first, *rest = TextFormatter().format(make_record("failed", fault=ValueError("a\nERROR forged"))).splitlines()
    assert first.endswith("ERROR scores failed")
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-2:] == ["    ValueError: a", "    ERROR forged"]


@pytest.mark.usefixtures("_within_a_request")
def test_json_has_the_fields_of_an_update_for_themselves() -> None:
    assert json.loads(JSONFormatter().format(make_record("awarded", fields={"player": "ada", "delta": 0}))) == {
        "time": "2026-11-24T12:00:00.123Z", "level": "ERROR", "logger": "scores", "request_id": "mine-1",
        "message": "awarded", "player": "ada", "delta": 0,
    }  # fmt: skip
    line = JSONFormatter().format(make_record("failed", fault=ValueError("a\nb")))
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: a\nb")


def test_what_django_takes_for_an_attack_is_a_warning_without_a_traceback() -> None:
    attack = make_record("Too many fields", name="django.security.TooManyFieldsSent", fault=ValueError("x"))
    own = make_record("failed", name="django.request", fault=ValueError("x"))
    assert ClientFaults().filter(attack)
    assert ClientFaults().filter(own)
    assert (attack.levelname, attack.exc_info) == ("WARNING", None)
    assert own.levelname == "ERROR"
    assert own.exc_info is not None
