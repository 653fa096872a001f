"""Random logs as docs/contract.md 6 and 18 describe them, with proofs and results: written here once more, without our own code."""

import base64
import hashlib
import json
import random
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KID = "signer-1"
KINDS = ("award", "award", "award", "adjust", "void", "restore", "freeze", "unfreeze", "rename")


@dataclass(frozen=True)
class RandomLog:
    """Files that hold: of every player a proof, of a period its results, and what signs both."""

    proofs: list[str]
    results: str
    blocks: list[str]
    keys: dict[str, str]


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def write(document: object, *, is_sorted: bool = False) -> str:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=is_sorted)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(leaves: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return leaves[:half], leaves[half:]


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    left, right = split(leaves)
    return node(root_of(left), root_of(right))


def path_of(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) < 2:
        return []
    left, right = split(leaves)
    if index < len(left):
        return [*path_of(left, index), root_of(right)]
    return [*path_of(right, index - len(left)), root_of(left)]


def make_chain(chance: random.Random, player: UUID, length: int) -> list[tuple[str, str]]:
    """The canonical text of each entry, and its MAC, which nobody here can check."""
    entries, balance, at_us, prev = [], 0, 1_790_000_000_000_000, ""
    for seq in range(1, length + 1):
        kind = "award" if seq == 1 else chance.choice(KINDS)
        delta = (
            chance.randint(-balance, 1000)
            if kind in {"adjust", "void", "restore"}
            else chance.randint(1, 1000) * (kind == "award")
        )
        balance += delta
        at_us += chance.choice((0, 1, 86_400_000_000))
        has_value = kind == "award" and chance.random() < 0.3
        value = [chance.randint(-(2**53) + 1, 2**53 - 1)] if has_value else []
        ref = chance.choice((None, f"k:{player}:{chance.randbytes(32).hex()}", "r:issuer é \x7f:jti"))
        action, actor = chance.choice(("", "lap", "quiz")), chance.choice(("system", str(player)))
        points = ["ledger-1", kind, delta, balance, *value, action, ref, actor, at_us, chance.randbytes(32).hex(), prev]
        text = write([f"scoreboard.entry.v{1 + has_value}", str(player), seq, *points])
        prev = chance.randbytes(32).hex()
        entries.append((text, prev))
    return entries


def sign(key: Ed25519PrivateKey, claims: dict[str, object]) -> str:
    header = {"alg": "EdDSA", "kid": KID, "typ": "scoreboard-checkpoint+jwt"}
    signed = ".".join(encode(write(part, is_sorted=True).encode()) for part in (header, claims))
    return f"{signed}.{encode(key.sign(signed.encode()))}"


def make_results(chance: random.Random) -> str:
    places = sorted(
        (-chance.randint(0, 9), chance.randint(0, 5), str(UUID(int=chance.getrandbits(128))))
        for _ in range(chance.randint(0, 9))
    )
    return "".join(
        f"{rank} {player} {-points} {at_us} {chance.randint(1, 99)}\n"
        for rank, (points, at_us, player) in enumerate(places, 1)
    )


def make_log(seed: int) -> RandomLog:
    chance = random.Random(seed)
    key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    players = sorted(UUID(int=chance.getrandbits(128)) for _ in range(chance.randint(1, 9)))
    chains = {player: make_chain(chance, player, chance.randint(1, 6)) for player in players}
    sealed = {player: chance.randint(1, len(chain)) for player, chain in chains.items()}
    heads = []
    for player in players:
        digest = bytes(32)
        for text, _ in chains[player][: sealed[player]]:
            digest = hashlib.sha256(digest + text.encode()).digest()
        heads.append(
            {
                "player": str(player),
                "seq": sealed[player],
                "mac": chains[player][sealed[player] - 1][1],
                "digest": digest.hex(),
            }
        )
    leaves = [
        hashlib.sha256(b"\x00" + write(["scoreboard.head.v2", *head.values()]).encode()).digest() for head in heads
    ]
    results = make_results(chance)
    sha256 = hashlib.sha256(results.encode()).hexdigest()
    stated = {"subject": "board:b/all", "count": results.count("\n"), "sha256": sha256, "starts_us": 1, "ends_us": 2}
    block = sign(key, {
        "v": 2, "number": chance.randint(1, 99), "epoch": 1, "prev": "", "at_us": 1_795_000_000_000_000, "count": len(leaves),
        "root": root_of(leaves).hex(), "statements": [stated],
    })  # fmt: skip
    proofs = []
    for index, player in enumerate(players):
        lines = [
            text if seq <= sealed[player] else f'{{"sealed":false,"entry":{text}}}'
            for seq, (text, _) in enumerate(chains[player], start=1)
        ]
        end = {
            "head": heads[index],
            "index": index,
            "path": [each.hex() for each in path_of(leaves, index)],
            "block": block,
        }
        proofs.append("".join(f"{line}\n" for line in (*lines, write(end))))
    return RandomLog(proofs, results, [block], {KID: encode(key.public_key().public_bytes_raw())})
