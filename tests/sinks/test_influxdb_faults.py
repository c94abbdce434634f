"""Answers that a healthy InfluxDB does not give on request: a proxy's, an overloaded server's, a broken disk's."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time

import pytest

from sinks.errors import Refused, Unavailable
from sinks.influxdb.audit import writer_faults
from sinks.influxdb.connection import LONGEST_WAIT_S, Connection
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.write import LARGEST, PATIENCE, InfluxStore
from tests.servers.process import HOST, free_port
from tests.sinks.contract import everything, point

TOKEN = "a-token-nobody-may-see"  # noqa: S105  # of a server that is none
Answer = tuple[int, bytes, dict[str, str]]
OK: Answer = (204, b"", {})


@dataclass
class Fake:
    """An HTTP server that answers as it is told. `bodies`, `paths`: what it was sent, and where to."""

    url: str
    answer: Callable[[bytes], Answer] = lambda _: OK
    version: str = "v2.9.1"
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def connection(self, timeout_s: float = 10, token: str = TOKEN) -> Connection:
        return Connection(self.url, "city", "iot", token, timeout_s)

    def always(self, status: int, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, body, named)


@pytest.fixture
def fake() -> Iterator[Fake]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one piece

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.bodies.append(body)
            served.paths.append(self.path.partition("?")[0])
            status, answer, headers = served.answer(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            if self.path != "/ping":
                self.do_POST()
                return
            self.send_response(204)
            if served.version:
                self.send_header("X-Influxdb-Version", served.version)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that went away is what some tests are about."""

    server = Server((HOST, 0), Handler)
    served = Fake(f"http://{HOST}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def store(fake: Fake) -> Iterator[InfluxStore]:
    opened = InfluxStore(fake.connection())
    yield opened
    opened.close()


POINTS = [point(n, level_pct=float(n)) for n in range(40)]


def lines(body: bytes) -> int:
    return len(body.splitlines())


def poisoned(body: bytes) -> Answer:
    return (500, b'{"message":"internal error"}', {}) if b"level_pct=13.0 " in body else OK


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_an_overloaded_server_is_waited_for_as_long_as_it_says(fake: Fake, store: InfluxStore, status: int) -> None:
    fake.always(status, b"<html>busy</html>", Retry_After="7")
    with pytest.raises(Unavailable, match=str(status)) as caught:
        store.write(POINTS)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("named", "seconds"),
    [(None, None), ("", None), ("soon", None), ("-3", None), ("0", 0.0), ("999999999", LONGEST_WAIT_S)],
)
def test_a_pause_that_makes_no_sense_is_not_kept(
    fake: Fake, store: InfluxStore, named: str | None, seconds: float | None
) -> None:
    fake.answer = lambda _: (503, b"", {} if named is None else {"Retry-After": named})
    with pytest.raises(Unavailable) as caught:
        store.write(POINTS)
    assert caught.value.retry_after == seconds


def test_a_pause_may_be_named_as_a_date(fake: Fake, store: InfluxStore) -> None:
    fake.always(503, Retry_After=formatdate(time() + 60, usegmt=True))
    with pytest.raises(Unavailable) as caught:
        store.write(POINTS)
    assert caught.value.retry_after == pytest.approx(60, abs=30)


def test_a_server_that_hangs_is_given_up_after_the_timeout(fake: Fake) -> None:
    released = threading.Event()

    def hang(_: bytes) -> Answer:
        released.wait(60)
        return OK

    fake.answer = hang
    store, reader = InfluxStore(fake.connection(timeout_s=0.2)), InfluxReader(fake.connection(timeout_s=0.2))
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        store.write(POINTS)
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        reader.latest(everything())
    released.set()
    store.close()
    reader.close()


def test_a_server_that_is_not_there_is_waited_for() -> None:
    nowhere = Connection(f"http://{HOST}:{free_port()}", "city", "iot", TOKEN)
    store, reader = InfluxStore(nowhere), InfluxReader(nowhere)
    with pytest.raises(Unavailable, match="cannot be reached"):
        store.write(POINTS)
    with pytest.raises(Unavailable, match="cannot be reached"):
        reader.rows(everything())
    assert len(store.check()) == 1


