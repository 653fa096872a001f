"""What a token signed elsewhere said last of a player's name, and when. Where one said anything, the score's seal covers it.

Backwards the columns go, so scores whose seal held are sealed as before them, each under its own key; others keep what they have.
"""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

VERSION = "scoreboard.score.v1"


def seal_without_claims(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    scores = apps.get_model("scores", "Score").objects.using(schema_editor.connection.alias)
    keys: dict[str, bytes] = {}
    for score in scores.exclude(Q(claimed_name="") & Q(claimed_us=0)).iterator():
        keys = keys or read_keys()
        before = [str(score.pk), score.user_id, score.name, score.named_by]
        kid = score.seal.rpartition(":")[0]
        if kid in keys and score.seal == make_seal(kid, keys[kid], [*before, score.claimed_name, score.claimed_us]):
            scores.filter(pk=score.pk, seal=score.seal).update(seal=make_seal(kid, keys[kid], before))


def read_keys() -> dict[str, bytes]:
    texts = json.loads(Path(settings.LEDGER_KEYS_FILE).read_text(encoding="utf-8"))["keys"]
    return {kid: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for kid, text in texts.items()}


def make_seal(kid: str, key: bytes, values: list[Any]) -> str:
    text = json.dumps([VERSION, *values], ensure_ascii=True, separators=(",", ":"))
    return f"{kid}:{hmac.digest(key, text.encode('ascii'), 'sha256').hex()}"


class Migration(migrations.Migration):
    dependencies = [("scores", "0007_scores_are_sealed")]

    operations = [
        migrations.AddField(
            model_name="score",
            name="claimed_name",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="score",
            name="claimed_us",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(migrations.RunPython.noop, seal_without_claims),
    ]
