"""The compiled heart of payment clearing: one network of obligations, many lanes at once, no allocation.

A lane is one economy (a Monte Carlo path, or a shock); lanes are the last, inner-most axis of every array. The
engine calls `clear_lanes` inside its month, and the public `deflator.clearing.clear` calls it too: there is one
implementation.

How the network is laid out:

- an *edge* is one obligation; edges are sorted by payer and, within a payer, by class of seniority;
- a *group* is one payer's obligations of one class: the edges `group_ofs[g]` up to `group_ofs[g + 1]`. Groups of
  a payer follow one another, most senior first, and `group_payer[g]` names the payer;
- `due`, `alpha` and `beta` may have a lane axis of length one, which then holds for all lanes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class LaneWorkspace(NamedTuple):
    """Scratch memory of `clear_lanes`; its contents mean nothing between calls.

    Make it once with `lane_workspace` and use it again for every network of the same size.
    """

    owed: NDArray[np.float64]  # [node, lane] total due
    group_due: NDArray[np.float64]  # [group, lane] due in the group
    fall: NDArray[np.float64]  # [group, lane] by how much the paid share fell in this round
    available: NDArray[
        np.float64
    ]  # [node, lane] what a defaulter still has to hand out; inf when it is solvent
    step: NDArray[np.float64]  # [lane] largest fall of this round
    step_before: NDArray[np.float64]  # [lane] largest fall of the round before
    active: NDArray[np.bool_]  # [lane] not yet converged
    touched: NDArray[np.bool_]  # [node] its receipts changed since it was last looked at
    impaired: NDArray[np.bool_]  # [node] pays less than it owes in some lane
    moved: NDArray[np.bool_]  # [group] its paid share fell in this round


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
    >>> lane_workspace(nodes=3, groups=2, lanes=8).fall.shape
    (2, 8)
    """
    return LaneWorkspace(
        owed=np.empty((nodes, lanes)),
        group_due=np.empty((groups, lanes)),
        fall=np.empty((groups, lanes)),
        available=np.empty((nodes, lanes)),
        step=np.empty(lanes),
        step_before=np.empty(lanes),
        active=np.empty(lanes, np.bool_),
        touched=np.empty(nodes, np.bool_),
        impaired=np.empty(nodes, np.bool_),
        moved=np.empty(groups, np.bool_),
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

    Each round looks at every node whose receipts changed. A node whose resources and receipts fall short of what
    it owes defaults and hands out `alpha * resources + beta * receipts` by seniority, pro rata within a class;
    the rest pay in full. Only the changes travel on to the payees, so a round costs no more than what moved in it.
    From full payment the iteration falls monotonically to the greatest clearing vector.

    A lane that has converged is frozen: its bits do not depend on its neighbours or on its place in the block.

    Parameters
    ----------
    group_payer : int array [group]
        Payer of each group; groups of one payer are adjacent, most senior first.
    group_ofs : int array [group + 1]
        First edge of each group.
    edge_payee : int array [edge]
        Who is owed.
    due : float array [edge, lane] or [edge, 1]
        Amounts due, at least 0.
    resources : float array [node, lane]
        Cash and all receipts from outside the network, at least 0; inf for a node that can always pay.
    alpha, beta : float array [node, lane] or [node, 1]
        Shares of resources and of receipts that survive a default, in [0, 1].
    start : float
        1.0 for the greatest clearing vector (the economic one), 0.0 for the least.
    tolerance : float
        A lane is done when every paid share is within about this distance of its limit; a node defaults when it
        is short by more than this share of what it owes.
    max_rounds : int
        Most rounds; a lane that needs more ends with `residual > tolerance`.
    ratio : float array [group, lane], written
        Share of the group that is paid; the payment on an edge is `due * ratio`.
    received : float array [node, lane], written
        Sum of the payments to each node, in the order of the edges.
    defaulted : bool array [node, lane], written
        Who cannot pay in full.
    rounds : int array [lane], written
        Rounds in which some payment changed; 0 when nobody defaults.
    residual : float array [lane], written
        Estimated largest distance of a paid share from its limit; the lane has converged when it is at most
        `tolerance` (NaN, which never is, when the input held NaN).
    work : LaneWorkspace
        Scratch, from `lane_workspace`.

    References
    ----------
    Eisenberg and Noe (2001), Management Science 47, section 3; Rogers and Veraart (2013), Management Science 59,
    definition 2.6; Elsinger (2009), OeNB Working Paper 156, section 4 (seniority).

    Examples
    --------
    Node 0 owes 10 to node 1, which owes 8 to node 2. Two lanes: node 0 has 10, or only 5.

    >>> work = lane_workspace(nodes=3, groups=2, lanes=2)
    >>> resources = np.array([[10.0, 5.0], [1.0, 1.0], [0.0, 0.0]])
    >>> all_kept = np.ones((3, 1))
    >>> ratio, received = np.empty((2, 2)), np.empty((3, 2))
    >>> defaulted, rounds, residual = np.empty((3, 2), bool), np.empty(2, np.int64), np.empty(2)
    >>> clear_lanes(np.array([0, 1]), np.array([0, 1, 2]), np.array([1, 2]), np.array([[10.0], [8.0]]), resources,
    ...             all_kept, all_kept, 1.0, 1e-12, 100, ratio, received, defaulted, rounds, residual, work)
    >>> received[2]
    array([8., 6.])
    >>> defaulted[:, 1]
    array([ True,  True, False])
    """
    _owe(group_payer, group_ofs, edge_payee, due, work.group_due, work.owed, received)
    _begin(group_payer, start, ratio, received, rounds, residual, work)
    for _ in range(max_rounds):
        if not _pay(group_payer, resources, received, alpha, beta, tolerance, ratio, work):
            break
        _pass_on(group_ofs, edge_payee, due, received, work)
        _freeze(tolerance, rounds, residual, work)
        if not work.active.any():
            break
    for lane in range(residual.shape[0]):
        # Nothing moved in the last look at this lane: it is exactly at its limit.
        if work.active[lane] and work.step[lane] == 0.0:
            residual[lane] = 0.0
    _sum_receipts(group_payer, group_ofs, edge_payee, due, ratio, received, work)
    for node in range(defaulted.shape[0]):
        for lane in range(defaulted.shape[1]):
            defaulted[node, lane] = work.available[node, lane] != np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _owe(group_payer, group_ofs, edge_payee, due, group_due, owed, received):
    """Add up what is due by group and by payer, and what each payee would receive if all were paid."""
    group_due[:] = 0.0
    owed[:] = 0.0
    received[:] = 0.0
    lanes = owed.shape[1]
    wide = due.shape[1] == lanes
    width = lanes if wide else 1
    for group in range(group_payer.shape[0]):
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            payee = edge_payee[edge]
            for lane in range(width):
                group_due[group, lane] += due[edge, lane]
            for lane in range(width):
                received[payee, lane] += due[edge, lane]
        for lane in range(width):
            owed[group_payer[group], lane] += group_due[group, lane]
    if not wide:
        for table in (group_due, owed, received):
            for row in range(table.shape[0]):
                table[row, 1:] = table[row, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(group_payer, start, ratio, received, rounds, residual, work):
    """Set every lane to the start: all paid in full (greatest vector) or nothing paid (least)."""
    ratio[:] = start
    received *= start
    rounds[:] = 0
    residual[:] = np.inf
    work.available[:] = np.inf
    work.step[:] = np.inf
    work.step_before[:] = np.inf
    work.active[:] = True
    work.touched[:] = True
    work.impaired[:] = start < 1.0
    work.moved[:] = False


@njit(cache=True, nogil=True, error_model="numpy")
def _pay(group_payer, resources, received, alpha, beta, tolerance, ratio, work):
    """Let every touched node pay what it can; return whether any payment changed."""
    work.step[:] = 0.0
    anything_moved = False
    group = 0
    while group < group_payer.shape[0]:
        payer = group_payer[group]
        end = group + 1
        while end < group_payer.shape[0] and group_payer[end] == payer:
            end += 1
        if work.touched[payer]:
            short = _count(payer, resources, received, alpha, beta, tolerance, work)
            if short or work.impaired[payer]:
                work.impaired[payer] = True
                for one in range(group, end):
                    anything_moved |= _share(one, payer, ratio, work)
        group = end
    work.touched[:] = False
    return anything_moved


@njit(cache=True, nogil=True, error_model="numpy")
def _count(payer, resources, received, alpha, beta, tolerance, work):
    """Count what a payer has to hand out in each lane; return whether it is short in any."""
    own, came, owed = resources[payer], received[payer], work.owed[payer]
    kept, passed = alpha[payer], beta[payer]
    available, active = work.available[payer], work.active
    keep = 1.0 - tolerance
    any_short = False
    for lane in range(own.shape[0]):
        any_short |= not (own[lane] + max(came[lane], 0.0) >= owed[lane] * keep)
    if not any_short and not work.impaired[payer]:
        return False
    for lane in range(own.shape[0]):
        if active[lane]:
            inflow = max(came[lane], 0.0)
            if own[lane] + inflow >= owed[lane] * keep:
                available[lane] = np.inf
            else:
                available[lane] = (
                    kept[lane if kept.shape[0] > 1 else 0] * own[lane]
                    + passed[lane if passed.shape[0] > 1 else 0] * inflow
                )
    return any_short


@njit(cache=True, nogil=True, error_model="numpy")
def _share(group, payer, ratio, work):
    """Pay one class pro rata out of what is left; return whether its paid share changed in any lane."""
    available, group_due = work.available[payer], work.group_due[group]
    fall, share, active, step = work.fall[group], ratio[group], work.active, work.step
    # The tests are written so that NaN counts as "not enough" and as "changed": it must never look like an answer.
    for lane in range(share.shape[0]):
        left, owed = available[lane], group_due[lane]
        paid_in_full = left >= owed or owed == 0.0
        fall[lane] = 1.0 if paid_in_full else left / owed
    for lane in range(share.shape[0]):
        left, owed = available[lane], group_due[lane]
        if active[lane]:
            available[lane] = left - (owed if left >= owed else left)
    moved = False
    for lane in range(share.shape[0]):
        before = share[lane]
        now = fall[lane] if active[lane] else before
        share[lane] = now
        fall[lane] = before - now
    for lane in range(share.shape[0]):
        size = abs(fall[lane])
        moved |= size != 0.0
        if size > step[lane] or size != size:
            step[lane] = size
    work.moved[group] = moved
    return moved


@njit(cache=True, nogil=True, error_model="numpy")
def _pass_on(group_ofs, edge_payee, due, received, work):
    """Take what a group no longer pays from the receipts of its payees."""
    wide = due.shape[1] == received.shape[1]
    for group in range(work.moved.shape[0]):
        if not work.moved[group]:
            continue
        work.moved[group] = False
        fall = work.fall[group]
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            payee = edge_payee[edge]
            work.touched[payee] = True
            came = received[payee]
            if wide:
                owed = due[edge]
                for lane in range(came.shape[0]):
                    came[lane] -= owed[lane] * fall[lane]
            else:
                amount = due[edge, 0]
                for lane in range(came.shape[0]):
                    came[lane] -= amount * fall[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _freeze(tolerance, rounds, residual, work):
    """Estimate how far each lane still has to go, and freeze those that have arrived."""
    for lane in range(residual.shape[0]):
        if not work.active[lane]:
            continue
        step, before = work.step[lane], work.step_before[lane]
        # A geometric fall with factor q still has step * q / (1 - q) to go; never claim less than the last step.
        distance = step * step / (before - step) if step < before else (0.0 if step == 0.0 else np.inf)
        residual[lane] = max(step, distance)
        rounds[lane] += step != 0.0
        work.step_before[lane] = step
        work.active[lane] = not (residual[lane] <= tolerance)


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_receipts(group_payer, group_ofs, edge_payee, due, ratio, received, work):
    """Add up the receipts afresh, so that they are the sum of the payments to the last bit."""
    if not work.impaired.any():
        return
    received[:] = 0.0
    wide = due.shape[1] == received.shape[1]
    for group in range(group_payer.shape[0]):
        share = ratio[group]
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            came = received[edge_payee[edge]]
            if wide:
                owed = due[edge]
                for lane in range(came.shape[0]):
                    came[lane] += owed[lane] * share[lane]
            else:
                amount = due[edge, 0]
                for lane in range(came.shape[0]):
                    came[lane] += amount * share[lane]
