"""The page that shows the figures: a function of the figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

TARGETS = {
    "item_months": 60.0,  # million a second on two cores
    "seconds": {1_000: 0.3, 10_000: 3.0},
    "over Mesa": 150.0,
    "over whole-array NumPy": 5.0,
    "cost_of_size": 1.3,
    "linear": 0.1,
    "paint_ms": {0.5: 60.0, 0.95: 100.0},
}
LEFT_OUT = "This part was left out of the run.\n"


def render(results: dict[str, Any]) -> str:
    """Return the page."""
    sections = {
        "head": head, "targets": targets, "throughput": throughput, "runs": runs, "latency": latency,
        "scaling": scaling, "memory": memory, "cluster": cluster, "start": start, "side_by_side": side_by_side,
        "bounds": bounds, "clearing": clearing, "web": web,
    }  # fmt: skip
    return "\n".join(section(results) for section in sections.values())


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; numbers stand right."""
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def prose(text: str) -> str:
    """Return paragraphs, separated by empty lines, in lines of the width of other pages."""
    return "\n\n".join(fill(" ".join(part.split()), 120, break_on_hyphens=False) for part in text.split("\n\n")) + "\n"


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many digits that count, thousands apart.

    Examples
    --------
    >>> number(1234567.0), number(0.012345), number(7.0)
    ('1,230,000', '0.0123', '7.00')
    """
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{rounded:,.0f}"
    text = f"{rounded:#.{digits}g}"
    return text.rstrip(".")


def spread(times: dict[str, float]) -> str:
    """Return the best of several rounds, and the others' range."""
    return f"{number(times['best'])} ({number(times['median'])}, {number(times['worst'])})"


def head(results: dict[str, Any]) -> str:
    """Say what was measured, on what, and how busy it was."""
    on, load = results["machine"], results["load_average"]
    busy = max(load.values())
    others = (
        f"""**Other work shared the machine**: the load average stood at {load["before"]:.1f} before the run, which
        itself keeps at most {on["cores"]} processors busy, and reached {busy:.1f}. Seconds by the clock are too
        long by what others took; seconds of the processor less so."""
        if load["before"] > 0.5 or busy > on["cores"] + 1.0
        else f"The machine did nothing else: the load average stood at {load['before']:.1f} before the run."
    )
    caches = ", ".join(f"{name} {size // 1024:,} KB" for name, size in on["cache_bytes"].items() if size)
    text = prose(f"""{on["processor"]}, {on["cores"]} cores, {on["memory_gb"]} GB of memory, caches that a
        core sees {caches}; {on["system"]}, Python {on["python"]}, Numba {on["numba"]}, NumPy {on["numpy"]},
        Deflator {on["deflator"]}. Finished at {results["finished_at"]} after {results["seconds"]["all"]:.0f} seconds.
        {others}

        An *item-month* is a month of an entity, a contract, a lease or a facility on one path. Where several rounds
        were timed, the best stands first, the median and the worst in brackets. Seconds are by the clock unless said
        otherwise.""")
    return f"""# Performance

What the engine reaches, measured in one run by

```
make bench
```

which writes this page and `docs/performance.json`. Nothing here is copied by hand.

{text}"""


def targets(results: dict[str, Any]) -> str:
    """Compare what was reached with what was aimed at."""
    rows: list[tuple[str, str, str, bool]] = []
    threads = max(row["threads"] for row in results["throughput"])
    for row in results["throughput"]:
        if row["threads"] == threads:
            reached = row["million_item_months_per_second"]["best"]
            rows.append((f"million item-months a second, {row['scenario']}, {threads} threads",
                         f"at least {TARGETS['item_months']:.0f}", number(reached),
                         reached >= TARGETS["item_months"]))  # fmt: skip
    for row in results["runs"]:
        most, reached = TARGETS["seconds"].get(row["paths"]), row["in_memory"]["seconds"]["best"]
        if most is not None:
            rows.append((f"seconds for {row['paths']:,} paths in memory, warm", f"at most {most:g}", number(reached),
                         reached <= most))  # fmt: skip
    over = results["side_by_side"]["lanes_over"]
    for name, key in (("Mesa", "over Mesa"), ("whole-array NumPy", "over whole-array NumPy")):
        if name in over:
            rows.append((f"speed over {name} on one model, one thread", f"at least {TARGETS[key]:g}",
                         number(over[name]), over[name] >= TARGETS[key]))  # fmt: skip
    cost = max(row["cost_over_first"] for row in results["scaling"]["items"])
    rows.append((f"cost per item in a book {results['scaling']['items'][-1]['copies']} times as large",
                 f"at most {TARGETS['cost_of_size']:g}", number(cost), cost <= TARGETS["cost_of_size"]))  # fmt: skip
    for what in ("path", "month"):
        off = max(abs(row["cost_over_first"] - 1.0) for row in results["scaling"][f"{what}s"])
        rows.append((f"cost per {what} as {what}s grow, off one by", f"at most {TARGETS['linear']:g}", number(off),
                     off <= TARGETS["linear"]))  # fmt: skip
    shown = table(("target", "asked", "reached", "met"), ((*row[:3], "yes" if row[3] else "**no**") for row in rows))
    return f"## Against the targets\n\n{shown}"


