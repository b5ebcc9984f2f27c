import dataclasses

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.assets import Asset, Target, target_of
from deflator.analysis.entry import ANY, Followed, entry_odds, follow, mean_error, odds, wealth_of
from deflator.analysis.loan_asset import loan_asset, loan_state, present_value, recoveries
from deflator.analysis.replay import replay
from deflator.analysis.share_asset import share_asset
from deflator.analysis.trials import varied, watch
from deflator.analysis.unit_asset import unit_asset, unit_state
from deflator.credit.monthly import BULLET, LEVEL, LINEAR, SCHEDULE, SCULPTED
from deflator.engine.layout import HOURS_PER_MONTH
from deflator.errors import RunError

HARSH = "base+funding-freeze"


def made(price: list[float], income: float, break_month: int = 0, months: int = 24, cash_rate: float = 0.0) -> Followed:
    """Return one path on which a thing has known prices, pays the same every month and is sold at its last price."""
    prices = np.interp(np.arange(months + 1), np.linspace(0, months, len(price)), price)[:, None]
    held = np.ones_like(prices)
    last = np.broadcast_to(prices[-1], prices.shape)
    asset = Asset(prices, np.full_like(prices, income), held, last, np.array([np.inf]), np.zeros(1))
    cash = np.cumprod(np.vstack([np.ones((1, 1)), np.full((months, 1), 1.0 + cash_rate)]), axis=0)
    return Followed(asset, cash, np.array([break_month]), np.array([0]))


def of(followed: Followed, every: int = 6):
    return odds(setting(paths=128), Target("equipment", "h100", 0), followed, every, ANY)


def test_a_thing_that_keeps_its_price_returns_what_it_pays():
    found = of(made([100.0, 100.0], income=1.0))

    for entry in found.entries:
        middle = entry.returns.quantiles[2]
        assert middle == pytest.approx(1.01**12 - 1.0, abs=0.003)  # months differ in days
        assert entry.returns.loss.value == 0.0


def test_wealth_counts_cash_before_the_purchase_and_after_every_receipt():
    followed = made([100.0, 100.0], income=1.0, cash_rate=0.01)

    # 12 months of cash, 12 receipts of 1 % that wait in cash, and the price back
    receipts = sum(0.01 * 1.01**left for left in range(12))
    assert wealth_of(followed, 12)[0] == pytest.approx(1.01**12 * (receipts + 1.0))


def test_after_a_crash_entry_is_better_and_whoever_waits_for_the_break_gains():
    crash = [100.0] * 7 + [20.0] * 18
    followed = made([100.0], income=1.0, break_month=7)
    price = np.array(crash)[:, None]
    asset = dataclasses.replace(followed.asset, price=price, resale=np.full_like(price, 20.0))
    found = of(dataclasses.replace(followed, asset=asset))

    assert found.best_by_median.month >= 7
    assert found.best_by_regret.month == 12
    assert found.waiting.month == 8
    assert found.waiting.better.value == 1.0
    assert found.waiting.gain.value > 0.0
    assert found.entries[0].regret > found.entries[-1].regret > 0.0  # month 7, which is no row, was better still


def test_whoever_waits_for_a_break_that_never_comes_holds_cash_at_the_base_rate():
    found = of(made([100.0, 50.0], income=0.0, cash_rate=0.01))

    assert found.waiting.entered.value == 0.0
    assert found.waiting.month is None
    assert found.waiting.wait.value == pytest.approx(1.01**12 - 1.0)
    assert found.waiting.returns.outcomes["nothing_to_buy"] == 1.0
    assert found.waiting.better_after_break is None


def test_a_break_too_late_for_a_years_holding_is_told_and_not_bought():
    found = of(made([100.0, 50.0], income=0.0, break_month=20))

    assert (found.waiting.entered.value, found.waiting.too_late) == (0.0, 1.0)


