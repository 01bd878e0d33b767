"""Are pass-through prices what they are called, and the payments that make participants whole what those leave open?

    pass-through price = supporting price - (root price - LMP) x d(import)/d(demand)

with the response of the import from the judges' own Jacobian of the alternating-current network. Profits at these
prices, and what would be the best there, are those that the judges of participants find.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.certificates.acflow import cleared_flow
from gridpact.certificates.acresponse import ac_worth
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.records import district_record, interface_rows, of_connections
from gridpact.certificates.grid import Grid, read_grid
from gridpact.certificates.participants import gains
from gridpact.certificates.response import Weights
from gridpact.results.record import Record

Floats = NDArray[np.float64]
# Whoever asks no price has no cost to cover: its bill is no loss.
WITHOUT_OFFER = ("load", "heat_load")
TOLERANCE = 1e-5


def passing_checks(record: Record) -> list[Check]:
    """Prices passed through to the buses, and what they leave of cost and of wishes."""
    district = district_record(record)
    return [_passed_on(record, Evidence(district)), _whole(record, district)]


def _passed_on(record: Record, evidence: Evidence) -> Check:
    """The table against the wedge times the response of the import to demand at every bus."""
    told, supporting = (
        record.tables["pass_through_prices"][name].to_numpy(dtype=np.float64).reshape(record.case.steps, -1).T
        for name in ("price_per_mwh", "supporting_per_mwh")
    )
    price, buses = evidence.table("electricity_prices", "price_per_mwh"), record.case.ids("buses")
    grid = read_grid(evidence.case, evidence.base_mva)
    passed = price - _wedge(record, price, grid)[grid.area] * _response(evidence, grid)
    scale = 1.0 + np.abs(price)
    text = "Pass-through prices are supporting ones less the wedge times the response of the import; relative."
    measures = [
        Measure("price at bus", buses, np.abs(told - passed) / scale),
        Measure("supporting price at bus", buses, np.abs(supporting - price) / scale),
    ]
    return worst("passed_on", text, TOLERANCE, measures, evidence.instants, required=evidence.is_physics)


def _wedge(record: Record, price: Floats, grid: Grid) -> Floats:
    """Root price less the LMP at every reference, zero without a connection; (references, steps)."""
    bus = record.case.positions("interfaces", "bus")[interface_rows(record)]
    at_bus = np.zeros_like(price)
    at_bus[bus] = price[bus] - of_connections(record, "lmp_per_mwh")
    wedge: Floats = at_bus[grid.references]
    return wedge


def _response(evidence: Evidence, grid: Grid) -> Floats:
    """d(import)/d(demand) at every bus, (buses, steps)."""
    roots, steps, m = grid.references.size, evidence.case.steps, grid.branches.size
    none, flows = np.zeros((roots, steps)), np.zeros((m, steps))
    weights = Weights(np.ones_like(none), none, np.zeros((grid.buses, steps)), flows, flows)
    response: Floats = 1.0 + ac_worth(grid, cleared_flow(evidence, grid).voltage, weights).loss
    return response


def _whole(record: Record, district: Record) -> Check:
    """Everybody's profit at the pass-through prices, what is lacking of it, and what another choice would bring."""
    passed = record.tables["pass_through_prices"]["price_per_mwh"].to_numpy(dtype=np.float64)
    priced = district.tables["electricity_prices"].assign(price_per_mwh=passed)
    own = _own_table(replace(district, tables={**district.tables, "electricity_prices": priced}))
    table = record.tables["make_whole"]
    text = "Profits, make-whole payments and lost opportunities at the pass-through prices, in currency or relative."
    names = own["participant"].tolist()
    if len(table) != len(own) or any(table[name].tolist() != own[name].tolist() for name in ("participant", "kind")):
        return Check("made_whole", True, float("inf"), TOLERANCE, "participants", text)
    measures = [
        Measure(name, names, _off(table[name].to_numpy(dtype=np.float64), own[name].to_numpy(dtype=np.float64)))
        for name in ("profit", "make_whole", "lost_opportunity")
    ]
    return worst("made_whole", text, TOLERANCE, measures)


def _own_table(record: Record) -> pd.DataFrame:
    rows = [
        (name, kind, profit, 0.0 if kind in WITHOUT_OFFER else max(0.0, -profit), max(0.0, best - profit))
        for kind, names, profits, bests in gains(Evidence(record))
        if kind != "interface"
        for name, profit, best in zip(names, profits.tolist(), bests.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["participant", "kind", "profit", "make_whole", "lost_opportunity"])


def _off(told: Floats, own: Floats) -> Floats:
    """Difference relative to the amount; an amount below one is measured in currency."""
    difference: Floats = np.abs(told - own) / np.maximum(1.0, np.abs(own))
    return difference
