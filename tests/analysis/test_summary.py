from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deflator.analysis.breaks import NONE
from deflator.analysis.losses import GRID
from deflator.analysis.summary import ENTITIES, LAYERS, LOSSES, ROBUSTNESS, YARDSTICKS, summarise
from deflator.ensemble import Run
from small_runs import FIRMS, small_run

EVIDENCE = dict.fromkeys(FIRMS, (1.0, 4.0))
QUIET: dict[str, int] = {}


def row(table: pl.DataFrame, name: str) -> dict:
    (found,) = table.filter(pl.col("name") == name).to_dicts()
    return found


def firms(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("kind") == "firm")


def test_firms_share_the_credit_of_being_first_and_cohorts_rank_apart(tmp_path: Path) -> None:
    hard = [{"lab_a": 3, "cloud_a": 3, "small_clouds": 1}, {"cloud_a": 5, "lab_a": 9}, QUIET, QUIET]
    table = summarise(small_run(tmp_path, hard), EVIDENCE)[ENTITIES]

    assert row(firms(table), "lab_a")["p_first"] == 0.125
    assert row(firms(table), "cloud_a")["p_first"] == 0.375
    assert row(firms(table), NONE)["p_first"] == 0.5
    assert row(table.filter(pl.col("kind") == "cohort"), "small_clouds")["p_first"] == 0.25
    assert firms(table)["p_first"].sum() == 1.0


def test_world_accounts_are_in_no_ranking(tmp_path: Path) -> None:
    tables = summarise(small_run(tmp_path, [QUIET]), EVIDENCE)

    assert "rest_of_world" not in tables[ENTITIES]["name"]
    assert "world" not in tables[LAYERS]["name"]


def test_a_layer_breaks_with_two_obligors_and_its_one_obligor_version_stands_beside(tmp_path: Path) -> None:
    hard = [{"cloud_a": 4}, {"cloud_a": 4, "cloud_b": 6}, {"lab_a": 2}, {"lab_a": 2, "lab_b": 8}]
    table = summarise(small_run(tmp_path, hard), EVIDENCE)[LAYERS]

    clouds, labs = row(table, "neocloud"), row(table, "lab")

    assert (clouds["p_break"], clouds["p_one_obligor"], clouds["median_month"]) == (0.25, 0.5, 6)
    assert (labs["p_break"], labs["p_one_obligor"], labs["median_month"]) == (0.25, 0.5, 8)
    assert table["p_first"].to_list() == [0.25, 0.25, 0.5]


def test_when_and_why_are_told(tmp_path: Path) -> None:
    hard = [{"lab_a": 3}, {"lab_a": 8}, {"lab_a": 20}, QUIET]
    lab = row(summarise(small_run(tmp_path, hard), EVIDENCE)[ENTITIES], "lab_a")

    assert (lab["median_month"], lab["trigger"], lab["cause"]) == (8, "payment", "interest")


def test_an_outcome_that_never_happens_has_no_month_and_no_reason(tmp_path: Path) -> None:
    lab = row(summarise(small_run(tmp_path, [QUIET, QUIET]), EVIDENCE)[ENTITIES], "lab_a")

    assert (lab["p_break"], lab["median_month"], lab["trigger"], lab["cause"]) == (0.0, None, None, None)


def test_soft_breaks_stand_beside_the_headline_and_not_in_it(tmp_path: Path) -> None:
    run = small_run(tmp_path, [{"lab_a": 9}, QUIET], soft={0: {"lab_a": 2}, 1: {"lab_a": 5}})
    lab = row(summarise(run, EVIDENCE)[ENTITIES], "lab_a")

    assert (lab["p_break"], lab["p_with_soft"], lab["median_month"]) == (0.5, 1.0, 9)


def test_failed_paths_are_in_no_share(tmp_path: Path) -> None:
    run = small_run(tmp_path, [{"lab_a": 9}, QUIET, QUIET], failed=[2])

    assert row(summarise(run, EVIDENCE)[ENTITIES], "lab_a")["p_break"] == 0.5


def test_the_range_is_over_draws_and_each_draw_has_every_nth_path(tmp_path: Path) -> None:
    hard = [{"lab_a": 9} if path % 2 else QUIET for path in range(200)]
    lab = row(summarise(small_run(tmp_path, hard, draws=2), EVIDENCE)[ENTITIES], "lab_a")

    assert (lab["p_break"], lab["mc_error"]) == (0.5, 0.5)
    assert lab["low"] < 0.06
    assert lab["high"] > 0.94


def test_losses_are_told_over_all_paths_with_zeros_where_there_is_none(tmp_path: Path) -> None:
    run = small_run(tmp_path, [QUIET] * 4, losses={0: {"lab_a": 8.0, "cloud_a": 1.0}, 2: {"cloud_a": 3.0}})
    table = summarise(run, EVIDENCE)[LOSSES]

    assert table["holder"].to_list() == ["all", "lab_a", "cloud_a"]
    assert table["mean_musd"].to_list() == [3.0, 2.0, 1.0]
    assert table["q50"].to_list() == [0.0, 0.0, 0.0]
    assert table["q95"].to_list() == pytest.approx([9.0, 8.0, 3.0], rel=GRID.error)


