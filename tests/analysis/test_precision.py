from pathlib import Path

import polars as pl
import pytest

import deflator
from deflator.analysis import ask, resume
from deflator.analysis.precision import HeadlineError
from deflator.ensemble import Question, Told
from deflator.errors import RunError

TINY = Path(__file__).parents[1] / "books" / "tiny"
DRAWS = 2_000


def question(paths: int, target: float | None) -> Question:
    scenario = deflator.load_scenario("base", ["rent.level=0.6"])
    return Question(deflator.load_book(TINY), scenario, paths, DRAWS, target_error=target)


def largest_error(result: deflator.Result) -> float:
    """Return the largest error that the printed tables of the headline hold."""
    tables = (result.layers(), result.entities(), result.cohorts())
    errors = pl.concat([pl.concat([table["p_first_error"], table["mc_error"]]) for table in tables])
    return errors.drop_nulls().max()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> deflator.Result:
    return ask(question(12_000, 0.009), tmp_path_factory.mktemp("target") / "run", threads=2)


def test_a_run_stops_at_the_first_look_at_which_every_error_of_the_headline_is_small_enough(
    reached: deflator.Result, tmp_path: Path
) -> None:
    manifest = reached.raw.manifest

    assert manifest.paths < manifest.paths_asked == 12_000
    assert manifest.paths % 1_024 == 0
    assert manifest.target_error == 0.009
    assert manifest.error == pytest.approx(largest_error(reached))
    assert largest_error(reached) <= 0.009
    before = ask(question(manifest.paths - 1_024, None), tmp_path / "before", threads=2)
    assert largest_error(before) > 0.009


def test_the_stop_is_the_same_for_any_number_of_threads(reached: deflator.Result, tmp_path: Path) -> None:
    alone = ask(question(12_000, 0.009), tmp_path / "alone", threads=1)

    assert alone.raw.manifest.checksum == reached.raw.manifest.checksum
    assert alone.raw.manifest.error == reached.raw.manifest.error


def test_a_run_that_stopped_is_the_run_of_as_many_paths(reached: deflator.Result, tmp_path: Path) -> None:
    plain = ask(question(reached.raw.manifest.paths, None), tmp_path / "plain", threads=2)

    assert plain.raw.manifest.checksum == reached.raw.manifest.checksum
    assert plain.entities().equals(reached.entities())


def test_a_resumed_run_stops_where_an_unbroken_one_does(reached: deflator.Result, tmp_path: Path) -> None:
    def pull(done: int, total: int) -> None:
        if done > 1_500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(question(12_000, 0.009), tmp_path / "run", threads=2, told=Told(pull))
    resumed = resume(tmp_path / "run", threads=1)

    assert resumed.raw.manifest.checksum == reached.raw.manifest.checksum
    assert resumed.raw.manifest.error == reached.raw.manifest.error


def test_an_error_that_is_not_reached_takes_all_paths_and_is_told(tmp_path: Path) -> None:
    manifest = ask(question(1_500, 1e-4), tmp_path / "run", threads=2).raw.manifest

    assert (manifest.paths, manifest.paths_asked) == (1_500, 1_500)
    assert manifest.error is not None
    assert manifest.error > 1e-4


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, float("nan")])
def test_an_error_that_no_share_has_is_refused(target: float) -> None:
    with pytest.raises(RunError, match=r"target_error.*use a share such as 0\.005"):
        question(1_500, target)


def test_before_any_path_counts_the_error_is_as_large_as_it_can_be(reached: deflator.Result) -> None:
    raw = reached.raw
    meter = HeadlineError(raw.entities(), raw.draws(), raw.manifest.months, True)
    none_ok = raw.paths().head(10).with_columns(status=pl.lit("not_finite"))

    assert meter.add(none_ok, raw.breaks().head(0)) == 1.0
