"""A case file checked without the database: what of it holds, by which key, and what that proves.

Every sentence says which; one that says that something does not hold is a finding.
"""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from audit import chain
from audit.blocks import Block, BlockInvalid, Leaf, hash_leaves, read_block, read_unverified
from audit.chain import Entry
from audit.keys import CheckpointKeys, Keyring
from audit.references import is_receipt
from audit.times import format_time
from audit.verification import ERASURE, ChainCheck, CheckResult, Erasures, SignedLeaf, State
from scores.integrity.block_check import check_path, check_signature
from scores.integrity.case import FORMATS, LISTS, Case, CaseMac, CheckpointDocument, DigestedDocument
from scores.integrity.sentences import say
from scores.integrity.verification import expected_score
from scores.receipts.evidence import EvidenceCheck
from scores.receipts.issuers import Issuer

FINDINGS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """What a case is checked with, from a source of the reader's own; each may be missing."""

    keyring: Keyring | None = None
    checkpoint_keys: CheckpointKeys | None = None
    pinned: list[str] | None = None
    issuers: dict[str, Issuer] | None = None


def check_case(case: Case, keys: VerificationKeys) -> Iterator[CheckResult]:
    """Check each part of this case, in their order."""
    yield from _check_case_mac(case, keys.keyring)
    state, broken = State(case.player), list(_check_erasures(case, keys.keyring))
    leaves = sorted(
        SignedLeaf(case.player, item["seq"], item["mac"], str(item.get("digest", "")), item["number"])
        for item in case.checkpoints
    )
    keyring = keys.keyring or Keyring("", {})
    check = ChainCheck(keyring, _read_erasures(case.erasures), iter(leaves))
    for entry in case.entries:
        if entry.player != case.player:
            broken.append(f"entry {entry.seq} is of another player, {entry.player}")
        findings = check.check(state, entry)
        broken += [str(found) for found in findings if keys.keyring or found.rule != "kid"]
        state.apply(entry)
    broken += map(str, check.finish())
    yield from _report(broken, _describe_chain(case, keys.keyring))
    yield from _check_score(case, state)
    yield from _check_receipts(case, keys.issuers)
    yield from _check_checkpoints(case, keys)


def _report(broken: list[str], otherwise: Iterable[CheckResult]) -> Iterator[CheckResult]:
    if not broken:
        yield from otherwise
    yield from (CheckResult(False, text) for text in broken[:FINDINGS_SHOWN])
    if len(broken) > FINDINGS_SHOWN:
        yield CheckResult(False, f"and {len(broken) - FINDINGS_SHOWN} more of this kind")


def _describe_chain(case: Case, keyring: Keyring | None) -> Iterator[CheckResult]:
    count = len(case.entries)
    yield say(True, "entries.hold", count=count)
    yield say(True, "contexts.hold", erased=sum(entry.context is None for entry in case.entries))
    if keyring is None:
        yield say(None, "macs")
    else:
        yield CheckResult(
            True,
            f"The MACs of all {count} entries are made with the ledger keys: the server sealed exactly these, or a holder of the keys.",
        )


def _check_case_mac(case: Case, keyring: Keyring | None) -> Iterator[CheckResult]:
    if keyring is None:
        yield CheckResult(
            None, "Whether the file is as it was written was not checked, which takes the ledger keys (--ledger-keys)."
        )
        return
    written = case.document["seal"]
    key = keyring.keys.get(str(written.get("kid")))
    mac = CaseMac(key or b"none", case.document["format"])
    for part in FORMATS[case.document["format"]]:
        items = case.document[part] if part in LISTS else [case.document[part]]
        for item in items:
            mac.add(part, item)
    holds = key is not None and written == {"kid": written["kid"], "mac": written.get("mac")}
    holds = holds and hmac.compare_digest(str(written["mac"]).encode(), mac.hexdigest().encode())
    made_at = case.document["about"].get("made_at")
    yield CheckResult(
        holds,
        f"The file is as it was written at {made_at} by a holder of the ledger key."
        if holds
        else "The file was changed after it was written, or was not written by a holder of the ledger keys.",
    )


def _check_erasures(case: Case, keyring: Keyring | None) -> Iterator[str]:
    for entry in case.erasures:
        key = keyring.keys.get(entry.kid) if keyring else None
        is_one = entry.player == chain.SYSTEM_CHAIN and entry.action == f"{ERASURE}{case.player}"
        if not is_one or chain.commit_to(entry.context or {}) != entry.detail:
            yield f"entry {entry.seq} of the system chain records no erasure of this player"
        elif keyring and (key is None or chain.compute_mac(key, entry) != entry.mac):
            yield f"the erasure in entry {entry.seq} of the system chain is not sealed with the ledger keys"


def _read_erasures(entries: Iterable[Entry]) -> Erasures:
    counts = ((entry.action.removeprefix(ERASURE), str((entry.context or {}).get("entries"))) for entry in entries)
    return Erasures({player: int(count) for player, count in counts if count.isascii() and count.isdecimal()})


