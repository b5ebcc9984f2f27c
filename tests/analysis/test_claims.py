import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.assets import target_of
from deflator.analysis.claim_figures import FIGURES, Facts
from deflator.analysis.claim_trials import AS_IS, DYNAMICS, SHUT, Trials, keeper, measured, trial_of
from deflator.analysis.claims import (
    CONDITIONAL,
    CONTRADICTED,
    MECHANISMS,
    NOT_TESTABLE,
    SUPPORTED,
    Check,
    Claim,
    Claims,
    assumed,
    by_mechanism,
    check_claims,
    depends_on,
    judge_dynamic,
    judge_evidence,
    judge_figure,
    list_claims,
    trial_names,
    verdict_of,
    waiting_pays,
)
from deflator.analysis.claims_page import claims_page
from deflator.analysis.entry import ANY, follow, waited_for
from deflator.analysis.probability import Probability
from deflator.analysis.replay import Setting
from deflator.analysis.trials import watch
from deflator.engine import Trigger
from deflator.engine.layout import NEOCLOUD
from deflator.engine.positions import CHANNELS, PARAMETERS
from deflator.errors import RunError

DOCS = Path(__file__).parents[2] / "docs"
#: Every figure that the digest of the essay gives: what is claimed, and its bounds.
ESSAY = {
    "users": (800, 800), "own_bill": (10, 20), "anthropic_profit": (2028, 2029), "rent_peak": (8, 10),
    "rent_now": (1.8, 2.2), "rent_below": (0, 1.5), "holding_cost": (3, 3), "loss_per_hour": (0.01, 1),
    "old_contracts": (4, 5), "b200": (0.2, 0.2), "own_cost": (0.5, 0.6), "revenue_fall": (0.7, 1),
    "largest_buyer": (0.7, 1), "debt_2024": (2000, 2000), "debt_2025": (11000, None), "debt_now": (29000, 29000),
    "shadow_debt": (35000, 45000), "asset_backed": (25000, 25000), "price_fall": (0.5, 1), "red_line": (1, 1),
    "tenor": (3, 5),
}  # fmt: skip


def claim(name: str, **changes: object) -> Claim:
    return dataclasses.replace(next(one for one in list_claims() if one.id == name), **changes)


@pytest.fixture(scope="module")
def asked() -> Setting:
    return setting(paths=64, draws=8)


@pytest.fixture(scope="module")
def trials(asked: Setting) -> Trials:
    kept = {name: watch(trial_of(asked, name), keeper(asked)) for name in (AS_IS, SHUT, "rent")}
    return Trials(asked, kept, np.arange(64) % 8)


@pytest.fixture(scope="module")
def facts(trials: Trials) -> Facts:
    return Facts(trials.setting, measured(trials.kept[AS_IS], trials.draw, 8))


def test_every_mechanism_of_the_essay_is_checked() -> None:
    assert {one.mechanism for one in list_claims()} == set(MECHANISMS)
    assert len({one.id for one in list_claims()}) == len(list_claims())


def test_every_figure_of_the_essay_is_checked() -> None:
    listed = {one.id: (one.low, one.high) for one in list_claims()}

    assert {name: listed[name] for name in ESSAY} == ESSAY


def test_every_mechanism_but_those_of_debts_and_costs_alone_is_measured_by_simulation() -> None:
    measured_ones = {one.mechanism for one in list_claims() if one.kind == "dynamic"}

    assert measured_ones == set(MECHANISMS)


def test_every_claim_states_its_test_its_null_and_why() -> None:
    for one in list_claims():
        known = {"figure": FIGURES, "dynamic": {**DYNAMICS, "waiting_pays": None}}.get(one.kind, {"": None})
        assert one.test in known, one.id
        assert one.why, one.id
        assert one.statement.endswith("."), one.id
        assert (one.kind == "untestable") != bool(one.null and one.statistic), one.id
        assert (one.kind in ("figure", "dynamic")) == (one.supported_at is not None), one.id
        assert one.supported_at is None or one.contradicted_at < 0.5 < one.supported_at, one.id
        assert one.low is None or one.high is None or one.low <= one.high, one.id


