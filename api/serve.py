"""Runs the app until it is told to stop."""

from __future__ import annotations

import errno
import socket
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from .services import Services
from .settings import ApiSettings

_STOP_WITHIN_S: Final = 2
_BACKLOG: Final = 2048


class CannotListen(Exception):
    """The address cannot be had; the text is one sentence that says what to do."""


class Server(uvicorn.Server):
    """uvicorn, but live streams are told to end first, so that stopping does not wait for them."""

    def __init__(self, app: FastAPI, settings: ApiSettings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=settings.access_log,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_WITHIN_S,
            )
        )
        services: Services = app.state.services
        self._feed = services.feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 the signature is uvicorn's
        """Stop; uvicorn's own would raise the signal again at the end, and the caller could not close its stores."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop as uvicorn does."""
        self._feed.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: ApiSettings) -> None:
    """Answer on `settings.host` and `settings.port` until SIGINT or SIGTERM. Raises `CannotListen`."""
    with listen(settings) as listening:
        Server(app, settings).run(sockets=[listening])


def listen(settings: ApiSettings) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises `CannotListen`."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        return _listen(family, address)
    except OSError as error:
        raise CannotListen(_sentence(settings, error)) from error


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    """Names TCP as the protocol: asyncio turns off Nagle's delay only then, and answers came 40 ms late without."""
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _sentence(settings: ApiSettings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} on {settings.host} is in use by another program; choose another port or stop it."
    if error.errno == errno.EACCES:
        return f"Port {settings.port} may not be opened by this user; choose one above 1023."
    return f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror or error}."
