"""The sweep of rank changes is planned as usual, whatever the statement that sets it off asks for itself.

An award forbids scans for itself (`scores.awards.compare_and_swap`), and its trigger runs within it: the sweep reads whole tables on purpose.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

USUAL = {"plan_cache_mode": "auto", "enable_seqscan": "on", "enable_hashjoin": "on", "enable_mergejoin": "on"}


def plan_as_usual(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        settings = " ".join(f"SET {name} = {value}" for name, value in USUAL.items())
        schema_editor.execute(f"ALTER FUNCTION scores_rank_sweep() {settings}")


def plan_as_the_caller(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER FUNCTION scores_rank_sweep() RESET ALL")


class Migration(migrations.Migration):
    dependencies = [("scores", "0009_played_scores_stay")]

    operations = [migrations.RunPython(plan_as_usual, plan_as_the_caller)]
