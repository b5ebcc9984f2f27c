"""Every figure of a book over draws of ignorance: what is drawn, from where, and what stays."""

import pickle

import numpy as np
import pytest
from small_books import book_of, contract_of, facility_of, scenario_of, units_of

from deflator.book.schema import schema
from deflator.errors import ScenarioError
from deflator.scenario import ParameterOverride
from deflator.scenario.figures import SIMULATED, draw_figures

NOTHING = scenario_of()

PARAMETERS = [
    {"parameter": "advance_rate_base", "value": 0.8, "low": 0.65, "high": 0.95, "distribution": "triangular"},
    {"parameter": "price_impact_kappa", "value": 0.35, "low": 0.1, "high": 1.0, "distribution": "lognormal"},
    {"parameter": "lab_min_runway_months", "value": 9.0, "low": 9.0, "high": 9.0, "distribution": "fixed"},
]


def entity(name, cash=100.0, members=None):
    return {"entity": name, "layer": "neocloud", "cash_musd": cash, "members": members}


def test_figures_are_drawn_between_their_bounds_and_reported_ones_are_not_drawn():
    book = book_of({("entities", "b", "cash_musd"): (50.0, 300.0)}, entities=[entity("a"), entity("b", 120.0)])

    cash = draw_figures(book, NOTHING, draws=64, seed=1).array("entities", "cash_musd")

    assert cash.shape == (2, 64)
    assert (cash[0] == 100.0).all()
    assert 50 <= cash[1].min() < 70
    assert 270 < cash[1].max() <= 300
    assert cash[1].mean() == pytest.approx((50 + 120 + 300) / 3, rel=0.01)


def test_a_reported_figure_with_a_range_is_not_drawn():
    place = ("entities", "a", "cash_musd")
    book = book_of({place: (50.0, 300.0)}, entities=[entity("a")])
    reported = type(book.provenance[place])(**{**vars(book.provenance[place]), "grade": "reported"})
    book = type(book)(**{**vars(book), "provenance": {place: reported}})

    assert (draw_figures(book, NOTHING, 16, 1).array("entities", "cash_musd") == 100.0).all()


@pytest.mark.parametrize("grade", ["derived", "assumed", "disputed", "unknown"])
def test_every_other_grade_is_drawn(grade):
    place = ("entities", "a", "cash_musd")
    book = book_of({place: (50.0, 300.0)}, entities=[entity("a")])
    graded = type(book.provenance[place])(**{**vars(book.provenance[place]), "grade": grade})
    book = type(book)(**{**vars(book), "provenance": {place: graded}})

    assert np.ptp(draw_figures(book, NOTHING, 16, 1).array("entities", "cash_musd")) > 100


def test_every_column_of_numbers_and_months_is_there_whether_it_is_drawn_or_not():
    book = book_of({}, entities=[entity("a", members=150.0)], fleets=[units_of("f", 10)])

    figures = draw_figures(book, NOTHING, draws=8, seed=1)

    for table in SIMULATED:
        for column in schema()[table].columns:
            if column.type in ("number", "share", "count", "flag", "month"):
                assert figures.array(table, column.column).shape == (len(book.tables[table]), 8)
    assert (figures.array("entities", "members") == 150).all()
    assert np.isnan(figures.array("entities", "equity_value_musd")).all()
    assert (figures.array("fleets", "in_service_month") == -13).all()


