import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deflator.analysis.breaks import Layer, first_credit, layer_break

MONTHS = arrays.arrays(np.int16, st.tuples(st.integers(1, 6), st.integers(1, 20)), elements=st.integers(0, 9))


def layer(*exposure: float, obligor: list[int] | None = None, obligors: list[int] | None = None) -> Layer:
    size = len(exposure)
    return Layer(
        "neocloud",
        np.arange(size),
        np.array(exposure),
        np.array(obligor or range(size)),
        np.array(obligors or [1] * size),
    )


def month_of(firms: Layer, *months: int, share: float = 0.25, obligors: int = 2) -> int:
    return int(layer_break(np.array(months, np.int16)[:, None], firms, share, obligors)[0][0])


@given(MONTHS)
def test_credit_for_being_first_sums_to_one_on_every_path(months: np.ndarray) -> None:
    assert first_credit(months).sum(axis=0) == pytest.approx(1.0)


@given(MONTHS, st.randoms())
def test_credit_does_not_depend_on_the_order_of_the_firms(months: np.ndarray, random: object) -> None:
    order = list(range(len(months)))
    random.shuffle(order)  # type: ignore[attr-defined]

    assert (first_credit(months)[:-1][order] == first_credit(months[order])[:-1]).all()


def test_breaks_in_one_month_share_the_credit() -> None:
    assert first_credit(np.array([[2], [2], [2], [5]], np.int16)).ravel() == pytest.approx([1 / 3] * 3 + [0, 0])


def test_two_firms_with_a_quarter_of_the_exposure_break_a_layer() -> None:
    assert month_of(layer(80, 15, 10), 0, 3, 7) == 0
    assert month_of(layer(70, 15, 10), 0, 3, 7) == 7


def test_one_firm_is_not_enough_however_large_it_is() -> None:
    assert month_of(layer(95, 5), 4, 0) == 0
    assert month_of(layer(95, 5), 4, 9) == 9
    assert month_of(layer(95, 5), 4, 0, obligors=1) == 4


def test_exposure_of_exactly_the_threshold_is_enough() -> None:
    assert month_of(layer(0.1, 0.2, 0.9), 3, 5, 0, share=0.25) == 5


def test_a_parent_and_its_captive_lab_are_one_obligor() -> None:
    assert month_of(layer(50, 50, obligor=[0, 0]), 4, 6) == 0
    assert month_of(layer(40, 40, 20, obligor=[0, 0, 1]), 4, 6, 8) == 8


def test_a_cohort_of_many_firms_is_more_than_one_obligor() -> None:
    assert month_of(layer(50, 50, obligors=[2, 1]), 4, 0) == 4


def test_the_firm_that_completes_the_break_is_named() -> None:
    firms = layer(60, 30, 10)

    month, pivot = layer_break(np.array([[8, 5], [3, 5], [1, 0]], np.int16), firms, 0.25, 2)

    assert month.tolist() == [3, 5]
    assert pivot.tolist() == [1, 1]  # on the second path both break at once, and the larger one counts first


def test_each_path_may_have_a_threshold_of_its_own() -> None:
    months = np.array([[2, 2], [4, 4], [6, 6]], np.int16)

    assert layer_break(months, layer(20, 20, 60), np.array([0.15, 0.5]), 2)[0].tolist() == [4, 6]


@given(MONTHS, st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_a_higher_threshold_never_makes_a_layer_break_earlier(months: np.ndarray, one: float, other: float) -> None:
    firms = layer(*(1.0 + np.arange(len(months))))
    low, high = (layer_break(months, firms, share, 2)[0] for share in sorted((one, other)))
    never = 99

    assert (np.where(low == 0, never, low) <= np.where(high == 0, never, high)).all()


@given(MONTHS)
def test_a_layer_breaks_only_in_a_month_in_which_one_of_its_firms_does(months: np.ndarray) -> None:
    found, _ = layer_break(months, layer(*([1.0] * len(months))), 0.25, 2)

    assert ((found == 0) | (months == found).any(axis=0)).all()
