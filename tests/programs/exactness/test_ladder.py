"""The ladder on days: independent hours, hours coupled by storage, and all hard districts against known costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.programs.blocks import blocks
from gridpact.programs.exactness.held import coupling_columns, held_form
from gridpact.programs.exactness.ladder import Repaired, repair
from gridpact.programs.exactness.point import kkt_residual
from tests.districts import random_feeder
from tests.hard import hard_case, settings
from tests.hard_reference import expected
from tests.programs.exactness.posing import Posed, posed

TIGHT = 1e-6


def hard(name: str) -> Posed:
    return posed(hard_case(next(setting for setting in settings() if setting.name == name)))


def dearer(repaired: Repaired, known: Mapping[str, Any]) -> float:
    """How much dearer than the best known non-linear point, as a share of cost or purchases."""
    value = max(abs(known["best_cost"]), known["purchases"], 1e-9)
    return float((repaired.cost - known["best_cost"]) / value)


def check_exact(case: Posed, repaired: Repaired) -> None:
    form, x = repaired.form, repaired.x
    assert repaired.status == "exact"
    assert repaired.z is not None
    assert repaired.multipliers is not None
    assert np.abs(repaired.gaps).max() <= TIGHT
    assert kkt_residual(form, x, form.b - form.A @ x, repaired.z) == repaired.kkt_residual <= 1e-6
    assert case.form.cost(x) == pytest.approx(repaired.cost)


def test_a_day_of_independent_hours() -> None:
    name = "ieee33-18-flat"
    case = hard(name)
    repaired = case.repaired()
    check_exact(case, repaired)
    assert len(repaired.remedies) == 24
    assert set(repaired.remedies) == {"none", "sequential"}, "hours that are exact already are left alone"
    assert dearer(repaired, expected()[name]) <= 1e-5


def test_a_day_coupled_by_storage() -> None:
    name = "ieee33-21-negative"
    case = hard(name)
    repaired = case.repaired()
    check_exact(case, repaired)
    assert len(repaired.remedies) == 1
    assert dearer(repaired, expected()[name]) <= 1e-3


def test_an_exact_relaxation_is_returned_as_it_is() -> None:
    case = posed(random_feeder(3))
    repaired = case.repaired()
    check_exact(case, repaired)
    assert repaired.cost == pytest.approx(case.relaxed.cost, rel=1e-7)
    assert repaired.multipliers == pytest.approx(case.relaxed.z, abs=1e-3)


def test_a_given_point_is_a_start() -> None:
    """The point of another remedy, handed in: polished in two solves, and as cheap as what all starts find."""
    case = hard("ieee33-10-cap")
    start = case.repaired(("cuts",))
    whole = case.repaired()
    given = repair(case.form, case.rows, case.relaxed, case.groups, case.weights, ("sequential",), [start.x])
    check_exact(case, given)
    assert given.cost == pytest.approx(whole.cost, rel=1e-6)


def test_an_unknown_remedy_is_refused() -> None:
    with pytest.raises(InputError, match="prayer"):
        posed(random_feeder(0)).repaired(("prayer",))


def test_coupling_is_what_storage_links() -> None:
    """The battery's energies are held, and its powers where they link two of them; what is left falls into hours."""
    case = posed(random_feeder(0, steps=4))
    tight, columns = case.tight, case.form.columns
    held = coupling_columns(tight, case.groups.ravel())
    storage = {name: columns[name] for name in ("charge", "discharge", "energy")}
    assert held[storage["energy"]].all()
    assert held.sum() == sum(held[numbers].sum() for numbers in storage.values())
    block = held_form(case.form, case.relaxed.x, held)
    assert len(blocks(case.form)) == 1
    assert len(blocks(block.form)) == 4


def test_a_held_program_keeps_cost_and_slack() -> None:
    case = posed(random_feeder(1, steps=3))
    x = case.relaxed.x
    block = held_form(case.form, x, coupling_columns(case.tight, case.groups.ravel()))
    assert block.form.cost(x[block.columns]) == pytest.approx(case.form.cost(x))
    slack = case.form.b - case.form.A @ x
    assert block.form.b - block.form.A @ x[block.columns] == pytest.approx(slack[block.rows])
    assert sum(size for _, size in block.form.cones) == block.rows.size


@pytest.mark.campaign
def test_all_hard_districts_against_the_best_known_costs() -> None:
    """Nine in ten within 0.1 % of the best of many Ipopt starts, all within 2 %; no price where there is no point."""
    shares = []
    for name, known in expected().items():
        if known["relaxed_cost"] is None:
            continue  # even the relaxation has no point
        case = hard(name)
        repaired = case.repaired()
        if known["status"] == "solved":
            check_exact(case, repaired)
            shares.append(dearer(repaired, known))
        else:
            assert repaired.status == "open"
            assert repaired.z is None
    assert len(shares) >= 40
    assert np.mean(np.array(shares) <= 1e-3) >= 0.9
    assert max(shares) <= 0.02
