from collections import Counter
from threading import Lock
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import stdtrit

from deflator.analysis.attribute import Attribution, Outcome
from deflator.analysis.coalitions import Plan, play_all
from deflator.analysis.shapley import exact_values

PLAYERS = 6
RANDOM = np.random.default_rng(8)
#: A game of all orders of interaction, whose worth differs by path as well.
WORTH = RANDOM.normal(size=1 << PLAYERS) * 3.0
TILT = RANDOM.normal(size=(1 << PLAYERS, 1))


def noise(paths: np.ndarray) -> np.ndarray:
    return np.array([np.random.default_rng([9, path]).normal() for path in paths])


def play(mask: int, first: int, count: int):
    paths = np.arange(first, first + count)
    worth = WORTH[mask] + TILT[mask] * noise(paths)
    return np.stack([worth, 2.0 * worth]), np.ones(count, bool)


def plan(paths: int = 40, pairs: int | None = 2, ends: bool = True, seed: int = 1) -> Plan:
    return Plan(PLAYERS, paths, 16, pairs, ends, seed)


def test_no_coalition_is_played_twice_on_a_path() -> None:
    seen: Counter = Counter()
    lock = Lock()

    def counted(mask: int, first: int, count: int):
        with lock:
            seen.update((mask, path) for path in range(first, first + count))
        return play(mask, first, count)

    play_all(counted, plan())
    assert set(seen.values()) == {1}


def test_every_coalition_gives_the_exact_value_of_every_path() -> None:
    played = play_all(play, plan(pairs=None))
    table = np.stack([play(mask, 0, 40)[0] for mask in range(1 << PLAYERS)])

    assert played.values == pytest.approx(exact_values(table))
    assert (played.order_error == 0.0).all()
    assert played.values.sum(axis=0) == pytest.approx(played.everyone - played.none, abs=1e-9)


def test_some_orders_sum_to_the_total_on_every_path() -> None:
    played = play_all(play, plan())

    assert played.values.sum(axis=0) == pytest.approx(played.everyone - played.none, abs=1e-9)
    assert played.order_freedom == 3
    assert played.interactions is None


def test_first_and_last_steps_are_those_of_the_game() -> None:
    played = play_all(play, plan(paths=16))
    everyone = (1 << PLAYERS) - 1

    assert played.alone is not None
    assert played.last is not None
    for player in range(PLAYERS):
        assert played.alone[player] == pytest.approx(play(1 << player, 0, 16)[0] - play(0, 0, 16)[0])
        assert played.last[player] == pytest.approx(play(everyone, 0, 16)[0] - play(everyone ^ 1 << player, 0, 16)[0])


def test_threads_change_no_result() -> None:
    one, three = (play_all(play, plan(), threads=threads) for threads in (1, 3))

    np.testing.assert_array_equal(one.values, three.values)
    np.testing.assert_array_equal(one.order_error, three.order_error)


def test_a_path_that_fails_in_one_coalition_is_left_out_of_all() -> None:
    def failing(mask: int, first: int, count: int):
        worth, good = play(mask, first, count)
        if mask == 5:
            good[np.arange(first, first + count) == 20] = False
        return worth, good

    played = play_all(failing, plan(pairs=None))
    assert 20 not in played.path
    assert played.values.shape[-1] == played.path.size == 39


def test_few_players_are_played_in_every_coalition_since_that_takes_no_longer() -> None:
    assert Plan(3, 16, 16, 2, True, 1).exact
    assert not Plan(11, 16, 16, 2, True, 1).exact


def test_the_time_that_all_take_is_told_early() -> None:
    told: list[float] = []
    play_all(play, plan(pairs=None), threads=1, announce=told.append)

    assert len(told) == 1
    assert told[0] > 0.0


@pytest.mark.slow
def test_intervals_for_want_of_orders_hold_the_exact_value_nineteen_times_of_twenty() -> None:
    worth = np.random.default_rng(8).normal(size=1 << 9) * 3.0
    exact = exact_values(worth)
    held = []
    for seed in range(400):
        played = play_all(
            lambda mask, first, count: (np.full((1, count), worth[mask]), np.ones(count, bool)),
            Plan(9, 6, 1, 2, False, seed), threads=1,
        )  # fmt: skip
        margin = stdtrit(played.order_freedom, 0.975) * played.order_error[:, 0]
        held.append(np.abs(played.values[:, 0].mean(axis=-1) - exact) <= margin)
    assert 0.92 <= np.mean(held) <= 0.98


@pytest.mark.slow
def test_intervals_for_want_of_paths_draws_and_orders_hold_the_exact_value_nineteen_times_of_twenty() -> None:
    random = np.random.default_rng(10)
    worth, by_draw, by_path = random.normal(size=(3, 1 << 8))
    exact = exact_values(worth)
    draws, paths = 24, 96
    held = []
    for seed in range(300):
        drawn = np.random.default_rng([11, seed])
        of_draw, of_path = drawn.normal(size=draws), drawn.normal(size=paths)

        def play(mask: int, first: int, count: int, of_draw=of_draw, of_path=of_path):
            at = np.arange(first, first + count)
            seen = worth[mask] + by_draw[mask] * of_draw[at % draws] + by_path[mask] * of_path[at]
            return seen[None], np.ones(count, bool)

        plan = Plan(8, paths, 16, 2, False, seed)
        setting = SimpleNamespace(economy=SimpleNamespace(draws=draws), question=SimpleNamespace(chance=True))
        names = tuple(f"channel_{player}" for player in range(8))
        told = Attribution(setting, names, (), plan, play_all(play, plan, threads=1), ())  # type: ignore[arg-type]
        for part in told.divide(Outcome("loss", "holder", 0)).parts:
            held.append(abs(part.value.value - exact[names.index(part.channel)]) <= part.margin)
    assert 0.93 <= np.mean(held) <= 0.995
