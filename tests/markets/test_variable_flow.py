"""Valves that hold the return temperature: flows and temperatures agree, or it says that they do not."""

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from tests.certificates.heat_cases import heat_district, random_heat_district


def held(case: Case, degrees: float) -> Case:
    return case.with_table("heat_loads", case.tables["heat_loads"].assign(return_degc=degrees))


@pytest.mark.parametrize("dynamics", ["steady", "quasi_dynamic"])
def test_valves_hold_their_temperature(dynamics: str) -> None:
    """Water = heat / (c (supply - return)) at every consumer, and what leaves it is as warm as it should be."""
    case = held(heat_district(), 45.0)
    run = gp.clear(case, heat_flow="variable", heat_dynamics=dynamics)
    assert run.certificate.verdict == "certified"
    assert run.summary["heat_flow_method"].startswith("flows and temperatures settled in ")
    nodes = run.table("heat_nodes")
    cold = nodes[nodes["node"].isin(["B", "C"])]
    assert np.abs(cold["consumer_return_degc"] - 45.0).max() < 1e-3
    assert run.table("pipes").groupby("pipe")["flow_kg_per_s"].std().min() > 1e-3


def test_constant_flow_does_not_follow_the_heat() -> None:
    run = gp.clear(held(heat_district(), 45.0), price_probes=0)
    assert run.table("pipes").groupby("pipe")["flow_kg_per_s"].std().max() < 1e-9
    assert run.summary["heat_flow_method"] == "flows by design"


def test_water_may_turn_round_where_it_passes_within_a_step() -> None:
    """A loop whose water goes either way: steady is certified, transport with delays is refused, the pipe named."""
    case = held(random_heat_district(0), 40.0)
    run = gp.clear(case, heat_flow="variable", heat_dynamics="steady")
    assert run.certificate.verdict == "certified"
    flows = run.table("pipes").groupby("pipe")["flow_kg_per_s"]
    turning = (flows.min() < 0.0) & (flows.max() > 0.0)
    assert turning.any()
    with pytest.raises(gp.InputError, match="turns round") as caught:
        gp.clear(case, heat_flow="variable")
    assert caught.value.issues[0].value in turning.index


def test_without_a_valve_nothing_is_variable() -> None:
    with pytest.raises(gp.InputError, match="no consumer has a return temperature"):
        gp.clear(heat_district(), heat_flow="variable")


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(20))
def test_random_districts_settle_or_say_so(seed: int) -> None:
    found = settled_or_said(held(random_heat_district(seed), 40.0))
    assert found in ("certified", "Flows and temperatures of the heat network did not settle")


def settled_or_said(case: Case) -> str:
    """The verdict, or the first words of why there is none."""
    try:
        return gp.clear(case, heat_flow="variable", heat_dynamics="steady").certificate.verdict
    except gp.NotConverged as error:
        return str(error).partition(" in ")[0]
