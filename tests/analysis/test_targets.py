import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.targets import Kind, follow, read_target
from deflator.analysis.trials import simulate_all, varied
from deflator.errors import RunError

HARSH = "base+funding-freeze"


@pytest.fixture(scope="module")
def asked():
    return setting(scenario=HARSH, paths=256, draws=8)


def failing(asked, name: str):
    """Return the setting in which an entity stops paying in month 3."""
    failure = asked.economy.requests.failure.copy()
    failure[asked.economy.entities.index(name), 3:] = 1.0
    return varied(asked, requests={"failure": failure})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("coreweave", "is not a target; write break:coreweave by 2027-12"),
        ("brake:neo_one", "did you mean 'break'?"),
        ("break:neo_won", "did you mean 'neo_one'?"),
        ("break:neoclouds", "did you mean 'neocloud'?"),
        ("break:neo_one by soon", "'soon' is not a month"),
        ("break:neo_one by 2031-01", "2031-01 is not simulated; use 2026-03 to 2028-02, or +1 to +24"),
        ("break:neo_one > 5", "break takes no amount"),
        ("break:world_investors", "cannot break"),
        ("loss:bank_one", "loss needs an amount of USD m"),
        ("loss:bank_one > much", "'much' is not an amount of USD m"),
        ("loss:neo_one > 5", "there is no holder of debt 'neo_one'"),
        ("breakeven:world_investors", "no equity value of its own"),
    ],
)
def test_a_malformed_target_is_refused_with_what_to_type_instead(asked, typed, said):
    with pytest.raises(RunError) as refused:
        read_target(typed, asked)
    assert said in str(refused.value)


def test_all_that_is_wrong_with_a_target_is_told_at_once(asked):
    with pytest.raises(RunError) as refused:
        read_target("loss:bank_won > lots by 2040-01", asked)
    assert len(refused.value.faults) == 3


def test_a_target_reads_as_it_was_typed_and_ends_with_the_horizon_where_no_month_is_given(asked):
    for typed in ("break:neo_one by 2027-06", "loss:bank_one > 12.5 by 2026-12", "breakeven:neocloud by 2027-01"):
        assert read_target(typed, asked).text("2026-02") == typed
    assert read_target("break : neo_one", asked).by == 24
    assert read_target("loss:all > 1,500 m by +3", asked).amount_musd == 1500.0


@pytest.mark.parametrize("by", [12, 24])
def test_a_break_is_true_where_the_engine_says_so(asked, by):
    kept = simulate_all(asked).break_month[asked.economy.entities.index("hall_one")]
    found = follow(asked, read_target(f"break:hall_one by +{by}", asked), 256)

    np.testing.assert_array_equal(found.true, (kept > 0) & (kept <= by))
    assert 0.0 < follow(asked, read_target("break:hall_one", asked), 256).share < 1.0


def test_a_loss_is_true_where_the_holders_lost_more(asked):
    lost = simulate_all(asked).loss_musd
    bank = asked.economy.entities.index("bank_one")
    for amount in (0.0, 5.0):
        found = follow(asked, read_target(f"loss:bank_one > {amount:g}", asked), 256)
        np.testing.assert_array_equal(found.true, lost[bank] > amount)
    everyone = follow(asked, read_target("loss:all > 5", asked), 256)
    assert everyone.share >= follow(asked, read_target("loss:lender > 5", asked), 256).share


def test_a_layer_needs_two_obligors_to_break(asked):
    assert follow(failing(asked, "neo_one"), read_target("break:neocloud", asked), 64).share == 0.0
    assert follow(failing(asked, "neo_one"), read_target("break:neo_one", asked), 64).share == 1.0


def test_a_firm_that_has_broken_has_no_equity_left(asked):
    target = read_target("breakeven:neo_one", asked)
    assert target.kind is Kind.BREAKEVEN
    assert follow(asked, target, 64).share < 1.0
    assert follow(failing(asked, "neo_one"), target, 64).share == 1.0


def test_margins_shrink_as_cash_does(asked):
    rows = asked.economy.rows["entities.start_cash"]
    target = read_target("break:hall_one by +6", asked)
    poorer = varied(asked, figures={"entities.start_cash": 0.7 * asked.economy.figures[rows]})
    near, far = (follow(one, target, 64).margin for one in (poorer, asked))
    assert np.median(near) < np.median(far)


def test_other_paths_are_other_paths(asked):
    target = read_target("break:hall_one", asked)
    np.testing.assert_array_equal(
        follow(asked, target, 96, first_path=64).margin, follow(asked, target, 160).margin[64:]
    )
