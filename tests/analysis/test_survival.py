import numpy as np
import pytest

from deflator.analysis.survival import kaplan_meier, survival_of

# Weeks of remission under 6-mercaptopurine of Freireich et al. (1963), as in Kalbfleisch and Prentice, section 1.1.
RELAPSED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
STILL_WELL = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PUBLISHED = {  # week: share, Greenwood's error
    6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068), 16: (0.627, 0.1141),
    22: (0.538, 0.1282), 23: (0.448, 0.1346),
}  # fmt: skip


def by_month(*times: int, length: int = 36) -> np.ndarray:
    return np.bincount(np.array(times), minlength=length)


def test_published_remissions_have_the_published_survival_and_errors() -> None:
    survival, error = kaplan_meier(by_month(*RELAPSED), by_month(*STILL_WELL))

    for week, (share, greenwood) in PUBLISHED.items():
        assert survival[week] == pytest.approx(share, abs=6e-4)
        assert error[week] == pytest.approx(greenwood, abs=6e-4)


def test_where_only_the_horizon_ends_the_watch_survival_is_the_share_left_with_its_binomial_error() -> None:
    broke = by_month(3, 3, 4, 9, length=12)
    survival, error = kaplan_meier(broke, by_month(*[11] * 16, length=12))
    left = 1.0 - broke.cumsum() / 20

    assert survival == pytest.approx(left)
    assert error == pytest.approx(np.sqrt(left * (1 - left) / 20))


def test_where_none_is_left_there_is_no_division_by_nothing() -> None:
    survival, error = kaplan_meier(by_month(1, 2, length=5), np.zeros(5, int))

    assert survival.tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]
    assert np.isfinite(error).all()


def test_paths_that_share_figures_make_a_larger_error_than_greenwoods() -> None:
    broke = np.zeros((10, 6), int)
    broke[:5, 2] = 20  # all paths of half of the draws break
    curve = survival_of("firm", "a", "A", broke, np.full(10, 20), chance=True)

    assert curve.share[-1] == pytest.approx(0.5)
    assert curve.greenwood[-1] == pytest.approx(np.sqrt(0.25 / 200))
    assert curve.mc_error[-1] > 4 * curve.greenwood[-1]
    assert curve.low is not None
    assert curve.high is not None
    assert (curve.low[-1], curve.high[-1]) == pytest.approx((0.0, 1.0))
    assert (curve.low <= curve.share).all()
    assert (curve.share <= curve.high).all()


def test_a_break_that_was_never_seen_has_an_error_after_the_first_day_and_none_on_it() -> None:
    curve = survival_of("firm", "a", "A", np.zeros((4, 6), int), np.full(4, 25), chance=True)

    assert (curve.share == 1.0).all()
    assert curve.mc_error[0] == 0.0
    assert (curve.mc_error[1:] > 0.005).all()


def test_without_draws_there_is_no_range() -> None:
    curve = survival_of("firm", "a", "A", by_month(2, length=6)[None], np.array([30]), chance=True)

    assert curve.low is None
    assert curve.high is None
