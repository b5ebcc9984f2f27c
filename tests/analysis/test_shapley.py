from itertools import permutations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deflator.analysis.shapley import (
    antithetic_orders,
    coalitions_of,
    exact_interactions,
    exact_values,
    order_values,
)

GAMES = st.integers(1, 5).flatmap(
    lambda players: arrays.arrays(np.float64, 1 << players, elements=st.floats(-1e3, 1e3, allow_subnormal=False))
)


def game(players: int, worth) -> np.ndarray:
    """Return the worth of every coalition, given as the tuple of who takes part."""
    return np.array([worth([i for i in range(players) if mask >> i & 1]) for mask in range(1 << players)], float)


def by_definition(worth: np.ndarray) -> np.ndarray:
    """Return what each adds when it joins, averaged over all orders."""
    players = len(worth).bit_length() - 1
    orders = list(permutations(range(players)))
    values = np.zeros(players)
    for order in orders:
        joined = 0
        for player in order:
            values[player] += worth[joined | 1 << player] - worth[joined]
            joined |= 1 << player
    return values / len(orders)


def test_where_nothing_acts_on_anything_each_is_worth_what_it_is_worth_alone() -> None:
    own = np.array([3.0, -1.0, 0.0, 7.5])
    additive = game(4, lambda members: own[members].sum())

    assert exact_values(additive) == pytest.approx(own)
    assert exact_interactions(additive) == pytest.approx(np.zeros((4, 4)))


def test_one_left_glove_among_two_right_ones_is_worth_two_thirds() -> None:
    gloves = game(3, lambda members: float(0 in members and len(members) > 1))

    assert exact_values(gloves) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_players_that_are_alike_share_alike() -> None:
    alike = game(6, lambda members: len(members) ** 2)

    assert exact_values(alike) == pytest.approx(np.full(6, 6.0))
    assert exact_interactions(alike)[np.triu_indices(6, 1)] == pytest.approx(np.full(15, 2.0))


def test_in_a_council_with_vetoes_power_is_the_share_of_orders_in_which_a_vote_decides() -> None:
    # Three with a veto, three without, five votes to pass: one without decides when it is the fifth and the three with
    # a veto and one other of the two came before.
    vote = game(6, lambda members: float({0, 1, 2} <= set(members) and len(members) >= 5))
    without = comb(2, 1) / comb(5, 4) / 6

    assert exact_values(vote)[3:] == pytest.approx(np.full(3, without))
    assert exact_values(vote)[:3] == pytest.approx(np.full(3, (1.0 - 3 * without) / 3))


@given(GAMES)
def test_values_are_the_mean_over_all_orders_and_sum_to_the_total(worth: np.ndarray) -> None:
    values = exact_values(worth)

    assert values == pytest.approx(by_definition(worth), abs=1e-6)
    assert values.sum() == pytest.approx(worth[-1] - worth[0], abs=1e-9 * (1.0 + np.abs(worth).max()))


@given(GAMES)
def test_a_game_of_two_terms_has_the_interaction_of_their_product(worth: np.ndarray) -> None:
    players = len(worth).bit_length() - 1
    random = np.random.default_rng(3)
    pair = random.normal(size=(players, players))
    quadratic = game(players, lambda members: sum(pair[i, j] for i in members for j in members if i < j))

    assert exact_interactions(quadratic) == pytest.approx(np.triu(pair, 1) + np.triu(pair, 1).T)


def test_a_player_that_adds_nothing_is_worth_nothing() -> None:
    worth = game(4, lambda members: len([member for member in members if member != 2]) ** 1.5)

    assert exact_values(worth)[2] == pytest.approx(0.0, abs=1e-12)


@given(GAMES, st.integers(1, 4), st.integers(0, 10))
def test_some_orders_sum_to_the_total_without_rescaling(worth: np.ndarray, pairs: int, seed: int) -> None:
    players = len(worth).bit_length() - 1
    orders = antithetic_orders(players, pairs, np.random.default_rng(seed))
    values = order_values({mask: worth[mask] for mask in coalitions_of(orders)}, orders)

    assert values.sum(axis=1) == pytest.approx(np.full(pairs, worth[-1] - worth[0]), abs=1e-6)


def test_all_orders_together_give_the_exact_values() -> None:
    worth = np.random.default_rng(5).normal(size=16)
    orders = np.array([[order, order[::-1]] for order in permutations(range(4))])

    found = order_values(dict(enumerate(worth)), orders).mean(axis=0)
    assert found == pytest.approx(exact_values(worth))


def test_an_order_and_its_reverse_are_exact_where_players_act_in_pairs_only() -> None:
    pair = np.random.default_rng(6).normal(size=(5, 5))
    worth = game(5, lambda members: pair[np.ix_(members, members)].sum())
    orders = antithetic_orders(5, 1, np.random.default_rng(7))

    assert order_values(dict(enumerate(worth)), orders)[0] == pytest.approx(exact_values(worth))


def test_what_is_not_a_power_of_two_is_no_game() -> None:
    with pytest.raises(ValueError, match="3 is not the number of coalitions"):
        exact_values(np.zeros(3))
