"""Method, limits, where every figure was read, and what the run was made with."""

from __future__ import annotations

from collections.abc import Sequence

from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import scenario_of
from deflator.report.sections.parts import Column, Figure, Section, Table, figure, numbers, words


def method_section(memos: Sequence[Memo]) -> Section:
    """Return how it was computed, what it cannot tell, and what it was made with."""
    limits = memos[0]["limits"]
    parts = [
        Section("how", text("report.method.title"), [one["text"] for one in limits["method"]]),
        Section("limits", text("report.limits.title"), [one["text"] for one in limits["limits"]]),
        Section("made", text("report.made.title"), [], [[_made(memos)], [_channels(memos)], [_parameters(memos[0])]]),
        Section("sources", text("report.sources.title"), [], [[_sources(memos[0])]]),
        Section(
            "reconciled", text("report.reconciled.title"), [text("report.reconciled.lead")], [[_reconciled(memos[0])]]
        ),
    ]
    return Section("method", text("report.appendix.title"), [], [], parts)


def _made(memos: Sequence[Memo]) -> Figure:
    """Return what makes each run again: fingerprints, sizes, seed, versions."""
    heads = [*words("what"), *(Column(scenario_of(memo)) for memo in memos)]
    columns = []
    for memo in memos:
        manifest = memo.result.raw.manifest
        columns.append(
            {
                "run": manifest.run, "book": manifest.book["name"], "book_fingerprint": manifest.book["fingerprint"],
                "scenario": manifest.scenario["name"], "scenario_fingerprint": manifest.scenario["fingerprint"],
                "author": f"{memo.question.scenario.author}, {memo.question.scenario.date}",
                "as_of": manifest.as_of, "months": str(manifest.months), "paths": f"{manifest.paths:,}",
                "failed": str(manifest.paths_failed), "draws": str(manifest.draws), "seed": str(manifest.seed),
                "checksum": manifest.checksum, "residual": f"{manifest.ledger_residual:.1e}",
                "seconds": f"{manifest.seconds:.1f}", "finished": manifest.finished_at,
                "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
            }
        )  # fmt: skip
    rows = [[text(f"report.made.{name}"), *(one[name] for one in columns)] for name in columns[0]]
    title = text("report.made.title")
    return Figure("made-table", title, text("report.made.lead"), None, [Table(title, heads, rows)])


def _channels(memos: Sequence[Memo]) -> Figure:
    heads = [*words("channel"), *(Column(scenario_of(memo)) for memo in memos)]
    on = [{one["name"]: one["on"] for one in memo["limits"]["channels"]} for memo in memos]
    rows = [[text(f"report.channel.{name}"), *(figure(one[name]) for one in on)] for name in on[0]]
    title = text("report.made.channels")
    return Figure("channels-on", title, "", None, [Table(title, heads, rows)])


def _parameters(memo: Memo) -> Figure:
    rows = [
        [one["name"].replace("_", " "), figure(one["value"], 4), figure(one["low"], 4), figure(one["high"], 4),
         one["distribution"]]
        for one in memo["limits"]["parameters"]
    ]  # fmt: skip
    title = text("report.made.parameters")
    heads = [*words("parameter"), *numbers("value", "low", "high"), *words("distribution")]
    return Figure("parameters", title, text("report.made.parameters_lead"), None, [Table(title, heads, rows)])


def _sources(memo: Memo) -> Figure:
    found = memo["book"]["sources"]
    order = sorted(found, key=lambda one: (-one["figures"], one["source"]))
    rows = [[one["source"], one["title"], one["kind"], one["date"], one["url"] or "–", str(one["figures"])]
            for one in order]  # fmt: skip
    heads = [*words("source", "title", "kind", "date", "address"), *numbers("figures")]
    title = text("report.sources.table", count=len(rows))
    return Figure("sources-table", title, "", None, [Table(title, heads, rows)])


def _reconciled(memo: Memo) -> Figure:
    rows = [
        [one["target"], one["entity"], one["measure"].replace("_", " "), figure(one["book_value"], 4),
         figure(one["target_value"], 4), f"{100 * one['residual']:+.1f} %", one["standing"].replace("_", " "),
         figure(one["passed"])]
        for one in memo["book"]["reconciliation"]
    ]  # fmt: skip
    heads = [*words("target_name", "name", "measure"), *numbers("book_value", "reported_value", "residual"),
             *words("standing", "passed")]  # fmt: skip
    title = text("report.reconciled.title")
    return Figure("reconciled-table", title, "", None, [Table(title, heads, rows)])