def throughput(results: dict[str, Any]) -> str:
    """Show item-months per second."""
    first = results["throughput"][0]
    shown = table(
        ("scenario", "threads", "million item-months a second", "processors that it got", "a second of one processor"),
        ((row["scenario"], row["threads"], spread(row["million_item_months_per_second"]),
          f"{row['processor_seconds'] / row['seconds']['best']:.2f}",
          number(row["million_item_months_per_processor_second"])) for row in results["throughput"]),
    )  # fmt: skip
    text = prose(f"""The shipped book: {first["items"]} items, {first["months"]} months, {first["paths"]:,} paths, all
        channels on, best of {first["rounds"]} rounds. Processors got are seconds of the processor over
        seconds of the clock: fewer than threads where other work had the machine, or where threads waited.""")
    return f"## Throughput\n\n{text}\n{shown}"


def runs(results: dict[str, Any]) -> str:
    """Show how long whole runs take."""
    shown = table(
        ("paths", "simulated in memory, s", "`deflator run`, start to end, s"),
        ((f"{row['paths']:,}", spread(row["in_memory"]["seconds"]), spread(row["command_seconds"]))
         for row in results["runs"]),
    )  # fmt: skip
    return f"""## Runs

Two threads, compiled before. The command also starts Python, loads and draws the book, writes the run's folder and
prints the answer.

{shown}"""


def latency(results: dict[str, Any]) -> str:
    """Show how long somebody waits."""
    shown = table(
        ("paths", "median, ms", "95th percentile, ms"),
        ((f"{row['paths']:,}", number(row["median_ms"]), number(row["p95_ms"])) for row in results["latency"]),
    )
    text = prose(f"""From a course of a driver that was moved to the paths under it, in a warm process whose threads
        stay with their memory, {results["latency"][0]["times"]} times.""")
    return f"## Latency\n\n{text}\n{shown}"


def scaling(results: dict[str, Any]) -> str:
    """Show what a unit of work costs as there is more of it."""
    by = results["scaling"]
    rows = [
        (what, f"{row[key]:,}", f"{row['items']:,}", number(row["seconds"]["best"]),
         number(row["processor_seconds"]), f"{row['cost_over_first']:.2f}")
        for what, key in (("paths", "paths"), ("months", "months"), ("items", "copies"))
        for row in by[what]
    ]  # fmt: skip
    shown = table(("grows", "to", "items", "s", "processor s", "cost of a unit over the first"), rows)
    short, long = by["months"][0], by["months"][-1]
    month = (long["processor_seconds"] - short["processor_seconds"]) / (long["months"] - short["months"])
    text = prose(f"""Cost in processor time per path, per month and per item, relative to the first row of each. For
        items, every firm and thing of the shipped book stands in one market several times, sharing equipment, rents and
        the accounts of the world; cohorts, their demand, second-hand depth and new supply grow with it. Threads stay
        with their memory, as where an answer follows a slider. Bringing a path to month 0 costs as much as
        {short["processor_seconds"] / month - short["months"]:.1f} of its months.""")
    return f"## Scaling\n\n{text}\n{shown}"


def memory(results: dict[str, Any]) -> str:
    """Show the peaks."""
    shown = table(
        ("book", "paths", "peak, MB", "s"),
        ((row["book"], f"{row['paths']:,}", f"{row['peak_mb']:,.0f}", number(row["seconds"]))
         for row in results["memory"]),
    )  # fmt: skip
    return f"""## Memory

Peak of a process that runs a question into a folder and summarises it, Python and libraries included.

{shown}"""


def cluster(results: dict[str, Any]) -> str:
    """Compare threads with processes."""
    if "cluster" not in results:
        return f"## Clusters\n\n{LEFT_OUT}"
    found = results["cluster"]
    rows = [(name, number(times["seconds"]), f"{times['of_which_start']:.2f}")
            for name, times in found.items() if isinstance(times, dict)]  # fmt: skip
    shown = table(("workers", "s", "of which starting them"), rows)
    return f"""## Clusters

{found["paths"]:,} paths of the shipped book into a folder, by two threads and by a local Dask cluster of two processes.

{shown}"""


