import math

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.rare import EVENT, Breaking, rare
from deflator.analysis.replay import position_of, walk
from deflator.analysis.splitting import KEYS_PER_STAGE, MOST_LEVELS, put_together, replicate
from deflator.engine import simulate
from deflator.errors import RunError

HARSH = "base+funding-freeze"
APART = KEYS_PER_STAGE * MOST_LEVELS


@pytest.fixture(scope="module")
def asked():
    return setting(scenario=HARSH, paths=128, draws=16)


@pytest.fixture(scope="module")
def hall(asked):
    return position_of(asked.economy, "hall_one")


@pytest.fixture(scope="module")
def found(asked, hall):
    return rare(asked, hall, 11, replications=6)


def test_a_path_that_is_not_split_is_a_path_of_the_run(asked, hall):
    kept = simulate(asked.economy, seed=asked.question.seed, first_path=0, paths=160).break_month[hall]
    process = Breaking(asked, hall, 24)
    peaks = process.advance(process.begin(160, 0), 0, math.inf).peaks

    np.testing.assert_array_equal(peaks >= EVENT, kept > 0)
    assert process.path_months == 160 * 24


def test_a_path_continued_under_its_own_number_goes_on_as_it_would_have(asked, hall):
    process = Breaking(asked, hall, 24)
    whole = process.advance(process.begin(96, 0), 0, math.inf)
    level = float(np.quantile(whole.peaks, 0.6))
    first = process.advance(process.begin(96, 0), 0, level)
    reached = np.flatnonzero(whole.peaks >= level)
    again = [
        float(process.advance([entry], int(number), math.inf).peaks[0])
        for number, entry in zip(reached, first.entries, strict=True)
    ]

    assert len(first.entries) == len(reached)
    assert {entry.month for entry in first.entries} > {first.entries[0].month}
    np.testing.assert_array_equal(again, whole.peaks[reached])


def test_a_path_continued_under_other_numbers_has_the_same_past_and_another_future(asked, hall):
    process = Breaking(asked, hall, 24)
    entries = process.advance(process.begin(64, 0), 0, 0.3).entries[:8]
    futures = np.array([process.advance([entry] * 8, 10_000, math.inf).peaks for entry in entries])

    # Some are doomed whatever comes; of the others each future is another.
    assert max(len(set(own.tolist())) for own in futures) > 4
    assert (futures >= np.array([[entry.score] for entry in entries])).all()


def test_paths_that_join_later_do_not_disturb_each_other(asked, hall):
    process = Breaking(asked, hall, 24)
    entries = process.advance(process.begin(64, 0), 0, 0.4).entries
    months = [entry.month for entry in entries]
    assert len(set(months)) > 1
    together = process.advance(entries, 20_000, math.inf).peaks
    alone = [process.advance([entry], 20_000 + n, math.inf).peaks[0] for n, entry in enumerate(entries)]

    np.testing.assert_array_equal(together, alone)


def test_splitting_and_counting_agree_on_an_event_that_can_be_counted(asked, hall):
    process, last = Breaking(asked, hall, 15), 15
    split = put_together([replicate(process, (0.5, 0.8, EVENT), 128, (1 + n) * APART) for n in range(12)], 128)
    plain = simulate(asked.economy, seed=asked.question.seed, first_path=1 << 31, paths=4096).break_month[hall]
    share = float(((plain > 0) & (plain <= last)).mean())

    assert share > 0.01
    assert abs(split.probability - share) < 4.0 * math.hypot(split.error, math.sqrt(share / 4096))


def test_a_rare_break_is_told_with_error_range_levels_and_what_counting_finds(found):
    probability = found.probability
    assert 0.0 < probability.value < 0.05
    assert probability.low <= probability.value <= probability.high
    assert probability.mc_error >= found.relative_error * probability.value
    assert probability.value == pytest.approx(np.mean(found.estimates))
    assert np.prod(found.shares) == pytest.approx(probability.value)
    assert list(found.levels) == sorted(found.levels)
    assert found.plain.paths * 12 == pytest.approx(found.path_months, rel=0.3)
    assert found.times_cheaper == pytest.approx((found.plain.relative_error / found.relative_error) ** 2)
    assert found.to_frame()["probability"].to_list()[-1] == pytest.approx(probability.value)
    assert not found.disagree


def test_the_answer_is_the_same_for_any_number_of_threads(asked, hall, found):
    assert rare(asked, hall, 11, replications=6, threads=1).estimates == found.estimates


def test_a_break_that_is_not_rare_is_refused_with_what_counting_gives(asked, hall):
    with pytest.raises(RunError, match=r"of 128 plain paths: that is not rare; count it: `deflator run`"):
        rare(asked, hall, 24)


def test_a_break_that_nothing_comes_near_is_refused_with_an_upper_bound(asked):
    with pytest.raises(RunError, match=r"allow up to 0\.023 with 95 % confidence"):
        rare(asked, position_of(asked.economy, "cloud_big"), 6)


def test_all_that_splitting_cannot_work_with_is_told_at_once(hall):
    still = setting(scenario=HARSH, paths=4, draws=4, chance=False)
    with pytest.raises(RunError) as refused:
        rare(still, hall, 99, replications=1)
    assert len(refused.value.faults) == 3


def test_how_near_an_entity_is_lies_between_nothing_and_its_break(asked, hall):
    from deflator.analysis.rare import nearness

    for _, block in walk(asked, range(64)):
        for position in range(len(asked.economy.entities)):
            near = nearness(block, position)
            broke = block.entities.break_month[position] > 0
            assert ((near >= 0.0) & (near <= EVENT)).all()
            assert ((near == EVENT) == broke).all()