def test_no_test_stands_idle() -> None:
    asked_for = {one.test for one in list_claims()}

    assert (set(FIGURES) | set(DYNAMICS)) - asked_for == set()


@pytest.mark.parametrize(
    ("value", "low", "high", "error", "verdict"),
    [
        (0.70, 0.55, 0.80, 0.02, SUPPORTED),
        (0.66, 0.55, 0.80, 0.02, CONDITIONAL),  # below two thirds
        (0.90, 0.45, 0.99, 0.02, CONDITIONAL),  # some draws are below a half
        (0.70, 0.60, 0.80, 0.12, CONDITIONAL),  # two errors reach a half
        (0.30, 0.10, 0.45, 0.02, CONTRADICTED),
        (0.30, 0.10, 0.55, 0.02, CONDITIONAL),
        (0.00, 0.00, 0.00, 0.01, CONTRADICTED),
        (0.50, 0.50, 0.50, 0.00, CONDITIONAL),
    ],
)
def test_a_share_is_judged_by_itself_its_range_and_its_error(value, low, high, error, verdict) -> None:
    assert verdict_of(Probability(value, low, high, error), 2 / 3, 1 / 3) == verdict


def test_without_draws_a_share_is_judged_by_its_error_alone() -> None:
    assert verdict_of(Probability(0.8, None, None, 0.02), 2 / 3, 1 / 3) == SUPPORTED
    assert verdict_of(Probability(0.8, None, None, 0.2), 2 / 3, 1 / 3) == CONDITIONAL


@pytest.mark.parametrize(
    ("central", "seen", "verdict"),
    [
        (2.0, [1.9, 2.0, 2.1], SUPPORTED),
        (2.4, [2.3, 2.4, 2.4], SUPPORTED),  # within a tenth
        (3.0, [2.9, 3.0, 3.1], CONTRADICTED),
        (2.0, [1.0, 2.0, 3.0], CONDITIONAL),  # the central figure agrees, most draws do not
        (3.0, [2.0, 2.1, 3.0], CONDITIONAL),  # the central figure does not, most draws do
    ],
)
def test_a_figure_is_judged_by_its_central_value_and_its_draws(central, seen, verdict) -> None:
    assert judge_figure(claim("rent_now"), central, np.array(seen)).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(8.5, 9.0, SUPPORTED), (8.0, 12.3, CONDITIONAL), (4.0, 6.0, CONTRADICTED)]
)
def test_reported_figures_must_agree_all_or_none(low, high, verdict) -> None:
    assert judge_evidence(claim("rent_peak", evidence_low=low, evidence_high=high)).verdict == verdict


def test_a_mechanism_that_hardly_a_path_can_tell_is_not_judged(asked: Setting) -> None:
    outcome = np.full(64, np.nan)
    outcome[:5] = 1.0
    found = judge_dynamic(claim("weakest_lab"), (outcome, None), np.arange(64) % 8, asked)

    assert (found.verdict, found.condition, found.value) == (NOT_TESTABLE, "seldom", None)


def test_paths_that_cannot_tell_are_left_out_of_the_share(asked: Setting) -> None:
    outcome = np.ones(64)
    outcome[::2] = np.nan
    found = judge_dynamic(claim("gap"), (outcome, None), np.arange(64) % 8, asked)

    assert (found.verdict, found.share.value, found.told) == (SUPPORTED, 1.0, 0.5)


def test_a_conditional_verdict_names_the_parameter_that_decides() -> None:
    wide = setting(paths=128, draws=64)
    parameters = wide.economy.figures[wide.economy.rows["world.parameters"]]
    row = PARAMETERS.index("cohort_runway_months")
    draw = np.arange(128) % 64
    outcome = (parameters[row][draw] > np.median(parameters[row])).astype(float)

    assert depends_on(outcome, draw, wide)[0] == "cohort_runway_months"
    assert depends_on(np.random.default_rng(1).random(128), draw, wide) == ("unidentified", None)


