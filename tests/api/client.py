"""Asks an app in this process, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
from fastapi import FastAPI


class Client:
    """One request at a time; a fault of the app is an answer (500), as it would be behind a server."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, address, headers=headers, content=content)

        return asyncio.run(ask())

    def get(self, address: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.request("GET", address, headers=headers)
