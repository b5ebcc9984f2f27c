"""A tape on the paths of a book: every loan has a result or a reason, and figures hang together."""

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deflator.analysis.replay import Setting, prepare, replay
from deflator.analysis.trials import simulate_all
from deflator.book import load_book
from deflator.book.months import month_at
from deflator.engine.positions import P
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario
from deflator.tape import Assessment, Tape, assess, read_tape
from deflator.tape.borrowers import Borrowers
from small_tapes import MIXED, TINY, loan, write_tape


def setting(scenario: str = "base+funding-freeze", paths: int = 128, draws: int = 16, **changes: bool) -> Setting:
    settings = {"failure": ["failure.hall_one.level={2026-12: on}"]}.get(scenario, [])
    name = "base" if settings else scenario
    return prepare(Question(load_book(TINY), load_scenario(name, settings), paths, draws, **changes))


def tape(place: Path, *rows: dict[str, str]) -> Tape:
    return read_tape(write_tape(place / "tape.csv", rows), load_book(TINY))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return assess(tape(tmp_path_factory.mktemp("tape"), *MIXED), setting())


def test_what_comes_in_comes_out(found: Assessment) -> None:
    assert found.loans["loan"].to_list() == [row["loan"] for row in MIXED]
    assert set(found.loans["status"]) == {"assessed"}
    parts = {row["part"]: row for row in found.reconciliation.to_dicts()}
    assert parts["in"]["loans"] == parts["assessed"]["loans"] == 5
    assert parts["in"]["drawn_musd"] == sum(float(row["drawn_musd"]) for row in MIXED)
    assert [parts["difference"][name] for name in ("loans", "committed_musd", "drawn_musd")] == [0, 0.0, 0.0]


def test_borrowers_are_joined_by_what_the_tape_says(found: Assessment) -> None:
    joined = dict(zip(found.loans["obligor"], found.loans["matched_by"], strict=True))

    assert found.loans["obligor"].to_list() == ["neo_one", "hall_one", "apps", "landlord/typical", "hall_one"]
    assert joined == {"neo_one": "id", "hall_one": "id", "apps": "entity", "landlord/typical": "profile"}


def test_the_loss_of_the_portfolio_is_the_sum_of_its_loans_on_each_path(found: Assessment) -> None:
    parts = np.stack([found.losses_of(row["loan"]) for row in MIXED])

    assert parts.sum(axis=0) == pytest.approx(found.portfolio_losses, rel=1e-12)
    assert found.portfolio_losses.max() > 0.0
    assert found.portfolio.expected_loss.value == pytest.approx(found.loans["expected_loss_musd"].sum(), rel=1e-12)


def test_expected_loss_is_default_times_exposure_times_severity(found: Assessment) -> None:
    rows = found.loans.filter(pl.col("pd") > 0.0)

    assert rows.height >= 3
    product = rows["pd"] * rows["exposure_at_default_musd"] * rows["lgd"]
    assert rows["expected_loss_musd"].to_list() == pytest.approx(product.to_list(), rel=1e-12)


def test_contributions_add_up_to_the_tail_of_the_portfolio(found: Assessment) -> None:
    assert found.loans["es99_contribution_musd"].sum() == pytest.approx(found.portfolio.es99_musd, rel=1e-12)
    assert (found.loans["es95_musd"] <= found.loans["es99_musd"] + 1e-12).all()
    assert found.portfolio.es99_musd <= found.loans["es99_musd"].sum() + 1e-9


def test_the_probability_of_default_never_falls_with_time(found: Assessment) -> None:
    for _, rows in found.curves.group_by("obligor"):
        curve = rows.sort("month")["pd"].to_numpy()
        assert curve[0] == 0.0
        assert (np.diff(curve) >= 0.0).all()
        assert ((rows["pd_low"] <= rows["pd"]) & (rows["pd"] <= rows["pd_high"])).all()
    assert ((found.loans["pd_12"] <= found.loans["pd_24"]) & (found.loans["pd_24"] <= found.loans["pd"] + 1e-12)).all()


def test_a_firm_defaults_as_often_as_the_paths_break_it(found: Assessment) -> None:
    curve = found.curves.filter(pl.col("obligor") == "neo_one").sort("month")["pd"]

    assert found.loans["pd"][0] == pytest.approx(curve[24])


def test_borrowers_default_on_the_paths_on_which_a_run_breaks_them(found: Assessment) -> None:
    months = simulate_all(found.setting).break_month
    for row in ("neo_one", "hall_one"):
        broke = months[found.setting.economy.entities.index(row)]
        curve = found.curves.filter(pl.col("obligor") == row).sort("month")["pd"]
        assert curve.to_list() == [float(((broke > 0) & (broke <= month)).mean()) for month in range(25)]