def test_what_the_scenario_sets_is_not_its_finding() -> None:
    shut = setting("funding.level=0.2", paths=64)

    assert assumed(claim("window"), shut)
    assert not assumed(claim("window"), setting(paths=64))
    assert not assumed(claim("generation"), shut)


def test_trials_differ_in_what_is_switched_off_and_in_nothing_else(asked: Setting) -> None:
    names = trial_names(list_claims())
    assert names[0] == AS_IS
    assert set(names) <= {AS_IS, SHUT, ANY, *CHANNELS}
    for name in set(names) - {ANY}:
        one = trial_of(asked, name)
        switched = (one.economy.links["world.channels"] != asked.economy.links["world.channels"]).sum()
        assert switched == (1 if name in CHANNELS else 0)
        np.testing.assert_array_equal(one.economy.figures, asked.economy.figures)


def test_figures_of_the_tiny_book_are_those_of_its_tables(facts: Facts) -> None:
    central = setting(paths=1, draws=0, chance=False)
    kept = watch(central, keeper(central))
    known = Facts(central, measured(kept, np.zeros(1, dtype=np.int64), 1))

    assert FIGURES["debt_of"](known, "neo_one")[0] == pytest.approx(84.0 + 60.0 + 50.0)
    assert FIGURES["layer_debt"](known, "neocloud")[0] == pytest.approx(194.0)
    assert FIGURES["backed_debt"](known, "")[0] == pytest.approx(84.0)  # the loan that pledges neo_h100
    assert FIGURES["rent_now"](known, "")[0] == pytest.approx(2.2)
    assert FIGURES["own_cost"](known, "")[0] == pytest.approx(0.55)
    assert FIGURES["cost_ratio"](known, "b200")[0] == pytest.approx(3.75 / 3.5 / 2.2)
    assert FIGURES["old_rents"](known, "")[0] == pytest.approx(2.1)  # c_lab_h100 of 2024
    lab, big = 5000 * 2.1, 1500 * 2.8
    assert FIGURES["largest_buyer"](known, "neo_one")[0] == pytest.approx(lab / (lab + big))
    assert FIGURES["cliff"](known, "")[0] == pytest.approx(1.0)  # it ends in January 2027
    assert FIGURES["cash_cost"](known, "")[0] < FIGURES["full_cost"](known, "")[0]


def test_what_the_book_does_not_hold_has_no_figure(facts: Facts) -> None:
    for name in ("debt_of", "runway", "revenue_growth", "largest_buyer"):
        assert FIGURES[name](facts, "coreweave") is None
    assert FIGURES["cost_ratio"](facts, "gb200") is None
    assert FIGURES["price_fall"](facts, "") is None  # the tiny book sells no h100 new


def test_debt_due_in_a_span_follows_the_schedules(facts: Facts) -> None:
    # by 2027-12 and 2029-12: ddtl 80 and 84 of 84, notes 60 of 60, convertible none of 50, hall_loan 38.5 and all of 70
    early = 84.0 * 80.0 / 84.0 + 60.0 + 70.0 / 40.0 * 22
    late = 84.0 + 60.0 + 70.0

    assert FIGURES["due_share"](facts, "")[0] == pytest.approx((late - early) / (84.0 + 60.0 + 50.0 + 70.0), abs=0.02)


def with_kept(trials: Trials, **kept: np.ndarray) -> Trials:
    return dataclasses.replace(trials, kept={**trials.kept, AS_IS: {**trials.kept[AS_IS], **kept}})


def broken(trials: Trials, months: dict[str, list[int]], trigger: int = Trigger.PAYMENT) -> Trials:
    """Return the trials with breaks by hand on the first paths, and none elsewhere."""
    shape = trials["break_month"].shape
    hard = np.zeros(shape, dtype=np.int64)
    for name, when in months.items():
        hard[0, trials.setting.economy.entities.index(name), : len(when)] = when
    codes = np.where(hard > 0, int(trigger), 0)
    return with_kept(trials, break_month=hard, soft_month=np.zeros_like(hard), break_trigger=codes)


