"""What has to be measured in a process of its own: `python -m bench.children memory|first ...`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent  # from where this package is found


def as_a_user(**more: str) -> dict[str, str]:
    """Return the environment of a normal user: compiled Python files are written and found again."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | more


def told_by(*arguments: str, **more: str) -> dict[str, Any]:
    """Start this module in a process of its own and return what it tells."""
    command = [sys.executable, "-m", "bench.children", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=as_a_user(**more), check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def seconds_of_command(*arguments: str) -> float:
    """Return how long a `deflator` command takes from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "deflator", *arguments]
        start = time.perf_counter()
        subprocess.run(command, env=as_a_user(DEFLATOR_RUNS=folder), check=True, capture_output=True)
        return time.perf_counter() - start


def seconds_to_first_path(book: str, cache: str) -> float:
    """Return the time from the start of a process to its first simulated path, with a folder of compiled kernels."""
    start = time.time()
    return told_by("first", book, NUMBA_CACHE_DIR=cache)["at"] - start


def peak_mb() -> float:
    """Return the most memory that this process has held.

    `getrusage` begins with the peak of the process that started this one on Linux, which tells its own peak elsewhere.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def measure_memory(book: str, paths: str) -> dict[str, float]:
    """Run a question as `deflator run` does and tell the peak."""
    import deflator

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        deflator.run(book, "base", paths=int(paths), out=f"{folder}/run").layers()
        return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb()}


def simulate_one(book: str) -> dict[str, float]:
    """Simulate one path and tell the time of day."""
    from bench.subject import setting_of
    from deflator.engine import simulate

    simulate(setting_of(book, "base", 1).economy, seed=1, first_path=0, paths=1)
    return {"at": time.time()}


if __name__ == "__main__":
    print(json.dumps({"memory": measure_memory, "first": simulate_one}[sys.argv[1]](*sys.argv[2:])))
