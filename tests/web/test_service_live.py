"""Live runs: the figures are those of a run, the latest question wins, and sessions take turns."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from served import BOOK, Service, ask, heard, heard_in_full, question

import deflator
from deflator.analysis import Result
from deflator.analysis.first import first_breaks
from deflator.analysis.instant import KINDS, Kept, Subject, figures_of
from deflator.analysis.replay import prepare
from deflator.analysis.trials import simulate_all
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.scenario import load_scenario

SETTINGS = {"rent.level": 0.4, "channels.rent": False, "funding.shift": {"+3": -1.5}}
TYPED = ["rent.level=0.4", "channels.rent=off", "funding.shift={+3: -1.5}"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return the run that `deflator run` makes of the same question."""
    folder = tmp_path_factory.mktemp("run") / "kept"
    return deflator.run(BOOK, load_scenario("base", TYPED), paths=640, ignorance=16, out=folder)


@pytest.fixture(scope="module")
def full(service: Service) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the last frame of the live run."""
    with service.live() as socket:
        ask(socket, 1, question(**SETTINGS), "full")
        return heard_in_full(socket, 1)[-1]


def single(values: pl.Series) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], np.float64).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_live_answer_has_the_figures_of_the_run(kind: str, run: Result, full: Any) -> None:
    header, arrays = full
    table = {"layer": run.layers, "firm": run.entities, "cohort": run.cohorts}[kind]()
    outcomes = table.filter(pl.col("name") != "none")
    columns = {
        "first": "p_first", "first_error": "p_first_error", "first_low": "p_first_low", "first_high": "p_first_high",
    }  # fmt: skip

    assert header[f"{kind}s"] == outcomes["name"].to_list()
    for name, column in columns.items():
        np.testing.assert_array_equal(arrays[f"{kind}_{name}"], single(table[column]), name)
    own = {"break": "p_break", "break_error": "mc_error", "break_low": "low", "break_high": "high",
           "soft": "p_with_soft", "month": "median_month"}  # fmt: skip
    for name, column in own.items():
        np.testing.assert_allclose(arrays[f"{kind}_{name}"], single(outcomes[column]), rtol=1e-6, err_msg=name)


def test_survival_is_that_of_the_run(run: Result, full: Any) -> None:
    header, arrays = full
    for one in first_breaks(run).survival:
        place = header[f"{one.kind}s"].index(one.name)

        np.testing.assert_allclose(arrays[f"{one.kind}_survival"][place], one.share, atol=1e-6)


def test_dots_are_quantiles_of_the_months_in_which_a_firm_breaks(run: Result, full: Any) -> None:
    header, arrays = full
    paths = run.raw.manifest.paths
    for place, name in enumerate(header["firms"]):
        months = run.raw.table("breaks").filter(pl.col("entity") == name)["month"].drop_nulls().sort().to_list()
        ranks = [int(np.ceil((dot + 0.5) / 50 * paths)) for dot in range(50)]
        expected = [months[rank - 1] if rank <= len(months) else 0 for rank in ranks]

        assert arrays["firm_dots"][place].tolist() == expected


def test_rents_and_losses_are_those_of_the_run(run: Result, full: Any) -> None:
    header, arrays = full
    levels = ["q05", "q25", "q50", "q75", "q95"]
    for series, found in (("rent", run.rents()), ("funding", run.funding())):
        expected = found.select(levels).to_numpy().T.astype(np.float32)
        np.testing.assert_array_equal(arrays[f"{series}_quantiles"], expected)
    losses = {row["holder"]: row for row in run.losses().to_dicts()}
    np.testing.assert_allclose(arrays["loss_all_mean"], losses["all"]["mean_musd"], rtol=1e-6)
    for place, holder in enumerate(header["holders"]):
        row = losses.get(holder, dict.fromkeys(("mean_musd", "q05", "q50", "q95"), 0.0))
        np.testing.assert_allclose(arrays["loss_mean"][place], row["mean_musd"], rtol=1e-6)
        quantiles = arrays["loss_quantiles"][[0, 2, 4], place]
        np.testing.assert_allclose(quantiles, [row["q05"], row["q50"], row["q95"]], rtol=1e-6)


def test_a_glance_leaves_out_the_range_and_nothing_else() -> None:
    setting = prepare(Question(load_book(BOOK), load_scenario("base"), paths=128, draws=16))
    subject, kept = Subject.of(setting), Kept.of(simulate_all(setting))
    glance, whole = (figures_of(subject, kept, ranges=ranges) for ranges in (False, True))

    assert glance.keys() == whole.keys()
    for name, values in whole.items():
        if name.endswith(("_low", "_high")):
            assert np.isnan(glance[name]).all()
        else:
            np.testing.assert_allclose(glance[name], values, rtol=1e-12, err_msg=name)


def test_a_live_run_is_refined_from_a_preview_to_all_paths(service: Service) -> None:
    with service.live() as socket:
        ask(socket, 4, question(**{"demand.scale": 0.7}), "full")
        headers = [header for header, _ in heard_in_full(socket, 4)]

    assert [header["stage"] for header in headers] == ["preview", "refining", "full"]
    assert [header["paths"] for header in headers] == [128, 512, 640]
    assert all(header["draws"] == 16 and header["engine_seconds"] > 0 for header in headers)


def test_a_preview_is_the_beginning_of_the_full_run(service: Service) -> None:
    with service.live() as socket:
        ask(socket, 1, question(**{"demand.scale": 0.6}), "full")
        answers = heard_in_full(socket, 1)

    np.testing.assert_array_equal(answers[0][1]["rent_paths"], answers[-1][1]["rent_paths"])


def test_the_latest_question_wins(service: Service) -> None:
    with service.live() as socket:
        for number in range(1, 31):
            ask(socket, number, question(**{"rent.level": 0.3 + 0.001 * number}) | {"paths": 5000}, "full")
        numbers = []
        while not numbers or numbers[-1] < 30:
            numbers.append(heard(socket)[0]["id"])

    assert numbers == sorted(numbers)
    assert len(set(numbers)) < 30


def test_a_question_that_is_taken_back_is_not_refined(service: Service) -> None:
    with service.live() as socket:
        ask(socket, 1, question(**{"demand.scale": 0.5}) | {"paths": 20_000}, "full")
        assert heard(socket)[0]["stage"] == "preview"
        socket.send(json.dumps({"cancel": 1}))
        time.sleep(0.3)
        ask(socket, 2, question(**{"demand.scale": 0.4}))
        header, _ = heard(socket)
        while header["id"] == 1:  # what was on its way when it was taken back
            assert header["stage"] != "full"
            header, _ = heard(socket)

    assert header["stage"] == "preview"


def test_what_is_known_in_full_is_told_at_once_after_a_new_connection(service: Service) -> None:
    asked = question(**{"demand.scale": 0.8})
    with service.live() as socket:
        ask(socket, 1, asked, "full")
        first = heard_in_full(socket, 1)[-1]
    with service.live() as socket:
        ask(socket, 1, asked)
        header, arrays = heard(socket)

    assert (header["stage"], header["run"]) == ("full", first[0]["run"])
    for name, values in first[1].items():
        np.testing.assert_array_equal(arrays[name], values)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"settings": {"rent.levl": 1.0}}, "drivers.rent.levl"),
        ({"settings": {"rent.level": -1.0}}, "drivers.rent.level"),
        ({"scenario": "bse"}, "scenario"),
        ({"book": "../../etc/passwd"}, "book"),
        ({"paths": 0}, "paths"),
        ({"settings": {"rent.level=1,channels": 1.0}}, "rent.level=1,channels"),
    ],
)
def test_a_faulty_question_is_answered_with_its_faults(service: Service, asked: dict[str, Any], field: str) -> None:
    with service.live() as socket:
        ask(socket, 9, question() | asked)
        header, arrays = heard(socket)

    assert (header["id"], arrays) == (9, {})
    assert [fault["field"] for fault in header["faults"]] == [field]
    assert header["faults"][0]["message"]


def test_a_scenario_document_is_asked_like_the_scenario_that_it_holds(service: Service, tmp_path: Path) -> None:
    document = load_scenario("funding-freeze").as_document()
    with service.live() as socket:
        ask(socket, 1, question() | {"scenario": document}, "full")
        of_document = heard_in_full(socket, 1)[-1]
        ask(socket, 2, question() | {"scenario": "funding-freeze"}, "full")
        of_name = heard_in_full(socket, 2)[-1]

    assert of_document[0]["fingerprint"] == of_name[0]["fingerprint"]
    np.testing.assert_array_equal(of_document[1]["firm_break"], of_name[1]["firm_break"])


def test_sessions_take_turns(service: Service) -> None:
    answers = drag_at_once(service, sessions=8, seconds=3.0)

    assert min(answers) >= 2
    assert max(answers) <= min(answers) + 3


def drag_at_once(service: Service, sessions: int, seconds: float) -> list[int]:
    """Let several sessions drag a slider at the same time; return how many answers each of them saw."""
    with service.live() as socket:  # the engine is ready when it has answered
        ask(socket, 1, question())
        heard(socket)
    begun = threading.Barrier(sessions)

    def drag(place: int) -> int:
        with service.live() as socket:
            begun.wait()
            end, number = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                number += 1
                ask(socket, number, question(**{"rent.level": 0.3 + 0.01 * place + 1e-5 * number}))
                header, _ = heard(socket)
                assert (header["id"], header.get("faults")) == (number, None)
            return number

    with ThreadPoolExecutor(sessions) as pool:
        return list(pool.map(drag, range(sessions)))
