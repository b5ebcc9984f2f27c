"""How the service listens: bounds of the protocol, pings that find out who is gone, a quick end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

_CONNECTIONS, _KEEP_SECONDS, _END_SECONDS = 500, 10, 3
_PING_SECONDS = 20.0
_MESSAGE_BYTES, _HEAD_BYTES = 300_000, 32_768


class Impatient(H11Protocol):
    """HTTP that ends a connection whose next request does not come, or stops in the middle of its head."""

    patience_seconds = 15.0

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(self.patience_seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take what came; wait on if that was no whole head."""
        super().data_received(data)
        if self._is_busy():
            self._stop_waiting()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.patience_seconds, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        """Tell whether a request is being answered, or the connection has become a WebSocket."""
        return self.transport.get_protocol() is not self or bool(self.cycle and not self.cycle.response_complete)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._is_busy():
            self.transport.close()


class Server(uvicorn.Server):
    """A server that tells when it listens.

    Parameters
    ----------
    config
        How it listens.
    ready
        Called once it does.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def server_of(app: FastAPI, ready: Callable[[], None]) -> Server:
    """Return a server for an application; `run(sockets=[...])` serves until SIGINT or SIGTERM.

    Parameters
    ----------
    app
        From `create_app`.
    ready
        Called once it listens.
    """
    config = uvicorn.Config(
        app, http=Impatient, log_level="warning", access_log=False, server_header=False, date_header=False,
        proxy_headers=False, ws="websockets-sansio", ws_max_size=_MESSAGE_BYTES, ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS, ws_per_message_deflate=False, limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_SECONDS, timeout_graceful_shutdown=_END_SECONDS,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )  # fmt: skip
    return Server(config, ready)
