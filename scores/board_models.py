"""Boards, their periods, and who stands where: the tables. `scores.models` has them with all others."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Concat

from audit.chain import SealedValue
from audit.models import CheckpointStatement
from scores import seals

#: The board `main` counts everything since ever, and its one period never ends. Both are built in: no entry makes them.
MAIN_BOARD = 0
MAIN_PERIOD = 0
MAIN = "main"
#: What a statement of a period is about begins with it; slug and name follow.
SUBJECT = "board:"


def covering(at_us: int, path: str = "") -> Q:
    """The condition that a period, or the one at the end of a path, covers a time, in microseconds since 1970."""
    is_not_over = Q(**{f"{path}ends_us__isnull": True}) | Q(**{f"{path}ends_us__gt": at_us})
    return Q(**{f"{path}starts_us__lte": at_us}) & is_not_over


class Board(models.Model):
    """What is counted, how, and for how long. Only `label` and `enabled` ever change: another rule is another board."""

    class Rule(models.TextChoices):
        SUM = "sum"
        BEST = "best"
        LATEST = "latest"
        COUNT = "count"

    class Span(models.TextChoices):
        ALL = "all"
        DAY = "day"
        WEEK = "week"
        MONTH = "month"
        YEAR = "year"
        SEASON = "season"

    slug = models.CharField(max_length=48, unique=True, validators=[RegexValidator(r"\A[a-z0-9-]{1,48}\Z")])
    label = models.CharField(max_length=120)
    counts = models.CharField(max_length=660, help_text="Up to 10 patterns of actions: *, chess-*, chess-win.")
    rule = models.CharField(max_length=8, choices=Rule)
    ascending = models.BooleanField(default=False, help_text="The smallest comes first, as of times.")
    span = models.CharField(max_length=8, choices=Span)
    zone = models.CharField(
        max_length=64, default="UTC", help_text="IANA name of the time zone in which periods begin."
    )
    enabled = models.BooleanField(default=True)
    since_us = models.BigIntegerField(
        default=0,
        editable=False,
        help_text="Entries from then on count, in microseconds since 1970; 0 = all there are.",
    )
    filling = models.BooleanField(
        default=False, editable=False, help_text="Not all that counts has been read from the log yet."
    )
    change = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Number of the entry of the system chain that made it what it is."
    )
    seal = models.CharField(max_length=140, editable=False, help_text="KID:MAC over its terms, under the ledger key.")

    SEAL_VERSION = "scoreboard.board.v1"
    #: What it promises; the order is part of the seal.
    TERMS = ("slug", "label", "counts", "rule", "ascending", "span", "zone", "enabled", "since_us")

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ascending=False) | Q(rule__in=["best", "latest"]), name="board_ascending_by_rule"
            )
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, **options: Any) -> None:
        self.seal = seals.seal(self.SEAL_VERSION, self._sealed_values)
        super().save(**options)

    @property
    def is_sealed(self) -> bool:
        """Whether the row is as the application wrote it. Raises LedgerKeyMissing when that cannot be told."""
        return seals.holds(self.seal, self.SEAL_VERSION, self._sealed_values)

    @property
    def _sealed_values(self) -> list[SealedValue]:
        return [*(getattr(self, name) for name in self.TERMS), self.change]

    @property
    def sign(self) -> int:
        """What points are multiplied with to sort the other way: -1 where the smallest comes first."""
        return -1 if self.ascending else 1


class PeriodQuerySet(models.QuerySet["Period"]):
    def with_statements(self) -> "PeriodQuerySet":
        """Read along how often each was stated in public (`board.statements`), and what was stated last."""
        subject = Concat(Value(SUBJECT), OuterRef("board__slug"), Value("/"), OuterRef("name"))
        stated = CheckpointStatement.objects.filter(subject=subject).order_by()
        counted = stated.values("subject").annotate(times=Count("pk")).values("times")
        newest = stated.order_by("-checkpoint").values("sha256")[:1]
        # Into the attributes of these names, which others than the database have too.
        return self.annotate(stated=Coalesce(Subquery(counted), 0), statement=Subquery(newest))  # type: ignore[no-redef]


class Period(models.Model):
    """A stretch of time of a board, half-open: who stands in it are `Standing`s. An entry of the system chain says so too."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="periods")
    name = models.CharField(max_length=48, help_text="all, 2026-11-27, 2026-W48, 2026-11, 2026, or a season's own.")
    starts_us = models.BigIntegerField(help_text="Microseconds since 1970, UTC.")
    ends_us = models.BigIntegerField(null=True, help_text="Microseconds since 1970, UTC; null where it never ends.")
    change = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Number of the entry of the system chain that made it what it is."
    )

    #: How often it was stated in public, and the SHA-256 stated last; see `PeriodQuerySet.with_statements`.
    stated: int = 0
    statement: str | None = None

    objects = PeriodQuerySet.as_manager()

    class Meta:
        ordering = ["board", "starts_us"]
        constraints = [
            models.UniqueConstraint(fields=["board", "name"], name="period_board_name"),
            models.UniqueConstraint(fields=["board", "starts_us"], name="period_board_starts"),
            models.CheckConstraint(
                condition=Q(ends_us__isnull=True) | Q(ends_us__gt=F("starts_us")), name="period_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        """What a statement of it is about: `board:SLUG/PERIOD`; slugs and names have no slash."""
        return f"{SUBJECT}{self.board.slug}/{self.name}"

    def covers(self, at_us: int) -> bool:
        """Tell whether an entry of this time falls into it."""
        return self.starts_us <= at_us and (self.ends_us is None or at_us < self.ends_us)


class StandingQuerySet(models.QuerySet["Standing"]):
    def ranked(self, period: int = MAIN_PERIOD) -> "StandingQuerySet":
        """Those on the board in a period, first place first: by points, then who reached them first, then id."""
        return self.filter(period=period, hidden=False).order_by("-points", "reached_at", "player")


class Standing(models.Model):
    """Where a player stands in a period. Written under the lock of the player's score only."""

    # Neither key is checked by the database: each new row would lock the row of its period, which all players share.
    # `verify_ledger` checks them. Who has standings has entries, and cannot be deleted for that.
    pk = models.CompositePrimaryKey("player", "period")
    player = models.ForeignKey(
        "scores.Score", on_delete=models.DO_NOTHING, related_name="standings", db_constraint=False, db_index=False
    )
    period = models.ForeignKey(
        Period, on_delete=models.DO_NOTHING, related_name="standings", db_constraint=False, db_index=False
    )
    points = models.BigIntegerField(help_text="In the order of the board: negated where the smallest comes first.")
    reached_at = models.DateTimeField(help_text="Time of the entry that made the points.")
    seq = models.PositiveBigIntegerField(help_text="Number of that entry in the player's chain.")
    hidden = models.BooleanField(default=False, help_text="The player is frozen.")

    objects = StandingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                "period",
                F("points").desc(),
                "reached_at",
                "player",
                name="standing_order",
                condition=Q(hidden=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.player_id} in {self.period_id}: {self.points}"


class RankRange(models.Model):
    """A stretch of a period's order, from the place it starts at to where the next one starts. Kept by triggers: see migration 0013."""

    period = models.BigIntegerField()
    minus_points = models.BigIntegerField()  # so that one direction sorts the whole key
    reached_at = models.DateTimeField()
    player = models.UUIDField()
    players = models.BigIntegerField()  # who stand in it, but for the changes not swept yet

    class Meta:
        indexes = [models.Index(fields=["period", "minus_points", "reached_at", "player"], name="rank_range_start")]

    def __str__(self) -> str:
        return f"from {-self.minus_points} points"


class RankChange(models.Model):
    """Somebody moved within a period's order, came to it or left it, since its ranges were swept: where to, and where from."""

    period = models.BigIntegerField()
    player = models.UUIDField()
    minus_points = models.BigIntegerField(null=True)
    reached_at = models.DateTimeField(null=True)
    left_minus_points = models.BigIntegerField(null=True)
    left_reached_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"of {self.player} in {self.period}"


class PeriodAmendment(models.Model):
    """Somebody's standing in a period moved after its end: it is to be stated anew. Whoever does so removes what was there before."""

    period = models.ForeignKey(Period, on_delete=models.CASCADE, related_name="amendments")

    def __str__(self) -> str:
        return f"of period {self.period_id}"


class BoardsVersion(models.Model):
    """One row, raised by every change of boards and periods: whoever writes standings does so by the definitions it read."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=0)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.version)
