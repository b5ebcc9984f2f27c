"""A report is one file that stands on its own: complete, safe, in either language."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from deflator.analysis import Result
from deflator.analysis.result import ask
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.messages import speaking
from deflator.report import memo as memo_of
from deflator.report.memo import Memo, gather
from deflator.report.page import Page, inlined, make_page
from deflator.report.pdf import find_browser, print_pdf
from deflator.scenario import load_scenario

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "deflator" / "report" / "static"
TINY = str(ROOT / "tests" / "books" / "tiny")
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]  # fmt: skip
_SMALL = {"paths": 64, "draws": 8}


@pytest.fixture(scope="module", autouse=True)
def _small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every document of a report rest on few paths, and keep them apart from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEFLATOR_CACHE", str(tmp_path_factory.mktemp("cache")))
        plan = {
            name: one._replace(quick={**one.quick, **(_SMALL if "paths" in one.quick else {})})
            for name, one in memo_of._PLAN.items()
        }
        plan["sensitivity"] = plan["sensitivity"]._replace(quick={"paths": 400, "draws": 200})
        patch.setattr(memo_of, "_PLAN", plan)
        yield


@cache
def told(level: float) -> Memo:
    """Gather what a report tells of the tiny book with the rent held at a level."""
    scenario = load_scenario("base", [f"rent.level={level}"])
    question = Question(load_book(TINY), scenario, paths=128, draws=16, seed=1)
    return gather(question, ask(question))


@pytest.fixture(scope="module")
def page() -> Page:
    return make_page([told(1.2), told(0.9)])


class _Outline(HTMLParser):
    """Headings, ids, links and tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.rows: list[int] = []
        self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []  # type: ignore[list-item]
        self.links += [str(given[name]) for name in ("href", "src") if given.get(name)]
        self.tables += tag == "table"
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))


def outline(html: str) -> _Outline:
    parser = _Outline()
    parser.feed(re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL))
    return parser


def test_a_report_has_every_section_and_a_table_under_every_figure(page: Page) -> None:
    assert [section.id for section in page.sections] == [
        "answer", "first", "rents", "debt", "losses", "attribution", "rests", "reverse", "claims", "cascade",
        "companies", "method",
    ]  # fmt: skip
    for figure in page.figures():
        assert figure.tables or figure.lead, figure.id
        for table in figure.tables:
            assert all(len(row) == len(table.columns) for row in table.rows), figure.id


def test_the_answer_is_ten_lines_with_a_column_for_each_run(page: Page) -> None:
    table = page.sections[0].rows[0][0].tables[0]

    assert len(table.rows) == 10
    assert {len(row) for row in table.rows} == {3}
    assert all(cell for row in table.rows for cell in row)


def test_the_file_asks_for_nothing_and_its_links_lead_to_itself(page: Page) -> None:
    found = outline(page.html)

    assert len(found.ids) == len(set(found.ids))
    assert {link for link in found.links if not link.startswith("#")} == set()
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)


def test_headings_do_not_skip_a_level(page: Page) -> None:
    levels = outline(page.html).headings

    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_just_the_script_and_the_style_of_the_report_may_run(page: Page) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page.html)
    script = re.search(r"<script>(.*?)</script>", page.html, re.DOTALL)
    assert policy
    assert script
    digest = b64encode(hashlib.sha256(script[1].encode()).digest()).decode()

    assert "default-src &#39;none&#39;" in policy[1]
    assert f"script-src &#39;sha256-{digest}&#39;" in policy[1]
    assert "http" not in policy[1]


def test_a_name_that_is_a_script_is_shown_and_not_run() -> None:
    evil = '</script><script>alert("x")</script><!--'
    written = inlined({"label": evil})

    assert "<" not in written
    assert json.loads(written)["label"] == evil


def test_names_from_a_book_are_escaped_wherever_they_stand() -> None:
    memo = told(1.2)
    rows = [dict(row) for row in memo.question.book.table("entities").rows]
    evil = '<img src=x onerror=alert(1)>"'
    assert any(row["entity"] == "neo_one" for row in rows)
    renamed = json.loads(json.dumps(dict(memo.documents)).replace("Neo One", evil.replace('"', '\\"')))
    changed = Memo(memo.question, memo.result, renamed, memo.reverse, memo.companies)
    html = make_page([changed]).html

    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "<img" not in html