def test_a_total_loss_is_a_return_of_minus_one_hundred_per_cent_and_not_dropped():
    followed = made([100.0, 100.0], income=0.0)
    asset = dataclasses.replace(followed.asset, left=np.where(np.arange(25)[:, None] < 9, 1.0, 0.0))
    found = of(dataclasses.replace(followed, asset=asset))

    assert found.entries[0].returns.quantiles[2] == -1.0
    assert found.entries[0].returns.outcomes["total_loss"] == 1.0
    assert found.entries[2].returns.outcomes["nothing_to_buy"] == 1.0  # nothing is left to buy
    assert found.entries[2].returns.median is None


def test_a_unit_pays_for_half_of_its_life_and_no_longer():
    followed = made([100.0, 100.0], income=1.0)
    payments = dataclasses.replace(followed.asset, useful_months=np.array([5.0])).payments(3)

    assert payments[1:6, 0].tolist() == [1.0] * 5
    assert payments[6:-1, 0].tolist() == [0.0] * 15


def test_below_a_month_of_space_nothing_is_bought_and_the_reason_is_told():
    followed = made([100.0, 100.0], income=1.0)
    found = of(dataclasses.replace(followed, asset=dataclasses.replace(followed.asset, least=np.array([150.0]))))

    assert all(entry.returns.outcomes["next_to_nothing"] == 1.0 for entry in found.entries)
    assert found.best_by_median is None


def test_the_outcomes_of_every_month_sum_to_one_and_quantiles_rise():
    asked = setting(scenario=HARSH)
    for name in ("h100", "neo_ddtl", "neo_notes", "neo_convert", "hall_loan", "neo_one", "cloud_big"):
        found = entry_odds(asked, target_of(asked, name), every=3)
        assert [entry.month for entry in found.entries] == [0, 3, 6, 9, 12]
        for entry in found.entries:
            assert sum(entry.returns.outcomes.values()) == pytest.approx(1.0)
            assert list(entry.returns.quantiles) == sorted(entry.returns.quantiles)
            assert entry.regret >= 0.0
        assert found.to_frame().height == len(found.entries)


def test_what_a_unit_is_paid_is_what_owners_are_paid_for_theirs():
    asked = setting(paths=1, draws=0, chance=False)
    path = replay(asked, 0)
    kept = watch(asked, lambda _, block: unit_state(asked, 0, block))
    economy = asked.economy
    owners = np.flatnonzero(economy.links["pairs.equipment"] == 0)
    own = next(q for q in owners if economy.links["pairs.owner"][q] == economy.entities.index("world_secondhand"))
    space = path["world.space_rent"][5] * path.figure("equipment.kw")[0] * HOURS_PER_MONTH
    offered, let, takings = (path[f"pairs.{name}"][5][owners].sum() for name in ("offered", "let", "takings"))
    cost = path["pairs.power_cost"][5][own] * path["world.power"][5] + path["pairs.opex"][5][own]
    earned = takings * 1e6 / offered - let / offered * cost * HOURS_PER_MONTH - space

    assert offered > 0.0
    assert kept["income"][5, 0] == pytest.approx(earned, rel=1e-2)  # its own costs decide how many hours it is kept
    assert kept["value"][0, 0] == pytest.approx(path.figure("equipment.used_price")[0])


def test_what_is_repaid_written_off_converted_and_left_of_a_loan_is_all_of_it():
    asked = setting(scenario=HARSH)
    position = asked.economy.facilities.index("neo_notes")
    kept = watch(asked, lambda _, block: loan_state(asked, position, block))
    kept.pop("status")
    asset = loan_asset(asked, position, kept, np.arange(128) % asked.economy.draws)
    gone = (kept["repaid"] + kept["written_off"] + kept["converted"])[1:].sum(axis=0) / kept["balance"][0]

    np.testing.assert_allclose(gone + asset.left[-1], 1.0, atol=1e-9)  # nothing is drawn on notes
    np.testing.assert_allclose(asset.price[0], 1.0)


