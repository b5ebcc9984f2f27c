from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.compare import Comparison, compare
from deflator.analysis.inputs import InputChange, book_changes, scenario_changes
from deflator.book import load_book
from deflator.ensemble import Run, write_manifest
from deflator.errors import RunError
from deflator.scenario import load_scenario
from small_runs import small_run


def kept(folder: Path, *given, **changes) -> Run:
    """Return a run counted by hand, whose record says what a record says of every run."""
    losses = changes.pop("losses", None)
    draws, failed = changes.pop("draws", 1), changes.pop("failed", ())
    run = small_run(folder, *given, losses=losses, draws=draws, failed=failed)
    same = {"name": "same", "fingerprint": "0"}
    record = replace(run.manifest, **({"book": same, "scenario": same} | changes))
    write_manifest(folder, record)
    return Run.open(folder)


BEFORE = ({"lab_a": 5}, {"lab_a": 7}, {}, {})
AFTER = ({"lab_a": 5}, {}, {"lab_b": 3}, {"lab_b": 4, "lab_a": 4})


@pytest.fixture
def compared(tmp_path: Path) -> Comparison:
    first = kept(tmp_path / "a", BEFORE, losses={0: {"lab_b": 10.0}})
    second = kept(tmp_path / "b", AFTER, losses={0: {"lab_b": 14.0}, 3: {"cloud_a": 8.0}})
    return compare(first, second)


def difference(compared: Comparison, measure: str, name: str, group: str | None = None):
    return next(
        one for one in compared.differences
        if (one.measure, one.name) == (measure, name) and one.group == (group or one.group)
    )  # fmt: skip


def test_changes_are_the_second_run_less_the_first(compared: Comparison) -> None:
    lab_a, lab_b = (difference(compared, "breaks", name) for name in ("lab_a", "lab_b"))

    assert (lab_a.first.value, lab_a.second.value, lab_a.change.value) == (0.5, 0.5, 0.0)
    assert (lab_b.first.value, lab_b.second.value, lab_b.change.value) == (0.0, 0.5, 0.5)
    assert difference(compared, "first", "lab_b").change.value == pytest.approx(0.375)
    assert difference(compared, "first", "none", "firm").change.value == pytest.approx(-0.25)


def test_losses_are_compared_by_holder_and_in_sum(compared: Comparison) -> None:
    assert difference(compared, "loss", "all").change.value == pytest.approx((14 + 8 - 10) / 4)
    assert difference(compared, "loss", "lab_b").change.value == pytest.approx(1.0)
    assert difference(compared, "loss", "cloud_a").first.value == 0.0
    assert {one.name for one in compared.differences if one.measure == "loss"} == {"all", "lab_b", "cloud_a"}


def test_layers_are_compared_by_their_own_breaks(compared: Comparison) -> None:
    assert difference(compared, "breaks", "lab").change.value == pytest.approx(0.25)


