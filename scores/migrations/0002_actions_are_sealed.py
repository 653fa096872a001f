"""A seal under the ledger key on every row of the catalogue. Rows from before it have none: setting them again seals them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scores", "0001_scores_and_catalogue")]

    operations = [
        migrations.AddField(
            model_name="action",
            name="change",
            field=models.PositiveBigIntegerField(
                default=0, editable=False, help_text="Number of the entry of the system chain that made it what it is."
            ),
        ),
        migrations.AddField(
            model_name="action",
            name="seal",
            field=models.CharField(
                default="",
                editable=False,
                help_text="KID:MAC over all of it, under the ledger key; who lacks that cannot change it.",
                max_length=140,
            ),
            preserve_default=False,
        ),
    ]
