"""Each published or derived contagion, fire-sale and reconstruction vector, to its own tolerance."""

import numpy as np
import pytest
from published_numbers import vector, within
from scipy.sparse import csr_array

from deflator.clearing import (
    ClearingStatus,
    bounded_impact,
    debtrank,
    default_cascade,
    eisenberg_noe,
    linear_debtrank,
    linear_loss,
    raise_cash,
    reconstruct,
    sell_below_buffer,
    spill_over,
    value_network,
)


@pytest.mark.parametrize("form", [np.array, csr_array])
def test_debtrank_on_four_nodes(form):
    published = vector("debtrank2012_4node")
    inputs, expected = published["inputs"], published["expected"]
    result = debtrank(form(inputs["W_row_impacts_column"]), inputs["economic_value"], inputs["h0"])

    assert result.distress == within(published, expected["h"])
    assert result.debtrank == within(published, expected["R"])


@pytest.mark.parametrize(
    ("name", "valuation"),
    [("neva_en_cycle_small", eisenberg_noe()), ("neva_lindr_cycle_small", linear_loss())],
)
def test_ring_of_three_banks_valued_two_ways(name, valuation):
    published = vector(name)
    inputs = published["inputs"]
    result = value_network(
        inputs["interbank_claims_i_on_j"],
        inputs["external_assets"],
        inputs["external_liabilities"],
        valuation,
        loss=inputs["equity_shock"],
    )

    assert result.equity == within(published, published["expected"])
    assert result.status is ClearingStatus.SETTLED


def test_linear_debtrank_is_the_linear_valuation():
    published = vector("neva_lindr_cycle_small")
    inputs = published["inputs"]
    before = np.subtract(inputs["external_assets"], inputs["external_liabilities"])  # loans given and taken match
    result = linear_debtrank(inputs["interbank_claims_i_on_j"], before, inputs["equity_shock"] / before)

    assert before * (1.0 - result.distress) == within(published, published["expected"])


def test_default_cascade_at_three_recoveries():
    published = vector("systemicrisk_cascade")
    inputs = published["inputs"]
    for recovery, expected in zip(inputs["recovery"], published["expected"], strict=True):
        result = default_cascade(
            inputs["L"], inputs["external_assets"], inputs["external_liabilities"], recovery=recovery
        )
        assert result.failed.astype(int).tolist() == expected


def test_one_round_of_spillovers_between_two_banks():
    published = vector("glt_2x2")
    inputs, expected = published["inputs"], published["expected"]
    result = spill_over(inputs["M"], inputs["a"], inputs["B"], inputs["L_diag"], inputs["shock"])

    assert result.aggregate_vulnerability == within(published, expected["AV"])
    assert result.fire_sale_result == within(published, expected["fire_sale_losses"])
    assert result.net_purchases == within(published, expected["net_sales"])


def test_bounded_impact_of_sales():
    published = vector("cont_schaanning_impact")
    inputs = published["inputs"]
    impact = [bounded_impact(float(q), 1.0, inputs["B_over_S"], inputs["delta"]) for q in inputs["q"]]

    assert np.array(impact) == within(published, published["expected"])


@pytest.mark.parametrize("case", range(8))
def test_forty_eight_banks_sell_their_bonds(case):
    published = vector("eba2018_firesale_threshold")
    rules, expected = published["inputs"]["rules"], published["expected"][case]
    shock, impact = published["inputs"]["cases_shock_to_gov_bonds_and_pi"][case]
    equity, leverage, securities, government = np.array(
        published["inputs"]["banks"]["CET1_leverage_pct_debtsec_govbonds"]
    ).T
    assets = equity / (leverage / 100.0)
    cash = rules["cash"] * assets
    result = sell_below_buffer(
        np.column_stack([securities - government, government]),
        cash,
        assets - securities - cash,
        assets - equity,
        shock=[0.0, shock],
        slope=-np.log(1.0 - impact) / 0.05,
        minimum=rules["leverage_min"],
        buffer=rules["buffer"],
        target=rules["target"],
        steps=rules["steps"],
    )

    assert [0, *result.failures.tolist()] == expected["defaults_per_step"]
    assert result.sold == within(published, expected["sold_fraction_per_step"])


def test_cash_raised_by_a_sale_in_closed_form():
    published = vector("cfs_lambert")
    inputs, expected = published["inputs"], published["expected"]
    raised = raise_cash(inputs["shortfall"], inputs["alpha"])

    assert raised.units == within(published, expected["s"])
    assert raised.price == within(published, expected["p"])
    assert raised.most == within(published, expected["max_raisable"])


def test_seven_banks_by_maximum_entropy():
    published = vector("anand_maxent_7")
    inputs = published["inputs"]
    result = reconstruct(inputs["assets_row_sums"], inputs["liabilities_col_sums"])

    assert result.exposures == within(published, published["expected"])
    assert result.status is ClearingStatus.SETTLED
