"""The essay's claims, each as a check with a verdict: its figures beside the book's, its mechanisms measured.

What is claimed, and how each claim is tested, stands in `claims.csv`; thresholds were chosen before anything was run.
A share of at least two thirds supports a claim and one of at most a third contradicts it, if the range over what is
not known, and twice the Monte Carlo error, stay on the same side of a half. Anything else is conditional.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from importlib import resources
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.assets import target_of
from deflator.analysis.claim_figures import FIGURES, Facts
from deflator.analysis.claim_trials import AS_IS, DYNAMICS, SHUT, Seen, Trials, keeper, measured, trial_of
from deflator.analysis.entry import ANY, Followed, follow, waited_for, wealth_by_month, wealth_of_waiting
from deflator.analysis.probability import TAIL, Probability, by_draw, probability
from deflator.analysis.replay import Floats, Setting, prepare
from deflator.analysis.trials import watch
from deflator.engine import Status
from deflator.engine.positions import CHANNELS, PARAMETERS
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import translated

SUPPORTED, CONTRADICTED, CONDITIONAL, NOT_TESTABLE = "supported", "contradicted", "conditional", "not_testable"
VERDICTS = (SUPPORTED, CONTRADICTED, CONDITIONAL, NOT_TESTABLE)
UNIDENTIFIED = "unidentified"
MECHANISMS = tuple(f"M{number}" for number in range(1, 17))
#: The share that ranges must not cross.
EVEN = 0.5
#: How far outside of the essay's bounds a figure may lie and still agree, relative.
TOLERANCE = 0.1
#: One block of the engine; fewer paths cost the same and say less.
FEWEST_PATHS = 64
#: Fewest paths on which a mechanism must be seen at work before its share is judged.
FEWEST_TOLD = 30
_WAITING = "waiting_pays"
_FEWEST_DRAWS = 12
#: What a scenario may pin, by the test that asks for it.
_PINNED = dict.fromkeys(("window_shuts", "less_bought", "lower_openness"), "funding_level") | dict.fromkeys(
    ("rent_below", "lower_rent", "inverted"), "rent_level"
)


@dataclass(frozen=True)
class Claim:
    """A claim of the essay, and how it is tested.

    Parameters
    ----------
    id, mechanism
        Its name, and the mechanism M1 to M16 of which it is a part.
    kind
        `figure` of the world, held against the book; `evidence`, held against a figure reported for a date before the
        book's; `dynamic`, measured by simulation; or `untestable`.
    test, subject
        Name of the test, and what it is asked of: an entity, a channel, a level.
    statement
        What the essay says.
    low, high
        Its figure; None where it is open or there is none.
    unit
        Of the figure.
    null, statistic, why
        What would have to be so for the claim to fail, what is measured, and why so.
    supported_at, contradicted_at
        Shares of paths, or of draws, from which and up to which the claim is supported and contradicted: two thirds and
        one third, the scale of *likely* and *unlikely* of Mastrandrea and others (2010), IPCC guidance on uncertainty.
    evidence_low, evidence_high, source
        Of the kind `evidence`: the figure reported, and its key in the book's sources.
    """

    id: str
    mechanism: str
    kind: str
    test: str
    subject: str
    statement: str
    low: float | None
    high: float | None
    unit: str
    null: str
    statistic: str
    supported_at: float | None
    contradicted_at: float | None
    why: str
    evidence_low: float | None
    evidence_high: float | None
    source: str


@dataclass(frozen=True)
class Check:
    """What came of a claim under a book and a scenario.

    Parameters
    ----------
    claim
        What is claimed.
    verdict
        `supported`, `contradicted`, `conditional` or `not_testable`.
    value, low, high
        The computed figure beside the essay's, with the range over what is not known: of nine draws in ten.
    share
        Of a figure: in how many draws it agrees. Of a mechanism: on how many paths it is borne out, with its range and
        error. None where nothing was computed.
    told
        Share of paths that can tell; the others are left out of `share`.
    condition
        Of a conditional verdict: on what it depends. `draws` (what is not known of the figure), `series` (which of
        several reported figures), the name of the uncertain parameter that separates draws most, or `unidentified`.
        Of a claim that is not testable: `assumed` (the scenario sets what is asked), `absent` (the book does not hold
        it), `seldom` (too few paths can tell) or `outside` (no model of this kind could).
    correlation
        Between draws, of that parameter and the share.
    """

    claim: Claim
    verdict: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    share: Probability | None = None
    told: float | None = None
    condition: str = ""
    correlation: float | None = None


@dataclass(frozen=True)
class Claims:
    """Every claim under one scenario.

    Parameters
    ----------
    scenario
        Its name.
    checks
        In the order of the list of claims.
    paths, draws
        Paths that failed in no trial, and draws.
    """

    scenario: str
    checks: tuple[Check, ...]
    paths: int
    draws: int

    def to_frame(self) -> pl.DataFrame:
        """Return one row for each claim."""
        return pl.DataFrame([_as_row(self.scenario, check) for check in self.checks], infer_schema_length=None)

    def counted(self) -> dict[str, int]:
        """Return how many claims have each verdict."""
        return {verdict: sum(check.verdict == verdict for check in self.checks) for verdict in VERDICTS}


def _as_row(scenario: str, check: Check) -> dict[str, object]:
    claim, share = check.claim, check.share
    return {
        "id": claim.id,
        "mechanism": claim.mechanism,
        "kind": claim.kind,
        "statement": translated(claim.statement),
        "scenario": scenario,
        "verdict": check.verdict,
        "essay_low": claim.low,
        "essay_high": claim.high,
        "value": check.value,
        "low": check.low,
        "high": check.high,
        "unit": claim.unit,
        "share": share.value if share else None,
        "share_low": share.low if share else None,
        "share_high": share.high if share else None,
        "share_error": share.mc_error if share else None,
        "told": check.told,
        "condition": check.condition or None,
        "correlation": check.correlation,
        "null": translated(claim.null),
        "statistic": translated(claim.statistic),
        "supported_at": claim.supported_at,
        "contradicted_at": claim.contradicted_at,
        "why": translated(claim.why),
        "source": claim.source or None,
    }


@cache
def list_claims() -> tuple[Claim, ...]:
    """Return every claim, in the order of mechanisms.

    Examples
    --------
    >>> sorted({claim.mechanism for claim in list_claims()}) == sorted(MECHANISMS)
    True
    """
    lines = (resources.files("deflator.analysis") / "claims.csv").read_text(encoding="utf-8").splitlines()
    numbers = ("low", "high", "supported_at", "contradicted_at", "evidence_low", "evidence_high")
    found = []
    for row in csv.DictReader(lines):
        cells: dict[str, Any] = dict(row)
        cells |= {name: float(Fraction(row[name])) if row[name] else None for name in numbers}
        found.append(Claim(**cells))
    return tuple(found)


def check_claims(
    settings: Sequence[Setting], chosen: Collection[str] | None = None, progress: Progress | None = None
) -> tuple[Claims, ...]:
    """Check claims under each of some scenarios, with all trials on the same draws.

    Parameters
    ----------
    settings
        From `prepare`: one book under several scenarios.
    chosen
        Ids of the claims to check; only the trials that these need are run. All when None.
    progress
        Told the trials done and the trials needed.

    Raises
    ------
    RunError
        For too few paths, or when every path fails.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=64, draws=4))
    >>> [check.claim.id for check in check_claims([setting], ["rent_now"])[0].checks]
    ['rent_now']
    """
    few = [setting for setting in settings if setting.question.paths_used < FEWEST_PATHS]
    if few:
        message = f"{few[0].question.paths_used} paths are too few to tell two thirds from a half"
        raise RunError([Fault("", 0, "--paths", message, f"use at least {FEWEST_PATHS}")])
    claims = [claim for claim in list_claims() if chosen is None or claim.id in chosen]
    names = trial_names(claims)
    done = _run_all([(setting, name) for setting in settings for name in names], progress)
    each = len(names)
    return tuple(
        _check_all(setting, claims, dict(zip(names, done[each * at : each * (at + 1)], strict=True)))
        for at, setting in enumerate(settings)
    )


def trial_names(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the trials that claims need: as it is, each with one thing changed, and `any` for waiting for a break."""
    found = [AS_IS]
    for claim in claims:
        if claim.kind == "dynamic" and (claim.subject == SHUT or claim.subject in CHANNELS):
            found.append(claim.subject)
        if claim.test == _WAITING:
            found.append(ANY)
    return tuple(dict.fromkeys(found))


