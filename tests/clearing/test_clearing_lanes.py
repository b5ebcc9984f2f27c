"""The kernel that the engine calls: the same payments as `clear`, and lanes that do not feel each other."""

import numpy as np
import pytest
from drawn_networks import random_network
from scipy.sparse import csr_array

from deflator.clearing import ClearingStatus, clear, clear_lanes, lane_workspace

NODES, LANES = 30, 64


def shocks(seed, nodes=NODES, lanes=LANES):
    """Draw a network and a shock to its external assets for each lane; in some lanes all are rich."""
    liabilities, assets, outside = random_network(seed, nodes)
    rng = np.random.default_rng(seed + 1)
    shocked = assets[:, None] * rng.uniform(0.0, 3.0, (nodes, lanes))
    shocked[:, ::7] = 1e3
    return liabilities, shocked, outside


def kernel_inputs(liabilities, assets, wide):
    payer, payee = np.nonzero(liabilities)
    group_ofs = np.concatenate(([0], np.cumsum(np.bincount(payer, minlength=len(liabilities)))))
    due = liabilities[payer, payee][:, None]
    due = np.repeat(due, assets.shape[1], axis=1) if wide else due
    return np.arange(len(liabilities)), group_ofs, payee, due


def run_kernel(liabilities, assets, *, alpha=0.8, beta=0.7, wide=True, start=1.0, most_rounds=1_000):
    group_payer, group_ofs, edge_payee, due = kernel_inputs(liabilities, assets, wide)
    nodes, lanes = assets.shape
    out = {
        "ratio": np.ones((nodes, lanes)),
        "received": np.empty((nodes, lanes)),
        "defaulted": np.empty((nodes, lanes), bool),
        "rounds": np.empty(lanes, np.int64),
        "residual": np.empty(lanes),
    }
    clear_lanes(
        group_payer,
        group_ofs,
        edge_payee,
        due,
        np.ascontiguousarray(assets),
        np.full((nodes, lanes), alpha),
        np.full((nodes, lanes), beta),
        start,
        1e-12,
        most_rounds,
        *out.values(),
        lane_workspace(nodes, nodes, lanes),
    )
    return out


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_engine_pays_what_clear_pays(seed, least):
    liabilities, assets, _ = shocks(seed)
    kernel = run_kernel(liabilities, assets, start=0.0 if least else 1.0)
    public = clear(csr_array(liabilities), assets, alpha=0.8, beta=0.7, least=least)

    assert (kernel["ratio"] == public.share_paid[0]).all()
    assert (kernel["received"] == public.received).all()
    assert (kernel["defaulted"] == public.defaulted).all()
    assert 0.1 < public.defaulted.mean() < 0.9


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_for_one_economy_gives_the_bits_of_a_lane(seed, least):
    liabilities, assets, outside = shocks(seed, lanes=20)
    options = {"external_liabilities": outside, "alpha": 0.8, "beta": 0.7, "least": least, "method": "picard"}
    together = clear(csr_array(liabilities), assets, **options)

    for lane in range(20):
        alone = clear(csr_array(liabilities), assets[:, lane], **options)
        assert (alone.share_paid[0] == together.share_paid[0, :, lane]).all()
        assert (alone.received == together.received[:, lane]).all()
        assert alone.rounds == together.rounds[lane]
        assert alone.residual == together.residual[lane]


@pytest.mark.parametrize("method", ["auto", "picard", "fictitious"])
@pytest.mark.parametrize("seed", range(4))
def test_a_lane_is_what_it_would_be_as_an_economy_of_its_own(seed, method):
    liabilities, assets, outside = shocks(seed, lanes=9)
    together = clear(liabilities, assets, external_liabilities=outside, alpha=0.8, beta=0.7)

    for lane in range(9):
        alone = clear(liabilities, assets[:, lane], external_liabilities=outside, alpha=0.8, beta=0.7, method=method)
        assert alone.payments == pytest.approx(together.payments[:, lane], abs=1e-9)
        assert (alone.defaulted == together.defaulted[:, lane]).all()
        assert alone.equity == pytest.approx(together.equity[:, lane], abs=1e-9)