def _check_score(case: Case, state: State) -> Iterator[CheckResult]:
    score = case.document["score"]
    derived = expected_score(state)
    reached_at = format_time(derived.reached_at) if derived.reached_at else None
    expected = {"id": str(case.player), **derived._asdict(), "reached_at": reached_at}
    broken = [
        f"the score's {name} is {score[name]!r}, the entries make it {value!r}"
        for name, value in expected.items()
        if (score[name], type(score[name])) != (value, type(value))
    ]
    yield from _report(broken, [say(True, "score.holds", points=score["points"])])


def _check_receipts(case: Case, issuers: dict[str, Issuer] | None) -> Iterator[CheckResult]:
    trusted = case.issuers if issuers is None else issuers

    def find(kid: str) -> Issuer | None:
        return next((issuer for issuer in trusted.values() if kid in issuer.keys), None)

    awards = [entry for entry in case.entries if entry.kind == "award" and is_receipt(entry.ref)]
    erased = sum(entry.context is None for entry in awards)
    check = EvidenceCheck(find, case.statements.get)
    faults = [(entry, check.find_fault(entry.context, entry)) for entry in awards if entry.context is not None]
    whose = "the keys in this file" if issuers is None else "the keys given"
    sentence = (
        f"{len(faults)} awards rest on receipts and statements that verify with {whose}: the issuer signed this player, action and "
        f"points. {erased} were erased with the person's data."
    )
    broken = [f"entry {entry.seq}: {fault}" for entry, fault in faults if fault]
    yield from _report(broken, [CheckResult(True, sentence)])


def _check_checkpoints(case: Case, keys: VerificationKeys) -> Iterator[CheckResult]:
    broken, blocks = [], []
    for item in case.checkpoints:
        try:
            block = (
                read_block(item["jws"], keys.checkpoint_keys) if keys.checkpoint_keys else read_unverified(item["jws"])
            )
        except BlockInvalid as error:
            broken.append(f"the {error} of checkpoint {item['number']} does not hold")
            continue
        blocks.append(block)
        broken += _check_leaves(case.player, item, block)
    if keys.pinned is not None:
        broken += _check_pinned(case, keys.pinned)
    yield from _report(broken, _describe_checkpoints(case, keys, blocks))


def _check_leaves(player: UUID, item: CheckpointDocument | DigestedDocument, block: Block) -> Iterator[str]:
    name = f"checkpoint {item['number']}"
    if block.number != item["number"]:
        yield f"{name} was signed as checkpoint {block.number}"
    if (block.version > 1) != ("digest" in item):
        yield f"{name} is of another version than the file says"
    elif "digest" in item:
        if item["index"] is not None and item["path"] is not None:
            leaf = Leaf(player, item["seq"], item["mac"], item["digest"])
            result = check_path(leaf, item["index"], item["path"], block)
            yield from [] if result.holds else [result.sentence]
    elif item["leaves"] is not None:
        leaves = [Leaf(UUID(owner), seq, mac, "") for owner, seq, mac in item["leaves"]]
        if (block.count, block.root) != hash_leaves(block.version, leaves):
            yield f"the leaves of {name} are not the ones it signed"
        if Leaf(player, item["seq"], item["mac"], "") not in leaves:
            yield f"the leaf of this player is not one of {name}"


def _check_pinned(case: Case, pinned: list[str]) -> Iterator[str]:
    copies = set(pinned)
    newest = max((_place(jws) for jws in pinned), default=(0, 0))
    for item in case.checkpoints:
        if item["jws"] not in copies and _place(item["jws"]) <= newest:
            yield f"checkpoint {item['number']} is not among the exported ones"


def _describe_checkpoints(case: Case, keys: VerificationKeys, blocks: list[Block]) -> Iterator[CheckResult]:
    proved = sum(item.get("leaves") is not None or item.get("path") is not None for item in case.checkpoints)
    if not proved:
        yield say(None, "uncovered")
        return
    newest, block = case.checkpoints[0], blocks[0]
    if "digest" in newest:
        yield say(True, "digest.holds", seq=newest["seq"])
        if newest["index"] is None or newest["path"] is None:
            yield say(None, "path.open", number=block.number)
        else:
            yield say(True, "path.holds", index=newest["index"], count=block.count, number=block.number)
    yield from check_signature(newest["jws"], keys.checkpoint_keys)
    if proved < len(blocks):
        yield CheckResult(None, f"{len(blocks) - proved} older checkpoints are named without proof, for their size.")
    if keys.pinned is None:
        yield CheckResult(None, "The checkpoints were not compared with a copy kept elsewhere (--pinned).")
    else:
        copies = set(keys.pinned)
        count = sum(item["jws"] in copies for item in case.checkpoints)
        yield CheckResult(
            True, f"{count} of {len(blocks)} checkpoints are in the copy given; the others are newer than its last."
        )
    if newer := len(case.entries) - newest["seq"]:
        yield say(None, "unsealed", count=newer, number=block.number)


def _place(jws: str) -> tuple[int, int]:
    try:
        return read_unverified(jws).place
    except BlockInvalid:
        return 0, 0
