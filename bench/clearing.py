"""Compare payment clearing with what else one could do: NumPy and SciPy Picard, and fictitious default.

Run `python -m bench.clearing`; `--json FILE` also writes the figures. Every method starts from the liabilities
matrix and ends with payments, so building relative liabilities counts. All run in one thread.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from scipy.sparse import csr_array  # noqa: E402

from deflator.clearing import clear  # noqa: E402

TOLERANCE = 1e-12
SHOCKS = 1_000


def network(nodes: int, per_row: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a network in which full payment is just possible before the shock: liabilities, assets, debts outside."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((nodes, nodes))
    if per_row >= nodes - 1:
        matrix = rng.pareto(1.5, (nodes, nodes))
    else:
        payee = (np.arange(nodes)[:, None] + rng.integers(1, nodes, (nodes, per_row))) % nodes
        np.add.at(
            matrix, (np.repeat(np.arange(nodes), per_row), payee.ravel()), rng.pareto(1.5, nodes * per_row)
        )
    np.fill_diagonal(matrix, 0.0)
    owed = matrix.sum(axis=1)
    outside = owed * rng.uniform(0.05, 0.3, nodes)
    assets = np.maximum(owed + outside - matrix.sum(axis=0), 0.0) * 1.02 + 0.05 * owed
    return matrix, assets, outside


def numpy_picard(matrix: np.ndarray, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Iterate p = min(due, assets + share' p) with dense NumPy."""
    due = matrix.sum(axis=1) + outside
    share = matrix / np.where(due > 0.0, due, 1.0)[:, None]
    return iterate(lambda paid: paid @ share, due, assets)


def csr_picard(matrix: Any, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Iterate with SciPy's compressed rows."""
    due = np.asarray(matrix.sum(axis=1)).ravel() + outside
    share = matrix.multiply((1.0 / np.where(due > 0.0, due, 1.0))[:, None]).T.tocsr()
    return iterate(lambda paid: share @ paid, due, assets)


def iterate(receive: Callable[[np.ndarray], np.ndarray], due: np.ndarray, assets: np.ndarray) -> np.ndarray:
    paid = due
    while True:
        now = np.minimum(due, assets + receive(paid))
        if np.abs(now - paid).max() <= TOLERANCE * due.max():
            return now
        paid = now


def fictitious_default(matrix: Any, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Solve for the payments of the defaulters until nobody else defaults (Eisenberg and Noe, section 3)."""
    if hasattr(matrix, "toarray"):
        matrix = matrix.toarray()
    due = matrix.sum(axis=1) + outside
    share = matrix / np.where(due > 0.0, due, 1.0)[:, None]
    paid, fallen = due.copy(), np.zeros(due.size, bool)
    while True:
        now = assets + paid @ share < due * (1.0 - TOLERANCE)
        if not (now & ~fallen).any():
            return paid
        fallen |= now
        inner = share[np.ix_(fallen, fallen)].T
        from_others = due[~fallen] @ share[np.ix_(~fallen, fallen)]
        paid[fallen] = np.linalg.solve(np.eye(fallen.sum()) - inner, assets[fallen] + from_others)


def best_time(work: Callable[[], object], at_least: float = 0.3, most: int = 200) -> float:
    """Return the shortest of several runs, seconds."""
    work()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < at_least and len(times) < most):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def one_economy(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """Time one clearing of networks of several sizes, dense and sparse."""
    rows = []
    for nodes in sizes:
        for kind in ("dense", "sparse"):
            matrix, assets, outside = network(nodes, nodes if kind == "dense" else 10)
            shocked = assets * np.random.default_rng(2).uniform(0.3, 1.0, nodes)
            given = matrix if kind == "dense" else csr_array(matrix)
            ours = clear(given, shocked, external_liabilities=outside)
            rivals: dict[str, Callable[..., np.ndarray]] = {"fictitious": fictitious_default}
            rivals |= {"numpy": numpy_picard} if kind == "dense" else {"csr": csr_picard}
            times = {"deflator": best_time(lambda: clear(given, shocked, external_liabilities=outside))}
            for name, rival in rivals.items():
                gap = float(np.abs(rival(given, shocked, outside) - ours.payments).max() / ours.due.max())
                assert gap < 1e-9, (nodes, kind, name, gap)
                times[name] = best_time(lambda rival=rival: rival(given, shocked, outside))
            best = min(seconds for name, seconds in times.items() if name != "deflator")
            rows.append(
                {"nodes": nodes, "kind": kind, "defaulted": int(ours.defaulted.sum()), "rounds": ours.rounds}
                | {f"{name}_ms": 1e3 * seconds for name, seconds in times.items()}
                | {"ratio_to_best": times["deflator"] / best}
            )
    return rows


def many_shocks(nodes: int = 1_000) -> dict[str, Any]:
    """Time many shocks on one sparse network against a loop over the best single method."""
    matrix, assets, outside = network(nodes, 10)
    sparse = csr_array(matrix)
    shocks = assets[:, None] * np.random.default_rng(3).uniform(0.3, 1.0, (nodes, SHOCKS))
    together = best_time(lambda: clear(sparse, shocks, external_liabilities=outside), most=3)
    looped = {}
    for name, method in (
        ("csr", csr_picard),
        ("deflator one by one", lambda m, a, o: clear(m, a, external_liabilities=o)),
    ):
        start = perf_counter()
        for lane in range(SHOCKS):
            method(sparse, shocks[:, lane], outside)
        looped[name] = perf_counter() - start
    best = min(looped.values())
    return {"nodes": nodes, "shocks": SHOCKS, "together_s": together, "times_faster": best / together} | {
        f"loop over {name}_s": seconds for name, seconds in looped.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 5_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = one_economy(tuple(options.sizes))
    for row in rows:
        print(
            "  ".join(
                f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
                for key, value in row.items()
            )
        )
    shocks = many_shocks()
    print(
        "  ".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in shocks.items()
        )
    )
    if options.json:
        options.json.write_text(json.dumps({"one_economy": rows, "many_shocks": shocks}, indent=1) + "\n")


if __name__ == "__main__":
    main()