def start(results: dict[str, Any]) -> str:
    """Show what starting takes."""
    if "start" not in results:
        return f"## Start\n\n{LEFT_OUT}"
    found = results["start"]
    text = prose(f"""From the start of a process to its first simulated path: {number(found["cold_seconds"])} s when
        nothing is compiled (once for every version), {spread(found["warm_seconds"])} s with kernels and Python files
        compiled.""")
    return f"## Start\n\n{text}"


def side_by_side(results: dict[str, Any]) -> str:
    """Compare four ways to write one model."""
    found = results["side_by_side"]
    rows = [(name, number(speed), "" if name.startswith("lanes") else number(found["lanes_over"][name]))
            for name, speed in found["paths_per_second"].items()]  # fmt: skip
    shown = table(("written as", "paths a second", "lanes on one thread are faster by"), rows)
    text = prose(f"""{found["firms"]} firms over {found["months"]} months: a common and an own shock to the logarithm of
        the rent, cash, a level-pay loan, default for good ({100.0 * found["defaulted_share"]:.0f} % default). All read
        the same draws, made before the clock starts, and give the same answer (largest difference
        {found["largest_gap"]:.0e}, relative). *Lanes* is written as the engine is: months outside, then firms, then 32
        paths side by side, compiled by Numba with the engine's own exponential. {found["paths"]:,} paths in arrays,
        {found["paths_of_objects"]:,} as objects; one thread unless said. The model is small and its sums are simple,
        so the ratios say nothing about other models.""")
    return f"## The same model, four ways\n\n{text}\n{shown}"


def bounds(results: dict[str, Any]) -> str:
    """Say what bounds the engine."""
    found, on = results["bounds"], results["machine"]
    block = found["block_bytes"]
    size = block["figures"] + block["state"]
    second = on["cache_bytes"]["L2"]
    against = f", {size / second:.1f} times the second cache of a core ({second / 2**20:.0f} MB)" if second else ""
    copies = [(name, *(number(speed) for speed in speeds.values()))
              for name, speeds in found["copy_gb_per_second"].items()]  # fmt: skip
    threads = list(found["peak_gflops"])
    peaks = ("fused multiply-adds, Gflop/s", *(number(peak) for peak in found["peak_gflops"].values()))
    limits = table(("limit", *(f"{n} thread{'s' if n != '1' else ''}" for n in threads)),
                   [peaks, *((f"copy, {name}, GB/s", *speeds) for name, *speeds in copies)])  # fmt: skip
    sizes = prose(f"""A block of 32 lanes has {size / 2**20:.1f} MB ({block["state"] / 2**20:.1f} of state,
        {block["figures"] / 2**20:.1f} of figures){against}, besides {block["links_and_requests"] / 2**20:.1f} MB that
        all blocks share.

        What this machine reaches in two small kernels, compiled by Numba as the engine is; a fused multiply-add counts
        as two operations, a copied byte as one read and one written:""")
    return f"## What bounds it\n\n{sizes}\n{limits}\n{shares(results)}\n{profile(results)}"


def shares(results: dict[str, Any]) -> str:
    """Say which share of the machine's limits the engine uses."""
    if "operations" not in results:
        return LEFT_OUT
    asked, found = results["operations"], results["bounds"]
    best = max((row for row in results["throughput"] if row["threads"] == 1),
               key=lambda row: row["million_item_months_per_processor_second"])  # fmt: skip
    speed = best["million_item_months_per_processor_second"] * 1e6
    flops = speed * asked["operations"] / 1e9
    requested = speed * 8.0 * (asked["words_read"] + asked["words_written"]) / 1e9
    block = found["block_bytes"]
    size = block["figures"] + block["state"]
    over = size > (results["machine"]["cache_bytes"]["L2"] or size)
    once = speed / (best["items"] * 32.0) * size / 1e9
    copying = found["copy_gb_per_second"]["as large as a block"]["1"]
    return prose(f"""An item-month asks for {asked["operations"]:.0f} floating-point operations,
        {asked["divisions_and_roots"]:.1f} of them divisions or roots, {asked["words_read"]:.0f} reads and
        {asked["words_written"]:.0f} writes of 8 bytes. Hardware counters were not at hand: these were counted by code
        that was added to each basic block of the engine before it was optimised, on the branches that the paths took.
        So what the compiler removes is still in them, and whole-number work, of which random draws consist, is not. At
        {speed / 1e6:.1f} million item-months per processor second ({best["scenario"]}) that makes {flops:.1f} Gflop/s,
        **{100.0 * flops / found["peak_gflops"]["1"]:.0f} % of the multiply-add peak** of a core. The reads and writes
        come to {requested:.0f} GB/s, most of them met by registers and the first cache. If a month passed over its
        block just once, that alone would move {once:.1f} GB/s, {100.0 * once / copying:.0f} % of what a copy of that
        size reaches{", and the block does not fit the second cache" if over else ""}.""")


