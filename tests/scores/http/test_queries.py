"""A query is read strictly: whatever is not exactly a parameter of its route is refused by its name."""

from uuid import UUID

import pytest
from django.test import RequestFactory

from scores.errors import InvalidQuery
from scores.http.queries import MAXIMUM_LENGTH, read_number, read_player, read_query

pytestmark = pytest.mark.any_database


def read(query: str) -> dict[str, str]:
    request = RequestFactory().get("/")
    request.META["QUERY_STRING"] = query
    return read_query(request, "name", "limit")


def test_what_is_known_is_read() -> None:
    assert read("") == {}
    assert read("name=ada&limit=10") == {"name": "ada", "limit": "10"}
    assert read("name=Zo%C3%AB+M%26") == {"name": "Zoë M&"}
    assert read("name=Zo\u00c3\u00ab") == {"name": "Zoë"}  # sent bare, and read by the server byte by byte


@pytest.mark.parametrize(
    "query",
    [
        *(
            "other=1",
            "name=a&other=1",
            "Name=a",
            "name=a&name=a",
            "limit=1&limit=2",
            "name=",
            "name",
            "=a",
            "&",
            "name=a&",
        ),
        *("name=%00", "name=a%00b", "name=%FF", "name=%C3", "name=\u00ff", "%00=a", "name=%ED%A0%80"),
        f"name={'a' * MAXIMUM_LENGTH}",
    ],
)
def test_what_is_unknown_doubled_empty_or_no_text_is_refused(query: str) -> None:
    with pytest.raises(InvalidQuery):
        read(query)


def test_the_parameter_at_fault_is_named() -> None:
    for query, field in (("x=1", "x"), ("limit=1&limit=1", "limit"), ("name=", "name"), (f"{'x' * 90}=1", "x" * 64)):
        with pytest.raises(InvalidQuery) as refusal:
            read(query)
        assert [error["field"] for error in refusal.value.errors] == [field]


def test_a_number_is_whole_and_within_its_bounds() -> None:
    assert read_number({}, "limit", maximum=100) is None
    assert [read_number({"limit": text}, "limit", maximum=100) for text in ("1", "10", "100")] == [1, 10, 100]


@pytest.mark.parametrize(
    "text",
    ["0", "101", "-1", "+1", "1.0", "1e1", " 1", "1 ", "1\n", "01", "0x1", "1_0", "１", "٣", "9" * 17, "9" * 2000, "x"],
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(InvalidQuery) as refusal:
        read_number({"limit": text}, "limit", maximum=100)
    assert refusal.value.errors == [{"field": "limit", "detail": "A whole number from 1 to 100."}]


def test_a_player_is_an_id_as_it_is_written_everywhere() -> None:
    player = UUID("6f1d9c1e-4f0a-4b57-9a57-0d3f6c7c2b11")
    assert read_player(str(player)) == player
    for text in (
        str(player).upper(),
        player.hex,
        f"{{{player}}}",
        f"urn:uuid:{player}",
        f"{player} ",
        f"{player}\n",
        "",
        "x",
    ):
        assert read_player(text) is None
