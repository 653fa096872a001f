"""A checkpoint is over what moved, follows the one before it, and has a copy outside the database, whatever happens between."""

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import Settings

from audit import blocks, checkpoint_file, checkpoints, ledger, merkle
from audit.blocks import BlockInvalid, Statement, hash_text, read_block
from audit.chain import canonical
from audit.checkpoint_file import read_all
from audit.checkpoint_verification import check_blocks
from audit.checkpoints import SigningRefused, sign_checkpoints
from audit.keys import decode_base64url, load_checkpoint_keys, load_keyring
from audit.models import AuditEntry, Checkpoint, CheckpointHead
from audit.queries import leaves_of
from audit.times import format_time, to_moment
from audit.verification import NO_ERASURES, ChainCheck, State, read_entries, read_leaves
from tests.support.chains import grow
from tests.support.old_blocks import sign_all_as_before


def read_ends(number: int) -> list[tuple[UUID, int, str]]:
    return [leaf[:3] for leaf in leaves_of(number)]


def test_a_block_is_over_the_heads_that_moved(db: None) -> None:
    first, second = sorted([uuid4(), uuid4()])
    one, two = grow(first), grow(second)
    two = grow(second, two)
    sign_checkpoints()
    assert read_ends(1) == [(first, 1, one.mac), (second, 2, two.mac)]
    one = grow(first, one)
    sign_checkpoints()
    assert read_ends(2) == [(first, 2, one.mac)]
    assert sign_checkpoints() == []


def test_a_block_says_exactly_this(db: None) -> None:
    player = uuid4()
    head = grow(player)
    first, second = sign_checkpoints()[0], None
    grow(player, head)
    second = sign_checkpoints()[0]
    entries = AuditEntry.objects.filter(player=player).order_by("seq")
    header, payload, _ = (decode_base64url(part) for part in second.jws.split("."))
    assert header == b'{"alg":"EdDSA","kid":"checkpoint-1","typ":"scoreboard-checkpoint+jwt"}'
    document = json.loads(payload)
    moment = to_moment(document.pop("at_us"))
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    digest = bytes(32)
    for entry in entries:
        digest = hashlib.sha256(digest + canonical(entry)).digest()
    leaf = f'["scoreboard.head.v2","{player}",2,"{entries[1].mac}","{digest.hex()}"]'
    assert document == {
        "v": 2,
        "number": 2,
        "epoch": 1,
        "prev": hash_text(first.jws),
        "count": 1,
        "root": merkle.hash_leaf(leaf.encode()).hex(),
        "statements": [],
    }


def test_after_blocks_of_version_1_every_chain_is_signed_again_with_its_digest(db: None) -> None:
    players = sorted(uuid4() for _ in range(3))
    heads = [grow(player) for player in players]
    sign_all_as_before()
    grow(players[0], heads[0])
    [second] = sign_checkpoints()
    assert [leaf.seq for leaf in leaves_of(2)] == [2, 1, 1]
    assert all(leaf.digest for leaf in leaves_of(2))
    grow(players[1], heads[1])
    sign_checkpoints()
    assert [leaf.player for leaf in leaves_of(3)] == [players[1]]
    assert read_block(second.jws, load_checkpoint_keys()).version == 2
    assert list(check_blocks(load_checkpoint_keys())) == []
    check = ChainCheck(load_keyring(), NO_ERASURES, read_leaves())
    for player in players:
        state = State(player)
        for entry in read_entries(player):
            assert list(check.check(state, entry)) == []
            state.apply(entry)


def test_no_block_of_version_1_follows_one_of_version_2(db: None) -> None:
    grow(uuid4())
    sign_checkpoints()
    sign_all_as_before(at=format_time(datetime.now(UTC) + timedelta(seconds=1)))
    found = [finding.detail for finding in check_blocks(load_checkpoint_keys())]
    assert found == ["checkpoint 2 is of an earlier version than the one before it"]


def test_a_chain_goes_on_from_the_digest_that_was_signed_last(db: None) -> None:
    player, head = uuid4(), None
    for _ in range(3):
        for _ in range(4):
            head = grow(player, head)
        sign_checkpoints()
    digest = bytes(32)
    for entry in AuditEntry.objects.filter(player=player).order_by("seq"):
        digest = hashlib.sha256(digest + canonical(entry)).digest()
    [leaf] = leaves_of(3)
    assert (leaf.seq, leaf.digest) == (12, digest.hex())


def test_after_the_longest_block_there_may_be_the_next_one_follows(db: None, exported: Path) -> None:
    longest = [
        Statement(f"board:{number:048}/{'x' * 48}", 2**53, "f" * 64, 2**53, 2**53 + 1)
        for number in range(blocks.MAXIMUM_STATEMENTS)
    ]
    grow(uuid4())
    [first] = sign_checkpoints(lambda limit: longest if not Checkpoint.objects.exists() else [])
    assert read_block(first.jws, load_checkpoint_keys()).statements == tuple(longest)
    grow(uuid4())
    sign_checkpoints()
    assert list(read_all(str(exported))) == list(Checkpoint.objects.order_by("number").values_list("jws", flat=True))


