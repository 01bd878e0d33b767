"""Candidates that make or keep heat: days against the case with the units built, and plans against all designs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.planned import most_units, planned_case
from gridpact.errors import InfeasibleError, InputError
from gridpact.markets.pool import clear_pool
from gridpact.report.figures.planning.sites import sites
from gridpact.report.planning.words import built
from gridpact.run import Run
from tests.case.test_planned_heat import shared
from tests.certificates.planning.plans import failed, with_column, with_word
from tests.planning.investment.made import yearly
from tests.planning.investment.test_day_program import Day, day_of, operated
from tests.warm import CANDIDATES, ENGINE, FLAME, KETTLE, PUMP, TANK, town, with_all

YEAR = 8760.0 / 2.0  # from two hours to a year


@cache
def day(fixed: bool) -> Day:
    """All kinds of candidates, beside a plant with corners; ``fixed``: units of equal least and highest heat, too."""
    there = {
        "chps": [{"chp": "steam", "bus": "2", "node": "A", "kind": "extraction", "fuel_price_per_mwh": 70.0}],
        "chp_points": [
            {"point": name, "chp": "steam", "p_mw": p, "heat_mw": h}
            for name, p, h in (("k", 0.0, 0.0), ("l", 0.05, 0.0), ("m", 0.04, 0.04))
        ],
        "heat_pumps": [{"heat_pump": "old", "bus": "2", "node": "B", "max_heat_mw": 0.02, "sink_degc": 70.0}],
    }
    profiles = {
        "heat_pump_candidates/pump/max_heat_mw": [0.1, 0.06],
        "electric_boiler_candidates/kettle/cost_per_mwh": [1.0, 3.0],
        "chp_candidates/engine/max_q_mvar": [0.03, 0.0],
    }
    level = {"min_heat_mw": 0.03, "max_heat_mw": 0.03} if fixed else {}
    rows = {table: [row] for table, row in CANDIDATES.items()} | {"gas_boiler_candidates": [FLAME | level]}
    return day_of(town(profiles, **there, **rows))


@pytest.mark.parametrize("fixed", [False, True])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_units_cost_what_the_planned_case_costs(fixed: bool, data: st.DataObject) -> None:
    one = day(fixed)
    design = {name: data.draw(st.integers(0, most), label=name) for name, most in most_units(one.case).items()}
    priced, cost = one.at(one.units(design)), operated(one, design)
    if np.isnan(cost):
        assert priced.unserved_mwh > 1e-4
    else:
        assert priced.cost == pytest.approx(cost, rel=1e-7)
        assert priced.unserved_mwh < 1e-5


def test_the_cost_is_convex_and_its_cuts_lie_below() -> None:
    one, draw = day(False), np.random.default_rng(11)
    points = [draw.uniform(0.0, 1.0, one.candidates.count) * one.candidates.most for _ in range(6)]
    priced = [one.at(point) for point in points]
    for own, point in zip(priced, points, strict=True):
        assert own.constant + own.slope @ point == pytest.approx(own.cost, rel=1e-6)
        for other, place in zip(priced, points, strict=True):
            assert own.constant + own.slope @ place <= other.cost + 1e-7 * abs(other.cost)


def still(**more: Any) -> Case:
    """A town without losses of heat, grid or pump, which takes 0.4 MW of heat in one hour; its boiler's costs 60."""
    parts: dict[str, Any] = {
        "steps": 1,
        "lines": [{"line": "a", "from_bus": "1", "to_bus": "2", "length_km": 1.0, "r_ohm_per_km": 0.0, **REST}],
        "loads": [{"load": "load-2", "bus": "2", "p_mw": 1.0}],
        "pipes": [
            {"pipe": "p", "from_node": "A", "to_node": "B", "length_m": 1.0, "diameter_mm": 500, LOST: 0.0},
        ],
        "heat_loads": [{"heat_load": "h", "node": "B", "heat_mw": 0.4, "min_pressure_bar": 0.0}],
        "gas_boilers": [
            {"gas_boiler": "old", "node": "A", "max_heat_mw": 0.4, "efficiency": 1.0, "cost_per_mwh": 60.0}
        ],
    }
    hourly = {"heat_loads/h/heat_mw": [0.4], "interfaces/grid/price_per_mwh": [50.0]}
    return town(hourly, **(parts | more))


