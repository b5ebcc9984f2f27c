import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.margin import follow, stress_target
from deflator.analysis.target import simulate_target
from deflator.analysis.trials import simulate_all, varied
from deflator.errors import RunError

HARSH = "base+funding-freeze"


@pytest.fixture(scope="module")
def asked():
    return setting(scenario=HARSH, paths=256, draws=8)


def aimed(typed: str, asked):
    return stress_target(typed, asked, "--target")


def failing(asked, name: str):
    """Return the setting in which an entity stops paying in month 3."""
    failure = asked.economy.requests.failure.copy()
    failure[asked.economy.entities.index(name), 3:] = 1.0
    return varied(asked, requests={"failure": failure})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("break:neo_won", "did you mean 'neo_one'?"),
        ("break:neo_one > 1", "break takes no amount"),
        ("first:neo_one", "first depends on who else breaks, so a path is at no distance from it; write break:neo_one"),
        ("loss:bank_one", "needs a bound that it is to pass; write loss:bank_one > X"),
        ("loss:bank_one < 5", "write loss:bank_one > X"),
        ("headroom:neo_one > 5", "write headroom:neo_one < X"),
        ("rent", "write rent < X or rent > X"),
    ],
)
def test_a_target_that_no_path_is_near_to_or_far_from_is_refused_with_what_to_type_instead(asked, typed, said):
    with pytest.raises(RunError) as refused:
        stress_target(typed, asked, "--target")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "break:hall_one by +12", "break:landlord", "breakeven:hall_one by +12", "breakeven:bank_one by +12",
        "loss:all > 5 by +12", "headroom:hall_one < 20 by +12", "headroom:bank_one < 50", "rent < 2 by +9", "rent > 2",
    ],
)  # fmt: skip
def test_a_margin_is_zero_or_less_exactly_where_the_target_is_true(asked, typed):
    target = stress_target(typed, asked, "--target")
    np.testing.assert_array_equal(follow(asked, target, 256).true, simulate_target(asked, target) > 0.0)


@pytest.mark.parametrize("by", [12, 24])
def test_a_break_is_true_where_the_engine_says_so(asked, by):
    kept = simulate_all(asked).break_month[asked.economy.entities.index("hall_one")]
    found = follow(asked, aimed(f"break:hall_one by +{by}", asked), 256)

    np.testing.assert_array_equal(found.true, (kept > 0) & (kept <= by))
    assert 0.0 < follow(asked, aimed("break:hall_one", asked), 256).share < 1.0


def test_a_loss_is_true_where_the_holders_lost_more(asked):
    lost = simulate_all(asked).loss_musd
    bank = asked.economy.entities.index("bank_one")
    for amount in (0.0, 5.0):
        found = follow(asked, aimed(f"loss:bank_one > {amount:g}", asked), 256)
        np.testing.assert_array_equal(found.true, lost[bank] > amount)
    everyone = follow(asked, aimed("loss:all > 5", asked), 256)
    assert everyone.share >= follow(asked, aimed("loss:lender > 5", asked), 256).share


def test_a_layer_needs_two_obligors_to_break(asked):
    assert follow(failing(asked, "neo_one"), aimed("break:neocloud", asked), 64).share == 0.0
    assert follow(failing(asked, "neo_one"), aimed("break:neo_one", asked), 64).share == 1.0


def test_a_firm_that_has_broken_has_no_equity_left(asked):
    target = aimed("breakeven:neo_one", asked)
    assert follow(asked, target, 64).share < 1.0
    assert follow(failing(asked, "neo_one"), target, 64).share == 1.0


def test_margins_shrink_as_cash_does(asked):
    rows = asked.economy.rows["entities.start_cash"]
    target = aimed("break:hall_one by +6", asked)
    poorer = varied(asked, figures={"entities.start_cash": 0.7 * asked.economy.figures[rows]})
    near, far = (follow(one, target, 64).margin for one in (poorer, asked))
    assert np.median(near) < np.median(far)


def test_other_paths_are_other_paths(asked):
    target = aimed("break:hall_one", asked)
    np.testing.assert_array_equal(
        follow(asked, target, 96, first_path=64).margin, follow(asked, target, 160).margin[64:]
    )
