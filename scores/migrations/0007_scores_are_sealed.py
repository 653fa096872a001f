"""Seals the identity of every score there is, as it stands: what was exchanged before today is not seen by it.

A transaction for each batch, so that no row is held for long; what was sealed stays so when it is stopped and begun again.
Where servers still run the version before, a score they make after this is not sealed: `verify_ledger` names it, and
`rebuild_scores --accept-identity` seals it.
"""

import base64
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 5000
VERSION = "scoreboard.score.v1"
#: The name is compared, because a server may erase a person between the read and this.
POSTGRESQL = """
UPDATE scores_score AS score SET seal = sealed.seal
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS sealed (id, name, seal)
WHERE score.id = sealed.id AND score.name = sealed.name AND score.seal = ''
"""
SQLITE = "UPDATE scores_score SET seal = %s WHERE id = %s AND name = %s AND seal = ''"

Row = tuple[UUID, int, str, int]


def seal_scores(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection
    scores = apps.get_model("scores", "Score").objects.using(database.alias).filter(seal="").order_by("id")
    last, kid, key = UUID(int=0), "", b""
    while rows := list(scores.filter(id__gt=last).values_list("id", "user_id", "name", "named_by")[:BATCH]):
        if not key:
            kid, key = read_key()
        with transaction.atomic(using=database.alias):
            write(database, [(row, f"{kid}:{compute_mac(key, row)}") for row in rows])
        last = rows[-1][0]


def read_key() -> tuple[str, bytes]:
    path = settings.LEDGER_KEYS_FILE
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        kid = document["current"]
        text = document["keys"][kid]
        return kid, base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImproperlyConfigured(
            f"This migration seals the scores there are, for which it needs the ledger key, and LEDGER_KEYS_FILE ({path}) "
            f"cannot be read: {error!r}. Run migrate where the servers' key file is."
        ) from None


def compute_mac(key: bytes, row: Row) -> str:
    player, user, name, named_by = row
    text = json.dumps([VERSION, str(player), user, name, named_by], ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, text.encode("ascii"), "sha256").hex()


def write(database: BaseDatabaseWrapper, sealed: Sequence[tuple[Row, str]]) -> None:
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            columns: list[Any] = [
                [row[0] for row, _ in sealed],
                [row[2] for row, _ in sealed],
                [seal for _, seal in sealed],
            ]
            cursor.execute(POSTGRESQL, columns)
        else:
            cursor.executemany(SQLITE, [(seal, row[0].hex, row[2]) for row, seal in sealed])


def remove_seals(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("scores", "Score").objects.using(schema_editor.connection.alias).update(seal="")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("scores", "0006_scores_have_a_seal")]

    operations = [migrations.RunPython(seal_scores, remove_seals)]
