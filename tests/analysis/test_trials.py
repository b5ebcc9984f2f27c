import numpy as np
import pytest

from deflator.analysis.replay import prepare
from deflator.analysis.trials import Workers, simulate_all, varied, watch
from deflator.book import load_book
from deflator.engine import simulate
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Question
from deflator.scenario import load_scenario

TINY = "tests/books/tiny"


@pytest.fixture(scope="module")
def setting():
    return prepare(Question(load_book(TINY), load_scenario("base"), paths=300, draws=7))


def test_a_trial_is_the_run_of_the_same_question(setting):
    at_once = simulate(setting.economy, seed=setting.question.seed, first_path=0, paths=300)
    in_parts = simulate_all(setting, threads=2)
    for field, one, other in zip(at_once._fields, at_once, in_parts, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=field)


def test_threads_that_stay_give_the_same_paths_whatever_they_simulated_before(setting):
    low = varied(setting, requests={"rent_level": np.full(setting.economy.months + 1, 0.4)}, off=["confidence"])
    other = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=40, draws=3))
    with Workers(2) as workers:
        for asked in (setting, low, other, setting, low):
            found, alone = simulate_all(asked, 200, workers=workers), simulate_all(asked, 200, threads=1)
            for field, one, another in zip(found._fields, found, alone, strict=True):
                np.testing.assert_array_equal(one, another, err_msg=field)


def test_a_change_of_requests_copies_neither_figures_nor_links(setting):
    changed = varied(setting, requests={"rent_level": np.full(setting.economy.months + 1, 2.0)})

    assert changed.economy.figures is setting.economy.figures
    assert changed.economy.links is setting.economy.links


def test_what_is_watched_is_what_happened(setting):
    seen = watch(setting, lambda _, block: {"rent": np.exp(block.world.log_rent)}, paths=100)
    np.testing.assert_allclose(seen["rent"], simulate_all(setting, paths=100).rent, rtol=1e-14)
    assert seen["status"].shape == (100,)


def test_a_pinned_rent_is_the_rent_of_every_path_and_leaves_the_first_setting_alone(setting):
    months = setting.economy.months
    pinned = varied(setting, requests={"rent_level": np.full(months + 1, 1.25)})
    np.testing.assert_allclose(simulate_all(pinned, paths=64).rent[1:], 1.25, rtol=1e-12)
    assert np.isnan(setting.economy.requests.rent_level).all()


def test_switching_channels_off_one_by_one_is_switching_them_off_together(setting):
    together = varied(setting, off=CHANNELS)
    one_by_one = setting
    for name in CHANNELS:
        one_by_one = varied(one_by_one, off=[name])
    np.testing.assert_array_equal(simulate_all(together, paths=64).rent, simulate_all(one_by_one, paths=64).rent)


def test_a_changed_figure_changes_what_follows_from_it(setting):
    rows = setting.economy.rows["entities.start_cash"]
    rich = varied(setting, figures={"entities.start_cash": setting.economy.figures[rows] * 100.0})
    assert simulate_all(rich).broken_share.sum() < simulate_all(setting).broken_share.sum()


def test_a_request_of_another_shape_is_refused(setting):
    with pytest.raises(ValueError, match="rent_level"):
        varied(setting, requests={"rent_level": np.zeros(3)})


def test_watching_fewer_months_sees_the_same_months(setting):
    def keep(_, block):
        return {"cash": block.entities.cash.copy()}

    whole, part = watch(setting, keep, paths=64), watch(setting, keep, paths=64, last=9)
    np.testing.assert_array_equal(part["cash"], whole["cash"][:10])
