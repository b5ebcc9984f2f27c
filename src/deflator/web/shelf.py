"""Books and scenarios by name: those that come with the program, those that the user kept, and uploaded ones.

What is kept lies in folders of the user: `DEFLATOR_BOOKS` and `DEFLATOR_SCENARIOS`, or the place for the data of
programs. An uploaded book is held in memory only, a bounded number of them for a bounded time.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import platformdirs

from deflator.book import Book, load_book, write_book
from deflator.book.load import shipped_books
from deflator.book.spelling import quoted
from deflator.durable import write_whole
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.scenario import Scenario, load_scenario, scenario_files
from deflator.scenario.load import parse_scenario
from deflator.web.limits import Limits
from deflator.web.names import is_name, missing, not_a_name

BOOKS_VARIABLE, SCENARIOS_VARIABLE = "DEFLATOR_BOOKS", "DEFLATOR_SCENARIOS"
UPLOAD = "upload-"


def books_folder() -> Path:
    """Return the place for the user's own books."""
    return _place(BOOKS_VARIABLE, "books")


def scenarios_folder() -> Path:
    """Return the place for the user's own scenarios."""
    return _place(SCENARIOS_VARIABLE, "scenarios")


def _place(variable: str, name: str) -> Path:
    chosen = os.environ.get(variable)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("deflator")) / name


class _Held(NamedTuple):
    book: Book
    used: float


