import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from deflator.analysis.summary import summarise
from deflator.cli import app
from deflator.ensemble import write_table
from small_runs import FIRMS, small_run

HARD = ([{"cloud_a": 3, "cloud_b": 7}] * 6 + [{"lab_a": 5}] * 3 + [{}] * 11) * 10
RUN_KEYS = {"run", "folder", "paths", "months", "seconds", "ledger_residual", "checksum"}
LAYER_KEYS = {"name", "p_first", "p_break", "low", "high", "mc_error", "median_month", "trigger"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_RUNS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(folder: Path, hard: Sequence[Mapping[str, int]] = HARD, **changes: object) -> Path:
    run = small_run(folder, hard, draws=2, losses={0: {"lab_b": 1234.5}}, **changes)  # type: ignore[arg-type]
    for name, table in summarise(run, dict.fromkeys(FIRMS, (1.0, 4.0))).items():
        write_table(folder, name, table)
    return folder


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_show_prints_rankings_losses_rents_and_the_disclaimer(place: Path) -> None:
    keep(place / "small-1")
    shown = typed("show", "small")

    assert shown.exit_code == 0
    for words in (
        "Which layer breaks first", "Which firm breaks first", "Cloud A", "2026-05", "missed a payment",
        "Who loses", "all holders", "2.2", "━", "25 % of the sums behind the ranking of layers",
        str(place / "small-1"), "Scenario analysis, not a forecast and not investment advice.",
    ):  # fmt: skip
        assert words in shown.stdout, words


def test_no_probability_is_printed_without_its_range(place: Path) -> None:
    keep(place / "small-1")
    shown = typed("show", "small").stdout
    headings, *rows = shown[shown.index("Which firm breaks first") :].splitlines()[1:]

    assert headings.split()[:5] == ["name", "first", "range", "breaks", "range"]
    assert rows[1].startswith("Lab A")
    assert rows[1].split("  ")[-1].strip() == "25 %"
    shares = [cell.strip() for cell in rows[1].removeprefix("Lab A").split("  ") if cell.strip()]
    assert shares[:4] == ["15 %", "11–19 %", "15 %", "11–19 %"]


def test_show_as_json_is_one_object_with_every_figure(place: Path) -> None:
    keep(place / "small-1")
    found = json.loads(typed("show", "small", "--json").stdout)

    assert set(found) >= RUN_KEYS
    assert all(set(row) >= LAYER_KEYS for row in found["layers"] + found["entities"])
    assert sum(row["p_first"] for row in found["layers"]) == pytest.approx(1.0)
    assert sum(row["p_first"] for row in found["entities"]) == pytest.approx(1.0)
    assert found["layers"][-1] == found["layers"][-1] | {"name": "none", "p_break": None, "trigger": None}


def test_a_layer_that_one_firm_would_break_is_told_below_the_tables(place: Path) -> None:
    keep(place / "small-1")

    assert "One firm alone is enough in the layer lab" in typed("show", "small").stdout


def test_failed_paths_are_counted_and_shown(place: Path) -> None:
    keep(place / "small-1", failed=[199])

    assert "1 of 200 paths failed" in typed("show", "small").stdout


def test_layers_cross_measures_of_their_own_and_the_answer_says_how_often_and_when(place: Path) -> None:
    keep(place / "own", [{"lab_a": 4}, {}], crossed=[{"vendor": 7}, {}])
    done = typed("show", str(place / "own"))

    (line,) = [line for line in done.stdout.splitlines() if line.startswith("vendors: a year's sales")]
    assert "2026-09" in line
    rows = json.loads(typed("show", str(place / "own"), "--json").stdout)["yardsticks"]
    assert {row["layer"]: row["p_crossed"] for row in rows} == {"application": 0.0, "lender": 0.0, "vendor": 0.5}


def test_an_answer_that_changes_when_cohorts_are_split_says_which_tenth_leads(place: Path) -> None:
    keep(place / "split", [{"cloud_a": 6}] * 2, tenths={path: [3, *[0] * 9] for path in range(2)})
    done = typed("show", str(place / "split"))

    assert "Not robust" in done.stdout
    assert "cohorts split in ten: the first tenth to break of Small Clouds is first" in done.stdout


def test_a_run_of_an_earlier_format_shows_what_it_kept(place: Path) -> None:
    folder = keep(place / "old", [{"cloud_a": 6}] * 2)
    record = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(record | {"format": 2}))
    (folder / "summary_yardsticks.parquet").unlink()
    gate = pl.read_parquet(folder / "summary_robustness.parquet").filter(~pl.col("split")).drop("split")
    gate.write_parquet(folder / "summary_robustness.parquet")
    done = typed("show", str(folder))

    assert done.exit_code == 0, done.stderr
    assert "Robust" in done.stdout
    assert "measures of their own" not in done.stdout


def test_an_unknown_run_is_refused_with_what_to_type_next(place: Path) -> None:
    shown = typed("show", "nothing")

    assert shown.exit_code == 2
    assert "there is no run 'nothing'" in shown.stderr
    assert "deflator run" in shown.stderr
    assert shown.stdout == ""


def test_faults_as_json_name_every_part(place: Path) -> None:
    shown = typed("show", "nothing", "--json")

    assert shown.exit_code == 2
    (fault,) = json.loads(shown.stdout)["faults"]
    assert set(fault) == {"file", "row", "column", "message", "hint"}


def test_a_damaged_table_is_a_fault_and_no_traceback(place: Path) -> None:
    (keep(place / "small-1") / "summary_layers.parquet").write_bytes(b"not parquet")
    shown = typed("show", "small")

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "summary_layers.parquet: cannot be read" in shown.stderr


def test_runs_are_listed_and_removed(place: Path) -> None:
    assert "No runs are kept" in typed("runs").stdout
    keep(place / "small-1")
    (place / "small-2.unfinished").mkdir()

    listed = typed("runs").stdout
    assert "small-1" in listed
    assert "unfinished" in listed
    assert [run["folder"] for run in json.loads(typed("runs", "--json").stdout)["runs"]] == [
        str(place / "small-1"),
        str(place / "small-2.unfinished"),
    ]
    assert json.loads(typed("runs", "rm", "small-1", "small-2.unfinished", "--json").stdout) == {
        "removed": ["small-1", "small-2.unfinished"]
    }
    assert "No runs are kept" in typed("runs").stdout


def test_removing_a_run_that_is_not_there_is_refused(place: Path) -> None:
    assert typed("runs", "rm", "small-1").exit_code == 2


def test_the_version_is_that_of_the_package() -> None:
    import deflator

    assert typed("--version").stdout == f"deflator {deflator.__version__}\n"