def test_figures_of_the_table_are_those_of_the_documents(page: Page) -> None:
    holders = next(figure for figure in page.figures() if figure.id == "losses-0")
    memo = told(1.2)

    assert holders.chart is not None
    for row, one in zip(holders.tables[0].rows, memo["losses"]["holders"], strict=True):
        assert row[0] == (one["label"] or "all")
    assert [one["mean"] for one in holders.chart["rows"]] == [
        one["mean"]["value"] for one in memo["losses"]["holders"] if one["holder"] != "all"
    ]


def test_the_wall_of_the_report_sums_to_what_is_drawn(page: Page) -> None:
    wall = next(figure for figure in page.figures() if figure.id == "wall")
    drawn = sum(row["drawn_musd"] for row in load_book(TINY).table("facilities").rows)
    assert wall.chart is not None
    within = sum(sum(stack["values"]) for stack in wall.chart["stacks"])
    later = sum(values[-1] for values in told(1.2)["debt"]["wall"]["by_holder"].values())

    assert within + later == pytest.approx(drawn, rel=1e-3)


def test_what_a_run_cannot_tell_is_said_with_its_reason() -> None:
    memo = told(1.2)
    without = {**memo.documents, "sensitivity": {"refused": "too few draws"}, "redlines": {"refused": "no rent"},
               "attribution": {"refused": "no channel is on"}, "claims": {"refused": "too few paths"}}  # fmt: skip
    html = make_page([Memo(memo.question, memo.result, without, memo.reverse, memo.companies)]).html

    for reason in ("too few draws", "no rent", "no channel is on", "too few paths"):
        assert f"This run cannot tell: {reason}." in html


def test_a_second_report_simulates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = told(1.2)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a document was built again")

    monkeypatch.setattr(memo_of, "balances", refuse)
    monkeypatch.setattr(memo_of, "_or_refusal", refuse)
    again = gather(first.question, Result.open(first.result.raw.folder))

    assert again.documents == first.documents
    assert again.companies == first.companies


def test_progress_ends_where_it_said_it_would() -> None:
    seen: list[tuple[int, int]] = []
    first = told(1.2)
    gather(first.question, first.result, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_chinese_report_says_the_same_in_chinese() -> None:
    english = make_page([told(1.2)])
    with speaking("zh"):
        memo = gather(told(1.2).question, told(1.2).result)
        chinese = make_page([memo])

    assert '<html lang="zh-Hans">' in chinese.html
    assert [section.id for section in chinese.sections] == [section.id for section in english.sections]
    assert "十行答案" in chinese.html
    assert "The answer in ten lines" not in chinese.html
    assert [figure.id for figure in chinese.figures()] == [figure.id for figure in english.figures()]


def test_the_report_names_everything_that_makes_its_run_again(page: Page) -> None:
    for memo in (told(1.2), told(0.9)):
        manifest = memo.result.raw.manifest
        for word in (manifest.run, manifest.book["fingerprint"], manifest.scenario["fingerprint"], manifest.checksum):
            assert word in page.html
    sources = load_book(TINY).sources
    assert all(source.title in page.html or source.source in page.html for source in sources.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_browser_opens_it_from_disk_draws_every_chart_and_finds_no_fault(language: str, tmp_path: Path) -> None:
    file = tmp_path / "memo.html"
    memos = [told(1.2)]
    with speaking(language):
        page = make_page(memos)
    file.write_text(page.html, encoding="utf-8")
    charts = sum(1 for figure in page.figures() if figure.chart)
    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=_SWITCHES)
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(file.as_uri())
        opened.wait_for_selector("html[data-drawn=yes]", state="attached")
        drawn = opened.locator("[data-chart-of]:has(svg[data-chart])").count()
        violations = Axe().run(opened).generate_report()
        browser.close()

    assert said == []
    assert asked == [file.as_uri()]
    assert drawn == charts
    assert violations.startswith("Found 0"), violations


def test_the_pdf_has_pages_with_the_answer_on_the_first(page: Page, tmp_path: Path) -> None:
    html, pdf = tmp_path / "memo.html", tmp_path / "memo.pdf"
    html.write_text(page.html, encoding="utf-8")
    print_pdf(html, pdf, find_browser())
    pages = PdfReader(pdf).pages

    assert len(pages) > 10
    assert "The answer in ten lines" in pages[0].extract_text()


def test_the_script_that_is_shipped_is_built_from_the_sources_as_they_stand() -> None:
    sources = json.loads((STATIC / "build.json").read_text())["sources"]
    stale = [
        name for name, digest in sources.items()
        if hashlib.sha256((ROOT / name).read_bytes()).hexdigest() != digest
    ]  # fmt: skip

    assert "frontend/report/main.ts" in sources
    assert len(sources) > 10
    assert stale == [], "run make frontend"
