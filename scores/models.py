"""Players' scores, the catalogue of actions, flags of suspicion, spent refresh tokens: one-row rules and constraints."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from audit.chain import SealedValue
from audit.ledger import Head
from audit.models import AuditEntry
from scores import seals
from scores.board_models import Board, BoardsVersion, Period, PeriodAmendment, RankChange, RankRange, Standing
from scores.names import clean_name, erased_name, name_key, search_key

__all__ = [
    "Action",
    "Board",
    "BoardsVersion",
    "Flag",
    "Period",
    "PeriodAmendment",
    "RankChange",
    "RankRange",
    "Score",
    "SpentRefreshToken",
    "Standing",
]

MAXIMUM_BALANCE = 2**53 - 1
MAXIMUM_POINTS = 1_000_000


def protect_played(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """Keep a user who has entries: raises ProtectedError (deactivate or erase instead).

    A user without entries is deleted with the empty score.
    """
    played = sub_objs.filter(seq__gt=0)
    (models.PROTECT if played.exists() else models.CASCADE)(collector, field, sub_objs, using)


class Score(models.Model):
    """One row per player. `seal` protects account and name; points and head are checked against the chain by verification."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=protect_played, related_name="score")
    name = models.CharField(max_length=64)
    name_key = models.CharField(
        max_length=1200, unique=True, editable=False, help_text="The name in NFKC and casefolded, which is unique."
    )
    # Empty for nearly all, whose `name_key` does: a column that is filled for everybody would have to be written for everybody.
    search_key = models.CharField(
        max_length=1200,
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text="The name without accents, by which it is searched; empty where `name_key` is just that.",
    )
    points = models.BigIntegerField(default=0, editable=False)
    reached_at = models.DateTimeField(
        null=True, editable=False, help_text="Time of the entry that made the present balance."
    )
    seq = models.PositiveBigIntegerField(default=0, editable=False)
    head = models.CharField(max_length=64, blank=True, editable=False, help_text="MAC of the last entry of the chain.")
    frozen = models.BooleanField(default=False, editable=False)
    # Servers of the version before know neither column, and go on making players while this one is rolled out.
    named_by = models.PositiveBigIntegerField(
        default=0, db_default=0, editable=False, help_text="Number of the player's entry that last changed the name."
    )
    seal = models.CharField(
        max_length=140,
        default="",
        db_default="",
        editable=False,
        help_text="KID:MAC over id, account and name, under the ledger key; who lacks that cannot exchange two players.",
    )

    # What a token signed elsewhere said last, and when it was issued: what it says again is no news. Sealed too, or who has the
    # database could have a name followed again that an investigator changed, or none at all.
    claimed_name = models.CharField(max_length=64, default="", db_default="", blank=True, editable=False)
    claimed_us = models.BigIntegerField(default=0, db_default=0, editable=False)

    SEAL_VERSION = "scoreboard.score.v1"
    #: What is written together when an entry was appended, and when a name changes.
    APPLIED_FIELDS = ("points", "seq", "head", "reached_at", "frozen")
    NAME_FIELDS = ("name", "name_key", "search_key", "claimed_name", "claimed_us", "named_by", "seal")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gte=0, points__lte=MAXIMUM_BALANCE), name="score_points_range"),
            models.CheckConstraint(
                condition=Q(seq=0, reached_at=None) | Q(seq__gt=0, reached_at__isnull=False),
                name="score_reached_with_entries",
            ),
        ]
        permissions = [("correct_score", "Can correct scores and review flags")]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        if self._state.adding:
            self.search_key = search_key(self.name)
            self.reseal()
        super().save(**options)

    @staticmethod
    def named(lookup: str, folded: str) -> Q:
        """The condition that a folded name is, begins with or contains (`exact`, `startswith`, `contains`) a folded text."""
        own, plain = {f"search_key__{lookup}": folded}, {f"name_key__{lookup}": folded}
        return Q(**own) | Q(search_key="", **plain)

    def rename(self, text: str, entry: AuditEntry | None = None) -> None:
        """Take a new name after the rule in `names`, by this entry of the player's own chain if there is one.

        Raises InvalidName when the text breaks that rule. The caller saves NAME_FIELDS, under the lock under which `is_sealed` was
        found to hold.
        """
        self.name = clean_name(text)
        self._take_keys()
        if entry is not None:
            self.named_by = entry.seq
        self.reseal()

    def erase_name(self) -> None:
        """Take the name that nobody else may have, and forget what a token said. The caller saves NAME_FIELDS."""
        self.name, self.claimed_name, self.claimed_us = erased_name(self.pk), "", 0
        self._take_keys()
        self.reseal()

    def _take_keys(self) -> None:
        self.name_key, self.search_key = name_key(self.name), search_key(self.name)

    def reseal(self) -> None:
        """Vouch for whose score this is and what the player is called. Nothing that exists is sealed again without a reason."""
        self.seal = seals.seal(self.SEAL_VERSION, self._identity)

    @property
    def is_sealed(self) -> bool:
        """Whether account and name are as the application wrote them. Raises LedgerKeyMissing when that cannot be told."""
        return seals.holds(self.seal, self.SEAL_VERSION, self._identity)

    @property
    def _identity(self) -> list[SealedValue]:
        values: list[SealedValue] = [str(self.pk), self.user_id, self.name, self.named_by]
        # Left out where no token ever named the player: seals made by migration 0007 lack them.
        return [*values, self.claimed_name, self.claimed_us] if self.claimed_name or self.claimed_us else values

    @property
    def is_active(self) -> bool:
        """Whether the account is open."""
        return self.user.is_active

    @property
    def password(self) -> str:
        """The account's, as it is kept."""
        return self.user.password

    @property
    def ledger_head(self) -> Head:
        return Head(self.seq, self.head, self.points)

    def apply(self, entry: AuditEntry) -> None:
        """Move to where the chain now ends. The caller saves APPLIED_FIELDS, in the transaction that appended `entry`."""
        self.points, self.seq, self.head = entry.balance, entry.seq, entry.mac
        if entry.delta or self.reached_at is None:
            self.reached_at = entry.at
        if entry.kind in {AuditEntry.Kind.FREEZE, AuditEntry.Kind.UNFREEZE}:
            self.frozen = entry.kind == AuditEntry.Kind.FREEZE


