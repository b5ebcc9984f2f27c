"""Draws of ignorance are spread evenly, independent of one another, and tied to a name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.scenario.sampling import stratified_uniforms

MANY = [("fleets", f"fleet_{number}", "units") for number in range(200)]


@given(name=st.text(max_size=20), seed=st.integers(0, 2**63), power=st.integers(0, 9))
def test_each_of_2k_strata_holds_exactly_one_of_the_first_2k_draws(name, seed, power):
    draws = stratified_uniforms([("entities", name, "cash_musd")], draws=2**power, seed=seed)

    strata = np.floor(draws[0] * 2**power).astype(int)

    assert sorted(strata) == list(range(2**power))


def test_every_aligned_block_of_draws_is_as_even_as_the_first():
    draws = stratified_uniforms(MANY, draws=1024, seed=5)

    strata = np.floor(draws.reshape(len(MANY), 32, 32) * 32).astype(int)

    assert (np.sort(strata, axis=2) == np.arange(32)).all()


def test_draws_lie_strictly_between_zero_and_one_and_have_the_moments_of_a_uniform():
    draws = stratified_uniforms(MANY, draws=256, seed=7)

    assert draws.min() > 0
    assert draws.max() < 1
    assert draws.mean(axis=1) == pytest.approx(0.5, abs=5e-4)
    assert draws.var(axis=1) == pytest.approx(1 / 12, abs=5e-4)


def test_two_figures_are_as_good_as_independent():
    draws = stratified_uniforms(MANY, draws=250, seed=11)

    correlation = np.corrcoef(draws)[np.triu_indices(len(MANY), 1)]

    # Neighbouring draws lie in opposite halves of both margins, which adds 9/16 to the variance 1/249 that
    # independent permutations would have.
    assert abs(correlation.mean()) < 0.002
    assert correlation.std() == pytest.approx(np.sqrt((1 + 9 / 16) / 249), rel=0.05)
    assert abs(correlation).max() < 0.45


def test_two_figures_are_independent_beyond_their_correlation():
    draws = stratified_uniforms(MANY, draws=256, seed=13)

    counts = np.zeros((8, 8))
    for first, second in zip(draws[::2], draws[1::2], strict=True):
        counts += np.histogram2d(first, second, bins=8, range=[[0, 1], [0, 1]])[0]

    expected = 256 * 100 / 64
    assert abs(counts / expected - 1).max() < 0.2


def test_integrals_of_smooth_functions_come_out_closer_than_with_plain_monte_carlo():
    figures = [("leases", f"lease_{number}", "mw") for number in range(10)]
    weights = 1 / np.arange(1, 11)

    def product(uniforms):
        """Ten nearly additive terms, whose true integral is one."""
        return np.prod(1 + 0.6 * weights[:, None] * (uniforms - 0.5), axis=0).mean()

    ours = [product(stratified_uniforms(figures, draws=250, seed=seed)) - 1 for seed in range(100)]
    generator = np.random.default_rng(3)
    plain = [product(generator.random((10, 250))) - 1 for _ in range(100)]

    assert np.sqrt(np.mean(np.square(ours))) < 0.25 * np.sqrt(np.mean(np.square(plain)))


def test_draws_do_not_change_when_other_figures_come_or_go():
    few = stratified_uniforms(MANY[10:12], draws=100, seed=17)
    all_of_them = stratified_uniforms(MANY, draws=100, seed=17)
    backwards = stratified_uniforms(MANY[::-1], draws=100, seed=17)

    np.testing.assert_array_equal(few, all_of_them[10:12])
    np.testing.assert_array_equal(all_of_them, backwards[::-1])


def test_more_draws_extend_a_sequence_without_changing_its_beginning():
    short = stratified_uniforms(MANY[:5], draws=40, seed=19)
    long = stratified_uniforms(MANY[:5], draws=250, seed=19)

    np.testing.assert_array_equal(short, long[:, :40])


def test_figures_that_name_one_factor_are_drawn_together():
    first, second = stratified_uniforms([("factor", "hopper"), ("factor", "hopper")], draws=250, seed=23)

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("other", [("fleets", "f", "opex"), ("fleets", "g", "units"), ("factor", "f")])
def test_another_name_gives_another_sequence(other):
    ours, theirs = stratified_uniforms([("fleets", "f", "units"), other], draws=64, seed=29)

    assert (ours != theirs).all()


def test_another_seed_gives_another_sequence():
    ours = stratified_uniforms(MANY[:1], draws=64, seed=31)
    theirs = stratified_uniforms(MANY[:1], draws=64, seed=32)

    assert (ours != theirs).all()


def test_a_known_sequence_stays_what_it_was():
    draws = stratified_uniforms([("fleets", "crwv_h100", "units")], draws=4, seed=2026)

    # Worked out with whole numbers and a reversed string of bits, apart from the code under test.
    assert (draws[0] * 2**32 - 0.5).astype(np.uint32).tolist() == [
        2209231492,
        2107893123,
        911802446,
        4282202077,
    ]
