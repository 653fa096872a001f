"""Bodies and keys that two readers could understand differently, or that no client of ours sends: refused, nothing written."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from audit.models import AuditEntry
from scores.models import Score
from tests.support.acting import UPDATE, make_receipt, read_problem, update

NothingWritten = Callable[[], AbstractContextManager[None]]
QUIZ = {"action": "daily-quiz"}

pytestmark = pytest.mark.usefixtures("no_traceback", "daily_quiz")

#: What stands where the slug belongs.
VALUES = {
    "1e309": b"1e309",
    "-1e309": b"-1e309",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "true": b"true",
    "null": b"null",
    "number": b"5",
    "float": b"5.0",
    "negative": b"-5",
    "zero": b"0",
    "2^63": b"9223372036854775808",
    "5000 digits": b"9" * 5000,
    "5000 digits of a float": b"9" * 5000 + b".5",
    "list": b'["daily-quiz"]',
    "object": b'{"slug": "daily-quiz"}',
    "lone surrogate": b'"\\ud800"',
    "reversed surrogates": b'"\\udc00\\ud800"',
    "NUL": b'"daily-quiz\\u0000"',
    "raw control character": b'"daily\x01quiz"',
    "bad escape": b'"\\x41"',
    "single quotes": b"'daily-quiz'",
    "empty text": b'""',
    "65 characters": b'"' + b"a" * 65 + b'"',
    "bad UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "nothing": b"",
}
#: What stands where the whole body belongs.
BODIES = {
    "empty": b"",
    "space": b" ",
    "NUL": b"\0",
    "BOM": b'\xef\xbb\xbf{"action": "daily-quiz"}',
    "UTF-16": '{"action": "daily-quiz"}'.encode("utf-16"),
    "UTF-16 without BOM": '{"action": "daily-quiz"}'.encode("utf-16-le"),
    "UTF-32": '{"action": "daily-quiz"}'.encode("utf-32"),
    "empty object": b"{}",
    "empty array": b"[]",
    "array": b'[{"action": "daily-quiz"}]',
    "text": b'"daily-quiz"',
    "number": b"5",
    "null": b"null",
    "true": b"true",
    "cut short": b'{"action": "daily-quiz"',
    "trailing comma": b'{"action": "daily-quiz",}',
    "comment": b'{"action": "daily-quiz"} // points',
    "two documents": b'{"action": "daily-quiz"}{"action": "daily-quiz"}',
    "unquoted key": b'{action: "daily-quiz"}',
    "100 000 brackets": b"[" * 100_000,
    "100 000 objects": b'{"action":' * 100_000,
    "100 000 brackets as the action": b'{"action": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "duplicate key": b'{"action": "daily-quiz", "action": "daily-quiz"}',
    "duplicate key, escaped": b'{"action": "daily-quiz", "\\u0061ction": "bug-bounty"}',
    "duplicate key inside": b'{"action": {"a": 1, "a": 1}}',
    "points": b'{"action": "daily-quiz", "points": 1000000}',
    "delta": b'{"action": "daily-quiz", "delta": 1}',
    "player": b'{"action": "daily-quiz", "player": "00000000-0000-4000-8000-000000000000"}',
    "unknown field": b'{"action": "daily-quiz", "note": ""}',
    "empty field name": b'{"action": "daily-quiz", "": 1}',
    "field in another case": b'{"Action": "daily-quiz"}',
    "field name with a surrogate": b'{"action": "daily-quiz", "\\ud800": 1}',
    "prototype": b'{"action": "daily-quiz", "__proto__": {"points": 5}}',
    "both": b'{"action": "daily-quiz", "receipt": "a.b.c"}',
    "both, one null": b'{"action": "daily-quiz", "receipt": null}',
    "receipt null": b'{"receipt": null}',
    "receipt number": b'{"receipt": 5}',
    "receipt empty": b'{"receipt": ""}',
    "receipt list": b'{"receipt": ["a.b.c"]}',
    "receipt object": b'{"receipt": {"jws": "a.b.c"}}',
    "receipt NUL": b'{"receipt": "a.b.c\\u0000"}',
    "receipt of 5000 characters": b'{"receipt": "' + b"a" * 5000 + b'"}',
    "form data as JSON": b"action=daily-quiz",
    "XML": b"<action>daily-quiz</action>",
}


@pytest.mark.parametrize("name", VALUES)
def test_an_action_that_is_no_plain_text_is_refused(token: str, nothing_written: NothingWritten, name: str) -> None:
    with nothing_written():
        response = update(b'{"action": ' + VALUES[name] + b"}", token=token, key="k")
    read_problem(response, 400, "invalid_body")


@pytest.mark.parametrize(
    "slug", ["5", "٥", "DAILY-QUIZ", "daily-quiz ", " daily-quiz", "daily‐quiz", "../daily-quiz", "' OR 1=1 --"]
)
def test_a_text_that_is_no_slug_of_the_catalogue_is_unknown(
    token: str, nothing_written: NothingWritten, slug: str
) -> None:
    with nothing_written():
        read_problem(update({"action": slug}, token=token, key="k"), 404, "unknown_action")


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_another_shape_is_refused(token: str, nothing_written: NothingWritten, name: str) -> None:
    with nothing_written():
        response = update(BODIES[name], token=token, key="k")
    read_problem(response, 400, "invalid_body")


def test_each_bad_field_is_named(token: str, nothing_written: NothingWritten) -> None:
    with nothing_written():
        problem = read_problem(update({**QUIZ, "points": 5, "note": ""}, token=token, key="k"), 400, "invalid_body")
    assert problem["errors"] == [
        {"field": "note", "detail": "Unknown field."},
        {"field": "points", "detail": "Unknown field."},
    ]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/json",
        "application/jsonx",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        'application/json; charset="iso-8859-1"',
        "application/json, text/plain",
        "json",
        "*/*",
    ],
)
def test_another_content_type_is_refused(token: str, nothing_written: NothingWritten, content_type: str) -> None:
    with nothing_written():
        response = update(QUIZ, token=token, key="k", content_type=content_type)
    read_problem(response, 415, "unsupported_media_type")


def test_no_content_type_is_refused(token: str, nothing_written: NothingWritten) -> None:
    with nothing_written():
        read_problem(update(QUIZ, token=token, key="k", content_type=""), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "APPLICATION/JSON",
        "application/json ; a=b",
    ],
)
def test_json_in_utf8_is_read_however_it_is_announced(token: str, content_type: str) -> None:
    assert update(QUIZ, token=token, key="k", content_type=content_type).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "garbage", "application/json;q=0"])
def test_the_answer_is_json_whatever_is_asked_for(token: str, accept: str) -> None:
    response = update(QUIZ, token=token, key="k", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    read_problem(update(QUIZ, token=token, headers={"Accept": accept}), 400, "idempotency_key_required")


def test_a_method_override_overrides_nothing(token: str, nothing_written: NothingWritten) -> None:
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "X-HTTP-Method-Override": "PATCH"}
    with nothing_written():
        response = client.post(f"{UPDATE}?_method=PATCH", QUIZ, "application/json", headers=headers)
    read_problem(response, 405, "method_not_allowed")


KEYS = {
    "empty": "",
    "256 characters": "k" * 256,
    "256 quoted": f'"{"k" * 256}"',
    "space": "a b",
    "only a space": " ",
    "tab": "a\tb",
    "control character": "a\x01b",
    "DEL": "a\x7fb",
    "NUL": "a\0b",
    "not ASCII": "schlüssel",
    "beyond latin-1": "ключ",
    "inner quote": 'a"b',
    "backslash": "a\\b",
    "one quote": '"a',
    "other quote": 'a"',
    "empty quotes": '""',
    "three quotes": '"""',
    "list": '"a", "b"',
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_out_of_form_is_refused(token: str, nothing_written: NothingWritten, name: str) -> None:
    with nothing_written():
        response = update(QUIZ, token=token, key=KEYS[name])
    read_problem(response, 400, "invalid_idempotency_key")


def test_a_missing_key_is_asked_for(token: str, nothing_written: NothingWritten) -> None:
    with nothing_written():
        read_problem(update(QUIZ, token=token), 400, "idempotency_key_required")


@pytest.mark.parametrize(
    "key", ["k", "k" * 255, f'"{"k" * 255}"', "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "٥".encode().hex()]
)
def test_visible_ascii_is_a_key(token: str, key: str) -> None:
    assert update(QUIZ, token=token, key=key).json()["replayed"] is False


def test_the_agent_is_kept_without_what_cannot_be_printed_and_cut(player: Score, token: str) -> None:
    agent = "Agent\x1b[31m/1" + "x" * 300
    assert update({"receipt": make_receipt(player)}, token=token, headers={"User-Agent": agent}).status_code == 200
    entry = AuditEntry.objects.get(player=player.pk)
    assert (entry.context or {})["agent"] == ("Agent[31m/1" + "x" * 300)[:256]
