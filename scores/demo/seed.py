"""What the demo starts from: a small believable catalogue, a backend that signs receipts, an admin, 40 honest players and a few cheats."""

import json
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import IO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction

from scores.catalogue import set_action
from scores.demo.cheats import CHEATS
from scores.models import Action, Score
from scores.players import make_players
from scores.receipts.signing import add_to_registry, decode_private_key, encode_private_key, make_issuer

ISSUER = "demo-backend"
KID = "demo-1"
ADMIN = "admin"


@dataclass(frozen=True)
class DemoAction:
    """An action of the catalogue, and the most points a receipt may carry for it (0: self-reported).

    Where its receipts say what was reached, they name a time of at least `fastest_ms` milliseconds.
    """

    slug: str
    label: str
    points: int
    most: int = 0
    cooldown_seconds: int = 0
    daily_cap: int = 0
    fastest_ms: int = 0


CATALOGUE = (
    DemoAction("daily-quiz", "Daily quiz", points=10, most=100),
    DemoAction("bug-report", "Confirmed bug report", points=50, most=200),
    DemoAction("answer-accepted", "Answer accepted", points=25, most=25),
    DemoAction("lap", "Lap driven", points=10, most=10, fastest_ms=61_000),
    DemoAction("forum-post", "Forum post", points=5, cooldown_seconds=30, daily_cap=200),
    DemoAction("daily-visit", "Daily visit", points=5, daily_cap=1),
    DemoAction("profile-complete", "Profile completed", points=20, daily_cap=1),
)
#: What the reader's own player does, and nobody else: worth more than the board moves in minutes, and soon done again.
FIRST_STEPS = DemoAction("first-steps", "First steps with the API", points=1000, daily_cap=20)
#: Names as shown, by username: the honest ones.
PLAYERS = {
    "amina": "Amina Okafor", "anders": "Anders Lindqvist", "ayse": "Ayşe Öztürk", "bruno": "Bruno Carvalho",
    "carlos": "Carlos Mendoza", "chiara": "Chiara Rossi", "chidi": "Chidi Eze", "daniel": "Daniel O'Connor",
    "eleni": "Ελένη Παπαδοπούλου", "emre": "Emre Kaya", "fatima": "Fatima Zahra", "freya": "Freya Jørgensen",
    "goran": "Goran Marković", "hana": "Hana Nováková", "haruto": "田中 陽翔", "ines": "Inês Figueiredo",
    "isla": "Isla MacGregor", "ivan": "Иван Петров", "jack": "Jack Wilson", "jin": "Kim Jin-woo",
    "jorge": "Jorge Núñez", "kavya": "Kavya Iyer", "keola": "Keola Kahananui", "layla": "ليلى حداد",
    "leilani": "Leilani Tui", "lucia": "Lucía Fernández", "mateusz": "Mateusz Wiśniewski", "mei": "林美玲",
    "moshe": "משה לוי", "nia": "Nia Mwangi", "noor": "Noor de Vries", "olena": "Олена Шевченко",
    "pierre": "Pierre Lefèvre", "priya": "प्रिया शर्मा", "quynh": "Nguyễn Quỳnh", "rosa": "Rosa Quispe",
    "sam": "Sam Taylor", "sofie": "Sofie Müller", "tane": "Tāne Walker", "zsofia": "Zsófia Nagy",
}  # fmt: skip
#: The reader's own: simulated by nobody.
READER, READER_NAME = "robin", "Robin Reader"
EVERYBODY = {READER: READER_NAME} | PLAYERS | {cheat.username: cheat.name for cheat in CHEATS}


#: People sleep, each at a time of their own: the demo's players live all around the world.
SLEEP_HOURS = 8
AGENTS = ("Firefox/144.0", "Chrome/142.0", "Safari/26.1", "Edge/142.0", "Chrome/141.0 Mobile", "Safari/26.0 Mobile")


def is_awake(number: int, now: datetime) -> bool:
    """Tell whether the player of this number is awake."""
    bedtime = number * 7
    return (now.hour - bedtime) % 24 >= SLEEP_HOURS


