"""Flags of suspicion, which wait for review; and the right to correct scores."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scores", "0002_actions_are_sealed"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="score",
            options={"permissions": [("correct_score", "Can correct scores and review flags")]},
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("regular-intervals", "Too regular intervals"),
                            ("always-at-cap", "Always at the cap"),
                            ("pace", "Pace far above the usual"),
                            ("shared-address", "Many players from one address"),
                            ("refusals", "Burst of refusals"),
                            ("issuer-volume", "Receipts of an issuer far above its usual"),
                            ("no-pause", "Play at all hours without a pause"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="UUID of the player, or the address or issuer it is about.", max_length=200
                    ),
                ),
                ("player", models.UUIDField(help_text="Where it is about one player.", null=True)),
                ("why", models.TextField(help_text="The reason in a sentence, with the numbers.")),
                (
                    "entries",
                    models.JSONField(
                        blank=True, default=list, help_text="What it rests on: [player, seq] of each entry."
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("confirmed", "Confirmed"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="What the reviewer found.")),
                (
                    "reviewed_by",
                    models.CharField(blank=True, help_text="UUID of who reviewed it.", max_length=64),
                ),
                ("reviewed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "-opened_at"], name="flag_state_opened"),
                    models.Index(fields=["player", "-opened_at"], name="flag_player_opened"),
                    models.Index(fields=["rule", "subject"], name="flag_rule_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("rule", "subject"), name="flag_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reviewed_at", None), ("reviewed_by", ""), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                models.Q(("reviewed_by", ""), _negated=True),
                                ("reviewed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="flag_reviewed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("note", ""), ("state", "dismissed"), _negated=True),
                        name="flag_dismissed_with_note",
                    ),
                ],
            },
        ),
    ]
