"""A service in a process of its own, as `deflator serve` starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.children import as_a_user


class Served(NamedTuple):
    """A service that runs.

    Parameters
    ----------
    address
        Of its page.
    pid
        Of its process.
    """

    address: str
    pid: int

    @property
    def live(self) -> str:
        """Address of its WebSocket."""
        return self.address.replace("http", "ws", 1) + "api/live"

    @property
    def memory_mb(self) -> float:
        """Memory that it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024.0


@contextmanager
def serving(book: str) -> Iterator[Served]:
    """Run `deflator serve` on a free port until the block ends."""
    command = [sys.executable, "-m", "deflator", "serve", "--port", "0", "--no-open", "--json", "--book", book]
    with tempfile.TemporaryDirectory() as folder:
        environment = as_a_user(DEFLATOR_RUNS=folder, DEFLATOR_BOOKS=folder, DEFLATOR_SCENARIOS=folder)
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                told = ""
                while not told.endswith("}\n"):
                    told += process.stdout.readline()
                yield Served(json.loads(told)["address"], process.pid)
            finally:
                process.terminate()
                process.wait(30)
