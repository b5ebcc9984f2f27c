"""A report as one file: sections as HTML, charts as a script and their data inlined, nothing asked from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any

from deflator import __version__
from deflator.errors import Fault, RunError
from deflator.messages import catalogue, spoken, text
from deflator.report.memo import Memo
from deflator.report.sections import Figure, Section, sections_of

#: Columns of a table that fits into half of the page.
_NARROW = 6
_TAGS = {"en": "en", "zh": "zh-Hans"}


@dataclass(frozen=True)
class Page:
    """A report that was made.

    Parameters
    ----------
    html
        The whole file.
    sections
        What it tells.
    """

    html: str
    sections: Sequence[Section]

    def figures(self) -> Iterator[Figure]:
        """Yield every figure in its order."""
        return _figures(self.sections)


def _figures(sections: Sequence[Section]) -> Iterator[Figure]:
    for section in sections:
        for row in section.rows:
            yield from row
        yield from _figures(section.sections)


def check_jinja() -> None:
    """Refuse to begin a report that cannot be written.

    Raises
    ------
    RunError
        When Jinja is not installed.
    """
    try:
        import_module("jinja2")
    except ImportError:
        raise RunError([Fault("", 0, "", text("report.no_jinja"), text("report.no_jinja_hint"))]) from None


def make_page(memos: Sequence[Memo]) -> Page:
    """Return the report of one run, or of two side by side, in the language that is spoken.

    Parameters
    ----------
    memos
        From `memo.gather`; the first one's pages of companies are told.

    Raises
    ------
    RunError
        When Jinja is not installed.
    """
    check_jinja()
    sections = sections_of(memos)
    script, style = _built("report.js"), _built("report.css")
    charts = {figure.id: figure.chart for figure in _figures(sections) if figure.chart}
    book = memos[0].question.book
    data = {
        "language": spoken(), "asOf": book.as_of, "months": memos[0].question.book_used.months, "charts": charts,
        "messages": {spoken(): messages_of(script)},
    }  # fmt: skip
    titles = [memo.question.scenario.title for memo in memos]
    html = _template().render(
        tag=_TAGS[spoken()],
        version=__version__,
        title=text("report.title", book=book.title, scenarios=" / ".join(titles)),
        subtitles=[_subtitle(memo) for memo in memos],
        disclaimer=text("common.disclaimer"),
        say=lambda key: text(f"report.{key}"),
        sections=sections,
        policy=policy_of(script, style),
        style=_safe(style),
        script=_safe(script),
        charts=_safe(inlined(data)),
    )
    return Page(html, sections)


def _subtitle(memo: Memo) -> str:
    manifest = memo.result.raw.manifest
    told = text("report.subtitle", as_of=manifest.as_of, horizon=memo.question.book_used.horizon,
                paths=f"{manifest.paths:,}", draws=manifest.draws, seed=manifest.seed)  # fmt: skip
    return f"{memo.question.scenario.title}: {told}"


def messages_of(script: str) -> dict[str, str]:
    """Return the messages that the charts of a script speak, in the language that is spoken.

    Examples
    --------
    >>> list(messages_of('t("dashboard.column.breaks")'))
    ['dashboard.column.breaks']
    """
    asked = set(re.findall(r"dashboard\w*\.[\w.]+", script))
    whole = {key for key in asked if not key.endswith(".")}
    beginnings = tuple(key for key in asked if key.endswith("."))
    return {key: said for key, said in catalogue(spoken()).items() if key in whole or key.startswith(beginnings)}


def inlined(value: Any) -> str:
    r"""Return JSON that can stand inside a script element: nothing in it can end the element or open a comment.

    Examples
    --------
    >>> inlined({"name": "</script><!--"})
    '{"name":"\\u003c/script\\u003e\\u003c!--"}'
    """
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def policy_of(script: str, style: str) -> str:
    """Return a policy that lets just this script and this style run, and lets nothing be fetched.

    Marks of charts carry styles of their own as attributes, which cannot load anything either.
    """

    def digest(content: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"

    rules = {
        "default-src": "'none'", "script-src": digest(script), "style-src-elem": digest(style),
        "style-src-attr": "'unsafe-inline'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    return "; ".join(f"{name} {value}" for name, value in rules.items())


@cache
def _built(name: str) -> str:
    """Return a built file of the report, without the end of an element in it."""
    content = (resources.files("deflator.report") / "static" / name).read_text(encoding="utf-8")
    return re.sub(r"</(script|style)", r"<\\/\1", content.strip(), flags=re.IGNORECASE)


def _safe(content: str) -> Any:
    return import_module("markupsafe").Markup(content)


def _template() -> Any:
    jinja = import_module("jinja2")
    environment = jinja.Environment(
        loader=jinja.PackageLoader("deflator.report"), autoescape=True, undefined=jinja.StrictUndefined,
        trim_blocks=False, lstrip_blocks=False,
    )  # fmt: skip
    environment.filters |= {"wide": _is_wide, "charted": lambda row: any(figure.chart for figure in row)}
    return environment.get_template("report.html.jinja")


def _is_wide(row: Sequence[Figure]) -> bool:
    """Return whether tables of figures that stand side by side need the whole width each."""
    return any(len(table.columns) > _NARROW for figure in row for table in figure.tables)
