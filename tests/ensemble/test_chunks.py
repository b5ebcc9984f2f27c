from pathlib import Path

import polars as pl
import pytest
from made_paths import ENTITIES, MONTHS, made_paths

from deflator.engine import Paths
from deflator.ensemble.chunks import Job, Simulate
from deflator.ensemble.gathering import Expected, ImbalanceError, Outcome, Told, run_chunks
from deflator.ensemble.workers import Threads
from deflator.errors import RunError

DRAWS = 10


def run_into(
    folder: Path, simulate: Simulate, paths: int = 300, chunk: int = 64, threads: int = 2, told: Told | None = None
) -> Outcome:
    folder.mkdir(exist_ok=True)
    return run_chunks(Job(simulate, ENTITIES, paths, DRAWS, chunk), folder, folder / "chunks", Threads(threads), told)


@pytest.mark.parametrize(("chunk", "threads"), [(1, 3), (7, 1), (64, 4), (300, 2), (1024, 1)])
def test_results_are_the_same_bits_for_any_chunk_and_any_number_of_threads(
    tmp_path: Path, chunk: int, threads: int
) -> None:
    reference = run_into(tmp_path / "reference", made_paths(), chunk=100, threads=1)
    other = run_into(tmp_path / "other", made_paths(), chunk=chunk, threads=threads)

    assert reference == other
    for table in ("paths", "breaks", "losses", "series_quantiles"):
        expected = pl.read_parquet(tmp_path / "reference" / f"{table}.parquet")
        assert expected.equals(pl.read_parquet(tmp_path / "other" / f"{table}.parquet"))


def test_a_change_in_any_path_changes_the_checksum(tmp_path: Path) -> None:
    def one_path_differs(first: int, count: int) -> object:
        outcome = made_paths()(first, count)
        if first <= 123 < first + count:
            outcome.rent[5, 123 - first] += 1e-12
        return outcome

    same = run_into(tmp_path / "same", made_paths())
    changed = run_into(tmp_path / "changed", one_path_differs)  # type: ignore[arg-type]

    assert same.checksum != changed.checksum


def test_tables_hold_what_happened_and_nothing_else(tmp_path: Path) -> None:
    run_into(tmp_path / "run", made_paths())
    outcome = made_paths()(0, 300)

    breaks = pl.read_parquet(tmp_path / "run" / "breaks.parquet")

    assert breaks["month"].count() == (outcome.break_month > 0).sum()
    assert breaks["soft_month"].count() == (outcome.soft_month > 0).sum()
    row = breaks.filter(pl.col("month").is_not_null()).row(0, named=True)
    entity = ENTITIES.index(row["entity"])
    assert row["month"] == outcome.break_month[entity, row["path"]]
    assert (row["trigger"], row["cause_1"], row["cause_3"]) == ("payment", "interest", None)
    losses = pl.read_parquet(tmp_path / "run" / "losses.parquet")
    assert losses["loss_musd"].sum() == pytest.approx(outcome.loss_musd.sum())


def test_tenths_of_cohorts_and_yardsticks_of_layers_are_kept_by_month(tmp_path: Path) -> None:
    run_into(tmp_path / "run", made_paths(failed=frozenset({3})))
    outcome = made_paths()(0, 300)
    breaks, paths = (pl.read_parquet(tmp_path / "run" / f"{name}.parquet") for name in ("breaks", "paths"))
    split = breaks.filter(pl.col("tenth_months").is_not_null())

    assert set(split["entity"]) == {"cloud_b"}
    for row in split.iter_rows(named=True):
        assert row["tenth_months"] == outcome.tenth_month[ENTITIES.index("cloud_b"), :, row["path"]].tolist()
    for row, layer in enumerate(("application", "lender", "vendor")):
        months = outcome.yardstick_month[row].tolist()
        assert paths[f"yardstick_{layer}"].to_list() == [
            month or None if path != 3 else None for path, month in enumerate(months)
        ]


def test_draws_go_round_over_paths(tmp_path: Path) -> None:
    run_into(tmp_path / "run", made_paths())

    paths = pl.read_parquet(tmp_path / "run" / "paths.parquet")

    assert (paths["draw"] == paths["path"] % DRAWS).all()
    assert paths.height == 300


def test_a_failed_path_is_a_row_of_its_own_and_in_no_figure(tmp_path: Path) -> None:
    measured = run_into(tmp_path / "run", made_paths(failed=frozenset({3, 250})))

    paths = pl.read_parquet(tmp_path / "run" / "paths.parquet")
    breaks = pl.read_parquet(tmp_path / "run" / "breaks.parquet")

    assert measured.paths_failed == 2
    assert paths.filter(pl.col("status") == "not_finite")["path"].to_list() == [3, 250]
    assert not set(breaks["path"]) & {3, 250}


