"""Random logs with their blocks, proofs and results, as docs/contract.md 6 and 18 have them, and not made by our code."""

import base64
import hashlib
import hmac
import json
import random
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SYSTEM = "00000000-0000-0000-0000-000000000000"
LEDGER_KEY = bytes(32)
LARGEST = 2**53 - 1
BEGIN = 1_790_000_000_000_000

Rng = random.Random


def to_canonical(value: object, *, in_order: bool = False) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=in_order)


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def make_uuid(rng: Rng) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Signer:
    """A checkpoint key of the tests."""

    def __init__(self, rng: Rng) -> None:
        self.kid = f"seal-{rng.randrange(1000)}"
        self._private = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))

    @property
    def jwk(self) -> dict[str, str]:
        x = to_base64url(self._private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    def sign_texts(self, header: str, payload: str) -> str:
        """Signs just these two texts, also where they are not what a block has."""
        signed = f"{to_base64url(header.encode())}.{to_base64url(payload.encode())}"
        return f"{signed}.{to_base64url(self._private.sign(signed.encode()))}"

    def sign(self, claims: dict[str, Any]) -> str:
        header = {"alg": "EdDSA", "kid": self.kid, "typ": "scoreboard-checkpoint+jwt"}
        return self.sign_texts(to_canonical(header, in_order=True), to_canonical(claims, in_order=True))


@dataclass
class Chain:
    player: str
    entries: list[str] = field(default_factory=list)
    macs: list[str] = field(default_factory=list)
    balance: int = 0
    at_us: int = BEGIN

    def append(self, rng: Rng, kind: str, delta: int, action: str, ref: str | None, value: int | None = None) -> None:
        self.balance += delta
        self.at_us += rng.choice((0, 1, rng.randrange(10**9)))
        version, reached = ("scoreboard.entry.v1", []) if value is None else ("scoreboard.entry.v2", [value])
        seq, prev = len(self.entries) + 1, self.macs[-1] if self.macs else ""
        actor = rng.choice(("system", make_uuid(rng)))
        of_kind = [self.player, seq, rng.choice(("ledger-1", "ledger-2")), kind, delta, self.balance]
        detail = rng.randbytes(32).hex()
        text = to_canonical([version, *of_kind, *reached, action, ref, actor, self.at_us, detail, prev])
        self.entries.append(text)
        self.macs.append(hmac.digest(LEDGER_KEY, text.encode("ascii"), "sha256").hex())

    def digest(self, seq: int) -> str:
        digest = bytes(32)
        for text in self.entries[:seq]:
            digest = hashlib.sha256(digest + text.encode("ascii")).digest()
        return digest.hex()

    def head(self, seq: int) -> dict[str, Any]:
        return {"player": self.player, "seq": seq, "mac": self.macs[seq - 1], "digest": self.digest(seq)}


def append_random(rng: Rng, chain: Chain) -> None:
    """Appends an entry of any kind that a player's chain can have, with what its columns may hold."""
    kind = rng.choice(("award",) * 4 + ("void", "restore", "adjust", "freeze", "unfreeze", "rename", "import"))
    action, ref, value = rng.choice(("chess-win", "Quiz_1", "lap")), None, None
    delta = rng.choice((1, 10, 1_000_000))
    if kind == "award" and rng.random() < 0.5:
        ref = f"r:{rng.choice(('quiz', 'prüfer'))}:{to_base64url(rng.randbytes(18))}"
        value = rng.choice((None, 0, -LARGEST, LARGEST, rng.randrange(-(10**6), 10**6)))
    elif kind == "award":
        ref = f"k:{chain.player}:{rng.randbytes(32).hex()}"
    elif kind in ("void", "restore"):
        delta = -min(chain.balance, delta) if kind == "void" else delta
        ref = f"v:{chain.player}:{rng.randint(1, len(chain.entries) + 1)}"
    elif kind == "adjust":
        delta, action = rng.choice((delta, -min(chain.balance, delta))), rng.choice((action, ""))
    elif kind == "import":
        delta, action, ref = 10**9, "", f"i:{rng.randbytes(32).hex()}:{rng.randint(2, 10**6)}"
    else:
        delta, action = 0, ""
    chain.append(rng, kind, delta, action, ref, value)


def append_act(rng: Rng, chain: Chain) -> None:
    """Appends one to the system chain (6.6)."""
    slugs = ("chess-win", "rebuild:", "rebuild:standings", "restore:", "flag:7", "import:", "board:laps", "period:laps")
    chain.append(rng, "config", 0, rng.choice((*slugs, f"erase:{make_uuid(rng)}", f"identity:{make_uuid(rng)}")), None)


def hash_leaf(leaf: str) -> bytes:
    return hashlib.sha256(b"\0" + leaf.encode("ascii")).digest()


def hash_tree(hashes: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + hash_tree(hashes[:split]) + hash_tree(hashes[split:])).digest()


def find_path(hashes: list[bytes], index: int) -> list[str]:
    """RFC 9162, section 2.1.3.1, in hex."""
    if len(hashes) < 2:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < split:
        return [*find_path(hashes[:split], index), hash_tree(hashes[split:]).hex()]
    return [*find_path(hashes[split:], index - split), hash_tree(hashes[:split]).hex()]


def write_leaf(head: dict[str, Any]) -> str:
    return to_canonical(["scoreboard.head.v2", head["player"], head["seq"], head["mac"], head["digest"]])


@dataclass
class Block:
    jws: str
    claims: dict[str, Any]
    heads: list[dict[str, Any]]

    @property
    def hashes(self) -> list[bytes]:
        return [hash_leaf(write_leaf(head)) for head in self.heads]

    def find_head(self, player: str) -> int | None:
        return next((at for at, head in enumerate(self.heads) if head["player"] == player), None)


@dataclass
class Log:
    signer: Signer
    chains: list[Chain] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [self.signer.jwk]}

    def seal(self, heads: list[dict[str, Any]], statements: list[dict[str, Any]], **changed: Any) -> Block:
        """Signs the next block over these heads; `changed` has other claims than it should."""
        heads = sorted(heads, key=lambda head: str(head["player"]))
        claims = {
            "v": 2,
            "number": len(self.blocks) + 1,
            "epoch": 1,
            "prev": hashlib.sha256(self.blocks[-1].jws.encode()).hexdigest() if self.blocks else "",
            "at_us": BEGIN + 10**12 + len(self.blocks),
            "count": len(heads),
            "root": hash_tree([hash_leaf(write_leaf(head)) for head in heads]).hex(),
            "statements": sorted(statements, key=lambda each: str(each["subject"])),
            **changed,
        }
        block = Block(self.signer.sign(claims), claims, heads)
        self.blocks.append(block)
        return block

    def find_sealed(self, player: str) -> int:
        """How far the newest block covers a chain."""
        seqs = [block.heads[at]["seq"] for block in self.blocks if (at := block.find_head(player)) is not None]
        return max(seqs, default=0)

    def write_proof(self, chain: Chain, *, after: int = 0) -> str:
        """The file of 18.4."""
        places = [(block, at) for block in self.blocks if (at := block.find_head(chain.player)) is not None]
        last: dict[str, Any] = {"head": None, "index": None, "path": [], "block": None}
        if places:
            block, at = places[-1]
            path = find_path(block.hashes, at)
            last = {"head": block.heads[at], "index": at, "path": path, "block": block.jws}
        sealed = self.find_sealed(chain.player)
        lines = chain.entries[after:sealed] if after < sealed else []
        lines = [*lines, *(f'{{"sealed":false,"entry":{text}}}' for text in chain.entries[max(after, sealed) :])]
        return "".join(f"{line}\n" for line in [*lines, to_canonical(last)])


