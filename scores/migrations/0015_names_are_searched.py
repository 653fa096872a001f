"""Writes down how the names there are are searched, where that is not by `name_key` itself: some of those that are not ASCII.

The table is read once, and no row of a plain name is written; a transaction for each batch, so that none is held for long.
"""

import unicodedata
from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 5000
NOT_ASCII = "[^ -~]"
#: The name is compared, because a server may rename the player between the read and this.
POSTGRESQL = """
UPDATE scores_score AS score SET search_key = folded.search_key
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS folded (id, name_key, search_key)
WHERE score.id = folded.id AND score.name_key = folded.name_key
"""
SQLITE = "UPDATE scores_score SET search_key = %s WHERE id = %s AND name_key = %s"

Row = tuple[UUID, str, str]


def fold(key: str) -> str:
    parts = unicodedata.normalize("NFD", key)
    return unicodedata.normalize("NFC", "".join(part for part in parts if unicodedata.category(part) != "Mn"))


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection
    scores = apps.get_model("scores", "Score").objects.using(database.alias)
    names = scores.filter(name_key__regex=NOT_ASCII).order_by().values_list("id", "name_key").iterator(BATCH)
    folded = ((player, key, fold(key)) for player, key in names)
    differing = (row for row in folded if row[1] != row[2])
    while rows := list(islice(differing, BATCH)):
        with transaction.atomic(using=database.alias):
            write(database, rows)


def write(database: BaseDatabaseWrapper, rows: Sequence[Row]) -> None:
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute(POSTGRESQL, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(SQLITE, [(folded, player.hex, key) for player, key, folded in rows])


def clear(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    scores = apps.get_model("scores", "Score").objects.using(schema_editor.connection.alias)
    scores.exclude(search_key="").update(search_key="")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("scores", "0014_names_have_a_search_key")]

    operations = [migrations.RunPython(fill, clear)]