def test_landlords_are_first_where_they_break_in_an_earlier_month(trials: Trials) -> None:
    by_hand = broken(trials, {"hall_one": [5, 9, 7, 0, 4], "neo_one": [8, 3, 7, 6, 0]})
    outcome, _ = DYNAMICS["layer_before_layer"](by_hand, "landlord>neocloud")

    assert outcome[:5].tolist() == [1.0, 0.0, 0.5, 0.0, 1.0]
    assert np.isnan(outcome[5:]).all()


def test_applications_are_first_where_no_other_breaks_before_them(trials: Trials) -> None:
    outcome, _ = DYNAMICS["applications_first"](broken(trials, {"apps": [5, 9], "neo_one": [8, 3]}), "")

    assert outcome[:2].tolist() == [1.0, 0.0]


def test_the_weakest_of_a_layer_is_the_first_of_it_to_break(trials: Trials) -> None:
    outcome, _ = DYNAMICS["first_of_layer"](broken(trials, {"lab_one": [5, 0]}), "lab_one")

    assert outcome[0] == 1.0
    assert np.isnan(outcome[1:]).all()
    assert DYNAMICS["first_of_layer"](trials, "openai") is None


def test_maturities_are_later_where_more_of_them_break_firms_in_the_later_years(trials: Trials) -> None:
    late = broken(trials, {"hall_one": [23, 5, 0], "neo_one": [0, 0, 24]}, Trigger.MATURITY)
    outcome, _ = DYNAMICS["maturities_later"](late, "")

    assert outcome[:3].tolist() == [1.0, 0.0, 1.0]  # month 22 is the last of 2027
    other, _ = DYNAMICS["maturities_later"](broken(trials, {"hall_one": [23]}), "")
    assert np.isnan(other).all()


def test_revenue_falls_where_little_is_left_of_its_highest_month(trials: Trials) -> None:
    income = np.full(trials["own_income"].shape, 100.0, dtype=np.float32)
    position = trials.setting.economy.entities.index("neo_one")
    income[10:, position, 0] = 30.0
    income[10:, position, 1] = 31.0
    outcome, fall = DYNAMICS["revenue_falls"](with_kept(trials, own_income=income), "neo_one")

    assert outcome[:3].tolist() == [1.0, 0.0, 0.0]
    assert fall[:3] == pytest.approx([0.7, 0.69, 0.0])


def test_profit_counts_from_the_month_that_begins_a_year_of_it(trials: Trials) -> None:
    ebitda = np.full(trials["own_ebitda"].shape, -1.0, dtype=np.float32)
    position = trials.setting.economy.entities.index("lab_one")
    ebitda[3, position, 0] = 1.0  # one good month is no profit
    ebitda[10:, position, 0] = 1.0
    outcome, year = DYNAMICS["profitable_year"](with_kept(trials, own_ebitda=ebitda), "lab_one")

    assert year[0] == pytest.approx(2026 + 11 / 12)  # December 2026 is month 10
    assert np.isnan(year[1])
    assert outcome[:2].tolist() == [0.0, 0.0]


def test_a_rent_is_lower_with_the_channel_only_where_it_is_notably_lower(trials: Trials) -> None:
    rent = trials.kept["rent"]["rent"].copy()
    rent[:, 0] *= 0.90
    rent[:, 1] *= 0.995
    outcome, change = DYNAMICS["lower_rent"](with_kept(trials, rent=rent), "rent")

    assert outcome[:2].tolist() == [1.0, 0.0]
    assert change[0] == pytest.approx(-0.1)


