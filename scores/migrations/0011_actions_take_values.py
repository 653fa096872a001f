"""An action may take a value, such as a time. Those there are take none, and their seals stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scores", "0010_sweep_planned_as_usual")]

    operations = [
        migrations.AddField(
            model_name="action",
            name="takes_value",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its receipts say what was reached, such as a time; it cannot be self-reported.",
            ),
        )
    ]