def test_a_loan_has_a_curve_of_its_own_that_ends_with_it(found: Assessment) -> None:
    curve = found.default_curve("LN-2")  # matures in month 22
    of_borrower = found.curves.filter(pl.col("obligor") == "hall_one").sort("month")["pd"]

    assert curve[:23].tolist() == of_borrower[:23].to_list()
    assert curve[24] == curve[22] == found.loans["pd"][1]


def test_losses_by_month_add_up_to_the_expected_loss(found: Assessment) -> None:
    timing = found.timing

    assert timing["expected_loss_so_far_musd"][-1] == pytest.approx(found.portfolio.expected_loss.value, rel=1e-12)
    assert timing["defaults"].sum() == pytest.approx(found.loans["pd"].sum())


def test_members_of_a_cohort_default_as_often_as_its_share_breaks(tmp_path: Path) -> None:
    rows = [loan(loan=f"LN-{at}", borrower=f"Maker {at}", entity="apps") for at in range(400)]
    many = assess(tape(tmp_path, *rows), setting(paths=64, draws=8), red_lines=False)
    curve = many.curves.sort("month")["pd"]

    assert many.loans["pd"].mean() == pytest.approx(curve[24], abs=4.0 * np.sqrt(curve[24] / (64 * 400)) + 1e-9)
    assert many.loans["pd"].n_unique() > 1  # members do not default together


def test_loans_to_one_borrower_default_together(tmp_path: Path) -> None:
    rows = [loan(loan=f"LN-{at}", borrower="Private Hall", layer="landlord", profile="typical") for at in range(2)]
    both = assess(tape(tmp_path, *rows), setting(), red_lines=False)

    assert both.losses_of("LN-0").tolist() == both.losses_of("LN-1").tolist()
    assert both.losses_of("LN-0").any()


def test_one_loan_on_one_path_loses_what_a_calculation_by_hand_says(tmp_path: Path) -> None:
    one = setting("failure", paths=1, draws=0, chance=False)
    row = loan(borrower="hall_one", equipment="h100", units="300", recourse="0.4", amortisation="linear",
               maturity="2028-02")  # fmt: skip
    found = assess(tape(tmp_path, row), one, red_lines=False)
    path = replay(one, 0)
    month = 10
    assert path["entities.break_month"][-1][path.economy.entities.index("hall_one")] == month

    owed = 10.0 * (24 - 9) / 24 + 0.5 * 2.0  # nine of 24 parts are paid, half of the 2 undrawn is drawn
    collateral = 300 * path["equipment.value"][month][path.economy.equipment.index("h100")] / 1e6
    secured = min(collateral * (1.0 - path.parameter(P.sale_cost_share)), owed)
    claim = (owed - secured) * 0.4 * path.parameter(P.recovery_rate_secured)
    wait = (1.0 + path.parameter(P.appraisal_discount_rate)) ** (-path.parameter(P.recovery_lag_months) / 12.0)
    liquidated = 1.0 - (secured + claim) / owed * wait
    shut = 1.0 - path["world.openness"][month]
    goes_on = path.parameter(P.restructuring_probability_base) - path.parameter(P.restructuring_funding_slope) * shut
    lgd = goes_on * path.parameter(P.restructuring_haircut) + (1.0 - goes_on) * liquidated
    assert found.loans["pd"].to_list() == [1.0]
    assert found.loans["exposure_at_default_musd"].to_list() == pytest.approx([owed])
    assert found.loans["lgd"].to_list() == pytest.approx([lgd], rel=1e-12)
    assert found.losses_of("LN-1").tolist() == pytest.approx([owed * lgd], rel=1e-12)
    assert found.curves.filter(pl.col("pd") > 0.0)["date"][0] == month_at(month, "2026-02") == "2026-12"


def test_the_advance_rate_rises_with_the_target_and_holds_it(tmp_path: Path) -> None:
    row = loan(borrower="hall_one", equipment="h100", units="300", recourse="0")
    rates = []
    for target in (0.05, 0.07, 0.09):
        found = assess(tape(tmp_path, row), setting(), target, red_lines=False)
        rates.append(found.loans["advance_rate_at_target"][0])
        told = found.loans["advance_rate"][0]
    assert rates == sorted(rates)
    assert len(set(rates)) == 3

    at_rate = str(round(10.0 * rates[1] / told, 9))
    lent = row | {"drawn_musd": at_rate, "committed_musd": str(round(1.2 * float(at_rate), 9))}
    scaled = assess(tape(tmp_path, lent), setting(), 0.05, red_lines=False)
    assert scaled.loans["expected_loss_share"][0] == pytest.approx(0.07, rel=1e-4)


