"""Elementary functions: as exact as they say, sensible at the edges, the same bits with and without the compiler."""

import math

import numba
import numpy as np
import pytest

from deflator.engine import elementary
from deflator.engine.elementary import cosine_of_turn, exp, expm1, fused, log, log1p, logistic, normal_share, power

#: Wider than what is measured, so that the reference is exact where it counts.
Long = np.longdouble
DRAWS = np.random.default_rng(20260228)
MANY = 200_000
SMALLEST = 2.2250738585072014e-308  # normal number

compared = pytest.mark.skipif(np.finfo(Long).eps > 1e-18, reason="no wider floating-point type to compare with")


def over(function):
    """Return a function of one number as a compiled function of many."""

    @numba.njit(error_model="numpy")
    def run(values):
        out = np.empty_like(values)
        for place in range(values.size):
            out[place] = function(values[place])
        return out

    return run


COMPILED = {function: over(function) for function in (exp, log, log1p, expm1, logistic, normal_share, cosine_of_turn)}


def units_in_the_last_place(function, values, reference):
    """Return the largest distance to the reference, in distances between neighbouring numbers."""
    exact = reference(values.astype(Long))
    apart = np.spacing(np.abs(exact.astype(np.float64))).astype(Long)
    return float((np.abs(COMPILED[function](values).astype(Long) - exact) / apart).max())


def largest_relative_error(function, values, reference):
    exact = reference(values.astype(Long))
    return float(np.abs((COMPILED[function](values).astype(Long) - exact) / exact).max())


@compared
@pytest.mark.parametrize("most", [708.0, 20.0, 1.0, 1e-5])
def test_the_exponential_is_exact_to_two_units_in_the_last_place(most):
    assert units_in_the_last_place(exp, DRAWS.uniform(-most, most, MANY), np.exp) <= 2.0


@compared
@pytest.mark.parametrize(
    "values",
    [np.exp(DRAWS.uniform(-708.0, 709.0, MANY)), 1.0 + DRAWS.uniform(-0.4, 0.6, MANY),
     1.0 + DRAWS.uniform(-1e-7, 1e-7, MANY), np.array([SMALLEST, np.finfo(float).max, 1.0 + 2**-52, 1.0 - 2**-53])],
    ids=["all normal numbers", "near one", "next to one", "extremes"],
)  # fmt: skip
def test_the_logarithm_is_exact_to_two_units_in_the_last_place(values):
    assert units_in_the_last_place(log, values, np.log) <= 2.0


@compared
@pytest.mark.parametrize("most", [700.0, 40.0, 5.0, 1e-3])
def test_the_logistic_is_exact_to_three_units_in_the_last_place(most):
    values = DRAWS.uniform(-most, most, MANY)

    assert units_in_the_last_place(logistic, values, lambda x: 1 / (1 + np.exp(-x))) <= 3.0


@compared
def test_the_cosine_of_a_turn_is_exact_to_rounding():
    turns = np.concatenate([DRAWS.uniform(0.0, 1.0, MANY), np.linspace(0.0, 1.0, 1_001)])
    exact = np.cos(2 * np.arccos(Long(-1)) * turns.astype(Long))

    assert float(np.abs(COMPILED[cosine_of_turn](turns) - exact).max()) <= 3e-16


@pytest.mark.parametrize("most", [1.0, 8.0, 45.0])
def test_the_share_of_a_normal_below_a_number_is_that_of_the_error_function(most):
    values = DRAWS.uniform(-most, most, MANY)
    expected = np.array([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in values])

    assert np.abs(COMPILED[normal_share](values) - expected).max() <= 2e-15


def test_the_share_of_a_normal_below_a_number_is_a_share_and_rises():
    shares = COMPILED[normal_share](np.linspace(-45.0, 45.0, 90_001))

    assert shares.min() >= 0.0
    assert shares.max() <= 1.0
    assert np.diff(shares).min() >= -2e-15
    assert COMPILED[normal_share](np.array([-7.0710678118655, -7.0710678118654])) == pytest.approx(
        0.5 * math.erfc(5.0), rel=1e-9
    )  # where one approximation takes over from the other


@compared
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("least", "most"), [(-300.0, -20.0), (-20.0, 0.0), (0.0, 2.5)])
def test_growth_over_one_is_exact_for_small_and_large_rates(sign, least, most):
    assert largest_relative_error(expm1, sign * 10 ** DRAWS.uniform(least, most, MANY), np.expm1) <= 1e-15


