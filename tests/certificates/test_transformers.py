"""Clearings with a transformer station: certified as they are, refused as soon as something is spoiled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.results.record import Record
from tests.certificates.cases import line_columns, made_case, transformer_columns
from tests.certificates.spoil import check, failed, with_case_column, with_cells, with_table

OHM = 0.4**2 / 0.4
FORMULATIONS = ("soc", "lindistflow", "dc")


def station_case(iron: float = 0.002) -> Case:
    """A 20 kV line, a transformer of 0.42 MVA with an iron loss and its tap at 0.97, a 0.4 kV line with a generator.

    In the second step the demand is more than the transformer brings.
    """
    columns = transformer_columns((("b", "c"), 0.012 * OHM, 0.05 * OHM, iron / OHM, -0.004 / OHM, 0.97))
    transformers = {**columns, "max_s_mva": [0.42]}
    return made_case(
        steps=2,
        step_minutes=30.0,
        profiles={"loads/town/p_mw": [0.3, 0.5]},
        buses={"bus": list("abcd"), "vn_kv": [20.0, 20.0, 0.4, 0.4], "vm_min_pu": [0.9] * 4, "vm_max_pu": [1.1] * 4},
        lines=line_columns([("a", "b"), ("d", "c")], [0.75, 0.004], [0.36, 0.003], [750.0, 0.0]),
        transformers=transformers,
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.02], "price_per_mwh": [50.0], "sell_ratio": [0.9]},
        generators={
            "generator": ["gas"],
            "bus": ["d"],
            "max_p_mw": [0.4],
            "min_q_mvar": [-0.05],
            "max_q_mvar": [0.05],
            "cost_per_mwh": [80.0],
            "cost_per_mw2h": [30.0],
        },
        loads={"load": ["town"], "bus": ["d"], "p_mw": [0.3], "q_mvar": [0.1]},
    )


@pytest.fixture(scope="module", params=FORMULATIONS)
def station(request: pytest.FixtureRequest) -> Record:
    iron = 0.0 if request.param == "dc" else 0.002
    return clear(station_case(iron), formulation=request.param, price_probes=3).record


@pytest.fixture(scope="module")
def exact() -> Record:
    return clear(station_case(), price_probes=3).record


def test_a_station_passes_in_every_formulation(station: Record) -> None:
    certificate = certify(station)
    assert failed(certificate) == set()
    assert certificate["verdict"] == ("certified" if station.settings["formulation"] == "soc" else "approximate")
    assert check(certificate, "price_probes")["required"]


def test_the_full_transformer_parts_the_prices(station: Record) -> None:
    """The limit holds on one side 50 (and losses), on the other what the generator costs at its margin."""
    prices = station.tables["electricity_prices"]
    step = prices[prices["snapshot"] == station.case.snapshots[1]].set_index("bus")
    gas = station.tables["dispatch"].query("device == 'gas'")["p_mw"].iloc[1]
    assert step.loc["d", "price_per_mwh"] == pytest.approx(80.0 + 60.0 * gas, rel=1e-4)
    assert step.loc["b", "congestion_per_mwh"] == pytest.approx(0.0, abs=0.1)
    assert step.loc["c", "congestion_per_mwh"] > 30.0
    limit = station.tables["limits"].query("constraint == 'transformers/max_s_mva'")
    assert set(limit["component"]) == {"b-c"}


def test_losses_contain_those_of_the_iron(exact: Record) -> None:
    """0.002 of 0.4 MVA at nominal voltage, half of it behind the ratio; the rest is the current's."""
    voltage = exact.tables["buses"].pivot(index="bus", columns="snapshot", values="vm_pu")
    iron = 0.4 * 0.002 / 2.0 * ((voltage.loc["b"] / 0.97) ** 2 + voltage.loc["c"] ** 2)
    loss = exact.tables["branches"].query("branch == 'b-c'")["loss_mw"]
    assert (loss.to_numpy() > iron.to_numpy()).all()
    assert (loss.to_numpy() < iron.to_numpy() + 0.012 * 0.4 * 1.2**2).all()
    np.testing.assert_allclose(iron, 0.4 * 0.002 * 1.06, rtol=0.05)


Spoil = Callable[[Record], Record]


def of_unit(column: str, value: float) -> Spoil:
    """Another transformer in the case."""
    return lambda record: with_case_column(record, "transformers", column, value)


