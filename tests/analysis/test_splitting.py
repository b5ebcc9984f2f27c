import math

import numpy as np
import pytest
from known_processes import PROBLEMS, Arriving, Walk, vector

from deflator.analysis.splitting import (
    KEYS_PER_STAGE,
    MOST_LEVELS,
    NoProgress,
    choose_levels,
    put_together,
    replicate,
    rule_of_three,
    spread,
)

APART = KEYS_PER_STAGE * MOST_LEVELS


def estimate(process, event, particles, replications):
    levels, _ = choose_levels(process, event, particles)
    found = [replicate(process, levels, particles, (1 + number) * APART) for number in range(replications)]
    return levels, found, put_together(found, particles)


def test_the_first_passage_of_a_walk_is_found_far_below_what_its_particles_could_count():
    walk = Walk(steps=40)
    exact = walk.first_passage(26)
    levels, _, found = estimate(walk, 26.0, 200, 16)

    assert exact < 1e-4
    assert len(levels) >= 4
    assert abs(found.probability - exact) < 4.0 * found.error
    assert found.relative_error < 0.3


def test_a_walk_that_can_be_counted_by_hand_is_what_the_reflection_principle_says():
    # P(max of 4 steps >= 2) = P(S >= 2) + P(S > 2) = 5/16 + 1/16
    assert Walk(4).first_passage(2) == pytest.approx(6.0 / 16.0)


@pytest.mark.parametrize("levels", [(26.0,), (4.0, 8.0, 26.0), (1.0, 2.0, 25.0, 26.0)])
def test_bad_levels_cost_precision_and_bias_nothing(levels):
    walk = Walk(steps=40)
    exact = walk.first_passage(26)
    found = put_together([replicate(walk, levels, 100, (1 + number) * APART) for number in range(60)], 100)

    assert abs(found.probability - exact) < 4.0 * max(found.error, exact)


@pytest.mark.parametrize("name", PROBLEMS)
def test_splitting_finds_the_failure_probability_of_published_problems(name):
    published = vector(name)
    _, _, found = estimate(Arriving(PROBLEMS[name]), 1.0, 200, 12)

    assert abs(found.probability - published["expected"]) < 3.5 * found.error
    assert found.relative_error < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_errors_are_as_large_as_they_are_said_to_be(name):
    exact = vector(name)["expected"]
    process = Arriving(PROBLEMS[name])
    levels, _ = choose_levels(process, 1.0, 200)
    found = [replicate(process, levels, 200, (1 + number) * APART) for number in range(160)]
    misses = []
    for first in range(0, 160, 16):
        group = put_together(found[first : first + 16], 200)
        misses.append((group.probability - exact) / group.error)

    assert abs(np.mean([one.estimate for one in found]) - exact) < 3.0 * exact / math.sqrt(160)
    assert 0.4 < float(np.sqrt(np.mean(np.square(misses)))) < 2.0


def test_levels_rise_to_the_event_and_the_pilot_says_how_often_it_happens_without_splitting():
    levels, plain = choose_levels(Walk(20), 8.0, 400, share=0.3)

    assert list(levels) == sorted(set(levels))
    assert levels[-1] == 8.0
    assert abs(plain - Walk(20).first_passage(8)) < 4.0 * math.sqrt(plain * (1.0 - plain) / 400)


def test_what_cannot_happen_is_told_with_how_far_the_walk_gets():
    with pytest.raises(NoProgress) as refused:
        choose_levels(Walk(5), 6.0, 300)

    assert refused.value.levels[-1] == 5.0


def test_what_was_never_seen_may_still_have_the_probability_that_three_trials_in_all_would_show():
    for trials in (30, 1000):
        assert (1.0 - rule_of_three(trials)) ** trials == pytest.approx(0.05, abs=0.01)


def test_an_estimate_is_zero_where_a_level_is_never_reached():
    found = replicate(Walk(5), (2.0, 6.0), 50, APART)

    assert found.estimate == 0.0
    assert found.reached[0] > 0
    assert found.events == []
    assert math.isinf(put_together([found, found], 50).relative_error)


def test_every_entry_is_gone_on_from_as_often_as_the_others():
    drawn = spread(range(7), 40, np.random.default_rng(3))

    assert len(drawn) == 40
    assert {drawn.count(entry) for entry in range(7)} == {5, 6}


def test_more_particles_than_there_is_noise_for_are_refused():
    with pytest.raises(ValueError, match="at most"):
        replicate(Walk(5), (2.0,), KEYS_PER_STAGE + 1, 0)
