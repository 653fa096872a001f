"""Names are searched without their accents. Servers of the version before do not know the column, and leave it empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scores", "0013_places_counted_by_period")]

    operations = [
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
        )
    ]
