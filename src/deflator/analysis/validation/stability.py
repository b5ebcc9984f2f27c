"""What happens to the headline when one judgement after another is moved to the ends of its range.

Every case shares all draws with the headline that it is compared with, so that a difference is the judgement's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from deflator.analysis.breaks import NONE
from deflator.analysis.counts import GATE, HEADLINE, ONE_OBLIGOR, WITH_SOFT, Reading
from deflator.analysis.factors import Figure
from deflator.analysis.replay import prepare
from deflator.analysis.sensitivity import Effort as SensitivityEffort
from deflator.analysis.sensitivity import sensitivity
from deflator.analysis.trials import simulate_all, varied
from deflator.analysis.validation.headline import KINDS, Headline, count, measure, read
from deflator.book import month_at
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Progress, Question
from deflator.errors import DeflatorError, RunError
from deflator.scenario import load_scenario

#: Errors by which a new leader must be ahead for a flip to be clear of chance.
CLEAR = 2.0


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Parameters
    ----------
    paths, draws
        Of each case.
    parameters
        Numbers of the model that are moved, those with the widest effect on one another's draws first; all when None.
    figures
        Figures of the book that are moved: those most worth knowing.
    seeds
        Seeds besides the own.
    doublings
        How often the number of paths is doubled.
    channels
        Whether each channel is switched off in turn.
    screening_paths, screening_draws
        Of the sensitivity that chooses the figures.
    """

    paths: int = 512
    draws: int = 64
    parameters: int | None = None
    figures: int = 12
    seeds: int = 7
    doublings: int = 4
    channels: bool = True
    screening_paths: int = 3_200
    screening_draws: int = 800


