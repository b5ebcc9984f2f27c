"""The WebSocket: questions in, frames out, and nothing that one client does can keep another waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from deflator.errors import Fault
from deflator.messages import text
from deflator.web.bodies import Asked
from deflator.web.engine import Ask, Engine, Session
from deflator.web.frames import frame
from deflator.web.limits import Bucket, Limits
from deflator.web.refusals import faults_of, told

_POLICY, _TRY_LATER, _TOO_BIG = 1008, 1013, 1009
_MOST_ID = 2**53


class Live:
    """All live connections.

    Parameters
    ----------
    engine
        Answers questions.
    limits
        What a connection may do.
    """

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine, self._limits = engine, limits
        self.connections = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until either side ends it."""
        if self.connections >= self._limits.connections:
            await socket.close(_TRY_LATER, text("web.too_many"))
            return
        self.connections += 1
        try:
            await socket.accept()
            await _Connection(socket, self._engine, self._limits).run()
        finally:
            self.connections -= 1


class _Connection:
    """One connection: a reader that puts questions, and a sender that holds at most one frame."""

    def __init__(self, socket: WebSocket, engine: Engine, limits: Limits) -> None:
        self._socket, self._engine, self._limits = socket, engine, limits
        self._loop = asyncio.get_running_loop()
        self._frame: bytes | None = None
        self._there = asyncio.Event()
        self._session = Session(self._deliver)
        self._faulty = 0

    async def run(self) -> None:
        self._engine.join(self._session)
        tasks = [asyncio.create_task(one) for one in (self._read(), self._send())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._engine.leave(self._session)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(Exception):  # the other side may be gone already
                await asyncio.wait_for(self._socket.close(), 1.0)

    def _deliver(self, data: bytes) -> None:
        """Take a frame from the engine's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed when the service stops
            self._loop.call_soon_threadsafe(self._put, data)

    def _put(self, data: bytes) -> None:
        self._frame = data  # a newer frame takes the place of one that was not sent
        self._there.set()

    async def _send(self) -> None:
        while True:
            await self._there.wait()
            self._there.clear()
            data, self._frame = self._frame, None
            if data is None:
                continue
            try:
                await asyncio.wait_for(self._socket.send_bytes(data), self._limits.send_seconds)
            except (TimeoutError, WebSocketDisconnect, RuntimeError):
                return
            self._engine.taken(self._session)

    async def _read(self) -> None:
        bucket = Bucket(self._limits.messages_per_second, self._limits.messages_at_once)
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), self._limits.idle_seconds)
            except TimeoutError:
                return
            if message["type"] == "websocket.disconnect":
                return
            if not bucket.take():
                await self._socket.close(_POLICY, text("web.too_often"))
                return
            given = message.get("text")
            if given is None or len(given) > self._limits.message_bytes:
                await self._socket.close(_TOO_BIG if given else _POLICY, text("web.not_a_message"))
                return
            self._hear(given)
            if self._faulty >= self._limits.faulty_messages:
                await self._socket.close(_POLICY, text("web.not_a_message"))
                return

    def _hear(self, given: str) -> None:
        """Put a question or take one back; what is neither is told to the client."""
        number = 0
        try:
            message = json.loads(given, parse_constant=_no_number)
            if not isinstance(message, dict):
                raise ValueError(given[:20])
            number = _number(message.get("cancel", message.get("id")))
            if "cancel" in message:
                self._engine.cancel(self._session, number)
                return
            fidelity = message.get("fidelity", "preview")
            if fidelity not in ("preview", "full") or set(message) - {"id", "question", "fidelity"}:
                raise ValueError(given[:20])
            asked = Asked.model_validate(message.get("question", {}))
        except ValidationError as error:
            self._faulty += 1
            self._tell(number, list(faults_of(error.errors(include_input=False, include_url=False))))
            return
        except (ValueError, RecursionError):
            self._faulty += 1
            self._tell(number, [Fault("", 0, "", text("web.not_a_message"), text("web.message_form"))])
            return
        self._faulty = 0
        self._engine.ask(self._session, Ask(number, asked, full=fidelity == "full"))

    def _tell(self, number: int, faults: list[Fault]) -> None:
        self._put(frame({"id": number, "faults": [told(fault) for fault in faults]}, {}))


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_ID:
        raise ValueError(repr(value)[:20])
    return value


def _no_number(word: str) -> float:
    raise ValueError(word)