def test_a_failed_path_does_not_break_the_ledger_of_the_run(tmp_path: Path) -> None:
    simulate = made_paths(failed=frozenset({9}), imbalance={9: float("nan")})

    assert run_into(tmp_path / "run", simulate).residuals["ledger"] == 1e-15


@pytest.mark.parametrize("residual", [2e-9, float("nan"), float("inf")])
def test_a_run_whose_ledger_does_not_add_up_fails_and_names_the_path(tmp_path: Path, residual: float) -> None:
    with pytest.raises(ImbalanceError, match=r"ledger_residual.*path 217") as caught:
        run_into(tmp_path / "run", made_paths(imbalance={217: residual}))

    assert len(caught.value.faults) == 1


def test_a_run_on_which_every_path_fails_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="all 20 paths failed"):
        run_into(tmp_path / "run", made_paths(failed=frozenset(range(20))), paths=20)


def test_progress_reaches_the_number_of_paths(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run_into(tmp_path / "run", made_paths(), told=Told(lambda done, total: told.append((done, total))))

    assert told == [(64, 300), (128, 300), (192, 300), (256, 300), (300, 300)]


def test_series_have_a_row_for_every_month_and_ordered_quantiles(tmp_path: Path) -> None:
    run_into(tmp_path / "run", made_paths())

    rents = pl.read_parquet(tmp_path / "run" / "series_quantiles.parquet").filter(pl.col("series") == "rent")

    assert rents["month"].to_list() == list(range(MONTHS + 1))
    for lower, upper in (("q05", "q25"), ("q25", "q50"), ("q50", "q75"), ("q75", "q95")):
        assert (rents[lower] <= rents[upper]).all()


def breaks_down_at(*paths: int) -> Simulate:
    def simulate(first: int, count: int) -> Paths:
        if any(first <= path < first + count for path in paths):
            raise ZeroDivisionError("no revenue\nat all")
        return made_paths()(first, count)

    return simulate


def test_a_chunk_that_raises_is_a_row_of_failures_and_the_other_paths_count(tmp_path: Path) -> None:
    whole = run_into(tmp_path / "whole", made_paths())
    measured = run_into(tmp_path / "run", breaks_down_at(70, 299))

    failures = pl.read_parquet(tmp_path / "run" / "failures.parquet")
    assert failures.rows() == [
        (64, 64, "ZeroDivisionError: no revenue at all"),
        (256, 44, "ZeroDivisionError: no revenue at all"),
    ]
    assert (measured.paths, measured.paths_failed) == (300, 108)
    assert measured.checksum != whole.checksum
    for table in ("paths", "breaks", "losses"):
        every = pl.read_parquet(tmp_path / "whole" / f"{table}.parquet")
        lost = pl.col("path").is_between(64, 127) | pl.col("path").is_between(256, 299)
        assert pl.read_parquet(tmp_path / "run" / f"{table}.parquet").equals(every.filter(~lost))


def test_a_run_of_which_every_chunk_raises_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"all 300 paths failed.*ZeroDivisionError: no revenue at all"):
        run_into(tmp_path / "run", breaks_down_at(*range(300)))


def test_finished_chunks_are_not_simulated_again(tmp_path: Path) -> None:
    whole = run_into(tmp_path / "whole", made_paths())
    run_into(tmp_path / "run", breaks_down_at(130))
    asked: list[int] = []

    def simulate(first: int, count: int) -> Paths:
        asked.append(first)
        return made_paths()(first, count)

    again = run_into(tmp_path / "run", simulate)

    assert again == whole
    assert set(asked) - {0} == {128}


@pytest.mark.parametrize("damage", ["shorter", "another bit", "empty"])
def test_a_damaged_chunk_is_found_and_simulated_again(tmp_path: Path, damage: str) -> None:
    whole = run_into(tmp_path / "run", made_paths())
    file = tmp_path / "run" / "chunks" / f"{128:012d}.chunk"
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes({"shorter": data[:1000], "another bit": data, "empty": b""}[damage])
    (tmp_path / "run" / "chunks" / "000000000256.writing").write_bytes(b"half")

    assert run_into(tmp_path / "run", made_paths()) == whole
    assert file.stat().st_size > 1000
    assert not list((tmp_path / "run" / "chunks").glob("*.writing"))


def test_what_a_run_will_take_is_told_once_from_its_first_chunk(tmp_path: Path) -> None:
    told: list[Expected] = []
    run_into(tmp_path / "run", made_paths(), told=Told(expected=told.append))

    (expected,) = told
    kept = sum((tmp_path / "run" / f"{table}.parquet").stat().st_size for table in ("paths", "breaks", "losses"))
    assert (expected.paths, expected.threads) == (300, 2)
    assert expected.seconds > 0
    assert 0.3 * kept < expected.kept_bytes < 3 * kept
    assert expected.most_bytes > expected.kept_bytes
