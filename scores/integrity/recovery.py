"""After a disaster: scores put right from the log, and the log taken up again over a database recovered from a backup."""

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from audit import clock
from audit.checkpoints import begin_epoch, export
from audit.keys import load_checkpoint_keys, load_keyring
from audit.models import AuditEntry, Checkpoint
from audit.times import SECOND_US
from scores import announcements
from scores.board import ranks
from scores.counting.filling import Calendar
from scores.errors import CorrectionRefused, Unavailable
from scores.integrity.ledger_keys import find_key_fault
from scores.integrity.standings_rebuild import REBUILD, remove_strangers, set_standings
from scores.integrity.verification import find_differences
from scores.investigation.reasons import check_reason
from scores.models import Score
from scores.receipts.issuers import REGISTRY_CHECK_SECONDS, parse_issuers
from scores.receipts.verifier import LEEWAY_SECONDS
from scores.system_chain import IDENTITY, append_system_entry

#: Existing entries say `restore:`; elsewhere restore means undoing a void.
RECOVERY = "restore:"


@transaction.atomic
def rebuild_scores(*, players: list[UUID], reason: str, actor: str) -> list[UUID]:
    """Set these players' scores and standings to what their chains say, say so in the log, and return the players put right.

    A chain that does not hold proves nothing: its score is left alone. Raises CorrectionRefused when the reason cannot be kept.
    """
    context = {"reason": check_reason(reason)}
    changed, calendar = [], Calendar()
    for score in Score.objects.select_for_update().filter(pk__in=players).order_by("pk"):
        for difference in find_differences(score.pk):
            if difference.is_sound:
                Score.objects.filter(pk=score.pk).update(**difference.expected._asdict())
                set_standings([score.pk], calendar)
                changed.append(score.pk)
    changed += remove_strangers(players)
    if changed:
        ranks.recount()  # what was changed behind the triggers' back was not noted by them
        context["players"] = " ".join(map(str, changed))
        append_system_entry(action=REBUILD, actor=actor, context=context)
        transaction.on_commit(announcements.announce)
    return changed


@transaction.atomic
def accept_identity(*, player: UUID, reason: str, actor: str) -> AuditEntry:
    """Seal whose score this is and what the player is called as the row says it now, and say so in the log.

    For a row that was rightly changed in the database alone, or made by a server that sealed none. The entry does not hold the
    name, which is the person's; its reason goes with an erasure. Raises CorrectionRefused when there is no such player, when it is
    the actor, or when the reason cannot be kept.
    """
    reason = check_reason(reason)
    score = Score.objects.select_for_update().filter(pk=player).first()
    if score is None or actor == str(player):
        raise CorrectionRefused(f"There is no player {player}." if score is None else "Nobody vouches for themselves.")
    renames = AuditEntry.objects.filter(player=player, kind=AuditEntry.Kind.RENAME)
    score.named_by = renames.aggregate(newest=Max("seq"))["newest"] or 0
    score.reseal()
    score.save(update_fields=["named_by", "seal"])
    context = {"reason": reason, "account": str(score.user_id)}
    return append_system_entry(action=f"{IDENTITY}{player}", actor=actor, context=context)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovered log goes on with: the first checkpoint of its epoch, and receipts issued from `min_iat` on.

    `fault` is why the checkpoint's copy was not written, which `seal_ledger` makes up for; empty where it was.
    """

    checkpoint: Checkpoint
    min_iat: int
    fault: str


def recover_ledger(*, reason: str, actor: str) -> Recovery:
    """Begin a new epoch over what the backup holds. Receipts that may have been spent after the backup are refused from now on.

    Raises CorrectionRefused when checkpoints cannot be signed here or the reason cannot be kept, and Unavailable when a ledger key
    is missing that the log goes on from, both before anything is changed; OSError or ValueError when the issuers' file cannot
    be read or written.
    """
    context = {"reason": check_reason(reason)}
    keys = load_checkpoint_keys()
    if keys.private is None:
        raise CorrectionRefused('CHECKPOINT_KEY_FILE holds no "private" key: run this where checkpoints are signed.')
    if fault := find_key_fault(load_keyring()):
        raise Unavailable(reason="ledger_key_missing", explanation=fault)
    # A receipt may have been issued by a clock that is ahead of the log's by the leeway, and spent just now.
    min_iat = clock.read_us() // SECOND_US + LEEWAY_SECONDS + 1
    # First: should the rest fail, receipts are refused that need not be, rather than taken twice.
    if settings.RECEIPT_ISSUERS_FILE:
        _raise_min_iat(Path(settings.RECEIPT_ISSUERS_FILE), min_iat)
        # Servers that run already have seen it when this is over.
        time.sleep(REGISTRY_CHECK_SECONDS)
    with transaction.atomic():
        context["min_iat"] = str(min_iat)
        append_system_entry(action=RECOVERY, actor=actor, context=context)
        checkpoint = begin_epoch(keys)
    announcements.announce()
    fault = ""
    try:
        export(keys)
    except OSError as error:
        fault = str(error)
    return Recovery(checkpoint, min_iat, fault)


def _raise_min_iat(path: Path, min_iat: int) -> None:
    """Written aside and moved: a server that reads meanwhile sees the old file or the new one."""
    text = path.read_bytes()
    parse_issuers(text)
    issuers: dict[str, Any] = json.loads(text)
    for issuer in issuers.values():
        issuer["min_iat"] = max(min_iat, issuer.get("min_iat", 0))
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(issuers, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, draft)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
