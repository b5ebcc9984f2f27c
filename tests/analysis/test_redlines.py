import numpy as np
import pytest

from deflator.analysis.cost_lines import cost_lines
from deflator.analysis.redlines import _Trial, red_lines
from deflator.analysis.replay import prepare, replay
from deflator.analysis.trials import varied
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = "tests/books/tiny"
HARSH = "base+funding-freeze"


def question(scenario=HARSH, settings=(), paths=96, draws=12, **more):
    return Question(load_book(TINY), load_scenario(scenario, list(settings)), paths=paths, draws=draws, **more)


def with_cash(entity, musd):
    """Ask the same of a firm with other cash, held exactly."""
    return question(settings=[f"figures.entities.{entity}.cash_musd={musd}"])


def line(found, label, months):
    """Return the break of an entity, or a covenant, by its label."""
    return next(one for one in found.lines if (one.thing.label, one.months) == (label, months))


@pytest.fixture(scope="module")
def found():
    return red_lines(prepare(question()), most=14)


def test_every_firm_lender_covenant_and_layer_has_a_row_at_both_horizons(found):
    frame = found.to_frame()
    economy = found.setting.economy

    assert set(frame["months"]) == {12, 24}
    able = [name for name, can in zip(economy.entities, economy.links["entities.can_default"], strict=False) if can]
    for months in (12, 24):
        rows = frame.filter(frame["months"] == months)
        assert rows.filter(rows["kind"] == "entity")["label"].to_list() == able
        assert set(rows.filter(rows["kind"] == "covenant")["label"]) == {
            "neo_ddtl min_liquidity", "neo_ddtl contracted_coverage", "neo_notes cross_default", "hall_loan dscr",
        }  # fmt: skip
        assert set(rows.filter(rows["kind"] == "layer")["label"]) == set(economy.layers) - {"world"}


def test_rows_without_a_red_line_tell_the_reason_and_what_was_tried(found):
    frame = found.to_frame()
    unsolved = frame.filter(frame["status"] != "solved")

    assert unsolved.height > 0
    assert unsolved["reason"].null_count() == 0
    assert unsolved["rent_usd_per_hour"].null_count() == unsolved.height
    never = unsolved.filter(unsolved["status"] == "never")
    assert never["reason"].str.contains("never breaks at any rent tried").all()
    assert never["share_at_lowest"].is_between(0.0, 0.5).all()


def test_headroom_is_the_spot_rent_less_the_red_line(found):
    solved = [one for one in found.lines if one.status == "solved"]

    assert solved
    for one in solved:
        assert one.headroom_usd_per_hour == pytest.approx(found.spot_usd_per_hour - one.crossing.root)
        assert one.headroom_share == pytest.approx(1.0 - one.crossing.root / found.spot_usd_per_hour)


def test_the_longer_the_pin_the_more_breaks(found):
    for long in found.lines:
        if long.months == 24 and long.crossing:
            short = line(found, long.thing.label, 12)
            if short.thing == long.thing:
                assert np.all(np.array(long.crossing.ends) >= short.crossing.ends), long.thing


def test_more_cash_lowers_the_red_line_of_a_firm():
    poor, rich = (_break_share(with_cash("neo_one", musd)) for musd in (20, 4000))

    assert poor.sum() > rich.sum()
    assert (poor >= rich).all()


def _break_share(asked, rents=(0.1, 0.5, 1.0, 2.0), label="neo_one"):
    setting = prepare(asked)
    trial = _Trial(setting, 1, None)
    place = [thing.label for thing in trial.things].index(label) + len(trial.things)  # within 24 months
    counted = [trial.count(rent) for rent in rents]
    return np.array([one.hits[place].sum() / one.paths[place].sum() for one in counted])


def test_a_red_line_counts_what_a_replayed_path_shows():
    setting = prepare(question(paths=6, draws=1))
    trial = _Trial(setting, 1, None)
    level = setting.economy.requests.rent_level.copy()
    level[1:] = 0.6
    pinned = varied(setting, requests={"rent_level": level})
    counted = trial.count(0.6)
    for path in range(6):
        seen = replay(pinned, path)
        broke = seen["entities.break_month"][-1]
        for hit, thing in zip(counted.hits[: len(trial.things), path], trial.things, strict=True):
            at = setting.economy.entities.index(thing.entity) if thing.entity else 0
            gone = 0 < broke[at] <= 12
            short = (seen["entities.cash"] < seen["buffer"])[1:13, at].any()
            if thing.kind in ("entity", "liquidity"):
                assert hit == (gone or (thing.kind == "liquidity" and short)), (path, thing)
            elif thing.label == "hall_loan dscr":  # a sweep is never waived, so the months since the breach tell
                v = setting.question.book.table("covenants").index["hall_loan|dscr|book"]
                beyond = seen["covenants.breached"][1:13, v] > seen.figure("covenants.cure")[v]
                assert hit == beyond.any(), path
    assert counted.hits[: len(trial.things)].sum() > 0


def test_a_rent_far_above_breaks_no_seller_more_than_one_far_below():
    shares = _break_share(question(), rents=(0.05, 8.0))

    assert shares[0] >= shares[1]


def test_what_broke_before_the_pin_is_not_counted():
    late = red_lines(prepare(question(settings=["failure.neo_one.level=1"], paths=48)), pinned_from="2027-01", most=9)

    assert late.pinned_from == "2027-01"
    assert line(late, "neo_one", 12).status == "gone"
    assert line(late, "hall_one", 12).status != "gone"
    beyond = late.to_frame().filter(late.to_frame()["status"] == "beyond")
    assert set(beyond["months"]) == {24}
    assert beyond["reason"].str.contains("the book ends before 24 months").all()


@pytest.mark.parametrize("month", ["2026-02", "2027-06", "soon", "2031-01"])
def test_a_month_that_leaves_no_year_is_refused(month):
    with pytest.raises(RunError, match="--from") as refused:
        red_lines(prepare(question()), pinned_from=month)
    assert "use a month from 2026-03 to 2027-03" in str(refused.value)


def test_one_entity_without_any_red_line_is_refused_with_every_reason(found):
    with pytest.raises(RunError, match="never breaks at any rent tried") as refused:
        found.of("chip_maker")
    assert len(refused.value.faults) == 4  # break and liquidity, at both horizons


def test_the_answer_about_one_entity_holds_its_own_lines_and_costs_alone(found):
    own = found.of("neo_one")

    assert {one.thing.entity for one in own.lines} == {"neo_one"}
    assert {cost.figure for cost in own.costs} == {"avoidable", "cash", "full", "contract"}


def test_costs_stand_on_the_axis_of_the_reference_rent(found):
    setting = prepare(question(paths=4, draws=0))
    of = {cost.figure: cost for cost in cost_lines(setting) if cost.entity == "neo_one"}

    assert of["avoidable"].rent_usd_per_hour < of["cash"].rent_usd_per_hour < of["full"].rent_usd_per_hour
    # 5,000 h100 at 2.10 $ and 1,500 b200 at 2.80 $, which let for 3.75 / 2.20 of the reference rent
    expected = (5000 * 2.1 + 1500 * 2.8) / (5000 + 1500 * 3.75 / 2.2)
    assert of["contract"].rent_usd_per_hour == pytest.approx(expected)
    assert of["contract"].low == of["contract"].high


def test_a_firm_of_no_units_has_no_costs(found):
    assert "bank_one" not in {cost.entity for cost in found.costs}
