"""What checks of files say, once for the commands and for `/verify`: by key, with values for what is in braces."""

from audit.verification import CheckResult

SENTENCES = {
    # entries
    "entries.hold": "Entries: {count}. They follow each other without a gap in number, balance and time. This proves that the file "
    "agrees with itself.",
    "entries.none": "There are no entries.",
    "entries.broken": "Line {line}: {fault}.",
    "file.broken": "This is no whole file of the kind: {fault}.",
    # digest, leaf, block
    "digest.holds": "The digest of the entries up to {seq} is the one of the leaf: none was changed, added or left out since.",
    "digest.broken": "The digest of the entries up to {seq} is not the one of the leaf: an entry was changed, added or left out.",
    "digest.open": "The digest was not made: the file begins after entry {seq}, and it takes all entries from the first.",
    "path.holds": "The leaf with index {index} is one of the {count} leaves under the root of checkpoint {number}.",
    "path.broken": "The path does not lead from the leaf to the root of checkpoint {number}.",
    "path.open": "Whether the leaf is one of checkpoint {number} was not checked: the file has no path to its root.",
    "signature.holds": "Checkpoint {number} was signed at {at} with the key {kid}.",
    "signature.broken": "Checkpoint {number} is not as the key {kid} signed it.",
    "signature.no_key": "The signature of checkpoint {number} was not checked: there is no key {kid} to check it with.",
    "signature.no_browser": "The signature of checkpoint {number} was not checked: this browser has no Ed25519.",
    "key.pinned": "The key {kid} is the one that you brought along.",
    "key.unpinned": "The key {kid} is not pinned: the site itself named it. Compare it with a copy that you got another way.",
    "unsealed": "Entries newer than checkpoint {number}: {count}. Nothing vouches for them yet but the ledger key.",
    "uncovered": "No checkpoint covers these entries yet: nothing vouches for them but the ledger key.",
    "macs": "The MACs were not recomputed, which takes the ledger key.",
    # a case file in the browser
    "contexts.hold": "The contexts are those that the entries commit to. Erased: {erased}.",
    "contexts.broken": "Entry {seq}: its context is not what detail commits to.",
    "score.holds": "The score of {points} points is what the entries make it.",
    "score.broken": "The score's {name} is {stored}, the entries make it {derived}.",
    "command": "Receipts, erasures and the seal of the file were not checked, which takes manage.py verify_case.",
    # results
    "results.hold": "Places: {count}. Their ranks, order and numbers hold.",
    "statement.holds": "Checkpoint {number} states exactly these results of {subject}.",
    "statement.broken": "No checkpoint that was given states these results.",
    "statement.open": "Whether a checkpoint states these results was not checked: none was given.",
    "statement.amended": "They were amended since: checkpoint {number} states other results of {subject}.",
    # what no check shows
    "limits": "Not proved: that the operator wrote nothing false, nor anything newer than the newest checkpoint that somebody keeps "
    "elsewhere.",
}


def say(holds: bool | None, key: str, **values: str | int) -> CheckResult:
    """Say a result in the words of SENTENCES."""
    return CheckResult(holds, SENTENCES[key].format(**values))
