"""The page of the suite, in Markdown: `deflator validate --page docs/validation.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deflator.analysis.backtest import Backtest
from deflator.analysis.backtest.scores import Interval
from deflator.analysis.breaks import NONE
from deflator.analysis.validation.headline import KINDS, Headline
from deflator.analysis.validation.stability import CLEAR, Case, Stability
from deflator.analysis.validation.suite import Validation
from deflator.analysis.words import UNKNOWN, p_value, per_cent, per_cent_range, significant
from deflator.book import month_at
from deflator.messages import text

_MOST_MOVES = 15
_LEAST_SHIFT = 0.005


def validation_page(found: Validation, command: str) -> str:
    """Return the page.

    Parameters
    ----------
    found
        From `validate`.
    command
        What to type to make it again.
    """
    return "\n".join(_lines(found, command)) + "\n"


def _lines(found: Validation, command: str) -> Iterator[str]:
    yield from (text("validate.page.title"), "", text("validate.page.made", command=command), "")
    yield from (text("validate.page.intro"), "")
    effort = found.effort
    yield text("validate.page.made_with", book=found.book, paths=f"{effort.paths:,}", draws=f"{effort.draws:,}",
               seed=found.seed, seconds=f"{found.seconds:,.0f}")  # fmt: skip
    yield ""
    if found.quick:
        yield from (text("validate.page.quick"), "")
    for one in found.stabilities:
        yield from _stability(one, found)
    for name, past in found.pasts:
        yield from (text("validate.page.past_title", book=name), "")
        yield from past_lines(name, past)
    yield from _rents(found)
    yield from (text("validate.page.limits_title"), "", text("validate.page.limits").strip(), "")
    yield text("common.disclaimer")


def rows(head: Sequence[str], cells: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yield a table in Markdown, and a blank line after it.

    Examples
    --------
    >>> list(rows(["a", "b"], [[1, 2]]))
    ['| a | b |', '| --- | --- |', '| 1 | 2 |', '']
    """
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in cells:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
    yield ""


def _heads(*names: str) -> list[str]:
    return [text(f"validate.head_{name}") for name in names]


def named(name: str, labels: dict[str, str]) -> str:
    """Return what an outcome is called: a firm by its name, a tenth of a cohort by the cohort's, else as it is."""
    cohort, _, tenth = name.partition(":")
    if tenth:
        return text("run.tenth", cohort=labels.get(cohort, cohort))
    return text("run.none") if name == NONE else labels.get(name, name)


def signed(shift: float) -> str:
    """Return a change of a probability in points of per cent.

    Examples
    --------
    >>> signed(0.126), signed(-0.03), signed(0.001)
    ('+13', '−3', '0')
    """
    points = round(100.0 * shift)
    return "0" if points == 0 else f"+{points}" if points > 0 else f"−{-points}"


def _stability(one: Stability, found: Validation) -> Iterator[str]:
    yield from (text("validate.page.scenario", scenario=one.scenario), "")
    yield from (text("validate.page.headline"), "")
    yield from rows(_heads("kind", "leader", "first", "error", "range"), [_headline(kind, one.base, found.labels)
                                                                        for kind in KINDS])  # fmt: skip
    flips = [case for case in one.cases if case.flips]
    yield text("validate.page.flips_title")
    yield ""
    if flips:
        yield from (text("validate.page.flips", count=len(flips), cases=len(one.cases), clear=f"{CLEAR:g}"), "")
        yield from rows(_heads("moved", "to", "kind", "instead", "first"),
                        [row for case in flips for row in _flip(case, found.labels)])  # fmt: skip
    else:
        yield from (text("validate.page.no_flips", cases=len(one.cases)), "")
    doubtful = [case for case in one.cases if case.doubtful and not case.flips]
    if doubtful:
        names = ", ".join(f"`{_moved(case)}`" for case in doubtful)
        yield from (text("validate.page.doubtful", clear=f"{CLEAR:g}", names=names), "")
    if one.refused:
        yield from (text("validate.page.refused"), "")
        yield from (f"- `{name}`: {reason}" for name, reason in one.refused)
        yield ""
    for group in ("parameter", "figure", "channel"):
        if cases := one.of(group):
            yield from _moves(group, cases, found.labels)
    if cases := one.of("reading"):
        yield from (text("validate.page.readings_title"), "", text("validate.page.readings"), "")
        yield from rows(_heads("reading", "layer", "first", "firm", "first"),
                        [_reading(case, found.labels) for case in cases])  # fmt: skip
    yield from _noise(one, found.labels)


