"""What the documents show is what happens: their examples are run as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from audit.models import AuditEntry
from scores.models import Action, Score
from scores.players import ensure_player
from scores.receipts.signing import encode_private_key, make_issuer
from scores.receipts.verifier import examine
from tests.support.acting import access_token
from tests.support.processes import ROOT
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_collected_files(settings: Settings) -> None:
    """Static files are served from where they lie; the folder of collected ones need not exist."""
    settings.STATIC_ROOT = None


def read_block(document: str, language: str, number: int = 1, *, of: int = 1) -> str:
    """The example in this language of this number, of so many as there are."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / document).read_text(encoding="utf-8"), re.M | re.S)
    assert len(found) == of
    return str(found[number - 1])


def run_python(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def find_node() -> str:
    """Node.js: the system's, or the one that Playwright brings along."""
    bundled = Path(sys.prefix) / f"lib/python3.{sys.version_info.minor}/site-packages/playwright/driver/node"
    found = shutil.which("node") or (str(bundled) if bundled.exists() else None)
    assert found, "Node.js was not found. Run ./dev setup, or install it (Debian: apt-get install nodejs)."
    return found


@pytest.fixture
def quiz_key(tmp_path: Path, settings: Settings) -> Path:
    """The private key of the issuer that the receipt examples speak for."""
    key = Ed25519PrivateKey.generate()
    issuer = make_issuer("quiz-backend", "quiz-1", key, {"daily-quiz": 100})
    (tmp_path / "issuers.json").write_text(json.dumps(issuer), encoding="utf-8")
    settings.RECEIPT_ISSUERS_FILE = str(tmp_path / "issuers.json")
    path = tmp_path / "quiz.pem"
    path.write_text(encode_private_key(key), encoding="ascii")
    return path


def test_receipts_signed_as_documented_count(db: None, client: Client, quiz_key: Path, tmp_path: Path) -> None:
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10, receipt_required=True)
    player = ensure_player(User.objects.create_user("ada"))
    in_python = read_block("docs/receipts.md", "python", 1, of=2) + (
        "\nimport sys\nprint(sign_receipt(open(sys.argv[1]).read(), sys.argv[2], 'daily-quiz', 25))"
    )
    module = tmp_path / "receipts.mjs"
    module.write_text(
        'import { readFileSync } from "node:fs";\n'
        + read_block("docs/receipts.md", "js", 1, of=2)
        + 'console.log(signReceipt(readFileSync(process.argv[2], "utf8"), process.argv[3], "daily-quiz", 40));\n',
        encoding="utf-8",
    )
    node = [find_node(), str(module), str(quiz_key), str(player.pk)]
    receipts = [
        run_python(in_python, str(quiz_key), str(player.pk)),
        subprocess.run(node, capture_output=True, text=True, check=True, timeout=60).stdout.strip(),
    ]
    for receipt, points, total in zip(receipts, (25, 40), (25, 65), strict=True):
        assert examine(receipt).fault == ""
        response = client.patch(
            "/api/score/update",
            json.dumps({"receipt": receipt}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {access_token(player)}"},
        )
        body = response.json()
        assert (response.status_code, body["delta"], body["score"], body["verified"]) == (200, points, total, True)


def test_awards_sent_as_documented_count(
    scoreboard_server: Callable[..., ScoreboardServer], quiz_key: Path, settings: Settings, tmp_path: Path
) -> None:
    """By Python and by Node, each twice, as who got no answer does."""
    Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10, receipt_required=True)
    player = ensure_player(User.objects.create_user("ada"))
    server = scoreboard_server(RECEIPT_ISSUERS_FILE=settings.RECEIPT_ISSUERS_FILE)
    site = f"http://127.0.0.1:{server.port}"
    in_python = read_block("docs/receipts.md", "python", 2, of=2) + (
        "\nimport sys\ncall = sign_awards(open(sys.argv[1]).read(), [(sys.argv[3], 'daily-quiz', 25), (sys.argv[3], 'daily-quiz', 5)])"
        "\nprint(json.dumps([send_awards(sys.argv[2], call) for _ in range(2)]))"
    )
    module = tmp_path / "awards.mjs"
    module.write_text(
        'import { readFileSync } from "node:fs";\n'
        + read_block("docs/receipts.md", "js", 2, of=2)
        + "const [key, site, player] = process.argv.slice(2);\n"
        + 'const awards = [25, 5].map((points) => ({ player, action: "daily-quiz", points }));\n'
        + 'const call = signAwards(readFileSync(key, "utf8"), awards);\n'
        + "console.log(JSON.stringify([await sendAwards(site, call), await sendAwards(site, call)]));\n",
        encoding="utf-8",
    )
    words = [str(quiz_key), site, str(player.pk)]
    node = subprocess.run([find_node(), str(module), *words], capture_output=True, text=True, check=True, timeout=60)
    for printed, before in ((node.stdout, 0), (run_python(in_python, *words), 30)):
        first, again = json.loads(printed)
        assert [item["score"] for item in first["results"]] == [before + 25, before + 30]
        assert [(answer["accepted"], answer["replayed"], answer["refused"]) for answer in (first, again)] == [
            (2, 0, 0), (0, 2, 0),
        ]  # fmt: skip


def make_signed_up_player() -> Score:
    Action.objects.create(slug="forum-post", label="Forum post", points=5)
    return ensure_player(User.objects.create_user("ada", password=PASSWORD))


