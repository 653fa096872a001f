"""A player's proof as it is written: entries in their canonical form, then what leads to a signed block."""

import json
from pathlib import Path

import pytest

from audit import chain
from audit.models import AuditEntry, CheckpointHead
from scores.integrity import proof
from scores.integrity.proof import ProofEnd, ProofInvalid, read_line, write_proof
from scores.models import Score
from tests.support.tampering import make_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(exported: Path) -> Score:
    return make_history()[0]


def test_each_entry_is_a_line_and_the_last_one_is_the_leaf(ada: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PAGE", 2)
    entries = [chain.canonical(entry) for entry in AuditEntry.objects.filter(player=ada.pk).order_by("seq")]
    *lines, last = write_proof(ada)
    assert lines[:5] == [text + b"\n" for text in entries[:5]]
    assert lines[5:] == [b'{"sealed":false,"entry":' + text + b"}\n" for text in entries[5:]]
    end = json.loads(last)
    head = CheckpointHead.objects.get(player=ada.pk, seq=5)
    assert end["head"] == {"player": str(ada.pk), "seq": 5, "mac": head.mac, "digest": head.digest}
    assert (end["block"], len(end["path"])) == (head.checkpoint.jws, 2 if end["index"] < 2 else 1)
    assert list(write_proof(ada, after=6)) == [lines[6], last]


def test_lines_are_read_as_they_were_written(ada: Score) -> None:
    *lines, last = write_proof(ada)
    read = [found for line in lines if isinstance(found := read_line(line), tuple)]
    assert [(entry.seq, is_sealed) for entry, _, is_sealed in read] == [(n, n <= 5) for n in range(1, 8)]
    end = read_line(last)
    assert isinstance(end, ProofEnd)
    assert end.leaf is not None
    with pytest.raises(ProofInvalid, match="its player is no id"):
        read_line(lines[0].replace(str(ada.pk).encode(), b"somebody"))
