"""Compare payment clearing with what else one could do: NumPy and SciPy Picard, and fictitious default.

Run `python -m bench.clearing`; `--json FILE` also writes the figures. Every method starts from the matrix of
liabilities and ends with payments, so building relative liabilities counts. All run in one thread.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from scipy.sparse import csr_array  # noqa: E402

from deflator.clearing import clear  # noqa: E402

TOLERANCE = 1e-12
AGREEMENT = 1e-9
SHOCKS = 1_000
SIZES = (100, 1_000, 5_000)


def network(nodes: int, per_row: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw liabilities, external assets and debts outside, so that all can just pay before a shock."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((nodes, nodes))
    if per_row >= nodes - 1:
        matrix = rng.pareto(1.5, (nodes, nodes))
    else:
        payee = (np.arange(nodes)[:, None] + rng.integers(1, nodes, (nodes, per_row))) % nodes
        np.add.at(matrix, (np.repeat(np.arange(nodes), per_row), payee.ravel()), rng.pareto(1.5, nodes * per_row))
    np.fill_diagonal(matrix, 0.0)
    owed = matrix.sum(axis=1)
    outside = owed * rng.uniform(0.05, 0.3, nodes)
    assets = np.maximum(owed + outside - matrix.sum(axis=0), 0.0) * 1.02 + 0.05 * owed
    return matrix, assets, outside


def numpy_picard(matrix: Any, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Iterate p = min(due, assets + share' p) with dense NumPy."""
    matrix = as_dense(matrix)
    due = matrix.sum(axis=1) + outside
    share = matrix / np.where(due > 0.0, due, 1.0)[:, None]
    return iterate(lambda paid: paid @ share, due, assets)


def csr_picard(matrix: Any, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Iterate with SciPy's compressed rows."""
    due = np.asarray(matrix.sum(axis=1)).ravel() + outside
    share = matrix.multiply((1.0 / np.where(due > 0.0, due, 1.0))[:, None]).T.tocsr()
    return iterate(lambda paid: share @ paid, due, assets)


def as_dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def iterate(receive: Callable[[np.ndarray], np.ndarray], due: np.ndarray, assets: np.ndarray) -> np.ndarray:
    paid = due
    while True:
        now = np.minimum(due, assets + receive(paid))
        if np.abs(now - paid).max() <= TOLERANCE * due.max():
            return now
        paid = now


def fictitious_default(matrix: Any, assets: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Solve for the payments of the defaulters until nobody else defaults (Eisenberg and Noe, section 3)."""
    matrix = as_dense(matrix)
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


def one_economy(nodes: int, kind: str) -> dict[str, Any]:
    """Time one clearing of a network, dense or sparse, by every method."""
    matrix, assets, outside = network(nodes, nodes if kind == "dense" else 10)
    shocked = assets * np.random.default_rng(2).uniform(0.3, 1.0, nodes)
    given = matrix if kind == "dense" else csr_array(matrix)
    ours = clear(given, shocked, external_liabilities=outside)
    times = {"deflator": best_time(lambda: clear(given, shocked, external_liabilities=outside))}
    rivals = {"NumPy Picard": numpy_picard, "fictitious default": fictitious_default}
    for name, rival in (rivals | ({"CSR Picard": csr_picard} if kind == "sparse" else {})).items():
        gap = float(np.abs(rival(given, shocked, outside) - ours.payments).max() / ours.due.max())
        if gap > AGREEMENT:
            raise SystemExit(f"{name} disagrees by {gap:.1e} on the {kind} network of {nodes} nodes")
        times[name] = best_time(partial(rival, given, shocked, outside))
    best = min(seconds for name, seconds in times.items() if name != "deflator")
    return {
        "nodes": nodes,
        "kind": kind,
        "defaulted": int(ours.defaulted.sum()),
        "milliseconds": {name: 1e3 * seconds for name, seconds in times.items()},
        "time over best rival": times["deflator"] / best,
    }


def many_shocks(nodes: int = 1_000) -> dict[str, Any]:
    """Time many shocks on one sparse network against a loop over the best rival, and over `clear` itself."""
    matrix, assets, outside = network(nodes, 10)
    sparse = csr_array(matrix)
    shocks = assets[:, None] * np.random.default_rng(3).uniform(0.3, 1.0, (nodes, SHOCKS))
    together = best_time(lambda: clear(sparse, shocks, external_liabilities=outside))

    def loop(method: Callable[..., object]) -> float:
        return best_time(lambda: [method(sparse, shocks[:, lane], outside) for lane in range(SHOCKS)])

    rival = loop(csr_picard)
    alone = loop(lambda owed, assets, outside: clear(owed, assets, external_liabilities=outside))
    return {
        "nodes": nodes,
        "shocks": SHOCKS,
        "seconds": {"deflator, in lanes": together, "CSR Picard, looped": rival, "deflator, looped": alone},
        "times faster than best rival": rival / together,
        "times faster than one by one": alone / together,
    }


def show(rows: list[dict[str, Any]], unit: str) -> None:
    """Print results as lines of a table."""
    for row in rows:
        words = []
        for name, figure in row.items():
            for part, value in figure.items() if isinstance(figure, dict) else ((name, figure),):
                suffix = f" {unit}" if isinstance(figure, dict) else ""
                words.append(f"{part} {value:.3g}{suffix}" if isinstance(value, float) else f"{part} {value}")
        print("; ".join(words))


def measure(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Run all comparisons, print them and return them."""
    rows = [one_economy(nodes, kind) for nodes in sizes for kind in ("dense", "sparse")]
    show(rows, "ms")
    shocks = many_shocks()
    show([shocks], "s")
    return {"one economy": rows, "many shocks": shocks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = measure(tuple(options.sizes))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