REST, LOST = {"x_ohm_per_km": 0.01, "max_i_ka": 1.0}, "heat_transfer_w_per_mk"


def test_boilers_by_hand() -> None:
    """Each unit gives 0.1 MW of heat at 50 / 0.8 x 0.6 = 37.5 a MWh of gas instead of 60, up to the demand."""
    flame = FLAME | {"fuel_price_per_mwh": 30.0, "efficiency": 0.8, "max_units": 9}
    one = day_of(still(gas_boiler_candidates=[flame]))
    for units in (0.0, 1.0, 2.5, 4.0, 6.0):
        expected = 50.0 + 0.4 * 60.0 - 22.5 * min(0.4, 0.1 * units)
        assert one.at(np.array([units])).cost == pytest.approx(expected, rel=1e-5)


def test_plants_by_hand() -> None:
    """Power and heat at 0.1 and 0.125 MW a unit: fuel of 20 x 2.5 for what costs 50 and 1.25 x 60."""
    engine = ENGINE | {"fuel_price_per_mwh": 20.0, "min_p_mw": 0.0, "max_units": 3}
    one = day_of(still(chp_candidates=[engine]))
    for units in (0.0, 1.0, 2.0, 3.0):
        assert one.at(np.array([units])).cost == pytest.approx(74.0 - 0.1 * units * 75.0, rel=1e-5)


def test_heat_pumps_and_electric_boilers_by_hand() -> None:
    """Power at 50: heat at 50 / 0.98 of a kettle, at 50 / 2 of a pump whose COP is held at 2."""
    kettle, pump = KETTLE | {"efficiency": 0.98}, PUMP | {"max_cop": 2.0}
    for table, row, price in (
        ("electric_boiler_candidates", kettle, 50.0 / 0.98),
        ("heat_pump_candidates", pump, 50.0 / 2.0),
    ):
        one = day_of(still(**{table: [row]}))
        for units in (0.0, 1.0, 2.0):
            assert one.at(np.array([units])).cost == pytest.approx(74.0 - 0.1 * units * (60.0 - price), rel=1e-5)


def test_heat_gives_way_only_at_its_price() -> None:
    """A boiler of 0.3 MW for 0.4: without another one 0.1 MWh is not served, at the price of a plan."""
    old = {"gas_boiler": "old", "node": "A", "max_heat_mw": 0.3, "efficiency": 1.0, "cost_per_mwh": 60.0}
    one = day_of(still(gas_boilers=[old], gas_boiler_candidates=[FLAME | {"efficiency": 1.0}]))
    nothing, built = one.at(np.zeros(1)), one.at(np.ones(1))
    assert nothing.unserved_mwh == pytest.approx(0.1, rel=1e-4)
    assert nothing.cost == pytest.approx(50.0 + 0.3 * 60.0 + 0.1 * 2000.0, rel=1e-4)
    assert built.unserved_mwh < 1e-5 and built.cost == pytest.approx(50.0 + 0.3 * 60.0 + 0.1 * 50.0, rel=1e-5)


# --- plans --------------------------------------------------------------------------------------------------------

PLANS: dict[str, dict[str, Any]] = {
    "a plant and boilers": {"chp_candidates": [ENGINE], "electric_boiler_candidates": [KETTLE]},
    "boilers dear to build": {
        "gas_boiler_candidates": [FLAME | {"investment": 4e5}],
        "electric_boiler_candidates": [KETTLE | {"investment": 2e4, "lifetime_years": 15.0}],
    },
    "a pump and a tank": {
        "heat_pump_candidates": [PUMP | {"investment": 9e4}],
        "heat_storage_candidates": [TANK | {"investment": 5e3}],
        "gas_boiler_candidates": [FLAME],
    },
}


