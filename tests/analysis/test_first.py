from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.first import FirstBreaks, first_breaks
from deflator.analysis.result import Result
from deflator.analysis.summary import summarise
from deflator.ensemble import write_table
from small_runs import small_run

#: Two labs break together on two paths, one alone later on one, nothing on the last.
HARD = ({"lab_a": 5, "lab_b": 5}, {"lab_a": 5, "lab_b": 5}, {"lab_b": 9, "small_clouds": 3}, {})


def told(folder: Path, hard=HARD, fewest: int = 1, **given) -> FirstBreaks:
    run = small_run(folder, hard, **given)
    for name, table in summarise(run, dict.fromkeys(run.entities()["entity"], (1.0, 2.0))).items():
        write_table(folder, name, table)
    return first_breaks(Result(run), fewest)


def test_breaks_in_one_month_share_the_credit_and_shares_sum_to_one(tmp_path: Path) -> None:
    found = told(tmp_path)
    firms = {one.name: one for one in found.of("firm")}

    assert (firms["lab_a"].p_first, firms["lab_b"].p_first, firms["none"].p_first) == (0.25, 0.5, 0.25)
    for kind in ("layer", "firm", "cohort"):
        assert sum(one.p_first for one in found.of(kind)) == pytest.approx(1.0)
    ranked = [one.name for one in found.of("firm")]
    assert (ranked[0], ranked[-1]) == ("lab_b", "none")


def test_months_and_triggers_are_those_of_first_breaks_weighted_with_their_credit(tmp_path: Path) -> None:
    firms = {one.name: one for one in told(tmp_path).of("firm")}

    assert firms["lab_b"].months == (5, 5, 9)
    assert firms["lab_b"].triggers == {"payment": 1.0}
    assert (firms["cloud_a"].months, firms["cloud_a"].triggers) == (None, {})


def test_a_layer_breaks_when_two_obligors_have(tmp_path: Path) -> None:
    layers = {one.name: one for one in told(tmp_path).of("layer")}

    assert layers["lab"].p_break == 0.5
    assert layers["lab"].months == (5, 5, 5)


def test_survival_falls_by_the_share_that_breaks_in_a_month(tmp_path: Path) -> None:
    curves = {one.name: one for one in told(tmp_path).survival}

    assert curves["lab_b"].share[[4, 5, 8, 9, 24]].tolist() == pytest.approx([1.0, 0.5, 0.5, 0.25, 0.25])
    assert (curves["lab_b"].breaks, curves["lab_b"].paths) == (3, 4)
    assert (curves["cloud_a"].share == 1.0).all()


def test_of_two_that_break_together_each_is_earlier_by_half(tmp_path: Path) -> None:
    order = told(tmp_path).order["firm"]
    a, b = order.names.index("lab_a"), order.names.index("lab_b")

    assert order.paths[a, b] == 3
    assert order.earlier[a, b] == pytest.approx(1 / 3)
    assert order.earlier[b, a] == pytest.approx(2 / 3)
    assert np.isnan(order.earlier[a, a])
    assert "cloud_a" not in order.names


def test_pairs_that_break_too_seldom_are_not_put_into_an_order(tmp_path: Path) -> None:
    assert np.isnan(told(tmp_path, fewest=4).order["firm"].earlier).all()
    assert told(tmp_path / "again", fewest=4).order_frame().is_empty()


def test_failed_paths_are_counted_nowhere(tmp_path: Path) -> None:
    found = told(tmp_path, failed=(3,))

    assert found.paths == 3
    assert {one.name: one.p_first for one in found.of("firm")}["none"] == 0.0


def test_random_orders_agree_with_counting_path_by_path(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    firms = ("lab_a", "lab_b", "cloud_a", "cloud_b")
    months = random.integers(0, 5, (60, len(firms)))
    found = told(tmp_path, [{f: int(m) for f, m in zip(firms, row, strict=True) if m} for row in months], draws=6)
    order = found.order["firm"]

    for a, first in enumerate(firms):
        for b, second in enumerate(firms):
            if a == b:
                continue
            one, other = (np.where(months[:, at] == 0, 99, months[:, at]) for at in (a, b))
            either = np.minimum(one, other) < 99
            counted = np.where(one < other, 1.0, np.where(one == other, 0.5, 0.0))[either]
            place = order.names.index(first), order.names.index(second)
            assert order.earlier[place] == pytest.approx(counted.mean())
            assert order.paths[place] == either.sum()


def test_the_frames_hold_the_same_figures(tmp_path: Path) -> None:
    found = told(tmp_path)

    assert found.to_frame().height == len(found.first)
    assert found.to_frame().filter(name="lab_b")["month_q75"].to_list() == [9]
    assert found.survival_frame().filter(name="lab_b", month=9)["survival"].to_list() == [0.25]
    assert found.order_frame().filter(name="lab_a", other="lab_b")["paths"].to_list() == [3]