def test_a_connection_cut_while_answering_is_waited_for() -> None:
    with socket.create_server((HOST, 0)) as listener:

        def cut() -> None:
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=cut)
        thread.start()
        store = InfluxStore(Connection(f"http://{HOST}:{listener.getsockname()[1]}", "city", "iot", TOKEN))
        for _ in range(2):
            with pytest.raises(Unavailable):
                store.write(POINTS)
        thread.join()


def test_plain_http_where_tls_was_expected_is_told(fake: Fake) -> None:
    store = InfluxStore(Connection(fake.url.replace("http:", "https:"), "city", "iot", TOKEN))
    with pytest.raises(Unavailable, match="TLS"):
        store.write(POINTS)


def test_one_line_that_the_server_cannot_stand_is_found_and_the_others_stored(fake: Fake, store: InfluxStore) -> None:
    fake.answer = poisoned
    for _ in range(PATIENCE):
        with pytest.raises(Unavailable, match="500"):
            store.write(POINTS)
    written = store.write(POINTS)
    assert written.accepted == 39
    assert [(item.point, item.code) for item in written.rejected] == [(POINTS[13], "server")]


def test_a_server_that_fails_at_everything_is_at_fault_and_no_line_is(fake: Fake, store: InfluxStore) -> None:
    fake.always(500, b'{"message":"disk full"}')
    for _ in range(3 * PATIENCE):
        with pytest.raises(Unavailable, match="disk full"):
            store.write(POINTS)
    assert len(fake.bodies) < 3 * PATIENCE + 2 * 110
    fake.answer = lambda _: OK
    assert store.write(POINTS).accepted == 40


def test_a_server_that_fills_up_while_a_batch_is_taken_apart_blames_no_line(fake: Fake, store: InfluxStore) -> None:
    alone: list[bytes] = []

    def answer(body: bytes) -> Answer:
        if lines(body) == 1:
            alone.append(body)
        return OK if lines(body) == 1 and len(alone) <= 3 else (500, b'{"message":"no room"}', {})

    fake.answer = answer
    for _ in range(PATIENCE + 1):
        with pytest.raises(Unavailable, match="no room"):
            store.write(POINTS)
    assert len(alone) > 3
    fake.answer = lambda _: OK
    assert store.write(POINTS).accepted == 40


def test_the_patience_is_for_one_batch_and_not_for_several(fake: Fake, store: InfluxStore) -> None:
    fake.answer = poisoned
    for n in range(2 * PATIENCE):
        with pytest.raises(Unavailable):
            store.write(POINTS[n % 2 :])


def test_a_batch_that_is_too_large_goes_in_parts(fake: Fake, store: InfluxStore) -> None:
    fake.answer = lambda body: (413, b"too large", {}) if lines(body) > 7 else OK
    assert store.write(POINTS).accepted == 40


def test_a_line_that_is_too_large_even_alone_is_rejected(fake: Fake, store: InfluxStore) -> None:
    fake.answer = lambda body: (413, b"too large", {}) if b"level_pct=13.0 " in body else OK
    written = store.write(POINTS)
    assert (written.accepted, [item.code for item in written.rejected]) == (39, ["server"])


def test_lines_that_a_400_names_are_rejected_and_the_rest_goes_again_at_once(fake: Fake, store: InfluxStore) -> None:
    def answer(body: bytes) -> Answer:
        bad = [f"unable to parse '{it.decode()}': no" for it in body.splitlines() if b"=13.0 " in it or b"=7.0 " in it]
        return (400, json.dumps({"message": "\n".join(bad)}).encode(), {}) if bad else OK

    fake.answer = answer
    written = store.write(POINTS)
    assert written.accepted == 38
    assert [(item.point, item.code) for item in written.rejected] == [(POINTS[7], "server"), (POINTS[13], "server")]
    assert len(fake.bodies) == 2


def test_a_400_that_names_no_line_is_taken_apart(fake: Fake, store: InfluxStore) -> None:
    fake.answer = lambda body: (400, b'{"error":"points beyond retention policy"}', {}) if b"=13.0 " in body else OK
    written = store.write(POINTS)
    assert (written.accepted, [item.code for item in written.rejected]) == (39, ["retention"])


