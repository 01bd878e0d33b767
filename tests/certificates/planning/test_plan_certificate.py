"""The certificate of a plan: every check fails where what it looks at is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.planning.plan_judge import certify_plan
from gridpact.results.planning import BASIS
from gridpact.results.record import Record
from gridpact.run import judge_of
from tests.certificates.planning.plans import (
    checks_of,
    failed,
    given,
    reduced,
    row_of,
    with_array,
    with_column,
    with_more,
    with_setting,
    with_summary,
    with_word,
)

CENT = 0.01


@pytest.mark.parametrize("made", [given, reduced])
def test_a_plan_as_it_was_told_is_certified(made: object) -> None:
    record = given() if made is given else reduced()
    document = certify_plan(record)
    names = [check["name"] for check in document["checks"]]
    assert (document["verdict"], failed(record)) == ("certified", [])
    assert len(names) == len(set(names))
    assert "operation: ac_voltage" in names or any("operation: ac" in name for name in names)


def test_plans_are_judged_by_their_own_judge() -> None:
    assert judge_of(given()) is certify_plan
    assert given().certificate["verdict"] == "certified"


def test_archived_marks_are_judged_with_the_verdict() -> None:
    """A record that has its certificate says so in its summary, and on the prices of its market."""
    assert given().tables["electricity_prices"]["certified"].all()
    assert failed(with_summary(given(), verdict="approximate")) == ["plan words"]
    unmarked = with_column(given(), "electricity_prices", "certified", False)
    assert not checks_of(unmarked)["operation: certified_marks"]["passed"]


# -- design --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("column", "word"), [("kind", "wind"), ("place", "5")])
def test_another_kind_or_place_is_found(column: str, word: str) -> None:
    assert failed(with_word(given(), "investments", column, 0, word)) == ["plan candidates"]


def test_other_most_units_are_found() -> None:
    assert failed(with_more(given(), "investments", "max_units", 0, 1)) == ["plan candidates"]


def test_one_unit_too_many_is_found_before_anything_is_built() -> None:
    assert failed(with_more(given(), "investments", "units", 0, 1)) == ["plan investments", "plan units"][::-1]
    assert "plan units" in failed(with_more(given(), "investments", "units", 2, -1))
    half = with_column(given(), "investments", "units", given().tables["investments"]["units"] - 0.5)
    assert "plan units" in failed(half)


def test_one_unit_less_is_found() -> None:
    """pv-4 has three: two of them are another plan, whose operation and costs are not those of the tables."""
    names = failed(with_more(given(), "investments", "units", 0, -1))
    assert {"plan investments", "plan annual costs", "plan chosen"} <= set(names)


def test_two_types_of_a_line_are_found() -> None:
    record = given()
    types = record.case.tables["line_candidates"].assign(line="1-2")
    record = replace(record, case=record.case.with_table("line_candidates", types))
    for name in ("larger-1-2", "larger-2-3"):
        record = with_more(record, "investments", "units", row_of(record, "investments", "asset", name), 1)
    assert "plan exclusive" in failed(record)


def test_two_devices_at_an_end_are_found() -> None:
    record = given()
    devices = record.case.tables["protection_candidates"].assign(line="2-3", end="from")
    record = replace(record, case=record.case.with_table("protection_candidates", devices))
    for name in ("sectionaliser-2-3", "recloser-2-5"):
        record = with_more(record, "investments", "units", row_of(record, "investments", "asset", name), 1)
    assert "plan exclusive" in failed(record)


@pytest.mark.parametrize("column", ["investment", "capex_per_year", "maintenance_per_year"])
def test_a_cent_of_an_investment_is_found(column: str) -> None:
    assert "plan investments" in failed(with_more(given(), "investments", column, 0, CENT))


def test_another_discount_rate_is_found() -> None:
    assert "plan investments" in failed(with_setting(given(), discount_rate=0.080001))


def test_the_capital_recovery_factor_by_hand() -> None:
    """8 % over 25 years: 0.0936788 of 3 x 230 000 in a year (Blank and Tarquin, table for 8 %)."""
    table = given().tables["investments"].set_index("asset")
    assert table["capex_per_year"]["pv-4"] == pytest.approx(690_000 * 0.0936788, rel=1e-6)


def test_a_cent_above_the_budget_is_found() -> None:
    spent = float(reduced().tables["investments"]["investment"].sum())
    assert failed(with_setting(reduced(), budget=spent - CENT)) == ["plan budget"]
    assert "plan budget" not in failed(with_setting(reduced(), budget=spent))


def test_too_much_renewable_energy_is_found() -> None:
    """The share by hand: energy of six PV units on both days over the demand, as they weigh."""
    table = reduced().tables["scenario_profiles"]
    weight = np.repeat(reduced().tables["scenarios"]["weight_days"].to_numpy(), 24)
    sun = sum(3.0 * (weight @ table[f"renewable_candidates/pv-{bus}/p_mw"]) for bus in (4, 6))
    demand = sum(weight @ table[f"loads/load-{bus}/p_mw"] for bus in range(2, 7))
    assert "plan penetration" not in failed(with_setting(reduced(), max_penetration=sun / demand + 1e-6))
    assert "plan penetration" in failed(with_setting(reduced(), max_penetration=sun / demand - 1e-6))


@pytest.mark.parametrize(("asset", "value"), [("pv-4", 1.0), ("tie-4-6", 1.0), ("wind-3", np.nan)])
def test_marginal_values_stand_where_a_unit_is_left(asset: str, value: float) -> None:
    row = row_of(given(), "investments", "asset", asset)
    assert "plan marginal values" in failed(with_word(given(), "investments", "marginal_value_per_year", row, value))


def test_a_cent_of_a_marginal_value_is_found() -> None:
    row = row_of(given(), "investments", "asset", "wind-3")
    assert failed(with_more(given(), "investments", "marginal_value_per_year", row, CENT)) == ["plan marginal costs"]


def test_marginal_values_from_what_is_no_cut_are_found() -> None:
    assert failed(with_array(given(), "marginal/constant", lambda cut: cut + 50.0)) == ["plan marginal costs"]


# -- scenarios -----------------------------------------------------------------------------------------------------


def test_a_weight_that_leaves_the_year_is_found() -> None:
    for record in (given(), reduced()):
        assert {"plan year", "plan days counted"} <= set(failed(with_more(record, "scenarios", "weight_days", 0, 1e-3)))


def test_weight_moved_between_days_is_found() -> None:
    for record in (given(), reduced()):
        moved = with_more(with_more(record, "scenarios", "weight_days", 0, 1e-3), "scenarios", "weight_days", 1, -1e-3)
        assert "plan year" not in failed(moved)
        assert "plan days counted" in failed(moved)


@pytest.mark.parametrize("row", [3, 30])
@pytest.mark.parametrize("series", ["loads/load-2/p_mw", "interfaces/substation/price_per_mwh"])
def test_a_profile_that_is_not_the_days_is_found(series: str, row: int) -> None:
    for record in (given(), reduced()):
        assert "plan profiles" in failed(with_more(record, "scenario_profiles", series, row, 1e-5))


def test_a_day_scaled_as_a_whole_is_found_by_its_energy() -> None:
    """One factor per series is what an energy-preserving medoid may have, but the energy says which."""
    table = reduced().tables["scenario_profiles"]["loads/load-2/p_mw"].to_numpy(copy=True)
    table[:24] *= 1.0 + 1e-6
    assert "plan profiles" in failed(with_column(reduced(), "scenario_profiles", "loads/load-2/p_mw", table))


def test_a_day_counted_elsewhere_is_found() -> None:
    assert "plan days counted" in failed(with_word(reduced(), "scenario_days", "scenario", 0, "2"))
    assert "plan source days" in failed(with_word(reduced(), "scenario_days", "day", 0, "2031-01-01"))


def test_a_source_that_is_another_day_is_found() -> None:
    assert "plan source days" in failed(with_word(reduced(), "scenarios", "source_day", 1, "2030-01-01"))
    assert "plan source days" in failed(with_word(reduced(), "scenarios", "source_day", 0, "2031-01-01"))
    assert "plan profiles" in failed(with_word(reduced(), "scenarios", "source_day", 0, "2030-01-01"))
    assert failed(with_word(given(), "scenarios", "source_day", 0, "2030-01-02")) == ["plan days counted"]


def test_moments_an_hour_later_are_found() -> None:
    later = given().tables["scenario_profiles"]["snapshot"] + pd.Timedelta(hours=1)
    assert failed(with_column(given(), "scenario_profiles", "snapshot", later)) == ["plan snapshots"]


def test_another_number_of_typical_days_than_asked_is_found() -> None:
    assert failed(with_setting(reduced(), typical_days=2)) == ["plan days counted"]


# -- operation and costs -------------------------------------------------------------------------------------------


def test_the_market_of_the_plan_is_judged_by_the_judges_of_markets() -> None:
    checks = checks_of(with_more(given(), "dispatch", "p_mw", 0, 1e-3))
    assert not checks["operation: active_balance"]["passed"]
    checks = checks_of(with_more(given(), "buses", "vm_pu", 7, 1e-3))
    assert sum(not check["passed"] for name, check in checks.items() if name.startswith("operation: ")) >= 2


@pytest.mark.parametrize(
    "item", ["investment", "maintenance", "purchase", "sales", "carbon", "generation", "interruption", "other"]
)
def test_a_cent_of_any_item_is_found(item: str) -> None:
    for record in (given(), reduced()):
        row = row_of(record, "annual_costs", "item", item)
        lie = failed(with_more(record, "annual_costs", "after", row, CENT))
        assert {"plan annual costs", "plan objective"} <= set(lie)


def test_a_cent_moved_from_item_to_item_is_found() -> None:
    moved = with_more(with_more(reduced(), "annual_costs", "after", 2, CENT), "annual_costs", "after", 7, -CENT)
    assert failed(moved) == ["plan annual costs"]


def test_a_cent_of_the_objective_is_found() -> None:
    for record in (given(), reduced()):
        assert "plan objective" in failed(with_summary(record, objective=record.summary["objective"] + CENT))


@pytest.mark.parametrize("name", ["carbon_price_per_t", "interruption_cost_per_mwh"])
def test_another_price_of_what_is_emitted_or_not_served_is_found(name: str) -> None:
    assert "plan annual costs" in failed(with_setting(reduced(), **{name: reduced().settings[name] * 1.00001}))


@pytest.mark.parametrize("item", ["investment", "maintenance", "interruption"])
def test_costs_of_what_is_not_built_yet_are_found(item: str) -> None:
    row = row_of(reduced(), "annual_costs", "item", item)
    lie = with_more(reduced(), "annual_costs", "before", row, CENT)
    lie = with_summary(lie, objective_before=lie.summary["objective_before"] + CENT)
    assert failed(lie) == ["plan costs before"]


def test_a_past_cheaper_than_any_cut_allows_is_found() -> None:
    """Every cut holds for the design with nothing in it."""
    costs = given().tables["annual_costs"]["before"].to_numpy() * 0.5
    lie = with_summary(with_column(given(), "annual_costs", "before", costs), objective_before=float(costs.sum()))
    assert failed(lie) == ["plan costs before"]


# -- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [-1, -2, -3, -4])
def test_a_cut_that_is_raised_is_found(row: int) -> None:
    """The last cuts are those at the plan itself, where they touch the cost of the day."""
    assert {"plan cuts", "plan cuts at plan"} <= set(failed(with_more(given(), "cuts", "constant", row, CENT)))


def test_a_slope_that_is_raised_is_found() -> None:
    slopes = given().tables["cut_slopes"]
    row = np.flatnonzero((slopes["cut"] == slopes["cut"].max()) & (slopes["candidate"] == "pv-4"))[0]
    assert "plan cuts" in failed(with_more(given(), "cut_slopes", "slope", int(row), CENT))


def test_a_bound_without_cuts_of_a_day_is_none() -> None:
    record = given()
    kept = record.tables["cuts"]["scenario"] != "2"
    number = np.cumsum(kept.to_numpy()) - 1
    slopes = record.tables["cut_slopes"]
    slopes = slopes[kept.to_numpy()[slopes["cut"]]]
    cuts = record.tables["cuts"][kept.to_numpy()].reset_index(drop=True).assign(cut=range(int(kept.sum())))
    tables = {**record.tables, "cuts": cuts, "cut_slopes": slopes.assign(cut=number[slopes["cut"]])}
    assert "plan bound" in failed(replace(record, tables=tables))


def with_bound(record: Record, bound: float) -> Record:
    """Everything in the record that tells the bound tells this one; before it no higher one was known."""
    table, cost = record.tables["convergence"], record.summary["objective"]
    lower = table["lower_bound"].clip(upper=bound).where(table.index < len(table) - 1, bound)
    gap = (table["upper_bound"] - lower).clip(lower=0.0) / table["upper_bound"].abs().clip(lower=1.0)
    record = with_column(with_column(record, "convergence", "lower_bound", lower), "convergence", "gap", gap)
    closed = bool(gap.iloc[-1] <= record.settings["gap"])
    return with_summary(record, objective_lower_bound=bound, gap=max(0.0, cost - bound) / cost, gap_closed=closed)


def test_a_bound_above_what_the_cuts_say_is_found() -> None:
    """Cuts that are lower by 0.5 on every day still are cuts, and prove 182.5 less in a year."""
    for record in (given(), reduced()):
        lower = record.tables["cuts"]["constant"] - 0.5
        assert failed(with_column(record, "cuts", "constant", lower)) == ["plan bound"]
        told = record.summary["objective_lower_bound"]
        assert failed(with_bound(with_column(record, "cuts", "constant", lower), told - 182.5)) == []


def test_a_lower_bound_is_one_as_well() -> None:
    for record in (given(), reduced()):
        assert failed(with_bound(record, record.summary["objective_lower_bound"] - 1.0)) == []


def test_a_bound_above_the_cost_is_found() -> None:
    names = failed(with_bound(given(), given().summary["objective"] + 10.0))
    assert {"plan bound", "plan bound below cost"} <= set(names)


def test_a_plan_that_was_not_priced_is_found() -> None:
    assert failed(with_more(given(), "designs", "units", 0, -1)) == ["plan cuts", "plan chosen", "plan days priced"]
    assert "plan chosen" in failed(with_column(given(), "design_costs", "serves_all", False))


def test_a_cheaper_design_is_found() -> None:
    record, first = given(), given().tables["design_costs"]
    other = first.assign(design=1, cost_per_day=100.0)
    cheap = {**record.tables, "design_costs": pd.concat([first, other], ignore_index=True)}
    assert {"plan chosen", "plan cuts"} <= set(failed(replace(record, tables=cheap)))
    refused = pd.concat([first, other.assign(serves_all=False)], ignore_index=True)
    assert failed(replace(record, tables={**record.tables, "design_costs": refused})) == []


def test_days_priced_above_their_operation_are_found() -> None:
    assert failed(with_more(given(), "design_costs", "cost_per_day", 0, CENT)) == ["plan days priced"]


def test_days_priced_below_their_cuts_are_found() -> None:
    assert "plan cuts" in failed(with_more(given(), "design_costs", "cost_per_day", 0, -CENT))


def test_the_form_of_reliability_has_to_be_there() -> None:
    kept = {name: array for name, array in reduced().solution.items() if not name.startswith("reliability_form/")}
    assert "plan master" in failed(replace(reduced(), solution=kept))


@pytest.mark.parametrize("figures", [{"gap": 1e-6}, {"gap_closed": False}, {"gap_asked": 0.01}])
def test_another_gap_is_found(figures: dict[str, float]) -> None:
    assert failed(with_summary(given(), **figures)) == ["plan gap"]


def test_a_gap_that_is_open_is_shown_and_fails_nothing() -> None:
    record = with_summary(with_setting(given(), gap=1e-6), gap_asked=1e-6, gap_closed=False)
    assert failed(record) == []
    assert not checks_of(record)["plan gap asked"]["passed"]


def test_the_cost_of_interruptions_is_in_both_bounds() -> None:
    """1605 a year of it, whatever is built on top: 0.2 % of the cost, and the gap asked for is 0.1 %."""
    costs = reduced().tables["annual_costs"].set_index("item")["after"]
    assert costs["interruption"] > 1e-3 * reduced().summary["objective"]
    assert checks_of(reduced())["plan gap asked"]["passed"]


def test_a_course_that_gets_worse_is_found() -> None:
    assert failed(with_more(reduced(), "convergence", "lower_bound", 1, 450.0)) == ["plan course"]
    assert "plan course" in failed(with_more(reduced(), "convergence", "upper_bound", 1, -1450.0))
    assert failed(with_more(reduced(), "convergence", "gap", 1, 1e-6)) == ["plan course"]
    assert failed(with_summary(given(), iterations=7)) == ["plan course"]


def test_a_bound_of_more_than_it_bounds_is_found() -> None:
    assert failed(with_summary(reduced(), bound_basis=BASIS[False])) == ["plan bound basis"]
    assert failed(with_summary(given(), bound_basis=BASIS[True])) == ["plan bound basis"]


def test_a_bound_that_follows_from_no_cuts_makes_a_plan_approximate() -> None:
    """A solver that has the plan as one program proves its bound to itself alone."""
    record = given()
    tables = {**record.tables, **{name: record.tables[name].iloc[:0] for name in ("cuts", "cut_slopes")}}
    record = with_setting(replace(record, tables=tables, certificate={}), method="scip")
    record = with_column(record, "electricity_prices", "certified", False)
    document = certify_plan(with_summary(with_column(record, "annual_costs", "before", np.nan), objective_before=None))
    names = [check["name"] for check in document["checks"] if not check["passed"]]
    assert (document["verdict"], names) == ("approximate", ["plan bound", "plan bound proven"])


# -- reliability ---------------------------------------------------------------------------------------------------

LIES = [
    ("reliability_loads", "customers", "plan load points"),
    ("reliability_loads", "hours_per_year", "plan reliability_loads"),
    ("reliability_system", "saidi_h", "plan reliability_system"),
    ("reliability_feeders", "eens_mwh", "plan reliability_feeders"),
    ("reliability_faults", "saifi", "plan reliability_faults"),
    ("reliability_loads_before", "hours_per_year", "plan reliability_loads before"),
    ("reliability_loads_before", "mean_mw", "plan load points before"),
    ("reliability", "before", "plan reliability"),
    ("reliability", "value", "plan reliability"),
]


@pytest.mark.parametrize(("table", "column", "check"), LIES)
def test_a_millionth_of_any_index_is_found(table: str, column: str, check: str) -> None:
    value = float(reduced().tables[table][column][0])
    assert failed(with_more(reduced(), table, column, 0, 1e-6 * value)) == [check]


@pytest.mark.parametrize("name", ["saifi", "saidi_h", "eens_mwh", "saifi_before", "saidi_h_before", "eens_mwh_before"])
def test_an_index_of_the_summary_is_found(name: str) -> None:
    assert failed(with_summary(reduced(), **{name: reduced().summary[name] * (1.0 + 1e-6)})) == ["plan reliability"]
    assert failed(with_summary(reduced(), **{name: None})) == ["plan reliability"]


def test_a_limit_that_is_broken_is_found() -> None:
    """The plan has 2.364 h a year: breakers, sectionaliser and recloser leave the first line's faults to all."""
    record = with_setting(reduced(), saidi_limit_h=2.3)
    assert {"plan limits told", "plan reliability limits"} <= set(failed(record))
    told = with_word(record, "reliability", "limit", row_of(record, "reliability", "index", "saidi_h"), 2.3)
    assert "plan limits told" not in failed(told)


