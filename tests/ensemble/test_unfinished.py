import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

import deflator
from deflator.ensemble import (
    Question,
    StoppedError,
    Threads,
    Told,
    chunk_files,
    finish_if_whole,
    how_far,
    lock,
    remove_runs,
    run_paths,
    stored_runs,
    unfinished_folder,
)
from deflator.ensemble.tables import CHUNKED
from deflator.errors import RunError

TINY = Path(__file__).parents[1] / "books" / "tiny"
HARSH = ["rent.level=0.6"]
PATHS, DRAWS = 3_000, 8
RUN = """
import sys, deflator
scenario = deflator.load_scenario("base", ["rent.level=0.6"])
deflator.run(sys.argv[1], scenario, paths=int(sys.argv[3]), ignorance=8, out=sys.argv[2], threads=2)
"""
RESUME = "import sys, deflator; deflator.resume(sys.argv[2], threads=1)"
TABLES = (*CHUNKED, "series_quantiles", "failures", "summary_layers", "summary_entities", "summary_losses")


class PulledPlugError(Exception):
    """Stands for whatever ends a process."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> deflator.Result:
    return run(tmp_path_factory.mktemp("unbroken") / "run")


def run(out: Path, told: Told | None = None, threads: int = 2) -> deflator.Result:
    from deflator.analysis import ask

    scenario = deflator.load_scenario("base", HARSH)
    return ask(Question(deflator.load_book(TINY), scenario, PATHS, DRAWS), out, threads, told=told)


def stop_after(paths: int) -> Told:
    def pull(done: int, total: int) -> None:
        if done >= paths:
            raise PulledPlugError

    return Told(pull)


def stopped(out: Path, after: int = 1_000) -> Path:
    with pytest.raises(PulledPlugError):
        run(out, stop_after(after))
    return unfinished_folder(out)


def same_bits(one: deflator.Result, other: deflator.Result) -> bool:
    tables = all(one.raw.table(name).equals(other.raw.table(name)) for name in TABLES)
    return tables and one.raw.manifest.checksum == other.raw.manifest.checksum


def test_a_stopped_run_is_not_visible_as_finished_and_says_how_far_it_got(place: Path) -> None:
    folder = stopped(place / "run")

    assert not (place / "run").exists()
    (listed,) = stored_runs()
    assert (listed.folder, listed.manifest) == (folder, None)
    assert listed.unfinished == how_far(folder)
    assert 1_000 <= how_far(folder).paths < PATHS
    assert (how_far(folder).asked, how_far(folder).owner) == (PATHS, None)
    with pytest.raises(RunError, match="not finished; type `deflator resume run`"):
        deflator.Result.open("run")


@pytest.mark.parametrize("name", ["run", "run.unfinished", "ru"])
def test_a_resumed_run_has_the_bits_of_an_unbroken_one(place: Path, name: str, unbroken: deflator.Result) -> None:
    stopped(place / "run")
    resumed = deflator.resume(name, threads=1)

    assert same_bits(resumed, unbroken)
    assert [path.name for path in place.iterdir()] == ["run"]
    assert sorted(path.name for path in (place / "run").iterdir()) == sorted(
        path.name for path in unbroken.raw.folder.iterdir()
    )


def test_the_same_question_asked_again_goes_on_where_it_was_stopped(place: Path, unbroken: deflator.Result) -> None:
    kept = how_far(stopped(place / "run")).paths
    told: list[int] = []

    assert same_bits(run(place / "run", Told(lambda done, total: told.append(done))), unbroken)
    assert min(told) > kept


def test_resuming_what_is_finished_opens_it(place: Path, unbroken: deflator.Result) -> None:
    assert deflator.resume(unbroken.raw.folder).raw.manifest == unbroken.raw.manifest


def test_a_run_resumes_though_its_book_and_scenario_were_changed_or_removed_meanwhile(
    place: Path, unbroken: deflator.Result
) -> None:
    from deflator.book import write_book

    write_book(deflator.load_book(TINY), place / "mine.xlsx")
    question = Question(deflator.load_book(place / "mine.xlsx"), deflator.load_scenario("base", HARSH), PATHS, DRAWS)
    from deflator.analysis import ask

    with pytest.raises(PulledPlugError):
        ask(question, place / "run", 2, told=stop_after(500))
    (place / "mine.xlsx").unlink()

    assert same_bits(deflator.resume("run"), unbroken)


def test_a_run_that_is_stopped_before_its_first_chunk_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deflator.ensemble.runner.compile_once", stop)
    with pytest.raises(KeyboardInterrupt):
        run(place / "run")

    assert list(place.iterdir()) == []


def test_a_run_of_which_nothing_can_come_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deflator.ensemble.gathering.RESIDUAL_ALLOWED", -1.0)
    with pytest.raises(RunError, match="ledger_residual"):
        run(place / "run")

    assert list(place.iterdir()) == []


def test_what_cannot_be_resumed_says_why(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped(place / "run")
    request = json.loads((folder / "request.json").read_text())

    (folder / "request.json").write_text(json.dumps(request | {"format": 7}))
    with pytest.raises(RunError, match="format 7 is not format 2"):
        deflator.resume("run")
    (folder / "request.json").write_text(
        json.dumps(request | {"engine": "other", "book": {"name": "b", "fingerprint": ""}})
    )
    with pytest.raises(RunError) as caught:
        deflator.resume("run")
    assert [fault.column for fault in caught.value.faults] == ["book", "engine"]
    (folder / "request.json").write_text("{")
    with pytest.raises(RunError, match="begin again with `deflator run`"):
        deflator.resume("run")
    assert folder.is_dir()


def test_chunks_of_another_engine_are_not_used(place: Path, unbroken: deflator.Result) -> None:
    folder = stopped(place / "run")
    request = json.loads((folder / "request.json").read_text())
    (folder / "request.json").write_text(json.dumps(request | {"engine": "other"}))
    for file in (folder / "chunks").iterdir():
        file.write_bytes(b"of another engine")

    assert same_bits(run(place / "run"), unbroken)


def test_a_second_process_on_the_same_run_is_refused_and_the_folder_cannot_be_removed(place: Path) -> None:
    messages: list[str] = []

    def try_again(done: int, total: int) -> None:
        if not messages:
            for attempt in (lambda: run(place / "run"), lambda: remove_runs(["run.unfinished"])):
                with pytest.raises(RunError) as caught:
                    attempt()
                messages.append(str(caught.value))

    run(place / "run", Told(try_again))

    assert len(messages) == 2
    assert all(f"process {os.getpid()} on" in message for message in messages)


def test_the_lock_of_a_dead_process_is_taken_over_and_that_of_another_machine_is_not(
    place: Path, unbroken: deflator.Result
) -> None:
    folder = stopped(place / "run")
    dead = lock.Owner.this()
    (folder / "lock").write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    with pytest.raises(RunError, match=r"process 1 on elsewhere.*remove .*lock"):
        deflator.resume("run")
    (folder / "lock").write_text(json.dumps({"pid": 1, "host": dead.host}))

    assert same_bits(deflator.resume("run"), unbroken)


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[None]:
    """Let the disk be full once some chunks are written."""
    written: list[int] = []
    write = Path.write_bytes

    def refuse(file: Path, data: bytes) -> int:
        if file.suffix == ".writing":
            written.append(len(data))
            if len(written) > after:
                write(file, data[:100])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        return write(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        yield


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(
    place: Path, monkeypatch: pytest.MonkeyPatch, unbroken: deflator.Result
) -> None:
    with (
        full_disk(monkeypatch, after=3),
        pytest.raises(StoppedError, match=r"the disk is full; .*deflator resume") as caught,
    ):
        run(place / "run")

    assert how_far(place / "run.unfinished").paths > 0
    assert len(caught.value.faults) == 1
    assert same_bits(deflator.resume("run"), unbroken)


@pytest.mark.parametrize(
    ("step", "of"),
    [("replace", "request.json"), ("rename", "run"), ("rename", "run.unfinished"), ("unlink", "whole")],
)
def test_a_run_that_is_killed_while_it_gets_its_name_is_finished_by_the_next_try(
    place: Path, monkeypatch: pytest.MonkeyPatch, step: str, of: str, unbroken: deflator.Result
) -> None:
    run(place / "run")  # so that an earlier result has to make room as well
    real = getattr(Path, step)

    def pull(file: Path, *given: object, **named: object) -> object:
        if file.name == of:
            raise PulledPlugError
        return real(file, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, pull)
        with pytest.raises(PulledPlugError):
            run(place / "run")
    again = deflator.resume("run")

    assert same_bits(again, unbroken)
    assert [path.name for path in place.iterdir()] == ["run"]


def start(program: str, out: Path, paths: int) -> subprocess.Popen:
    words = [sys.executable, "-c", program, str(TINY), str(out), str(paths)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def killed_again_and_again(out: Path, paths: int, kills: int, chance: random.Random) -> int:
    """Run, kill at a random moment, resume, kill again; return how many processes were killed before the end."""
    done, process = 0, start(RUN, out, paths)
    while True:
        if done < kills:
            begun = unfinished_folder(out) / "request.json"
            while process.poll() is None and not begun.exists():
                time.sleep(0.005)
            time.sleep(chance.random() * 1.2)
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        errors = process.communicate()[1].decode()
        if process.returncode == 0:
            return done
        assert process.returncode < 0, errors
        done += 1
        process = start(RESUME if unfinished_folder(out).is_dir() else RUN, out, paths)


def test_processes_killed_at_random_moments_end_with_the_bits_of_an_unbroken_run(
    place: Path, unbroken: deflator.Result
) -> None:
    killed = killed_again_and_again(place / "run", PATHS, 4, random.Random(4))

    assert killed > 0
    assert same_bits(deflator.Result.open(place / "run"), unbroken)
    assert [path.name for path in place.iterdir()] == ["run"]


@pytest.mark.slow
def test_thirty_kills_change_nothing(place: Path) -> None:
    chance, killed, reference = random.Random(30), 0, None
    for number in range(30):
        out = place / f"run-{number}"
        killed += killed_again_and_again(out, 20_000, 3, chance)
        found = deflator.Result.open(out)
        reference = reference or found
        assert same_bits(found, reference)
        if killed >= 30:
            break
    assert killed >= 30


def test_a_run_of_raw_tables_alone_needs_no_place_of_its_own(place: Path) -> None:
    question = Question(deflator.load_book(TINY), deflator.load_scenario("base"), 300, 4)
    (place / "raw").mkdir()

    raw = run_paths(question, place / "raw", Threads(2))

    assert raw.paths()["path"].to_list() == list(range(300))
    assert pl.Series(raw.paths()["draw"]).max() == 3


def test_a_folder_that_is_not_whole_does_not_get_a_name(place: Path) -> None:
    folder = stopped(place / "run")

    assert not finish_if_whole(folder)
    assert folder.is_dir()
    assert chunk_files.ChunkFolder(folder / "chunks").names()