class Shelf:
    """What can be asked about, by name; safe to use from several threads.

    Parameters
    ----------
    limits
        How many uploads are held, and for how long.
    first
        Name or path of a book that is offered besides, and first; None for none.
    clock
        Seconds.
    """

    def __init__(self, limits: Limits, first: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.RLock()
        self._loaded: dict[tuple[str, int], Book] = {}
        self._scenarios: dict[tuple[str, int], Scenario] = {}
        self._uploads: OrderedDict[str, _Held] = OrderedDict()
        self._opened: dict[str, Book] = {}
        self._shipped_scenarios = tuple(scenario_files())
        self.default = first
        if first is not None and first not in shipped_books():
            book = load_book(first)
            self.default = book.name
            self._opened[book.name] = book

    def books(self) -> dict[str, bool]:
        """Return the names of all books, and whether each lasts: an upload does not."""
        with self._lock:
            self._expire()
            lasting = [*self._opened, *shipped_books(), *_kept(books_folder())]
            return dict.fromkeys(lasting, True) | dict.fromkeys(self._uploads, False)

    def book(self, name: str) -> Book:
        """Return a book.

        Raises
        ------
        DeflatorError
            When there is none of that name, or it cannot be loaded.
        """
        with self._lock:
            if name in self._uploads:
                self._uploads[name] = _Held(self._uploads[name].book, self._clock())
                self._uploads.move_to_end(name)
                return self._uploads[name].book
            if name in self._opened:
                return self._opened[name]
            if name not in self.books():
                raise missing("book", "book", name, list(self.books()))
            shipped = name in shipped_books()
            folder = books_folder() / name
            key = name, 0 if shipped else folder.stat().st_mtime_ns
            if key not in self._loaded:
                self._loaded[key] = load_book(name if shipped else folder)
            return self._loaded[key]

    def hold(self, book: Book) -> str:
        """Hold an uploaded book in memory, and return the name by which it is called."""
        with self._lock:
            self._expire()
            while len(self._uploads) >= self._limits.uploads:
                self._uploads.popitem(last=False)
            name = f"{UPLOAD}{secrets.token_hex(4)}"
            self._uploads[name] = _Held(book, self._clock())
            return name

    def keep_book(self, name: str, wanted: str) -> str:
        """Write an uploaded book into the user's folder, whole or not at all.

        Raises
        ------
        DeflatorError
            When the name is not one, or is taken.
        """
        book = self.book(name)
        if not is_name(wanted):
            raise not_a_name("as", wanted)
        if wanted.startswith(UPLOAD) or wanted in self.books():
            raise RunError(
                [Fault("", 0, "as", text("faults.book_taken", given=quoted(wanted)), text("faults.another_name"))]
            )
        folder = books_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write_book(book, folder / wanted)
        return wanted

    def forget(self, name: str) -> None:
        """Forget an uploaded book, or remove a kept one from the user's folder.

        Raises
        ------
        DeflatorError
            When there is none of that name that the user put there.
        """
        with self._lock:
            if self._uploads.pop(name, None):
                return
            if name in _kept(books_folder()):
                shutil.rmtree(books_folder() / name)
                return
            raise missing("uploaded or kept book", "book", name, [*self._uploads, *_kept(books_folder())])

    def scenarios(self) -> dict[str, bool]:
        """Return the names of all scenarios, and whether each comes with the program."""
        shipped = dict.fromkeys(self._shipped_scenarios, True)
        return shipped | {name: False for name in _kept(scenarios_folder(), ".yaml") if name not in shipped}

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by its name, or shipped ones that are put together as `a+b`.

        Raises
        ------
        DeflatorError
            When there is none of that name, or it cannot be loaded.
        """
        known = self.scenarios()
        parts = [part.strip() for part in name.split("+")]
        allowed = [one for one, shipped in known.items() if shipped or len(parts) == 1]
        unknown = [part for part in parts if part not in allowed]
        if unknown:
            raise missing("scenario", "scenario", unknown[0], allowed)
        file = None if known[parts[0]] else scenarios_folder() / f"{parts[0]}.yaml"
        key = "+".join(parts), file.stat().st_mtime_ns if file else 0
        with self._lock:
            if key not in self._scenarios:
                if len(self._scenarios) > 100:
                    self._scenarios.clear()
                found = parse_scenario(file.read_bytes(), file.name) if file else load_scenario(key[0])
                self._scenarios[key] = found
            return self._scenarios[key]

    def keep_scenario(self, name: str, yaml: bytes, replace: bool) -> Scenario:
        """Check a scenario and write it into the user's folder, whole or not at all.

        Raises
        ------
        DeflatorError
            When it has faults, its name is not one, or is taken.
        """
        if not is_name(name):
            raise not_a_name("name", name)
        scenario = parse_scenario(yaml, f"{name}.yaml")
        if scenario.name != name:
            message = f"the scenario calls itself {quoted(scenario.name)}, not {quoted(name)}"
            raise RunError([Fault(f"{name}.yaml", 0, "name", message, f"write `name: {name}`")])
        known = self.scenarios()
        if known.get(name) or (name in known and not replace):
            hint = text("faults.another_name" if known[name] else "faults.another_name_or_replace")
            raise RunError([Fault("", 0, "name", text("faults.scenario_taken", given=quoted(name)), hint)])
        folder = scenarios_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{name}.yaml", yaml)
        return scenario

    def forget_scenario(self, name: str) -> None:
        """Remove a scenario that the user kept.

        Raises
        ------
        DeflatorError
            When there is none.
        """
        kept = [one for one, shipped in self.scenarios().items() if not shipped]
        if name not in kept:
            raise missing("kept scenario", "scenario", name, kept)
        (scenarios_folder() / f"{name}.yaml").unlink()

    def _expire(self) -> None:
        before = self._clock() - self._limits.upload_seconds
        for name in [name for name, held in self._uploads.items() if held.used < before]:
            del self._uploads[name]


def _kept(folder: Path, ending: str = "") -> list[str]:
    """Return the names of what a user keeps in a folder: books are folders, scenarios files."""
    if not folder.is_dir():
        return []
    files = [path for path in folder.iterdir() if (path.is_file() and path.name.endswith(ending)) == bool(ending)]
    names = [path.name.removesuffix(ending) for path in files if not path.is_symlink()]
    return sorted(name for name in names if is_name(name))