def test_a_guarantor_that_stands_bears_its_part(tmp_path: Path) -> None:
    rows = loan(borrower="hall_one"), loan(loan="LN-2", borrower="hall_one", guarantor="BIGC")
    found = assess(tape(tmp_path, *rows), setting(), red_lines=False)
    alone, backed = found.loans["lgd"].to_list()

    assert 0.0 < backed < alone
    assert backed > 0.6 * alone  # recourse is 0.4


def test_who_cannot_break_has_a_reason_and_is_reconciled(tmp_path: Path) -> None:
    book = load_book("ai-2026-02")
    rows = loan(borrower="Blackstone credit funds"), loan(loan="LN-2", borrower="CoreWeave, Inc.")
    read = read_tape(write_tape(tmp_path / "tape.csv", rows), book)
    found = assess(read, prepare(Question(book, load_scenario("base"), 64, 8)), red_lines=False)

    assert found.loans["status"].to_list() == ["cannot_break", "assessed"]
    assert "the engine does not let blackstone break" in found.loans["reason"][0]
    assert found.loans["expected_loss_musd"].to_list()[0] is None
    assert {row["part"]: row["loans"] for row in found.reconciliation.to_dicts()} == {
        "in": 2, "assessed": 1, "cannot_break": 1, "difference": 0,
    }  # fmt: skip
    assert found.loans["covenant"][1].startswith("crwv_")
    assert found.headroom["q05"].max() <= 9.99


def test_covenants_and_red_lines_of_the_borrower_are_told(found: Assessment) -> None:
    neo, hall = found.loans.row(0, named=True), found.loans.row(1, named=True)

    assert neo["covenant"].startswith("neo_")
    assert hall["covenant"] == "hall_loan dscr"
    assert neo["red_line_12"] is not None or neo["red_line_told"] != "solved"
    assert found.loans["red_line_told"][3] == "the book does not name the borrower"
    tests = found.headroom.filter(pl.col("facility") == "neo_ddtl")
    assert set(tests["test"]) == {"min_liquidity", "contracted_coverage"}  # the others are off, or of another facility
    assert ((tests["share_below"] >= 0.0) & (tests["share_below"] <= 1.0)).all()


def test_paths_and_threads_move_no_loss(found: Assessment, tmp_path: Path) -> None:
    again = assess(tape(tmp_path, *reversed(MIXED)), setting(), red_lines=False, threads=1)

    for row in MIXED:
        assert again.losses_of(row["loan"]).tolist() == found.losses_of(row["loan"]).tolist()


def test_the_document_is_plain_data(found: Assessment) -> None:
    from deflator.cli.output import plain

    document = plain(found.document())
    assert document["meta"]["paths"] == found.paths
    assert len(document["loans"]) == 5
    assert document["portfolio"]["expected_loss"]["value"] == found.portfolio.expected_loss.value
    assert "not a forecast" in document["meta"]["disclaimer"]


def test_profiles_sort_the_entities_of_a_layer_by_debt() -> None:
    known = Borrowers(load_book("ai-2026-02"))
    kinds = {name: known.generic("neocloud", name) for name in ("strong", "typical", "weak")}

    members = [entity for kind in kinds.values() if kind for entity in kind.entities]
    assert len(members) == len(set(members)) == 12
    assert "valor_compute" in kinds["weak"].entities
    assert "coreweave" in kinds["typical"].entities
    assert known.possible_profiles("lab") == ["strong"]


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_a_target_that_is_no_share_is_refused(target: float, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"--target-loss: .* is not a share above 0 and below 1"):
        assess(tape(tmp_path, loan()), setting(), target)


def test_a_tape_that_was_read_for_another_book_is_refused(tmp_path: Path) -> None:
    other = prepare(Question(load_book("fibre-2001"), load_scenario("base"), 8, 2))

    with pytest.raises(RunError, match="the tape was joined to another book"):
        assess(tape(tmp_path, loan()), other)


@pytest.mark.slow
def test_ten_thousand_loans_are_assessed_within_a_minute(tmp_path: Path) -> None:
    book = load_book("ai-2026-02")
    borrowers = ("CoreWeave", "Nebius", "Hut 8", "Abilene JV", "Fluidstack")
    rows = [
        loan(loan=f"LN-{at}", borrower=borrowers[at % 5])
        if at % 3
        else loan(loan=f"LN-{at}", borrower=f"Cloud {at}", layer="neocloud", profile=("strong", "weak")[at % 2])
        for at in range(10_000)
    ]
    file = write_tape(tmp_path / "tape.csv", rows)
    assess(read_tape(file, book), prepare(Question(book, load_scenario("base"), 64, 8)))  # compiles, if nobody has
    start = time.process_time()  # what else runs on the machine does not count
    found = assess(read_tape(file, book), prepare(Question(book, load_scenario("base"), 2_000, 100)))

    assert found.loans.height == 10_000
    assert time.process_time() - start < 60.0
