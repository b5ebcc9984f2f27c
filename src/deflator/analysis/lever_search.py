"""Search the cheapest sizes of levers that bring a probability under a target; a heuristic that counts its trials.

Nothing here knows what a lever does; tests use probabilities whose answer is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

Sizes = Mapping[str, float]
#: Sizes of levers -> probability, and cost.
Attempt = Callable[[Sizes], float]
Cost = Callable[[Sizes], float]

#: Shares of its range at which a lever is tried in combinations.
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A lever helps when it takes this much off the probability at its best.
_HELPS = 0.005


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Parameters
    ----------
    alone
        Smallest size found that meets the target, of each lever that can alone.
    best
        Cheapest sizes found that meet the target; None where none do.
    nearest
        Sizes with the smallest probability seen.
    trials
        Different sizes tried.
    """

    alone: Mapping[str, float]
    best: Mapping[str, float] | None
    nearest: Mapping[str, float]
    trials: int


def search(
    attempt: Attempt,
    cost: Cost,
    most: Mapping[str, float],
    target: float,
    grades: Iterable[float],
    halvings: int,
    whole: Iterable[str] = (),
) -> Searched:
    """Try levers one by one, then together.

    One by one: at each grade, and where a grade meets the target by halving between the last grade that does not and
    the first that does, which is exact as far as the probability falls with the size. Together: levers that help are
    raised on a grid in the order of probability taken off per cost, and once more in the order of probability taken
    off, until the target is met, and all to their most where that fails; then the dearest are lowered as far as it
    stays met. The cheapest of all is kept.

    Parameters
    ----------
    attempt, cost
        Of sizes; a lever that is not named has size zero.
    most
        Largest size of each lever.
    target
        Probability not to be exceeded.
    grades
        Shares of the range at which each lever is tried alone, ascending.
    halvings
        Steps of halving for each lever that can meet the target alone.
    whole
        Levers whose sizes are whole numbers.

    Examples
    --------
    Either lever takes off in proportion; the first costs a third of the second.

    >>> found = search(
    ...     lambda sizes: 0.5 - 0.3 * sizes.get("a", 0.0) - 0.6 * sizes.get("b", 0.0),
    ...     lambda sizes: sizes.get("a", 0.0) + 3.0 * sizes.get("b", 0.0),
    ...     {"a": 1.0, "b": 1.0}, target=0.1, grades=(0.5, 1.0), halvings=6)
    >>> {name: round(size, 2) for name, size in found.alone.items()}, dict(found.best)
    ({'b': 0.67}, {'a': 1.0, 'b': 0.25})
    """
    seen: dict[tuple[tuple[str, float], ...], float] = {}
    integers = frozenset(whole)

    def sized(name: str, share: float) -> float:
        size = share * most[name]
        return float(round(size)) if name in integers else size

    def odds(sizes: Sizes) -> float:
        key = tuple(sorted((name, size) for name, size in sizes.items() if size > 0.0))
        if key not in seen:
            seen[key] = attempt(dict(key))
        return seen[key]

    def single(name: str, share: float) -> float:
        return odds({name: sized(name, share)})

    start = odds({})
    alone: dict[str, float] = {}
    gains: dict[str, float] = {}
    graded = tuple(grades)
    for name in most:
        found = {share: single(name, share) for share in graded}
        gains[name] = start - min(found.values())
        met = [share for share in graded if found[share] <= target]
        if met:
            below = max((share for share in graded if share < met[0]), default=0.0)
            alone[name] = _halve(partial(single, name), below, met[0], target, halvings, partial(sized, name))
    candidates: list[dict[str, float]] = [{name: size} for name, size in alone.items()]
    helping = [name for name in most if gains[name] > _HELPS]
    full = {name: cost({name: sized(name, 1.0)}) for name in helping}
    for order in (
        sorted(helping, key=lambda name: -gains[name] / max(full[name], 1e-9)),
        sorted(helping, key=lambda name: -gains[name]),
    ):
        together = _raise(order, odds, sized, target)
        if together is not None:
            candidates.append(_lower(together, odds, cost, sized, target))
    everything = {name: sized(name, 1.0) for name in most}
    if not candidates and odds(everything) <= target:
        candidates.append(_lower(everything, odds, cost, sized, target))
    best = min(candidates, key=cost, default=None)
    nearest = dict(min(seen.items(), key=lambda item: item[1])[0])
    return Searched(alone, best, nearest, len(seen))


def _halve(
    odds: Callable[[float], float],
    below: float,
    met: float,
    target: float,
    halvings: int,
    sized: Callable[[float], float],
) -> float:
    """Return the smallest size known to meet the target, between a share that does not and one that does."""
    for _ in range(halvings):
        middle = 0.5 * (below + met)
        if sized(middle) in (sized(below), sized(met)):
            break
        below, met = (below, middle) if odds(middle) <= target else (middle, met)
    return sized(met)


def _raise(
    order: Iterable[str], odds: Attempt, sized: Callable[[str, float], float], target: float
) -> dict[str, float] | None:
    """Raise levers one after another on the grid until the target is met; one that stops helping stays where it is."""
    sizes: dict[str, float] = {}
    now = odds(sizes)
    for name in order:
        for share in GRID[1:]:
            if now <= target:
                return sizes
            raised = sizes | {name: sized(name, share)}
            then = odds(raised)
            if then < now:
                sizes, now = raised, then
    return sizes if now <= target else None


def _lower(
    sizes: dict[str, float],
    odds: Attempt,
    cost: Cost,
    sized: Callable[[str, float], float],
    target: float,
) -> dict[str, float]:
    """Lower the dearest lever first, as far down the grid as the target stays met."""
    for name in sorted(sizes, key=lambda name: -cost({name: sizes[name]})):
        for share in GRID:
            size = sized(name, share)
            if size >= sizes[name]:
                break
            lowered = {other: value for other, value in sizes.items() if other != name}
            if size > 0.0:
                lowered[name] = size
            if odds(lowered) <= target:
                sizes = lowered
                break
    return sizes
