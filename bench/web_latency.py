"""How long it takes from moving a slider to seeing the answer: `python -m bench.web_latency`.

A browser without a screen opens the dashboard and drags the slider of the rent by hand, as Playwright moves a mouse.
The page notes for every answer that it painted when the input came and when the paint was over.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.children import ROOT
from bench.web_service import serving

SLIDER = "slider-rent.level"
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
_READY = "() => window.__deflator && window.__deflator.paints.length > 0"


def measure(book: str, moves: int = 300, pause_ms: float = 16.0) -> dict[str, Any]:
    """Drag the slider of the rent to and fro, and return how long the answers took.

    Parameters
    ----------
    book
        Name or path of the book.
    moves
        Moves of the mouse.
    pause_ms
        Time between two of them.
    """
    from playwright.sync_api import sync_playwright

    with serving(book) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(served.address)
        page.wait_for_function(_READY, timeout=900_000)  # the engine may have to be compiled
        page.wait_for_timeout(3_000)
        slider = page.get_by_test_id(SLIDER)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        for part in (moves // 5, moves):  # the first part warms the page up
            page.evaluate("() => { window.__deflator.paints.length = 0 }")
            page.mouse.move(box["x"] + box["width"] / 2, middle)
            page.mouse.down()
            for step in range(part):
                share = 0.5 + 0.4 * np.sin(step / 12.0)
                page.mouse.move(box["x"] + box["width"] * float(share), middle)
                page.wait_for_timeout(pause_ms)
            page.mouse.up()
            page.wait_for_timeout(200)
            paints = page.evaluate("() => window.__deflator.paints")
        browser.close()
    return summary(paints, moves)


def summary(paints: list[dict[str, float]], moves: int) -> dict[str, Any]:
    """Return quantiles of the time from input to paint, and which share of it the engine took.

    Examples
    --------
    >>> told = summary([{"input_ms": 0.0, "paint_ms": 40.0, "engine_ms": 30.0}], 1)
    >>> told["median_ms"], told["engine_share"]
    (40.0, 0.75)
    """
    waits = np.array([paint["paint_ms"] - paint["input_ms"] for paint in paints])
    engine = np.array([paint["engine_ms"] for paint in paints])
    return {
        "moves": moves,
        "paints": len(paints),
        "median_ms": float(np.median(waits)),
        "p95_ms": float(np.quantile(waits, 0.95)),
        "engine_median_ms": float(np.median(engine)),
        "engine_p95_ms": float(np.quantile(engine, 0.95)),
        "engine_share": float(np.median(engine) / np.median(waits)),
        "load_average": os.getloadavg()[0],
    }


def chromium() -> str:
    """Return where Chromium is installed.

    Raises
    ------
    FileNotFoundError
        When it is not.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise FileNotFoundError("Chromium is not installed; on Debian: apt-get install chromium")
    return found


def keep(name: str, found: dict[str, Any]) -> None:
    """Put figures into `docs/performance.json` beside the others, and write the page again."""
    from bench.page import render

    file = ROOT / "docs" / "performance.json"
    results = json.loads(file.read_text(encoding="utf-8"))
    results.setdefault("web", {})[name] = found
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    Path(file.with_suffix(".md")).write_text(render(results), encoding="utf-8")


def main() -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.web_latency", description=__doc__)
    parser.add_argument("--book", default="ai-2026-02")
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--keep", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    found = measure(options.book, options.moves)
    json.dump(found, sys.stdout, indent=1)
    print()
    if options.keep:
        keep("latency", found)


if __name__ == "__main__":
    main()
