import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.economics import EVERYBODY, FIGURES, UnitCost, free_entry_rent, unit_economics
from deflator.engine.valuation import earning_value

HOURS = 8_760.0


@pytest.fixture(scope="module")
def central() -> dict[tuple[str, str, int], UnitCost]:
    rows = unit_economics(setting(paths=1, draws=0, chance=False), [0, 12, 24])
    return {(row.owner, row.equipment, row.month): row for row in rows}


def test_the_costs_of_an_owner_are_those_of_a_calculation_by_hand(central: dict) -> None:
    costs = central["neo_one", "h100", 0].figures

    # 1.4 kW, PUE 1.25, 60 USD a MWh, and 0.12 of operations
    avoidable = 1.4 * 1.25 * 60.0 / 1_000.0 + 0.12
    # 24 USD m a year for 18 MW: only the first lease has started
    space = 1.4 * 24e6 / (18_000.0 * HOURS)
    # No longer sold: 16,000 USD second-hand at half a life of 72 months; the b200 costs 50,000 new
    price, other = 2.0 * 16_000.0, 50_000.0
    part = price / (8_000.0 * price + 1_500.0 * other)
    fixed = 30e6 / HOURS * part
    base_rate = 0.0365
    interest = (84.0 * (base_rate + 0.0625) + 60.0 * 0.0925 + 50.0 * 0.0175) * 1e6 / HOURS * part
    full = avoidable + space + fixed + 16_000.0 / (3.0 * HOURS) + interest

    assert costs["units"] == 8_000.0
    assert costs["avoidable"] == pytest.approx(avoidable)
    assert costs["cash"] == pytest.approx(avoidable + space + fixed)
    assert costs["full"] == pytest.approx(full)
    assert costs["contract"] == pytest.approx(2.1)
    assert costs["spot"] == pytest.approx(2.2)
    assert costs["meter"] == pytest.approx(2.2 - full)
    assert costs["contract_margin"] == pytest.approx(2.1 - full)
    assert costs["free_entry"] is None  # nobody can buy it new


def test_only_the_part_of_a_firm_that_lets_compute_bears_its_other_costs(central: dict) -> None:
    costs = central["cloud_big", "h100", 0].figures
    let = 12_000 * 2.2 * 8_760 / 1e6 + (20_000 - 12_000) * 0.85 * 2.2 * 8_760 / 1e6
    share = let / (let + 4_000.0)
    space = 1.4 * (24.0 + 11.0) * 1e6 / (26_000.0 * HOURS)  # it has no lease: the average of the book
    avoidable = 1.4 * 1.25 * 55.0 / 1_000.0 + 0.26

    assert costs["cash"] == pytest.approx(avoidable + space + 2_200e6 * share / (20_000.0 * HOURS))


def test_the_free_entry_rent_is_that_at_which_the_engine_values_a_new_unit_at_its_price() -> None:
    given = {"running": 0.4, "utilisation": 0.7, "decline": 0.25, "discount": 0.14, "years": 6.0}
    rent = free_entry_rent(np.array(50_000.0), *(np.array(value) for value in given.values()))
    worth = earning_value(
        float(rent), given["running"], given["utilisation"], given["decline"], given["discount"], given["years"]
    )

    assert worth == pytest.approx(50_000.0)


def test_a_faster_fall_of_rents_asks_for_a_higher_rent_at_the_start() -> None:
    still = [np.array(value) for value in (50_000.0, 0.4, 0.8)]
    rents = [free_entry_rent(*still, np.array(fall), np.array(0.1), np.array(6.0)) for fall in (-0.1, 0.0, 0.2)]

    assert rents == sorted(rents)


def test_all_owners_are_weighted_by_their_units(central: dict) -> None:
    neo, big, everybody = (central[owner, "h100", 0].figures for owner in ("neo_one", "cloud_big", EVERYBODY))

    assert everybody["units"] == 28_000.0
    for name in ("full", "contract", "meter"):
        assert everybody[name] == pytest.approx((8_000 * neo[name] + 20_000 * big[name]) / 28_000)


def test_units_that_an_owner_uses_itself_are_not_let(central: dict) -> None:
    assert ("cloud_big", "b200", 0) not in central


def test_a_pinned_rent_is_the_spot_rent_of_every_month() -> None:
    rows = unit_economics(setting("rent.level=1.5", paths=1, draws=0, chance=False), [12, 24])
    spot = {row.month: row.figures["spot"] for row in rows if (row.owner, row.equipment) == ("neo_one", "h100")}

    assert spot == pytest.approx({12: 1.5, 24: 1.5}, rel=1e-3)


def test_dearer_power_raises_every_cost_and_lowers_the_meter(central: dict) -> None:
    rows = unit_economics(setting("power_price.scale=2", paths=1, draws=0, chance=False), [12])
    dear = next(row.figures for row in rows if (row.owner, row.equipment) == ("neo_one", "b200"))
    cheap = central["neo_one", "b200", 12].figures

    # Two thirds of the b200 are yet to be delivered, and will run at the average cost of what their owner has.
    average = (8_000 * 0.12 + 1_500 * 0.13) / 9_500
    operations = (1_500 * 0.13 + 3_000 * average) / 4_500
    assert dear["avoidable"] - operations == pytest.approx(2.0 * (cheap["avoidable"] - operations))
    assert dear["full"] > cheap["full"]
    assert dear["free_entry"] > cheap["free_entry"]


def test_the_central_path_has_no_ranges_and_many_paths_have_a_range_around_their_median(central: dict) -> None:
    rows = unit_economics(setting(paths=96), [0, 12])

    assert all(row.ranges == {} for row in central.values())
    for row in rows:
        for name, (low, high) in row.ranges.items():
            assert low <= row.figures[name] <= high, (row.owner, row.equipment, name)
    later = next(row for row in rows if (row.owner, row.equipment, row.month) == ("neo_one", "h100", 12))
    assert set(later.ranges) == set(FIGURES) - {"free_entry"}
    assert later.ranges["spot"][0] < later.ranges["spot"][1]