def _run_all(jobs: Sequence[tuple[Setting, str]], progress: Progress | None) -> list[dict[str, NDArray] | Followed]:
    """Run trials side by side, one to a thread; they come back in the order of the jobs."""

    def run(job: tuple[Setting, str]) -> dict[str, NDArray] | Followed:
        setting, name = job
        if name == ANY:
            return follow(setting, target_of(setting, None), waited_for(setting, ANY), threads=1)
        return watch(trial_of(setting, name), keeper(setting), threads=1)

    done: list[dict[str, NDArray] | Followed] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            for found in pool.map(run, jobs):
                done.append(found)
                if progress:
                    progress(len(done), len(jobs))
        finally:
            pool.shutdown(cancel_futures=True)
    return done


def _check_all(setting: Setting, claims: Sequence[Claim], done: Mapping[str, dict[str, NDArray] | Followed]) -> Claims:
    followed = next((found for found in done.values() if isinstance(found, Followed)), None)
    runs = {name: kept for name, kept in done.items() if isinstance(kept, dict)}
    good = np.flatnonzero(np.all([kept["status"] == Status.OK for kept in runs.values()], axis=0))
    if not good.size:
        raise RunError([Fault("", 0, "", f"all {setting.question.paths_used} paths failed", "try another seed")])
    kept = {
        name: {what: values[..., good] for what, values in run.items() if what != "status"}
        for name, run in runs.items()
    }
    trials = Trials(setting, kept, good % setting.economy.draws)
    drawn = Facts(setting, measured(kept[AS_IS], trials.draw, setting.economy.draws))
    central = _central_facts(setting)
    checks = tuple(_check(claim, trials, followed, drawn, central) for claim in claims)
    return Claims(setting.question.scenario.name, checks, len(good), setting.question.draws_used)


