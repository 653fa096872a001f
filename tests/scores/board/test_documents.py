"""What readers are answered is a text with a tag, which tells whether a client has it."""

import json

import pytest

from scores.board.documents import is_known, write_document, write_etag

pytestmark = pytest.mark.any_database


def test_a_document_is_compact_json_in_the_order_given() -> None:
    document = write_document({"name": "Zoë", "players": 1})
    assert (document.body, document.keep_seconds) == ('{"name":"Zoë","players":1}', 1)


def test_the_time_of_the_reading_stands_first_and_is_not_in_the_tag() -> None:
    content = {"players": 1}
    first, second = (write_document(content, as_of=as_of, keep_seconds=60) for as_of in ("noon", "night"))
    assert json.loads(first.body) == {"as_of": "noon", "players": 1}
    assert first.body.startswith('{"as_of":"noon",')
    assert (first.etag, first.keep_seconds) == (second.etag, 60)
    assert write_document({"players": 2}, as_of="noon").etag != first.etag


def test_a_tag_is_half_of_the_hash_in_quotes() -> None:
    assert write_etag("0123456789abcdef" * 4) == '"0123456789abcdef0123456789abcdef"'


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', '"b","a"', "*"])
def test_a_client_has_what_it_names(header: str) -> None:
    assert is_known('"a"', header)


@pytest.mark.parametrize("header", ["", "a", '"ab"', '"b"', "garbage"])
def test_a_client_has_nothing_else(header: str) -> None:
    assert not is_known('"a"', header)
