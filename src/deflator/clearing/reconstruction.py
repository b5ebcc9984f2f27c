"""Bilateral exposures that nobody has seen, from totals that everybody publishes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import LISTED, choice_faults, refuse, shape_fault
from deflator.clearing.rows import figures_of
from deflator.clearing.status import status_of
from deflator.errors import Fault

LINK_COST = 1.0  # of a link, where closing the whole gap of one node is worth 1
REMOVED = 0.01  # probability that a draw takes a link out instead


@dataclass(frozen=True)
class Reconstruction:
    """Exposures that fit the totals.

    Parameters
    ----------
    exposures
        `exposures[i, j]` is what `i` has lent to `j`, currency; nobody lends to itself.
    links
        Number of exposures that are not 0.
    rounds
        Rounds of scaling, or draws of a link.
    residual
        Largest miss of a total, as a share of all lending.
    status
        A `ClearingStatus`: whether the totals are met.
    """

    exposures: NDArray[np.float64]
    links: int
    rounds: int
    residual: float
    status: Any


def reconstruct(
    assets: ArrayLike,
    liabilities: ArrayLike,
    *,
    method: Literal["maximum_entropy", "minimum_density"] = "maximum_entropy",
    seed: int = 0,
    tries: int = 16,
    tolerance: float = 1e-10,
    max_rounds: int = 100_000,
) -> Reconstruction:
    """Fill in who has lent how much to whom, given what each has lent and borrowed in all.

    Maximum entropy spreads lending as evenly as the totals allow: every possible link exists, and contagion
    is spread thin. Minimum density looks for few, large links, as links are costly: contagion has few ways
    to go. A conclusion that differs between the two rests on links that nobody has seen.

    Parameters
    ----------
    assets, liabilities
        Lent and borrowed by each node within the network, currency, [node]; both sum to the same.
    method
        `"maximum_entropy"` (iterative proportional fitting, called RAS) or `"minimum_density"`.
    seed, tries
        For minimum density: the draws are random, and the fewest links of several tries are kept.
    tolerance
        Largest miss of a total that counts as met, as a share of all lending.
    max_rounds
        Most rounds; for minimum density in each try.

    Returns
    -------
    Reconstruction
        Look at `status`.

    Raises
    ------
    ClearingError
        Naming every total that is negative or not finite, or that no network can have.

    References
    ----------
    Upper and Worm (2004), European Economic Review 48; Anand, Craig and von Peter (2015), Filling in the
    blanks: network structure and interbank contagion, Quantitative Finance 15, equations (3) to (7).

    Examples
    --------
    >>> reconstruct([2, 1, 1], [1, 1, 2]).exposures.round(3)
    array([[0.   , 0.603, 1.397],
           [0.397, 0.   , 0.603],
           [0.603, 0.397, 0.   ]])
    >>> reconstruct([2, 1, 1], [1, 1, 2], method="minimum_density").exposures
    array([[0., 0., 2.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    refuse(choice_faults("method", method, ("maximum_entropy", "minimum_density")))
    lent, borrowed = _totals(assets, liabilities)
    total = lent.sum()
    if total == 0.0:
        nothing = np.zeros((lent.size, lent.size))
        return Reconstruction(nothing, 0, 0, 0.0, status_of(0.0, tolerance))
    if method == "maximum_entropy":
        row, column = np.ones(lent.size), np.ones(lent.size)
        rounds = _scale(lent / total, borrowed / total, tolerance, max_rounds, row, column)
        exposures = total * np.outer(row, column)
        np.fill_diagonal(exposures, 0.0)
    else:
        exposures, rounds = _sparsest(lent, borrowed, seed, tries, tolerance, max_rounds)
    miss = max(np.abs(exposures.sum(axis=1) - lent).max(), np.abs(exposures.sum(axis=0) - borrowed).max())
    residual = float(miss / total)
    return Reconstruction(exposures, int(np.count_nonzero(exposures)), rounds, residual, status_of(residual, tolerance))


def _totals(assets: ArrayLike, liabilities: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each node has lent and borrowed, refusing totals that no network can have."""
    nodes = np.size(assets)
    found: list[Fault] = []
    if np.ndim(assets) != 1:
        refuse([shape_fault("assets", np.shape(assets), "[node]")])
    lent = figures_of("assets", assets, nodes, found)[:, 0]
    borrowed = figures_of("liabilities", liabilities, nodes, found)[:, 0]
    refuse(found)
    total, other = lent.sum(), borrowed.sum()
    if abs(total - other) > 1e-9 * max(total, other):
        what = f"sum to {total:.10g} but liabilities sum to {other:.10g}"
        found.append(Fault("", 0, "assets", what, "every loan is both, so let the sums be equal"))
    for node in np.flatnonzero(lent + borrowed > total * (1.0 + 1e-9))[:LISTED].tolist():
        what = f"{lent[node]:.6g} lent and {borrowed[node]:.6g} borrowed are more than all lending, {total:.6g}"
        found.append(Fault("", 0, f"assets[{node}]", what, "a node cannot lend to itself"))
    refuse(found)
    return lent, borrowed


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(lent, borrowed, tolerance, max_rounds, row, column):
    """Find factors such that `row[i] * column[j]` off the diagonal has the totals; return the rounds.

    The prior is one everywhere off the diagonal, so sums over a row need no matrix.
    """
    nodes = lent.size
    for count in range(1, max_rounds + 1):
        everything = column.sum()
        for node in range(nodes):
            rest = everything - column[node]
            row[node] = lent[node] / rest if rest > 0.0 else 0.0
        everything = row.sum()
        for node in range(nodes):
            rest = everything - row[node]
            column[node] = borrowed[node] / rest if rest > 0.0 else 0.0
        everything = column.sum()
        miss = 0.0
        for node in range(nodes):
            miss = max(miss, abs(row[node] * (everything - column[node]) - lent[node]))
        if miss <= 0.5 * tolerance:
            return count
    return max_rounds


def _sparsest(
    lent: NDArray[np.float64],
    borrowed: NDArray[np.float64],
    seed: int,
    tries: int,
    tolerance: float,
    max_rounds: int,
) -> tuple[NDArray[np.float64], int]:
    """Return the exposures with the fewest links of several tries."""
    best, rounds_of_best, fewest = np.zeros((lent.size, lent.size)), 0, math.inf
    for attempt in range(tries):
        exposures = np.zeros((lent.size, lent.size))
        random = np.random.Generator(np.random.Philox(key=[seed, attempt]))
        rounds, missing = _draw_links(lent, borrowed, random, tolerance, max_rounds, exposures)
        links = float(np.count_nonzero(exposures)) if missing <= tolerance else math.inf
        if links < fewest or attempt == 0:
            best, rounds_of_best, fewest = exposures, rounds, links
    return best, rounds_of_best


@njit(cache=True, nogil=True, error_model="numpy")
def _draw_links(lent, borrowed, random, tolerance, max_rounds, exposures):
    """Draw link after link, each as large as both sides still allow; return the draws and the share missing.

    Likely links join nodes of unequal need, so that a small node serves one large one. A link is kept when
    it is worth its cost, otherwise with odds that fall with what it lacks; now and then one is taken out.
    """
    nodes = lent.size
    to_lend, to_borrow = lent.copy(), borrowed.copy()
    total = lent.sum()
    dust = 1e-3 * tolerance * total
    link_from, link_to, links = np.empty(nodes * nodes, np.int64), np.empty(nodes * nodes, np.int64), 0
    weight = np.empty(nodes)
    for count in range(1, max_rounds + 1):
        _weigh_lenders(to_lend, to_borrow, weight)
        everything = weight.sum()
        if links > 0 and (everything == 0.0 or random.random() < REMOVED):
            links -= 1
            place = int(random.random() * (links + 1))
            lender, borrower = link_from[place], link_to[place]
            link_from[place], link_to[place] = link_from[links], link_to[links]
            to_lend[lender] += exposures[lender, borrower]
            to_borrow[borrower] += exposures[lender, borrower]
            exposures[lender, borrower] = 0.0
            continue
        lender = _pick(weight, random.random() * everything)
        borrower = _pick_borrower(lender, to_lend, to_borrow, random.random() * weight[lender])
        amount = min(to_lend[lender], to_borrow[borrower])
        is_new = exposures[lender, borrower] == 0.0
        worth = _closed(to_lend[lender], amount, lent[lender]) + _closed(
            to_borrow[borrower], amount, borrowed[borrower]
        )
        if is_new and random.random() >= np.exp(worth - LINK_COST):
            continue
        exposures[lender, borrower] += amount
        # What rounding leaves over is no need for a link of its own.
        to_lend[lender] = to_lend[lender] - amount if to_lend[lender] - amount > dust else 0.0
        to_borrow[borrower] = to_borrow[borrower] - amount if to_borrow[borrower] - amount > dust else 0.0
        if is_new:
            link_from[links], link_to[links] = lender, borrower
            links += 1
        if to_lend.sum() <= 0.5 * tolerance * total and to_borrow.sum() <= 0.5 * tolerance * total:
            return count, to_lend.sum() / total
    return max_rounds, to_lend.sum() / total


@njit(cache=True, nogil=True, error_model="numpy")
def _closed(open_amount, amount, whole):
    """Return by how much a loan closes a gap: the fall of its squared share of the whole."""
    return (open_amount / whole) ** 2 - ((open_amount - amount) / whole) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def _likelihood(to_lend, to_borrow):
    """Weigh a link by how unequal the needs are."""
    return max(to_lend / to_borrow, to_borrow / to_lend)


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh_lenders(to_lend, to_borrow, weight):
    """Add up the weights of all links that each lender could still make."""
    for lender in range(to_lend.size):
        weight[lender] = 0.0
        if to_lend[lender] > 0.0:
            for borrower in range(to_borrow.size):
                if to_borrow[borrower] > 0.0 and borrower != lender:
                    weight[lender] += _likelihood(to_lend[lender], to_borrow[borrower])


@njit(cache=True, nogil=True, error_model="numpy")
def _pick(weight, point):
    """Return the last place with weight at which the running sum has not passed the point."""
    picked = -1
    for place in range(weight.size):
        if weight[place] > 0.0:
            picked = place
            point -= weight[place]
            if point < 0.0:
                break
    return picked


@njit(cache=True, nogil=True, error_model="numpy")
def _pick_borrower(lender, to_lend, to_borrow, point):
    picked = -1
    for borrower in range(to_borrow.size):
        if to_borrow[borrower] > 0.0 and borrower != lender:
            picked = borrower
            point -= _likelihood(to_lend[lender], to_borrow[borrower])
            if point < 0.0:
                break
    return picked