def _headline(kind: str, base: Headline, labels: dict[str, str]) -> list[str]:
    leader = base.leaders[kind]
    odds = base.first[kind][leader]
    return [text(f"validate.kind_{kind}"), named(leader, labels), per_cent(odds.value, odds.mc_error),
            f"{100 * odds.mc_error:.1f}", per_cent_range(odds.low, odds.high)]  # fmt: skip


def _moved(case: Case) -> str:
    return f"{case.name} {case.to}".strip()


def _flip(case: Case, labels: dict[str, str]) -> Iterator[list[str]]:
    to = case.to if case.value is None else f"{case.to} {significant(case.value, 3)}".strip()
    for kind, leader in case.flips.items():
        odds = case.headline.first[kind][leader]
        moved = f"{text(f'validate.group_{case.group}')} `{case.name}`"
        yield [moved, to or UNKNOWN, text(f"validate.kind_{kind}"), named(leader, labels),
               per_cent(odds.value, odds.mc_error)]  # fmt: skip


def _moves(group: str, cases: Sequence[Case], labels: dict[str, str]) -> Iterator[str]:
    """Yield the widest moves of a group; the others are counted."""

    def width(case: Case) -> float:
        return max(*(abs(shift) for shift in case.shift.values()), abs(case.break_shift[1]))

    widest = sorted(cases, key=lambda case: (-width(case), case.name, case.to))
    shown = [case for case in widest if width(case) >= _LEAST_SHIFT][:_MOST_MOVES]
    things = len({case.name for case in cases})
    still = things - len({case.name for case in cases if width(case) >= _LEAST_SHIFT})
    yield from (text(f"validate.page.moves_{group}_title"), "")
    yield text("validate.page.moves", things=things, shown=len(shown), still=still)
    yield ""
    if shown:
        yield from rows(_heads("moved", "to", "layer_shift", "firm_shift", "widest", "widest_shift"), [
            [f"`{case.name}`", case.to if case.value is None else f"{case.to} {significant(case.value, 3)}",
             signed(case.shift["layer"]), signed(case.shift["firm"]), named(case.break_shift[0], labels),
             signed(case.break_shift[1])]
            for case in shown
        ])  # fmt: skip


def _reading(case: Case, labels: dict[str, str]) -> list[str]:
    cells = [case.name]
    for kind in KINDS:
        leader = case.headline.leaders[kind]
        odds = case.headline.first[kind][leader]
        cells += [named(leader, labels), per_cent(odds.value, odds.mc_error)]
    return cells


def _noise(one: Stability, labels: dict[str, str]) -> Iterator[str]:
    """Yield what seeds, the number of paths and the horizon do."""
    yield from (text("validate.page.noise_title"), "")
    leader = one.base.leaders["firm"]
    cells = []
    for group in ("seed", "paths"):
        for case in one.of(group):
            odds = case.headline.first["firm"][leader]
            others = [named(case.headline.leaders[kind], labels) for kind in KINDS]
            cells.append([text(f"validate.group_{group}"), case.name, *others, f"{100 * odds.value:.1f}",
                          f"{100 * odds.mc_error:.1f}"])  # fmt: skip
    yield from rows(_heads("group", "to", "layer", "firm", "leader_first", "error"), cells)
    yield text("validate.page.noise", leader=named(leader, labels), spread=f"{100 * one.seed_spread:.1f}",
               stated=f"{100 * one.stated_error:.1f}")  # fmt: skip
    yield ""
    yield text("validate.page.horizon", half=one.half, differing=one.earlier_breaks)
    yield ""