def test_a_quantile_of_losses_is_off_by_at_most_the_error_that_is_published(tmp_path: Path) -> None:
    lost = {path: {"lab_a": float(musd)} for path, musd in enumerate(np.random.default_rng(1).lognormal(3.0, 2.0, 70))}
    table = summarise(small_run(tmp_path, [QUIET] * 100, losses=lost), EVIDENCE)[LOSSES]
    exact = np.quantile([row["lab_a"] for row in lost.values()] + [0.0] * 30, [0.05, 0.5, 0.95], method="inverted_cdf")

    found = table.filter(pl.col("holder") == "lab_a").select("q05", "q50", "q95").row(0)

    assert GRID.error < 0.00081
    assert found == pytest.approx(exact, rel=GRID.error * 1.001)


def test_a_run_without_losses_says_so_in_one_row(tmp_path: Path) -> None:
    table = summarise(small_run(tmp_path, [QUIET]), EVIDENCE)[LOSSES]

    assert table.rows() == [("all", None, 0.0, 0.0, 0.0, 0.0)]


def test_an_answer_that_changes_when_soft_breaks_count_is_not_robust(tmp_path: Path) -> None:
    run = small_run(
        tmp_path,
        [{"cloud_a": 9, "cloud_b": 9}] * 4,
        soft={path: {"lab_a": 1, "lab_b": 1} for path in range(3)},
    )
    table = summarise(run, EVIDENCE)[ROBUSTNESS].filter(pl.col("kind") == "layer", ~pl.col("split"))

    assert table.filter(~pl.col("soft"))["leader"].to_list() == ["neocloud"] * 4
    assert table.filter(pl.col("soft"))["leader"].to_list() == ["lab"] * 3
    assert table["agrees"].to_list() == [True] * 4 + [False] * 3


def test_the_threshold_of_each_draw_decides_the_headline(tmp_path: Path) -> None:
    hard = [{"cloud_b": 3, "small_clouds": 4}]
    headline = row(summarise(small_run(tmp_path / "40", hard, share=0.40), EVIDENCE)[LAYERS], "neocloud")
    lower = row(summarise(small_run(tmp_path / "45", hard, share=0.41), EVIDENCE)[LAYERS], "neocloud")

    assert (headline["p_break"], lower["p_break"]) == (1.0, 0.0)


def test_share_of_figures_that_nobody_reported_is_by_size(tmp_path: Path) -> None:
    evidence = EVIDENCE | {"cloud_a": (0.0, 92.0)}
    tables = summarise(small_run(tmp_path, [QUIET]), evidence)

    assert row(tables[ENTITIES], "lab_a")["share_assumed"] == 0.25
    assert row(tables[LAYERS], "neocloud")["share_assumed"] == pytest.approx(0.02)


def robustness(run: Run, kind: str, split: bool) -> pl.DataFrame:
    return summarise(run, EVIDENCE)[ROBUSTNESS].filter(kind=kind, split=split, soft=False)


def test_a_tenth_of_a_cohort_ranks_with_named_firms_where_cohorts_are_split(tmp_path: Path) -> None:
    run = small_run(tmp_path, [{"cloud_a": 6}] * 4, tenths={path: [3, 6, *[0] * 8] for path in range(3)})

    assert robustness(run, "firm", split=False)["leader"].to_list() == ["cloud_a"]
    (split,) = robustness(run, "firm", split=True).to_dicts()
    assert (split["leader"], split["p_first"], split["agrees"]) == ("small_clouds:1", 0.75, False)


def test_tenths_that_break_in_one_month_share_the_credit_among_firms(tmp_path: Path) -> None:
    run = small_run(tmp_path, [{"lab_a": 4}], tenths={0: [4, 4, 4, *[9] * 7]})

    assert robustness(run, "firm", split=True)["p_first"].to_list() == [0.25]


def test_two_tenths_are_two_obligors_with_a_tenth_of_the_exposure_each(tmp_path: Path) -> None:
    # 30 of 100 of the firm and ten times 1 of the cohort: 15 % needs the firm and one tenth, 40 % needs all ten.
    hard = [{"cloud_b": 3, "small_clouds": 8}, {"cloud_b": 3}]
    run = small_run(tmp_path, hard, tenths={0: [5, 6, 7, 7, 7, 8, 8, 8, 8, 8], 1: [5, *[0] * 9]})
    whole, split = (robustness(run, "layer", split=split).drop_nulls("threshold") for split in (False, True))

    assert whole["threshold"].to_list() == split["threshold"].to_list() == [0.15, 0.25, 0.40]
    assert [shares if leader == "neocloud" else 0.0 for leader, shares in whole["leader", "p_first"].rows()] == [
        0.5
    ] * 3
    assert split["p_first"].to_list() == [1.0, 1.0, 0.5]


def test_a_soft_break_of_a_cohort_strikes_each_tenth_that_has_not_broken(tmp_path: Path) -> None:
    run = small_run(tmp_path, [{"lab_a": 5}], soft={0: {"small_clouds": 5}}, tenths={0: [5, *[0] * 9]})
    rows = summarise(run, EVIDENCE)[ROBUSTNESS].filter(kind="firm", split=True).sort("soft").to_dicts()

    assert [row["p_first"] for row in rows] == pytest.approx([1 / 2, 1 / 11])


def test_layers_cross_measures_of_their_own_beside_breaking(tmp_path: Path) -> None:
    run = small_run(tmp_path, [QUIET] * 4, crossed=[{"vendor": 7}, {"vendor": 3}, {"vendor": 9, "lender": 2}, QUIET])
    table = summarise(run, EVIDENCE)[YARDSTICKS]

    assert table.select("layer", "p_crossed", "median_month").rows() == [
        ("application", 0.0, None), ("lender", 0.25, 2), ("vendor", 0.75, 7)
    ]  # fmt: skip
    assert (table["mc_error"] > 0).all()
