"""Indexes for what investigators ask for. On PostgreSQL they are built beside live traffic, which a large log must not wait for."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import NullIf, StrIndex, Substr


class AddIndexBesideTraffic(AddIndexConcurrently):
    """Concurrently where the database can; the other one has no traffic beside a writer anyway."""

    def database_forwards(self, app_label: Any, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        operation = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        operation.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: Any, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        operation = AddIndexConcurrently if schema_editor.connection.vendor == "postgresql" else migrations.AddIndex
        operation.database_backwards(self, app_label, schema_editor, from_state, to_state)


ISSUER = Substr(F("ref"), 3, NullIf(StrIndex(Substr(F("ref"), 3), Value(":")), Value(0)) - 1)
ADDRESS, REQUEST = (
    Func(F("context"), template=f"(%(expressions)s ->> '{key}')", output_field=TextField())
    for key in ("address", "request")
)
INDEXES = (
    models.Index(fields=["action", "at_us"], name="audit_entry_action"),
    models.Index(fields=["kind", "at_us"], name="audit_entry_rare_kind", condition=~Q(kind="award")),
    models.Index(ISSUER, F("at_us"), name="audit_entry_issuer", condition=Q(ref__startswith="r:")),
    models.Index(ADDRESS, F("at_us"), name="audit_entry_address"),
    models.Index(REQUEST, name="audit_entry_request"),
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("audit", "0005_verifications_are_recorded")]

    operations = [AddIndexBesideTraffic("auditentry", index) for index in INDEXES]
