"""The suite moves what it says it moves, and tells a flip from chance."""

from pathlib import Path

import pytest

from deflator.analysis import run
from deflator.analysis.probability import Probability
from deflator.analysis.replay import prepare
from deflator.analysis.validation import Effort, Headline, Stability, measure, stability
from deflator.analysis.validation.page import rows, validation_page
from deflator.analysis.validation.suite import Validation, score_past
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.scenario import load_scenario

FEW = Effort(paths=64, draws=8, parameters=2, figures=0, seeds=2, doublings=1, channels=False)


def asked(**changes: int) -> Question:
    return Question(load_book("fibre-2001"), load_scenario("base"), **({"paths": 64, "draws": 8} | changes))


@pytest.fixture(scope="module")
def found() -> Stability:
    return stability(asked(), [], FEW)


def odds(value: float, error: float) -> Probability:
    return Probability(value, None, None, error)


def test_the_headline_is_that_of_a_run_of_the_same_question(tmp_path: Path) -> None:
    ours = measure(prepare(asked()))
    kept = run("fibre-2001", "base", paths=64, ignorance=8, out=tmp_path / "run")
    firms = {row["name"]: row["p_first"] for row in kept.entities().to_dicts() if row["kind"] == "firm"}

    assert {name: one.value for name, one in ours.first["firm"].items()} == pytest.approx(firms)
    layers = {row["name"]: row["p_break"] for row in kept.layers().to_dicts() if row["label"]}
    assert {name: one.value for name, one in ours.breaks["layer"].items()} == pytest.approx(layers)


def test_readings_lead_where_the_robustness_gate_of_a_run_says(found: Stability, tmp_path: Path) -> None:
    gate = run("fibre-2001", "base", paths=64, ignorance=8, out=tmp_path / "run").robustness().to_dicts()
    ours = {case.name: case.headline.leaders["layer"] for case in found.of("reading")}

    for row in gate:
        if row["kind"] == "layer" and row["threshold"]:
            name = f"{row['threshold']:g} {'soft' if row['soft'] else 'hard'}{' split' if row['split'] else ''}"
            assert ours[name] == row["leader"], name


def test_every_case_is_there_and_each_parameter_goes_to_both_ends(found: Stability) -> None:
    moved = [(case.name, case.to) for case in found.of("parameter")]

    assert len(moved) == 4
    assert {to for _, to in moved} == {"low", "high"}
    assert [case.name for case in found.of("seed")] == ["2027", "2028"]
    assert [case.value for case in found.of("paths")] == [128.0]
    assert len(found.of("reading")) == 14
    assert found.refused == ()


def test_a_shorter_horizon_changes_no_earlier_break(found: Stability) -> None:
    assert (found.earlier_breaks, found.half) == (0, "2002-12")


def test_a_leader_is_ahead_by_its_distance_over_the_error_of_both() -> None:
    shares = {"a": odds(0.5, 0.03), "b": odds(0.4, 0.04), "none": odds(0.1, 0.02)}
    lead = Headline({"firm": "a"}, {"firm": shares}, {"firm": {}})

    assert lead.lead("firm", "b") == pytest.approx(0.1 / 0.05)
    assert lead.lead("firm", "a") == 0.0


def test_a_parameter_that_is_moved_moves_what_it_should() -> None:
    """A market that is shut at the start breaks more firms than one that is open."""
    ends = [
        measure(prepare(Question(load_book("fibre-2001"), load_scenario("base", [f"parameters.{change}"]), 64, 8)))
        for change in ("funding_openness_base=0.1", "funding_openness_base=0.9")
    ]
    broke = [sum(one.value for one in end.breaks["firm"].values()) for end in ends]

    assert broke[0] > broke[1]


def test_a_figure_that_cannot_stand_alone_is_told_and_not_dropped() -> None:
    from deflator.analysis.validation.stability import _Suite
    from deflator.errors import DeflatorError

    suite = _Suite(asked(), [], FEW)

    with pytest.raises(DeflatorError):
        suite._with("figures.facilities.north_bank.committed_musd=0.0")()


def test_the_page_shows_misses_before_hits_and_what_is_not_shown(found: Stability) -> None:
    past = score_past("telecom-2000-12", quick=True, seed=2026)
    whole = Validation(
        "fibre-2001",
        "2001-01",
        FEW,
        2026,
        True,
        (found,),
        (("telecom-2000-12", past),),
        {},
        1.0,
        None,
        "too few prices",
    )
    page = validation_page(whole, "deflator validate")

    for words in ("Under `base`", "What flips it", "at the ends of their ranges", "length of a month cannot be changed",
                  "**Misses**", "WorldCom", "What this does not show", "not a forecast"):  # fmt: skip
        assert words in page, words
    assert page.index("**Misses**") < page.index("**Hits**")
    assert "{" not in page


def test_a_bar_in_a_cell_does_not_break_a_table() -> None:
    assert list(rows(["a"], [["x|y"]]))[2] == "| x\\|y |"
