"""Each published or derived clearing vector, reproduced to its own tolerance."""

import numpy as np
import pytest
from published_numbers import vector, within
from scipy.sparse import csr_array

from deflator.clearing import ClearingStatus, clear

METHODS = ("auto", "picard", "fictitious")


def test_rogers_and_veraart_example_with_two_banks():
    published = vector("rv2013_ex3_3")
    inputs = published["inputs"]
    result = clear(inputs["L"], inputs["external_assets"], alpha=inputs["alpha"], beta=inputs["beta"])

    assert result.payments == within(published, published["expected"])
    assert not result.defaulted.any()


@pytest.mark.parametrize("name", ["en_20node", "rv_20node"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", [np.array, csr_array])
def test_twenty_banks_with_and_without_bankruptcy_costs(name, method, form):
    published = vector(name)
    inputs = published["inputs"]
    result = clear(
        form(inputs["L"]),
        inputs["external_assets"],
        external_liabilities=inputs["external_liabilities"],
        alpha=inputs.get("alpha", 1.0),
        beta=inputs.get("beta", 1.0),
        method=method,
    )

    assert result.payments == within(published, published["expected"])
    assert result.status is ClearingStatus.SETTLED


@pytest.mark.parametrize("name", ["en_20node", "rv_20node"])
def test_the_lanes_of_the_engine_meet_the_same_numbers(name):
    published = vector(name)
    inputs = published["inputs"]
    assets = np.array(inputs["external_assets"])[:, None] * [1.0, 0.5, 1.0]
    result = clear(
        inputs["L"],
        assets,
        external_liabilities=inputs["external_liabilities"],
        alpha=inputs.get("alpha", 1.0),
        beta=inputs.get("beta", 1.0),
        method="picard",
    )

    assert result.payments[:, 0] == within(published, published["expected"])
    assert result.payments[:, 2] == within(published, published["expected"])


def test_systemicrisk_package_with_outside_creditors():
    published = vector("systemicrisk_en")
    inputs = published["inputs"]
    result = clear(inputs["L"], inputs["external_assets"], external_liabilities=inputs["external_liabilities"])

    assert result.payments == within(published, published["expected"]["clearing"])
    assert result.defaulted.astype(int).tolist() == published["expected"]["default"]


def test_two_classes_of_seniority():
    published = vector("elsinger_seniority")
    inputs, expected = published["inputs"], published["expected"]
    result = clear([inputs["senior"], inputs["junior"]], inputs["external_assets"])

    assert result.payments_by_class[0] == within(published, expected["senior_paid"])
    assert result.payments_by_class[1] == within(published, expected["junior_paid"])


@pytest.mark.parametrize("form", [np.array, csr_array])
def test_firms_that_own_shares_in_one_another(form):
    published = vector("crossholding_en_3")
    inputs, expected = published["inputs"], published["expected"]
    result = clear(inputs["L"], inputs["external_assets"], crossholdings=form(inputs["holdings_i_of_j"]))

    assert result.payments == within(published, expected["payments"])
    assert result.equity == within(published, expected["equity"])