def test_a_linear_form_that_understates_is_found() -> None:
    def lower(index: np.ndarray) -> np.ndarray:
        index[0] -= 1e-3
        return index

    assert "plan linear form" in failed(with_array(reduced(), "reliability_form/saidi_h", lower))


# -- year, summary -------------------------------------------------------------------------------------------------


def test_a_day_of_the_year_that_is_missing_is_found() -> None:
    year = reduced().tables["year"]
    assert "plan year days" in failed(replace(reduced(), tables={**reduced().tables, "year": year.iloc[1:]}))
    double = pd.concat([year.iloc[:1], year.iloc[:1], year.iloc[2:]], ignore_index=True)
    assert "plan year days" in failed(replace(reduced(), tables={**reduced().tables, "year": double}))
    assert "plan year days" in failed(with_word(reduced(), "year", "scenario", 0, "2"))


def test_a_day_of_the_year_that_was_not_cleared_is_found() -> None:
    assert "plan year cleared" in failed(with_word(reduced(), "year", "status", 1, "infeasible"))
    assert failed(with_more(reduced(), "year", "unserved_mwh", 1, 0.1)) == ["plan year cleared"]


def test_costs_of_the_year_that_are_not_the_sums_are_found() -> None:
    assert failed(with_more(reduced(), "year", "cost", 1, CENT)) == ["plan year sums"]
    assert "plan year expected" in failed(with_more(reduced(), "year", "estimated_cost", 1, CENT))
    for name in ("year_cost", "year_estimated_cost", "year_days", "year_days_left", "year_off"):
        assert failed(with_summary(reduced(), **{name: reduced().summary[name] + 1e-4})) == ["plan year sums"]


@pytest.mark.parametrize("verdict", ["failed", None, ""])
def test_a_year_that_failed_fails_the_plan(verdict: str | None) -> None:
    assert failed(with_summary(reduced(), year_verdict=verdict)) == ["plan year verdict"]


def test_a_year_that_is_approximate_makes_the_plan_so() -> None:
    record = with_summary(replace(reduced(), certificate={}), year_verdict="approximate")
    assert certify_plan(with_column(record, "electricity_prices", "certified", False))["verdict"] == "approximate"


@pytest.mark.parametrize(
    "figures",
    [{"investment": 1.0}, {"capex_per_year": 1.0}, {"scenarios": 9}, {"candidates": 9}, {"assets_built": 9}],
)
def test_a_figure_of_the_summary_is_found(figures: dict[str, float]) -> None:
    assert failed(with_summary(given(), **figures)) == ["plan summary"]


@pytest.mark.parametrize("word", [{"case": "x"}, {"currency": "EUR"}, {"steps": 4}, {"question": "clear"}])
def test_a_word_of_the_summary_is_found(word: dict[str, object]) -> None:
    assert failed(with_summary(given(), **word)) == ["plan words"]
