"""JSON that two readers could understand differently is refused, each kind with its sentence."""

from typing import Any

import pytest

from audit.strict_json import loads


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"a": 1, "a": 1}', "The body holds a key twice."),
        (b'{"a": {"b": 1, "b": 2}}', "The body holds a key twice."),
        (b"NaN", "NaN is not JSON."),
        (b"[-Infinity]", "-Infinity is not JSON."),
        (b"1e999", "The body holds a number out of range."),
        (b'"\\ud800"', "The body holds a lone surrogate."),
        (b'{"a": ["\\u0000"]}', "The body holds the character U+0000."),
        (b'{"a\\u0000": 1}', "The body holds the character U+0000."),
        (b"\xff", "The body is not UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a": 1', "The body is not JSON: Expecting ',' delimiter at character 7."),
        (b"", "The body is not JSON: Expecting value at character 0."),
    ],
)
def test_what_is_doubtful_is_refused_with_its_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the sentence is compared below
        loads(data)
    assert str(raised.value) == sentence


def test_a_byte_order_mark_and_digits_without_end_are_refused() -> None:
    for data in (b"\xef\xbb\xbf{}", b"1" * 5000):
        with pytest.raises(ValueError, match=r"."):
            loads(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "\xc3\xbc"]}', {"a": [1, 2.5, True, None, "ü"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),
        (b" 0 ", 0),
    ],
)
def test_what_everybody_reads_alike_is_its_value(data: bytes, value: Any) -> None:
    assert loads(data) == value
