"""Show each page of the dashboard as it is today: `python docs/pictures/dashboard.py`.

It serves the shipped book, opens every page in the Chromium of this machine in both languages and both colours, and
saves what it sees beside this file. Run it when pages have changed. Pages are named on the command line; all of them
when none is.
"""

from __future__ import annotations

import io
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from deflator import defaults
from deflator.book import load_book
from deflator.web.app import create_app
from deflator.web.portfolio import empty_tape
from deflator.web.serving import server_of

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
FOLDER = Path(__file__).parent / "dashboard"
WIDTH, TALLEST = 1280, 2000
QUALITY = 45
PATIENCE = 300_000
#: Where a page shows live runs, the last one is there.
REFINED = "() => (document.querySelector('[data-testid=status]')?.dataset.stage ?? 'full') === 'full'"
#: By page: what its address says besides, and the part that is there once its answer is.
PAGES = {
    "now": ({}, "status"),
    "first": ({}, "detail"),
    "rent": ({}, "owner"),
    "cascade": ({"at.follow": "path", "at.month": "30"}, "order"),
    "debt": ({}, "flow"),
    "losses": ({}, "outcome"),
    "company": ({"at.entity": "fluidstack"}, "inputs"),
    "reverse": ({}, "ways"),
    "claims": ({}, "claims"),
    "portfolio": ({"at.loan": "LN-0001"}, "portfolio"),
    "record": ({}, "record"),
    "book": ({}, "find"),
    "scenario": ({}, "scenario"),
}
LOOKS = (("en", "light"), ("en", "dark"), ("zh", "light"), ("zh", "dark"))


@contextmanager
def served() -> Iterator[str]:
    """Serve the shipped book on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    there = threading.Event()
    server = server_of(create_app(), there.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        there.wait(60)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def look(page: Page, address: str, name: str, language: str, theme: str) -> bytes:
    """Return a picture of a page once its answer is there and nothing is under way."""
    choices, part = PAGES[name]
    known = {"v": "1", "book": defaults.BOOK, "now": "essay", "lang": language, "theme": theme} | choices
    page.goto("about:blank")
    page.goto(f"{address}/#/{name}?{urlencode(known)}")
    if name == "portfolio":
        tape = {"name": "tape.xlsx", "mimeType": "", "buffer": empty_tape(load_book(defaults.BOOK))}
        page.get_by_test_id("tape").set_input_files([tape])
    page.get_by_test_id(part).first.wait_for(timeout=PATIENCE)
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')", timeout=PATIENCE)
    page.wait_for_function(REFINED, timeout=PATIENCE)
    page.wait_for_timeout(1500)
    return page.screenshot(full_page=True)


def small(picture: bytes) -> bytes:
    """Return a picture in few bytes, cut where a page becomes a mere list."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, TALLEST)))
    kept = io.BytesIO()
    image.save(kept, "WEBP", quality=QUALITY, method=6)
    return kept.getvalue()


def main(wanted: list[str]) -> None:
    """Save the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for language, theme in LOOKS:
            page = browser.new_page(viewport={"width": WIDTH, "height": 900})
            for name in wanted or PAGES:
                content = small(look(page, address, name, language, theme))
                (FOLDER / f"{name}-{language}-{theme}.webp").write_bytes(content)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
