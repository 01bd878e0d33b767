"""Owners that keep their data to themselves come to the same plan as one hand, and tell only what they declared."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.coordination.party import UndeclaredError
from gridpact.coordination.transport import InProcess
from gridpact.planning.together.apart import Apart, UpperApart, in_one_process, in_turn_apart
from gridpact.planning.together.game import Trades
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.public import public_plan
from gridpact.planning.together.schemes import Found, benders, in_turn
from gridpact.planning.together.search import searched_apart
from gridpact.planning.together.words import DUALS, REVEAL
from tests.planning.together.conftest import Fresh

Floats = NDArray[np.float64]
GAP = 1e-6


def of(joint: Joint, start: Floats) -> Apart:
    return Apart(public_plan(joint), in_one_process(joint, start, GAP, seed=0), "atc", derived=False)


def desk(at: Apart) -> InProcess:
    assert isinstance(at.transport, InProcess)
    return at.transport


@pytest.fixture(scope="module")
def turned(joint: Joint, start: Floats) -> tuple[Apart, Found]:
    at = of(joint, start)
    *_, found = in_turn_apart(at)
    return at, found


def test_in_turn_apart_ends_where_one_hand_does(turned: tuple[Apart, Found], fresh: Fresh, start: Floats) -> None:
    *_, known = in_turn(fresh(), start)
    found = turned[1]
    np.testing.assert_array_equal(found.units, known.units)
    assert found.cost == pytest.approx(known.cost, rel=2e-6)


def test_the_master_apart_finds_what_one_hand_does(joint: Joint, fresh: Fresh, start: Floats) -> None:
    public = public_plan(joint)
    trades = Trades(public.master, UpperApart(of(joint, start)), public.core)
    *_, found = benders(trades, start, 1e-4, 600.0)
    *_, known = benders(fresh(), start, 1e-4, 600.0)
    assert found.cost == pytest.approx(known.cost, rel=1e-4)
    assert found.lower <= known.cost * (1.0 + 1e-6)
    assert found.lower >= found.cost * (1.0 - 1e-4) - 1e-9


def test_all_trades_are_counted_once(joint: Joint, start: Floats) -> None:
    """Those of owners in turn, and those of the master of all after them."""
    at = of(joint, start)
    found = searched_apart(at, start, "in_turn", 1e-2, 600.0, lambda _: None)
    assert len(found.legs) == 2
    assert found.legs[0].solves < found.legs[1].solves == at.heard


def test_what_leaves_is_what_was_declared(turned: tuple[Apart, Found], joint: Joint) -> None:
    """In turn: trades, accept or reject, sums under masks and, at the end, what is built. No dual, no cost."""
    sent = {(row["sender"], row["kind"], row["quantity"]) for row in desk(turned[0]).ledger.rows() if row["numbers"]}
    for name in joint.owners.names:
        own = {(kind, quantity) for sender, kind, quantity in sent if sender == name}
        allowed = {("answer", "exchange"), ("flag", "flag"), ("mask", "mask"), ("masked_benefit", "masked_benefit")}
        assert own <= allowed | {("reveal", "units")}
    assert not any(kind == DUALS for _, kind, _ in sent)


def test_no_cost_of_building_is_in_any_message(turned: tuple[Apart, Found], joint: Joint) -> None:
    """The cost of every candidate, in a year and in all: nothing that crossed holds one of them."""
    candidates, ledger = joint.problem.candidates, desk(turned[0]).ledger
    assert len(ledger) > 100
    for secret in (*candidates.annual, *candidates.investment, *candidates.capex):
        assert not ledger.contains(float(secret))
    assert ledger.contains(1.0)  # who looks finds: a flag


def test_an_owner_tells_its_design_only_as_declared(joint: Joint, start: Floats) -> None:
    at = of(joint, start)
    door = desk(at)._doors[joint.owners.names[0]]
    door.party.disclosures = tuple(one for one in door.party.disclosures if one.kind != REVEAL)
    with pytest.raises(UndeclaredError):
        at.ask(0, REVEAL)


def test_capacities_asked_for_are_built(joint: Joint, start: Floats) -> None:
    """A master that asks for a design gets the trade of that design, not of the one that stands."""
    at, units = of(joint, start), np.ones_like(start)
    known = UpperApart(at)(units)
    again = UpperApart(of(joint, units))(units)
    np.testing.assert_allclose(known.priced.costs, again.priced.costs, rtol=1e-6)
    assert (known.priced.costs != UpperApart(of(joint, start))(start).priced.costs).all()