@pytest.mark.parametrize("wide", [True, False])
def test_the_bits_of_a_lane_do_not_depend_on_its_neighbours(wide):
    liabilities, assets, _ = shocks(5)
    together = run_kernel(liabilities, assets, wide=wide)
    order = np.random.default_rng(0).permutation(LANES)
    shuffled = run_kernel(liabilities, assets[:, order], wide=wide)
    width = 5
    parts = [run_kernel(liabilities, assets[:, i : i + width], wide=wide) for i in range(0, LANES, width)]

    for name, figures in together.items():
        assert (shuffled[name] == figures[..., order]).all(), name
        assert (np.concatenate([part[name] for part in parts], axis=-1) == figures).all(), name
    assert len(set(together["rounds"].tolist())) > 3


def test_liabilities_may_differ_from_lane_to_lane():
    liabilities, assets, outside = shocks(6, nodes=8, lanes=5)
    scale = np.linspace(0.5, 2.0, 5)
    together = clear(liabilities[:, :, None] * scale, assets, external_liabilities=outside[:, None] * scale)

    for lane in range(5):
        alone = clear(liabilities * scale[lane], assets[:, lane], external_liabilities=outside * scale[lane])
        assert alone.payments == pytest.approx(together.payments[:, lane], abs=1e-9)


def test_more_lanes_than_a_block_holds():
    liabilities, assets, outside = shocks(7, lanes=150)
    together = clear(liabilities, assets, external_liabilities=outside)
    last = clear(liabilities, assets[:, 149:], external_liabilities=outside)

    assert (together.payments[:, 149:] == last.payments).all()
    assert (together.status == ClearingStatus.SETTLED).all()


def test_receipts_are_the_sum_of_the_payments_to_the_last_bit():
    liabilities, assets, _ = shocks(8)
    kernel = run_kernel(liabilities, assets)
    _, _, payee, due = kernel_inputs(liabilities, assets, wide=True)
    payer = np.nonzero(liabilities)[0]
    received = np.zeros_like(assets)
    np.add.at(received, payee, due * kernel["ratio"][payer])

    assert (received == kernel["received"]).all()


def test_one_look_is_enough_when_nobody_defaults():
    liabilities, assets, _ = shocks(9)
    kernel = run_kernel(liabilities, assets * 0 + 1e6, most_rounds=1)

    assert (kernel["rounds"] == 0).all()
    assert (kernel["residual"] == 0.0).all()


def test_a_lane_that_runs_out_of_rounds_says_so():
    liabilities, assets, outside = shocks(10)
    result = clear(liabilities, assets, external_liabilities=outside, method="picard", max_rounds=3)
    settled = result.status == ClearingStatus.SETTLED

    assert settled.any()
    assert not settled.all()
    assert (result.residual[~settled] > 1e-12).all()


def test_a_slow_lane_among_fast_ones_is_solved_on_its_own():
    loop = np.array([[0.0, 1e6], [1e6, 0]])
    outside = np.array([[1.0, 0.0], [1.0, 0.0]])
    result = clear(loop, np.zeros((2, 2)), external_liabilities=outside)

    assert (result.status == ClearingStatus.SETTLED).all()
    assert result.payments[:, 0] == pytest.approx([0, 0], abs=1e-6)
    assert result.payments[:, 1].tolist() == [1e6, 1e6]


def test_a_figure_that_is_not_a_number_never_looks_like_an_answer():
    liabilities, assets, _ = shocks(11, lanes=3)
    assets[4, 1] = np.nan
    kernel = run_kernel(liabilities, assets, most_rounds=50)

    assert (kernel["residual"][[0, 2]] <= 1e-12).all()
    assert not kernel["residual"][1] <= 1e-12


def test_a_node_without_limit_always_pays():
    liabilities, assets, _ = shocks(12, lanes=2)
    assets[3] = np.inf
    kernel = run_kernel(liabilities, assets)

    assert not kernel["defaulted"][3].any()
    assert (kernel["residual"] <= 1e-12).all()
