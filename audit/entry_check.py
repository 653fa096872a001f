"""One entry checked on the spot, for its page: its seal, its place in the chain, its context, the checkpoint that covers it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from audit import chain, jws
from audit.blocks import BlockInvalid, hash_leaves, read_block
from audit.chain import Entry
from audit.keys import load_checkpoint_keys, load_keyring
from audit.models import AuditEntry, CheckpointHead
from audit.queries import CHUNK, entries_between, leaves_of
from audit.verification import COLUMNS, NO_ERASURES, ChainCheck, CheckResult, State, read_erasures

#: Between an entry and the checkpoint that covers it, more entries than this are for the command.
MAXIMUM_STEPS = 1000
CHECKS = (
    ("Seal", {"mac", "kid", "kind"}, "Its MAC is that of what it says, under the ledger key {kid}."),
    ("Chain", {"seq", "prev", "balance", "at_us"}, "It follows the entry before it, in number, MAC, balance and time."),
    ("Context", {"context"}, "Address, agent, request and evidence are those it was sealed with{erased}."),
)


def check_entry(entry: AuditEntry) -> list[CheckResult]:
    """Check an entry against its MAC, the entry before it, its context and a checkpoint.

    Raises ImproperlyConfigured when LEDGER_KEYS_FILE cannot be used.
    """
    return [*_check_against_previous(entry), CheckResult(*_check_cover(entry), "Checkpoint")]


class KeptReceipt(NamedTuple):
    """The text of a receipt, and what header and claims say, whoever signed them; None for what cannot be read."""

    text: str
    header: Any
    claims: Any


def read_receipt(context: Any) -> KeptReceipt | None:
    """Read the receipt in an entry's context, as far as it can be read; None where there is none."""
    text = context.get("receipt") if isinstance(context, dict) else None
    return KeptReceipt(text, *jws.read_unverified(text)) if isinstance(text, str) else None


def _read_chain(entry: AuditEntry, first: int, last: int) -> Iterator[Entry]:
    rows = entries_between(entry.player, first, last).values_list(*COLUMNS)
    return map(Entry._make, rows.iterator(CHUNK))


def _check_against_previous(entry: AuditEntry) -> Iterator[CheckResult]:
    rows = list(_read_chain(entry, entry.seq - 1, entry.seq))
    keyring, state = load_keyring(), State(entry.player)
    if len(rows) > 1:
        state.apply(rows[0])
    erasures = read_erasures(keyring) if rows[-1].context is None else NO_ERASURES
    found = {finding.rule: finding.detail for finding in ChainCheck(keyring, erasures, iter(())).check(state, rows[-1])}
    erased = "; they were erased since, which the system chain says" if rows[-1].context is None else ""
    for subject, rules, sentence in CHECKS:
        broken = [f"{rule}: {found[rule]}" for rule in sorted(rules & found.keys())]
        yield CheckResult(not broken, "; ".join(broken) or sentence.format(kid=entry.kid, erased=erased), subject)


def _check_cover(entry: AuditEntry) -> tuple[bool | None, str]:
    """Whether a signed checkpoint covers the entry, and a sentence: a later entry of this chain is a leaf, and the chain holds up to it."""
    leaf = (
        CheckpointHead.objects.filter(player=entry.player, seq__gte=entry.seq)
        .select_related("checkpoint")
        .order_by("seq", "checkpoint_id")
        .first()
    )
    if leaf is None:
        return None, "No checkpoint covers it yet; manage.py seal_ledger makes one."
    name = f"Checkpoint {leaf.checkpoint_id}"
    if leaf.seq - entry.seq > MAXIMUM_STEPS:
        sentence = f"{name} signed entry {leaf.seq}, too far on to follow here: manage.py verify_ledger --player does."
        return None, sentence
    try:
        block = read_block(leaf.checkpoint.jws, load_checkpoint_keys())
    except BlockInvalid as error:
        return False, f"The {error} of {name.lower()} does not hold."
    except ImproperlyConfigured as error:
        return None, f"{name} covers it, whose signature cannot be checked here: {error}"
    if (block.count, block.root) != hash_leaves(block.version, leaves_of(leaf.checkpoint_id)):
        return False, f"The leaves of {name.lower()} are not the ones it signed."
    if not _leads_to(entry, leaf):
        return False, f"The chain does not lead from here to the entry {leaf.seq} that {name.lower()} signed."
    return True, f"{name} of {block.at} signed entry {leaf.seq}, to which the chain leads from here."


def _leads_to(entry: AuditEntry, leaf: CheckpointHead) -> bool:
    keyring = load_keyring()
    mac: str | None = None
    for row in _read_chain(entry, entry.seq, leaf.seq):
        key = keyring.keys.get(row.kid)
        if key is None or chain.compute_mac(key, row) != row.mac or mac not in {None, row.prev}:
            return False
        mac = row.mac
    return mac == leaf.mac