@compared
@pytest.mark.parametrize("values", [
    10 ** DRAWS.uniform(-300.0, 300.0, MANY), -(10 ** DRAWS.uniform(-300.0, -1e-3, MANY)),
    DRAWS.uniform(-0.999999, 3.0, MANY),
])  # fmt: skip
def test_the_logarithm_of_growth_is_exact_for_small_and_large_rates(values):
    assert largest_relative_error(log1p, values, np.log1p) <= 1e-15


@compared
def test_powers_of_positive_numbers_are_exact_to_fourteen_digits():
    base, exponent = 10 ** DRAWS.uniform(-5.0, 5.0, 20_000), DRAWS.uniform(-5.0, 5.0, 20_000)
    found = np.array([power(*pair) for pair in zip(base, exponent, strict=True)])
    exact = base.astype(Long) ** exponent.astype(Long)

    assert float(np.abs(found / exact - 1).max()) <= 1e-14
    assert power(0.0, 2.0) < 1e-300


@pytest.mark.parametrize("function", COMPILED)
def test_what_is_not_a_number_stays_so(function):
    assert np.isnan(COMPILED[function](np.array([math.nan]))).all()


def test_beyond_what_a_number_holds_the_exponential_stays_finite_and_above_nothing():
    low, lowest, high, highest = COMPILED[exp](np.array([-708.0, -math.inf, 709.0, math.inf]))

    assert low == lowest == pytest.approx(math.exp(-708.0), rel=1e-14)
    assert high == highest == pytest.approx(math.exp(709.0), rel=1e-14)
    assert lowest >= SMALLEST
    assert math.isfinite(highest)


def test_at_the_edges_the_logarithm_is_what_ieee_says():
    assert COMPILED[log](np.array([0.0, -0.0, math.inf])).tolist() == [-math.inf, -math.inf, math.inf]
    assert np.isnan(COMPILED[log](np.array([-1.0, -SMALLEST, -math.inf]))).all()
    assert COMPILED[log](np.array([1.0])).tolist() == [0.0]


def test_at_the_edges_the_logistic_and_the_share_of_a_normal_are_shares():
    edges = np.array([-math.inf, -1e300, 1e300, math.inf])

    assert COMPILED[logistic](edges) == pytest.approx([0.0, 0.0, 1.0, 1.0], abs=1e-300)
    assert COMPILED[normal_share](edges).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_growth_that_loses_all_or_has_no_end_is_what_it_says():
    assert COMPILED[log1p](np.array([-1.0, math.inf])).tolist() == [-math.inf, math.inf]
    assert COMPILED[expm1](np.array([-math.inf, -800.0, -745.0])) == pytest.approx(-1.0, abs=1e-15)
    assert COMPILED[expm1](np.array([800.0, math.inf])).min() > 1e307


def test_a_product_and_a_sum_are_rounded_once():
    a, b = 1.0 + 2.0**-30, 1.0 - 2.0**-30

    assert a * b - 1.0 == 0.0
    assert fused(a, b, -1.0) == -(2.0**-60)
    assert fused_compiled(a, b, -1.0) == -(2.0**-60)


@numba.njit
def fused_compiled(a, b, c):
    return fused(a, b, c)


@pytest.mark.parametrize("function", COMPILED)
def test_compiled_functions_give_the_bits_of_python(function):
    own = DRAWS.uniform(0.0, 1.0, 500)
    values = own if function is cosine_of_turn else np.concatenate([
        own, DRAWS.normal(0.0, 3.0, 500), DRAWS.normal(0.0, 300.0, 300), 10 ** DRAWS.uniform(-300.0, 300.0, 300),
        -(10 ** DRAWS.uniform(-20.0, 3.0, 300)),
        [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, -708.0, 709.0, -709.0, 710.0, SMALLEST,
         -SMALLEST, 5e-324],
    ])  # fmt: skip
    compiled = COMPILED[function](values)
    with np.errstate(all="ignore"):
        interpreted = np.array([function.py_func(value) for value in values])

    same = (compiled == interpreted) & (np.signbit(compiled) == np.signbit(interpreted))
    assert values[~(same | (np.isnan(compiled) & np.isnan(interpreted)))].tolist() == []


def test_the_bits_of_a_number_make_the_number_again():
    for number in (1.0, -2.5, SMALLEST, math.inf):
        assert elementary.number_of(elementary.bits_of(number)) == number
    assert elementary.bits_of(1.0) == 0x3FF0000000000000
    assert elementary.logical_shift(-1, 52) == 0xFFF  # zeros move in
