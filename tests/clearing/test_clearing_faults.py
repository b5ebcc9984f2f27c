"""Figures that make no sense are refused, all of them at once, each by its place."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from deflator.clearing import ClearingError, clear
from deflator.errors import DeflatorError

GOOD = np.array([[0.0, 1], [2, 0]])


def refusal(*arguments, **options):
    with pytest.raises(ClearingError) as caught:
        clear(*arguments, **options)
    assert isinstance(caught.value, DeflatorError)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("form", [np.array, csr_array])
def test_every_bad_figure_is_named_with_its_place_and_value(form):
    liabilities = form([[0, -2, 1], [np.nan, 0, 0], [0, 0, 3.5]])

    assert refusal(liabilities, [1, -1, np.inf], alpha=1.5) == [
        "alpha: 1.5 is above the most allowed; use a number from 0 to 1",
        "external_assets[1]: -1.0 is negative; use a number of at least 0",
        "external_assets[2]: inf is not finite; use a number of at least 0",
        "liabilities[0,1]: -2.0 is negative; use a number of at least 0",
        "liabilities[1,0]: nan is not finite; use a number of at least 0",
        "liabilities[2,2]: 3.5 is of a node to itself; use 0",
    ]


@pytest.mark.parametrize("form", [np.array, csr_array])
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("assets", [[1, 1], [[1, 2], [1, 2]]])
def test_a_bad_liability_alone_is_found_in_every_form(form, bad, assets):
    liabilities = GOOD.copy()
    liabilities[1, 0] = bad

    assert refusal(form(liabilities), assets)[0].startswith(f"liabilities[1,0]: {bad!r} is ")


def test_a_debt_to_oneself_is_refused():
    assert refusal([[0, 1], [2, 5]], [1, 1]) == ["liabilities[1,1]: 5.0 is of a node to itself; use 0"]


def test_a_bad_figure_in_a_class_of_seniority():
    assert refusal([GOOD, -GOOD], [1, 1]) == [
        "liabilities[1][0,1]: -1.0 is negative; use a number of at least 0",
        "liabilities[1][1,0]: -2.0 is negative; use a number of at least 0",
    ]


def test_shapes_that_do_not_fit():
    square = "use a square matrix [payer, payee], dense or SciPy sparse"

    assert refusal(np.ones((2, 3)), [1, 1]) == [f"liabilities: shape [2, 3] does not fit; {square}"]
    assert refusal(GOOD, [1, 1, 1]) == ["external_assets: shape [3] does not fit; use [2] or [2, lanes]"]
    assert refusal(GOOD, [1, 1], seniority=[[0]])[0].startswith("seniority: shape [1, 1] does not fit")
    assert refusal(GOOD, [1, 1], crossholdings=np.zeros((3, 3)))[0].startswith("crossholdings: shape [3, 3]")
    assert refusal(GOOD, np.ones((2, 4)), alpha=np.ones((2, 5))) == [
        "arguments have [4, 5] lanes; give all the same number"
    ]


def test_ranks_and_shares_that_make_no_sense():
    assert refusal(GOOD, [1, 1], seniority=GOOD / 4)[0].startswith("seniority: holds a class that is not a whole")
    assert refusal([GOOD, GOOD], [1, 1], seniority=GOOD)[0].startswith("seniority: given beside one matrix")
    assert refusal(GOOD, [1, 1], external_seniority=1)[0].startswith("external_seniority: there is no class 1")
    assert refusal(GOOD, [1, 1], crossholdings=[[0, 0.5], [0, 0.2]])[0].startswith("crossholdings[1,1]: 0.2")
    three = np.zeros((3, 3))
    three[1, 0], three[2, 0] = 0.7, 0.6
    assert refusal(np.zeros((3, 3)), [1, 1, 1], crossholdings=three) == [
        "crossholdings[:,0]: shares sum to 1.3; let them sum to at most 1"
    ]


def test_a_method_that_does_not_exist():
    expected = ["method: 'newton' is none of the choices; use one of auto, picard, fictitious"]

    assert refusal(GOOD, [1, 1], method="newton") == expected


def test_firms_that_own_one_another_entirely():
    owned = [[0, 1], [1, 0]]

    assert refusal(GOOD, [1, 1], crossholdings=owned)[0].startswith("crossholdings: some firms own one another")
    assert refusal(GOOD, [1, 1], crossholdings=csr_array(owned, dtype=float))[0].startswith("crossholdings: some")


def test_a_flood_of_faults_is_counted_not_listed():
    lines = refusal(np.full((100, 100), -1.0), np.ones(100))

    assert len(lines) < 110
    assert "liabilities: 9950 more figures are wrong in the same way" in lines