@pytest.mark.parametrize(
    ("version", "path"),
    [("1.12.4", "/write"), ("1.6.7~rc0", "/write"), ("v2.7.12", "/api/v2/write"), ("", "/api/v2/write")],
)
def test_the_version_says_where_to_write(fake: Fake, version: str, path: str) -> None:
    fake.version = version
    store = InfluxStore(fake.connection(token="user:password"))  # noqa: S106  # of nobody
    store.write(POINTS)
    assert fake.paths == [path]
    store.close()


def test_a_server_that_was_away_may_come_back_as_another_version(fake: Fake) -> None:
    fake.version = "1.12.4"
    store = InfluxStore(fake.connection(token="user:password"))  # noqa: S106  # of nobody
    store.write(POINTS)
    fake.version = "v2.9.1"
    fake.always(503)
    with pytest.raises(Unavailable):
        store.write(POINTS)
    fake.answer = lambda _: OK
    store.write(POINTS)
    assert fake.paths == ["/write", "/write", "/api/v2/write"]
    store.close()


def test_a_reason_that_names_the_policy_beside_it_is_not_the_retention(fake: Fake, store: InfluxStore) -> None:
    said = b'{"error":"partial write: invalid field name dropped=1 for database: iot for retention policy: autogen"}'
    fake.answer = lambda body: (400, said, {}) if b"=13.0 " in body else OK
    assert [item.code for item in store.write(POINTS).rejected] == ["server"]


def test_a_batch_is_bounded(fake: Fake) -> None:
    store = InfluxStore(fake.connection(), batch=16)
    store.write(POINTS)
    assert [lines(body) for body in fake.bodies] == [16, 16, 8]
    store.close()


def test_an_unknown_answer_stops_the_sink(fake: Fake, store: InfluxStore) -> None:
    fake.always(418, b"teapot")
    with pytest.raises(Refused, match="418"):
        store.write(POINTS)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>log in</html>", "not InfluxDB"),
        (b"[1]", "not InfluxDB"),
        (b'{"results":[]}', "not InfluxDB"),
        (b"\xff\xfe", "cannot be reached"),
        (b'{"results":[{"error":"timeout"}]}', "timeout"),
        (b'{"results":[{"partial":true,"series":[]}]}', "could not finish"),
    ],
)
def test_a_reader_knows_an_answer_that_is_none(fake: Fake, body: bytes, says: str) -> None:
    fake.always(200, body)
    reader = InfluxReader(fake.connection())
    with pytest.raises(Unavailable, match=says):
        reader.latest(everything())
    reader.close()


@pytest.mark.parametrize(
    "url", ["localhost:8086", "ftp://host", "http://", "http://user:secret@host:8086", "http://host:port"]
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Refused, match="http://host:8086") as caught:
        Connection(url, "city", "iot", TOKEN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\n", "schlüssel"])
def test_a_token_that_fits_in_no_header_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(Refused, match="one word") as caught:
        Connection("http://host:8086", "city", "iot", token)
    assert not token or token not in str(caught.value)


def test_the_token_is_in_no_log_error_or_repr(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake.always(401, b"unauthorized")
    store = InfluxStore(fake.connection())
    with pytest.raises(Refused) as caught:
        store.write(POINTS)
    assert TOKEN not in f"{caught.value!r} {caught.value.__context__} {fake.connection()!r} {caplog.text}"
    assert caught.value.__suppress_context__
    store.close()


def test_a_request_is_bounded_by_its_bytes_as_well_as_by_its_lines(fake: Fake) -> None:
    store = InfluxStore(fake.connection())
    long = "x" * 4000
    points = [point(minute, quality_codes=long, firmware=long, gateway=long) for minute in range(500)]
    assert store.write(points).accepted == 500
    store.close()
    assert len(fake.bodies) == 2
    assert all(len(body) <= LARGEST for body in fake.bodies)
    assert sum(body.count(b"\n") + 1 for body in fake.bodies) == 500


def test_a_server_that_does_not_answer_is_no_proof_of_a_token_with_the_least_rights(fake: Fake) -> None:
    fake.answer = lambda _: OK if len(fake.bodies) == 1 else (503, b"", {})
    (said,) = writer_faults(fake.connection())
    assert "could not be asked" in said
