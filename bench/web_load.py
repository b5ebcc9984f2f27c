"""Many live views at once: `python -m bench.web_load`.

Each session asks, waits for the answer and asks the next question, as a slider that is dragged does. Some more clients
take nothing of what they asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from typing import Any

import numpy as np
from websockets.asyncio.client import connect

from bench.web_latency import keep
from bench.web_service import Served, serving
from deflator.web.frames import read_frame

_PATIENCE_SECONDS = 120.0


def measure(book: str, sessions: int = 50, seconds: float = 120.0, stalled: int = 5) -> dict[str, Any]:
    """Let many sessions drag at the same time, and return what they saw.

    Parameters
    ----------
    book
        Name or path of the book.
    sessions, seconds
        How many, for how long.
    stalled
        Clients besides that ask for full runs and read nothing.
    """
    with serving(book) as served:
        return asyncio.run(_drive(served, book, sessions, seconds, stalled))


async def _drive(served: Served, book: str, sessions: int, seconds: float, stalled: int) -> dict[str, Any]:
    async with connect(served.live, max_size=None) as first:  # the engine is ready when it has answered
        await first.send(_question(book, 1, 1.0))
        await first.recv()
    stuck = [connect(served.live, max_size=None, max_queue=1) for _ in range(stalled)]
    held = [await one for one in stuck]
    for one in held:
        await one.send(_question(book, 1, 0.5, full=True))
    begun = asyncio.Barrier(sessions)
    tasks = [asyncio.create_task(_drag(served, book, place, seconds, begun)) for place in range(sessions)]
    memory = [served.memory_mb]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(min(2.0, seconds / 10.0))
        memory.append(served.memory_mb)
    for one in held:
        await one.close()
    found = [task.result() for task in tasks]
    answers = np.array([len(waits) for waits, _ in found])
    waits = np.concatenate([waits for waits, _ in found])
    third = max(1, len(memory) // 3)
    return {
        "sessions": sessions, "seconds": seconds, "stalled": stalled, "answers": int(answers.sum()),
        "errors": sum(errors for _, errors in found), "least_answers": int(answers.min()),
        "most_answers": int(answers.max()), "median_wait_s": float(np.median(waits)),
        "p95_wait_s": float(np.quantile(waits, 0.95)), "memory_first_mb": memory[0],
        "memory_middle_mb": float(np.median(memory[third : 2 * third] or memory)),
        "memory_last_mb": float(np.median(memory[-third:])), "load_average": os.getloadavg()[0],
    }  # fmt: skip


async def _drag(served: Served, book: str, place: int, seconds: float, begun: asyncio.Barrier) -> tuple[Any, int]:
    """Ask one question after another; return how long each answer took, and how many were wrong."""
    waits, errors = [], 0
    async with connect(served.live, max_size=None) as socket:
        await begun.wait()
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            start = time.monotonic()
            await socket.send(_question(book, number, 0.8 + 0.02 * place + 1e-4 * number))
            header, arrays = read_frame(await asyncio.wait_for(socket.recv(), _PATIENCE_SECONDS))  # type: ignore[arg-type]
            waits.append(time.monotonic() - start)
            errors += header["id"] != number or bool(header.get("faults")) or not arrays
    return np.array(waits), errors


def _question(book: str, number: int, rent: float, full: bool = False) -> str:
    question = {"book": book, "scenario": "base", "settings": {"rent.level": round(rent, 5)}}
    return json.dumps({"id": number, "question": question, "fidelity": "full" if full else "preview"})


def main() -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.web_load", description=__doc__)
    parser.add_argument("--book", default="ai-2026-02")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--keep", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    found = measure(options.book, options.sessions, options.seconds)
    json.dump(found, sys.stdout, indent=1)
    print()
    if options.keep:
        keep("load", found)


if __name__ == "__main__":
    main()
