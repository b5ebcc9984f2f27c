import dataclasses

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.challenge import Values, balance, challenge, due_by, follow_values, volatility
from deflator.analysis.replay import Setting, position_of
from deflator.book import load_book
from deflator.credit import black_cox_default_probability, merton_default_probability
from deflator.engine import Trigger, simulate
from deflator.errors import RunError

HARSH = "base+funding-freeze"


@pytest.fixture(scope="module")
def asked() -> Setting:
    return setting(scenario=HARSH)


@pytest.fixture(scope="module")
def followed(asked: Setting) -> Values:
    return follow_values(asked)


def facility(of: Setting, name: str, **changes: object) -> dict:
    table = of.question.book.table("facilities")
    return {**table.rows[table.index[name]], **changes}


@pytest.mark.parametrize(
    ("name", "horizon", "due"),
    [
        ("neo_notes", 15, 0.0),  # bullet, due in month 16
        ("neo_notes", 16, 60.0),
        ("hall_loan", 10, 70.0 / 40.0 * 10.0),  # linear over 40 months
        ("neo_ddtl", 10, 40.0),  # four instalments of 10
        ("neo_ddtl", 24, 80.0),  # eight of them
        ("neo_ddtl", 25, 84.0),
        ("neo_pipeline", 24, 0.0),  # not drawn
    ],
)
def test_what_falls_due_follows_the_schedule_of_a_loan(asked: Setting, name: str, horizon: int, due: float) -> None:
    assert due_by(asked.question.book, facility(asked, name), horizon) == pytest.approx(due)


def test_a_level_loan_repays_what_the_annuity_leaves_after_interest(asked: Setting) -> None:
    loan = facility(asked, "hall_loan", profile="level", rate_kind="fixed", rate_or_spread=0.12)
    rate = 0.01
    payment = 70.0 * rate / (1.0 - (1.0 + rate) ** -40)
    left = 70.0 * (1.0 + rate) ** 10 - payment * ((1.0 + rate) ** 10 - 1.0) / rate

    assert due_by(asked.question.book, loan, 10) == pytest.approx(70.0 - left)


def test_a_sculpted_loan_repays_with_the_bills_of_its_contracts(asked: Setting) -> None:
    # c_lab_h100 bills evenly to the end of 2026: ten of the months after the as-of month
    loan = facility(asked, "neo_ddtl", profile="sculpted")

    assert due_by(asked.question.book, loan, 5) == pytest.approx(84.0 / 2.0)


def test_a_sculpted_loan_of_a_shipped_book_is_due_in_part_before_it_matures() -> None:
    book = load_book("fibre-2001")
    loan = next(row for row in book.table("facilities").rows if row["profile"] == "sculpted")
    due = [due_by(book, loan, months) for months in (0, 12, 24, book.month(str(loan["maturity"])))]

    assert due == sorted(due)
    assert due[-1] == loan["drawn_musd"]


def test_a_firm_is_valued_by_merton_and_black_cox_from_the_book(asked: Setting, followed: Values) -> None:
    found = challenge(asked, position_of(asked.economy, "neo_one"), followed, [12, 24])

    assert (found.debt_musd, found.equity_musd, found.assets_musd) == (194.0, 700.0, 894.0)
    one_year = found.odds[0]
    assert one_year.due_musd == pytest.approx(40.0)
    assert one_year.default_point_musd == pytest.approx(40.0 + 0.5 * 154.0)
    terms = (894.0, 117.0, 0.0365, found.volatility, 1.0)
    assert one_year.merton == pytest.approx(float(merton_default_probability(*terms)))
    assert one_year.black_cox == pytest.approx(float(black_cox_default_probability(*terms)))


def test_touching_the_point_at_any_time_is_likelier_than_ending_below_it(asked: Setting, followed: Values) -> None:
    for name in ("neo_one", "hall_one"):
        for odds in challenge(asked, position_of(asked.economy, name), followed, [6, 12, 24]).odds:
            assert 0.0 <= odds.merton <= odds.black_cox <= 1.0


