"""The pages of the dashboard in a browser: cascade, debt, losses, companies, claims and the book."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from browsing import Watched, chromium, saved, watching
from playwright.sync_api import Browser, Route, expect
from served import Service

#: A part of every page that is there once its document is.
ANSWERED = {
    "cascade": "order", "debt": "flow", "losses": "outcome", "company": "companies", "claims": "claims",
    "reverse": "ways", "record": "record", "book": "find",
}  # fmt: skip
SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def watched(browser: Browser, service: Service) -> Iterator[Watched]:
    """Open a page on which nothing may go wrong and which may ask nobody else."""
    with watching(browser, service.address) as page:
        yield page
        assert page.errors == []
        assert page.foreign == []


def book_file(name: str = "fibre-2001", **replaced: tuple[str, str]) -> bytes:
    """Return a shipped book as a zip file, with words of its tables replaced."""
    folder = Path(str(resources.files("deflator.book") / "books" / name))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".csv", ".yaml"):
                continue
            words = path.read_text(encoding="utf-8")
            if path.stem in replaced:
                old, new = replaced[path.stem]
                assert old in words
                words = words.replace(old, new)
            archive.writestr(path.name, words)
    return content.getvalue()


def choose_file(watched: Watched, name: str, content: bytes) -> None:
    watched.page.get_by_test_id("upload").set_input_files([{"name": name, "mimeType": "", "buffer": content}])


@pytest.mark.parametrize("name", ANSWERED)
def test_every_page_answers_and_everyone_can_use_it_in_both_languages_and_themes(watched: Watched, name: str) -> None:
    for language in ("en", "zh"):
        watched.open(name, lang=language)
        watched.see(ANSWERED[name])

        assert watched.violations_in_both_themes() == [], language


def test_the_month_of_the_cascade_moves_by_slider_buttons_and_keys_and_stays_in_the_address(watched: Watched) -> None:
    watched.open("cascade", **{"at.month": "24"})
    watched.see("order")
    page = watched.page
    month = page.get_by_test_id("month")

    expect(month).to_have_value("24")
    page.get_by_role("button", name="One month on").click()
    expect(month).to_have_value("25")
    page.locator("h1").click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(month).to_have_value("23")
    month.focus()
    page.keyboard.press("Home")
    expect(month).to_have_value("0")
    expect(page).to_have_url(re.compile("at.month=0"))


def test_the_cascade_plays_by_half_years_for_those_who_prefer_less_motion(browser: Browser, service: Service) -> None:
    with watching(browser, service.address, reduced_motion="reduce") as watched:
        watched.open("cascade", **{"at.month": "6"})
        watched.see("order")
        watched.page.get_by_role("button", name="Play").click()

        expect(watched.page.get_by_test_id("month")).to_have_value("12")


def test_one_path_is_followed_and_an_entity_of_the_network_leads_to_its_page(watched: Watched) -> None:
    watched.open("cascade", **{"at.follow": "path", "at.month": "40"})
    watched.see("order")
    page = watched.page
    expect(page.get_by_test_id("path")).to_have_value(re.compile(r"\d+"))
    page.get_by_role("button", name=re.compile("^Northline")).first.focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("open-company").click()

    expect(watched.see("company-name")).to_contain_text("Northline")
    expect(page).to_have_url(re.compile("at.entity=northline"))


def test_edges_of_a_kind_can_be_taken_away(watched: Watched) -> None:
    watched.open("cascade")
    watched.see("order")
    drawn = watched.page.locator("svg path.edge.debt")
    before = drawn.count()
    watched.page.get_by_test_id("kind-debt").uncheck()

    assert before > 0
    expect(drawn).to_have_count(0)
    expect(watched.page).to_have_url(re.compile("at.edges="))


def test_a_figure_of_a_company_is_one_press_away_from_its_source(watched: Watched) -> None:
    watched.open("company", **{"at.entity": "northline"})
    watched.see("inputs")
    page = watched.page
    figure = page.locator("[data-testid=inputs] button.figure").first
    figure.scroll_into_view_if_needed()
    figure.click()
    card = page.get_by_test_id("source")

    expect(card).to_be_visible()
    expect(card.get_by_text("Document", exact=True)).to_be_visible()
    assert watched.violations() == []
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(figure).to_be_focused()


def test_a_figure_of_the_model_is_one_press_away_from_its_formula_and_the_figures_in_it(watched: Watched) -> None:
    watched.open("company", **{"at.entity": "northline"})
    watched.see("inputs")
    page = watched.page
    computed = page.locator("[data-testid=balance] button.computed").first
    computed.click()
    formula = page.get_by_test_id("formula")

    expect(formula).to_contain_text("mean over paths")
    assert watched.violations() == []
    formula.locator("button.figure").first.click()
    expect(page.get_by_test_id("source").get_by_text("Document", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Back to: ")).click()
    expect(formula).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("source")).to_be_hidden()
    expect(computed).to_be_focused()


def test_a_past_bust_is_told_firm_by_firm_and_scored(watched: Watched) -> None:
    watched.open("record")
    watched.see("record")
    page = watched.page
    page.get_by_test_id("table-record-firms").click()

    expect(page.locator("#figure-record-firms tbody")).to_contain_text("WorldCom")
    expect(page.locator("#figure-record-firms tbody")).to_contain_text("bankruptcy")
    expect(page.locator("#figure-record-scores tbody tr")).to_have_count(3)


def test_the_smallest_shock_that_breaks_a_company_is_told_as_a_distance(watched: Watched) -> None:
    watched.open("reverse")
    watched.see("ways")
    page = watched.page

    expect(page.locator("#figure-way-1 h2")).to_contain_text("standard deviations away")
    assert page.locator("#figure-way-1 svg rect.bar").count() > 0
    page.get_by_test_id("chance").select_option("0.75")
    expect(page).to_have_url(re.compile("at.chance=0.75"))


def test_the_story_of_a_company_has_causes_that_sum_to_what_was_missing(watched: Watched, tmp_path: Path) -> None:
    watched.open("company", **{"now": "base", "now.rent.level": "0.4", "at.entity": "northline"})
    watched.see("events")
    assert watched.page.locator("[data-testid=events] li").count() > 0

    lines = saved(watched, tmp_path, "export-causes", "CSV table").read_text(encoding="utf-8-sig").splitlines()
    header, *rows = [line.split(",") for line in lines]
    parts = [float(row[-1]) for row in rows if row[-1]]
    facts = json.loads(saved(watched, tmp_path, "export-causes", "What it rests on (JSON)").read_text())
    said = re.search(r"sum to the \$([\d.,]+) (bn|m)", facts["subtitle"])

    assert header[-1] == "shortfall"
    assert said is not None
    missing = float(said[1].replace(",", "")) * (1000.0 if said[2] == "bn" else 1.0)
    assert sum(parts) == pytest.approx(missing, rel=0.01)


def test_the_wall_can_be_split_by_borrower_and_read_as_a_table(watched: Watched) -> None:
    watched.open("debt")
    watched.see("flow")
    page = watched.page
    page.get_by_test_id("by").select_option("borrower")
    page.get_by_test_id("together").select_option("12")
    page.get_by_test_id("table-wall").click()

    expect(page.locator("#figure-wall table thead")).to_contain_text("Northline")
    expect(page).to_have_url(re.compile("at.by=borrower"))


def test_claims_are_shown_by_verdict(watched: Watched) -> None:
    watched.open("claims")
    watched.see("claims")
    page = watched.page
    button = page.get_by_test_id("verdict-not_testable")
    count = int(re.sub(r"\D", "", button.inner_text()))
    button.click()

    expect(page.locator("[data-testid=claims] > li")).to_have_count(count)


def test_a_job_shows_how_far_it_is_can_be_cancelled_and_leaves_the_last_answer(watched: Watched) -> None:
    watched.open("claims")
    watched.see("claims")
    page = watched.page
    told = json.dumps({"job": "slow", "status": "running", "done": 3, "total": 10, "seconds_left": 7})

    def slow(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=told)

    page.route("**/api/answers**", slow)
    page.get_by_test_id("scenario").first.select_option("boom")

    expect(page.get_by_test_id("job")).to_contain_text("3 of 10; about 7 s left")
    expect(page.get_by_test_id("claims")).to_be_visible()
    with page.expect_request(lambda asked: asked.method == "DELETE"):
        page.get_by_test_id("cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    expect(page.get_by_test_id("claims")).to_be_visible()


def test_faults_of_an_uploaded_book_are_shown_where_they_are_and_nothing_is_kept(watched: Watched) -> None:
    watched.open("book")
    watched.see("find")
    books = watched.page.get_by_test_id("pick-book").locator("option").count()
    choose_file(watched, "mine.zip", book_file(fleets=(",oc48,", ",oc84,")))

    faults = watched.see("faults")
    expect(faults).to_contain_text("fleets.csv:")
    expect(faults).to_contain_text("oc84")
    expect(watched.page.get_by_test_id("pick-book").locator("option")).to_have_count(books)


def test_an_own_book_is_used_by_all_pages_and_its_names_are_words_not_scripts(watched: Watched) -> None:
    quoted = '"' + SCRIPT.replace('"', '""') + '"'
    name = '"Northline Communications, carriers\' carrier (illustrative)"'
    watched.open("book")
    watched.see("find")
    choose_file(watched, "mine.zip", book_file(entities=(name, quoted)))
    watched.see("use-book").click()
    page = watched.page

    expect(page.get_by_text(SCRIPT).first).to_be_visible()
    for other, test_id in (("cascade", "order"), ("company", "companies")):
        page.get_by_test_id(f"page-{other}").click()
        watched.see(test_id)
    expect(page).to_have_url(re.compile("book=upload-"))
    assert page.title() != "taken"
    page.get_by_test_id("page-book").click()
    expect(page.get_by_text("kept in memory only")).to_be_visible()


def test_a_lender_sees_what_comes_of_its_own_loans_and_what_is_wrong_with_them(watched: Watched) -> None:
    page, header = watched.page, "loan,borrower,type,committed_musd,drawn_musd,rate_kind,rate_or_spread,issue,maturity"
    header += ",amortisation,rank,recourse"
    row = "A1,{borrower},term_loan,100,80,fixed,0.09,2000-06,2003-06,linear,1,1"
    watched.open("portfolio", **{"at.loan": "A1"})
    for borrower, part in (("northlime", "faults"), ("northline", "reconciliation")):
        content = f"{header}\n{row.format(borrower=borrower)}\n".encode()
        watched.see("template")
        page.get_by_test_id("tape").set_input_files([{"name": "mine.csv", "mimeType": "", "buffer": content}])
        watched.see(part)
        if part == "faults":
            expect(page.get_by_test_id("faults")).to_contain_text("mine.csv:2:borrower")
            # A refused file is an answer of the service; the browser notes its status, and nothing else.
            assert all("422" in error for error in watched.errors)
            watched.errors.clear()

    expect(page.get_by_test_id("reconciliation")).to_contain_text("assessed")
    assert watched.violations_in_both_themes() == []
    page.get_by_test_id("language").select_option("zh")
    expect(page.get_by_test_id("reconciliation")).to_contain_text("已评估")
    assert watched.violations_in_both_themes() == []