def test_recoveries_never_exceed_what_is_written_off():
    asked = setting(scenario=HARSH)
    position = asked.economy.facilities.index("neo_notes")
    kept = watch(asked, lambda _, block: loan_state(asked, position, block))
    kept.pop("status")
    draw = np.arange(128) % asked.economy.draws
    found = recoveries(asked, position, kept, draw)
    assert (found <= kept["written_off"] + 1e-9).all()
    assert (found >= 0.0).all()
    assert kept["written_off"].sum() > 0.0


@pytest.mark.parametrize("profile", [BULLET, LINEAR, LEVEL, SCHEDULE, SCULPTED])
def test_a_loan_is_worth_less_than_par_when_the_market_asks_for_more_than_it_pays(profile):
    one, shares = np.ones(1), np.full((6, 1), 0.1)
    below = present_value(profile, 0.05 * one, 0.12 * one, 30.0 * one, shares)
    above = present_value(profile, 0.12 * one, 0.05 * one, 30.0 * one, shares)

    assert below[0] < 1.0 < above[0]


def test_a_bond_repaid_at_the_end_loses_more_than_one_repaid_by_instalments():
    one, none = np.ones(1), np.zeros((0, 1))

    assert present_value(BULLET, 0.05 * one, 0.12 * one, 30.0 * one, none) < present_value(
        LINEAR, 0.05 * one, 0.12 * one, 30.0 * one, none
    )


def test_holders_are_diluted_by_those_who_pay_in_after_them():
    flat = np.zeros((2, 1))
    kept = {"equity": np.array([[100.0], [150.0]]), "raised": np.array([[0.0], [50.0]]), "converted": flat,
            "start": flat + 100.0, "paid": flat, "broken": flat}  # fmt: skip

    # 50 paid in at a value of 100: two thirds are left, of 150
    assert share_asset(kept).payments(0)[:, 0].tolist() == pytest.approx([-100.0, 100.0])


def test_a_unit_near_the_end_of_its_life_brings_less_than_one_at_half_of_it():
    asked = setting(paths=64)
    kept = watch(asked, lambda _, block: unit_state(asked, 0, block))
    kept.pop("status")
    asset = unit_asset(asked, 0, kept, np.arange(64) % asked.economy.draws)

    assert (asset.resale <= asset.price[-1] + 1e-9).all()
    assert asset.resale[0].mean() < asset.resale[12].mean()  # the later it is bought, the more of its life is left
    np.testing.assert_allclose(asset.resale[-1], asset.price[-1])


def test_the_mean_of_paths_in_draws_has_the_error_of_draws():
    values = np.repeat([0.0, 2.0], 50)

    assert mean_error(values, np.repeat([0, 1], 50)) > 5 * mean_error(values, np.zeros(100, dtype=np.int64))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("h1000", "did you mean 'h100'?"),
        ("bank_one", "no shares whose value the engine computes"),
        ("world_investors", "no shares whose value the engine computes"),
    ],
)
def test_what_cannot_be_bought_is_refused(name, said):
    with pytest.raises(RunError, match=said):
        target_of(setting(), name)


def test_everything_wrong_with_a_question_is_told_at_once():
    asked = setting(paths=64)
    with pytest.raises(RunError) as refused:
        entry_odds(asked, target_of(asked, None), every=0)
    assert {fault.column for fault in refused.value.faults} == {"--paths", "--every"}


def test_waiting_for_nobody_is_refused():
    asked = setting()
    with pytest.raises(RunError, match="there is nobody 'neoclouds'"):
        entry_odds(asked, target_of(asked, None), wait_for="neoclouds")


def test_a_thing_that_nobody_can_buy_on_any_path_is_refused():
    asked = setting(paths=128)
    rows = asked.economy.rows["equipment.used_price"]
    worthless = varied(asked, figures={"equipment.used_price": np.zeros_like(asked.economy.figures[rows])})
    with pytest.raises(RunError, match="nothing to buy"):
        follow(worthless, target_of(worthless, None), np.array([0]))
