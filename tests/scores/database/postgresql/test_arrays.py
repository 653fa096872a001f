"""Columns arrive at PostgreSQL as what they are of, and as psycopg would have handed them over itself."""

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scores.database.postgresql.arrays import WRITERS, Column, ColumnDumper
from tests.support.servers import PostgreSQL

pytestmark = pytest.mark.postgresql

BIGGEST = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
VALUES = {
    "uuid": st.uuids(),
    "text": TEXTS,
    "bigint": st.integers(-BIGGEST - 1, BIGGEST),
    "bytea": st.binary().map(bytes.hex),
    # From the year 1 to the end of 9999, which is all that Python can tell.
    "timestamptz": st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    "jsonb": st.dictionaries(TEXTS, TEXTS),
}


@pytest.fixture(scope="module")
def cursor(postgresql: PostgreSQL):
    with psycopg.connect(postgresql.database_url("postgres"), autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        cursor = connection.cursor()
        cursor.adapters.register_dumper(Column, ColumnDumper)
        yield cursor


def read_back(cursor: psycopg.Cursor, column: Column) -> list[object]:
    query = f"SELECT * FROM unnest(%b::{column.kind}[]) WITH ORDINALITY ORDER BY 2"  # noqa: S608 - a type of ours
    cursor.execute(query.encode(), [column])
    return [value for value, _ in cursor.fetchall()]


def as_read(kind: str, value: object) -> object:
    """What psycopg gives for it."""
    if kind == "bytea" and isinstance(value, str):
        return bytes.fromhex(value)
    if kind == "timestamptz" and isinstance(value, int):
        return EPOCH + timedelta(microseconds=value)
    return value


def test_each_type_that_can_be_written_is_tested() -> None:
    assert VALUES.keys() == WRITERS.keys()


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_values_arrive_in_order_and_none_is_null(cursor: psycopg.Cursor, kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(VALUES[kind] | st.none(), max_size=50))
    assert read_back(cursor, Column(kind, values)) == [as_read(kind, value) for value in values]


def test_the_bytes_are_those_of_psycopg(cursor: psycopg.Cursor) -> None:
    players = [UUID(int=1), None, UUID(int=2**128 - 1)]
    cursor.execute("SELECT array_send(%b::uuid[]), array_send(%b::uuid[])", [Column("uuid", players), players])
    ours, theirs = cursor.fetchone() or ("", None)
    assert ours == theirs


def test_an_empty_column_is_an_empty_array(cursor: psycopg.Cursor) -> None:
    cursor.execute("SELECT %s::bigint[] = '{}', 1 = ANY(%s::bigint[])", [Column("bigint", []), Column("bigint", [])])
    assert cursor.fetchone() == (True, False)


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        ("bigint", BIGGEST + 1, struct.error),
        ("bytea", "no hex", ValueError),
        ("uuid", "no uuid", AttributeError),
        ("text", 1, TypeError),
        ("jsonb", {1, 2}, TypeError),
    ],
)
def test_what_is_not_of_its_type_is_never_sent(
    cursor: psycopg.Cursor, kind: str, value: object, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        read_back(cursor, Column(kind, [value]))
    assert read_back(cursor, Column(kind, [])) == []
