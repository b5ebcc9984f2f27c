"""Each published or derived credit vector, reproduced to its own tolerance."""

import math

import numpy as np
import pytest

from deflator.credit import (
    amortisation_schedule,
    black_cox_default_probability,
    convertible_value,
    dated_schedule,
    days_between,
    debt_capacity,
    merton_from_equity,
    schwartz_forecast,
    sequential_waterfall,
    with_cash_sweep,
    wright_unit_cost,
    xirr,
)
from deflator.credit.monthly import annuity_payment


def within(published):
    """Compare with the tolerance that the vector states, and no other."""
    assert published["tolerance_type"] == "absolute"
    return lambda expected: pytest.approx(expected, rel=0, abs=published["tolerance"])


def event_dates(published, kind):
    return [key.split()[0] for key in published["expected"] if key.endswith(kind)]


def events(published, kind):
    return [amount for key, amount in published["expected"].items() if key.endswith(kind)]


def test_actus_bullet_loan_pays_the_published_events(vector):
    published = vector("actus_pam01")
    terms = published["inputs"]

    dates = event_dates(published, "IP")
    loan = dated_schedule(
        "bullet", float(terms["notionalPrincipal"]), float(terms["nominalInterestRate"]), dates, "Act/365F"
    )

    assert loan.interest.tolist() == within(published)(events(published, "IP")[1:])
    assert loan.principal[-1] == events(published, "MD")[0]


def test_actus_annuity_pays_the_published_events_from_the_stated_payment(vector):
    published = vector("actus_ann01")
    terms = published["inputs"]

    dates = [terms["initialExchangeDate"][:10], *event_dates(published, "IP")]
    loan = dated_schedule(
        "level",
        float(terms["notionalPrincipal"]),
        float(terms["nominalInterestRate"]),
        dates,
        "Act/365F",
        payment=float(terms["nextPrincipalRedemptionPayment"]),
    )

    assert loan.interest.tolist() == within(published)(events(published, "IP"))
    principal = events(published, "PR") + events(published, "MD")
    assert loan.principal.tolist() == within(published)(principal)


def test_actus_annuity_finds_its_own_payment(vector):
    published = vector("actus_ann01")
    terms = published["inputs"]

    dates = [terms["initialExchangeDate"][:10], *event_dates(published, "IP")]
    loan = dated_schedule("level", 5000.0, 0.08, dates, "Act/365F")

    payment = float(terms["nextPrincipalRedemptionPayment"])
    assert loan.payment.tolist() == within(published)([payment] * 12)


def test_cash_sweep_leaves_the_derived_table(vector):
    published = vector("cash_sweep")
    terms = published["inputs"]

    loan = amortisation_schedule(
        "schedule",
        terms["debt"],
        terms["rate"],
        12 * len(terms["scheduled"]),
        months_between_payments=12,
        scheduled=terms["scheduled"],
    )
    swept = with_cash_sweep(loan, terms["cfads"], terms["sweep"])

    table = np.column_stack([swept.interest, swept.scheduled, swept.swept, swept.closing])
    assert table.ravel().tolist() == within(published)(np.ravel(published["expected"]).tolist())


def test_sculpted_debt_has_the_derived_size_and_principal(vector):
    published = vector("dscr_sculpt")
    terms = published["inputs"]

    size = debt_capacity(terms["cfads"], terms["rate"], terms["dscr"], months_between_payments=12)
    loan = amortisation_schedule(
        "sculpted",
        size,
        terms["rate"],
        12 * len(terms["cfads"]),
        months_between_payments=12,
        cash_flow=terms["cfads"],
        target_dscr=terms["dscr"],
    )

    assert size == within(published)(published["expected"]["debt"])
    assert loan.principal.tolist() == within(published)(published["expected"]["principal"])
    assert loan.closing[-1] == within(published)(published["expected"]["final_balance"])


def test_level_payment_agrees_with_hastructure_once_cut_to_cents(vector):
    published = vector("hastructure_calcpmt")
    terms = published["inputs"]

    payment = annuity_payment(terms["principal"], terms["period_rate"], terms["n"])

    assert math.floor(payment * 100) / 100 == within(published)(published["expected"])