def _interval(found: Interval | None) -> str:
    if found is None:
        return UNKNOWN
    return text("backtest.interval", value=f"{found.value:.2f}", low=f"{found.low:.2f}", high=f"{found.high:.2f}")


def past_lines(name: str, past: Backtest) -> Iterator[str]:
    """Yield the scores of a book of the past, misses first."""
    yield text("validate.page.past", book=name, as_of=past.as_of, end=month_at(past.until, past.as_of),
               paths=f"{past.paths:,}")  # fmt: skip
    yield ""
    cells = []
    for one in past.horizons:
        skills = {skill.against: _interval(skill.brier) for skill in one.skills}
        cells.append([month_at(one.months, past.as_of), f"{one.broke}/{one.firms}", _interval(one.brier),
                      _interval(one.log), _interval(one.auc), *(skills.get(key, UNKNOWN) for key in
                      ("event_rate", "given_rate", "merton", "black_cox"))])  # fmt: skip
    yield from rows(_heads("by", "broke", "brier", "log", "auc", "event_rate", "given_rate", "merton", "black_cox"),
                    cells)  # fmt: skip
    for verdict in ("missed", "false_alarm", "caught", "passed", "unseen"):
        if firms := past.verdicts(verdict):
            told = "; ".join(f"{firm.name} ({per_cent(firm.foretold.value)})" for firm in firms)
            yield text("validate.page.verdict", verdict=text(f"validate.verdict_{verdict}"), names=told)
    yield ""
    for key, order in (("backtest.all_firms", past.order_all), ("backtest.those_that_broke", past.order_broken)):
        if order:
            tau = order.kendall
            yield text("validate.page.order", which=text(key), firms=order.firms, tau=f"{tau.value:.2f}",
                       low=f"{tau.low:.2f}", high=f"{tau.high:.2f}", chance=p_value(tau.p_value))  # fmt: skip
    if past.timing:
        one_place = {name: f"{getattr(past.timing, name).value:.1f}" for name in ("error", "distance")}
        inside = per_cent(past.timing.covered.value)
        yield text("validate.page.timing", firms=past.timing.firms, covered=inside, **one_place)
    if past.rents:
        within = sum(one.covered[1] for one in past.rents)
        better = sum(one.crps < one.flat for one in past.rents)
        yield text("validate.page.rents", seen=len(past.rents), inside=within, better=better)
    for line in past.refused:
        yield f"- {line}"
    yield ""


def _rents(found: Validation) -> Iterator[str]:
    """Yield the scores of the density forecast of rents, or why there are none."""
    yield from (text("validate.page.rents_title", book=found.book), "")
    test = found.rents
    if test is None:
        yield from (text("validate.page.no_rents", reason=found.no_rents), "")
        return
    as_of = found.as_of
    yield text(
        "validate.page.rents_intro", until=month_at(test.until, as_of), wins=test.wins(), series=len(test.series)
    )
    yield ""
    cells = []
    for one in test.series:
        held = " / ".join(per_cent(one.coverage("engine", level)) for level in (0.5, 0.8, 0.95))
        scores = [f"{one.score(model):.3f}" for model in ("engine", "drift", "flat")]
        cells.append([f"{one.series.equipment} {one.series.name}", len(one.months), *scores,
                      f"{one.skill('drift'):.2f}", f"{one.skill('flat'):.2f}", held])  # fmt: skip
    yield from rows(_heads("series", "months", "crps_engine", "crps_drift", "crps_flat", "skill_drift", "skill_flat",
                           "held"), cells)  # fmt: skip
    half, most, nearly = (per_cent(test.coverage("engine", level)) for level in (0.5, 0.8, 0.95))
    yield text("validate.page.rents_held", half=half, most=most, nearly=nearly)
    yield ""
