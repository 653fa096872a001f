"""The append-only audit log: what it stores. How an entry gets in stands in `ledger`, its format in `chain`."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from audit import references
from audit.expressions import context_key
from audit.fields import HexField, RefField
from audit.times import to_moment


class AuditEntry(models.Model):
    """One change of one player's chain. A database trigger refuses to update or delete it; only `context` may become null."""

    class Kind(models.TextChoices):
        AWARD = "award"
        VOID = "void"
        RESTORE = "restore"
        ADJUST = "adjust"
        FREEZE = "freeze"
        UNFREEZE = "unfreeze"
        RENAME = "rename"
        IMPORT = "import"
        CONFIG = "config"

    player = models.UUIDField(help_text="Whose chain this is; all zeros for the system chain.")
    seq = models.PositiveBigIntegerField(help_text="Place in the chain, from 1, without gaps.")
    kid = models.CharField("key id", max_length=64, help_text="The ledger key the MAC was made with.")
    kind = models.CharField(max_length=16, choices=Kind)
    delta = models.BigIntegerField(help_text="Points gained or lost.")
    balance = models.BigIntegerField(help_text="Points after this entry.")
    value = models.BigIntegerField(
        null=True, blank=True, help_text="What was reached, where the action takes a value, such as a time."
    )
    action = models.CharField(max_length=64, blank=True, help_text="Slug of the action; empty where none took place.")
    ref = RefField(  # unique, so none must be null
        "reference",
        max_length=400,
        null=True,
        blank=True,
        help_text="What may happen only once: a receipt, an idempotency key, the entry that is reversed.",
    )
    actor = models.CharField(max_length=64, help_text="UUID of who did it, or system.")
    at_us = models.BigIntegerField("time", help_text="Microseconds since 1970, UTC; never going back within a chain.")
    detail = HexField(max_length=64, help_text="SHA-256 of the salted context.")
    prev = HexField("previous MAC", max_length=64, blank=True)
    mac = HexField("MAC", max_length=64)
    context = models.JSONField(null=True, help_text="Address, agent, request and evidence; null once erased.")

    class Meta:
        verbose_name_plural = "audit entries"
        constraints = [
            models.UniqueConstraint(fields=["player", "seq"], name="audit_entry_player_seq"),
            # PostgreSQL has it by digest, and the index of the request by hash: see migration 0013.
            models.UniqueConstraint(fields=["ref"], name="audit_entry_ref"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="audit_entry_seq_from_one"),
            models.CheckConstraint(condition=Q(balance__gte=0, balance__lt=2**53), name="audit_entry_balance_range"),
            models.CheckConstraint(condition=Q(balance__gte=F("delta")), name="audit_entry_balance_covers_delta"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gt=-(2**53), value__lt=2**53), name="audit_entry_value_range"
            ),
        ]
        indexes = [
            models.Index(fields=["player", "action", "at_us"], name="audit_entry_player_action"),
            models.Index(fields=["at_us"], name="audit_entry_at"),
            # What investigators ask for, newest first: without these a rare answer costs a walk through the whole log.
            models.Index(fields=["action", "at_us"], name="audit_entry_action"),
            models.Index(fields=["kind", "at_us"], name="audit_entry_rare_kind", condition=~Q(kind="award")),
            models.Index(
                references.issuer_expression(), "at_us", name="audit_entry_issuer", condition=references.BY_RECEIPT
            ),
            models.Index(context_key("address"), "at_us", name="audit_entry_address"),
            models.Index(context_key("request"), name="audit_entry_request"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d} ({self.player} #{self.seq})"

    @property
    def place(self) -> str:
        """Where it is in the log, as addresses of pages have it: the player and the number in the player's chain."""
        return f"{self.player}:{self.seq}"

    @property
    def at(self) -> datetime:
        """The time, exact to the microsecond, which a float of seconds would not be."""
        return to_moment(self.at_us)

    @property
    def verified(self) -> bool:
        """Whether a signed receipt proves it, rather than the player's own word within the catalogue's bounds."""
        return references.is_receipt(self.ref)

    @property
    def proof(self) -> str:
        """What it rests on, as people read it; of an import also where the points came from, unless that was erased."""
        source = (
            self.context.get("source") if isinstance(self.context, dict) and references.is_import(self.ref) else None
        )
        return f"imported from {source}" if source else references.describe_proof(self.ref)


class Refusal(models.Model):
    """Refused attempts, folded: a flood adds counts to one row per minute, reason and subject, not rows."""

    minute = models.DateTimeField(help_text="Begin of the minute.")
    reason = models.CharField(max_length=64, help_text="The code the caller got, with the inner reason after a colon.")
    subject = models.CharField(max_length=64, help_text="UUID of the player, or the address where no player is known.")
    count = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["minute", "reason", "subject"], name="audit_refusal_fold")]
        indexes = [
            models.Index(fields=["subject", "minute"], name="audit_refusal_subject"),
            # The desk searches for a whole reason.
            models.Index(fields=["reason"], name="audit_refusal_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.count} x {self.reason} ({self.subject})"


class AwardStatement(models.Model):
    """What an issuer signed once for many awards; their entries name it by its hash. Append-only, and holds nothing of a person."""

    sha256 = models.CharField("SHA-256", primary_key=True, max_length=64)
    jws = models.TextField("JWS", help_text="As it was signed; it names its lines by their hashes alone.")

    def __str__(self) -> str:
        return f"Statement {self.sha256}"


class Checkpoint(models.Model):
    """A signed block over the chains that moved since the one before. Append-only, as its leaves are."""

    number = models.PositiveBigIntegerField(primary_key=True)
    jws = models.TextField("JWS", help_text="What was signed, as it was exported; its format stands in `blocks`.")

    def __str__(self) -> str:
        return f"Checkpoint {self.number}"


class CheckpointHead(models.Model):
    """A leaf of a checkpoint: where one chain ended when it was signed."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="heads")
    player = models.UUIDField()
    seq = models.PositiveBigIntegerField()
    mac = models.CharField("MAC", max_length=64)
    digest = models.CharField(  # empty in a checkpoint of version 1
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What covers the chain up to here without a key.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "player"], name="audit_head_checkpoint_player")]
        indexes = [models.Index(fields=["player", "seq"], name="audit_head_player_seq")]

    def __str__(self) -> str:
        return f"{self.player} #{self.seq} in checkpoint {self.checkpoint_id}"


class CheckpointStatement(models.Model):
    """What a checkpoint states in public beside its leaves: of which text of a subject it is. A copy of what was signed, to be found by."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="statements")
    subject = models.CharField(max_length=128)
    count = models.PositiveBigIntegerField(help_text="How many lines.")
    sha256 = models.CharField("SHA-256", max_length=64)
    starts_us = models.BigIntegerField(help_text="Begin of the time it is about, in microseconds since 1970.")
    ends_us = models.BigIntegerField(help_text="Its end.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "checkpoint"], name="audit_statement_subject_checkpoint")
        ]

    def __str__(self) -> str:
        return f"{self.subject} in checkpoint {self.checkpoint_id}"


class Verification(models.Model):
    """That the log was verified, and what was found: not evidence, but what tells a verified log from one nobody looks at."""

    ALL = "all"
    MAXIMUM_REPORTED = 100

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    scope = models.CharField(max_length=64, help_text="all, or the UUID of the one player.")
    pinned = models.BooleanField("compared with exported checkpoints")
    entries = models.PositiveBigIntegerField(help_text="How many entries were recomputed.")
    findings = models.PositiveBigIntegerField(help_text="How many things did not hold.")
    report = models.JSONField(help_text=f"The first {MAXIMUM_REPORTED} findings: rule, detail, player, seq.")

    def __str__(self) -> str:
        return f"Verification of {self.scope}: {self.findings} findings in {self.entries} entries"