def _central_facts(setting: Setting) -> Facts:
    """Return the figures at their central values, on one path without noise."""
    central = prepare(replace(setting.question, paths=1, draws=0, chance=False))
    kept = watch(central, keeper(central), threads=1)
    return Facts(central, measured(kept, np.zeros(1, dtype=np.int64), 1))


def _check(claim: Claim, trials: Trials, followed: Followed | None, drawn: Facts, central: Facts) -> Check:
    if claim.kind == "figure":
        test = FIGURES[claim.test]
        seen, centre = test(drawn, claim.subject), test(central, claim.subject)
        if seen is None or centre is None or np.isnan(centre).any():
            return Check(claim, NOT_TESTABLE, condition="absent")
        return judge_figure(claim, float(centre[0]), seen[~np.isnan(seen)])
    if claim.kind == "evidence":
        known = claim.source in trials.setting.question.book.sources
        return judge_evidence(claim) if known else Check(claim, NOT_TESTABLE, condition="absent")
    if claim.kind == "untestable":
        return Check(claim, NOT_TESTABLE, condition="outside")
    if assumed(claim, trials.setting):
        return Check(claim, NOT_TESTABLE, condition="assumed")
    if claim.test == _WAITING:
        assert followed is not None
        return judge_dynamic(claim, waiting_pays(followed), followed.draw, trials.setting)
    found = DYNAMICS[claim.test](trials, claim.subject)
    if found is None:
        return Check(claim, NOT_TESTABLE, condition="absent")
    return judge_dynamic(claim, found, trials.draw, trials.setting)


