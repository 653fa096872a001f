"""Tokens: SimpleJWT's, with the player's UUID as subject and tied to the password; verified strictly and without a query."""

import functools
import re
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from scores import awarding
from scores.awarding import Caller
from scores.errors import NotAuthenticated, TokenInvalid
from scores.models import Score, SpentRefreshToken
from scores.players import ensure_player

PASSWORD_CLAIM = "password_stamp"  # noqa: S105 - a claim's name
MAXIMUM_TOKEN_LENGTH = 4096
MAXIMUM_TIME = 2**40
VERIFIED_TOKENS = 10_000
#: Only this: PyJWT forgives padding, and a text that ends in `=` would be a second spelling of the same token.
COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ACCESS` (RFC 6750, section 2.1) to a `Caller`. The player is looked up later, in the act's own transaction."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller]:
        caller = request.META["CALLER"] = identify_bearer(request.META.get("HTTP_AUTHORIZATION", ""))
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
    """Of another issuer's token only issuer, audience, times and a subject are asked; the player's UUID follows from them."""
    name = claims.get(settings.JWT_NAME_CLAIM)
    sound = (
        _is_text(claims, "iss", None)
        and _is_text(claims, "sub", re.compile(r"[!-~]{1,255}"))
        and type(claims.get("exp")) is int
        and datetime.now(UTC).timestamp() < claims["exp"] < MAXIMUM_TIME
        and claims.get("token_type", AccessToken.token_type) == AccessToken.token_type
    )
    if not sound:
        raise TokenInvalid(reason="external_claims")
    player = uuid5(NAMESPACE_URL, f"{claims['iss']} {claims['sub']}")
    token_id = claims["jti"][:64] if isinstance(claims.get("jti"), str) else ""
    return Caller(player, token_id, password_stamp=None, external_name=name if isinstance(name, str) else "")


def read_claims(token: str, token_type: str) -> dict[str, Any]:
    """The claims of a token that is ours, of this type, unexpired and of exact types; TokenInvalid otherwise."""
    claims = decode(token)
    check_claims(claims, token_type)
    return claims


def decode(token: str) -> dict[str, Any]:
    """The claims of a token whose signature, expiry, issuer and audience hold; TokenInvalid otherwise."""
    if len(token) > MAXIMUM_TOKEN_LENGTH or not COMPACT_JWS.fullmatch(token):
        raise TokenInvalid(reason="shape")
    try:
        claims = dict(_verify(token))
    except (TokenBackendError, ValueError, TypeError, OverflowError, RecursionError):
        # PyJWT lets some odd claims through to a plain ValueError or TypeError.
        raise TokenInvalid(reason="signature_or_claims") from None
    return claims


@functools.lru_cache(maxsize=VERIFIED_TOKENS)
def _verify(token: str) -> dict[str, Any]:
    """The claims of a token whose signature holds, remembered, because a player sends the same one for minutes.

    Whoever asks looks at the expiry again; nothing else of a token changes while this process lives with its keys.
    """
    claims: dict[str, Any] = token_backend.decode(token)  # type: ignore[arg-type]
    return claims


def check_claims(claims: dict[str, Any], token_type: str) -> None:
    """That every claim of ours is there and of its exact type."""
    now = datetime.now(UTC).timestamp()
    sound = (
        claims.get("token_type") == token_type
        and _is_text(claims, "sub", UUID_TEXT)
        and _is_text(claims, "jti", re.compile(r"[!-~]{1,64}"))
        and _is_text(claims, PASSWORD_CLAIM, re.compile(r"[0-9a-f]{32}"))
        and _is_text(claims, "iss", None)
        and claims.get("aud") == token_backend.audience
        and type(claims.get("exp")) is int
        and type(claims.get("iat")) is int
        and now < claims["exp"] < MAXIMUM_TIME
    )
    if not sound:
        raise TokenInvalid(reason="claims")


def _is_text(claims: dict[str, Any], name: str, form: re.Pattern[str] | None) -> bool:
    value = claims.get(name)
    return isinstance(value, str) and (form is None or form.fullmatch(value) is not None)


def issue(score: Score, token_class: type[Token], lifetime: Any = None) -> Token:
    """A token for a player."""
    token = token_class()
    token["sub"] = str(score.pk)
    token[PASSWORD_CLAIM] = awarding.password_stamp(score.user)
    if lifetime is not None:
        token.set_exp(lifetime=lifetime)
    return token


def issue_pair(user: User) -> dict[str, str]:
    """Access and refresh token; the player is made on first sight."""
    return _issue_pair(ensure_player(user))


def _issue_pair(score: Score) -> dict[str, str]:
    return {"access": str(issue(score, AccessToken)), "refresh": str(issue(score, RefreshToken))}


class RefreshTokens:
    """Rotation and revocation. A token is spent by inserting its id: of many at once, one insert succeeds."""

    token_type: ClassVar[str] = RefreshToken.token_type

    @classmethod
    def rotate(cls, token: str) -> dict[str, str]:
        claims = read_claims(token, cls.token_type)
        score = Score.objects.select_related("user").filter(pk=claims["sub"]).first()
        if score is None or not score.user.is_active or awarding.password_stamp(score.user) != claims[PASSWORD_CLAIM]:
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
