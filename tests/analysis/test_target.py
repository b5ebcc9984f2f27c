from pathlib import Path

import numpy as np
import pytest

from deflator.analysis import ask
from deflator.analysis.replay import prepare, replay
from deflator.analysis.target import Target, outcomes_of, parse_target, read_target, simulate_target
from deflator.analysis.trials import simulate_all, watch
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(scope="module")
def question():
    return Question(load_book(TINY), load_scenario("base+funding-freeze"), paths=96, draws=8)


@pytest.fixture(scope="module")
def setting(question):
    return prepare(question)


def values(setting, words):
    return simulate_target(setting, parse_target(words, setting, "--of"))


def test_a_break_counts_up_to_its_month_and_no_further(setting):
    months = simulate_all(setting).break_month[setting.economy.entities.index("hall_one")]
    middle = int(np.median(months[months > 0]))
    month = f"{2026 + (1 + middle) // 12}-{(1 + middle) % 12 + 1:02d}"

    assert months.any()
    assert values(setting, "break:hall_one").tolist() == (months > 0).tolist()
    assert values(setting, f"break:hall_one by {month}").tolist() == ((months > 0) & (months <= middle)).tolist()


def test_losses_of_a_layer_and_of_all_are_the_sum_over_their_holders(setting):
    lost = simulate_all(setting).loss_musd
    lenders = [layer == "lender" for layer in setting.economy.layers]

    np.testing.assert_allclose(values(setting, "loss:lender"), lost[lenders].sum(axis=0))
    np.testing.assert_allclose(values(setting, "loss"), lost.sum(axis=0))
    assert values(setting, "loss:all > 1").tolist() == (lost.sum(axis=0) > 1).tolist()


def test_credit_for_breaking_first_is_shared_among_those_that_break(setting):
    firms = ["hall_one", "neo_one", "lab_one", "cloud_big", "bank_one", "chip_maker"]
    able = [
        name for name in firms if setting.economy.links["entities.can_default"][setting.economy.entities.index(name)]
    ]
    credit = sum(values(setting, f"first:{name}") for name in able)
    assert ((credit == 0) | (credit == 1)).all()


def test_headroom_is_what_a_replay_of_the_path_shows(setting):
    seen = replay(setting, 3)
    at = setting.economy.entities.index("hall_one")
    broken = int(seen["entities.break_month"][-1][at]) or setting.economy.months
    room = (seen["entities.cash"][:, at] - seen["buffer"][:, at])[1 : broken + 1]

    assert values(setting, "headroom:hall_one")[3] == pytest.approx(room.min(), rel=1e-12)


def test_the_rent_of_a_month_is_that_of_the_paths(setting):
    np.testing.assert_array_equal(values(setting, "rent by 2026-08"), simulate_all(setting).rent[6])
    assert set(values(setting, "rent < 2")) <= {0.0, 1.0}


def test_a_kept_run_gives_the_same_answers_as_a_trial(setting, question, tmp_path):
    found = outcomes_of(ask(question, tmp_path / "kept").raw)
    for words in ("break:hall_one", "break:landlord", "first:hall_one", "first:landlord", "loss:lender", "loss > 10"):
        target = parse_target(words, setting, "--of")
        np.testing.assert_allclose(read_target(target, found), values(setting, words), err_msg=words)


def test_a_loss_by_an_earlier_month_is_what_was_lost_by_then(setting):
    early, late = (values(setting, f"loss:bank_one by +{month}") for month in (8, 24))
    shorter = watch(setting, lambda _, block: {"lost": block.entities.lost.copy()}, last=8)["lost"][-1]

    np.testing.assert_array_equal(early, shorter[setting.economy.entities.index("bank_one")])
    np.testing.assert_array_equal(late, values(setting, "loss:bank_one"))
    assert early.sum() < late.sum()


def test_equity_is_gone_where_a_firm_has_broken_and_a_lender_breaks_even_until_its_first_loss(setting):
    broke, gone = values(setting, "break:hall_one by +18"), values(setting, "breakeven:hall_one by +18")

    assert (gone >= broke).all()
    np.testing.assert_array_equal(values(setting, "breakeven:bank_one"), values(setting, "loss:bank_one > 0"))


def test_month_and_bound_stand_in_any_order_and_amounts_are_written_as_people_do(setting):
    for words in ("loss:all > 1,500 m by +3", "loss:all by 2026-05 > 1500", "loss : all>1.5e3 by 2026-05"):
        found = parse_target(words, setting, "--of")
        assert (found.subject, found.by, found.sign, found.bound) == ("all", 3, ">", 1500.0)
        assert found.text("2026-02") == "loss:all > 1500 by 2026-05"
    assert parse_target("headroom:hall_one < -20", setting, "--of").bound == -20.0
    assert parse_target("break : neo_one", setting, "--of").by == 24


def test_a_target_in_full_reads_as_it_was_typed(setting):
    for typed in ("break:neo_one by 2027-06", "loss:bank_one > 12.5 by 2026-12", "rent < 2 by 2027-01"):
        assert parse_target(typed, setting, "--of").text("2026-02") == typed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "is not a target"),
        ("coreweave", "'coreweave' is not a kind of target"),
        ("brake:hall_one", "did you mean 'break'?"),
        ("break", "break of whom is not said"),
        ("break:hall_on", "did you mean 'hall_one'?"),
        ("break:neoclouds", "did you mean 'neocloud'?"),
        ("break:apps_two", "there is no entity or layer 'apps_two'"),
        ("break:world_investors", "cannot break"),
        ("break:hall_one by 2035-01", "2035-01 is not simulated; use 2026-03 to 2028-02, or +1 to +24"),
        ("break:hall_one by may", "'may' is not a month"),
        ("break:hall_one by 2027-01 > 0.5 by +3", "two months are given"),
        ("break:neo_one > 5", "break happens or not"),
        ("loss:all > much", "'much' is not a number"),
        ("loss:neo_one > 5", "there is no holder of debt 'neo_one'"),
        ("breakeven:world_investors", "no equity value of its own"),
        ("headroom:landlord", "landlord is a layer"),
        ("rent:h100", "rent has no name"),
    ],
)
def test_what_is_no_target_is_refused_with_what_to_type(setting, words, said):
    with pytest.raises(RunError) as refused:
        parse_target(words, setting, "--of")
    assert said in str(refused.value)


def test_all_that_is_wrong_with_a_target_is_told_at_once(setting):
    with pytest.raises(RunError) as refused:
        parse_target("loss:bank_won by may > x", setting, "--of")
    assert len(refused.value.faults) == 3
    assert {fault.column for fault in refused.value.faults} == {"--of"}


def test_an_event_has_a_probability_and_a_sum_has_a_unit():
    assert Target("loss", "loss", "all", 24).unit == "USD m"
    assert Target("loss > 5", "loss", "all", 24, ">", 5.0).unit == "share"
    assert Target("breakeven:neo_one", "breakeven", "neo_one", 24).is_event
