"""The environment, read once: what each variable means, and typed readers that stop on nonsense with a sentence.

`SETTINGS` is the one table of what an operator can set; README, `.env.example` and `manage.py config` show the same text.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
#: What a browser sends as the origin of a sandboxed frame, and of files and data URLs (RFC 6454, section 7.3).
OPAQUE_ORIGIN = "null"
RATE = re.compile(r"[1-9][0-9]{0,8}/(?:[1-9][0-9]{0,4})?[smhd]")


@dataclass(frozen=True)
class Setting:
    """One variable: `default` is what is used when it is unset; a secret may also be given as NAME_FILE."""

    name: str
    default: str
    help: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DEBUG", "off", "For development: makes missing secrets once and keeps them in var/. Never on in production."
    ),
    Setting(
        "SECRET_KEY",
        "",
        "Django's secret: sessions, CSRF, the tie of tokens to passwords. At least 50 random characters.",
        secret=True,
    ),
    Setting(
        "ALLOWED_HOSTS",
        "",
        "Host names this site answers to. With DEBUG and nothing set: localhost, 127.0.0.1 and [::1].",
    ),
    Setting(
        "ALLOWED_ORIGINS",
        "",
        "Origins (scheme://host[:port]) whose pages may use the API and the socket, beside the site's own. The word null lets "
        "sandboxed frames do so, whatever site they are on.",
    ),
    Setting(
        "FORM_ORIGINS",
        "",
        "Origins whose pages may send our forms, the admin's too, for who is signed in here. Empty: the site's own only.",
    ),
    Setting("BASE_PATH", "", "Stays empty: the site needs a host name of its own and is never served under a path."),
    Setting(
        "DATABASE_URL",
        "sqlite:///var/scoreboard.sqlite3",
        "Where the data lives: postgresql://USER:PASSWORD@HOST/NAME, or sqlite:///PATH.",
        secret=True,
    ),
    Setting(
        "REDIS_URL",
        "",
        "Valkey or Redis, shared by all processes (redis://HOST:PORT/0). Empty: one process, in memory.",
        secret=True,
    ),
    Setting(
        "JWT_SIGNING_KEY",
        "",
        "Signs access and refresh tokens: at least 32 bytes for HS256, a PEM private key otherwise.",
        secret=True,
    ),
    Setting(
        "JWT_VERIFYING_KEY",
        "",
        "PEM public key that tokens are verified with, for RS256, ES256 and EdDSA; several, one after the other, while one is exchanged.",
    ),
    Setting("JWT_ALGORITHM", "HS256", "HS256, RS256, ES256 or EdDSA."),
    Setting("JWT_ISSUER", "scoreboard", "Required `iss` of every token."),
    Setting("JWT_AUDIENCE", "scoreboard", "Required `aud` of every token."),
    Setting(
        "JWT_AUTO_PROVISION",
        "off",
        "Takes tokens signed elsewhere under the same key settings; players are made on first sight.",
    ),
    Setting("JWT_NAME_CLAIM", "name", "The claim of such a token that holds the name to show."),
    Setting("JWT_NAME_FOLLOWS", "on", "Renames a player whose token says another name than before."),
    Setting("RECEIPT_AUDIENCE", "scoreboard", "Required `aud` of every receipt."),
    Setting(
        "RECEIPT_ISSUERS_FILE",
        "",
        "JSON file of the backends that may sign receipts (`manage.py make_issuer`). Empty: none may.",
    ),
    Setting(
        "LEDGER_KEYS_FILE",
        "",
        "JSON file of the keys the audit log is sealed with. Keep it apart from SECRET_KEY and the database.",
    ),
    Setting("CHECKPOINT_KEY_FILE", "", "JSON file of the keys checkpoints are signed and verified with."),
    Setting("CHECKPOINT_EXPORT", "", "File outside the database that every checkpoint is appended to."),
    Setting("SCORE_UPDATE_RATE", "60/m", "Updates per player. COUNT/[N](s|m|h|d); 0 = no limit."),
    Setting(
        "LOGIN_RATE",
        "5/m",
        "Logins per username and address. Beside it, an account with 30 failed logins an hour, from wherever, is slowed for "
        "networks it never signed in from. 0 = neither.",
    ),
    Setting(
        "LOGIN_ADDRESS_RATE",
        "30/m",
        "Logins per address; refreshes and revocations likewise, each by itself; 0 = no limit.",
    ),
    Setting("READ_RATE", "1200/m", "Anonymous reads per address, and pages likewise; 0 = no limit."),
    Setting(
        "SOCKETS_PER_ADDRESS",
        "1000",
        "Sockets per address and process, a whole school behind one; pages beyond them poll. 0 = no limit.",
    ),
    Setting(
        "SCORE_REQUIRE_RECEIPTS", "off", "Turns self-reported actions off altogether: every update needs a receipt."
    ),
    Setting(
        "TRUSTED_PROXIES",
        "0",
        "How many proxies stand in front; the client address is that many from the right of X-Forwarded-For. One that "
        "cannot be read counts as unknown, and the log says so once.",
    ),
    Setting(
        "HTTPS_ONLY",
        "on unless DEBUG",
        "Secure cookies, HSTS, redirect to https. Off is allowed behind a proxy or on loopback.",
    ),
    Setting("EMBED_ORIGINS", "", "Origins whose pages may show /embed in a frame. Empty: none."),
    Setting("LOG_FORMAT", "text", "text or json."),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def provide_for_help(variables: MutableMapping[str, str], arguments: Sequence[str]) -> None:
    """Set what no command starts without, drawn anew, where the arguments only ask how a command is used.

    Such a command ends before it does anything, so nothing is ever signed with these.
    """
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if words and words[0] != "help" and not {"-h", "--help"} & set(words):
        return
    # The key file is opened by what seals and verifies, which help is not.
    needed = {"ALLOWED_HOSTS": "localhost", "LEDGER_KEYS_FILE": os.devnull}
    needed |= {name: secrets.token_urlsafe(64) for name in ("SECRET_KEY", "JWT_SIGNING_KEY")}
    for name, value in needed.items():
        if not variables.get(name) and not variables.get(f"{name}_FILE"):
            variables[name] = value


class Environment:
    """Typed access to the variables in `SETTINGS`; every reader raises ImproperlyConfigured with a sentence."""

    def __init__(self, variables: Mapping[str, str], var: Path) -> None:
        self._variables = variables
        self._var = var
        self.debug = self.flag("DEBUG")

    def text(self, name: str) -> str:
        """The value, its default when unset or empty. For a secret, NAME_FILE names a file that holds it."""
        setting = _BY_NAME[name]
        value = self._variables.get(name, "").strip()
        path = self._variables.get(f"{name}_FILE", "").strip() if setting.secret else ""
        if value and path:
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
        if path:
            value = self._read_file(f"{name}_FILE", path)
        return value or setting.default

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        value = self._variables.get(name, "").strip().lower()
        if not value:
            return default if default is not None else _BY_NAME[name].default in TRUE
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")

    def number(self, name: str, *, maximum: int) -> int:
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or int(value) > maximum:
            raise ImproperlyConfigured(f"{name} must be a whole number from 0 to {maximum}, not {value!r}.")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def items(self, name: str) -> list[str]:
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def hosts(self, name: str) -> list[str]:
        """Host names without scheme and path, which would match no request."""
        hosts = self.items(name)
        for host in hosts:
            if "/" in host:
                raise ImproperlyConfigured(f"{name} holds {host!r}; a host looks like scoreboard.example.org.")
        return hosts

    def origins(self, name: str, *, opaque: bool = False) -> list[str]:
        """Origins as RFC 6454 has them: scheme, host and port, nothing after; where opaque ones may be, also OPAQUE_ORIGIN."""
        origins = [origin.lower() for origin in self.items(name)]
        for origin in origins:
            if opaque and origin == OPAQUE_ORIGIN:
                continue
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ImproperlyConfigured(
                    f"{name} holds {origin!r}; an origin looks like https://example.org or https://example.org:8443."
                )
        return origins

    def rate(self, name: str) -> str | None:
        """A rate as django-ratelimit writes it (`60/m`), or None for no limit."""
        value = self.text(name)
        if value == "0":
            return None
        if not RATE.fullmatch(value):
            raise ImproperlyConfigured(
                f"{name} must look like 60/m (COUNT per s, m, h or d) or be 0 for no limit, not {value!r}."
            )
        return value

    def secret(self, name: str, *, minimum_bytes: int) -> str:
        """A required secret. With DEBUG a missing one is made once and kept in var/; otherwise it stops the start."""
        value = self.text(name)
        if not value:
            if not self.debug:
                raise ImproperlyConfigured(
                    f"{name} is not set. Set it (or {name}_FILE) to at least {minimum_bytes} random characters, or DEBUG=1 for development."
                )
            value = self.kept(name.lower(), secrets.token_urlsafe(64))
        if len(value.encode()) < minimum_bytes:
            raise ImproperlyConfigured(f"{name} is too short: it needs at least {minimum_bytes} bytes.")
        return value

    def kept(self, name: str, fresh: str) -> str:
        """What is in var/NAME, which is made with `fresh` if it is not there yet, readable by its owner only."""
        path = self._var / name
        try:
            self._make_folder()
            make_once(path, fresh)
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{path} cannot be made or read: {error.strerror}. Make {self._var} writable, or set the variables."
            ) from None

    def _make_folder(self) -> None:
        """Make var/ for its owner alone, also where it is there with wider rights; where a link leads is not ours to say."""
        self._var.mkdir(mode=0o700, exist_ok=True)
        if self._var.lstat().st_mode & 0o077 and not self._var.is_symlink():
            with contextlib.suppress(PermissionError):
                self._var.chmod(0o700)

    def _read_file(self, name: str, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name} names {path}, which cannot be read: {error}.") from None


def make_once(path: Path, text: str) -> bool:
    """Make a file that its owner alone may read, unless it is there already; whether it was made. Raises OSError."""
    if path.exists():
        return False
    # Written aside and linked: of several processes that start at once one wins, and none reads half a file.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_text(text, encoding="utf-8")
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def names_several_hosts(url: str) -> bool:
    """Whether a database's URL names hosts to be tried one after the other, in its address or as its option `host`."""
    rest, _, options = url.partition("://")[2].partition("?")
    hosts = [rest.rpartition("@")[2].partition("/")[0], *parse_qs(options).get("host", [])]
    return any("," in unquote(host) for host in hosts)
