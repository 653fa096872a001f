"""Names are searched without their accents.

On SQLite Django makes the table anew for a column more or less, and with it goes the trigger of migration 0009: it is set again.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

played_scores_stay = import_module("scores.migrations.0009_played_scores_stay")


def set_trigger(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        # A column less is no new table everywhere.
        schema_editor.execute("DROP TRIGGER IF EXISTS scores_score_played_stays", None)
        played_scores_stay.set_trigger(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("scores", "0013_places_counted_by_period")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, set_trigger),
        migrations.AddField(
            model_name="score",
            name="search_key",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="The name without accents, by which it is searched; empty where `name_key` is just that.",
                max_length=1200,
            ),
        ),
        migrations.RunPython(set_trigger, migrations.RunPython.noop),
    ]
