"""Laws of a joint plan: nothing depends on the order of owners or on the unit of money, nor on who has nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.coordination.ledger import Ledger
from gridpact.markets.trade.deal import How
from gridpact.planning.together.operation import operation
from gridpact.planning.together.search import searched
from gridpact.planning.together.sharing import shared, weighed
from tests.planning.together.conftest import alone_of, game_of, joint_case, small_case


@dataclass(frozen=True)
class Outcome:
    """What is built, what a year costs, and gains, receipts and cents by owner."""

    design: dict[str, int]
    cost: float
    surplus: float
    gains: dict[str, float]
    receipts: dict[str, float]
    cents: dict[str, int]


def outcome(case: Case, rule: str = "given") -> Outcome:
    joint = joint_case(require_valid(case))
    own, game = alone_of(joint), game_of(joint)
    found = searched(game, joint.problem.point(own.plan), "in_turn", 1e-5, 600.0, lambda _: None)
    plan = joint.problem.plan(found.units)
    done = operation(joint, plan.built(joint.problem.days.case), How("central"))
    two = shared(joint, own, weighed(joint, own, rule), found.units, done, Ledger(), 0)
    names = joint.owners.names
    return Outcome(
        plan.units,
        found.cost,
        two.surplus,
        dict(zip(names, two.gains.tolist(), strict=True)),
        dict(zip(names, two.receipts.tolist(), strict=True)),
        dict(zip(names, two.cents.tolist(), strict=True)),
    )


@pytest.fixture(scope="module")
def known() -> Outcome:
    return outcome(small_case(), "stand_alone")


def test_gains_are_as_weights_and_cents_add_up(known: Outcome) -> None:
    assert known.surplus > 0.0
    assert sum(known.cents.values()) == 0
    assert sum(known.gains.values()) == pytest.approx(known.surplus, rel=1e-9)
    assert min(known.gains.values()) > 0.0
    for name, receipt in known.receipts.items():
        assert abs(known.cents[name] - 100.0 * receipt) <= 1.0


def test_the_order_of_owners_changes_nothing(known: Outcome) -> None:
    case = small_case()
    turned = {
        name: case.tables[name].iloc[::-1].reset_index(drop=True)
        for name in ("microgrids", "storage_candidates", "renewable_candidates")
    }
    for name, table in turned.items():
        case = case.with_table(name, table)
    found = outcome(case, "stand_alone")
    assert found.design == known.design
    assert found.cost == pytest.approx(known.cost, rel=1e-7)
    for name, receipt in known.receipts.items():
        assert found.receipts[name] == pytest.approx(receipt, abs=1e-4 * abs(known.surplus))


MONEY = {
    "interfaces": ("price_per_mwh",),
    "generators": ("cost_per_mwh", "cost_per_mw2h"),
    "storages": ("wear_cost_per_mwh",),
    "storage_candidates": ("wear_cost_per_mwh", "investment", "maintenance_per_year"),
    "renewable_candidates": ("investment", "maintenance_per_year", "cost_per_mwh"),
    "line_candidates": ("investment", "maintenance_per_year"),
    "microgrids": ("tariff_buy_per_mwh", "tariff_sell_per_mwh"),
    "network_operator": ("grid_fee_per_mwh", "pair_fee_per_mwh"),
}


def test_the_unit_of_money_changes_money_alone(known: Outcome) -> None:
    case, factor = small_case(), 7.5
    for table, columns in MONEY.items():
        frame = case.tables[table]
        case = case.with_table(table, frame.assign(**{name: factor * frame[name] for name in columns}))
    dear = {name: factor * case.profiles[name] for name in case.profiles.columns if name.endswith("_per_mwh")}
    found = outcome(case.with_profiles({name: row.to_numpy() for name, row in dear.items()}), "stand_alone")
    assert found.design == known.design
    assert found.cost == pytest.approx(factor * known.cost, rel=1e-7)
    assert found.surplus == pytest.approx(factor * known.surplus, rel=1e-5)


def test_who_has_nothing_changes_nothing(known: Outcome) -> None:
    """A microgrid at a bus without a load: planning alone costs it nothing, so that it has no weight either."""
    case, bus = small_case(), "nowhere"
    line = {"line": "to-nowhere", "from_bus": "2", "to_bus": bus, "length_km": 0.1, "r_ohm_per_km": 0.4}
    case = case.with_rows("buses", {"bus": [bus], "vn_kv": 12.66, "vm_min_pu": 0.9, "vm_max_pu": 1.1})
    case = case.with_rows(
        "lines", {name: [value] for name, value in {**line, "x_ohm_per_km": 0.1, "max_i_ka": 0.1}.items()}
    )
    plant = {"renewable": ["calm"], "bus": bus, "kind": "wind", "p_mw": 0.0}  # who owns nothing at all is no microgrid
    case = case.with_rows("renewables", plant)
    rows = {"microgrid": ["nobody"], "bus": [bus], "disagreement": "islanded", "max_buy_mw": 0.1, "max_sell_mw": 0.1}
    found = outcome(case.with_rows("microgrids", rows), "stand_alone")
    assert found.design == known.design
    assert found.surplus == pytest.approx(known.surplus, rel=1e-6)
    assert abs(found.receipts.pop("nobody")) <= 1e-6
    for name, receipt in known.receipts.items():
        assert found.receipts[name] == pytest.approx(receipt, abs=1e-4 * abs(known.surplus))


def test_everybody_is_better_off_than_alone(known: Outcome) -> None:
    assert np.array(list(known.gains.values())).min() >= 0.0
