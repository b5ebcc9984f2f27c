"""Divide what a coalition brings about among its members: Shapley values and interactions, exact and by sampling.

A coalition is a whole number whose bit i says whether player i takes part; a game is the worth of every coalition, each
a number or an array of any shape. Nothing here knows of an economy.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Orders = NDArray[np.int64]


def exact_values(worth: Floats) -> Floats:
    """Return the Shapley value of every player.

    Parameters
    ----------
    worth
        Worth of each of the 2^n coalitions in the order of their numbers; shape [2^n, ...].

    Returns
    -------
    ndarray
        Shape [n, ...]; the values sum to the worth of all players less that of none.

    References
    ----------
    L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953), equation 13.

    Examples
    --------
    Three players; one has a left glove, two have a right one; a pair is worth 1.

    >>> pairs = [min(mask & 1, (mask >> 1 & 1) + (mask >> 2)) for mask in range(8)]
    >>> exact_values(np.array(pairs, float)).round(4).tolist()
    [0.6667, 0.1667, 0.1667]
    """
    players = _players(worth)
    masks, size = _masks(players)
    weight = np.array([1.0 / (players * comb(players - 1, k)) for k in range(players)])
    values = np.empty((players, *worth.shape[1:]))
    for player in range(players):
        without = masks[masks >> player & 1 == 0]
        gain = worth[without | 1 << player] - worth[without]
        values[player] = np.tensordot(weight[size[without]], gain, axes=1)
    return values


def exact_interactions(worth: Floats) -> Floats:
    """Return how much more two players bring together than each for itself: the Shapley interaction index.

    Parameters
    ----------
    worth
        As for `exact_values`.

    Returns
    -------
    ndarray
        Shape [n, n, ...], symmetric, with zeros on the diagonal; above zero where two reinforce each other.

    References
    ----------
    M. Grabisch and M. Roubens, "An axiomatic approach to the concept of interaction among players in cooperative
    games", International Journal of Game Theory 28 (1999), equation 6.

    Examples
    --------
    >>> exact_interactions(np.array([0.0, 1.0, 2.0, 7.0]))[0, 1]
    np.float64(4.0)
    """
    players = _players(worth)
    masks, size = _masks(players)
    found = np.zeros((players, players, *worth.shape[1:]))
    whole = factorial(players - 1)
    weight = np.array([factorial(k) * factorial(players - k - 2) / whole for k in range(players - 1)])
    for one in range(players):
        for other in range(one):
            both = 1 << one | 1 << other
            without = masks[masks & both == 0]
            gain = worth[without | both] - worth[without | 1 << one] - worth[without | 1 << other] + worth[without]
            found[one, other] = found[other, one] = np.tensordot(weight[size[without]], gain, axes=1)
    return found


def antithetic_orders(players: int, pairs: int, random: np.random.Generator) -> Orders:
    """Draw orders in which players may join, each with its reverse.

    A player that joins early in one joins late in the other, so that errors of the two cancel in part.

    Parameters
    ----------
    players, pairs
        How many.
    random
        Where chance comes from.

    Returns
    -------
    ndarray
        Shape [pair, 2, player].

    References
    ----------
    R. Mitchell, J. Cooper, E. Frank and G. Holmes, "Sampling permutations for Shapley value estimation", Journal of
    Machine Learning Research 23 (2022), section 2.3.
    """
    drawn = np.stack([random.permutation(players) for _ in range(pairs)])
    return np.stack([drawn, drawn[:, ::-1]], axis=1)


def coalitions_of(orders: Orders) -> list[int]:
    """Return every coalition that is met when players join one after another, without repeats.

    Examples
    --------
    >>> coalitions_of(np.array([[[0, 1, 2], [2, 1, 0]]]))
    [0, 1, 3, 4, 6, 7]
    """
    joined = np.cumsum(1 << orders, axis=-1)
    return sorted({0, *joined.ravel().tolist()})


def order_values(worth: Mapping[int, Floats], orders: Orders) -> Floats:
    """Return what each player adds when it joins, averaged over the two orders of a pair.

    The mean over pairs is an unbiased estimate of the Shapley values. It sums to the worth of all players less that of
    none whatever the orders: what each adds telescopes, and nothing is rescaled.

    Parameters
    ----------
    worth
        Worth of at least the coalitions of `coalitions_of(orders)`.
    orders
        From `antithetic_orders`.

    Returns
    -------
    ndarray
        Shape [pair, player, ...].

    References
    ----------
    J. Castro, D. Gómez and J. Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers &
    Operations Research 36 (2009).
    """
    pairs, sides, players = orders.shape
    values = np.zeros((pairs, players, *np.shape(worth[0])))
    for pair in range(pairs):
        for order in orders[pair]:
            joined = 0
            for player in order.tolist():
                values[pair, player] += (worth[joined | 1 << player] - worth[joined]) / sides
                joined |= 1 << player
    return values


def _players(worth: Floats) -> int:
    """Return how many players have 2^n coalitions."""
    players = len(worth).bit_length() - 1
    if len(worth) != 1 << players or players < 1:
        raise ValueError(f"{len(worth)} is not the number of coalitions of any players")
    return players


def _masks(players: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every coalition and how many take part in it."""
    masks = np.arange(1 << players)
    return masks, np.array([mask.bit_count() for mask in range(1 << players)])
