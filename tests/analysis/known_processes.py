"""Processes and limit states whose probabilities are known exactly or by quadrature."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deflator.analysis.splitting import Advance

VECTORS = Path(__file__).parents[1] / "vectors"
ROOT_2 = 2.0**0.5


def vector(name: str) -> dict:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def reliability_problem_22(points):
    first, second = points
    return 2.5 - (first + second) / ROOT_2 + 0.1 * (first - second) ** 2


def four_branches(points):
    a, b = points
    bent = 3.0 + 0.1 * (a - b) ** 2
    return np.minimum.reduce(
        [bent - (a + b) / ROOT_2, bent + (a + b) / ROOT_2, a - b + 7.0 / ROOT_2, b - a + 7.0 / ROOT_2]
    )


PROBLEMS: dict[str, Callable] = {"rp_22": reliability_problem_22, "rp_four_branch": four_branches}


def noise(key: int, steps: int, dimensions: int) -> np.ndarray:
    """Return the noise of a key: that of a step is the same whatever step the particle is continued from."""
    return np.random.default_rng((7, key)).standard_normal((steps, dimensions))


@dataclass(frozen=True)
class Walk:
    """A walk up or down by one with equal odds; its score is where it stands."""

    steps: int

    def begin(self, count: int, _: int) -> Sequence[tuple[int, float]]:
        return [(0, 0.0)] * count

    def advance(self, states: Sequence[tuple[int, float]], first_key: int, level: float) -> Advance:
        entries, peaks = [], []
        for number, (step, place) in enumerate(states):
            moves = np.where(noise(first_key + number, self.steps, 1)[step:, 0] > 0.0, 1.0, -1.0)
            places = place + np.concatenate([[0.0], np.cumsum(moves)])
            there = np.flatnonzero(places >= level)
            if there.size:
                entries.append((step + int(there[0]), float(places[there[0]])))
                places = places[: there[0] + 1]
            peaks.append(places.max())
        return Advance(entries, np.array(peaks))

    def first_passage(self, height: int) -> float:
        """Return the probability of reaching a height, by carrying the distribution of where the walk stands."""
        stands, passed = {0: 1.0}, 0.0
        for _ in range(self.steps):
            moved: dict[int, float] = {}
            for place, share in stands.items():
                for to in (place - 1, place + 1):
                    if to == height:
                        passed += share / 2.0
                    else:
                        moved[to] = moved.get(to, 0.0) + share / 2.0
            stands = moved
        return passed


@dataclass(frozen=True)
class Arriving:
    """Two standard normal numbers that arrive in steps; the event is that a limit state of them ends below zero.

    Before the end the score stays below that of the event, however low the limit state is.
    """

    limit: Callable
    steps: int = 16

    def begin(self, count: int, _: int) -> Sequence[tuple[int, np.ndarray]]:
        return [(0, np.zeros(2))] * count

    def score(self, step: int, place: np.ndarray) -> float:
        value = float(self.limit(place))
        if step == self.steps:
            return 1.0 if value < 0.0 else -value
        return min(-value, 0.5)

    def advance(self, states: Sequence[tuple[int, np.ndarray]], first_key: int, level: float) -> Advance:
        entries, peaks = [], []
        for number, (step, place) in enumerate(states):
            moves = noise(first_key + number, self.steps, 2) / self.steps**0.5
            peak = self.score(step, place)
            while peak < level and step < self.steps:
                place = place + moves[step]
                step += 1
                peak = max(peak, self.score(step, place))
            if peak >= level:
                entries.append((step, place))
            peaks.append(peak)
        return Advance(entries, np.array(peaks))