def told(table: str, column: str, change: Callable[[Any], Any]) -> Spoil:
    """Another number in the transformer's rows of a table."""
    key = "component" if table == "limits" else "branch"
    return lambda record: with_cells(record, table, column, change, **{key: "b-c"})


def lost(record: Record) -> Record:
    return with_table(record, "branches", record.tables["branches"].query("branch != 'b-c'"))


IRON = of_unit("g_us", 0.0021 / OHM * 1e6)
MAGNETISING = of_unit("b_us", -0.0041 / OHM * 1e6)
SPOILS: list[tuple[str, str, Spoil]] = [
    ("complete", "a lost transformer", lost),
    ("complete", "no impedance", lambda r: of_unit("r_ohm", 0.0)(of_unit("x_ohm", 0.0)(r))),
    ("finite", "no loading", told("branches", "loading_percent", lambda v: v * np.nan)),
    ("tables_match_solution", "a flow", told("branches", "p_mw", lambda v: v + 1e-5)),
    ("tables_agree", "a loss", told("branches", "loss_mw", lambda v: v + 1e-5)),
    ("tables_agree", "a current", told("branches", "i_ka", lambda v: v * 1.001)),
    ("tables_agree", "a loading", told("branches", "loading_percent", lambda v: v - 0.1)),
    ("tables_agree", "the iron", IRON),
    ("active_balance", "the iron", IRON),
    ("current_limits", "the rating", of_unit("max_s_mva", 0.419)),
    ("limit_multipliers", "a wider rating", of_unit("max_s_mva", 0.43)),
    ("limit_multipliers", "an unknown end", told("limits", "end", lambda v: "middle")),
    ("price_parts", "a multiplier", told("limits", "multiplier", lambda v: v * 1.01)),
]
FULL_PHYSICS: list[tuple[str, str, Spoil]] = [
    ("complete", "a loop", of_unit("from_bus", "d")),
    ("cone_gap", "the ratio", of_unit("ratio", 0.98)),
    ("reactive_balance", "the magnetising", MAGNETISING),
    ("ac_voltages", "the ratio", of_unit("ratio", 0.9701)),
    ("ac_losses", "a resistance", of_unit("r_ohm", 0.0121 * OHM)),
    ("ac_flows", "the magnetising", MAGNETISING),
    ("ac_root_import", "the iron", IRON),
]


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in SPOILS])
def test_a_spoiled_station_is_refused(station: Record, name: str, spoil: Spoil) -> None:
    assert name in failed(certify(spoil(station)))


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in FULL_PHYSICS])
def test_the_physics_of_a_spoiled_station_is_refused(exact: Record, name: str, spoil: Spoil) -> None:
    assert name in failed(certify(spoil(exact)))


@pytest.mark.parametrize("formulation", ["lindistflow", "dc"])
def test_the_ratio_is_part_of_the_linear_power_flow(formulation: str) -> None:
    """It sets the voltages, and in a loop how much takes which way."""
    case = looped_case() if formulation == "dc" else station_case()
    record = clear(case, formulation=formulation, price_probes=0).record
    assert failed(certify(record)) == set()
    assert "linear_power_flow" in failed(certify(of_unit("ratio", 0.96)(record)))


def looped_case() -> Case:
    """A line and a transformer of equal reactance between two buses, demand at the far one."""
    return made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.9] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [0.0], [1.0]),
        transformers=transformer_columns((("b", "a"), 0.0, 1.0, 0.0, 0.0, 1.04)),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [50.0]},
        loads={"load": ["town"], "bus": ["b"], "p_mw": [1.0]},
    )


def test_an_idle_station_promises_a_surplus_only_where_its_idle_voltages_fit() -> None:
    """Without any shunt: 1.02 / 0.97 = 1.0515 p.u. behind the transformer, within 1.1 and beyond 1.05."""
    case = station_case()
    case = case.with_table("transformers", case.tables["transformers"].assign(g_us=0.0, b_us=0.0))
    case = case.with_table("lines", case.tables["lines"].assign(c_nf_per_km=0.0))
    record = clear(case, price_probes=0).record
    assert check(certify(record), "merchandising_surplus")["passed"]
    tight = with_case_column(record, "buses", "vm_max_pu", 1.05)
    assert "merchandising_surplus" not in {entry["name"] for entry in certify(tight)["checks"]}
