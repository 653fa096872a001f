"""A case file says what the log says of one player, proves it without the database, and any change of it shows."""

import copy
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit import entry_export
from audit.checkpoints import sign_checkpoints
from audit.keys import load_checkpoint_keys, load_keyring
from audit.models import AuditEntry, CheckpointHead
from scores.integrity import case as cases
from scores.integrity.case import CaseInvalid, read_case, write_case
from scores.integrity.case_verification import VerificationKeys, check_case
from scores.investigation import corrections
from scores.models import Score
from scores.receipts.verifier import parse_issuers
from tests.support.processes import ROOT
from tests.support.tampering import make_history


@dataclass
class Desk:
    """Ada's case, with everything it can be checked with."""

    players: list[Score]
    document: dict[str, Any]
    keys: VerificationKeys

    def check(self, document: Any = None, keys: VerificationKeys | None = None) -> tuple[list[str], list[str]]:
        """What is found, and what stays open."""
        text = json.dumps(document or self.document).encode()
        results = list(check_case(read_case(text), keys or self.keys))
        return tuple([str(result.sentence) for result in results if result.holds is holds] for holds in (False, None))  # type: ignore[return-value]


@pytest.fixture
def desk(db: None, settings: Settings, tmp_path: Path) -> Desk:
    settings.CHECKPOINT_EXPORT = str(tmp_path / "checkpoints.jws")
    players = make_history()
    sign_checkpoints()
    document = make_case(players[0])
    pinned = Path(settings.CHECKPOINT_EXPORT).read_text().split()
    issuers = parse_issuers(Path(settings.RECEIPT_ISSUERS_FILE).read_bytes())
    keys = replace(load_checkpoint_keys(), private=None)
    return Desk(players, document, VerificationKeys(load_keyring(), keys, pinned, issuers))


def make_case(player: Score) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(write_case(Score.objects.get(pk=player.pk))))
    return document


def list_places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document that is no container."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict | list):
        for key, item in items:
            yield from list_places(item, (*way, key))
    else:
        yield way


def change(document: Any, way: tuple[Any, ...]) -> Any:
    """Another value of the same type at this place."""
    changed = copy.deepcopy(document)
    owner = changed
    for key in way[:-1]:
        owner = owner[key]
    value = owner[way[-1]]
    others: dict[type, Callable[[Any], Any]] = {
        bool: lambda old: not old,
        int: lambda old: old + 1,
        str: lambda old: ("0" if old[:1] != "0" else "1") + old[1:],
        type(None): lambda _: "x",
    }
    owner[way[-1]] = others[type(value)](value)
    return changed


def is_noticed(desk: Desk, document: Any, keys: VerificationKeys) -> bool:
    try:
        return desk.check(document, keys)[0] != []
    except CaseInvalid:
        return True


def test_it_holds_all_and_only_what_the_log_says_of_the_player(desk: Desk) -> None:
    ada = desk.players[0]
    entries = AuditEntry.objects.filter(player=ada.pk).order_by("seq")
    assert desk.document["entries"] == [entry_export.describe(entry) for entry in entries]
    assert desk.document["score"]["points"] == ada.points
    assert [item["number"] for item in desk.document["checkpoints"]] == [4, 2, 1]
    assert {item["number"]: len(item["leaves"]) for item in desk.document["checkpoints"]} == {
        number: CheckpointHead.objects.filter(checkpoint_id=number).count() for number in (4, 2, 1)
    }
    assert list(desk.document["issuers"]) == ["test-backend"]
    assert desk.check() == ([], [])


def test_every_value_that_is_changed_is_found_with_the_ledger_key(desk: Desk) -> None:
    missed = [way for way in list_places(desk.document) if not is_noticed(desk, change(desk.document, way), desk.keys)]
    assert missed == []


def test_with_the_public_key_alone_what_was_signed_and_what_must_fit_is_found(desk: Desk) -> None:
    """What only the ledger key shows: who is named, when it was written, and a MAC's own columns where nothing else repeats them."""
    public = VerificationKeys(checkpoint_keys=desk.keys.checkpoint_keys)
    findings, still_open = desk.check(keys=public)
    assert findings == []
    assert any("--ledger-keys" in sentence for sentence in still_open)
    missed = {
        (way[0], way[-1])
        for way in list_places(desk.document)
        if not is_noticed(desk, change(desk.document, way), public)
    }
    assert missed == {
        ("about", "made_at"),
        *(("about", part) for part in cases.PROVES),
        ("score", "name"),
        ("entries", "kid"),
        ("entries", "actor"),
        ("entries", "action"),
        ("entries", "ref"),
        ("entries", "at_us"),
        ("seal", "kid"),
        ("seal", "mac"),
    }


def test_entries_that_are_taken_out_added_or_moved_are_found(desk: Desk) -> None:
    public = VerificationKeys(checkpoint_keys=desk.keys.checkpoint_keys)
    for keys in (desk.keys, public):
        for part in ("entries", "checkpoints"):
            for index in range(len(desk.document[part])):
                document = copy.deepcopy(desk.document)
                del document[part][index]
                if keys is desk.keys or part == "entries":
                    assert is_noticed(desk, document, keys), (part, index)
        for bend in (lambda rows: rows.reverse(), lambda rows: rows.append(rows[-1]), lambda rows: rows.pop(0)):
            document = copy.deepcopy(desk.document)
            bend(document["entries"])
            assert is_noticed(desk, document, keys)


