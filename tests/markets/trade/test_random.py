"""Random markets of up to four microgrids: certified and central whatever their devices, limits, fees, fallbacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from tests.districts import interface
from tests.markets.trade.small import METHODS, star, unit

STORAGE = {
    "energy_mwh": 0.6, "charge_mw": 0.3, "discharge_mw": 0.3, "efficiency_charge": 0.92, "efficiency_discharge": 0.92,
    "initial_mwh": 0.2, "wear_cost_per_mwh": 1.0,
}  # fmt: skip
Rows = list[dict[str, Any]]


def random_market(seed: int) -> Case:
    """A star in up to three hours; loads may stay unserved, so that everybody can be on its own."""
    random = np.random.default_rng(seed)
    count, steps = int(random.integers(1, 5)), int(random.integers(1, 4))
    tables: dict[str, Rows] = {name: [] for name in ("loads", "unserved", "generators", "storages", "renewables")}
    for k in range(count):
        _stand(tables, random, str(k), {"bus": str(k + 2)})
    members = [_trading(random) for _ in range(count)]
    columns = {name for row in members for name in row}
    operator = {
        "operator": "dso",
        "role": str(random.choice(["fee_only", "party"])),
        "fee_kind": str(random.choice(["transfer", "cost"])),
        "grid_fee_per_mwh": float(random.choice([0.0, 3.0, 8.0])),
        "pair_fee_per_mwh": float(random.choice([0.0, 2.0, 20.0])),
    }
    ratio = float(random.choice([1.0, 0.9, 0.5]))
    return star(
        tuple(random.uniform(0.1, 1.0, count)),
        {"interfaces/grid/price_per_mwh": random.uniform(10.0, 90.0, steps).round(2).tolist()},
        [{name: row.get(name, "") for name in columns} for row in members],
        steps=steps,
        network_operator=[operator],
        interfaces=[interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=ratio)],
        **{name: rows for name, rows in tables.items() if rows},
    )


def _stand(tables: dict[str, Rows], random: np.random.Generator, name: str, at: dict[str, str]) -> None:
    """Devices of one of them."""
    own = {"p_mw": float(random.uniform(0.1, 1.2)), "q_mvar": float(random.choice([0.0, 0.2]))}
    tables["loads"].append({"load": f"l{name}", **at, **own})
    tables["unserved"].append({"load": f"l{name}", "price_per_mwh": 500.0})
    if random.random() < 0.7:
        reactive = {"min_q_mvar": -0.3, "max_q_mvar": 0.3} if random.random() < 0.3 else {}
        square = float(random.choice([0.0, 0.0, 5.0, 20.0]))
        tables["generators"].append(unit(f"g{name}", at["bus"], float(random.uniform(10.0, 80.0)), square, **reactive))
    if random.random() < 0.4:
        tables["storages"].append({"storage": f"s{name}", **at, **STORAGE})
    if random.random() < 0.4:
        sun = float(random.uniform(0.0, 1.5))
        tables["renewables"].append({"renewable": f"r{name}", **at, "kind": "pv", "p_mw": sun})


def _trading(random: np.random.Generator) -> dict[str, Any]:
    """Limits, fallback and weight."""
    row: dict[str, Any] = {"weight": float(random.choice([1.0, 2.0, 5.0]))}
    row |= {"max_sell_mw": float(random.choice([0.1, 0.3, 0.0]))} if random.random() < 0.3 else {}
    row |= {"max_buy_mw": float(random.choice([0.2, 0.5]))} if random.random() < 0.3 else {}
    row["disagreement"] = str(random.choice(["islanded", "tariff", "given"]))
    if row["disagreement"] == "tariff":
        row |= {"tariff_buy_per_mwh": 90.0, "tariff_sell_per_mwh": 10.0}
    if row["disagreement"] == "given":
        row |= {"disagreement_cost": float(random.uniform(50.0, 150.0))}
    return row


def holds(seed: int, method: str) -> None:
    run = gp.trade(random_market(seed), method=method, coalitions="none")
    assert run.certificate.failures() == []
    assert run.summary["verdict"] == "certified"
    assert abs(run.summary["central_gap"]) <= 1e-5
    bargaining, sheet = run.table("bargaining"), run.table("sheet")
    assert bargaining["receipt_cents"].sum() == 0 and sheet["total_cents"].sum() == 0
    assert (bargaining["gain_exact"] >= 0.0).all()
    assert run.summary["deal"] == bool(bargaining["gain"].any())


@pytest.mark.parametrize("seed", range(2))
def test_a_few(seed: int) -> None:
    holds(seed, METHODS[seed % 3])


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(2, 65))
@pytest.mark.parametrize("method", METHODS)
def test_many(method: str, seed: int) -> None:
    holds(seed, method)
