import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def started(place: Path, *words: str) -> subprocess.Popen:
    """Start a run as a user does, and wait until its first paths are kept."""
    command = [sys.executable, "-m", "deflator", "run", "base", "--book", TINY, "--threads", "1", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((place / "runs").glob("*.unfinished/chunks/*.chunk")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_says_how_to_go_on_is_listed_and_resumes(place: Path, stop: signal.Signals, code: int) -> None:
    process = started(place, "--paths", "15000", "--ignorance", "4")
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (code, "")
    assert "Go on with `deflator resume" in err
    assert "Traceback" not in err
    (folder,) = (place / "runs").iterdir()
    listed = typed("runs").stdout
    assert "unfinished: go on with `deflator resume`" in listed
    assert "of 15,000" in listed
    (stored,) = json.loads(typed("runs", "--json").stdout)["runs"]
    assert 0 < stored["unfinished"]["paths"] < stored["unfinished"]["asked"] == 15_000
    resumed = typed("resume", folder.name.removesuffix(".unfinished"), "--threads", "2", "--json")
    assert resumed.exit_code == 0, resumed.stderr
    unbroken = typed("run", "base", "--book", TINY, "--paths", "15000", "--ignorance", "4", "--json")
    assert json.loads(unbroken.stdout)["checksum"] == json.loads(resumed.stdout)["checksum"]


def test_a_run_under_way_is_listed_with_its_process_and_cannot_be_removed_or_run_twice(place: Path) -> None:
    process = started(place, "--paths", "200000")
    try:
        (folder,) = (place / "runs").iterdir()
        assert f"under way: process {process.pid} on" in typed("runs").stdout
        for words in (
            ("runs", "rm", folder.name),
            ("resume", folder.name),
            ("run", "base", "--book", TINY, "--paths", "200000"),
        ):
            done = typed(*words)
            assert (done.exit_code, f"process {process.pid} on" in done.stderr) == (2, True), words
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    assert typed("runs", "rm", folder.name).exit_code == 0
    assert list((place / "runs").iterdir()) == []


def test_what_a_run_would_take_is_printed_and_nothing_is_kept(place: Path) -> None:
    words = ("run", "base", "rate-shock", "--book", TINY, "--paths", "1000000", "--threads", "1", "--dry-run")
    told = typed(*words)
    found = json.loads(typed(*words, "--json").stdout)["expected"]

    assert told.exit_code == 0
    assert "Expected for rate-shock: about" in told.stdout
    assert list(found) == ["base", "rate-shock"]
    assert found["base"]["paths"] == 1_000_000
    assert found["base"]["seconds"] > 10
    assert 1e6 < found["base"]["kept_bytes"] < found["base"]["most_bytes"]
    assert not (place / "runs").exists()


def test_a_target_that_is_reached_and_one_that_is_not_are_told(place: Path) -> None:
    words = ("run", "base", "--book", TINY, "--set", "rent.level=0.6", "--paths", "4000", "--ignorance", "1000")
    reached = typed(*words, "--target-error", "0.02")
    missed = typed(*words, "--target-error", "0.0001")

    assert reached.exit_code == missed.exit_code == 0
    assert "per cent points, at most the 2 asked for" in reached.stdout
    assert "above the 0.01 asked for" in missed.stdout
    assert "more draws help most: about --ignorance" in missed.stdout


def test_a_cluster_is_asked_for_by_address_and_its_results_are_those_of_threads(place: Path) -> None:
    words = ("run", "base", "--book", TINY, "--paths", "600", "--ignorance", "4", "--json")
    there = typed(*words, "--cluster", "local:1", "--out", str(place / "there"))
    here = typed(*words, "--out", str(place / "here"))

    assert there.exit_code == 0, there.stderr
    assert json.loads(there.stdout)["checksum"] == json.loads(here.stdout)["checksum"]
    refused = typed(*words, "--cluster", "somewhere")
    assert refused.exit_code == 2
    assert "'somewhere' is not a cluster" in refused.stdout


def test_a_chunk_that_fails_is_told_with_its_reason_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from deflator.ensemble.runner import Simulation

    simulate = Simulation.__call__

    def fails_once(self: Simulation, first: int, count: int) -> object:
        if first == 128:
            raise MemoryError("not enough")
        return simulate(self, first, count)

    monkeypatch.setattr(Simulation, "__call__", fails_once)
    done = typed("run", "base", "--book", TINY, "--paths", "512", "--ignorance", "4", "--threads", "2")

    assert done.exit_code == 3, done.stderr
    assert "Paths 128 to 255 could not be simulated: MemoryError: not enough" in done.stdout
    assert "128 of 512 paths failed" in done.stdout


def test_an_unknown_run_is_not_resumed() -> None:
    done = typed("resume", "nothing")

    assert done.exit_code == 2
    assert "there is no run 'nothing'" in done.stderr