def planned(case: Case, **more: Any) -> Run:
    return gp.plan(case, workers=1, year_rounds=0, gap=1e-6, **more)


def cheapest(case: Case) -> float:
    """The least cost of a year over all designs, each cleared as an ordinary case."""
    best, most = np.inf, most_units(case)
    for units in product(*(range(n + 1) for n in most.values())):
        design = dict(zip(most, units, strict=True))
        try:
            operation = clear_pool(planned_case(case, design), exactness="off").solution.cost
        except InfeasibleError:
            continue
        best = min(best, YEAR * operation + yearly(case, design))
    return float(best)


@pytest.mark.parametrize("name", PLANS)
def test_no_design_is_cheaper(name: str) -> None:
    case = town(**PLANS[name])
    best, run = cheapest(case), planned(case)
    assert run.certificate.verdict == "certified"
    assert run.summary["gap_closed"] is True
    assert run.summary["objective"] == pytest.approx(best, rel=2e-6)
    assert run.summary["objective_lower_bound"] <= best * (1.0 + 1e-9)


@cache
def everything() -> Run:
    return planned(with_all())


def test_the_table_of_investments_has_power_or_heat_and_energy() -> None:
    table = everything().table("investments").set_index("asset")
    assert table["kind"].to_dict() == {
        "engine": "chp",
        "kettle": "electric_boiler",
        "pump": "heat_pump",
        "flame": "gas_boiler",
        "tank": "heat_storage",
    }
    assert table["place"].tolist() == ["2", "1", "2", "A", "A"]
    each = table["units"] * [0.1, 0.1, 0.1, 0.1, 0.05]
    np.testing.assert_allclose(table["p_mw"], each)
    assert table["energy_mwh"].notna().tolist() == [False] * 4 + [True]
    assert table["energy_mwh"]["tank"] == pytest.approx(0.2 * table["units"]["tank"])


@pytest.mark.parametrize(
    ("column", "checks"),
    [
        ("p_mw", {"plan investments"}),
        ("energy_mwh", {"plan investments"}),
        ("investment", {"plan investments", "plan summary"}),
        ("max_units", {"plan candidates"}),
    ],
)
def test_judges_see_what_is_not_that_of_the_case(column: str, checks: set[str]) -> None:
    record = everything().record
    assert set(failed(with_column(record, "investments", column, record.tables["investments"][column] + 1))) == checks


@pytest.mark.parametrize(("column", "word"), [("kind", "generator"), ("place", "B")])
def test_judges_see_another_kind_or_place(column: str, word: str) -> None:
    assert failed(with_word(everything().record, "investments", column, 3, word)) == ["plan candidates"]


def test_the_report_says_where_what_has_no_bus_stands() -> None:
    table = everything().table("investments").assign(units=1, max_units=1)
    record = replace(everything().record, tables={**everything().record.tables, "investments": table})
    text = built(record)
    assert "<b>pump</b> (heat pump, bus 2), <b>tank</b> (tank, node A)" in text
    points = np.array([[0.0, 0.0], [1.0, 0.0]])
    there = {(site.kind, site.bus) for site in sites(record.case, table, points, np.array([[0, 1]]))}
    assert there == {("chp", 1), ("electric_boiler", 0), ("heat_pump", 1)}


def test_a_plan_of_one_owner_refuses_exchange_capacity(tmp_path: Path) -> None:
    case = shared()
    gp.write_case(case, tmp_path / "case")
    for asked, words in (({}, ""), ({"reconfigure": True}, "[settings]\nreconfigure = true\n")):
        with pytest.raises(InputError) as raised:
            gp.plan(case, **asked)
        (tmp_path / "study.toml").write_text(f'question = "plan"\ncase = "case"\n{words}')
        for issues in (raised.value.issues, gp.validate_study(tmp_path / "study.toml")):
            assert [issue.file for issue in issues] == ["exchange_candidates"]
            assert "a plan of one owner has no exchange of microgrids" in issues[0].message
