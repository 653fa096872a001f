"""Whose score it is and what the player is called gets a seal; migration 0007 makes it for the rows there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scores", "0005_names_are_told_apart")]

    operations = [
        migrations.AddField(
            model_name="score",
            name="named_by",
            field=models.PositiveBigIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Number of the player's entry that last changed the name.",
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="seal",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="KID:MAC over id, account and name, under the ledger key; who lacks that cannot exchange two players.",
                max_length=140,
            ),
        ),
    ]
