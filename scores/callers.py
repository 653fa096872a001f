"""Who an access token speaks for, and whether it still does."""

import functools
import hmac
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth.models import User

from audit.ledger import Head
from scores.errors import TokenInvalid
from scores.models import Score

PASSWORD_STAMP_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Who an access token speaks for, not yet looked up, or of whom a backend does.

    `password_stamp` ties a token of ours to the password it was issued under.
    """

    player: UUID
    #: None where no token was needed.
    token_id: str | None
    password_stamp: str | None
    is_authenticated: bool = True
    #: Set for a token signed elsewhere, whose player is made on first sight under this name: what the token says, as it says it.
    external_name: str | None = None
    #: When that was said, in microseconds since 1970; 0 where the token does not tell.
    named_us: int = 0

    @classmethod
    def of_backend(cls, player: UUID) -> "Caller":
        """The player of an award that an issuer vouches for; no token of the player's is needed."""
        return cls(player, token_id=None, password_stamp=None)

    def without_name(self) -> "Caller":
        """The same caller, whose player is there and named already."""
        return replace(self, external_name=None)


@dataclass(slots=True)
class PlayerRow:
    """What bears on an award of a player's score and account, as it was read; models of both take ten times as long to make."""

    pk: UUID
    name: str
    points: int
    seq: int
    head: str
    frozen: bool
    claimed_name: str
    claimed_us: int
    password: str
    is_active: bool

    @property
    def ledger_head(self) -> Head:
        """Where the player's chain ends, by what the score says."""
        return Head(self.seq, self.head, self.points)


@functools.lru_cache(maxsize=10_000)
def password_stamp(password: str) -> str:
    """Make of a password, as an account keeps it, what changes with it (and with SECRET_KEY) and tells nothing of it."""
    return User(password=password).get_session_auth_hash()[:PASSWORD_STAMP_LENGTH]


def check_caller(score: Score | PlayerRow, caller: Caller) -> None:
    """Check that the token still speaks for this player. Raises TokenInvalid when the account is closed or has another password."""
    if not score.is_active:
        raise TokenInvalid(reason="inactive")
    if caller.password_stamp is not None and not hmac.compare_digest(
        password_stamp(score.password), caller.password_stamp
    ):
        raise TokenInvalid(reason="password_changed")