QUICK = Effort(paths=128, draws=16, parameters=6, figures=2, seeds=2, doublings=2, channels=False,
               screening_paths=400, screening_draws=200)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One thing moved.

    Parameters
    ----------
    group
        `parameter`, `figure`, `seed`, `paths`, `channel` or `reading`.
    name
        What was moved.
    to
        Where to: `low`, `high`, or a number in words.
    value
        The same as a number where it is one, else None.
    headline
        What follows.
    shift
        By kind: change of the probability that the base leader is first; of `none`, that nothing is.
    break_shift
        Largest change, over firms, of the probability of a break, and whose.
    flips
        By kind: the new leader where there is one and it is ahead by `CLEAR` errors.
    doubtful
        By kind: the new leader where it is ahead by less.
    """

    group: str
    name: str
    to: str
    value: float | None
    headline: Headline
    shift: dict[str, float]
    break_shift: tuple[str, float]
    flips: dict[str, str]
    doubtful: dict[str, str]


@dataclass(frozen=True)
class Stability:
    """Everything that was moved under one scenario.

    Parameters
    ----------
    scenario
        Its name.
    base
        The headline that cases are compared with.
    cases
        In the order of groups.
    seed_spread, stated_error
        Standard deviation over seeds of the probability that the leading firm is first, and the Monte Carlo error that
        a single run states for it.
    earlier_breaks
        Entities and paths whose breaks up to a shorter horizon differ when it is set there; should be none.
    half
        That horizon: half way, or as early as the scenario allows.
    refused
        What could not be moved alone, and why.
    """

    scenario: str
    base: Headline
    cases: tuple[Case, ...]
    seed_spread: float
    stated_error: float
    earlier_breaks: int
    half: str
    refused: tuple[tuple[str, str], ...] = ()

    def of(self, group: str) -> list[Case]:
        """Return the cases of a group."""
        return [case for case in self.cases if case.group == group]


def stability(
    question: Question, settings: Sequence[str], effort: Effort, progress: Progress | None = None
) -> Stability:
    """Move one thing after another.

    Parameters
    ----------
    question
        Book, scenario and seed; paths and draws are those of the effort.
    settings
        What the scenario was changed by, in the words of `--set`; each case adds one.
    effort
        How much is tried.
    progress
        Told the cases done and all cases.
    """
    asked = replace(question, paths=effort.paths, draws=effort.draws, months=None)
    suite = _Suite(asked, list(settings), effort)
    plan = list(suite.plan())
    cases, refused = [], []
    for number, (group, name, to, value, trial) in enumerate(plan, 1):
        try:
            cases.append(suite.case(group, name, to, value, trial()))
        except DeflatorError as error:  # a figure that cannot stand at this end beside the others
            refused.append((f"{name} {to}".strip(), error.faults[0].message))
        if progress:
            progress(number, len(plan))
    leader = suite.base.leaders["firm"]
    seeds = [case.headline.first["firm"][leader].value for case in cases if case.group == "seed"]
    own = suite.base.first["firm"][leader]
    half, differing = suite.horizon()
    return Stability(
        scenario=question.scenario.name,
        base=suite.base,
        cases=tuple(cases),
        seed_spread=float(np.std([own.value, *seeds], ddof=1)) if seeds else 0.0,
        stated_error=own.mc_error,
        earlier_breaks=differing,
        half=month_at(half, question.book.as_of),
        refused=tuple(refused),
    )


Trial = Callable[[], Headline]
Planned = tuple[str, str, str, float | None, Trial]


class _Suite:
    """The question at its centre, and how each case differs from it."""

    def __init__(self, question: Question, settings: list[str], effort: Effort) -> None:
        self.question, self.settings, self.effort = question, settings, effort
        self.setting = prepare(question)
        self.paths = simulate_all(self.setting)
        self.counts = count(self.setting, self.paths, [HEADLINE, WITH_SOFT, ONE_OBLIGOR, *GATE])
        self.base = read(self.counts, HEADLINE, question.chance)

    def plan(self) -> Iterator[Planned]:
        """Yield every case, with what has to be done for it."""
        for name, low, high in self._parameters():
            for to, value in (("low", low), ("high", high)):
                yield "parameter", name, to, value, self._with(f"parameters.{name}={value!r}")
        for figure in self._figures():
            for to, value in (("low", figure.low), ("high", figure.high)):
                month = figure.unit == "month"
                typed = month_at(round(value), self.question.book.as_of) if month else repr(value)
                where = f"{to} {typed}" if month else to
                yield (
                    "figure",
                    figure.name,
                    where,
                    None if month else value,
                    self._with(f"figures.{figure.name}={typed}"),
                )
        for number in range(1, self.effort.seeds + 1):
            seed = self.question.seed + number
            yield "seed", str(seed), "", None, self._asked(replace(self.question, seed=seed))
        for doubling in range(1, self.effort.doublings + 1):
            paths = self.effort.paths * 2**doubling
            yield "paths", f"{paths:,}", "", float(paths), self._asked(replace(self.question, paths=paths))
        for channel in CHANNELS if self.effort.channels else ():
            yield "channel", channel, "off", None, self._without(channel)
        for reading in (WITH_SOFT, ONE_OBLIGOR, *GATE):
            share = "" if reading.share is None else f"{reading.share:g}"
            words = [share, "soft" if reading.soft else "hard", "one" if reading.obligors == 1 else "",
                     "split" if reading.split else ""]  # fmt: skip
            name = " ".join(word for word in words if word)
            yield "reading", name, "", reading.share, partial(self._read, reading)

    def _read(self, reading: Reading) -> Headline:
        return read(self.counts, reading, self.question.chance)

    def _with(self, change: str) -> Trial:
        def trial() -> Headline:
            scenario = load_scenario(self.question.scenario.name, [*self.settings, change])
            return measure(prepare(replace(self.question, scenario=scenario)))

        return trial

    def _asked(self, question: Question) -> Trial:
        return lambda: measure(prepare(question))

    def _without(self, channel: str) -> Trial:
        return lambda: measure(varied(self.setting, off=[channel]))

    def _parameters(self) -> list[tuple[str, float, float]]:
        rows = self.question.book.table("parameters").rows
        unknown = [
            (str(row["parameter"]), float(row["low"]), float(row["high"]))
            for row in rows
            if row["low"] is not None and row["high"] is not None and row["low"] < row["high"]
        ]
        if self.effort.parameters is None:
            return unknown
        explained = self._explained([name for name, _, _ in unknown])
        order = np.argsort(-explained, kind="stable")[: self.effort.parameters]
        return [unknown[place] for place in order]

    def _explained(self, names: Sequence[str]) -> np.ndarray:
        """Return how much of the break of the most fragile firm each parameter explains over draws (r squared)."""
        draws = self.setting.economy.draws
        broke = (self.paths.break_month > 0).astype(np.float64)
        shares = np.stack([broke[:, draw::draws].mean(axis=1) for draw in range(draws)], axis=1)
        loudest = shares[int(shares.std(axis=1).argmax())]
        found = []
        for name in names:
            drawn = np.broadcast_to(self.setting.figures.parameter(name), draws)
            steady = np.ptp(drawn) == 0.0 or np.ptp(loudest) == 0.0
            found.append(0.0 if steady else float(np.corrcoef(drawn, loudest)[0, 1] ** 2))
        return np.array(found)

    def _figures(self) -> list[Figure]:
        """Return the figures of the book that are most worth knowing for the break of the leading firm."""
        leader, effort = self.base.leaders["firm"], self.effort
        if leader == NONE or effort.figures == 0:
            return []
        asked = replace(self.question, paths=effort.screening_paths, draws=effort.screening_draws)
        try:
            found = sensitivity(prepare(asked), f"break:{leader}", SensitivityEffort(base=0))
        except RunError:  # it breaks on too few paths, or on nearly all, for any figure to matter
            return []
        own = [one.figure for one in found.known if one.figure.table != "parameters"]
        return [one for one in own if one.low < one.high][: effort.figures]

    def case(self, group: str, name: str, to: str, value: float | None, found: Headline) -> Case:
        """Compare what follows with the headline."""
        shift: dict[str, float] = {}
        flips: dict[str, str] = {}
        doubtful: dict[str, str] = {}
        for kind in KINDS:
            leader = self.base.leaders[kind]
            now = found.first[kind].get(leader)
            shift[kind] = (now.value if now else 0.0) - self.base.first[kind][leader].value
            if found.leaders[kind] != leader:
                clear = found.lead(kind, leader) >= CLEAR
                (flips if clear else doubtful)[kind] = found.leaders[kind]
        moves = {
            name: found.breaks["firm"][name].value - before.value
            for name, before in self.base.breaks["firm"].items()
            if name in found.breaks["firm"]
        }
        widest = max(moves, key=lambda name: abs(moves[name]))
        return Case(group, name, to, value, found, shift, (widest, moves[widest]), flips, doubtful)

    def horizon(self) -> tuple[int, int]:
        """Return a shorter horizon, and how many breaks up to it change when it is set.

        Half way, or the first month after that beyond which the scenario asks for nothing.
        """
        months = self.setting.economy.months
        for half in range(months // 2, months):
            try:
                asked = replace(self.question, months=half)
            except DeflatorError:  # the scenario names a later month
                continue
            short = simulate_all(prepare(asked))
            before = np.where(self.paths.break_month <= half, self.paths.break_month, 0)
            return half, int((before != short.break_month).sum())
        return months, 0
