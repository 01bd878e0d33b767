"""Flows, pressures, temperatures and losses of cleared heat networks against pandapipes, and where they differ, why.

Both examples with steady pipes, as pandapipes has them. With the same constant water both agree to rounding; with the
water of pandapipes' library, whose properties depend on temperature, within 0.5 % (docs/validation/heat.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from tests.validation.pandapipes_twin import Twin, at, solve, water

EXAMPLES = ("barry-island", "ieee33-dhn32")
# Hours of least, of most and of a little heat.
HOURS = (3, 9, 19)
# Drop of temperature at the consumers by design: errors of temperatures are shares of it.
DROP_K = 40.0


@pytest.fixture(scope="module", params=EXAMPLES)
def run(request: pytest.FixtureRequest) -> Any:
    case = gp.examples.path(request.param) / "case"
    return gp.clear(case, heat_dynamics="steady", price_probes=0)


def differences(run: Any, step: int, **model: Any) -> dict[str, float]:
    """Largest differences: flow and pressure drop relative to the largest, temperatures to the drop, heat and loss."""
    given = water(run, step)
    twin = solve(given, **model)
    pipes, nodes = at(run, "pipes", step), at(run, "heat_nodes", step)
    flow, drop = pipes["flow_kg_per_s"].to_numpy(), pipes["pressure_drop_bar"].to_numpy()
    return {
        "flow": float(np.abs(twin.flow - flow).max() / np.abs(flow).max()),
        "pressure": float(np.abs(twin.drop - drop).max() / np.abs(drop).max()),
        "supply": float(np.abs(twin.supply - nodes["supply_degc"].to_numpy()).max() / DROP_K),
        "return": float(np.abs(twin.back - nodes["return_degc"].to_numpy()).max() / DROP_K),
        "heat": _heat(twin, given.given[given.rest], float(given.given.sum())),
        "loss": abs(twin.loss / float(pipes["loss_mw"].sum()) - 1.0),
    }


def _heat(twin: Twin, heat: float, total: float) -> float:
    return abs(twin.heat - heat) / total


@pytest.mark.parametrize("step", HOURS)
def test_the_same_water_gives_the_same_flows_temperatures_and_losses(run: Any, step: int) -> None:
    found = differences(run, step)
    assert max(found.values()) < 1e-7, found


@pytest.mark.parametrize("step", HOURS)
def test_water_that_depends_on_temperature_changes_less_than_half_a_percent(run: Any, step: int) -> None:
    found = differences(run, step, fluid="water")
    pressure = found.pop("pressure")
    assert 1e-5 < max(found.values()) < 0.005, found
    assert pressure < 0.006


def test_sections_of_pipes_change_nothing(run: Any) -> None:
    found = differences(run, HOURS[1], sections=10)
    assert max(found.values()) < 1e-7, found


@pytest.mark.parametrize(("model", "most"), [("nikuradse", 0.006), ("swamee-jain", 0.01)])
def test_other_laws_of_friction_change_pressures_and_the_flow_around_the_loop(
    run: Any, model: str, most: float
) -> None:
    found = differences(run, HOURS[1], friction_model=model)
    assert 1e-3 < found["pressure"] < most
    assert found["flow"] < 0.002
    assert max(found["supply"], found["return"], found["loss"]) < 0.002
