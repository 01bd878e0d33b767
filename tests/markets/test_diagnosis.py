"""Infeasible markets explained: the limit that was tightened is the one that is named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.diagnosis import explain
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.pool import clear_pool
from tests.districts import bus, district, interface, line, load, random_feeder, two_buses


def diagnosis(case: Case, formulation: str = "soc") -> pd.DataFrame:
    with pytest.raises(gp.InfeasibleError) as caught:
        clear_pool(case, formulation)
    return pd.DataFrame(caught.value.diagnosis)


def test_import_limit_is_named_with_the_missing_power() -> None:
    """2 MW and their losses against an import of 1.5 MW."""
    case = two_buses(interfaces=[interface(max_import_mw=1.5)])
    needed = outcome_tables(clear_pool(two_buses()))["interface"]["import_mw"].item()
    found = diagnosis(case)
    assert found[["constraint", "component", "unit"]].to_numpy().tolist() == [
        ["interfaces/max_import_mw", "grid", "MW"]
    ]
    assert found["relax_by"].item() == pytest.approx(needed - 1.5, abs=1e-4)


def test_voltage_limit_is_named_with_the_missing_voltage() -> None:
    vm = outcome_tables(clear_pool(two_buses()))["buses"]["vm_pu"].iloc[1]
    found = diagnosis(two_buses(buses=[bus("1"), bus("2", low=0.999)]))
    assert found[["constraint", "component"]].to_numpy().tolist() == [["buses/vm_min_pu", "2"]]
    assert found["relax_by"].item() == pytest.approx(vm - 0.999, abs=1e-4)


def test_line_limit_is_named_in_kiloamperes() -> None:
    i_ka = outcome_tables(clear_pool(two_buses()))["branches"]["i_ka"].item()
    found = diagnosis(two_buses(lines=[line("a", "1", "2", max_i_ka=0.05)]))
    assert found[["constraint", "component", "unit"]].to_numpy().tolist() == [["lines/max_i_ka", "a", "kA"]]
    assert found["relax_by"].item() == pytest.approx(i_ka - 0.05, abs=1e-4)


def test_transformer_limit_is_named_in_megavoltamperes() -> None:
    transformer = {"transformer": "t", "from_bus": "1", "to_bus": "2", "r_ohm": 0.1, "x_ohm": 1.0, "max_s_mva": 1.0}
    case = district(
        buses=[bus("1", vn_kv=20.0), bus("2")],
        transformers=[transformer],
        interfaces=[interface()],
        loads=[load("2", 2.0)],
    )
    found = diagnosis(case)
    assert found[["constraint", "component", "unit"]].to_numpy().tolist() == [["transformers/max_s_mva", "t", "MVA"]]
    assert found["relax_by"].item() > 1.0


def test_demand_is_named_where_no_limit_helps() -> None:
    """500 MW over a line that can carry about 5: no limit stands in the way, the demand is a thousand times off."""
    found = diagnosis(two_buses(loads=[load("2", 500.0)]))
    assert found["constraint"].tolist() == ["loads at bus/p_mw"]
    assert found["component"].tolist() == ["2"]
    assert -500.0 < found["relax_by"].item() < -400.0


def test_must_take_power_is_named_where_it_has_nowhere_to_go() -> None:
    plant = {"renewable": "w", "bus": "2", "kind": "wind", "p_mw": 3.0, "curtailable": False}
    # Without losses, for the relaxed cone would burn the surplus.
    case = two_buses(interfaces=[interface(max_export_mw=0.0)], renewables=[plant], loads=[load("2", 1.0)])
    found = diagnosis(case, "lindistflow")
    assert len(found) == 1
    assert found["constraint"].item() in ("renewables/p_mw", "interfaces/max_export_mw")
    assert abs(found["relax_by"].item()) == pytest.approx(2.0, abs=1e-4)


def test_storage_that_cannot_reach_its_final_energy() -> None:
    battery = {
        "storage": "s",
        "bus": "2",
        "energy_mwh": 4.0,
        "charge_mw": 0.5,
        "discharge_mw": 0.5,
        "efficiency_charge": 1.0,
        "efficiency_discharge": 1.0,
        "initial_mwh": 0.0,
        "final_mwh": 3.0,
    }
    found = diagnosis(two_buses(storages=[battery]))
    assert found["component"].tolist() == ["s"]
    assert found["relax_by"].abs().sum() == pytest.approx(2.5, abs=1e-3)


def test_message_speaks_of_the_worst_step() -> None:
    case = district(
        {"loads/load-2/p_mw": [1.0, 3.0, 2.0]},
        steps=3,
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2")],
        interfaces=[interface(max_import_mw=0.5)],
        loads=[load("2", 1.0)],
    )
    with pytest.raises(gp.InfeasibleError, match=r"max_import_mw of 'grid': \+2\..* at 2030-01-01T01:00.*2 more step"):
        clear_pool(case)


def test_slack_never_enters_a_result() -> None:
    """What the diagnosis relaxes is told and nothing else: the next clearing knows nothing of it."""
    case = two_buses(interfaces=[interface(max_import_mw=1.5)])
    for _ in range(2):
        assert len(diagnosis(case)) == 1


def test_unbounded_market_is_not_explained_as_infeasible() -> None:
    second = {"interface": "other", "bus": "2", "vm_pu": 1.0, "price_per_mwh": 80.0}
    case = two_buses(lines=[line("a", "1", "2", r=1e-9)], interfaces=[interface(), second])
    with pytest.raises(gp.InfeasibleError, match="without bound") as caught:
        clear_pool(case, "dc")
    assert caught.value.unbounded
    assert caught.value.diagnosis == []


def tightened(seed: int) -> Iterator[tuple[Case, str, str]]:
    """Infeasible cases made of a feasible one, each by one limit: case, constraint, component."""
    case = random_feeder(seed, buses=10, steps=3)
    tables = outcome_tables(clear_pool(case))
    random = np.random.default_rng(seed)
    lowest = tables["buses"].groupby("bus")["vm_pu"].max().drop("1")
    name = str(lowest.idxmin())
    yield _with(case, "buses", name, "vm_min_pu", min(1.09, lowest[name] + 0.03)), "buses/vm_min_pu", name
    name = str(random.choice(lowest.index))
    table = case.tables["buses"].assign(vm_min_pu=0.5)
    low = case.with_table("buses", table)
    yield _with(low, "buses", name, "vm_max_pu", lowest[name] - 0.1), "buses/vm_max_pu", name
    flows = tables["branches"].groupby("branch")["i_ka"].min()
    name = str(flows.idxmax())
    yield _with(case, "lines", name, "max_i_ka", 0.2 * flows[name]), "lines/max_i_ka", name
    least = tables["interface"]["import_mw"].min()
    yield _with(case, "interfaces", "grid", "max_import_mw", 0.2 * least), "interfaces/max_import_mw", "grid"
    yield _with(case, "interfaces", "grid", "max_q_mvar", -1.5), "interfaces/max_q_mvar", "grid"
    yield _with(case, "interfaces", "grid", "min_q_mvar", 2.5), "interfaces/min_q_mvar", "grid"
    yield _with(case, "storages", "battery", "final_mwh", 0.3, initial_mwh=0.0, charge_mw=0.02), "storages", "battery"


def _with(case: Case, table: str, name: str, column: str, value: float, **more: float) -> Case:
    rows = case.tables[table].copy()
    where = rows.iloc[:, 0] == name
    for changed, to in {column: value, **more}.items():
        rows.loc[where, changed] = to
    return case.with_table(table, rows)


def score(seeds: range) -> tuple[int, int, list[object]]:
    """Infeasible cases, how many diagnoses name the tightened limit alone, and the other ones."""
    cases, named, others = 0, 0, []
    for seed in seeds:
        for case, constraint, component in tightened(seed):
            try:
                clear_pool(case)
            except gp.InfeasibleError as error:
                cases += 1
                found = {(row["constraint"].startswith(constraint), row["component"]) for row in error.diagnosis}
                if found == {(True, component)}:
                    named += 1
                else:
                    others.append((seed, constraint, component, error.diagnosis))
    return cases, named, others


def test_tightened_limits_are_named() -> None:
    """Of at least 30 infeasible cases nine in ten name the limit that was tightened."""
    cases, named, others = score(range(6))
    assert cases >= 30
    assert named >= 0.9 * cases, others


@pytest.mark.campaign
def test_tightened_limits_are_named_in_a_campaign() -> None:
    cases, named, others = score(range(100, 140))
    assert cases >= 200
    assert named >= 0.9 * cases, others


def test_explain_is_what_the_pool_raises() -> None:
    """The explanation needs only the market, so that every mechanism can use it."""
    from gridpact.markets.cleared import Market
    from gridpact.markets.market_program import clearing_program, formulation_named, market_network
    from gridpact.programs.standard_form import compile_program

    case, soc = two_buses(interfaces=[interface(max_import_mw=1.5)]), formulation_named("soc")
    network = market_network(case, soc)
    form = compile_program(clearing_program(case, network, soc))
    assert "max_import_mw" in str(explain(Market(case, network, soc, form)))


def test_demand_in_the_wrong_unit_is_suspected() -> None:
    """2000 MW behind a line of 7 MVA: the hint compares the two."""
    case = two_buses(lines=[line("a", "1", "2", max_i_ka=0.4)], loads=[load("2", 2000.0)])
    with pytest.raises(gp.InfeasibleError, match=r"2000 MW is 289 times .* kW"):
        clear_pool(case)


def test_stepped_bank_does_not_hide_the_voltage_limit() -> None:
    """The same limit and the same amount as with a bank of any value."""
    parts = {
        "buses": [bus("1", vn_kv=20.0), bus("2", low=0.97, vn_kv=20.0)],
        "lines": [line("a", "1", "2", r=6.0, x=6.0)],
        "loads": [load("2", 2.0, 1.5)],
    }
    found = [
        diagnosis(two_buses(**parts, capacitors=[{"capacitor": "c", "bus": "2", "q_mvar": 1.0, "steps": steps}]))
        for steps in (0, 3)
    ]
    assert [table["constraint"].tolist() for table in found] == [["buses/vm_min_pu"]] * 2
    assert found[1]["relax_by"].item() == pytest.approx(found[0]["relax_by"].item(), abs=1e-5)


def test_many_components_of_one_limit_share_a_line() -> None:
    """A voltage limit that a whole feeder misses is one line, with the worst bus."""
    case = random_feeder(3, buses=12)
    tight = case.with_table("buses", case.tables["buses"].assign(vm_min_pu=[0.9] + [1.02] * 11, vm_max_pu=1.1))
    with pytest.raises(gp.InfeasibleError, match=r"buses/vm_min_pu of \d+ components, most of all"):
        clear_pool(tight)
