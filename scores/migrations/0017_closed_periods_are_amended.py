"""Closed periods in which somebody's standing moved are marked, until they are stated anew."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scores", "0016_places_looked_up_by_rank"),
    ]

    operations = [
        migrations.CreateModel(
            name="PeriodAmendment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="amendments", to="scores.period"
                    ),
                ),
            ],
        ),
    ]
