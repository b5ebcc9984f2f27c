"""A service on a free port of this machine, and what tests ask of it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

from deflator.web.app import create_app
from deflator.web.frames import read_frame
from deflator.web.limits import Limits
from deflator.web.serving import server_of

BOOK = "fibre-2001"
Answer = tuple[dict[str, Any], dict[str, np.ndarray]]


class Service(NamedTuple):
    """A service that runs."""

    app: FastAPI
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def live(self, **options: Any) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.port}/api/live", max_size=None, **options)


@contextmanager
def serving(limits: Limits | None = None, port: int = 0, **options: Any) -> Iterator[Service]:
    """Run a service until the block ends, on a port of its own unless one is given."""
    app = create_app(limits=limits, **{"book": BOOK, "threads": 2, "warm_up": False} | options)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    there = threading.Event()
    server = server_of(app, there.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert there.wait(20)
        yield Service(app, listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def question(**settings: Any) -> dict[str, Any]:
    """Return a question on the small book."""
    return {"book": BOOK, "scenario": "base", "settings": settings, "paths": 640, "draws": 16}


def ask(socket: ClientConnection, number: int, asked: dict[str, Any], fidelity: str = "preview") -> None:
    socket.send(json.dumps({"id": number, "question": asked, "fidelity": fidelity}))


def heard(socket: ClientConnection, timeout: float = 300.0) -> Answer:
    """Return the next answer."""
    data = socket.recv(timeout)
    assert isinstance(data, bytes)
    return read_frame(data)


def heard_in_full(socket: ClientConnection, number: int) -> list[Answer]:
    """Return every answer up to the full one of a question."""
    answers = [heard(socket)]
    while answers[-1][0]["id"] != number or answers[-1][0].get("stage") != "full":
        answers.append(heard(socket))
    return answers
