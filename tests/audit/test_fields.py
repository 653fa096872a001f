"""Columns that take less room on PostgreSQL: the application sees no difference, and indexes answer."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from audit import chain
from audit.changelist import search
from audit.fields import HexField, select_column
from audit.models import AuditEntry
from tests.support.chains import grow

pytestmark = pytest.mark.django_db

HASH = "0123456789abcdef" * 4


def entry(**values: Any) -> AuditEntry:
    """A row that proves nothing."""
    plain = {"kid": "k", "kind": "award", "delta": 0, "balance": 0, "actor": "system", "at_us": 0, "detail": HASH}
    return AuditEntry.objects.create(player=uuid4(), seq=1, **{**plain, "prev": "", "mac": HASH, **values})


def explain(entries: QuerySet[AuditEntry]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as queries:
            list(entries)
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_hash_is_what_was_written_and_found_by_it() -> None:
    made = entry()
    assert (made.mac, made.prev) == (HASH, "")
    made.refresh_from_db()
    assert (made.detail, made.prev, made.mac) == (HASH, "", HASH)
    assert AuditEntry.objects.values_list("mac", "prev").get(mac=HASH) == (HASH, "")
    assert not AuditEntry.objects.filter(mac=HASH[:-1] + "0").exists()


@pytest.mark.parametrize("text", ["", "x", HASH.upper(), HASH[:-1], "\\x00", "é"])
def test_what_is_no_hash_finds_none(text: str) -> None:
    entry()
    assert not AuditEntry.objects.filter(mac=text).exists()


@pytest.mark.postgresql
def test_a_hash_takes_half_the_room_of_its_hex() -> None:
    entry()
    with connection.cursor() as cursor:
        cursor.execute("SELECT octet_length(detail), octet_length(prev), octet_length(mac) FROM audit_auditentry")
        assert cursor.fetchall() == [(32, 0, 32)]


def test_hand_written_sql_reads_it_as_the_application_does() -> None:
    entry()
    names = ("mac", "seq")
    columns = (select_column(AuditEntry._meta.get_field(name), "entry", connection.vendor) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM audit_auditentry entry")  # noqa: S608 - our own columns
        assert cursor.fetchall() == [(HASH, 1)]


def test_every_hash_of_an_entry_is_kept_so() -> None:
    kept = {field.name for field in AuditEntry._meta.get_fields() if isinstance(field, HexField)}
    head = grow(player := uuid4(), None)
    last = AuditEntry.objects.get(player=player)
    hashes = {name for name in chain.SEALED_FIELDS if len(str(getattr(last, name))) == len(head.mac)}
    assert kept == hashes | {"prev", "mac"}


@pytest.mark.parametrize("ref", ["k:a", "r:issuer:back\\slash", "r:issuer:%", "r:ünïcode:1", "k:" + "x" * 398])
def test_a_reference_is_found_and_is_there_once(ref: str) -> None:
    made = entry(ref=ref)
    entry(ref=f"{ref[:-1]}y")
    for _ in range(3):
        entry(ref=None)
    assert AuditEntry.objects.get(ref=ref) == made
    assert [*AuditEntry.objects.filter(ref__in=[ref, "v:none"])] == [made]
    assert not AuditEntry.objects.filter(ref=f"{ref[:-1]}z").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        entry(ref=ref)
    assert AuditEntry.objects.filter(ref__isnull=False).count() == 2


def test_references_compare_with_columns_as_texts_do() -> None:
    made = entry(ref="k:a", action="k:a")
    entry(ref="k:b", action="k:a")
    assert AuditEntry.objects.get(ref=F("action")) == made


@pytest.mark.postgresql
def test_references_and_requests_are_found_by_index() -> None:
    entry(ref="k:a", context={"request": "r"})
    entries = AuditEntry.objects.order_by()
    assert "audit_entry_ref" in explain(entries.filter(ref="k:a"))
    assert "audit_entry_ref" in explain(entries.filter(ref__in=["k:a", "k:b"]))
    assert "audit_entry_request" in explain(search(entries, "r"))
