"""Clear one economy at a time: the rule of `deflator.clearing.lanes`, vectorised along the obligations.

For one economy the lane axis of `clear_lanes` has nothing to vectorise over, and a dense network of
thousands of nodes would list millions of edges. So these kernels read a row at a time, sparse or dense,
and can jump: once it is known who defaults, payments solve a linear system (the fictitious default step).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from deflator.clearing.settling import distance_left


@njit(cache=True, nogil=True, error_model="numpy")
def owe_one(group_payer, group_ofs, edge_payee, due, outside, group_due, owed, received):
    """Add up what is due by group and payer and what comes in if all is paid; return whether it makes sense.

    Parameters
    ----------
    group_payer, group_ofs, edge_payee, due
        The network, as in `deflator.clearing.network.Network`.
    outside : float array [group]
        Due to creditors outside the network.
    group_due : float array [group], written
        Due in each group.
    owed : float array [node], written
        Due by each node.
    received : float array [node], written
        What each node receives when everybody pays in full.

    Returns
    -------
    bool
        Whether every amount is a number of at least 0 and nobody owes to itself.
    """
    owed[:] = 0.0
    received[:] = 0.0
    dense = edge_payee.size == 0 and due.size > 0
    wrong = 0
    for group in range(group_payer.size):
        payer = group_payer[group]
        first, end = group_ofs[group], group_ofs[group + 1]
        total = 0.0
        if dense:
            row = due[first:end]
            for node in range(row.size):
                received[node] += row[node]
            for node in range(row.size):
                wrong += not (row[node] >= 0.0)
            total = _sum(row)
            wrong += row[payer] != 0.0
        else:
            for edge in range(first, end):
                amount = due[edge]
                received[edge_payee[edge]] += amount
                total += amount
                wrong += not (amount >= 0.0) or (edge_payee[edge] == payer and amount != 0.0)
        total += outside[group]
        group_due[group] = total
        owed[payer] += total
    return wrong == 0 and np.isfinite(owed.sum())


@njit(cache=True, nogil=True, error_model="numpy")
def _sum(row):
    """Add up in eight parts, which strict arithmetic can do in one vector register."""
    parts = np.zeros(8)
    even = row.size // 8 * 8
    for first in range(0, even, 8):
        for part in range(8):
            parts[part] += row[first + part]
    total = 0.0
    for part in range(8):
        total += parts[part]
    for node in range(even, row.size):
        total += row[node]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_one(
    group_payer,
    group_ofs,
    edge_payee,
    due,
    group_due,
    owed,
    resources,
    alpha,
    beta,
    tolerance,
    most_rounds,
    ratio,
    received,
    touched,
    progress,
):
    """Sweep over the payers until every paid share has settled or the rounds are used up; return the rounds.

    Parameters
    ----------
    group_payer, group_ofs, edge_payee, due, group_due, owed
        The network and its totals, from `owe_one`.
    resources, alpha, beta, tolerance
        As in `clear_lanes`, [node] without a lane axis.
    most_rounds
        Most sweeps of this call.
    ratio : float array [group], changed
        Paid shares, from which the sweeps go on.
    received : float array [node], changed
        Receipts at those shares.
    touched : bool array [node], changed
        Whose receipts changed since they were last looked at.
    progress : float array [2], changed
        Largest change of a share in the last sweep, and estimated distance to the limit.
    """
    groups, nodes = group_payer.size, received.size
    dense = edge_payee.size == 0 and due.size > 0
    keep = 1.0 - tolerance
    rounds = 0
    while rounds < most_rounds:
        step = 0.0
        end = 0
        while end < groups:
            first = end
            payer = group_payer[first]
            while end < groups and group_payer[end] == payer:
                end += 1
            if not touched[payer]:
                continue
            touched[payer] = False
            came = max(received[payer], 0.0)
            left = np.inf
            if not resources[payer] + came >= owed[payer] * keep:
                left = alpha[payer] * resources[payer] + beta[payer] * came
            for group in range(first, end):
                due_here = group_due[group]
                share = 1.0 if left >= due_here or due_here == 0.0 else left / due_here
                left = left - due_here if left >= due_here else 0.0
                fall = ratio[group] - share
                if fall == 0.0:
                    continue
                ratio[group] = share
                step = max(step, abs(fall))
                # Written out here, not in a function of its own: a call per group costs as much as its edges.
                if dense:
                    row = due[group_ofs[group] : group_ofs[group + 1]]
                    for node in range(nodes):
                        received[node] -= row[node] * fall
                    touched[:] = True
                else:
                    for edge in range(group_ofs[group], group_ofs[group + 1]):
                        payee = edge_payee[edge]
                        received[payee] -= due[edge] * fall
                        touched[payee] = True
        progress[1] = distance_left(step, progress[0])
        progress[0] = step
        if step > 0.0:
            rounds += 1
        if progress[1] <= tolerance:
            break
    return rounds


@njit(cache=True, nogil=True, error_model="numpy")
def sum_one(group_ofs, edge_payee, due, ratio, received):
    """Add up the receipts afresh, so that they are the sum of the payments."""
    received[:] = 0.0
    dense = edge_payee.size == 0 and due.size > 0
    for group in range(ratio.size):
        first, end = group_ofs[group], group_ofs[group + 1]
        share = ratio[group]
        if share == 0.0:
            continue
        if dense:
            row = due[first:end]
            for node in range(row.size):
                received[node] += row[node] * share
        else:
            for edge in range(first, end):
                received[edge_payee[edge]] += due[edge] * share


@njit(cache=True, nogil=True, error_model="numpy")
def marginal_groups(group_payer, ratio, group_due, margin):
    """Find for each payer the first class that it does not pay in full; return how many have one.

    `margin[k]` is that group of the k-th payer that defaults.
    """
    found = 0
    last = -1
    for group in range(group_payer.size):
        payer = group_payer[group]
        if payer != last and not ratio[group] >= 1.0 and group_due[group] > 0.0:
            margin[found] = group
            found += 1
            last = payer
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def default_system(group_payer, group_ofs, edge_payee, due, group_due, resources, alpha, beta, ratio, margin, place):
    """Write down what the defaulters pay when it is settled who they are: `matrix @ paid == right`.

    A defaulter pays into its marginal class what it has left after its senior classes, and what it has
    depends on what the other defaulters pay. Classes below the marginal one get nothing.

    Parameters
    ----------
    margin : int array [defaulter]
        Marginal group of each.
    place : int array [node]
        Position of a node among the defaulters, or -1.

    Returns
    -------
    matrix : float array [defaulter, defaulter]
    right : float array [defaulter]
    """
    size = margin.size
    transposed = np.zeros((size, size))
    right = np.zeros(size)
    fixed = np.zeros(place.size)
    dense = edge_payee.size == 0 and due.size > 0
    at = 0
    for group in range(group_payer.size):
        is_margin = at < size and margin[at] == group
        payer = group_payer[group]
        column = place[payer]
        if column >= 0 and not is_margin and ratio[group] >= 1.0 and group < margin[column]:
            right[column] -= group_due[group]
        if not is_margin and ratio[group] == 0.0:
            continue
        for edge in range(group_ofs[group], group_ofs[group + 1]):
            payee = edge - group_ofs[group] if dense else edge_payee[edge]
            row = place[payee]
            if row < 0:
                continue
            if is_margin:
                transposed[at, row] -= beta[payee] * due[edge] / group_due[group]
            else:
                fixed[payee] += due[edge] * ratio[group]
        if is_margin:
            at += 1
    for row in range(size):
        payer = group_payer[margin[row]]
        transposed[row, row] += 1.0
        right[row] += alpha[payer] * resources[payer] + beta[payer] * fixed[payer]
    return transposed.T, right