def test_the_engines_share_is_that_of_its_own_run(asked: Setting, followed: Values) -> None:
    hall = position_of(asked.economy, "hall_one")
    kept = simulate(asked.economy, seed=asked.question.seed, first_path=0, paths=128).break_month[hall]
    found = challenge(asked, hall, followed, [12, 24])

    assert found.breaks == (kept > 0).sum() > 0
    for odds in found.odds:
        assert odds.engine.value == pytest.approx(((kept > 0) & (kept <= odds.months)).mean())
    assert sum(found.triggers.values()) == pytest.approx(1.0)


def made(worth: np.ndarray, debt: float, break_month: list[int], entities: int, position: int) -> Values:
    """Return values of one firm that are known by construction."""
    months, paths = worth.shape
    owed = np.zeros((months, entities, paths))
    equity = np.zeros_like(owed)
    owed[:, position], equity[:, position] = debt, worth - debt
    broke = np.zeros((entities, paths), dtype=np.int64)
    broke[position] = break_month
    trigger = np.where(broke > 0, int(Trigger.MATURITY), 0)
    return Values(owed, equity, broke, trigger, np.zeros(paths, dtype=np.int64))


def test_a_solvent_break_is_told_from_an_insolvent_one() -> None:
    asked = setting(paths=4, draws=0)
    neo, entities = position_of(asked.economy, "neo_one"), len(asked.economy.entities)
    steps = np.random.default_rng(3).normal(0.0, 0.02, (24, 4))
    worth = np.full((25, 4), 900.0)
    worth[1:] *= np.exp(np.cumsum(steps, axis=0))
    worth[10:, 1] = 100.0  # below its debt of 194 when it breaks in month 12
    found = challenge(asked, neo, made(worth, 194.0, [12, 12, 20, 0], entities, neo), [24])

    assert found.breaks == 3
    assert found.solvent_breaks == pytest.approx(2.0 / 3.0)
    assert found.triggers == {"maturity": 1.0}
    assert found.odds[0].value == pytest.approx(0.25)
    assert found.odds[0].engine.value == pytest.approx(0.75)


def test_growth_that_all_paths_share_is_no_risk() -> None:
    rng = np.random.default_rng(5)
    steps = rng.normal(0.0, 0.1, (24, 200))
    never = np.zeros(200, dtype=np.int64)

    def walked(extra: np.ndarray) -> np.ndarray:
        return np.exp(np.cumsum(np.vstack([np.zeros(200), steps + extra]), axis=0))

    plain = volatility(walked(np.zeros((24, 1))), never)
    planned = volatility(walked(np.linspace(0.5, 0.0, 24)[:, None]), never)

    assert plain == pytest.approx(0.1 * 12**0.5, rel=0.05)
    assert planned == pytest.approx(plain)


def test_what_happens_to_value_after_the_break_does_not_count() -> None:
    rng = np.random.default_rng(5)
    worth = np.exp(np.cumsum(np.vstack([np.zeros(50), rng.normal(0.0, 0.05, (24, 50))]), axis=0))
    wild = worth.copy()
    wild[13:] = np.exp(rng.normal(0.0, 2.0, (12, 50)))
    broke = np.full(50, 12)

    assert volatility(worth, broke) == volatility(wild, broke)
    assert volatility(worth[:1], broke) is None


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        ("lab_one", "lab_one has no debt drawn in the book"),
        ("bank_one", "bank_one is a lender"),
    ],
)
def test_a_firm_without_debt_or_equity_is_refused(asked: Setting, entity: str, reason: str) -> None:
    with pytest.raises(RunError, match=reason):
        balance(asked, position_of(asked.economy, entity))


def test_both_are_told_when_debt_and_equity_are_missing(asked: Setting) -> None:
    book = asked.question.book
    rows = tuple({**row, "equity_value_musd": None} for row in book.table("entities").rows)
    entities = dataclasses.replace(book.table("entities"), rows=rows)
    question = dataclasses.replace(
        asked.question, book=dataclasses.replace(book, tables={**book.tables, "entities": entities})
    )

    with pytest.raises(RunError) as refused:
        balance(dataclasses.replace(asked, question=question), position_of(asked.economy, "lab_one"))
    assert len(refused.value.faults) == 2
