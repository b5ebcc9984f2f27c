import dataclasses
import json
from pathlib import Path

import pytest

from deflator.ensemble.manifest import FORMAT, Manifest, read_manifest, write_manifest
from deflator.ensemble.opened import Run
from deflator.ensemble.store import (
    QUOTA_VARIABLE,
    RUNS_VARIABLE,
    check_target,
    find_run,
    quota_gb,
    remove_runs,
    stored_runs,
)
from deflator.ensemble.unfinished import HowFar
from deflator.errors import RunError

RECORD = Manifest(
    format=FORMAT, run="base-0123456789", finished_at="2026-03-01T00:00:00+00:00",
    versions={"deflator": "0.1.0"}, book={"name": "small"}, scenario={"name": "base"}, as_of="2026-02",
    months=24, paths=100, paths_failed=0, draws=10, ignorance=True, chance=True, seed=1,
    ledger_residual=1e-15, debt_residual=0.0, units_residual=0.0, checksum="abc",
    elapsed_seconds={"draw": 0.5, "simulate": 1.0},
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def keep(folder: Path, record: Manifest = RECORD) -> Path:
    folder.mkdir(parents=True)
    write_manifest(folder, record)
    return folder


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, RECORD)

    assert read_manifest(tmp_path) == RECORD
    assert RECORD.seconds == 1.5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be read"),
        ("[]", "format None"),
        ('{"format": 99}', "format 99 is not among 1, 2, 3, 4.*a newer version of deflator wrote it"),
        ('{"format": 0}', "format 0 is not among 1, 2, 3, 4, which this version reads; run it again"),
        ('{"format": 1}', "is not complete"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(RunError, match=told):
        read_manifest(tmp_path)


def test_a_run_of_the_first_format_opens_and_had_no_goal_and_no_failed_chunks(tmp_path: Path) -> None:
    later = {"paths_asked", "target_error", "error"}
    first = {name: value for name, value in dataclasses.asdict(RECORD).items() if name not in later}
    (tmp_path / "manifest.json").write_text(json.dumps(first | {"format": 1}))

    run = Run.open(tmp_path)

    assert (run.manifest.paths_asked, run.manifest.target_error) == (None, None)
    assert run.failures().height == 0


def test_a_folder_without_a_manifest_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not the folder of a run"):
        read_manifest(tmp_path)


def test_a_folder_that_is_new_or_empty_or_holds_the_same_run_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    keep(tmp_path / "same")

    for name in ("new", "empty", "same"):
        assert check_target(tmp_path / name, RECORD.run) is None


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    keep(tmp_path / "other")
    (tmp_path / "file").write_text("a file")

    for name, run in (("thesis", RECORD.run), ("other", "another-run"), ("file", RECORD.run)):
        with pytest.raises(RunError, match="something else"):
            check_target(tmp_path / name, run)


def test_a_run_is_found_by_its_path_its_name_and_its_beginning(place: Path) -> None:
    folder = keep(place / "base-0123456789")

    assert find_run(str(folder)) == folder
    assert find_run("base-0123456789") == folder
    assert find_run("base-01") == folder


def test_an_unknown_run_is_refused_with_those_there_are(place: Path) -> None:
    with pytest.raises(RunError, match="deflator run"):
        find_run("base")
    keep(place / "base-1")
    keep(place / "base-2")

    with pytest.raises(RunError, match="base-1, base-2"):
        find_run("essay")


def test_of_runs_that_begin_alike_the_newest_is_meant(place: Path) -> None:
    keep(place / "base-1", dataclasses.replace(RECORD, finished_at="2026-03-02T00:00:00+00:00"))
    keep(place / "base-2")

    assert find_run("base") == place / "base-1"


def test_what_a_killed_run_left_is_listed_without_a_record(place: Path) -> None:
    keep(place / "base-1")
    (place / "base-2.unfinished").mkdir()

    kept, left = stored_runs()

    assert (left.manifest, kept.manifest) == (None, RECORD)
    assert left.unfinished == HowFar(paths=0, asked=None, owner=None)
    assert kept.size_bytes == len(json.dumps(dataclasses.asdict(RECORD), indent=2)) + 1


def test_a_copy_that_was_cut_short_is_no_run(place: Path) -> None:
    keep(place / "base-1")
    keep(place / ".base-2.0123abcd")

    assert [run.folder.name for run in stored_runs()] == ["base-1"]


def test_runs_are_removed_all_or_none(place: Path) -> None:
    keep(place / "base-1")
    keep(place / "base-2")

    with pytest.raises(RunError, match="base-3"):
        remove_runs(["base-1", "base-3"])
    assert len(stored_runs()) == 2
    assert remove_runs(["base-1", "base-2"]) == ["base-1", "base-2"]
    assert stored_runs() == []


def test_a_name_cannot_lead_out_of_the_place_for_runs(place: Path) -> None:
    keep(place / "base-1")
    outside = keep(place.parent / "precious")

    with pytest.raises(RunError):
        remove_runs(["../precious"])
    assert outside.is_dir()


@pytest.mark.parametrize("given", ["", "none", "-1", "0", "nan"])
def test_a_quota_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(QUOTA_VARIABLE, given)

    with pytest.raises(RunError, match="is not a size"):
        quota_gb()


def test_the_quota_is_five_gigabytes_or_what_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(QUOTA_VARIABLE, raising=False)
    assert quota_gb() == 5.0
    monkeypatch.setenv(QUOTA_VARIABLE, "0.5")
    assert quota_gb() == 0.5
