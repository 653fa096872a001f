"""Boards, their periods, and who stands where: the main board, which counted by itself so far, is the first of them.

Its standings are made from the scores there are, in one statement and before the index, with servers stopped: one of the version
before would move scores without their standings. Backwards all boards are gone but for this one, which scores hold by themselves.
"""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# A standing tells which entry made its points: nearly always the last one. Only what is no award can leave them as they are.
FILL = (
    """
    INSERT INTO scores_board
        (id, slug, label, counts, rule, ascending, span, zone, enabled, since_us, filling, change, seal)
    VALUES (0, 'main', 'All time', '*', 'sum', false, 'all', 'UTC', true, 0, false, 0, '')
    """,
    """
    INSERT INTO scores_period (id, board_id, name, starts_us, ends_us, change) VALUES (0, 0, 'all', 0, NULL, 0)
    """,
    """
    INSERT INTO scores_boardsversion (id, version) VALUES (0, 1)
    """,
    """
    INSERT INTO scores_standing (player_id, period_id, points, reached_at, seq, hidden)
    SELECT score.id, 0, score.points, score.reached_at,
           CASE WHEN still.player IS NULL THEN score.seq ELSE coalesce((
               SELECT max(entry.seq) FROM audit_auditentry AS entry WHERE entry.player = score.id AND entry.delta <> 0
           ), 1) END,
           score.frozen
    FROM scores_score AS score
    LEFT JOIN audit_auditentry AS still
        ON still.player = score.id AND still.seq = score.seq AND still.kind <> 'award' AND still.delta = 0
    WHERE score.reached_at IS NOT NULL
    """,
)
# The key is made of all rows at once, which takes half the time.
BEFORE_FILL = "ALTER TABLE scores_standing DROP CONSTRAINT scores_standing_pkey"
AFTER_FILL = "ALTER TABLE scores_standing ADD PRIMARY KEY (player_id, period_id)"


def fill(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in (BEFORE_FILL, *FILL, AFTER_FILL) if is_postgresql else FILL:
        schema_editor.execute(statement, params=None)


def leave(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The tables go whole."""


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_entries_may_have_a_value"), ("scores", "0011_actions_take_values")]

    operations = [
        migrations.CreateModel(
            name="Board",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        max_length=48,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("\\A[a-z0-9-]{1,48}\\Z")],
                    ),
                ),
                ("label", models.CharField(max_length=120)),
                (
                    "counts",
                    models.CharField(help_text="Up to 10 patterns of actions: *, chess-*, chess-win.", max_length=660),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[("sum", "Sum"), ("best", "Best"), ("latest", "Latest"), ("count", "Count")],
                        max_length=8,
                    ),
                ),
                ("ascending", models.BooleanField(default=False, help_text="The smallest comes first, as of times.")),
                (
                    "span",
                    models.CharField(
                        choices=[
                            ("all", "All"),
                            ("day", "Day"),
                            ("week", "Week"),
                            ("month", "Month"),
                            ("year", "Year"),
                            ("season", "Season"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "zone",
                    models.CharField(
                        default="UTC", help_text="IANA name of the time zone in which periods begin.", max_length=64
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "since_us",
                    models.BigIntegerField(
                        default=0,
                        editable=False,
                        help_text="Entries from then on count, in microseconds since 1970; 0 = all there are.",
                    ),
                ),
                (
                    "filling",
                    models.BooleanField(
                        default=False, editable=False, help_text="Not all that counts has been read from the log yet."
                    ),
                ),
                (
                    "change",
                    models.PositiveBigIntegerField(
                        default=0,
                        editable=False,
                        help_text="Number of the entry of the system chain that made it what it is.",
                    ),
                ),
                (
                    "seal",
                    models.CharField(
                        editable=False, help_text="KID:MAC over its terms, under the ledger key.", max_length=140
                    ),
                ),
            ],
            options={
                "ordering": ["slug"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ascending", False), ("rule__in", ["best", "latest"]), _connector="OR"),
                        name="board_ascending_by_rule",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="all, 2026-11-27, 2026-W48, 2026-11, 2026, or a season's own.", max_length=48
                    ),
                ),
                ("starts_us", models.BigIntegerField(help_text="Microseconds since 1970, UTC.")),
                (
                    "ends_us",
                    models.BigIntegerField(
                        help_text="Microseconds since 1970, UTC; null where it never ends.", null=True
                    ),
                ),
                (
                    "change",
                    models.PositiveBigIntegerField(
                        default=0,
                        editable=False,
                        help_text="Number of the entry of the system chain that made it what it is.",
                    ),
                ),
                (
                    "board",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="periods", to="scores.board"
                    ),
                ),
            ],
            options={
                "ordering": ["board", "starts_us"],
                "constraints": [
                    models.UniqueConstraint(fields=("board", "name"), name="period_board_name"),
                    models.UniqueConstraint(fields=("board", "starts_us"), name="period_board_starts"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_us__isnull", True), ("ends_us__gt", models.F("starts_us")), _connector="OR"
                        ),
                        name="period_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "player", "period", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="standings",
                        to="scores.score",
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="standings",
                        to="scores.period",
                    ),
                ),
                (
                    "points",
                    models.BigIntegerField(
                        help_text="In the order of the board: negated where the smallest comes first."
                    ),
                ),
                ("reached_at", models.DateTimeField(help_text="Time of the entry that made the points.")),
                ("seq", models.PositiveBigIntegerField(help_text="Number of that entry in the player's chain.")),
                ("hidden", models.BooleanField(default=False, help_text="The player is frozen.")),
            ],
        ),
        migrations.CreateModel(
            name="BoardsVersion",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=0, primary_key=True, serialize=False)),
                ("version", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.RunPython(fill, leave),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                models.F("period"),
                models.OrderBy(models.F("points"), descending=True),
                models.F("reached_at"),
                models.F("player"),
                condition=models.Q(("hidden", False)),
                name="standing_order",
            ),
        ),
    ]
