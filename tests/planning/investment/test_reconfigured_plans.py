"""Plans that open and close lines, against all trees and designs counted out, each priced as an ordinary case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.planned import planned_case
from gridpact.errors import InfeasibleError, InputError
from gridpact.markets.pool import clear_pool
from gridpact.planning.investment.candidates import candidates_of
from gridpact.planning.investment.customer_flows import flow_reliability
from gridpact.planning.investment.day_program import day_program
from gridpact.planning.investment.forest import forest_form
from gridpact.planning.investment.pricing import Pricer
from gridpact.planning.investment.switching import switching_of
from gridpact.planning.reliability.indices import reliability
from gridpact.planning.reliability.linear.form import LinearReliability
from gridpact.programs.linear import Linear, solve_integer
from gridpact.run import Run
from tests.districts import bus, district, interface, line, load
from tests.planning.investment.made import yearly
from tests.planning.investment.meshed import forests, is_forest, meshed, plans

GAP = 1e-6
# A tie and one interface, a plant and two interfaces.
SAMPLE = (0, 1)
ALL = [seed if seed in SAMPLE else pytest.param(seed, marks=pytest.mark.campaign) for seed in range(12)]


def planned(case: Case | Path, **more: Any) -> Run:
    return gp.plan(case, **{"reconfigure": True, "workers": 1, "year_rounds": 0, "gap": GAP, **more})


def cost(case: Case, design: dict[str, int], closed: dict[str, bool]) -> float:
    """Of a year, infinite where some demand cannot be served."""
    try:
        operation = clear_pool(planned_case(case, design, closed), exactness="off").solution.cost
    except InfeasibleError:
        return np.inf
    return 8760.0 * operation + yearly(case, design)


def built(run: Run) -> tuple[dict[str, int], dict[str, bool]]:
    table, lines = run.table("investments"), run.table("switching")
    design = dict(zip(table["asset"], table["units"].astype(int).tolist(), strict=True))
    closed = dict(zip(lines["line"], lines["closed"].tolist(), strict=True))
    return design, {name: state for name, state in closed.items() if design.get(name, 1)}


@pytest.mark.parametrize("seed", ALL)
def test_no_tree_with_any_design_is_cheaper(seed: int) -> None:
    case = meshed(seed)
    best = min(cost(case, *plan) for plan in plans(case))
    run = planned(case)
    assert run.summary["gap_closed"] is True
    assert run.summary["objective"] == pytest.approx(best, rel=2.0 * GAP)
    assert run.summary["objective_lower_bound"] <= best * (1.0 + 1e-9)
    assert cost(case, *built(run)) == pytest.approx(run.summary["objective"], rel=1e-7)
    assert run.certificate.verdict == "certified"
    table = run.table("switching")
    assert run.summary["lines_switched"] == (table["closed"] != table["closed_before"]).sum()


def test_another_tree_pays() -> None:
    """What the sample is for: the best plan is not the tree that stands, and costs more without reconfiguration."""
    assert planned(meshed(1)).summary["lines_switched"] > 0
    fixed = gp.plan(meshed(1), workers=1, year_rounds=0, gap=GAP)
    assert fixed.summary["objective"] > planned(meshed(1)).summary["objective"] * 1.001
    assert "switching" not in fixed.tables and "lines_switched" not in fixed.summary


@pytest.mark.parametrize("seed", ALL)
def test_whole_states_cost_what_the_case_costs(seed: int) -> None:
    """Every forest of every design: the alternative "open" leaves nothing of a line, "closed" all of it."""
    case = meshed(seed)
    candidates = candidates_of(case, 0.08)
    switching = switching_of(case, candidates)
    pricer = Pricer((day_program(case, candidates, 5000.0, switching),))
    compared = 0
    for design, closed in plans(case):
        if design["type"] and not closed.get("L1", True):
            continue  # a type stands only in a closed line
        n = [*(design[name] for name in candidates.names), *(closed.get(name, False) for name in switching.names)]
        day, own = pricer((0, np.array(n, dtype=np.float64))), cost(case, design, closed)
        if np.isfinite(own) and compared < 12:
            assert 8760.0 * day.cost + yearly(case, design) == pytest.approx(own, rel=1e-7)
            compared += 1
        elif not np.isfinite(own):
            assert day.unserved_mwh > 1e-5
    assert compared >= 3


# -- forests and customers -----------------------------------------------------------------------------------------


def least(form: LinearReliability, point: list[float], name: str) -> float:
    """The least of an index with units and lines given; infinite where the rows do not allow them."""
    left = np.zeros(form.matrix.shape[1] - len(point))
    slopes = getattr(form, name).slopes
    bounds = np.append(point, left), np.append(point, left + 1.0)
    program = Linear(slopes, form.matrix, (form.lower, form.upper), bounds, np.zeros(slopes.size, dtype=np.bool_))
    found = solve_integer(program, 0.0, 10.0)
    return np.inf if found is None else float(getattr(form, name).constant + found.cost)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 20))])
def test_the_rows_allow_forests_and_nothing_else(seed: int) -> None:
    case = meshed(seed)
    candidates = candidates_of(case, 0.08)
    switching = switching_of(case, candidates)
    form, units = forest_form(case, candidates, switching), [float(name == "tie") for name in candidates.names]
    seen = set()
    for number in range(2**switching.count):
        on = [float(number >> k & 1) for k in range(switching.count)]
        closed = {name: bool(state) for name, state in zip(switching.names, on, strict=True)}
        allowed = np.isfinite(least(form, [*units, *on], "saifi"))
        assert allowed == is_forest(case, closed)
        seen.add(allowed)
    assert seen == {True, False}


def protected(case: Case, kind: str = "breaker") -> Case:
    """Clearing devices at both ends of all lines, and hours to close what stands open."""
    rows = [(name, end) for name in case.ids("lines") for end in ("from", "to")]
    devices = {
        "device": [f"{name}-{end}" for name, end in rows],
        "line": [name for name, _ in rows],
        "end": [end for _, end in rows],
        "kind": kind,
        "switching_h": 0.5,
    }
    hours = case.tables["switches"].assign(switching_h=0.5)
    return case.with_table("switches", hours).with_rows("protection", devices).marked_validated()


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 20))])
def test_flows_of_customers_never_understate(seed: int) -> None:
    """SAIFI is exact; hours are those without restoration over open lines, so that they are too many here."""
    case = protected(meshed(seed))
    types = case.tables["line_candidates"].assign(failures_per_km_year=0.02)
    case = case.with_table("line_candidates", types).marked_validated()
    candidates = candidates_of(case, 0.08)
    switching = switching_of(case, candidates)
    form, above = flow_reliability(case, candidates, switching), []
    for design, closed in list(plans(case))[::3]:
        if design["type"] and not closed.get("L1", True):
            continue
        point = [*(float(design[name]) for name in candidates.names)]
        point += [float(closed.get(name, False)) for name in switching.names]
        exact = reliability(planned_case(case, design, closed))["reliability_system"].iloc[0]
        assert least(form, point, "saifi") == pytest.approx(exact["saifi"], rel=1e-6)
        for name in ("saidi_h", "eens_mwh"):
            assert least(form, point, name) >= exact[name] * (1.0 - 1e-6)
        above.append(least(form, point, "saidi_h") - exact["saidi_h"])
    assert len(above) >= 3
    assert max(above) > 1e-3


def with_transformer(case: Case) -> Case:
    """Loads of the last bus behind a transformer that fails, and those of all with transformers of their own."""
    last, loads = case.ids("buses")[-1], case.tables["loads"]
    low = {**case.tables["buses"].iloc[-1].to_dict(), "bus": "low"}
    wide = {"transformer": "T", "from_bus": last, "to_bus": "low", "r_ohm": 0.1, "x_ohm": 0.2, "max_s_mva": 10.0}
    fails = {"failures_per_year": 0.3, "repair_h": 20.0}
    wider = case.with_rows("buses", {name: [value] for name, value in low.items()})
    wider = wider.with_rows("transformers", {name: [value] for name, value in {**wide, **fails}.items()})
    moved = loads.assign(
        bus=np.where(loads["bus"] == last, "low", loads["bus"]),
        transformer_failures_per_year=0.05,
        transformer_repair_h=10.0,
    )
    return wider.with_table("loads", moved).marked_validated()


def without_ties(case: Case) -> Case:
    """New ties have no devices, and would need them where transformers fail."""
    return case.with_table("tie_candidates", case.tables["tie_candidates"].iloc[:0]).marked_validated()


@pytest.mark.parametrize("seed", [2, 3])
def test_transformers_interrupt_what_they_are_joined_to(seed: int) -> None:
    """Seed 3 has a second interface where the transformer is: its fault takes all that is fed from there."""
    case = with_transformer(without_ties(protected(meshed(seed))))
    candidates = candidates_of(case, 0.08)
    switching = switching_of(case, candidates)
    form = flow_reliability(case, candidates, switching)
    for closed in list(forests(case, {}))[:6]:
        point = [*(0.0 for _ in candidates.names), *(float(closed[name]) for name in switching.names)]
        exact = reliability(planned_case(case, {}, closed))["reliability_system"].iloc[0]
        assert least(form, point, "saifi") == pytest.approx(exact["saifi"], rel=1e-6)
        assert least(form, point, "saidi_h") >= exact["saidi_h"] * (1.0 - 1e-6)


def test_a_limit_of_reliability_chooses_another_tree() -> None:
    """Among all plans whose hours by repair keep the limit the plan is the cheapest, and the exact index keeps it."""
    case = protected(meshed(0))
    free = planned(case)
    limit = 0.9 * float(free.table("reliability").set_index("index")["value"]["saifi"])
    run = planned(case, saifi_limit=limit)
    assert run.certificate.verdict == "certified"
    assert run.summary["saifi"] <= limit < free.summary["saifi"]
    kept = [plan for plan in plans(case) if saifi(case, *plan) <= limit]
    assert run.summary["objective"] == pytest.approx(min(cost(case, *plan) for plan in kept), rel=2.0 * GAP)


def saifi(case: Case, design: dict[str, int], closed: dict[str, bool]) -> float:
    table = reliability(planned_case(case, design, closed))["reliability_system"]
    return float(table["saifi"].iloc[0])


def test_interruptions_have_a_price() -> None:
    run = planned(protected(meshed(1)), interruption_cost_per_mwh=1000.0)
    assert run.certificate.verdict == "certified"
    costs = run.table("annual_costs").set_index("item")["after"]
    assert costs["interruption"] == pytest.approx(1000.0 * run.summary["eens_mwh"])


# -- what cannot be done -------------------------------------------------------------------------------------------


def refused(case: Case, **more: Any) -> str:
    with pytest.raises(InputError) as raised:
        planned(case, **more)
    return str(raised.value)


def test_devices_that_are_missing_are_told() -> None:
    assert "both ends of every line that can fail; missing at L1" in refused(meshed(1), saidi_limit_h=1.0)
    sectionalised = protected(meshed(1), "sectionaliser")
    assert "missing at L1" in refused(sectionalised, interruption_cost_per_mwh=1.0)
    everything = with_transformer(protected(meshed(1)))
    assert "every line, since transformers can fail; missing at tie" in refused(everything, saidi_limit_h=1.0)


def test_what_lines_need_to_be_opened_is_told() -> None:
    lines = meshed(1).tables["lines"]
    free = lines.assign(max_i_ka=lines["max_i_ka"].mask(lines["line"] == "L6"))
    assert "no max_i_ka: L6" in refused(meshed(1).with_table("lines", free).marked_validated())
    ties = meshed(1).tables["tie_candidates"].assign(max_i_ka=np.nan)
    assert "no max_i_ka: tie" in refused(meshed(1).with_table("tie_candidates", ties).marked_validated())
    charged = lines.assign(c_nf_per_km=np.where(lines["line"] == "L5", 10.0, 0.0))
    assert "capacitance: L5" in refused(meshed(1).with_table("lines", charged).marked_validated())
    assert "reconfigure = 1 is not possible" in refused(meshed(1), reconfigure=1)


def test_without_switches_there_is_nothing_to_open() -> None:
    case = meshed(2)
    lines, closed = case.tables["lines"], case.lines_in_service()
    bare = replace(case, tables={**case.tables, "lines": lines[closed], "switches": case.tables["switches"].iloc[:0]})
    assert "no line has a switch" in refused(bare.marked_validated())


def test_switches_of_lines_without_are_told() -> None:
    with pytest.raises(InputError, match="has no switch"):
        planned_case(meshed(1), {}, {"nowhere": True})


# -- years and interruptions ---------------------------------------------------------------------------------------


def test_closing_lifts_the_limit_of_an_open_switch() -> None:
    """transfer_mw is what an open switch restores; a closed one with it would be no valid case."""
    case = meshed(1)
    switches = case.tables["switches"]
    limited = case.with_table("switches", switches.assign(transfer_mw=np.where(switches["closed"], np.nan, 0.5)))
    line = str(limited.tables["switches"]["line"].iloc[-1])
    after = planned_case(limited.marked_validated(), {}, {line: True}).tables["switches"].set_index("line")
    assert after["closed"][line] and np.isnan(after["transfer_mw"][line])


def days(seed: int) -> Case:
    """Four days of 24 hours, one of them with half as much load again."""
    case = meshed(seed)
    shape = np.tile(np.interp(np.arange(24), [0, 6, 12, 18, 24], [0.5, 0.4, 0.7, 1.0, 0.5]), 4) * 0.5
    shape[48:72] *= 1.5
    long = replace(case, steps=96, window="day")
    power = zip(case.ids("loads"), case.tables["loads"]["p_mw"], strict=True)
    loads = {f"loads/{name}/p_mw": shape * most for name, most in power}
    return replace(long, profiles=pd.DataFrame(loads, index=long.snapshots)).marked_validated()


def test_the_year_is_checked_with_the_lines_of_the_plan(tmp_path: Path) -> None:
    """A search that was interrupted goes on to the same plan; its days are cleared in its tree and certified."""
    case, out = days(1), tmp_path / "out"
    fixed = {"typical_days": 2, "extreme_days": False, "year_rounds": 2, "gap": 1e-5}
    whole = planned(case, **fixed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridpact.plans.rounds.checked_year", interrupted)
        with pytest.raises(KeyboardInterrupt):
            planned(case, out=out, **fixed)
    run = planned(case, out=out, **fixed)
    assert run.summary["objective"] == pytest.approx(whole.summary["objective"], rel=1e-9)
    assert built(run) == built(whole)
    assert whole.summary["lines_switched"] > 0
    assert run.certificate.verdict == "certified"
    assert (run.table("year")["status"] == "cleared").all()
    assert gp.verify(out).certificate.verdict == "certified"


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_loops_may_be_there_before() -> None:
    """Without customers, who are followed as the network is; there is no cost before."""
    case = meshed(1)
    loads = case.tables["loads"].assign(customers=0)
    closed = case.tables["switches"].assign(closed=True)
    looped = case.with_table("switches", closed)
    assert "meshed" in refused(looped.marked_validated())
    run = planned(looped.with_table("loads", loads).marked_validated())
    assert run.summary["objective"] == pytest.approx(planned(case).summary["objective"], rel=2.0 * GAP)
    assert np.isnan(run.summary["objective_before"])
    assert run.certificate.verdict == "certified"


def test_a_feeder_without_candidates() -> None:
    """Nothing to build, only lines to open: as good as the tree of least losses that is proven elsewhere."""
    case = meshed(1)
    bare = {name: case.tables[name].iloc[:0] for name in case.tables if name.endswith("_candidates")}
    every = {"switch": ["s-L4"], "line": ["L4"], "closed": True}
    only = replace(case, tables={**case.tables, **bare}).with_rows("switches", every).marked_validated()
    run = planned(only)
    least = gp.reconfigure(only)
    price = float(only.column("interfaces", "price_per_mwh")[0])
    demand = float(only.series("loads", "p_mw").sum())
    assert run.summary["objective"] == pytest.approx(8760.0 * price * (demand + least.loss_mwh), rel=1e-6)
    table = run.table("switching")
    assert sorted(table["line"][~table["closed"]]) == sorted(least.open_lines)


def test_scip_finds_the_same_tree() -> None:
    ours, its = (planned(meshed(0), gap=1e-5, method=method) for method in ("benders", "scip"))
    assert its.summary["objective"] == pytest.approx(ours.summary["objective"], rel=2e-5)
    assert its.certificate.verdict in ("certified", "approximate")


def ring(switches: list[str], **more: Any) -> Case:
    """Buses 1 to 4 in a ring of lines A to D, and a spur; switches in some lines, only that of D open; no customers."""
    ends = {"A": ("1", "2"), "B": ("2", "3"), "C": ("3", "4"), "D": ("4", "1"), "E": ("4", "5")}
    tables: dict[str, Any] = {
        "buses": [bus(str(k)) for k in range(1, 6)],
        "lines": [line(name, *pair, max_i_ka=0.4) for name, pair in ends.items()],
        "switches": [{"switch": name, "line": name, "closed": name != "D"} for name in switches],
        "interfaces": [interface()],
        "loads": [load(str(k), 0.2) for k in range(2, 6)],
    }
    return district(**(tables | more))


def test_what_no_switch_can_make_radial_is_told() -> None:
    looped = ring(["D"], lines=[*ring(["D"]).tables["lines"].to_dict("records"), line("F", "2", "3", max_i_ka=0.4)])
    assert "lines without a switch form a loop" in refused(looped)
    twice = ring(["D"], interfaces=[interface(), {**interface(), "interface": "other", "bus": "3"}])
    assert "interfaces hang together through branches without a switch" in refused(twice)
    unit = {"generator": "G", "bus": "6", "min_p_mw": 0.0, "max_p_mw": 1.0, "slack": True}
    alone = ring(["D"], buses=[bus(str(k)) for k in range(1, 7)], generators=[unit])
    assert "every bus needs a way to an interface; none leads to 6" in refused(alone)


def test_units_that_are_switched_are_refused() -> None:
    unit = {"generator": "G", "bus": "3", "min_p_mw": 0.1, "max_p_mw": 1.0, "committable": True}
    assert "continuous programs" in refused(ring(["D", "B"], generators=[unit]))


def test_lines_without_a_switch_stay_as_they_are() -> None:
    """Only B and D have one: of both exactly one is closed, and losses say which."""
    run = planned(ring(["B", "D"]))
    assert run.table("switching")["line"].tolist() == ["B", "D"]
    least = min(cost(ring(["B", "D"]), {}, {"B": b, "D": not b}) for b in (True, False))
    assert run.summary["objective"] == pytest.approx(least, rel=2.0 * GAP)
    assert run.table("switching")["closed"].sum() == 1


def test_the_report_says_which_lines_change(tmp_path: Path) -> None:
    run = planned(days(1), typical_days=1, extreme_days=False, out=tmp_path / "out")
    table = run.table("switching")
    opened, closed = (
        table["line"][table["closed"] == state][table["closed_before"] != state] for state in (False, True)
    )
    words = f"ines opened: {' '.join(opened)}, closed: {' '.join(closed)}"
    assert len(opened) == 2
    assert words in str(run)
    assert words in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    planned(meshed(1), out=tmp_path / "constant")  # one hour, of which no profile is drawn
    assert "ines opened" in (tmp_path / "constant" / "report.html").read_text(encoding="utf-8")
