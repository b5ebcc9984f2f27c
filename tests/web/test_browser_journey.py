"""A journey through the dashboard in a browser: open, drag, pin, compare, share, export, and all of it by keyboard."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from browsing import PATIENCE, Watched, chromium, saved, watching
from playwright.sync_api import Browser, Route, expect
from python_calamine import CalamineWorkbook
from served import Service, serving

PAGES = ("now", "first", "rent", "scenario")
MONTHS = 47
RENT, REVENUE = "slider-rent.level", "slider-monetisation.scale"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def watched(browser: Browser, service: Service) -> Iterator[Watched]:
    """Open a page on which nothing may go wrong and which may ask nobody else."""
    with watching(browser, service.address, permissions=["clipboard-read", "clipboard-write"]) as page:
        yield page
        assert page.errors == []
        assert page.foreign == []


def settled(watched: Watched) -> None:
    """Wait until the answer on the screen is whole."""
    watched.page.locator("[data-testid=status][data-stage=full]").wait_for(timeout=PATIENCE)


def moved(watched: Watched, test_id: str, times: int, key: str = "ArrowLeft") -> float:
    """Move a slider by keys, and return where it stands."""
    slider = watched.page.get_by_test_id(test_id)
    slider.focus()
    for _ in range(times):
        slider.press(key)
    return float(slider.input_value())


def rows_of(watched: Watched, name: str) -> list[str]:
    """Return the rows of the table behind a figure."""
    button = watched.page.get_by_test_id(f"table-{name}")
    button.click()
    rows = watched.page.locator(f"#figure-{name} tbody tr").all_inner_texts()
    button.click()
    return rows


def test_it_opens_on_a_finished_run_of_the_base_scenario(watched: Watched) -> None:
    watched.page.goto(watched.address)
    settled(watched)

    assert int(watched.page.get_by_test_id("status").get_attribute("data-paths") or 0) >= 5_000
    assert watched.page.get_by_test_id("scenario").input_value() == "base"
    expect(watched.page.locator("#figure-layers-first svg")).to_be_visible()
    expect(watched.page.locator("#figure-rent-now svg path").first).to_be_visible()
    expect(watched.page.get_by_text("Scenario analysis, not a forecast")).to_be_visible()


def test_a_slider_moves_the_answer_and_each_drag_is_one_step_back(watched: Watched) -> None:
    watched.open("now")
    settled(watched)
    before = rows_of(watched, "rent-now")
    handle = watched.page.get_by_test_id(RENT)
    box = handle.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    watched.page.mouse.move(box["x"] + box["width"] * 0.5, y)
    watched.page.mouse.down()
    for step in range(6):
        watched.page.mouse.move(box["x"] + box["width"] * (0.5 - 0.06 * step), y)
        watched.page.wait_for_timeout(120)
    watched.page.mouse.up()
    settled(watched)
    after, pinned = rows_of(watched, "rent-now"), float(handle.input_value())
    paints = watched.page.evaluate("window.__deflator.paints")

    assert before != after
    assert float(after[-1].split("\t")[3]) == pytest.approx(pinned, rel=1e-3)
    assert paints
    assert all(one["paint_ms"] > one["input_ms"] > 0 and one["engine_ms"] >= 0 for one in paints)
    expect(watched.page).to_have_url(re.compile("now.rent.level"))

    watched.page.get_by_test_id("undo").click()
    settled(watched)
    assert rows_of(watched, "rent-now") == before
    expect(watched.page.get_by_test_id("undo")).to_be_disabled()
    watched.page.get_by_test_id("redo").click()
    settled(watched)
    assert rows_of(watched, "rent-now") == after
    watched.page.get_by_test_id("reset-all").click()
    expect(watched.page).not_to_have_url(re.compile("now.rent.level"))


def test_a_slider_multiplies_what_the_scenario_says_of_narrower_groups(watched: Watched) -> None:
    watched.open("scenario", now="boom")
    settled(watched)
    expect(watched.page.get_by_test_id("yaml")).to_have_value(re.compile("demand.lab"))
    watched.page.get_by_test_id("group-demand").locator("summary").first.click()
    at = moved(watched, "slider-demand.scale", 4)
    changes = watched.page.get_by_test_id("changes")

    assert at == pytest.approx(0.8)
    expect(changes).to_contain_text("demand.scale")
    expect(changes).to_contain_text("demand.application.scale")
    expect(changes).to_contain_text("demand.lab.scale")


def test_a_baseline_is_pinned_and_a_second_scenario_stands_beside(watched: Watched) -> None:
    watched.open("now")
    settled(watched)
    watched.page.get_by_test_id("pin").click()
    watched.page.get_by_test_id("beside").select_option("funding-freeze")
    moved(watched, RENT, 8)
    settled(watched)
    figure = watched.page.locator("#figure-layers-first")

    expect(figure.get_by_text("change", exact=True)).to_be_visible()
    expect(watched.page.locator("#figure-rent-now path.pinned")).to_have_count(1, timeout=PATIENCE)
    expect(watched.page.locator("#figure-rent-now path.beside").first).to_be_visible(timeout=PATIENCE)
    watched.page.get_by_test_id("unpin").click()
    expect(figure.get_by_text("change", exact=True)).to_have_count(0)


def test_a_link_brings_back_the_whole_state_in_a_new_page(watched: Watched, browser: Browser) -> None:
    watched.open("now", lang="zh", theme="dark")
    settled(watched)
    watched.page.get_by_test_id("pin").click()
    at = moved(watched, REVENUE, 5)
    watched.page.get_by_test_id("page-first").click()
    settled(watched)
    watched.page.get_by_test_id("copy-link").click()
    link = watched.page.evaluate("navigator.clipboard.readText()")
    ranked = rows_of(watched, "ranking-firm")

    assert link == watched.page.url
    with watching(browser, watched.address) as other:
        other.page.goto(link)
        settled(other)
        assert float(other.page.get_by_test_id(REVENUE).input_value()) == at
        assert other.page.locator("html").get_attribute("data-theme") == "dark"
        assert other.page.locator("html").get_attribute("lang") == "zh-Hans"
        expect(other.page.get_by_test_id("unpin")).to_be_visible()
        assert rows_of(other, "ranking-firm") == ranked
        assert other.errors == []


def test_a_link_of_another_version_is_told_of(watched: Watched) -> None:
    watched.open("now", v="0")

    expect(watched.page.get_by_test_id("stale")).to_contain_text("version 0")


def test_a_figure_is_taken_away_as_a_picture_a_table_and_what_it_rests_on(watched: Watched, tmp_path: Path) -> None:
    watched.open("now")
    settled(watched)
    png = saved(watched, tmp_path, "export-rent-now", "PNG picture")
    svg = saved(watched, tmp_path, "export-rent-now", "SVG drawing")
    table = saved(watched, tmp_path, "export-rent-now", "CSV table")
    facts = saved(watched, tmp_path, "export-rent-now", "What it rests on (JSON)")
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))

    assert png.read_bytes().startswith(b"\x89PNG")
    assert len(png.read_bytes()) > 5_000
    assert ET.parse(svg).getroot().tag.endswith("svg")
    assert len(rows) == MONTHS + 1
    assert all(float(row["5 %"]) <= float(row["50 %"]) <= float(row["95 %"]) for row in rows)
    assert json.loads(facts.read_text())["paths"] >= 5_000


def test_the_whole_answer_is_taken_away_as_a_workbook(watched: Watched, tmp_path: Path) -> None:
    watched.open("now")
    settled(watched)
    watched.page.get_by_test_id("take-away").click()
    with watched.page.expect_download(timeout=PATIENCE) as download:
        watched.page.get_by_test_id("take-xlsx").click()
    book = tmp_path / download.value.suggested_filename
    download.value.save_as(book)

    assert book.suffix == ".xlsx"
    assert "cover" in CalamineWorkbook.from_path(book).sheet_names


def test_the_report_of_an_answer_is_taken_away_as_one_page(watched: Watched, tmp_path: Path) -> None:
    watched.open("now")
    settled(watched)
    asked: list[str] = []
    told = {"job": "r", "status": "done", "document": {"html": "<!doctype html><title>Report</title>"}}

    def answer(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}")["document"])
        route.fulfill(status=200, content_type="application/json", body=json.dumps(told))

    watched.page.route("**/api/answers", answer)
    watched.page.get_by_test_id("take-away").click()
    with watched.page.expect_download() as download:
        watched.page.get_by_test_id("take-html").click()
    page = tmp_path / download.value.suggested_filename
    download.value.save_as(page)

    assert asked == ["report"]
    assert page.suffix == ".html"
    assert "<title>Report</title>" in page.read_text()


def test_red_lines_are_named_as_people_know_what_breaks(watched: Watched) -> None:
    watched.open("rent")
    settled(watched)
    rows = watched.page.locator("#figure-red-lines tbody tr")
    rows.first.wait_for(timeout=PATIENCE)
    named = {kind: name for name, kind in (row.split("\t")[1:3] for row in rows.all_inner_texts())}

    assert named.keys() >= {"entity", "liquidity", "covenant"}
    assert [name for name in named.values() if re.fullmatch(r"[a-z0-9_]+( \w+)*", name)] == []
    assert re.search(r"^[A-Z].* · [a-z -]+, \w+$", named["covenant"])


def test_a_firm_is_followed_from_the_ranking_to_its_curve_and_its_dots(watched: Watched) -> None:
    watched.open("now", **{"now.rent.level": "0.05"})
    settled(watched)
    first = watched.page.locator("#figure-firms-break [role=button]").first
    name = first.locator("text").first.text_content() or ""
    first.click()
    settled(watched)

    expect(watched.page.locator("h1")).to_have_text("First break")
    expect(watched.page.get_by_test_id("detail").locator("h2").first).to_contain_text(name.split("…")[0].strip()[:12])
    assert watched.page.locator("#figure-dots circle").count() == 50


def test_all_of_it_can_be_done_with_keys_alone(watched: Watched) -> None:
    watched.open("now")
    settled(watched)
    keys = watched.page.keyboard
    keys.press("Tab")
    expect(watched.page.locator(":focus")).to_have_text("Skip to the answer")
    keys.press("Enter")
    expect(watched.page.locator("h1")).to_be_focused()

    reached = []
    for _ in range(60):
        keys.press("Tab")
        reached.append(watched.page.evaluate("document.activeElement.dataset.testid ?? ''"))
        if reached[-1] == "table-layers-first":
            break
    keys.press("Enter")
    expect(watched.page.locator("#figure-layers-first table")).to_be_visible()
    watched.page.locator(f"[data-testid='{REVENUE}']").focus()
    keys.press("ArrowLeft")
    expect(watched.page.get_by_test_id("undo")).to_be_enabled()
    keys.press("Control+z")
    expect(watched.page.get_by_test_id("undo")).to_be_disabled()
    watched.page.get_by_test_id("page-scenario").focus()
    keys.press("Enter")
    expect(watched.page.locator("h1")).to_have_text("Scenario")
    expect(watched.page.locator("h1")).to_be_focused()


def test_the_language_of_every_word_is_switched_at_once(watched: Watched) -> None:
    watched.open("now")
    settled(watched)
    watched.page.get_by_test_id("language").select_option("zh")

    expect(watched.page.locator("h1")).to_have_text("当前")
    expect(watched.page.get_by_test_id("undo")).to_have_text("撤销")
    expect(watched.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(watched.page).to_have_url(re.compile("lang=zh"))


def test_a_scenario_is_edited_checked_kept_and_asked(watched: Watched, tmp_path: Path) -> None:
    watched.open("scenario")
    settled(watched)
    page = watched.page
    page.get_by_test_id("driver").select_option("base_rate")
    page.get_by_test_id("operation").select_option("shift")
    page.locator("section[aria-labelledby=driver] input[type=number]").fill("0.02")
    page.locator("section[aria-labelledby=driver] input[type=number]").press("Tab")
    page.get_by_test_id("add-driver").click()
    expect(page.get_by_test_id("changes")).to_contain_text("base_rate.shift")
    expect(page.get_by_test_id("yaml")).to_have_value(re.compile("base_rate"))
    whole = page.get_by_test_id("yaml").input_value()

    page.get_by_test_id("yaml").fill(whole.replace("base_rate", "base_rat"))
    page.get_by_test_id("use-text").click()
    expect(page.locator(".faults")).to_contain_text("base_rate")
    page.get_by_test_id("yaml").fill(whole)
    page.get_by_test_id("use-text").click()
    expect(page.get_by_test_id("check")).to_have_text("checked")

    page.get_by_test_id("keep-name").fill("dear-money")
    page.get_by_test_id("keep-title").fill("Money is dear")
    page.get_by_test_id("keep").click()
    expect(page.get_by_test_id("scenario")).to_have_value("dear-money")
    with page.expect_download() as download:
        page.get_by_test_id("download-yaml").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "dear-money.yaml"
    assert "Money is dear" in file.read_text()

    taken = tmp_path / "hostile.yaml"
    taken.write_text(file.read_text().replace("Money is dear", "<img src=x onerror=document.title='taken'>"))
    page.get_by_test_id("load-yaml").set_input_files(taken)
    expect(page.locator("#changes")).to_contain_text("<img src=x")
    expect(page).not_to_have_title("taken")


def test_it_goes_on_after_the_service_was_started_again(browser: Browser) -> None:
    with ExitStack() as first:
        running = first.enter_context(serving())
        with watching(browser, running.address) as watched:
            watched.open("now")
            settled(watched)
            before = rows_of(watched, "rent-now")
            first.close()
            watched.page.get_by_test_id("lost").wait_for(timeout=PATIENCE)
            with serving(port=running.port):
                watched.page.get_by_test_id("lost").wait_for(state="hidden", timeout=PATIENCE)
                moved(watched, RENT, 6)
                settled(watched)

                assert rows_of(watched, "rent-now") != before


@pytest.mark.parametrize("name", PAGES)
def test_everyone_can_use_the_pages_in_both_languages_and_themes(watched: Watched, name: str) -> None:
    for language in ("en", "zh"):
        watched.open(name, lang=language, pinned="base", **{"now.rent.level": "0.3"})
        settled(watched)

        assert watched.violations_in_both_themes() == [], language
