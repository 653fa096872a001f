"""The environment, read once: typed readers of what `env.SETTINGS` lists, which stop on nonsense with a sentence."""

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from scoreboard_project.env import SETTINGS
from scoreboard_project.pictures import Picture, read_picture
from scores.database.valkey_connections import pool_options

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
#: What a browser sends as the origin of a sandboxed frame, and of files and data URLs (RFC 6454, section 7.3).
OPAQUE_ORIGIN = "null"
POSTGRESQL_PORT = 5432
COLOUR = re.compile(r"#[0-9a-f]{6}")
RATE = re.compile(r"[1-9][0-9]{0,8}/(?:[1-9][0-9]{0,4})?[smhd]")
_BY_NAME = {setting.name: setting for setting in SETTINGS}


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

    def line(self, name: str, *, maximum: int) -> str:
        """One line of text to be shown, which may be empty."""
        value = self.text(name)
        if len(value) > maximum or not value.isprintable():
            raise ImproperlyConfigured(f"{name} must be at most {maximum} characters in one line, not {value!r}.")
        return value

    def colours(self, name: str, *, maximum: int) -> list[str]:
        """Colours as #rrggbb, in lower case."""
        colours = [colour.lower() for colour in self.items(name)]
        for colour in colours:
            if not COLOUR.fullmatch(colour):
                raise ImproperlyConfigured(f"{name} holds {colour!r}; a colour looks like #0b6848.")
        if len(colours) > maximum:
            raise ImproperlyConfigured(f"{name} holds {len(colours)} colours; it takes at most {maximum}.")
        return colours

    def picture(self, name: str) -> Picture | None:
        """The picture in the file that is named, or None where none is."""
        path = self.text(name)
        if not path:
            return None
        try:
            return read_picture(Path(path))
        except OSError as error:
            raise ImproperlyConfigured(f"{name} names {path}, which cannot be read: {error}.") from None
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} names {path}, which {error}.") from None

    def secret(self, name: str, *, minimum_bytes: int) -> str:
        """A required secret. With DEBUG a missing one is made once and kept in var/; otherwise it stops the start."""
        value = self.text(name)
        if not value:
            if not self.debug:
                raise ImproperlyConfigured(
                    f"{name} is not set. Set it (or {name}_FILE) to at least {minimum_bytes} random characters, or DEBUG=1 for development."
                )
            value = self.generated(name.lower(), secrets.token_urlsafe(64))
        if len(value.encode()) < minimum_bytes:
            raise ImproperlyConfigured(f"{name} is too short: it needs at least {minimum_bytes} bytes.")
        return value

    def database(self, name: str = "DATABASE_URL", *, target: str = "read-write") -> Any:
        """What the variable says, as Django connects with it; of several hosts, with the `target` (libpq, `target_session_attrs`).

        What is none is not repeated: it may hold the password.
        """
        url = self.text(name)
        try:
            hosts, url = _split_hosts(url)
            database: Any = dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} is no URL of a database: what is special in its parts is written %XX, and a port is a number."
            ) from None
        options = database.setdefault("OPTIONS", {})
        if "," in str(options.get("host", "")):
            raise ImproperlyConfigured(
                f"{name} names several hosts as an option. Name them where one stands: "
                "postgresql://USER:PASSWORD@HOST1,HOST2:PORT2/NAME."
            )
        if hosts:
            database["HOST"] = ",".join(host for host, _ in hosts)
            database["PORT"] = ",".join(str(port) for _, port in hosts)
            # By default a standby would take the first connection and then no write.
            options.setdefault("target_session_attrs", target)
        return database

    def valkey(self) -> str:
        """REDIS_URL, which may be empty. What is none is not repeated: it may hold the password."""
        url = self.text("REDIS_URL")
        if not url:
            return ""
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
        try:
            pool_options(url)
        except ValueError:
            raise ImproperlyConfigured(
                "REDIS_URL is no URL of Valkey or Redis: what is special in its parts is written %XX, and a port is a number."
            ) from None
        return url

    def generated_file(self, name: str, file: str, fresh: Callable[[], str]) -> str:
        """The path in the variable. With DEBUG and none set, that of a file in var/ which is made once."""
        path = self.text(name)
        if path or not self.debug:
            return path
        self.generated(file, fresh())
        return str(self._var / file)

    def generated(self, name: str, fresh: str) -> str:
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


def _split_hosts(url: str) -> tuple[list[tuple[str, int]], str]:
    """Take several hosts and their ports out of a database's URL (libpq, section "Specifying Multiple Hosts"); none where it names one.

    Raises ValueError where they are none.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, named = authority.rpartition("@")
    hosts = [urlsplit(f"//{host}") for host in unquote(named).split(",")]
    if len(hosts) == 1:
        return [], url
    if not all(host.hostname for host in hosts):
        raise ValueError
    found = [(str(host.hostname), host.port or POSTGRESQL_PORT) for host in hosts]
    return found, f"{scheme}://{user}{at}several{slash}{path}"


def is_collected(root: Path, sources: Iterable[Path]) -> bool:
    """Tell whether static files were collected since they last changed: what was collected of an older release is not served."""
    manifest = root / "staticfiles.json"
    if not manifest.is_file():
        return False
    changed = (path.stat().st_mtime for source in sources for path in source.rglob("*"))
    return max(changed, default=0.0) <= manifest.stat().st_mtime