def test_an_hour_of_silence_ends_with_a_heartbeat(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_checkpoints()
    assert sign_checkpoints() == []
    monkeypatch.setattr(checkpoints, "HEARTBEAT_SECONDS", 0)
    with transaction.atomic():
        heartbeat = checkpoints._sign_next(load_checkpoint_keys(), checkpoints.find_none)
    assert heartbeat is not None
    block = read_block(heartbeat.jws, load_checkpoint_keys())
    assert (block.number, block.count) == (2, 0)


def test_more_heads_than_a_block_takes_make_more_blocks(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAXIMUM_LEAVES", 2)
    players = sorted(uuid4() for _ in range(5))
    for player in players:
        grow(player)
    assert [checkpoint.number for checkpoint in sign_checkpoints()] == [1, 2, 3]
    assert [[leaf[0] for leaf in read_ends(number)] for number in (1, 2, 3)] == [
        players[:2],
        players[2:4],
        players[4:],
    ]


def test_the_export_has_every_block_also_those_a_crash_kept_from_it(db: None, exported: Path) -> None:
    player = uuid4()
    head = grow(player)
    sign_checkpoints()
    whole = exported.read_text()
    head = grow(player, head)
    sign_checkpoints()
    # The crash: committed, and only half of a line written.
    exported.write_text(whole + exported.read_text()[len(whole) :][:20])
    grow(player, head)
    sign_checkpoints()
    lines = exported.read_text().splitlines()
    blocks = [checkpoint.jws for checkpoint in Checkpoint.objects.order_by("number")]
    assert [line for line in lines if len(line) > 20] == blocks
    assert exported.read_text().endswith("\n")
    # Who verifies with it is not told for ever after that the half is no checkpoint.
    assert list(read_all(str(exported))) == blocks


def test_however_many_blocks_the_export_lacks_it_gets_them_in_order(
    db: None, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "PAGE", 2)
    player = uuid4()
    head: ledger.Head | None = None
    for _ in range(5):
        head = grow(player, head)
        sign_checkpoints()
    blocks = [checkpoint.jws for checkpoint in Checkpoint.objects.order_by("number")]
    for kept in (0, 1, 2, 5):
        exported.write_text("".join(f"{block}\n" for block in blocks[:kept]))
        assert sign_checkpoints() == []
        assert exported.read_text().splitlines() == blocks


def test_a_database_behind_its_export_is_not_sealed(db: None, exported: Path) -> None:
    player = uuid4()
    with transaction.atomic():
        grow(player)
        sign_checkpoints()
        transaction.set_rollback(True)
    before = exported.read_text()
    with pytest.raises(SigningRefused, match="behind the exported checkpoint 1"):
        sign_checkpoints()
    with pytest.raises(CommandError, match="restore_ledger"):
        call_command("seal_ledger")
    assert (exported.read_text(), Checkpoint.objects.count()) == (before, 0)


def test_what_is_no_block_is_none(db: None) -> None:
    keys = load_checkpoint_keys()
    jws = sign_checkpoints()[0].jws
    header, payload, signature = jws.split(".")
    for text in ("", "a.b", f"{header}.{payload}.{signature}=", f"{header}.{payload}", f"{jws}.", jws.upper(), "é.é.é"):
        with pytest.raises(BlockInvalid):
            read_block(text, keys)


def test_without_the_private_key_nothing_is_sealed(db: None, settings: Settings, tmp_path: Path) -> None:
    document = json.loads(Path(settings.CHECKPOINT_KEY_FILE).read_text())
    del document["private"]
    path = tmp_path / "public.json"
    path.write_text(json.dumps(document))
    settings.CHECKPOINT_KEY_FILE = str(path)
    with pytest.raises(ImproperlyConfigured, match="private"):
        sign_checkpoints()
    assert Checkpoint.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_seal_everything_once(exported: Path) -> None:
    with transaction.atomic():
        players = [uuid4() for _ in range(40)]
        for player in players:
            grow(player)
    faults: list[Exception] = []

    def seal_often() -> None:
        try:
            for _ in range(5):
                sign_checkpoints()
        except Exception as error:  # noqa: BLE001 - shown by the test
            faults.append(error)
        finally:
            connection.close()

    def play() -> None:
        for player in (uuid4() for _ in range(40)):
            with transaction.atomic():
                grow(player)
        connection.close()

    threads = [threading.Thread(target=work) for work in (seal_often, seal_often, play)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sign_checkpoints()
    assert faults == []
    blocks = list(Checkpoint.objects.order_by("number"))
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    assert list(checkpoint_file.read_all(str(exported))) == [block.jws for block in blocks]
    assert CheckpointHead.objects.count() == 80
