import numpy as np
import pytest

from deflator.analysis.knowing import Sample, range_over_draws, sample_of, screen, worth_of_knowing
from deflator.scenario.sampling import stratified_uniforms


def places(figures, draws, seed=1):
    return stratified_uniforms([("figure", str(number)) for number in range(figures)], draws, seed)


def certain(mean, event=False):
    return Sample(mean, np.zeros_like(mean), event)


def test_paths_of_a_draw_are_averaged_and_their_scatter_is_the_noise_of_the_average():
    random = np.random.default_rng(1)
    truth = random.normal(size=400)
    values = np.concatenate([truth + random.normal(scale=2.0, size=400) for _ in range(4)])
    sample, kept = sample_of(values, draws=400, event=False)

    assert kept.size == 400
    assert sample.noise.mean() == pytest.approx(2.0**2 / 4, rel=0.1)


def test_draws_whose_paths_failed_do_not_count():
    values = np.array([1.0, np.nan, 3.0, np.nan])
    sample, kept = sample_of(values, draws=2, event=False)

    assert kept.tolist() == [0]
    assert sample.mean.tolist() == [2.0]


def test_the_range_is_that_of_the_draws_without_the_scatter_of_their_paths():
    random = np.random.default_rng(2)
    truth = random.normal(size=4_000)
    values = np.concatenate([truth + random.normal(scale=2.0, size=4_000) for _ in range(3)])
    sample, _ = sample_of(values, draws=4_000, event=False)
    low, high = range_over_draws(sample.mean, sample.noise, event=False)

    assert high - low == pytest.approx(2 * 1.2816, rel=0.08)


def test_the_range_of_a_probability_is_found_from_two_paths_a_draw():
    random = np.random.default_rng(3)
    truth = random.beta(2.0, 6.0, 8_000)
    values = np.concatenate([(random.random(8_000) < truth).astype(float) for _ in range(2)])
    sample, _ = sample_of(values, draws=8_000, event=True)
    low, high = range_over_draws(sample.mean, sample.noise, event=True)

    assert (low, high) == pytest.approx(tuple(np.quantile(truth, [0.1, 0.9])), abs=0.02)


def test_an_answer_that_does_not_vary_has_no_range():
    assert np.ptp(range_over_draws(np.full(50, 0.5), np.full(50, 0.1), event=True)) == 0
    assert np.ptp(range_over_draws(np.full(50, 7.0), np.zeros(50), event=False)) == 0


def test_knowing_the_only_figure_that_matters_takes_nearly_the_whole_range_away():
    uniforms = places(2, 2_000)
    worth = worth_of_knowing(certain(uniforms[0]), uniforms, seed=1)

    assert worth[0].share == pytest.approx(1 - 1 / 10, abs=0.02)  # ten bins see the tenth part of it
    assert abs(worth[1].share) < 4 * worth[1].error


def test_two_equal_figures_are_worth_the_same_and_as_much_as_computed_by_hand():
    uniforms = places(2, 8_000)
    worth = worth_of_knowing(certain(uniforms.sum(axis=0)), uniforms, seed=1)
    # The sum of two uniform numbers lies between sqrt(0.2) and 2 - sqrt(0.2) in eight draws of ten; with one known the
    # other leaves 0.8, and a tenth of the known one is left in its bin.
    inside = np.linspace(0, 1, 2_000)[:, None] + 0.1 * np.linspace(0, 1, 201)
    expected = 1 - np.diff(np.quantile(inside, [0.1, 0.9]))[0] / (2 - 2 * np.sqrt(0.2))

    for one in worth:
        assert one.share == pytest.approx(expected, abs=0.015)


def test_the_share_of_variance_that_figures_explain_is_that_of_the_model():
    uniforms = places(50, 4_000)
    answer = 3.0 * uniforms[4] - uniforms[7] + (2.0 * uniforms[9] - 1.0) ** 2
    parts = np.array([9.0 / 12.0, 1.0 / 12.0, 4.0 / 45.0])
    found = screen(certain(answer), uniforms)

    assert set(np.flatnonzero(found.p_value < 0.05)) == {4, 7, 9}
    np.testing.assert_allclose(found.explained[[4, 7, 9]], parts / parts.sum(), atol=0.03)
    assert found.slope[4] > 0 > found.slope[7]


def test_noise_of_few_paths_takes_nothing_from_the_share_that_is_explained():
    random = np.random.default_rng(4)
    uniforms = places(20, 4_000)
    values = np.concatenate([uniforms[0] + random.normal(scale=0.5, size=4_000) for _ in range(4)])
    sample, _ = sample_of(values, draws=4_000, event=False)

    assert screen(sample, uniforms).explained[0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.slow
def test_a_model_without_any_effect_seldom_names_a_figure():
    named = 0
    for seed in range(200):
        answer = np.random.default_rng(seed).normal(size=1_000)
        named += bool((screen(certain(answer), places(500, 1_000, seed)).p_value < 0.05).any())

    assert named / 200 < 0.1


@pytest.mark.slow
def test_errors_of_the_value_of_knowing_are_not_told_smaller_than_they_are():
    shares, errors = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        uniforms = random.random((2, 1_000))
        worth = worth_of_knowing(certain(uniforms[0] + random.normal(scale=0.3, size=1_000)), uniforms, seed)
        shares.append([one.share for one in worth])
        errors.append([one.error for one in worth])

    made, told = np.std(shares, axis=0), np.mean(errors, axis=0)

    assert (made < 1.2 * told).all()
    assert (told < 2.5 * made).all()