def test_the_commands_of_the_api_page_work_as_pasted(scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    assert shutil.which("curl"), "curl was not found. Install it (Debian: apt-get install curl)."
    player = make_signed_up_player()
    server = scoreboard_server()
    variables = {"SCOREBOARD": server.url, "USERNAME": "ada", "PASSWORD": PASSWORD, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["/bin/sh", "-euc", read_block("docs/api.md", "sh")],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    decoder, rest, answers = json.JSONDecoder(), done.stdout.strip(), []
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    update, top, page, me = answers
    assert (update["delta"], update["score"], update["verified"], update["replayed"]) == (5, 5, False, False)
    assert [(row["rank"], row["player"], row["score"]) for row in top["entries"]] == [(1, str(player.pk), 5)]
    assert (page["entries"], page["players"]) == (top["entries"], 1)
    assert (me["player"], me["score"], me["rank"]) == ({"id": str(player.pk), "name": "ada"}, 5, 1)


class LossyHandler(BaseHTTPRequestHandler):
    """Passes a PATCH on, and loses the first answer."""

    target = 0
    answered: list[int]

    def do_PATCH(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.target, timeout=10)
        connection.request("PATCH", self.path, self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers))
        response = connection.getresponse()
        body = response.read()
        connection.close()
        self.answered.append(response.status)
        self.close_connection = True
        if len(self.answered) > 1:
            self.send_response(response.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def lossy_network() -> Iterator[tuple[type[LossyHandler], str]]:
    """The address of a way to a server (`target`, its port) on which the first answer gets lost."""

    class Handler(LossyHandler):
        answered: list[int] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as network:
        thread = threading.Thread(target=network.serve_forever)
        thread.start()
        yield Handler, f"http://127.0.0.1:{network.server_port}"
        network.shutdown()
        thread.join()


def test_the_client_of_the_api_page_counts_once_though_its_first_answer_gets_lost(
    scoreboard_server: Callable[..., ScoreboardServer], lossy_network: tuple[type[LossyHandler], str]
) -> None:
    player = make_signed_up_player()
    handler, url = lossy_network
    handler.target = scoreboard_server().port
    script = read_block("docs/api.md", "python") + (
        "\nimport sys\nprint(json.dumps(report_act(sys.argv[1], sys.argv[2], 'forum-post')))"
    )
    answer = json.loads(run_python(script, url, access_token(player)))
    assert (answer["score"], answer["replayed"]) == (5, True)
    assert handler.answered == [200, 200]
    assert AuditEntry.objects.filter(player=player.pk).count() == 1


OPERATIONS = "docs/operations.md"
#: Stands in for Docker: makes the folders that it would mount, and what the image would run is run here.
DOCKER = """#!/bin/sh
mkdir -p keys/servers keys/sealer
case "$*" in
    *"manage make_keys") exec "$PYTHON" "$MANAGE" make_keys ;;
esac
echo "docker $*" >>"$CALLS"
"""


def read_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_quarter_of_an_hour_makes_secrets_and_keys_that_a_server_takes(tmp_path: Path) -> None:
    block = read_block(OPERATIONS, "sh", 1, of=12)
    (tmp_path / "docker").write_text(DOCKER, encoding="utf-8")
    (tmp_path / "docker").chmod(0o755)
    site = tmp_path / "site"
    site.mkdir()
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": sys.executable}
    calls = tmp_path / "calls"
    keys = {
        "LEDGER_KEYS_FILE": str(site / "keys/servers/ledger_keys.json"),
        "RECEIPT_ISSUERS_FILE": str(site / "keys/servers/receipt_issuers.json"),
        "CHECKPOINT_KEY_FILE": str(site / "keys/sealer/checkpoint_keys.json"),
    }
    needed = {"SECRET_KEY": "x" * 50, "JWT_SIGNING_KEY": "x" * 50, "ALLOWED_HOSTS": "localhost"}
    environment = variables | keys | needed | {"CALLS": str(calls), "MANAGE": str(ROOT / "manage.py")}
    made = []
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-euc", f"umask 022; {block} umask"], cwd=site, env=environment, check=True, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == "0022"
        made.append(read_files(site))
    assert made[0] == made[1]
    assert len(made[0]) == 4
    assert calls.read_text(encoding="utf-8").splitlines()[-1] == "docker compose up --detach"
    secrets = dict(line.split("=", 1) for line in (site / ".env").read_text(encoding="utf-8").splitlines())
    drawn = {"SECRET_KEY", "JWT_SIGNING_KEY", *(f"{role}_PASSWORD" for role in ("POSTGRES", "OWNER", "APP", "SEALER"))}
    assert set(secrets) == {"DOMAIN"} | drawn
    assert len({secrets[name] for name in drawn}) == len(drawn)
    assert {path.stat().st_mode & 0o077 for path in (site / ".env", *site.glob("keys/*/*.json"))} == {0}
    production = {
        "SECRET_KEY": secrets["SECRET_KEY"],
        "JWT_SIGNING_KEY": secrets["JWT_SIGNING_KEY"],
        "ALLOWED_HOSTS": secrets["DOMAIN"],
        "TRUSTED_PROXIES": "1",
        "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
        **keys,
        "CHECKPOINT_EXPORT": str(tmp_path / "checkpoints.jws"),
    }
    for command in (["migrate", "--verbosity=0"], ["config"], ["seal_ledger"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=variables | production, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
