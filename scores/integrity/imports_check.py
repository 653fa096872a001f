"""Imported points against the files that the system chain says were imported."""

from collections.abc import Iterator

from audit import chain
from audit.chain import Entry
from audit.keys import Keyring
from audit.queries import system_records
from audit.references import imported_line
from audit.verification import Finding
from scores.system_chain import IMPORT


class ImportsCheck:
    """Knows every file that was imported, and finds entries that say they are of one and are not."""

    def __init__(self, keyring: Keyring) -> None:
        self._sources = dict(_read_sources(keyring))

    def check(self, entry: Entry) -> Iterator[Finding]:
        """Check an entry of kind `import`."""
        fault = self._find_fault(entry)
        if fault:
            yield Finding("import", fault, str(entry.player), entry.seq)

    def _find_fault(self, entry: Entry) -> str:
        sha256, line = imported_line(entry.ref)
        if not line:
            return "its reference names no line of a file"
        source = self._sources.get(sha256)
        if source is None:
            return "the system chain says of no such file that it was imported"
        # Of who was erased the source is gone too, which the MAC still commits to.
        if entry.context is not None and entry.context.get("source") != source:
            return f"its source is not that of the file, {source!r}"
        return ""


def _read_sources(keyring: Keyring) -> Iterator[tuple[str, str]]:
    """Each imported file by its hash, and where it came from: from entries that are sealed with one of our keys."""
    for entry in system_records().filter(action=IMPORT):
        key = keyring.keys.get(entry.kid)
        context = entry.context or {}
        if key and chain.compute_mac(key, entry) == entry.mac and chain.commit_to(context) == entry.detail:
            sha256, line = imported_line(entry.ref)
            if sha256 and not line:
                yield sha256, context["source"]
