"""`deflator serve`: it says where it is, answers, stops when told, and starts again in the same place."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from deflator.cli import app


@contextmanager
def started(*more: str) -> Iterator[tuple[dict[str, Any], "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "deflator", "serve", "--no-open", "--json", "--book", "fibre-2001", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = ""
        while line := process.stdout.readline():
            told += line
            if line == "}\n":
                break
        try:
            yield json.loads(told), process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]", number: int) -> tuple[int, str]:
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped_and_leaves_without_a_traceback(number: int) -> None:
    with started("--port", "0") as (told, process):
        assert httpx2.get(told["address"]).status_code == 200
        assert httpx2.get(f"{told['address']}api/start", timeout=30).json()["book"] == "fibre-2001"
        _, errors = ended(process, number)

    assert "Traceback" not in errors


def test_it_starts_again_in_the_same_place_and_gives_the_same_answers() -> None:
    summaries = []
    port = "0"
    for _ in range(2):
        with started("--port", port) as (told, process):
            port = told["address"].rsplit(":", 1)[1].strip("/")
            summaries.append(httpx2.get(f"{told['address']}api/books/fibre-2001", timeout=30).json())
            ended(process, signal.SIGTERM)

    assert summaries[0] == summaries[1]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = CliRunner().invoke(app, ["serve", "--no-open"])

    assert done.exit_code == 2
    assert "pip install 'deflator[web]'" in done.stderr


def test_a_book_that_cannot_be_loaded_is_told() -> None:
    done = CliRunner().invoke(app, ["serve", "--no-open", "--book", "nobook"])

    assert done.exit_code == 2
    assert "no such book" in done.stderr