def choose_points(random: Random, action: DemoAction) -> int:
    """Choose what a receipt for this action carries; 0 where none is needed."""
    return random.randrange(action.points, action.most + 1, 5) if action.most else 0


def choose_value(random: Random, action: DemoAction) -> int | None:
    """Choose what a receipt for this action says was reached, in milliseconds; None where nothing is."""
    return action.fastest_ms + round(random.gammavariate(4, 2500)) if action.fastest_ms else None


@dataclass(frozen=True)
class Demo:
    """The files in which the demo keeps what it made; readable by their owner only."""

    folder: Path

    @property
    def key_file(self) -> Path:
        return self.folder / "demo_issuer_key.pem"

    @property
    def players_file(self) -> Path:
        return self.folder / "demo_players.json"

    @property
    def admin_file(self) -> Path:
        return self.folder / "demo_admin_password"

    @property
    def log_file(self) -> Path:
        return self.folder / "demo_server.log"

    def open_log(self) -> IO[bytes]:
        """The server's log, empty; it names players and their addresses."""
        self.log_file.unlink(missing_ok=True)
        return os.fdopen(os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def read_key(self) -> Ed25519PrivateKey:
        return decode_private_key(self.key_file.read_text(encoding="ascii"))

    def read_passwords(self) -> dict[str, str]:
        passwords: dict[str, str] = json.loads(self.players_file.read_text(encoding="utf-8"))
        return passwords

    def read_admin_password(self) -> str:
        return self.admin_file.read_text(encoding="ascii")

    def seed(self) -> None:
        """Make what is missing; what is there, and was perhaps changed since, stays."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_actions()
        _keep(self.key_file, lambda: encode_private_key(Ed25519PrivateKey.generate()))
        allowed = {action.slug: action.most for action in CATALOGUE if action.most}
        add_to_registry(Path(settings.RECEIPT_ISSUERS_FILE), make_issuer(ISSUER, KID, self.read_key(), allowed))
        is_new = _keep(self.admin_file, lambda: secrets.token_urlsafe(12))
        if is_new or not User.objects.filter(username=ADMIN).exists():
            _make_admin(self.read_admin_password())
        is_new = _keep(self.players_file, lambda: "{}")
        known = set() if is_new else set(User.objects.filter(username__in=EVERYBODY).values_list("username", flat=True))
        # A folder of an earlier version lacks who came later.
        passwords = {username: secrets.token_urlsafe(9) for username in EVERYBODY} | self.read_passwords()
        self.players_file.write_text(json.dumps(passwords), encoding="utf-8")
        _make_players({username: word for username, word in passwords.items() if username not in known})


def _keep(path: Path, make: Callable[[], str]) -> bool:
    """Whether the file had to be made."""
    if path.exists():
        return False
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(make())
    return True


def _make_actions() -> None:
    known = set(Action.objects.values_list("slug", flat=True))
    for action in (*CATALOGUE, FIRST_STEPS):
        if action.slug not in known:
            set_action(
                actor="system",
                reason="demo",
                slug=action.slug,
                label=action.label,
                points=action.points,
                cooldown_seconds=action.cooldown_seconds,
                daily_cap=action.daily_cap,
                receipt_required=action.most > 0,
                takes_value=action.fastest_ms > 0,
            )


def _make_admin(password: str) -> None:
    admin, _ = User.objects.get_or_create(username=ADMIN)
    admin.is_staff = admin.is_superuser = admin.is_active = True
    admin.set_password(password)
    admin.save()


@transaction.atomic
def _make_players(passwords: dict[str, str]) -> None:
    """Players who can sign in under names that a person can type."""
    make_players(EVERYBODY[username] for username in passwords)
    scores = {score.name: score for score in Score.objects.filter(name__in=EVERYBODY.values()).select_related("user")}
    users = []
    for (username, _), hashed in zip(passwords.items(), _hash_all(passwords.values()), strict=True):
        user = scores[EVERYBODY[username]].user
        user.username, user.password = username, hashed
        users.append(user)
    User.objects.bulk_update(users, ["username", "password"])


def _hash_all(passwords: Iterable[str]) -> list[str]:
    """Each takes a third of a second by design; the work is done without Python's lock, so on all processors at once."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(make_password, passwords))