def assumed(claim: Claim, setting: Setting) -> bool:
    """Tell whether the scenario pins what a claim asks, so that the answer would be its own assumption."""
    requests = setting.economy.requests
    pinned = _PINNED.get(claim.test)
    return pinned is not None and not bool(np.isnan(getattr(requests, pinned)).all())


def waiting_pays(followed: Followed) -> Seen:
    """Tell whether waiting for the first break leaves more than buying now; the figure is the ratio less one."""
    wealth = wealth_by_month(followed)
    waited, _ = wealth_of_waiting(followed, wealth)
    ratio = np.where(wealth[0] > 0.0, waited / np.where(wealth[0] > 0.0, wealth[0], 1.0) - 1.0, np.inf)
    return (waited > wealth[0]).astype(np.float64), ratio


def agrees(claim: Claim, value: Floats) -> NDArray[np.bool_]:
    """Tell whether figures lie within the essay's, give or take a tenth of each bound.

    Examples
    --------
    >>> rent = next(claim for claim in list_claims() if claim.id == "rent_now")
    >>> agrees(rent, np.array([1.6, 1.7, 2.0, 2.4, 2.5])).tolist()
    [False, True, True, True, False]
    """
    low = -math.inf if claim.low is None else claim.low - TOLERANCE * abs(claim.low)
    high = math.inf if claim.high is None else claim.high + TOLERANCE * abs(claim.high)
    return (value >= low) & (value <= high)


def judge_figure(claim: Claim, central: float, seen: Floats) -> Check:
    """Judge a figure of the world: by its central value, and by the draws in which it agrees.

    Parameters
    ----------
    claim
        What the essay says.
    central
        The figure at its central value.
    seen
        The figure by draw.
    """
    yes, no = _thresholds(claim)
    share = float(agrees(claim, seen).mean())
    inside = bool(agrees(claim, np.array(central)))
    if inside and share >= yes:
        verdict = SUPPORTED
    elif not inside and share <= no:
        verdict = CONTRADICTED
    else:
        verdict = CONDITIONAL
    low, high = (float(level) for level in np.quantile(seen, [TAIL, 1.0 - TAIL]))
    condition = "draws" if verdict == CONDITIONAL else ""
    told = Probability(share, None, None, math.sqrt(share * (1.0 - share) / len(seen)))
    return Check(claim, verdict, central, low, high, told, 1.0, condition)


def judge_evidence(claim: Claim) -> Check:
    """Judge a figure by those reported: both must agree, or neither."""
    assert claim.evidence_low is not None
    assert claim.evidence_high is not None
    inside = agrees(claim, np.array([claim.evidence_low, claim.evidence_high]))
    verdict = SUPPORTED if inside.all() else CONDITIONAL if inside.any() else CONTRADICTED
    value = 0.5 * (claim.evidence_low + claim.evidence_high)
    condition = "series" if verdict == CONDITIONAL else ""
    return Check(claim, verdict, value, claim.evidence_low, claim.evidence_high, None, None, condition)


def judge_dynamic(claim: Claim, seen: Seen, draw: NDArray[np.int64], setting: Setting) -> Check:
    """Judge a mechanism by the share of paths that bear it out.

    Parameters
    ----------
    claim
        What the essay says.
    seen
        By path: 1, 0 or a half, NaN where the path cannot tell; and the figure beside the essay's.
    draw
        Draw of each path.
    setting
        What was simulated, to find what a conditional verdict depends on.
    """
    outcome, figure = seen
    told = ~np.isnan(outcome)
    if told.sum() < min(FEWEST_TOLD, len(outcome)):
        return Check(claim, NOT_TESTABLE, told=float(told.mean()), condition="seldom")
    borne, which = outcome[told], draw[told]
    share = probability(*by_draw(borne, which), setting.question.chance)
    verdict = verdict_of(share, *_thresholds(claim))
    condition, correlation = depends_on(borne, which, setting) if verdict == CONDITIONAL else ("", None)
    value, low, high = _middle(figure, draw) if figure is not None else (None, None, None)
    return Check(claim, verdict, value, low, high, share, float(told.mean()), condition, correlation)


