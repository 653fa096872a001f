"""Rows written at once are those that would have come one by one, whatever is in them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from audit.models import AuditEntry
from scores.database.bulk import insert_rows, update_rows
from scores.models import Score, Standing
from tests.support.acting import make_player

pytestmark = pytest.mark.django_db
ADA = UUID(int=1)
STRANGE = "tab\t, line\nend\r, back\\slash, \\N, \\., 'quotes\", ümlaut 🏴‍☠️"


def make_entry(seq: int, **columns: object) -> AuditEntry:
    return AuditEntry(
        player=ADA, seq=seq, kind="import", delta=3, balance=3 * seq, actor="system", at_us=seq, **columns
    )


def test_every_type_and_every_text_comes_back_as_it_went_in() -> None:
    rows = [
        make_entry(1, context={"source": STRANGE, "salt": "0"}, ref=f"i:{STRANGE}", action=""),
        make_entry(2, context=None, ref=None, value=-(2**53) + 1, action="\\N"),
    ]
    insert_rows(rows)
    columns = [field.attname for field in AuditEntry._meta.concrete_fields]
    stored = AuditEntry.objects.order_by("seq").values_list(*columns)
    assert list(stored) == [tuple(getattr(row, name) for name in columns) for row in rows]


def test_keys_that_the_database_makes_are_set_and_go_on() -> None:
    users = [User(username=name, password="!") for name in ("ada", STRANGE[:100])]
    insert_rows(users)
    later = User.objects.create(username="later")
    assert [User.objects.get(username=user.username).pk for user in users] == [user.pk for user in users]
    assert len({later.pk, *(user.pk for user in users)}) == 3


def test_rows_of_a_key_of_two_columns_are_inserted() -> None:
    reached_at = datetime(2026, 11, 27, 1, 2, 3, 4, tzinfo=UTC)
    insert_rows([Standing(player_id=ADA, period_id=0, points=-5, reached_at=reached_at, seq=1, hidden=True)])
    row = Standing.objects.get(player=ADA)
    assert (row.period_id, row.points, row.reached_at, row.seq, row.hidden) == (0, -5, reached_at, 1, True)


def test_a_row_that_is_there_refuses_all() -> None:
    insert_rows([make_entry(1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([make_entry(2), make_entry(1)])
    assert AuditEntry.objects.count() == 1


def test_no_rows_are_nothing_to_write() -> None:
    insert_rows([])
    update_rows([], ["points"])


def test_only_the_named_fields_of_the_given_rows_are_written() -> None:
    ada, bea, cyd = (make_player(name) for name in ("Ada", "Bea", "Cyd"))
    reached_at = datetime(2026, 11, 27, 1, 2, 3, 4, tzinfo=UTC)
    for score, points in ((ada, 5), (cyd, 7)):
        score.points, score.seq, score.head, score.reached_at, score.name = points, 1, STRANGE, reached_at, "Eve"
    update_rows([ada, cyd], ["points", "seq", "head", "reached_at"])
    stored = Score.objects.order_by("name").values_list("pk", "name", "points", "seq", "head", "reached_at")
    assert list(stored) == [
        (ada.pk, "Ada", 5, 1, STRANGE, reached_at), (bea.pk, "Bea", 0, 0, "", None), (cyd.pk, "Cyd", 7, 1, STRANGE, reached_at)
    ]  # fmt: skip
