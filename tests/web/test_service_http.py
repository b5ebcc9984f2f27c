"""Books, scenarios and what a page needs to begin, over HTTP."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from served import BOOK, Service

from deflator.book import load_book, write_book
from deflator.book.schema import schema
from deflator.scenario import load_scenario, shipped_scenarios
from deflator.scenario.vocabulary import channels, drivers


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.address, timeout=120.0) as found:
        yield found


def zipped(folder: Path, inside: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, inside + file.name)
    return packed.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_book(load_book(BOOK), tmp_path / "book")
    return tmp_path / "book"


def upload(client: httpx2.Client, content: bytes, name: str = "book.zip") -> httpx2.Response:
    return client.post("/api/books", files={"file": (name, content)})


def test_a_page_begins_with_all_that_can_be_asked_and_moved(client: httpx2.Client) -> None:
    start = client.get("/api/start").json()

    assert start["defaults"]["book"] == BOOK
    assert {book["name"] for book in start["books"]} >= {BOOK, "ai-2026-02"}
    assert {one["name"] for one in start["scenarios"]} >= set(shipped_scenarios())
    assert {one["name"] for one in start["channels"]} == set(channels())
    assert {one["driver"] for one in start["drivers"]} == set(drivers())
    assert len([one for one in start["sliders"] if one["main"]]) == 6


def test_every_slider_moves_a_driver_within_its_bounds_and_says_why_that_far(client: httpx2.Client) -> None:
    for book in (BOOK, "ai-2026-02"):
        for slider in client.get("/api/start", params={"book": book}).json()["sliders"]:
            rule = drivers()[slider["driver"]].operations[slider["operation"]]

            assert rule.minimum <= slider["min"] < slider["default"] < slider["max"] <= rule.maximum
            assert slider["unit"] == rule.unit
            assert slider["evidence"]
            load_scenario("base", [f"{slider['key']}={slider['max']}", f"{slider['key']}={slider['min']}"])


@pytest.mark.parametrize("table", [name for name in schema() if name not in ("provenance", "sources")])
def test_every_figure_of_a_table_comes_with_where_it_was_read(client: httpx2.Client, table: str) -> None:
    found = client.get(f"/api/books/{BOOK}/tables/{table}").json()
    figures = schema()[table].figures

    assert [column["name"] for column in found["columns"]] == [column.column for column in schema()[table].columns]
    for row in found["rows"]:
        told = {name for name in figures if row["values"].get(name) is not None}
        assert told == set(row["provenance"])


def test_sources_tell_how_many_figures_rest_on_each(client: httpx2.Client) -> None:
    found = client.get(f"/api/books/{BOOK}/sources").json()

    assert sum(source["figures"] for source in found["sources"]) == len(load_book(BOOK).provenance)
    assert found["without_provenance"] == 0


def test_what_has_no_name_is_not_found(client: httpx2.Client) -> None:
    for path in ("/api/books/nobook/sources", f"/api/books/{BOOK}/tables/notable", "/api/scenarios/noscenario"):
        answer = client.get(path)

        assert answer.status_code == 404
        assert answer.json()["faults"][0]["message"].startswith("there is no")


@pytest.mark.parametrize("inside", ["", "my-book/"])
def test_a_good_book_is_held_asked_saved_and_forgotten(client: httpx2.Client, folder: Path, inside: str) -> None:
    answer = upload(client, zipped(folder, inside)).json()
    name, book = answer["book"], load_book(BOOK)

    assert answer["faults"] == []
    assert answer["summary"]["fingerprint"] == book.fingerprint
    held = {one["name"]: one["kept"] for one in client.get("/api/start").json()["books"]}
    assert held[name] is False
    saved = client.post(f"/api/books/{name}/save", json={"as": "my-fibre"})
    assert saved.json() == {"book": "my-fibre"}
    assert client.get("/api/books/my-fibre").json()["fingerprint"] == book.fingerprint
    assert client.post(f"/api/books/{name}/save", json={"as": "my-fibre"}).status_code == 422
    for one in (name, "my-fibre"):
        assert client.delete(f"/api/books/{one}").status_code == 200
        assert client.get(f"/api/books/{one}").status_code == 404


def test_a_workbook_is_as_good_as_a_folder(client: httpx2.Client, tmp_path: Path) -> None:
    write_book(load_book(BOOK), tmp_path / "book.xlsx")
    answer = upload(client, (tmp_path / "book.xlsx").read_bytes(), "book.xlsx").json()

    assert answer["faults"] == []
    assert answer["summary"]["fingerprint"] == load_book(BOOK).fingerprint


def test_a_broken_book_is_told_all_its_faults_and_not_held(client: httpx2.Client, folder: Path) -> None:
    entities = (folder / "entities.csv").read_text(encoding="utf-8").splitlines()
    entities[1] = entities[1].replace(",", ",x", 2)
    (folder / "entities.csv").write_text("\n".join(entities), encoding="utf-8")
    (folder / "market.csv").unlink()
    before = client.get("/api/start").json()["books"]
    answer = upload(client, zipped(folder)).json()

    assert answer["book"] is None
    assert {fault["file"] for fault in answer["faults"]} >= {"entities.csv", "market.csv"}
    assert any(fault["row"] == 2 and fault["column"] for fault in answer["faults"])
    assert "/tmp" not in str(answer["faults"])
    assert client.get("/api/start").json()["books"] == before


def test_a_scenario_is_checked_and_comes_back_as_yaml_of_the_same_meaning(
    client: httpx2.Client, tmp_path: Path
) -> None:
    settings = {"rent.level": {"+0": 2.0, "+24": 0.8}, "channels.rent": False, "parameters.recovery_rate_secured": 0.5}
    answer = client.post("/api/scenarios/check", json={"scenario": "boom", "settings": settings, "book": BOOK}).json()
    (tmp_path / "mine.yaml").write_text(answer["yaml"], encoding="utf-8")

    assert answer["faults"] == []
    assert load_scenario(tmp_path / "mine.yaml").fingerprint == answer["fingerprint"]
    again = client.post("/api/scenarios/check", json={"scenario": answer["document"]}).json()
    assert again["fingerprint"] == answer["fingerprint"]


def test_a_faulty_scenario_is_told_all_its_faults(client: httpx2.Client) -> None:
    settings = {"rent.levl": 2.0, "channels.rnt": False}
    answer = client.post("/api/scenarios/check", json={"scenario": "base", "settings": settings}).json()

    assert answer["yaml"] is None
    assert len(answer["faults"]) == 2


def test_a_scenario_is_kept_replaced_and_removed(client: httpx2.Client) -> None:
    yaml = "name: mine\ntitle: Mine\nauthor: me\ndate: 2026-03-01\ndescription: A test\nextends: base\n"
    assert client.post("/api/scenarios", json={"name": "mine", "yaml": yaml}).json()["title"] == "Mine"
    again = client.post("/api/scenarios", json={"name": "mine", "yaml": yaml})
    other = yaml.replace("title: Mine", "title: Other")
    replaced = client.post("/api/scenarios", json={"name": "mine", "yaml": other, "replace": True})

    assert again.status_code == 422
    assert replaced.json()["title"] == "Other"
    listed = {one["name"]: one["title"] for one in client.get("/api/start").json()["scenarios"]}
    assert listed["mine"] == "Other"
    assert client.delete("/api/scenarios/mine").status_code == 200
    assert client.get("/api/scenarios/mine").status_code == 404


def test_shipped_scenarios_cannot_be_replaced_or_removed(client: httpx2.Client) -> None:
    yaml = "name: base\ntitle: Mine\nauthor: me\ndate: 2026-03-01\ndescription: A test\n"

    assert client.post("/api/scenarios", json={"name": "base", "yaml": yaml, "replace": True}).status_code == 422
    assert client.delete("/api/scenarios/base").status_code == 404


def test_the_api_documents_itself_without_a_script_from_elsewhere(client: httpx2.Client) -> None:
    page = client.get("/api/docs").text

    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page.replace("&#123;", "{")


def test_a_scenario_file_is_checked_as_text_and_its_faults_are_told_with_their_rows(client: httpx2.Client) -> None:
    head = "name: mine\ntitle: Mine\nauthor: A\ndate: 2026-02-28\ndescription: D\ndrivers:\n  "
    good = client.post("/api/scenarios/check", json={"yaml": f"{head}rent: {{level: 0.5}}\n", "book": BOOK}).json()
    bad = client.post("/api/scenarios/check", json={"yaml": f"{head}rnt: {{level: 0.5}}\n", "book": BOOK}).json()

    assert good["faults"] == []
    assert good["document"]["drivers"]["rent"]["level"] == {"+0": 0.5}
    assert bad["document"] is None
    assert [(fault["file"], fault["row"]) for fault in bad["faults"]] == [("scenario.yaml", 7)]
