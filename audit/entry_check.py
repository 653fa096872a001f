"""One entry examined on the spot: what it can be held to, each as a question with its answer and a sentence."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from audit import chain
from audit.checkpoints import BlockInvalid, hash_leaves, read_block
from audit.keys import decode_base64url, load_checkpoint_keys, load_keyring
from audit.models import AuditEntry, CheckpointHead
from audit.verification import CHUNK, COLUMNS, NO_ERASURES, ChainCheck, Entry, State, read_erasures

#: Between an entry and the checkpoint that covers it, more entries than this are for the command.
MAXIMUM_STEPS = 1000
QUESTIONS = (
    ("Seal", {"mac", "kid", "kind"}, "Its MAC is that of what it says, under the ledger key {kid}."),
    ("Chain", {"seq", "prev", "balance", "at_us"}, "It follows the entry before it, in number, MAC, balance and time."),
    ("Context", {"context"}, "Address, agent, request and evidence are those it was sealed with{erased}."),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What holds (True), does not (False), or cannot be said here (None), and why."""

    subject: str
    holds: bool | None
    sentence: str


def examine_entry(entry: AuditEntry) -> list[Answer]:
    return [*_examine_alone(entry), _examine_cover(entry)]


def read_receipt(context: Any) -> dict[str, Any] | None:
    """The receipt's header and claims as they can be read, and its text; None where there is no receipt."""
    text = context.get("receipt") if isinstance(context, dict) else None
    if not isinstance(text, str):
        return None
    return {"text": text, "header": _read_part(text, 0), "claims": _read_part(text, 1)}


def _read_part(text: str, index: int) -> Any:
    try:
        return json.loads(decode_base64url(text.split(".")[index]))
    except (ValueError, IndexError, RecursionError):
        return None


def _read_chain(entry: AuditEntry, first: int, last: int) -> Iterator[Entry]:
    rows = AuditEntry.objects.filter(player=entry.player, seq__range=(first, last)).order_by("seq")
    return map(Entry._make, rows.values_list(*COLUMNS).iterator(CHUNK))


def _examine_alone(entry: AuditEntry) -> Iterator[Answer]:
    rows = list(_read_chain(entry, entry.seq - 1, entry.seq))
    keyring, state = load_keyring(), State(entry.player)
    if len(rows) > 1:
        state.apply(rows[0])
    erasures = read_erasures(keyring) if rows[-1].context is None else NO_ERASURES
    found = {finding.rule: finding.detail for finding in ChainCheck(keyring, erasures, iter(())).check(state, rows[-1])}
    erased = "; they were erased since, which the system chain says" if rows[-1].context is None else ""
    for subject, rules, sentence in QUESTIONS:
        broken = [f"{rule}: {found[rule]}" for rule in sorted(rules & found.keys())]
        yield Answer(subject, not broken, "; ".join(broken) or sentence.format(kid=entry.kid, erased=erased))


def _examine_cover(entry: AuditEntry) -> Answer:
    """Whether a signed checkpoint covers it: a later entry of this chain is a leaf, and the chain holds from here to there."""
    leaf = (
        CheckpointHead.objects.filter(player=entry.player, seq__gte=entry.seq)
        .select_related("checkpoint")
        .order_by("seq", "checkpoint_id")
        .first()
    )
    if leaf is None:
        return Answer("Checkpoint", None, "No checkpoint covers it yet; manage.py seal_ledger makes one.")
    name = f"Checkpoint {leaf.checkpoint_id}"
    if leaf.seq - entry.seq > MAXIMUM_STEPS:
        sentence = f"{name} sealed entry {leaf.seq}, too far on to follow here: manage.py verify_ledger --player does."
        return Answer("Checkpoint", None, sentence)
    try:
        block = read_block(leaf.checkpoint.jws, load_checkpoint_keys())
    except BlockInvalid as error:
        return Answer("Checkpoint", False, f"The {error} of {name.lower()} does not hold.")
    except ImproperlyConfigured as error:
        return Answer("Checkpoint", None, f"{name} covers it, whose signature cannot be checked here: {error}")
    leaves = CheckpointHead.objects.filter(checkpoint_id=leaf.checkpoint_id).order_by("player")
    if (block.count, block.root) != hash_leaves(leaves.values_list("player", "seq", "mac").iterator(CHUNK)):
        return Answer("Checkpoint", False, f"The leaves of {name.lower()} are not the ones it signed.")
    if not _leads_to(entry, leaf):
        return Answer(
            "Checkpoint",
            False,
            f"The chain does not lead from here to the entry {leaf.seq} that {name.lower()} signed.",
        )
    return Answer(
        "Checkpoint", True, f"{name} of {block.at} signed entry {leaf.seq}, to which the chain leads from here."
    )


def _leads_to(entry: AuditEntry, leaf: CheckpointHead) -> bool:
    keyring = load_keyring()
    mac: str | None = None
    for row in _read_chain(entry, entry.seq, leaf.seq):
        key = keyring.keys.get(row.kid)
        if key is None or chain.compute_mac(key, row) != row.mac or mac not in {None, row.prev}:
            return False
        mac = row.mac
    return mac == leaf.mac