def test_a_file_that_is_cut_off_or_is_none_is_refused(desk: Desk) -> None:
    text = "".join(write_case(desk.players[0]))
    for broken in (
        text[:-10],
        "",
        "[]",
        '{"format": "scoreboard.case.v1"}',
        text.replace('"seq": 1,', '"seq": true,', 1),
    ):
        with pytest.raises(CaseInvalid):
            read_case(broken.encode())
    extended = json.dumps({**desk.document, "more": 1})
    with pytest.raises(CaseInvalid, match="parts"):
        read_case(extended.encode())


def test_spaces_and_the_order_of_keys_are_nothing(desk: Desk) -> None:
    text = json.dumps(desk.document, sort_keys=True, indent=4)
    results = list(check_case(read_case(text.encode()), desk.keys))
    assert [result for result in results if not result.holds] == []


def test_an_erased_player_s_case_holds_and_says_what_is_gone(desk: Desk) -> None:
    bea = desk.players[1]
    corrections.erase_player(player=bea.pk, reason="asked for", actor="system")
    document = make_case(bea)
    assert {entry["context"] for entry in document["entries"]} == {None}
    assert desk.check(document)[0] == []
    del document["erasures"][0]
    assert is_noticed(desk, document, VerificationKeys())


def test_entries_after_the_last_checkpoint_are_said_to_rest_on_the_ledger_key(desk: Desk) -> None:
    bea = desk.players[1]
    corrections.adjust(player=bea.pk, delta=1, reason="late", actor="system")
    findings, still_open = desk.check(make_case(bea))
    assert findings == []
    assert still_open == ["Entries 5 to 5 are newer than the last checkpoint: only the ledger key vouches."]


def test_a_player_without_entries_has_a_case(desk: Desk) -> None:
    findings, still_open = desk.check(make_case(Score.objects.get(name__startswith="Dot")))
    assert (findings, len(still_open)) == ([], 1)


def test_of_too_many_leaves_the_newest_checkpoint_keeps_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MAXIMUM_LEAVES", 2)
    document = make_case(desk.players[0])
    assert [item["leaves"] is not None for item in document["checkpoints"]] == [True, False, False]
    findings, still_open = desk.check(document)
    assert findings == []
    assert still_open == ["2 older checkpoints are named without their leaves, for their size."]


def test_a_block_that_was_never_exported_is_found(desk: Desk) -> None:
    assert desk.keys.pinned is not None
    findings, _ = desk.check(keys=replace(desk.keys, pinned=desk.keys.pinned[1:]))
    assert findings == ["checkpoint 1 is not among the exported ones"]
    assert desk.check(keys=replace(desk.keys, pinned=desk.keys.pinned[:2])) == ([], [])


def test_receipts_are_held_against_the_keys_of_whoever_checks(desk: Desk) -> None:
    findings, _ = desk.check(keys=replace(desk.keys, issuers={}))
    assert len(findings) == 2
    assert all("receipt is signed with a key" in sentence for sentence in findings)


def test_the_commands_work_together_and_the_second_without_a_database(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    output = io.StringIO()
    call_command("case_file", str(desk.players[0].pk), stdout=output)
    file = tmp_path / "case.json"
    file.write_text(output.getvalue())
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere", "REDIS_URL": ""}
    command = [sys.executable, str(ROOT / "manage.py"), "verify_case", str(file)]
    public = json.loads(Path(settings.CHECKPOINT_KEY_FILE).read_text())["public"]["checkpoint-1"]
    options = [
        "--ledger-keys",
        settings.LEDGER_KEYS_FILE,
        "--pinned",
        settings.CHECKPOINT_EXPORT,
        "--checkpoint-key",
        public,
    ]
    options += ["--issuers", settings.RECEIPT_ISSUERS_FILE]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"Case of Ada ({desk.players[0].pk}), {desk.players[0].seq} entries."
    assert lines[-1] == "No findings."
    assert {line.partition(":")[0] for line in lines[1:-1]} == {"HOLDS"}
    output = io.StringIO()
    file.write_text(file.read_text().replace('"name": "Ada"', '"name": "Eve"'))
    with pytest.raises(SystemExit):
        call_command("verify_case", str(file), ledger_keys=settings.LEDGER_KEYS_FILE, stdout=output)
    assert output.getvalue().endswith("1 FINDINGS.\n")
    file.write_text("{")
    with pytest.raises(CommandError, match="FINDING"):
        call_command("verify_case", str(file))
    with pytest.raises(CommandError, match="no player"):
        call_command("case_file", str(uuid4()))


def test_the_desk_sends_it_one_at_a_time(desk: Desk, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    address = reverse("admin:scores_score_case", args=[desk.players[0].pk])
    first, second = client.get(address), client.get(address)
    assert second.status_code == 302
    text = b"".join(first)
    assert {**json.loads(text), "about": 0, "seal": 0} == {**desk.document, "about": 0, "seal": 0}
    assert client.get(reverse("admin:scores_score_case", args=[uuid4()])).status_code == 404
