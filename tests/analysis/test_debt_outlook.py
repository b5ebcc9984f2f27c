import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.debt import AMPLE, FLOWS, Debt, debt_outlook
from deflator.analysis.replay import replay
from deflator.analysis.trials import simulate_all

PARTS = ("refinanced", "extended", "converted", "called")


@pytest.fixture(scope="module")
def outlook() -> Debt:
    return debt_outlook(setting("rent.level=0.9"))


def values(outlook: Debt, flow: str) -> np.ndarray:
    return np.array([one.value for one in outlook.flows[flow]])


def test_what_falls_due_is_refinanced_extended_converted_or_called(outlook: Debt) -> None:
    due = values(outlook, "due")

    assert due.sum() > 0.0
    np.testing.assert_allclose(sum(values(outlook, part) for part in PARTS), due, rtol=1e-5, atol=1e-5)


def test_balances_roll_forward(outlook: Debt) -> None:
    balance = values(outlook, "balance")
    moved = values(outlook, "drawn") - sum(values(outlook, name) for name in ("repaid", "written_off", "converted"))

    np.testing.assert_allclose(np.diff(balance), moved[1:], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("flow", FLOWS)
def test_holders_and_borrowers_add_up_to_all(outlook: Debt, flow: str) -> None:
    for split in (outlook.by_holder, outlook.by_borrower):
        whole = sum((flows[flow] for flows in split.values()), np.zeros(25))
        np.testing.assert_allclose(whole, values(outlook, flow), rtol=1e-4, atol=1e-3)


def test_the_debt_of_a_single_path_is_that_of_its_replay() -> None:
    alone = setting(paths=1, draws=0, chance=False)
    found = debt_outlook(alone)
    path = replay(alone, 0)

    np.testing.assert_allclose(values(found, "balance"), path["facilities.balance"].sum(axis=1), rtol=1e-5)
    for room in found.covenants:
        seen = path["covenants.headroom"][:, list(alone.question.book.table("covenants").keys).index(room.name)]
        known = ~np.isnan(room.median)
        np.testing.assert_allclose(room.median[known], np.clip(seen, -AMPLE, AMPLE)[known], rtol=1e-5, atol=1e-6)


def test_a_firm_is_short_whenever_its_cash_is_below_its_buffer(outlook: Debt) -> None:
    firm = next(room for room in outlook.firms if room.entity == "neo_one")
    ever = max(one.value for one in firm.short)

    assert ever > 0.3
    assert all(0.0 <= one.value <= held + 1e-9 for one, held in zip(firm.short, firm.in_force, strict=True))


def test_a_firm_stands_on_the_paths_on_which_it_has_not_broken(outlook: Debt) -> None:
    paths = simulate_all(outlook.setting)
    position = outlook.setting.economy.entities.index("neo_one")
    broken = (paths.break_month[position] > 0).mean()
    firm = next(room for room in outlook.firms if room.entity == "neo_one")

    assert firm.in_force[-1] == pytest.approx(1.0 - broken)


def test_a_lower_rent_leaves_less_headroom() -> None:
    low, high = (debt_outlook(setting(f"rent.level={level}", paths=64)) for level in (0.9, 2.2))
    name = "neo_ddtl|min_liquidity|book"
    rooms = [next(room for room in found.covenants if room.name == name).median[6] for found in (low, high)]

    assert rooms[0] < rooms[1]


def test_frames_have_a_row_for_every_month(outlook: Debt) -> None:
    assert outlook.to_frame().height == len(FLOWS) * 25
    assert set(outlook.headroom_frame()["month"]) == set(range(1, 25))