def test_arrays_cannot_be_changed_by_who_reads_them():
    figures = draw_figures(book_of({}, entities=[entity("a")], parameters=PARAMETERS), NOTHING, 4, 1)

    with pytest.raises(ValueError, match="read-only"):
        figures.array("entities", "cash_musd")[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        figures.parameter("advance_rate_base")[0] = 1


def test_figures_travel_to_other_processes():
    figures = draw_figures(book_of({}, entities=[entity("a")], parameters=PARAMETERS), NOTHING, 4, 1)

    copy = pickle.loads(pickle.dumps(figures))

    np.testing.assert_array_equal(copy.parameter("price_impact_kappa"), figures.parameter("price_impact_kappa"))


def test_what_had_happened_by_the_as_of_month_is_not_drawn():
    book = book_of(
        {
            ("contracts", "old", "start"): ("2025-10", "2026-06"),
            ("fleets", "f", "in_service_month"): ("2024-10", "2026-06"),
        },
        fleets=[units_of("f", 10)],
        contracts=[contract_of("old", 10, start="2026-02")],
    )

    figures = draw_figures(book, NOTHING, draws=64, seed=1)

    assert (figures.array("contracts", "start") == 0).all()
    assert (figures.array("fleets", "in_service_month") == -13).all()


def test_what_lies_ahead_never_falls_back_to_the_as_of_month():
    book = book_of(
        {
            ("contracts", "new", "start"): ("2025-12", "2026-06"),
            ("contracts", "new", "end"): ("2026-01", "2028-06"),
            ("leases", "site", "start"): ("2025-12", "2026-06"),
        },
        fleets=[units_of("f", 10)],
        contracts=[contract_of("new", 10, start="2026-03", end="2027-03")],
        leases=[{"lease": "site", "start": "2026-03", "end": "2030-03"}],
    )

    figures = draw_figures(book, NOTHING, draws=256, seed=1)

    assert set(figures.array("contracts", "start")[0]) == {1, 2, 3, 4}
    assert figures.array("contracts", "end").min() >= 2
    assert set(figures.array("leases", "start")[0]) == {1, 2, 3, 4}


def test_months_are_whole_and_every_month_of_a_range_is_drawn():
    book = book_of(
        {("facilities", "loan", "maturity"): ("2028-11", "2029-05")},
        facilities=[facility_of("loan", 100, 100, maturity="2029-02")],
    )

    maturity = draw_figures(book, NOTHING, draws=256, seed=1).array("facilities", "maturity")[0]

    assert set(maturity) == set(range(33, 40))
    assert maturity.mean() == pytest.approx(36, abs=0.05)


def test_counts_are_whole():
    book = book_of({("entities", "a", "members"): (100.0, 200.5)}, entities=[entity("a", members=150.0)])

    members = draw_figures(book, NOTHING, draws=64, seed=1).array("entities", "members")

    assert (members == members.round()).all()
    assert 100 <= members.min() < 110
    assert 190 < members.max() <= 200


def test_bounds_beyond_what_the_column_allows_are_drawn_in():
    contracts = [contract_of("c", 10) | {"take_or_pay": 0.98}]
    book = book_of({("contracts", "c", "take_or_pay"): (0.9, 1.4)}, fleets=[units_of("f", 10)], contracts=contracts)

    assert draw_figures(book, NOTHING, 256, 1).array("contracts", "take_or_pay").max() <= 1


def test_parameters_are_drawn_from_the_distribution_that_they_name():
    figures = draw_figures(book_of({}, parameters=PARAMETERS), NOTHING, draws=256, seed=1)

    assert figures.parameter("advance_rate_base").mean() == pytest.approx(0.8, abs=0.002)
    assert (figures.parameter("price_impact_kappa") < 0.35).mean() == 0.5
    assert (figures.parameter("lab_min_runway_months") == 9).all()
    np.testing.assert_array_equal(figures.array("parameters", "value")[0], figures.parameter("advance_rate_base"))


def test_without_ignorance_every_figure_has_its_central_value_in_one_draw():
    book = book_of({("entities", "a", "cash_musd"): (50.0, 300.0)}, entities=[entity("a")], parameters=PARAMETERS)

    figures = draw_figures(book, NOTHING, draws=64, seed=1, ignorance=False)

    assert figures.draws == 1
    assert figures.array("entities", "cash_musd").tolist() == [[100.0]]
    assert figures.parameter("price_impact_kappa").tolist() == [0.35]


def test_figures_of_one_factor_have_rank_correlation_one_and_others_next_to_none():
    ranges = {
        ("entities", "a", "cash_musd"): (50.0, 300.0, "group"),
        ("entities", "b", "cash_musd"): (10.0, 11.0, "group"),
        ("entities", "c", "cash_musd"): (50.0, 300.0),
    }
    cash = {"a": 100.0, "b": 10.9, "c": 100.0}
    book = book_of(ranges, entities=[entity(*pair) for pair in cash.items()])

    draws = draw_figures(book, NOTHING, draws=250, seed=1).array("entities", "cash_musd")

    ranks = draws.argsort(axis=1).argsort(axis=1)
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(1)
    assert abs(np.corrcoef(ranks)[0, 2]) < 0.3


def test_a_figure_is_drawn_the_same_whatever_else_is_in_the_book():
    place = ("entities", "b", "cash_musd")
    small = book_of({place: (50.0, 300.0)}, entities=[entity("b")])
    large = book_of(
        {("entities", "a", "cash_musd"): (1.0, 900.0), place: (50.0, 300.0)},
        entities=[entity("a"), entity("b"), entity("c")],
        parameters=PARAMETERS,
    )

    alone = draw_figures(small, NOTHING, 100, 1).array("entities", "cash_musd")
    among_others = draw_figures(large, NOTHING, 100, 1).array("entities", "cash_musd")

    np.testing.assert_array_equal(alone[0], among_others[1])


def test_more_draws_add_to_the_first_ones_and_another_seed_gives_others():
    book = book_of({("entities", "a", "cash_musd"): (50.0, 300.0)}, entities=[entity("a")])

    def cash(draws, seed):
        return draw_figures(book, NOTHING, draws, seed).array("entities", "cash_musd")

    np.testing.assert_array_equal(cash(40, 1), cash(250, 1)[:, :40])
    assert (cash(40, 1) != cash(40, 2)).all()


def test_a_scenario_fixes_figures_and_leaves_every_other_draw_as_it_was():
    ranges = {("entities", name, "cash_musd"): (50.0, 300.0) for name in "ab"}
    book = book_of(ranges, entities=[entity("a"), entity("b")], fleets=[units_of("f", 10)])
    scenario = scenario_of({"entities.a.cash_musd": 7.0, "fleets.f.in_service_month": "2026-05"})

    plain = draw_figures(book, NOTHING, 64, 1)
    changed = draw_figures(book, scenario, 64, 1)

    assert (changed.array("entities", "cash_musd")[0] == 7).all()
    assert (changed.array("fleets", "in_service_month") == 3).all()
    np.testing.assert_array_equal(changed.array("entities", "cash_musd")[1], plain.array("entities", "cash_musd")[1])


def test_a_scenario_fixes_a_parameter_or_draws_it_from_bounds_of_its_own():
    book = book_of({}, parameters=PARAMETERS)
    scenario = scenario_of(
        parameters={
            "advance_rate_base": ParameterOverride(0.5, 0.5, 0.5),
            "price_impact_kappa": ParameterOverride(0.7, 0.2, 2.0),
            "lab_min_runway_months": ParameterOverride(9.0, 6.0, 12.0),
        }
    )

    plain, changed = draw_figures(book, NOTHING, 256, 1), draw_figures(book, scenario, 256, 1)

    assert (changed.parameter("advance_rate_base") == 0.5).all()
    assert (changed.parameter("price_impact_kappa") < 0.7).mean() == 0.5
    # The same uniform numbers: a draw that was high stays high.
    order = plain.parameter("price_impact_kappa").argsort()
    assert (np.diff(changed.parameter("price_impact_kappa")[order]) > 0).all()
    assert changed.parameter("lab_min_runway_months").mean() == pytest.approx(9, abs=0.02)
    assert (plain.parameter("advance_rate_base") != 0.5).any()


def test_all_bounds_that_a_distribution_does_not_allow_are_refused_at_once():
    twice = [
        row | {"parameter": name} for row in PARAMETERS[1:2] for name in ("price_impact_kappa", "funding_volatility")
    ]
    book = book_of({}, parameters=twice)
    override = ParameterOverride(0.3, 0.0, 1.0)
    scenario = scenario_of(parameters={row["parameter"]: override for row in twice})

    with pytest.raises(ScenarioError) as refused:
        draw_figures(book, scenario, 16, 1)

    assert [fault.column for fault in refused.value.faults] == [
        "parameters.funding_volatility",
        "parameters.price_impact_kappa",
    ]
    assert "low 0 is not above 0" in str(refused.value)


def test_scenarios_share_the_draws_of_a_book_instead_of_drawing_again():
    book = book_of({("entities", "a", "cash_musd"): (50.0, 300.0)}, entities=[entity("a")], parameters=PARAMETERS)
    changed = scenario_of(parameters={"advance_rate_base": ParameterOverride(0.5, 0.5, 0.5)})

    first = draw_figures(book, NOTHING, 64, 1).array("entities", "cash_musd")

    assert draw_figures(book, changed, 64, 1).array("entities", "cash_musd") is first