def test_the_error_of_a_pair_is_that_of_its_differences(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    base = random.random(400) < 0.5
    moved = base ^ (random.random(400) < 0.1)
    runs = [
        kept(tmp_path / name, [{"lab_a": 5} if broke else {} for broke in months])
        for name, months in (("a", base), ("b", moved))
    ]
    change = difference(compare(*runs), "breaks", "lab_a").change
    steps = moved.astype(float) - base

    assert change.value == pytest.approx(steps.mean())
    assert change.mc_error == pytest.approx(steps.std(ddof=1) / 20.0, rel=0.05)
    assert change.mc_error < 0.6 * np.sqrt(base.var() / 400 + moved.var() / 400)


def test_runs_of_other_draws_are_compared_with_the_wider_error_and_no_range(tmp_path: Path) -> None:
    months = [{"lab_a": 5} if path % 2 else {} for path in range(100)]
    first = kept(tmp_path / "a", months, draws=10)
    same = compare(first, kept(tmp_path / "b", months, draws=10))
    other = compare(first, kept(tmp_path / "c", months, draws=10, seed=2))

    assert same.unpaired == ()
    assert other.unpaired == ("seed",)
    alone = difference(other, "breaks", "lab_a")
    assert alone.change.mc_error == pytest.approx(np.hypot(alone.first.mc_error, alone.second.mc_error))
    assert alone.change.mc_error > 2.0 * difference(same, "breaks", "lab_a").change.mc_error
    assert (alone.change.low, alone.change.high) == (None, None)
    assert difference(same, "breaks", "lab_a").change.low is not None


def test_what_never_differed_is_not_certain(compared: Comparison) -> None:
    never = difference(compared, "breaks", "cloud_b").change

    assert never.value == 0.0
    assert never.mc_error > 0.2


def test_a_path_that_failed_in_one_run_counts_in_neither(tmp_path: Path) -> None:
    compared = compare(kept(tmp_path / "a", BEFORE, failed=(1,)), kept(tmp_path / "b", AFTER, failed=(2,)))

    assert compared.paths == 2
    assert difference(compared, "breaks", "lab_a").change.value == pytest.approx(0.5)


def test_levels_and_changes_stand_in_frames_of_their_own(compared: Comparison) -> None:
    changes, levels = compared.to_frame(), compared.levels_frame()

    assert "level" not in changes.columns
    assert "change" not in levels.columns
    assert levels.height == 2 * changes.height
    assert set(changes["unit"]) == {"share", "musd"}


def test_runs_of_other_months_or_the_same_run_are_refused(tmp_path: Path) -> None:
    first = kept(tmp_path / "a", BEFORE)
    with pytest.raises(RunError, match="compared with itself"):
        compare(first, Run.open(tmp_path / "a"))
    with pytest.raises(RunError) as error:
        compare(first, kept(tmp_path / "b", BEFORE, months=12, as_of="2026-03"))
    assert len(error.value.faults) == 2


def test_settings_and_versions_that_differ_are_named(tmp_path: Path) -> None:
    first = kept(tmp_path / "a", BEFORE, versions={"deflator": "1", "numpy": "2"})
    second = kept(tmp_path / "b", BEFORE, versions={"deflator": "2", "numpy": "2"}, seed=9)

    assert compare(first, second).inputs == (
        InputChange("settings", "", "seed", "1", "9"),
        InputChange("versions", "", "deflator", "1", "2"),
    )


def test_scenarios_that_were_not_kept_and_books_that_are_not_at_hand_are_told(tmp_path: Path) -> None:
    other = {"name": "other", "fingerprint": "1"}
    compared = compare(kept(tmp_path / "a", BEFORE), kept(tmp_path / "b", BEFORE, scenario=other, book=other))

    assert compared.unseen == ("scenario", "book")


def test_every_kind_of_change_of_a_scenario_is_told_by_field() -> None:
    changed = load_scenario("base", [
        "monetisation.lab.scale={2026-07: 0.2, +3: 0.5}", "channels.rent=off", "parameters.order_lag_months=6",
        "figures.contracts.c1.end=2026-12", "covenants.counterfactual=on",
    ])  # fmt: skip
    found = {(one.section, one.item, one.field): (one.first, one.second)
             for one in scenario_changes(load_scenario("base"), changed)}  # fmt: skip

    assert found["drivers", "monetisation.lab", "scale"] == (None, "+3: 0.5, 2026-07: 0.2")
    assert found["channels", "", "rent"] == ("on", "off")
    assert found["parameters", "order_lag_months", "value"] == (None, "6")
    assert found["figures", "contracts.c1", "end"] == (None, "2026-12")
    assert found["covenants", "", "counterfactual"] == ("off", "on")
    assert scenario_changes(changed, changed) == []


def test_figures_rows_and_headings_of_a_book_are_told_apart() -> None:
    book = load_book("tests/books/tiny")
    entities = book.tables["entities"]
    rows = [dict(row) for row in entities.rows]
    rows[entities.index["neo_one"]]["cash_musd"] = 75.0
    del rows[entities.index["bank_one"]]
    keys = tuple(key for key in entities.keys if key != "bank_one")
    table = replace(entities, rows=tuple(rows), keys=keys)
    other = replace(book, title="Another", tables={**book.tables, "entities": table})
    found = {(one.item, one.field): (one.first, one.second) for one in book_changes(book, other)}

    assert found["entities.neo_one", "cash_musd"] == ("90", "75")
    assert found["book", "title"] == (book.title, "Another")
    before, after = found["entities.bank_one", ""]
    assert after is None
    assert before is not None
    assert "cash_musd=500" in before
    assert len(found) == 3
    assert book_changes(book, book) == []
