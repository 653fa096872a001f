"""Tokens: SimpleJWT's, with the player's UUID as subject and tied to the password; verified strictly and without a query."""

import contextlib
import functools
import re
import time
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

import jwt
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from audit.times import SECOND_US
from scores.api.token_keys import read_public_keys
from scores.callers import Caller, password_stamp
from scores.errors import NotAuthenticated, TokenInvalid
from scores.http.context import context_of
from scores.models import Score, SpentRefreshToken
from scores.players import ensure_player

PASSWORD_CLAIM = "password_stamp"  # noqa: S105 - a claim's name
MAXIMUM_TOKEN_LENGTH = 4096
MAXIMUM_TIME = 2**40
#: How far the clock of the host that issued a token may be ahead of ours. `exp` has no leeway.
LEEWAY_SECONDS = 30
VERIFIED_TOKENS = 10_000
#: What a fault that PyJWT finds is called in the server log.
FAULTS: dict[type[Exception], str] = {
    jwt.exceptions.InvalidSignatureError: "signature",
    jwt.exceptions.InvalidAlgorithmError: "alg",
    jwt.exceptions.InvalidAudienceError: "aud",
    jwt.exceptions.InvalidIssuerError: "iss",
    jwt.exceptions.InvalidSubjectError: "sub",
    jwt.exceptions.InvalidJTIError: "jti",
}
#: Only this: PyJWT forgives padding, and a text that ends in `=` would be a second spelling of the same token.
COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
TOKEN_ID = re.compile(r"[!-~]{1,64}")
STAMP_TEXT = re.compile(r"[0-9a-f]{32}")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ACCESS` (RFC 6750, section 2.1) to a `Caller`. The player is looked up later, in the act's own transaction."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller]:
        caller = context_of(request._request).caller = identify_bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def identify_bearer(header: str) -> Caller:
    """Who an Authorization header speaks for; raises NotAuthenticated or TokenInvalid."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    return identify_caller(token.strip(" "))


def identify_caller(token: str) -> Caller:
    """Who an access token speaks for: one of ours, or with JWT_AUTO_PROVISION one signed elsewhere."""
    claims = decode(token)
    if settings.JWT_AUTO_PROVISION and PASSWORD_CLAIM not in claims:
        return _read_external_caller(claims)
    check_claims(claims, AccessToken.token_type)
    return Caller(player=UUID(claims["sub"]), token_id=claims["jti"], password_stamp=claims[PASSWORD_CLAIM])


def _read_external_caller(claims: dict[str, Any]) -> Caller:
    """Of another issuer's token only issuer, audience, times and a subject are asked. The UUID follows from issuer and subject."""
    name = claims.get(settings.JWT_NAME_CLAIM)
    _require(
        iss=_is_text(claims, "iss", None),
        sub=_is_text(claims, "sub", re.compile(r"[!-~]{1,255}")),
        token_type=claims.get("token_type", AccessToken.token_type) == AccessToken.token_type,
        # RFC 7519, section 2: a NumericDate may have a fraction.
        **_judge_times(claims, required={"exp"}, kinds={int, float}),
    )
    player = uuid5(NAMESPACE_URL, f"{claims['iss']} {claims['sub']}")
    token_id = claims["jti"] if _is_text(claims, "jti", TOKEN_ID) else ""
    return Caller(
        player,
        token_id,
        password_stamp=None,
        external_name=name if isinstance(name, str) else "",
        named_us=int(claims.get("iat", 0) * SECOND_US),
    )


def read_claims(token: str, token_type: str) -> dict[str, Any]:
    """The claims of a token that is ours, of this type, unexpired and of exact types; TokenInvalid otherwise."""
    claims = decode(token)
    check_claims(claims, token_type)
    return claims


def decode(token: str) -> dict[str, Any]:
    """The claims of a token whose signature, issuer and audience hold, whatever its times; TokenInvalid otherwise, naming what failed."""
    if len(token) > MAXIMUM_TOKEN_LENGTH:
        raise TokenInvalid(reason="length")
    if not COMPACT_JWS.fullmatch(token):
        raise TokenInvalid(reason="shape")
    try:
        claims = dict(_verify(token))
    except jwt.MissingRequiredClaimError as error:
        raise TokenInvalid(reason=error.claim) from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # PyJWT lets some odd claims through to a plain ValueError or TypeError.
        raise TokenInvalid(reason=FAULTS.get(type(error), "shape")) from None
    return claims


@functools.lru_cache(maxsize=VERIFIED_TOKENS)
def _verify(token: str) -> dict[str, Any]:
    """The claims of a token whose signature holds, remembered, because a player sends the same one for minutes.

    Whoever asks looks at its times; nothing else of a token changes while this process lives with its keys.
    """
    backend = token_backend
    for key in _read_keys(backend):
        with contextlib.suppress(jwt.InvalidSignatureError):
            return jwt.decode(
                token,
                key,
                algorithms=[backend.algorithm],
                audience=backend.audience,
                issuer=backend.issuer,
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
    raise jwt.InvalidSignatureError


@functools.lru_cache(maxsize=1)
def _read_keys(backend: TokenBackend) -> list[Any]:
    if backend.algorithm == "HS256":
        return [backend.prepared_signing_key]
    return read_public_keys(backend.verifying_key, backend.algorithm)


def check_claims(claims: dict[str, Any], token_type: str) -> None:
    """That every claim of ours is there, of its exact type and of now; raises TokenInvalid, which names the first that is not."""
    _require(
        token_type=claims.get("token_type") == token_type,
        sub=_is_text(claims, "sub", UUID_TEXT),
        jti=_is_text(claims, "jti", TOKEN_ID),
        iss=_is_text(claims, "iss", None),
        aud=claims.get("aud") == token_backend.audience,
        **{PASSWORD_CLAIM: _is_text(claims, PASSWORD_CLAIM, STAMP_TEXT)},
        **_judge_times(claims, required={"exp", "iat"}, kinds={int}),
    )


def _judge_times(claims: dict[str, Any], *, required: set[str], kinds: set[type]) -> dict[str, bool]:
    """Of each time a token may carry, whether it is of one of these kinds and holds now."""
    now = time.time()
    limits = {
        "exp": (now, MAXIMUM_TIME),
        "iat": (-MAXIMUM_TIME, now + LEEWAY_SECONDS),
        "nbf": (-MAXIMUM_TIME, now + LEEWAY_SECONDS),
    }
    return {
        name: type(claims[name]) in kinds and after < claims[name] <= until if name in claims else name not in required
        for name, (after, until) in limits.items()
    }


def _require(**claims: bool) -> None:
    for name, holds in claims.items():
        if not holds:
            raise TokenInvalid(reason=name)


def _is_text(claims: dict[str, Any], name: str, form: re.Pattern[str] | None) -> bool:
    value = claims.get(name)
    return isinstance(value, str) and (form is None or form.fullmatch(value) is not None)


def issue(score: Score, token_class: type[Token], lifetime: Any = None) -> Token:
    """A token for a player."""
    token = token_class()
    token["sub"] = str(score.pk)
    token[PASSWORD_CLAIM] = password_stamp(score.password)
    if lifetime is not None:
        token.set_exp(lifetime=lifetime)
    return token


def issue_pair(user: User) -> dict[str, str]:
    """Access and refresh token; the player is made on first sight.

    They are tied to the password that `user` was checked with: read again, it could be another one by now.
    """
    score = ensure_player(user)
    score.user = user
    return _issue_pair(score)


def _issue_pair(score: Score) -> dict[str, str]:
    return {"access": str(issue(score, AccessToken)), "refresh": str(issue(score, RefreshToken))}


class RefreshTokens:
    """Rotation and revocation. A token is spent by inserting its id: of many at once, one insert succeeds."""

    token_type: ClassVar[str] = RefreshToken.token_type

    @classmethod
    def rotate(cls, token: str) -> dict[str, str]:
        claims = read_claims(token, cls.token_type)
        score = Score.objects.select_related("user").filter(pk=claims["sub"]).first()
        if score is None or not score.user.is_active or password_stamp(score.password) != claims[PASSWORD_CLAIM]:
            raise TokenInvalid(reason="outdated")
        cls._spend(claims)
        return _issue_pair(score)

    @classmethod
    def revoke(cls, token: str) -> None:
        """Idempotent: a token that is spent already is as revoked as it can be."""
        try:
            cls._spend(read_claims(token, cls.token_type))
        except TokenInvalid as error:
            if error.reason != "spent":
                raise

    @staticmethod
    def _spend(claims: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        try:
            with transaction.atomic():
                SpentRefreshToken.objects.create(
                    jti=claims["jti"], expires_at=datetime.fromtimestamp(claims["exp"], UTC)
                )
        except IntegrityError:
            raise TokenInvalid(reason="spent") from None
        # The expired ones go out as new ones come in, so the table holds one day's worth.
        SpentRefreshToken.objects.filter(expires_at__lt=now).delete()
