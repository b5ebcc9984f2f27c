"""How the service listens: bounds of the protocol, pings that find out who is gone, a quick end."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

_CONNECTIONS, _KEEP_SECONDS, _END_SECONDS = 500, 10, 3
_PING_SECONDS = 20.0
_MESSAGE_BYTES, _HEAD_BYTES = 300_000, 32_768


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
        app, log_level="warning", access_log=False, server_header=False, date_header=False, proxy_headers=False,
        ws="websockets-sansio", ws_max_size=_MESSAGE_BYTES, ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS, ws_per_message_deflate=False, limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_SECONDS, timeout_graceful_shutdown=_END_SECONDS,
        h11_max_incomplete_event_size=_HEAD_BYTES,
    )  # fmt: skip
    return Server(config, ready)
