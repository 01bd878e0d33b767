"""Lies about which lines a plan opens and closes are found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gridpact.certificates.planning.plan_master import solved_master
from gridpact.certificates.planning.plan_switching import forests
from gridpact.certificates.planning.plan_view import PlanView
from gridpact.plans.study import plan
from gridpact.results.record import Record
from tests.certificates.planning.plans import failed, with_column, with_more, with_setting, with_summary
from tests.planning.investment.meshed import forests as counted_out
from tests.planning.investment.meshed import meshed


@cache
def switched() -> Record:
    """L2, L3 and L6 open, the tie closed: two lines opened, one closed, the tie built."""
    return plan(meshed(1), reconfigure=True, gap=1e-6, workers=1, year_rounds=0).record


def with_closed(*changed: str) -> Record:
    table = switched().tables["switching"]
    return with_column(switched(), "switching", "closed", table["closed"] ^ table["line"].isin(changed))


def test_what_is_as_it_was_is_certified() -> None:
    assert failed(switched()) == []


@pytest.mark.parametrize("changed", [("L2",), ("L1",), ("L2", "L3"), ("tie",)])
def test_loops_and_buses_without_supply_are_found(changed: tuple[str, ...]) -> None:
    assert "plan radial" in failed(with_closed(*changed))


def test_another_forest_is_found() -> None:
    """Its market is not that of the tables, and nobody priced it, or it was dearer."""
    own = dict(zip(switched().tables["switching"]["line"], switched().tables["switching"]["closed"], strict=True))
    for other in list(counted_out(switched().case, {"tie": 1}))[:6]:
        changed = [name for name, state in other.items() if own[name] != state]
        if changed:
            assert {"plan chosen", "plan switching", "plan network"} & set(failed(with_closed(*changed)))


def test_another_state_before_is_found() -> None:
    table = switched().tables["switching"]
    other = table["closed_before"] ^ (table["line"] == "L6")
    assert "plan switching" in failed(with_column(switched(), "switching", "closed_before", other))
    assert failed(with_summary(switched(), lines_switched=1)) == ["plan switching"]


def test_what_is_not_there_is_found() -> None:
    tables = {name: table for name, table in switched().tables.items() if name != "switching"}
    assert failed(replace(switched(), tables=tables)) == ["plan complete"]
    words = switched().tables["switching"]["closed"].astype(str).to_numpy(dtype=object)
    assert failed(with_column(switched(), "switching", "closed", words)) == ["plan complete"]
    fewer = switched().tables["switching"].iloc[1:].reset_index(drop=True)
    assert failed(replace(switched(), tables={**switched().tables, "switching": fewer})) == ["plan complete"]
    assert failed(with_setting(switched(), reconfigure=1)) == ["plan complete"]
    assert failed(with_setting(switched(), reconfigure=False)) == ["plan complete"]


def test_a_bound_too_high_is_found() -> None:
    """By 0.01 %, from forests that the judges put together themselves."""
    bound = switched().summary["objective_lower_bound"]
    last = len(switched().tables["convergence"]) - 1
    lie = with_more(
        with_summary(switched(), objective_lower_bound=1.0001 * bound), "convergence", "lower_bound", last, 1e-4 * bound
    )
    assert "plan bound" in failed(lie)


def test_a_slope_of_a_line_that_is_too_steep_is_found() -> None:
    table = switched().tables["cut_slopes"]
    of_lines = np.flatnonzero(table["candidate"].str.startswith("closed: "))
    found = [failed(with_more(switched(), "cut_slopes", "slope", int(row), 1e5)) for row in of_lines[-3:]]
    assert any("plan cuts" in names or "plan cuts at plan" in names for names in found)


def test_the_judges_know_all_forests() -> None:
    """Their rows allow as many states of the lines as there are forests; the least of their master is the plan."""
    view = PlanView(switched())
    form = forests(view)
    fixed = [np.append([0.0, 1.0], [float(state[name]) for name in view.switchable]) for state in all_of(view)]
    assert len(fixed) > 5
    assert all(np.isfinite(form.least("saifi", point)) for point in fixed)
    number = sum(np.isfinite(form.least("saifi", np.array([0.0, 1.0, *state]))) for state in np.ndindex(*(2,) * 6))
    assert number == len(fixed)
    solved, told = solved_master(view), switched().summary["objective_lower_bound"]
    assert solved.proven == pytest.approx(told, rel=1e-6)
    assert solved.optimum == pytest.approx(told, rel=1e-6)


def all_of(view: PlanView) -> list[dict[str, bool]]:
    return list(counted_out(view.record.case, {"tie": 1}))
