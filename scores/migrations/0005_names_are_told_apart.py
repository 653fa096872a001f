"""No two names look the same because something in them shows nothing: keys of names are made anew without any such character.

Who shared a name with somebody but for that gets a number behind it, as whoever comes second does today. Names themselves stay
as they are otherwise. Backwards nothing is undone: the keys of before told no more apart than these do.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import regex
from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 5000
LENGTH = 64
HIDDEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u2800\U00013441\U00013442\U00016FE4\U0001D159]")


def make_key(name: str) -> str:
    key, before = name, None
    while key != before:
        before = key
        key = unicodedata.normalize("NFKC", HIDDEN.sub("", unicodedata.normalize("NFKC", key).casefold()))
    return key


def make_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    scores = apps.get_model("scores", "Score").objects.using(schema_editor.connection.alias)
    for player, name, key in list(find_outdated(scores)):
        number, told_apart = 1, name
        while scores.filter(name_key=make_key(told_apart)).exclude(pk=player).exists():
            number += 1
            suffix = f" ({number})"
            told_apart = name[: LENGTH - len(suffix)].rstrip() + suffix
        scores.filter(pk=player, name=name, name_key=key).update(name=told_apart, name_key=make_key(told_apart))


def find_outdated(scores: Any) -> Iterator[tuple[UUID, str, str]]:
    last = UUID(int=0)
    while rows := list(scores.filter(pk__gt=last).order_by("pk").values_list("pk", "name", "name_key")[:BATCH]):
        yield from ((player, name, key) for player, name, key in rows if make_key(name) != key)
        last = rows[-1][0]


def leave_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """They serve the code of before as well."""


class Migration(migrations.Migration):
    dependencies = [("scores", "0004_rank_counts")]

    operations = [migrations.RunPython(make_keys, leave_keys)]
