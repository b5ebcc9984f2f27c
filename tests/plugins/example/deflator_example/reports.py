"""A report: the answer of a run in one line."""

from deflator.plugins import Report


def _write(result, path):
    """Write which layer breaks first most often."""
    first = (
        result.layers().filter(result.layers()["name"] != "none").sort("p_first", descending=True).row(0, named=True)
    )
    path.write_text(f"{result.raw.manifest.run}: {first['name']} first on {first['p_first']:.0%}\n", encoding="utf-8")


ONE_LINE = Report("The answer in one line.", _write)
