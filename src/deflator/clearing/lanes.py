"""The compiled heart of payment clearing: one network of obligations, many lanes at once, no allocation.

A lane is one economy (a Monte Carlo path, or a shock); lanes are the last, inner-most axis of every array.
The engine calls `clear_lanes` inside its month, and the public `deflator.clearing.clear` calls it for shocks
in lanes.

How the network is laid out:

- an *edge* is one obligation; edges are sorted by payer and, within a payer, by class of seniority;
- a *group* is one payer's obligations of one class: the edges `group_ofs[g]` up to `group_ofs[g + 1]`. Groups
  of a payer follow one another, most senior first, and `group_payer[g]` names the payer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from deflator.clearing.settling import freeze_lanes


class LaneWorkspace(NamedTuple):
    """Scratch memory of `clear_lanes`; its contents mean nothing between calls.

    Make it once with `lane_workspace` and use it again for every network of the same size.
    """

    owed: NDArray[np.float64]  # [node, lane] total due
    group_due: NDArray[np.float64]  # [group, lane] due in the group, where its payer is impaired
    available: NDArray[np.float64]  # [lane] what one payer still has to hand out; inf when it is solvent
    fall: NDArray[np.float64]  # [lane] by how much the paid share of one group just fell
    step: NDArray[np.float64]  # [lane] largest fall of this round
    step_before: NDArray[np.float64]  # [lane] largest fall of the round before
    active: NDArray[np.bool_]  # [lane] not yet converged
    touched: NDArray[np.bool_]  # [node] its receipts changed since it was last looked at
    impaired: NDArray[np.bool_]  # [node] pays less than it owes in some lane


def lane_workspace(nodes: int, groups: int, lanes: int) -> LaneWorkspace:
    """Allocate the scratch memory of `clear_lanes`.

    Parameters
    ----------
    nodes, groups, lanes
        Sizes of the network and of the block.

    Returns
    -------
    LaneWorkspace
        Arrays that `clear_lanes` overwrites.

    Examples
    --------
    >>> lane_workspace(nodes=3, groups=2, lanes=8).group_due.shape
    (2, 8)
    """
    return LaneWorkspace(
        owed=np.empty((nodes, lanes)),
        group_due=np.empty((groups, lanes)),
        available=np.empty(lanes),
        fall=np.empty(lanes),
        step=np.empty(lanes),
        step_before=np.empty(lanes),
        active=np.empty(lanes, np.bool_),
        touched=np.empty(nodes, np.bool_),
        impaired=np.empty(nodes, np.bool_),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def clear_lanes(
    group_payer,
    group_ofs,
    edge_payee,
    due,
    resources,
    alpha,
    beta,
    start,
    tolerance,
    max_rounds,
    ratio,
    received,
    defaulted,
    rounds,
    residual,
    work,
):
    """Find what everybody can pay when everybody pays only what they can.

    A round looks, in the order of the groups, at every node whose receipts changed. A node whose resources
    and receipts fall short of what it owes defaults and hands out `alpha * resources + beta * receipts` by
    seniority, pro rata within a class; the rest pay in full. Only changes travel on to the payees, at once,
    so a round costs no more than what moves in it. From full payment the payments fall monotonically to the
    greatest clearing vector.

    Parameters
    ----------
    group_payer : int array [group]
        Payer of each group; groups of one payer are adjacent, most senior first.
    group_ofs : int array [group + 1]
        First edge of each group.
    edge_payee : int array [edge]
        Who is owed.
    due : float array [edge, lane] or [edge, 1]
        Amounts due, finite and at least 0; a lane axis of length one holds for all lanes.
    resources : float array [node, lane]
        Cash and all receipts from outside the network, at least 0; inf for a node that can always pay.
    alpha, beta : float array [node, lane]
        Shares of resources and of receipts that survive a default, in [0, 1].
    start : float
        1.0 for the greatest clearing vector (the economic one), 0.0 for the least.
    tolerance : float
        A lane is done when every paid share is within about this distance of its limit; a node defaults
        when it is short by more than this share of what it owes.
    max_rounds : int
        Most rounds; a lane that needs more ends with `residual > tolerance`.
    ratio : float array [group, lane], 1.0 everywhere before the call, written
        Share of the group that is paid; the payment on an edge is `due * ratio`.
    received : float array [node, lane], written
        Sum of the payments to each node, in the order of the edges.
    defaulted : bool array [node, lane], written
        Who cannot pay in full.
    rounds : int array [lane], written
        Rounds in which some payment changed; 0 when nobody defaults.
    residual : float array [lane], written
        Estimated largest distance of a paid share from its limit; the lane has converged when it is at most
        `tolerance`. Input that holds NaN never converges.
    work : LaneWorkspace
        Scratch, from `lane_workspace`.

    References
    ----------
    Eisenberg and Noe (2001), Management Science 47, section 3; Rogers and Veraart (2013), Management Science
    59, definition 2.6; Elsinger (2009), OeNB Working Paper 156, section 4 (seniority).

    Notes
    -----
    A lane that has converged is frozen: its bits depend neither on its neighbours nor on its place in the
    block.

    Examples
    --------
    Node 0 owes 10 to node 1, which owes 8 to node 2. Two lanes: node 0 has 10, or only 5.

    >>> work = lane_workspace(nodes=3, groups=2, lanes=2)
    >>> group_payer, group_ofs, edge_payee = np.array([0, 1]), np.array([0, 1, 2]), np.array([1, 2])
    >>> due = np.array([[10.0], [8.0]])
    >>> resources = np.array([[10.0, 5.0], [1.0, 1.0], [0.0, 0.0]])
    >>> no_costs = np.ones((3, 2))
    >>> ratio, received, defaulted = np.ones((2, 2)), np.empty((3, 2)), np.empty((3, 2), bool)
    >>> rounds, residual = np.empty(2, np.int64), np.empty(2)
    >>> clear_lanes(group_payer, group_ofs, edge_payee, due, resources, no_costs, no_costs, 1.0, 1e-12, 100,
    ...             ratio, received, defaulted, rounds, residual, work)
    >>> received[2]
    array([8., 6.])
    >>> defaulted[:, 1]
    array([ True,  True, False])
    """
    _owe(group_payer, group_ofs, edge_payee, due, received, work)
    _begin(start, ratio, received, defaulted, rounds, residual, work)
    if start < 1.0:
        sum_groups(0, group_payer.shape[0], group_ofs, due, work.group_due)
    for _ in range(max_rounds):
        _sweep(group_payer, group_ofs, edge_payee, due, resources, alpha, beta, tolerance, ratio, received, work)
        if not freeze_lanes(work.step, work.step_before, tolerance, work.active, rounds, residual):
            break
    if work.impaired.any():
        _sum_receipts(group_payer, group_ofs, edge_payee, due, ratio, received, work)
        _name_defaulters(group_payer, ratio, defaulted, work.impaired)


@njit(cache=True, nogil=True, error_model="numpy")
def _owe(group_payer, group_ofs, edge_payee, due, received, work):
    """Add up what is due by payer, group by group, and what each payee would receive if all were paid."""
    in_group, owed = work.fall, work.owed
    owed[:] = 0.0
    received[:] = 0.0
    width = due.shape[1]
    for group in range(group_payer.shape[0]):
        for lane in range(width):
            in_group[lane] = 0.0
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            payee = edge_payee[edge]
            for lane in range(width):
                in_group[lane] += due[edge, lane]
            for lane in range(width):
                received[payee, lane] += due[edge, lane]
        payer = group_payer[group]
        for lane in range(width):
            owed[payer, lane] += in_group[lane]
    if width < owed.shape[1]:
        _repeat(owed)
        _repeat(received)


@njit(cache=True, nogil=True, error_model="numpy")
def sum_groups(first, end, group_ofs, due, group_due):
    """Add up what is due in each of the groups `first` up to `end`.

    Parameters
    ----------
    first, end : int
        Which groups.
    group_ofs, due
        As for `clear_lanes`.
    group_due : float array [group, lane], written
        What is due in these groups.

    Examples
    --------
    >>> group_due = np.empty((2, 1))
    >>> sum_groups(0, 2, np.array([0, 2, 3]), np.array([[1.0], [2.0], [4.0]]), group_due)
    >>> group_due[:, 0]
    array([3., 4.])
    """
    width = due.shape[1]
    for group in range(first, end):
        group_due[group] = 0.0
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            for lane in range(width):
                group_due[group, lane] += due[edge, lane]
    if width < group_due.shape[1]:
        _repeat(group_due[first:end])


@njit(cache=True, nogil=True, error_model="numpy")
def _repeat(table):
    """Copy the first lane into all others."""
    for row in range(table.shape[0]):
        table[row, 1:] = table[row, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(start, ratio, received, defaulted, rounds, residual, work):
    """Set every lane to the start: all paid in full (greatest vector) or nothing paid (least)."""
    if start < 1.0:
        ratio[:] = start
        received *= start
    defaulted[:] = False
    rounds[:] = 0
    residual[:] = np.inf
    work.step[:] = np.inf
    work.step_before[:] = np.inf
    work.active[:] = True
    work.touched[:] = True
    work.impaired[:] = start < 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(group_payer, group_ofs, edge_payee, due, resources, alpha, beta, tolerance, ratio, received, work):
    """Let every touched node pay what it can, and let its payees feel it at once."""
    touched, impaired, owed = work.touched, work.impaired, work.owed
    available, fall, active, step = work.available, work.fall, work.active, work.step
    keep = 1.0 - tolerance
    groups = group_payer.shape[0]
    step[:] = 0.0
    end = 0
    while end < groups:
        first = end
        payer = group_payer[first]
        while end < groups and group_payer[end] == payer:
            end += 1
        if not touched[payer]:
            continue
        touched[payer] = False
        if not impaired[payer] and _is_short(payer, resources, received, owed, keep):
            impaired[payer] = True
            sum_groups(first, end, group_ofs, due, work.group_due)
        if impaired[payer]:
            _count(payer, resources, received, alpha, beta, owed, keep, available)
            for group in range(first, end):
                if _share(group, work.group_due, available, active, ratio, fall, step):
                    _pass_on(group_ofs[group], group_ofs[group + 1], edge_payee, due, fall, received, touched)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_short(payer, resources, received, owed, keep):
    """Return whether a payer cannot pay in full in some lane."""
    short = 0
    for lane in range(owed.shape[1]):
        short += not (resources[payer, lane] + received[payer, lane] >= owed[payer, lane] * keep)
    return short > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _count(payer, resources, received, alpha, beta, owed, keep, available):
    """Count what a payer has to hand out in each lane; it is unlimited where the payer is solvent."""
    for lane in range(available.shape[0]):
        own = resources[payer, lane]
        came = received[payer, lane]
        came = 0.0 if came < 0.0 else came  # rounding only; NaN stays NaN
        solvent = own + came >= owed[payer, lane] * keep
        available[lane] = np.inf if solvent else alpha[payer, lane] * own + beta[payer, lane] * came


@njit(cache=True, nogil=True, error_model="numpy")
def _share(group, group_due, available, active, ratio, fall, step):
    """Pay one class pro rata out of what is left; return whether its paid share changed in any lane."""
    # The tests are such that NaN counts as "not enough" and as "changed": it must never look like an answer.
    lanes = fall.shape[0]
    for lane in range(lanes):
        owed = group_due[group, lane]
        share = available[lane] / owed
        before = ratio[group, lane]
        after = 1.0 if share >= 1.0 or owed == 0.0 else share
        after = after if active[lane] else before
        ratio[group, lane] = after
        fall[lane] = before - after
    changes = 0
    for lane in range(lanes):
        left, owed, size = available[lane], group_due[group, lane], abs(fall[lane])
        available[lane] = left - owed if left >= owed else 0.0
        step[lane] = size if size > step[lane] or size != size else step[lane]
        changes += size != 0.0
    return changes > 0


@njit(cache=True, nogil=True, error_model="numpy")
def _pass_on(first, end, edge_payee, due, fall, received, touched):
    """Take what a group no longer pays from the receipts of its payees."""
    lanes = fall.shape[0]
    shared = due.shape[1] < lanes
    for edge in range(first, end):
        payee = edge_payee[edge]
        touched[payee] = True
        if shared:
            amount = due[edge, 0]
            for lane in range(lanes):
                received[payee, lane] -= amount * fall[lane]
        else:
            for lane in range(lanes):
                received[payee, lane] -= due[edge, lane] * fall[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_receipts(group_payer, group_ofs, edge_payee, due, ratio, received, work):
    """Add up the receipts of whoever missed some afresh, so that they are the sum of the payments to the last bit."""
    missed, lanes = work.touched, received.shape[1]
    missed[:] = False
    for group in range(group_payer.shape[0]):
        if work.impaired[group_payer[group]]:
            for edge in range(group_ofs[group], group_ofs[group + 1]):
                missed[edge_payee[edge]] = True
    for node in range(received.shape[0]):
        if missed[node]:
            received[node] = 0.0
    shared = due.shape[1] < lanes
    for group in range(group_payer.shape[0]):
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            payee = edge_payee[edge]
            if not missed[payee]:
                continue
            if shared:
                amount = due[edge, 0]
                for lane in range(lanes):
                    received[payee, lane] += amount * ratio[group, lane]
            else:
                for lane in range(lanes):
                    received[payee, lane] += due[edge, lane] * ratio[group, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _name_defaulters(group_payer, ratio, defaulted, impaired):
    """Mark every node that leaves a part of some class unpaid."""
    for group in range(group_payer.shape[0]):
        payer = group_payer[group]
        if not impaired[payer]:
            continue
        for lane in range(ratio.shape[1]):
            defaulted[payer, lane] |= not (ratio[group, lane] >= 1.0)
