import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.analysis.probability import probability


def of_binary(broke: np.ndarray, paths: np.ndarray, chance: bool = True) -> object:
    return probability(broke.astype(float), broke.astype(float), paths, chance)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=30))
def test_the_range_holds_the_probability(draws: list[tuple[int, int]]) -> None:
    paths = np.array([size for _, size in draws])
    found = of_binary(np.minimum([broke for broke, _ in draws], paths), paths)

    assert 0.0 <= found.value <= 1.0
    assert found.mc_error > 0.0
    if found.low is not None:
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0


def test_noise_of_few_paths_is_not_taken_for_ignorance() -> None:
    chance = np.random.default_rng(1)
    paths = np.full(250, 40)
    same_everywhere = of_binary(chance.binomial(40, 0.3, 250), paths)

    assert same_everywhere.high - same_everywhere.low < 0.06
    assert np.ptp(np.quantile(np.random.default_rng(1).binomial(40, 0.3, 250) / 40, [0.05, 0.95])) > 0.2


def test_a_range_over_ignorance_is_found_again() -> None:
    chance = np.random.default_rng(2)
    own_share = chance.uniform(0.2, 0.6, 2_000)
    found = of_binary(chance.binomial(40, own_share), np.full(2_000, 40))

    assert found.low == pytest.approx(0.22, abs=0.015)
    assert found.high == pytest.approx(0.58, abs=0.015)
    assert found.value == pytest.approx(0.4, abs=3 * found.mc_error)


def test_the_error_is_that_of_draws_when_draws_differ() -> None:
    always_or_never = of_binary(np.array([40, 0] * 50), np.full(100, 40))

    assert always_or_never.mc_error == pytest.approx(np.sqrt(0.25 / 99))


def test_the_stated_error_is_the_spread_of_repeated_runs() -> None:
    chance = np.random.default_rng(3)
    found = []
    for _ in range(300):
        broke = chance.binomial(40, chance.beta(2, 4, 60))
        found.append(of_binary(broke, np.full(60, 40)))

    spread = np.std([one.value for one in found])

    assert np.mean([one.mc_error for one in found]) == pytest.approx(spread, rel=0.12)


def test_what_was_never_seen_is_not_certain() -> None:
    found = of_binary(np.zeros(25), np.full(25, 4))

    assert found.value == 0.0
    assert found.mc_error == pytest.approx(np.sqrt(2 / 104 * 102 / 104 / 104))


def test_one_draw_has_no_range_over_ignorance() -> None:
    found = of_binary(np.array([30]), np.array([100]))

    assert (found.low, found.high) == (None, None)


def test_one_path_for_each_draw_cannot_tell_ignorance_from_chance() -> None:
    broke = np.array([1, 0, 1, 0])

    assert of_binary(broke, np.ones(4, int)).low is None
    assert of_binary(broke, np.ones(4, int), chance=False).low == 0.0


def test_draws_without_paths_do_not_count() -> None:
    assert of_binary(np.array([5, 0]), np.array([10, 0])) == of_binary(np.array([5]), np.array([10]))
