"""A server as a store or a reader speaks to it: asked once which generation it is, and again when something failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from sinks.errors import Refused, SinkError, Unavailable
from sinks.influxdb.connection import Connection, message
from sinks.influxdb.dialect import VERSION_HEADER, Dialect, Query, dialect_of

TEXT: Final = "text/plain; charset=utf-8"
_EMPTY: Final = "incoming write was empty"
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Session:
    """Connections to one server. Opening makes no request; any number of threads may use it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._client = InfluxDBClient(connection.url, "", timeout=round(connection.timeout_s * 1000))
        self._dialect: Dialect | None = None

    @contextmanager
    def errors(self) -> Iterator[None]:
        """As `Connection.errors`; after one, another server may stand there, so it is asked again."""
        try:
            with self.connection.errors():
                yield
        except SinkError:
            self._dialect = None
            raise

    def version(self) -> str:
        """As the server names itself, "v2.9.1"; "" when it does not."""
        try:
            # A 3 wants a token even for this, a 1 may; all take this form of it. A 3 may say it in the body alone.
            answer, _, headers = self._call("GET", "/ping", f"Token {self.connection.token}")
        except ApiException as error:
            if not error.headers or (error.status or 0) >= 500 or error.status in _PASSING:
                raise
            answer, headers = None, error.headers
        named = {str(name).lower(): str(value) for name, value in headers.items()}
        said = str(answer.get("version", "")) if isinstance(answer, dict) else ""
        return named.get(VERSION_HEADER.lower(), said)

    def dialect(self) -> Dialect:
        """How the server that answers here is spoken to."""
        found = self._dialect
        if found is None:
            found = self._dialect = dialect_of(self.version())
        return found

    def post(self, lines: bytes) -> None:
        """Have lines written. Raises `ApiException` and what urllib3 raises, see `errors`."""
        to, connection = self.dialect(), self.connection
        place = to.place(connection.org, connection.bucket)
        self._call("POST", to.writes_to, to.authorization(connection.token), place, lines)

    def probe(self) -> None:
        """As `post`, and nothing is written: of an empty body, token, organisation and bucket are checked."""
        try:
            self.post(b"")
        except ApiException as error:
            if _EMPTY not in message(error):  # a 3 says so when all else is well
                raise

    def ask(self, text: str, values: Mapping[str, Any]) -> list[Any]:
        """The series that answer InfluxQL with bound values."""
        to, connection = self.dialect(), self.connection
        question = to.question(connection.bucket, text, values)
        answer = self._call("GET", "/query", to.authorization(connection.token), question)[0]
        match answer:
            case {"results": [dict(result)]}:
                self._raise_hidden(result)
                return list(result.get("series", ()))
        raise Unavailable(f"what answers at {connection.url} is not InfluxDB")

    def tell(self, statement: str) -> None:
        """Have InfluxQL done that changes the server itself; in the body, so that no log of addresses holds it."""
        to, body = self.dialect(), urlencode({"q": statement}).encode()
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        answer = self._call("POST", "/query", to.authorization(self.connection.token), (), body, kind)[0]
        match answer:
            case {"results": [dict(result)]} if "error" not in result:
                return
            case {"results": [{"error": said}]}:
                raise Refused(f"InfluxDB at {self.connection.url} says: {said}")
        raise Unavailable(f"what answers at {self.connection.url} is not InfluxDB")

    def create(self, path: str, wanted: Mapping[str, Any]) -> None:
        """Have something made by the API of a 3; what is there already stays as it is."""
        try:
            self._call(
                "POST", path, self.dialect().authorization(self.connection.token), (), wanted, "application/json"
            )
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise

    def close(self) -> None:
        """Twice is once."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _raise_hidden(self, result: Mapping[str, Any]) -> None:
        """A failed query is answered with 200, and so is one without the right to read."""
        said, connection = str(result.get("error", "")), self.connection
        if "database not found" in said or "retention policy not found" in said:
            raise Refused(
                f"there is no bucket {connection.bucket!r} at {connection.url}, or the token has no right to read it"
            )
        if said or result.get("partial"):
            raise Unavailable(f"InfluxDB at {connection.url} could not finish the query: {said[:300]}")

    def _call(  # as in an HTTP request, from top to bottom
        self, method: str, path: str, authorization: str, query: Query = (), body: Any = None, kind: str = TEXT
    ) -> Any:
        """Answer, status and headers."""
        headers = {"Authorization": authorization, "Content-Type": kind}
        return self._client.api_client.call_api(  # type: ignore[no-untyped-call]  # generated code
            path, method, query_params=list(query), header_params=headers, body=body, response_type="object"
        )


def generation(connection: Connection) -> int:
    """Of the server that answers there."""
    with closing(Session(connection)) as session, session.errors():
        return session.dialect().generation
