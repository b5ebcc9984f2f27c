"""A browser of this machine, and a page of which everything that goes wrong is noted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync", "--no-first-run")  # fmt: skip
#: What a document takes that is simulated on two busy cores, milliseconds.
PATIENCE = 300_000
#: What colours take to change, milliseconds.
EASED_MS = 300


class Watched(NamedTuple):
    """A page, with every error of its console and every address outside of the service that it asked for."""

    page: Page
    address: str
    errors: list[str]
    foreign: list[str]

    def open(self, name: str, **fields: str) -> None:
        """Open a page of the dashboard by its address, as one that was copied."""
        known = {"v": "1", "book": "fibre-2001", "now": "base", "lang": "en", "theme": "light"} | fields
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/#/{name}?{urlencode(known)}")

    def see(self, test_id: str) -> Any:
        """Wait for a part of the page, and return it."""
        part = self.page.get_by_test_id(test_id)
        part.first.wait_for(timeout=PATIENCE)
        return part

    def violations(self) -> list[str]:
        """Return what a tool for accessibility finds on the page."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]

    def violations_in_both_themes(self) -> list[str]:
        """Return what it finds in light and in dark colours; what is asked stays answered in between."""
        found = []
        for theme in ("light", "dark"):
            self.page.get_by_test_id("theme").select_option(theme)
            self.page.wait_for_timeout(EASED_MS)
            found += [f"{theme}: {one}" for one in self.violations()]
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser of this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watching(browser: Browser, address: str, **options: Any) -> Iterator[Watched]:
    """Open an empty page in a context of its own."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(30_000)
    watched = Watched(page, address, [], [])
    page.on("console", lambda said: watched.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("request", lambda asked: None if is_own(asked.url, address) else watched.foreign.append(asked.url))
    try:
        yield watched
    finally:
        context.close()


def is_own(url: str, address: str) -> bool:
    """Tell whether an address is the service's, or none on any network.

    Examples
    --------
    >>> is_own("http://127.0.0.1:81/x", "http://127.0.0.1:81"), is_own("https://example.org", "http://127.0.0.1:81")
    (True, False)
    """
    return url.startswith((f"{address}/", f"{address.replace('http', 'ws', 1)}/", "data:", "blob:", "about:"))


def saved(watched: Watched, place: Path, test_id: str, label: str) -> Path:
    """Press an entry of a figure's export menu, and return the file that the browser saved."""
    watched.page.get_by_test_id(test_id).click()
    with watched.page.expect_download() as download:
        watched.page.get_by_role("button", name=label, exact=True).click()
    target = place / download.value.suggested_filename
    download.value.save_as(target)
    return target