def test_the_rent_is_below_a_level_in_any_month(trials: Trials) -> None:
    outcome, lowest = DYNAMICS["rent_below"](trials, "1.5")

    np.testing.assert_array_equal(outcome == 1.0, trials["rent"][1:].min(axis=0) < 1.5)
    np.testing.assert_array_equal(lowest, trials["rent"][1:].min(axis=0))


def test_less_money_buys_less_compute_and_nothing_else_changes_before_it(trials: Trials) -> None:
    outcome, change = DYNAMICS["less_bought"](trials, SHUT)

    np.testing.assert_array_equal(trials.kept[SHUT]["bought"][:5], trials.kept[AS_IS]["bought"][:5])
    assert (outcome == (change <= -0.01)).all()


def test_survivors_take_over_what_the_second_hand_market_does_not_buy(trials: Trials) -> None:
    seized, taken = np.zeros((1, 64)), np.zeros((1, 64))
    seized[0, :2], taken[0, :2] = 10.0, (2.0, 0.5)
    outcome, share = DYNAMICS["survivors_buy"](with_kept(trials, seized=seized, taken_over=taken), "")

    assert outcome[:2].tolist() == [1.0, 0.0]
    assert share[:2] == pytest.approx([0.2, 0.05])
    assert np.isnan(outcome[2:]).all()


def test_lessors_are_added_up_as_the_engine_has_them(trials: Trials) -> None:
    position = trials.setting.economy.entities.index("neo_one")

    np.testing.assert_allclose(trials["income"][5, NEOCLOUD], trials["own_income"][5, position], rtol=1e-5)


def test_waiting_pays_where_it_leaves_more_than_buying_now(asked: Setting) -> None:
    followed = follow(asked, target_of(asked, None), waited_for(asked, "any"))
    outcome, ratio = waiting_pays(followed)

    np.testing.assert_array_equal(outcome == 1.0, ratio > 0.0)


def test_a_small_book_is_checked_from_end_to_end() -> None:
    calls: list[int] = []
    found = check_claims([setting(paths=64, draws=8)], progress=lambda done, total: calls.append(done))[0]
    frame = found.to_frame()

    assert frame["id"].to_list() == [one.id for one in list_claims()]
    assert sum(found.counted().values()) == len(list_claims())
    assert calls == list(range(1, len(trial_names(list_claims())) + 1))
    verdicts = dict(zip(frame["id"], frame["verdict"], strict=True))
    assert verdicts["debt_now"] == verdicts["debt_2025"] == NOT_TESTABLE  # neither firm nor source is in this book
    assert verdicts["rent_now"] in (SUPPORTED, CONDITIONAL)
    assert set(by_mechanism(found.checks)) == set(MECHANISMS)


def test_a_claim_asked_for_alone_has_the_verdict_that_it_has_among_all() -> None:
    few = [setting(paths=64, draws=8)]
    alone, among = check_claims(few, ["forced_sales"])[0], check_claims(few, ["forced_sales", "gap", "entry"])[0]

    assert trial_names([claim("rent_now")]) == (AS_IS,)
    assert alone.checks[0] == next(check for check in among.checks if check.claim.id == "forced_sales")


def test_too_few_paths_are_refused() -> None:
    with pytest.raises(RunError, match="32 paths are too few"):
        check_claims([setting(paths=32)])


def skeleton(page: str) -> list[str]:
    """Return a page without what the engine computed: the verdicts' columns and the size of the run."""
    lines = [re.sub(r"^Made with .*$", "", line) for line in page.splitlines()]
    return [" | ".join(line.split(" | ")[:2]) if line.startswith("| `") else line for line in lines]


def test_the_page_of_the_claims_is_in_step_with_their_list() -> None:
    nothing = tuple(Check(one, NOT_TESTABLE, condition="absent") for one in list_claims())
    made = claims_page([Claims("base", nothing, 64, 8), Claims("essay", nothing, 64, 8)], "ai-2026-02", 2026)
    kept = (DOCS / "claims.md").read_text(encoding="utf-8")

    assert skeleton(made) == skeleton(kept)
