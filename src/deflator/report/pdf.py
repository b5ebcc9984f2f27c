"""Print a report as a PDF with the Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from deflator.durable import write_whole
from deflator.errors import Fault, RunError
from deflator.messages import text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_MOST_SECONDS = 300
_SWITCHES = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-pdf-header-footer", "--virtual-time-budget=20000",
)  # fmt: skip


def find_browser() -> str:
    """Return the path of a Chromium.

    Raises
    ------
    RunError
        When none is on the PATH.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    message = text("report.no_chromium", names=", ".join(BROWSERS))
    raise RunError([Fault("", 0, "--pdf", message, text("report.no_chromium_hint"))])


def print_pdf(html: Path, pdf: Path, browser: str) -> None:
    """Print a report from disk; the PDF is written whole or not at all.

    Parameters
    ----------
    html, pdf
        The report, and where its pages go.
    browser
        From `find_browser`.

    Raises
    ------
    RunError
        When the browser does not print it.
    """
    with TemporaryDirectory() as folder:
        target = Path(folder) / "report.pdf"
        # A browser that is run by root has no sandbox to use, as in containers; it opens this one file from disk.
        alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [browser, *_SWITCHES, *alone, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}",
                   html.resolve().as_uri()]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_MOST_SECONDS, check=False)
            reason = (done.stderr.decode(errors="replace").strip().splitlines() or [str(done.returncode)])[-1]
        except subprocess.TimeoutExpired:
            reason = f"{_MOST_SECONDS} s"
        if not target.is_file() or not target.stat().st_size:
            message = text("report.pdf_failed", browser=Path(browser).name, reason=reason)
            raise RunError([Fault("", 0, "--pdf", message, text("report.pdf_failed_hint", file=html))])
        write_whole(pdf, target.read_bytes())
