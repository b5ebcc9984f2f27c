"""The raw outcome of a run, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from deflator.book import Book
from deflator.ensemble.asked import read_book, read_scenario
from deflator.ensemble.manifest import Manifest, read_manifest
from deflator.ensemble.tables import FAILURES
from deflator.errors import Fault, RunError
from deflator.scenario import Scenario


@dataclass(frozen=True)
class Run:
    """A finished run: its record and its tables, as `ensemble.tables` describes them.

    Parameters
    ----------
    folder
        Where the run lies.
    manifest
        What was run.
    """

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open the folder of a run.

        Raises
        ------
        RunError
            When there is none, or not one of this version.
        """
        return cls(folder, read_manifest(folder))

    def scenario(self) -> Scenario | None:
        """Return the scenario with which the run was made; None where an earlier version did not keep it.

        Raises
        ------
        DeflatorError
            When what is kept is not that scenario.
        """
        return read_scenario(self.folder, self.manifest.scenario["fingerprint"])

    def book(self) -> Book | None:
        """Return the book with which the run was made; None where an earlier version did not keep it.

        Raises
        ------
        DeflatorError
            When what is kept is not that book.
        """
        return read_book(self.folder, self.manifest.book["fingerprint"])

    def table(self, name: str) -> pl.DataFrame:
        """Read a table of the run.

        Raises
        ------
        RunError
            When the table is missing or cannot be read.
        """
        file = self.folder / f"{name}.parquet"
        try:
            return pl.read_parquet(file)
        except (OSError, pl.exceptions.PolarsError) as error:
            hint = "run it again with `deflator run`"
            raise RunError([Fault(str(file), 0, "", f"cannot be read: {error}", hint)]) from None

    def scan(self, name: str) -> pl.LazyFrame:
        """Return a table of the run that is read only as far as it is asked for."""
        return pl.scan_parquet(self.folder / f"{name}.parquet")

    def entities(self) -> pl.DataFrame:
        """Return what each entity is: name, layer, members, obligor, month-0 exposure in USD m."""
        return self.table("entities")

    def draws(self) -> pl.DataFrame:
        """Return the draws of the uncertain figures that analyses need."""
        return self.table("draws")

    def paths(self) -> pl.DataFrame:
        """Return draw, status and residuals of every path."""
        return self.table("paths")

    def breaks(self) -> pl.DataFrame:
        """Return every break: path, entity, months, triggers, share broken, causes."""
        return self.table("breaks")

    def losses(self) -> pl.DataFrame:
        """Return what each holder lost on each path, USD m; no row where it lost nothing."""
        return self.table("losses")

    def failures(self) -> pl.DataFrame:
        """Return the chunks of paths that could not be simulated, and why; runs of format 1 had none."""
        return self.table("failures") if self.manifest.format > 1 else pl.DataFrame(schema=FAILURES)

    def series(self) -> pl.DataFrame:
        """Return quantiles by month of the reference rent (USD per unit-hour) and of funding openness."""
        return self.table("series_quantiles")