class Action(models.Model):
    """An action of the catalogue: what a player can do, and what it is worth."""

    slug = models.SlugField(primary_key=True, max_length=64)
    label = models.CharField(max_length=120)
    points = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAXIMUM_POINTS)],
        help_text="For self-reported acts; a receipt carries its own.",
    )
    cooldown_seconds = models.PositiveIntegerField(
        default=0, help_text="Pause between two acts of one player; 0 = none."
    )
    daily_cap = models.PositiveIntegerField(default=0, help_text="Times per player and UTC day; 0 = no cap.")
    receipt_required = models.BooleanField(default=False, help_text="Counts only with a signed receipt.")
    takes_value = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its receipts say what was reached, such as a time; it cannot be self-reported.",
    )
    enabled = models.BooleanField(default=True)
    change = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Number of the entry of the system chain that made it what it is."
    )
    seal = models.CharField(
        max_length=140,
        editable=False,
        help_text="KID:MAC over all of it, under the ledger key; who lacks that cannot change it.",
    )

    SEAL_VERSION = "scoreboard.action.v1"
    #: What it promises, as opposed to how that is proved; the order is part of the seal.
    TERMS = ("slug", "label", "points", "cooldown_seconds", "daily_cap", "receipt_required", "enabled", "takes_value")

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(points__gte=1, points__lte=MAXIMUM_POINTS), name="action_points_range")
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, **options: Any) -> None:
        self.seal = seals.seal(self.SEAL_VERSION, self._sealed_values)
        super().save(**options)

    @property
    def is_sealed(self) -> bool:
        """Whether the row is as the application wrote it: what was changed in the database alone promises nothing.

        Raises LedgerKeyMissing when that cannot be told.
        """
        return seals.holds(self.seal, self.SEAL_VERSION, self._sealed_values)

    @property
    def _sealed_values(self) -> list[SealedValue]:
        return [*(getattr(self, name) for name in self.promised), self.change]

    @property
    def promised(self) -> list[str]:
        """The terms that are sealed and logged: `takes_value` only where it does, as before there was such a thing."""
        return [name for name in self.TERMS if name != "takes_value" or self.takes_value]


class Flag(models.Model):
    """A suspicion that waits for a person: which rule, about whom, what it rests on. Only `investigation.flags` writes it."""

    class Rule(models.TextChoices):
        REGULAR_INTERVALS = "regular-intervals", "Too regular intervals"
        ALWAYS_AT_CAP = "always-at-cap", "Always at the cap"
        PACE = "pace", "Pace far above the usual"
        SHARED_ADDRESS = "shared-address", "Many players from one address"
        REFUSALS = "refusals", "Burst of refusals"
        ISSUER_VOLUME = "issuer-volume", "Receipts of an issuer far above its usual"
        NO_PAUSE = "no-pause", "Play at all hours without a pause"

    class State(models.TextChoices):
        OPEN = "open"
        CONFIRMED = "confirmed"
        DISMISSED = "dismissed"

    rule = models.CharField(max_length=32, choices=Rule)
    subject = models.CharField(max_length=200, help_text="UUID of the player, or the address or issuer it is about.")
    player = models.UUIDField(null=True, help_text="Where it is about one player.")
    why = models.TextField(help_text="The reason in a sentence, with the numbers.")
    entries = models.JSONField(default=list, blank=True, help_text="What it rests on: [player, seq] of each entry.")
    acts = models.JSONField(
        default=list,
        blank=True,
        help_text="All that its rule is about, of which `entries` may be a sample: [player, first, last].",
    )
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    note = models.TextField(blank=True, help_text="What the reviewer found.")
    reviewed_by = models.CharField(max_length=64, blank=True, help_text="UUID of who reviewed it.")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject"], condition=Q(state="open"), name="flag_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", reviewed_by="", reviewed_at=None)
                | (~Q(state="open") & ~Q(reviewed_by="") & Q(reviewed_at__isnull=False)),
                name="flag_reviewed_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(state="dismissed", note=""), name="flag_dismissed_with_note"),
        ]
        indexes = [
            models.Index(fields=["state", "-opened_at"], name="flag_state_opened"),
            models.Index(fields=["player", "-opened_at"], name="flag_player_opened"),
            models.Index(fields=["rule", "subject"], name="flag_rule_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_rule_display()}: {self.subject}"

    @property
    def review_action(self) -> str:
        """The `action` of the entry of the system chain that says how this flag was reviewed; a colon is in no slug."""
        return f"flag:{self.pk}"

    def linked_entries(self) -> models.QuerySet[AuditEntry]:
        """The entries it rests on, in the order of their time."""
        seqs: dict[str, list[int]] = {}
        for player, seq in self.entries:
            seqs.setdefault(player, []).append(seq)
        wanted = Q(pk=None)
        for player, numbers in seqs.items():
            wanted |= Q(player=player, seq__in=numbers)
        return AuditEntry.objects.filter(wanted).order_by("at_us", "player", "seq")


class SpentRefreshToken(models.Model):
    """A refresh token that was rotated or revoked, until it would have expired; the unique id lets exactly one of many win."""

    jti = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.jti