def _middle(figure: Floats, draw: NDArray[np.int64]) -> tuple[float | None, float | None, float | None]:
    """Return the median of a figure, and the quantiles 5 and 95 % of its paths."""
    known = figure[np.isfinite(figure)]
    if not known.size:
        return None, None, None
    low, middle, high = np.quantile(known, [TAIL, EVEN, 1.0 - TAIL])
    return float(middle), float(low), float(high)


def _thresholds(claim: Claim) -> tuple[float, float]:
    assert claim.supported_at is not None
    assert claim.contradicted_at is not None
    return claim.supported_at, claim.contradicted_at


def verdict_of(share: Probability, yes: float, no: float) -> str:
    """Return the verdict of a share of paths.

    Parameters
    ----------
    share
        The share, with its range and error.
    yes, no
        From which and up to which it supports and contradicts.

    Examples
    --------
    >>> shares = Probability(0.8, 0.6, 0.9, 0.01), Probability(0.8, 0.4, 0.9, 0.01), Probability(0.2, 0.1, 0.3, 0.01)
    >>> [verdict_of(share, yes=0.67, no=0.33) for share in shares]
    ['supported', 'conditional', 'contradicted']
    """
    low = min(share.value - 2.0 * share.mc_error, share.value if share.low is None else share.low)
    high = max(share.value + 2.0 * share.mc_error, share.value if share.high is None else share.high)
    if share.value >= yes and low > EVEN:
        return SUPPORTED
    if share.value <= no and high < EVEN:
        return CONTRADICTED
    return CONDITIONAL


def depends_on(outcome: Floats, draw: NDArray[np.int64], setting: Setting) -> tuple[str, float | None]:
    """Return the uncertain parameter on which a conditional verdict turns most, and its correlation across draws.

    The rank correlation of a parameter with the share of the draw's paths must be beyond what the largest of so many
    would reach by chance one time in twenty (Bonferroni); otherwise it is `unidentified`.

    Parameters
    ----------
    outcome, draw
        By path.
    setting
        What was simulated.
    """
    economy = setting.economy
    used = np.unique(draw)
    if len(used) < _FEWEST_DRAWS:
        return UNIDENTIFIED, None
    shares = np.array([outcome[draw == one].mean() for one in used])
    parameters = economy.figures[economy.rows["world.parameters"]][:, used]
    moved = np.flatnonzero(np.ptp(parameters, axis=1) > 0.0)
    if not moved.size or np.ptp(shares) == 0.0:
        return UNIDENTIFIED, None
    found = np.array([np.corrcoef(_ranks(parameters[row]), _ranks(shares))[0, 1] for row in moved])
    best = int(np.abs(found).argmax())
    if abs(found[best]) < _largest_by_chance(len(moved)) / math.sqrt(len(used) - 1):
        return UNIDENTIFIED, None
    return PARAMETERS[moved[best]], float(found[best])


def _ranks(values: Floats) -> Floats:
    """Return ranks, with the mean of their ranks for equal values."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - 0.5 * (counts - 1))[place].astype(np.float64)


def _largest_by_chance(tries: int) -> float:
    """Return the two-sided 5 % point of a standard normal number, for the largest of so many."""
    return NormalDist().inv_cdf(1.0 - 0.025 / tries)


def by_mechanism(checks: Iterable[Check]) -> dict[str, list[Check]]:
    """Return the checks of each mechanism, in order."""
    found: dict[str, list[Check]] = {name: [] for name in MECHANISMS}
    for check in checks:
        found[check.claim.mechanism].append(check)
    return found
