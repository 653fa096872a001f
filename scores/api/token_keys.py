"""The keys that tokens are verified with. There may be several: while a key is exchanged, tokens of the old and of the new one hold."""

import re
from typing import Any

import jwt
from django.core.exceptions import ImproperlyConfigured

PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)
PUBLIC_KEY = re.compile(r"-----BEGIN ((?:RSA )?PUBLIC KEY)-----.+?-----END \1-----", re.DOTALL)


def restore_lines(text: str) -> str:
    """The text with its PEM blocks in lines again, which files of environment variables escape (`\\n`) or fold into one."""
    return PEM.sub(
        lambda block: "-----BEGIN {0}-----\n{1}\n-----END {0}-----\n".format(block[1], re.sub(r"\\n|\s", "", block[2])),
        text,
    )


def read_public_keys(text: str, algorithm: str) -> list[Any]:
    """The keys of JWT_VERIFYING_KEY, PEM blocks one after the other.

    Raises ImproperlyConfigured with a sentence where there is none, or one that this algorithm cannot verify with.
    """
    blocks = [match[0] for match in PUBLIC_KEY.finditer(text)]
    if not blocks or len(blocks) != text.count("-----BEGIN"):
        raise ImproperlyConfigured(
            "JWT_VERIFYING_KEY must hold PEM public keys, one after the other, and nothing else."
        )
    return [_read_key("JWT_VERIFYING_KEY", block, algorithm) for block in blocks]


def check_keys(signing: str, verifying: str, algorithm: str) -> None:
    """That there are keys to verify with, and that tokens issued here, where any are, hold here too.

    Raises ImproperlyConfigured with a sentence.
    """
    if not verifying:
        raise ImproperlyConfigured(
            f"JWT_VERIFYING_KEY is not set. {algorithm} needs the PEM public key that tokens are verified with."
        )
    public = read_public_keys(verifying, algorithm)
    if not signing:
        return
    private = _read_key("JWT_SIGNING_KEY", signing, algorithm)
    if not hasattr(private, "public_key"):
        raise ImproperlyConfigured("JWT_SIGNING_KEY must be a PEM private key.")
    if private.public_key() not in public:
        raise ImproperlyConfigured(
            "JWT_SIGNING_KEY belongs to no key of JWT_VERIFYING_KEY: tokens issued here would be refused here."
        )


def _read_key(setting: str, pem: str, algorithm: str) -> Any:
    try:
        return jwt.get_algorithm_by_name(algorithm).prepare_key(pem)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        # Without the reason, which may quote the key.
        raise ImproperlyConfigured(f"{setting} holds a key that {algorithm} cannot use.") from None
