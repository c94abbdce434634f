"""The way to the cluster: one event loop in a thread of its own, for callers that are threads.

So a worker that decodes never holds up the heartbeats that keep it in its group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from threading import Thread
from typing import Any, Final, TypeVar

from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from aiokafka.helpers import create_ssl_context

from sinks.errors import Refused, SinkError, Unavailable

from .settings import KafkaSettings

T = TypeVar("T")
STOP_S: Final = 5.0
"""Clients have been seen to hang when they stop; nothing is lost when they are left behind."""
_REFUSALS: Final = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidReplicationFactorError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)


class Connection:
    """Runs coroutines for threads, and tells Kafka's errors as ours.

    `keep_days`, `max_mb`: how long topics that we make keep messages, 0 being for ever and without limit.
    """

    def __init__(
        self, settings: KafkaSettings, password: str | None = None, keep_days: int = 30, max_mb: int = 0
    ) -> None:
        self.settings = settings
        self.keep_days, self.max_mb = keep_days, max_mb
        self._password = password
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="kafka", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], within_s: float) -> T:
        """What the coroutine gives. Raises `Unavailable`, also after `within_s`; `Refused` if waiting mends nothing."""
        where = f"Kafka at {self.settings.bootstrap}"
        if self._loop.is_closed():
            work.close()
            raise Unavailable(f"{where}: this connection was closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(within_s)
        except TimeoutError as error:
            future.cancel()
            raise Unavailable(f"{where} has not answered within {within_s:g} s") from error
        except CancelledError as error:
            raise Unavailable(f"{where}: given up, because the partition went to another worker") from error
        except _REFUSALS as error:
            raise Refused(f"{where} refuses: {_sentence(error)}") from error
        except (KafkaError, OSError) as error:
            raise Unavailable(f"{where}: {_sentence(error)}") from error

    def client(self) -> dict[str, Any]:
        """Arguments of every client of aiokafka."""
        settings = self.settings
        login = settings.username is not None
        options: dict[str, Any] = {"bootstrap_servers": settings.bootstrap, "client_id": settings.client_id}
        options["security_protocol"] = ("SASL_" if login else "") + ("SSL" if settings.tls else "PLAINTEXT")
        if settings.tls:
            options["ssl_context"] = create_ssl_context(cafile=settings.ca_file)
        if login:
            options["sasl_mechanism"] = settings.mechanism
            options["sasl_plain_username"] = settings.username
            options["sasl_plain_password"] = self._password
        return options

    def close(self, *ends: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let clients end, then the loop with all that still runs on it. Twice is once."""
        if self._loop.is_closed():
            return
        for end in ends:
            with suppress(SinkError):
                self.run(end(), 3 * STOP_S)
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(STOP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        self._loop.close()


async def stopped(stopping: Coroutine[Any, Any, None]) -> None:
    """Wait for a client to stop, but not for ever."""
    with suppress(TimeoutError, KafkaError):
        await asyncio.wait_for(stopping, STOP_S)


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
