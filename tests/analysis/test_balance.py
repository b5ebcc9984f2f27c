import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.balance import FIGURES, PARTS, Balances, balances
from deflator.analysis.replay import replay
from deflator.errors import RunError


@pytest.fixture(scope="module")
def sheets() -> Balances:
    return balances(setting("rent.level=1.2"))


def test_month_zero_is_the_equity_value_of_the_book_in_every_draw(sheets: Balances) -> None:
    economy = sheets.setting.economy
    book = economy.figures[economy.rows["entities.start_equity"]]
    for name, figures in sheets.entities.items():
        if economy.layers[economy.entities.index(name)] == "lender":
            continue
        drawn = book[economy.entities.index(name)].mean()
        assert figures["equity"].start.value == pytest.approx(drawn, rel=1e-4, abs=1e-2), name


def test_parts_add_up_to_equity_in_every_month(sheets: Balances) -> None:
    for name, figures in sheets.entities.items():
        whole = sum(figures[part].mean for part in PARTS)
        np.testing.assert_allclose(whole, figures["equity"].mean, rtol=1e-4, atol=0.1, err_msg=name)


def test_cash_and_debt_are_those_of_the_replayed_path() -> None:
    alone = setting(paths=1, draws=0, chance=False)
    found, path = balances(alone), replay(alone, 0)
    at = alone.economy.entities.index("neo_one")

    np.testing.assert_allclose(found.entities["neo_one"]["cash"].mean, path["entities.cash"][:, at], rtol=1e-5)
    balance = path["facilities.balance"]
    mine = alone.economy.links["entities.account"][alone.economy.links["facilities.borrower"]] == at
    np.testing.assert_allclose(-found.entities["neo_one"]["debt"].mean, balance[:, mine].sum(axis=1), rtol=1e-5)


def test_a_lender_has_its_capital_less_what_it_lost(sheets: Balances) -> None:
    bank = sheets.entities["bank_one"]
    economy = sheets.setting.economy
    capital = economy.figures[economy.rows["entities.capital"]][economy.entities.index("bank_one")].mean()

    np.testing.assert_allclose(bank["capital"].mean, capital - bank["lost"].mean, rtol=1e-4)
    assert bank["debt"].mean.max() == 0.0
    assert bank["claims"].mean[0] > 0.0


def test_quantiles_lie_in_order(sheets: Balances) -> None:
    for figures in sheets.entities.values():
        for name in FIGURES:
            assert (figures[name].q05 <= figures[name].median).all()
            assert (figures[name].median <= figures[name].q95).all()


def test_one_entity_is_told_as_among_all(sheets: Balances) -> None:
    alone = balances(sheets.setting, ["neo_one"]).entities

    assert list(alone) == ["neo_one"]
    np.testing.assert_array_equal(alone["neo_one"]["cash"].mean, sheets.entities["neo_one"]["cash"].mean)


def test_an_entity_without_an_account_is_refused() -> None:
    with pytest.raises(RunError, match="nobody has no account of its own"):
        balances(setting(), ["nobody"])


def test_the_frame_has_a_row_for_every_entity_figure_and_month(sheets: Balances) -> None:
    assert sheets.to_frame().height == len(sheets.entities) * len(FIGURES) * 25
