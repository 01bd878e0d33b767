"""How far an approximation is from alternating current, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gridpact.report.distance import from_ac, short_times
from gridpact.report.html import render
from gridpact.results.record import Record
from tests.report.synthetic import certificate, make_case, make_record


def check(name: str, value: float | None, where: str) -> dict[str, Any]:
    own = {"name": name, "required": False, "passed": False, "value": value, "tolerance": 1e-6, "where": where}
    return own | {"description": "shown only"}


def approximate(losses: float | None = 0.02) -> Record:
    """0.02 per unit of 10 MVA is 0.2 MW; in quarter hours 0.05 MWh a step and at most 0.4 MWh in eight."""
    document = certificate("approximate")
    document["checks"] = [
        document["checks"][0],
        check("ac_voltages", 0.00412, "bus b4, 2026-06-01T00:15:00+02:00"),
        check("ac_losses", losses, "all branches, 2026-06-01T01:00:00+02:00"),
    ]
    record = make_record(make_case(6, 8, minutes=15.0), document)
    return replace(record, solution={"base_mva": np.array(10.0)})


def test_errors_are_told_in_units_that_readers_know() -> None:
    assert from_ac(approximate()) == (
        "An AC power flow of the same injections gives voltages that differ by up to 0.0041 p.u. (bus b4, 00:15) and "
        "total losses that differ by up to 0.200 MW (01:00), 0.050 MWh in that step, at most 0.40 MWh over the horizon."
    )


def test_without_a_solution_of_the_power_flow_this_is_said() -> None:
    for value in (None, float("nan")):
        assert "has no solution" in from_ac(approximate(losses=value))


def test_stands_in_the_banner_of_approximate_runs_alone() -> None:
    page = render(approximate())
    assert page.index("0.0041 p.u.") < page.index("Summary")
    assert "An AC power flow" not in render(make_record())


def test_times_of_places_are_short_and_local() -> None:
    case = make_case(3, 24)
    assert short_times("bus <b1>, 2026-06-01T10:00:00+00:00", case) == "bus <b1>, 12:00"
    assert short_times("row 7", case) == "row 7"