def test_level_payment_agrees_with_quantlib_at_thirteen_rates(vector):
    published = vector("ql_level_pay_360")
    terms = published["inputs"]

    loans = [amortisation_schedule("level", terms["principal"], rate, terms["n"]) for rate in terms["rates"]]

    first = [loan.payment[0] for loan in loans]
    last = [loan.payment[-1] for loan in loans]
    assert first == within(published)(published["expected"])
    assert last == within(published)(published["expected"])


def test_sequential_waterfall_pays_the_derived_amounts(vector):
    published = vector("sequential_waterfall")
    terms = published["inputs"]

    deal = sequential_waterfall(
        [tranche["bal"] for tranche in terms["tranches"]],
        [12 * tranche["r"] for tranche in terms["tranches"]],
        terms["cash"],
        terms["collateral_balance_after"],
    )

    for payment, row in enumerate(published["expected"]):
        assert deal.interest[payment].tolist() == within(published)(row["interest"])
        assert deal.principal[payment].tolist() == within(published)(row["principal"])
        assert deal.balance[payment].tolist() == within(published)(row["balances"])
        assert deal.residual[payment] == within(published)(row["residual"])


@pytest.mark.parametrize(("rule", "name"), [("BondBasis", "30/360"), ("European", "30E/360")])
def test_thirty_day_months_count_the_published_days(vector, rule, name):
    published = vector("daycount_30360")

    days = [days_between(name, start, end) for start, end in published["inputs"]["cases"]]

    assert days == within(published)(published["expected"][rule])


def test_rates_of_return_are_the_published_ones(vector):
    published = vector("xirr_cases")

    found = [xirr(case["dates"], case["amounts"]).rate for case in published["inputs"]["cases"]]

    assert found == within(published)(published["expected"])


def test_merton_firm_is_hulls_once_rounded_as_the_book_prints_it(vector):
    published = vector("merton_hull")
    terms, expected = published["inputs"], published["expected"]

    firm = merton_from_equity(terms["E"], terms["sigma_E"], terms["D"], terms["r"], terms["T"])

    assert round(firm.asset_value, 1) == within(published)(expected["V"])
    assert round(firm.asset_volatility, 4) == within(published)(expected["sigma_V"])
    assert round(firm.default_probability, 3) == within(published)(expected["PD"])
    assert round(firm.debt_value, 1) == within(published)(expected["debt"])


def test_first_passage_probabilities_are_the_integrated_ones(vector):
    published = vector("black_cox_first_passage")
    cases = np.array(published["inputs"]["cases_V_K_mu_sigma_T_barrier_growth"])

    probabilities = black_cox_default_probability(*cases.T)

    assert probabilities.tolist() == within(published)(published["expected"])


def test_convertible_without_spread_is_bond_plus_call(vector):
    published = vector("convertible_zero_spread")
    terms = published["inputs"]

    bond = convertible_value(
        terms["S"],
        terms["face"],
        terms["face"] / terms["conversion_ratio"],
        risk_free_rate=terms["r"],
        credit_spread=terms["spread"],
        volatility=terms["sigma"],
        years=terms["T"],
    )

    assert bond.value == within(published)(published["expected"])


def test_mean_reverting_price_has_the_moments_of_the_differential_equations(vector):
    published = vector("schwartz1f")

    for case, expected in zip(
        published["inputs"]["cases_S_kappa_alphastar_sigma_T"], published["expected"], strict=True
    ):
        forecast = schwartz_forecast(*case)
        found = [forecast.log_mean, forecast.log_variance, forecast.expected_price]
        assert found == within(published)(expected)


def test_unit_cost_follows_wrights_curve(vector):
    published = vector("wright_law")
    terms = published["inputs"]

    costs = wright_unit_cost(terms["c1"], terms["progress_ratio"], terms["n"])

    assert costs.tolist() == within(published)(published["expected"])
