"""Tokens that let somebody in: made here, shown once, kept only as a salted hash.

A token is `sc1.<id>.<secret>`; the secret is 256 random bits. Slow hashes (scrypt, argon2) protect what people can
guess; nobody guesses 256 random bits, and a slow hash on every request would be a way to keep the server busy. So:
SHA-256 over a salt of its own and the secret, compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

_PREFIX: Final = "sc1"
_TOKEN_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Key:
    """Who may do what: `role` is webhook, reader or admin. `organisation`: whose data, None means all.

    `revoked_ms`: Unix milliseconds since when the token opens nothing.
    """

    id: str
    name: str
    role: str
    organisation: str | None
    created_ms: int
    revoked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is kept of a token, as hex texts."""

    id: str
    salt: str
    digest: str


NOBODY: Final = Sealed("", "0" * 32, "0" * 64)
"""Stands in for a key that is not there, so that the answer takes as long. No token hashes to it."""


def make_token() -> tuple[str, Sealed]:
    """A new token, to be shown once, and what to keep of it."""
    key_id, salt, secret = secrets.token_hex(8), secrets.token_hex(16), secrets.token_urlsafe(32)
    return f"{_PREFIX}.{key_id}.{secret}", Sealed(key_id, salt, _digest(salt, secret))


def key_id(token: str) -> str:
    """Which key a token claims to be, "" when it is no token of ours."""
    parts = token.split(".") if len(token) <= _TOKEN_MAX else []
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX and token.isascii() else ""


def opens(token: str, sealed: Sealed) -> bool:
    """Whether the token is the one that was sealed, in a time that does not depend on where they differ."""
    secret = token[:_TOKEN_MAX].rpartition(".")[2]
    return hmac.compare_digest(_digest(sealed.salt, secret), sealed.digest)


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + secret.encode(errors="replace")).hexdigest()