def profile(results: dict[str, Any]) -> str:
    """Show where the time of a month goes."""
    if "profile" not in results:
        return LEFT_OUT
    found = results["profile"]
    large = [step for step in found["steps"] if step["share"] >= 0.01]
    rows = ((f"`{step['step']}`", f"{100.0 * step['share']:.1f} %", f"{step['microseconds']:.1f}") for step in large)
    rest = 1.0 - sum(step["share"] for step in large)
    text = prose(f"""Where a month of {found["scenario"]} goes, {number(found["microseconds_a_month"])} µs for 32 lanes,
        read from the processor's time stamp after each step; steps under one per cent make {100.0 * rest:.0f} %
        together:""")
    return f"{text}\n{table(('step', 'share', 'µs'), rows)}"


def clearing(results: dict[str, Any]) -> str:
    """Compare clearing with other ways to do it."""
    if "clearing" not in results:
        return f"## Clearing\n\n{LEFT_OUT}"
    rows = [(f"{row['nodes']:,} nodes, {row['kind']}", name, number(ms))
            for row in results["clearing"]["one economy"] for name, ms in row["milliseconds"].items()]  # fmt: skip
    many = results["clearing"]["many shocks"]
    rows += [(f"{many['nodes']:,} nodes, sparse, {many['shocks']:,} shocks", name, number(1e3 * seconds))
             for name, seconds in many["seconds"].items()]  # fmt: skip
    return f"""## Clearing

Payments of one network, all methods in one thread, from the matrix of liabilities to payments
([clearing and contagion](clearing/index.md)).

{table(("network", "method", "ms"), rows)}"""


def web(results: dict[str, Any]) -> str:
    """Show how long somebody waits at the dashboard, alone and with many others."""
    found = results.get("web", {})
    parts = [shown(found[name]) for name, shown in (("latency", _drag), ("load", _load)) if name in found]
    told = "\n".join(parts) if parts else LEFT_OUT
    return f"## The dashboard\n\n{told}\nScenario analysis, not a forecast and not investment advice.\n"


def _drag(found: dict[str, Any]) -> str:
    met = [found["median_ms"] <= TARGETS["paint_ms"][0.5], found["p95_ms"] <= TARGETS["paint_ms"][0.95]]
    rows = [
        ("from input to paint, median", f"at most {TARGETS['paint_ms'][0.5]:.0f}", number(found["median_ms"]), met[0]),
        ("from input to paint, 95th percentile", f"at most {TARGETS['paint_ms'][0.95]:.0f}", number(found["p95_ms"]),
         met[1]),
    ]  # fmt: skip
    shown = table(("ms", "asked", "reached", "met"), ((*row[:3], "yes" if row[3] else "**no**") for row in rows))
    text = prose(f"""The slider of the rent, dragged with {found["moves"]} moves of a mouse 16 ms apart in Chromium
        (`python -m bench.web_latency`): {found["paints"]} answers of 128 paths were painted; a move that a later one
        overtakes is not answered. The engine took {number(found["engine_median_ms"])} ms of the median answer,
        {100.0 * found["engine_share"]:.0f} % of it, and {number(found["engine_p95_ms"])} ms at the 95th percentile;
        the browser works on the same processors. The load average stood at {found["load_average"]:.1f}.""")
    return f"{text}\n{shown}"


def _load(found: dict[str, Any]) -> str:
    return prose(f"""{found["sessions"]} live views that ask without a pause for {found["seconds"]:.0f} seconds, and
        {found["stalled"]} clients besides that read nothing (`python -m bench.web_load`): {found["answers"]:,} answers,
        {found["errors"]} errors; each view got between {found["least_answers"]} and {found["most_answers"]} of them,
        and waited {number(found["median_wait_s"])} s in the median, {number(found["p95_wait_s"])} s at the 95th
        percentile. The service held {found["memory_first_mb"]:,.0f} MB at first, {found["memory_middle_mb"]:,.0f} MB in
        the middle third and {found["memory_last_mb"]:,.0f} MB in the last one.""")
