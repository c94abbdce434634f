"""Opaque page tokens. A token says where the next page begins and is good only for the question that it came from.

It holds no device: a row is found again by its time and by how many values at that time have been given already.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2s
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec
from fastapi import Request

from .errors import BadRequest

_VERSION: Final = 1

Position = TypeVar("Position")


class Token(msgspec.Struct, frozen=True, array_like=True):
    """`question`: digest of what was asked for. `position`: JSON, read by whoever made it."""

    version: int
    question: str
    position: msgspec.Raw


def encode(position: object, question: str) -> str:
    """A token for going on at `position` with the same question (any text that names all filters)."""
    token = Token(_VERSION, _digest(question), msgspec.Raw(msgspec.json.encode(position)))
    return urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def decode(token: str, question: str, shape: type[Position]) -> Position:
    """The position in a token. Raises `BadRequest` for anything that is not a token of this very question."""
    try:
        read = msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=Token)
        position = msgspec.json.decode(read.position, type=shape)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise BadRequest("page", "is not a page token of this API") from None
    if (read.version, read.question) != (_VERSION, _digest(question)):
        raise BadRequest("page", "belongs to another question; ask without it to begin at the first page")
    return position


def _digest(question: str) -> str:
    return blake2s(question.encode(), digest_size=6).hexdigest()


def next_link(request: Request, base_url: str | None, changed: dict[str, str]) -> str:
    """Absolute address of this question with some parameters changed.

    `base_url` is the public address from the settings; without it the host of the request is named. Forwarded
    headers are not read: anybody could send them.
    """
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    base = base_url or str(request.base_url).rstrip("/")
    return f"{base}{request.url.path}?{urlencode([*kept, *changed.items()])}"
