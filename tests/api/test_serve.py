"""Starting and stopping."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.serve import CannotListen, listen, serve
from api.settings import ApiSettings
from tests.api.server import running, until

PROGRAM = """
import sys
from api.app import create_app
from api.serve import serve
from api.settings import ApiSettings
from tests.api.memory import MemoryReader, MemoryRegistry
settings = ApiSettings(port=int(sys.argv[1]))
serve(create_app(settings, MemoryReader(), MemoryRegistry(), None), settings)
"""


def free_port() -> int:
    with listen(ApiSettings(port=0)) as listening:
        return int(listening.getsockname()[1])


def test_a_port_in_use_is_said_in_one_sentence(app: FastAPI) -> None:
    with listen(ApiSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Port {port} on 127.0.0.1 is in use by another program"):
            serve(app, ApiSettings(port=port))


def test_a_host_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(CannotListen, match=r"Cannot listen on 203\.0\.113\.1"):
        listen(ApiSettings(host="203.0.113.1", port=0))


def test_an_answer_does_not_wait_for_the_clients_acknowledgement() -> None:
    with listen(ApiSettings(port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_served_answer_names_no_server_software(app: FastAPI, settings: ApiSettings) -> None:
    with running(app, settings) as server:
        assert "server" not in httpx.get(f"{server.address}/api/v1/health").headers


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_with_an_open_stream(word: signal.Signals) -> None:
    port = free_port()
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)], cwd=root, stderr=subprocess.PIPE)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/api/v1/health").status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(answers, within_s=20)
        with httpx.Client() as client, client.stream("GET", f"http://127.0.0.1:{port}/api/v1/stream") as stream:
            next(stream.iter_lines())
            process.send_signal(word)
            assert process.wait(3) == 0
    finally:
        process.kill()
        _, said = process.communicate()
    assert b"Traceback" not in said
