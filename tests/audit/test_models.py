"""An entry tells its time to the microsecond and whether a receipt proves it; the database lets in no number that cannot be."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.checkpoints import sign_checkpoints
from audit.models import AuditEntry, Checkpoint, CheckpointHead
from tests.support.chains import grow

PLAYER = UUID(int=1)


def make_entry(**changes: Any) -> AuditEntry:
    fields = {
        "player": PLAYER, "seq": 1, "kid": "k", "kind": "award", "delta": 10, "balance": 10, "action": "daily-quiz",
        "ref": None, "actor": "system", "at_us": 1_763_910_000_123_456, "detail": "", "prev": "", "mac": "", "context": {},
    }  # fmt: skip
    return AuditEntry(**{**fields, **changes})


def test_an_entry_tells_itself() -> None:
    assert str(make_entry(delta=-5, kind="void", seq=7)) == f"void -5 ({PLAYER} #7)"
    assert make_entry().at == datetime(2025, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(("ref", "verified"), [("r:issuer:jti", True), ("k:player:hash", False), (None, False)])
def test_what_a_receipt_proves_is_verified(ref: str | None, verified: bool) -> None:
    assert make_entry(ref=ref).verified is verified


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 0},
        {"balance": -1, "delta": -1},
        {"balance": 2**53},
        {"balance": 5},
        {"value": 2**53},
        {"value": -(2**53)},
    ],
    ids=[
        "no number",
        "below nothing",
        "above what clients count",
        "less than was given",
        "a value too large",
        "a value too small",
    ],
)
def test_the_database_refuses_numbers_that_cannot_be(changes: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_entry(**changes).save(force_insert=True)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("value", [None, 0, 2**53 - 1, -(2**53 - 1)])
def test_a_value_is_kept_as_it_is_and_stays_when_a_context_is_erased(value: int | None) -> None:
    make_entry(value=value).save(force_insert=True)
    rows = AuditEntry.objects.filter(player=PLAYER)
    for other in {None, 1} - {value}:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(context=None, value=other)
    rows.update(context=None)
    assert list(rows.values_list("value", "context")) == [(value, None)]


@pytest.mark.django_db
def test_a_place_in_a_chain_and_a_reference_are_taken_once() -> None:
    make_entry(ref="r:issuer:one").save(force_insert=True)
    for changes in ({"ref": "r:issuer:two"}, {"seq": 2, "ref": "r:issuer:one"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_entry(**changes).save(force_insert=True)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("model", [AuditEntry, Checkpoint, CheckpointHead])
def test_the_database_refuses_to_change_or_remove_what_was_written(db: None, model: type) -> None:
    grow(uuid4())
    sign_checkpoints()
    rows = model.objects  # type: ignore[attr-defined]
    connection.check_constraints()  # those that wait for the end of the transaction
    before = list(rows.order_by("pk").values())
    column = "jws" if model is Checkpoint else "mac"
    acts = [lambda: rows.update(**{column: "x"}), lambda: rows.all()._raw_delete("default")]
    if connection.vendor == "postgresql":
        acts.append(lambda: connection.cursor().execute(f"TRUNCATE {model._meta.db_table} CASCADE"))  # type: ignore[attr-defined]
    for act in acts:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    assert list(rows.order_by("pk").values()) == before
