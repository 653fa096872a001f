"""What an operator can set: `SETTINGS` is the one table; README, `.env.example` and `manage.py config` show the same text."""

import os
import secrets
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass


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
        "Where the data lives: postgresql://USER:PASSWORD@HOST/NAME, or sqlite:///PATH. A primary and its standbys: "
        "HOST1,HOST2:PORT2, and the one that takes writes is found. See docs/operations.md.",
        secret=True,
    ),
    Setting(
        "READ_DATABASE_URL",
        "",
        "A streaming replica of DATABASE_URL, or several: boards, pages, searches and verification are read there. See "
        "docs/operations.md.",
        secret=True,
    ),
    Setting(
        "READ_LAG_SECONDS",
        "5",
        "How many seconds the replica may be behind, 0 to 20; beyond that, and while it is away, the primary is read.",
    ),
    Setting(
        "DATABASE_POOLED",
        "off",
        "On where DATABASE_URL leads to a pooler in transaction mode (PgBouncer, many a hosted database): nothing is left in a "
        "session then. See docs/operations.md.",
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
    Setting("ISSUER_RATE", "60000/m", "Awards per issuer by POST /api/awards; 0 = no limit."),
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
        "cannot be read counts as unknown, and the server log says so once.",
    ),
    Setting(
        "HTTPS_ONLY",
        "on unless DEBUG",
        "Secure cookies, HSTS, redirect to https. Off is allowed behind a proxy or on loopback.",
    ),
    Setting(
        "EMBED_ORIGINS",
        "",
        "Origins whose pages may show /embed in a frame. Empty: none, and the page does not offer it. Set: /embed/builder makes "
        "the HTML to copy.",
    ),
    Setting(
        "SITE_TITLE", "", "What the site is called, at most 60 characters. Empty: Scoreboard, in the reader's language."
    ),
    Setting(
        "SITE_LOGO",
        "",
        "Path of an SVG (with a viewBox) or PNG file of at most 256 KiB, shown beside the title and as the icon. Phones take only "
        "a PNG for their home screen.",
    ),
    Setting(
        "SITE_ACCENT",
        "",
        "The colour of links that act, of the leader and of news, as #rrggbb, or one for each theme: LIGHT,DARK. From one alone the "
        "dark theme gets a lighter shade. Empty: green.",
    ),
    Setting(
        "STATIC_ROOT",
        "",
        "Folder of the static files that manage.py collectstatic makes at each upgrade. Empty: staticfiles/ beside manage.py.",
    ),
    Setting("LOG_FORMAT", "text", "text or json."),
)


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