def write_results(rng: Rng, players: list[str], *, ascending: bool = False) -> str:
    """A results text (17.5) in the order of 8.1, with ties in points and in times."""
    rows = [(rng.randint(-3, 5), BEGIN + rng.randrange(3), player) for player in players]
    rows.sort(key=lambda row: (row[0] if ascending else -row[0], *row[1:]))
    lines = (
        f"{rank} {player} {points} {at} {rng.randint(1, 9)}\n" for rank, (points, at, player) in enumerate(rows, 1)
    )
    return "".join(lines)


def state(text: str, subject: str) -> dict[str, Any]:
    """What a block says of results (18.3)."""
    return {
        "subject": subject,
        "starts_us": BEGIN,
        "ends_us": BEGIN + 86_400_000_000,
        "count": text.count("\n"),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def make_log(seed: int, *, most_players: int = 9, most_blocks: int = 4) -> Log:
    """A log of up to so many players, of whom some have entries that no block covers, and of one whom none does."""
    rng = random.Random(seed)
    players = [make_uuid(rng) for _ in range(rng.randint(1, most_players))]
    log = Log(Signer(rng), [Chain(player) for player in (SYSTEM, *players)])
    for number in range(rng.randint(1, most_blocks)):
        for chain in log.chains:
            append = append_act if chain.player == SYSTEM else append_random
            for _ in range(rng.randrange(4)):
                append(rng, chain)
        text = write_results(rng, rng.sample(players, rng.randint(0, len(players))), ascending=rng.random() < 0.3)
        log.results.append(text)
        statements = [state(text, "board:laps/2026-W48"), state(f"{number}\n", f"board:main-{number}/2026-11")]
        heads = []
        for chain in log.chains[:-1]:
            first = log.find_sealed(chain.player) + 1
            if first <= len(chain.entries) and rng.random() < 0.8:
                heads.append(chain.head(rng.randint(first, len(chain.entries))))
        log.seal(heads, statements)
    return log


def to_request(log: Log) -> dict[str, Any]:
    """The whole log, as the second implementation is asked about it."""
    chains = [list(zip(chain.entries, chain.macs, strict=True)) for chain in log.chains if chain.entries]
    heads = [[[head["player"], head["seq"]] for head in block.heads] for block in log.blocks]
    return {"chains": chains, "blocks": [block.jws for block in log.blocks], "heads": heads, "keys": log.keys}
