"""The way to an InfluxDB server: address, organisation, bucket, token, and what its answers mean for us."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import time
from typing import Any
from urllib.parse import urlsplit

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from sinks.errors import Refused, SinkError, Unavailable

DAY_S = 86_400
LONGEST_WAIT_S = 3600.0
"""A server that names a longer pause is asked again after this one."""

_HOST = re.compile(r"[^@\s]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HINTS = {
    "retention policy not found": "create it or correct the bucket in the settings",  # with a 500
    "create admin user first": "smartcity influx setup does so",
}
"""What an InfluxDB 1 says under a status that means something else."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where to write or read. `url` without user and password, `timeout_s` for one request.

    Raises `Refused` for an address or token that no request can be made of; the token is never shown.
    """

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not _is_address(self.url):
            raise Refused("the InfluxDB address must look like http://host:8086, without user and password")
        if not _TOKEN.fullmatch(self.token):
            raise Refused("the InfluxDB token must be one word of ASCII letters, digits and signs")

    def open(self) -> InfluxDBClient:
        """A client with connections of its own; makes no request yet."""
        return InfluxDBClient(self.url, self.token, org=self.org, timeout=round(self.timeout_s * 1000))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the client raises into our errors. Cuts the chain: a foreign error may hold the request."""
        try:
            yield
        except ApiException as error:
            raise self._meaning(error) from None
        except (HTTPError, UnicodeDecodeError) as error:
            raise Unavailable(f"InfluxDB at {self.url} cannot be reached ({type(error).__name__})") from None

    def _meaning(self, error: ApiException) -> SinkError:
        status, said = error.status or 0, message(error)[:300]
        if status == 0:
            return Unavailable(f"InfluxDB at {self.url} cannot be reached over TLS")
        for words, hint in _HINTS.items():
            if words in said:
                return Refused(f"InfluxDB at {self.url} says {said}; {hint}")
        if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS):
            return Unavailable(f"InfluxDB at {self.url} answers {status}: {said}", retry_after(error))
        advice: dict[int, str] = {
            HTTPStatus.UNAUTHORIZED: "does not know this token; put a valid one into the settings",
            HTTPStatus.FORBIDDEN: f"gives this token no right for bucket {self.bucket!r}; use a token that has it",
            HTTPStatus.NOT_FOUND: f"says {said}; create it or correct the settings",
        }
        return Refused(f"InfluxDB at {self.url} {advice.get(status, f'answers {status}: {said}')}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The right to write to the bucket and the right to read from it, each its own."""

    write: str = field(repr=False)
    read: str = field(repr=False)


def _is_address(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme in ("http", "https") and address.port != 0 and _HOST.fullmatch(address.netloc) is not None
    except ValueError:
        return False


def message(error: ApiException) -> str:
    """What the server said, in its own words: a 2 under `message`, which the library knows, others under `error`."""
    said = error.message
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    try:
        match json.loads(text):
            case {"error": str(inner)}:
                return inner
    except ValueError:
        pass
    return text


def retry_after(error: ApiException) -> float | None:
    """Seconds that the server asks to wait, None when it names none; both forms of RFC 9110, 10.2.3."""
    named = str(error.retry_after or "").strip()
    if named.isascii() and named.isdigit():
        return min(float(named), LONGEST_WAIT_S)
    try:
        seconds = parsedate_to_datetime(named).timestamp() - time()
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def call(
    client: InfluxDBClient, method: str, path: str, query: Sequence[tuple[str, Any]] = (), body: Any = None
) -> Any:
    """One request with JSON in and out, through the client's own transport."""
    return client.api_client.call_api(  # type: ignore[no-untyped-call]  # generated code without annotations
        path, method, query_params=list(query), body=body, response_type="object", _return_http_data_only=True
    )
