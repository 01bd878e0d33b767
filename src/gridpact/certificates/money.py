"""Do the payments follow from prices and powers, and sum to nothing?

Devices settle at the prices of their bus, interfaces at their own buying and selling prices, the operator of the
network keeps the rest. What it keeps is not negative if the network could also carry nothing at all: the cleared flows
maximise, at the nodal prices, the worth of what leaves the network less the worth of what enters it (duality of the
convex clearing), and zero flows are among those it could choose; so does every interface between its own prices and
the nodal one. Zero flows are feasible where no branch and no bus has a shunt or a capacitor, the voltages that the
ratios make of one lie within all limits of a component and are those its interfaces hold, and no interface must carry
reactive power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.costs import selling_price
from gridpact.certificates.evidence import DISPATCHED, HEAT_KINDS, KINDS, Evidence, heat_prices_at, prices_at
from gridpact.certificates.grid import Grid
from gridpact.certificates.linflow import linear_flow
from gridpact.certificates.tangents import is_linearised

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
HALF_CENT = 0.5
KEYS = ["kind", "participant", "carrier"]
CARRIERS = {"electricity": "p_mw", "reactive": "q_mvar"}
Due = dict[tuple[str, str, str], tuple[float, float]]


def money_checks(evidence: Evidence, grid: Grid) -> list[Check]:
    """Payments, sums, cents and, where it can be proven to be none, the operator's deficit."""
    due = _due(evidence)
    scale = max(1.0, sum(abs(payment) for _, payment in due.values()))
    checks = [_payments(evidence, due, scale), _sum(evidence, due, scale), _cents(evidence), _cent_sum(evidence)]
    # At multipliers of a non-linear network idling need not be its best choice: where energy is worth less than
    # nothing, losses earn, and the marginal ones twice as much as the average ones.
    convex = not is_linearised(evidence)
    idle = convex and _could_carry_nothing(evidence.case, grid, evidence.formulation)
    return [*checks, _surplus(due, scale)] if idle else checks


def _due(evidence: Evidence) -> Due:
    """Energy and payment of every (kind, participant, carrier) but the operator."""
    due: Due = {}
    for kind, table in KINDS.items():
        for (carrier, column), price in zip(CARRIERS.items(), prices_at(evidence, table), strict=True):
            if kind == "interface":
                continue
            taken = -evidence.dispatch(kind, column)
            energy, payment = taken.sum(axis=1), (price * taken).sum(axis=1)
            due |= _keyed(evidence, kind, carrier, energy, payment)
    for kind, table in HEAT_KINDS.items():
        if evidence.case.count(table):
            heat = -evidence.dispatch(kind, "heat_mw")
            paid = heat_prices_at(evidence, kind) * heat
            due |= _keyed(evidence, kind, "heat", heat.sum(axis=1), paid.sum(axis=1))
    if evidence.case.count("interfaces"):
        buy, sell = evidence.table("interface", "buy_mw"), evidence.table("interface", "sell_mw")
        paid = selling_price(evidence.case) * sell - evidence.case.series("interfaces", "price_per_mwh") * buy
        due |= _keyed(evidence, "interface", "electricity", (sell - buy).sum(axis=1), paid.sum(axis=1))
    return due


def _keyed(evidence: Evidence, kind: str, carrier: str, energy: Floats, payment: Floats) -> Due:
    hours, names = evidence.case.hours, evidence.case.ids(DISPATCHED[kind])
    pairs = zip((hours * energy).tolist(), (hours * payment).tolist(), strict=True)
    return {(kind, name, carrier): pair for name, pair in zip(names, pairs, strict=True)}


def _payments(evidence: Evidence, due: Due, scale: float) -> Check:
    """A row that is missing counts as nothing paid; a row that nobody owes, or a second one, counts as NaN.

    The operator has one row per carrier, under the name "network" (of heat "heat network"); what it holds is judged by
    the sums.
    """
    rows = evidence.record.tables["settlement"]
    names = np.where(rows["carrier"] == "heat", "heat network", "network")
    operator = (rows["kind"] == "operator") & (rows["participant"] == names)
    carriers = {carrier for _, _, carrier in due}
    doubtful = rows.duplicated(KEYS) | (operator & ~rows["carrier"].isin(carriers))
    paid = rows[~operator].groupby(KEYS)[["energy_mwh", "payment"]].sum()
    found = {(str(k), str(p), str(c)): values for (k, p, c), values in zip(paid.index, paid.to_numpy(), strict=True)}
    second = rows.loc[doubtful, KEYS].astype(str).itertuples(index=False, name=None)
    found |= dict.fromkeys(second, np.full(2, np.nan))
    keys = [*due, *(key for key in found if key not in due)]
    expected = np.array([due.get(key, (np.nan, np.nan)) for key in keys]).reshape(-1, 2)
    actual = np.array([found.get(key, np.zeros(2)) for key in keys]).reshape(-1, 2)
    error = np.abs(expected - actual) / np.array([_energy_scale(due), scale])
    text = "Energies and payments against prices times powers, over their totals."
    measures = [Measure("settlement", [" ".join(key) for key in keys], error.max(axis=1))]
    return worst("settlement", text, TOLERANCE, measures)


def _sum(evidence: Evidence, due: Due, scale: float) -> Check:
    """Energies and payments of each carrier, the operator's among them."""
    sums = evidence.record.tables["settlement"].groupby("carrier")[["energy_mwh", "payment"]].sum()
    scales = np.array([_energy_scale(due), scale])
    measure = Measure("carrier", [str(name) for name in sums.index], np.abs(sums.to_numpy() / scales).max(axis=1))
    text = "Sums of all energies and of all payments per carrier, over their totals."
    return worst("payments_sum_to_zero", text, TOLERANCE, [measure])


def _cent_sum(evidence: Evidence) -> Check:
    sums = evidence.record.tables["settlement"].groupby("carrier")["payment_cents"].sum()
    measure = Measure("carrier", [str(name) for name in sums.index], np.abs(sums.to_numpy(dtype=np.float64)))
    return worst("cents_sum_to_zero", "Sum of all payments of a carrier in cents.", 0.0, [measure])


def _energy_scale(due: Due) -> float:
    return max(1.0, sum(abs(energy) for energy, _ in due.values()))


def _cents(evidence: Evidence) -> Check:
    """Cents beyond the rounding of the payment; the operator's take up the rounding of all others."""
    rows = evidence.record.tables["settlement"]
    off = np.abs(rows["payment_cents"].to_numpy(dtype=np.float64) - 100.0 * rows["payment"].to_numpy(dtype=np.float64))
    operator = (rows["kind"] == "operator").to_numpy()
    excess = np.maximum(off - HALF_CENT * np.where(operator, len(rows), 1), 0.0)
    names = [str(name) for name in rows["participant"]]
    text = "Cents beyond the rounding of the payments."
    return worst("cents_round_payments", text, TOLERANCE, [Measure("settlement", names, excess)])


def _surplus(due: Due, scale: float) -> Check:
    paid = (payment for (_, _, carrier), (_, payment) in due.items() if carrier != "heat")
    deficit = -sum(paid) / scale
    text = "Deficit of the electricity network's operator over the turnover; none, as the network could carry nothing."
    return Check("merchandising_surplus", True, deficit, TOLERANCE, "", text)


def _could_carry_nothing(case: Case, grid: Grid, formulation: str) -> bool:
    if case.count("shunts") or case.count("capacitors") or grid.half_g.any():
        return False
    if any((case.series("interfaces", f"max_{way}_mw") < 0.0).any() for way in ("import", "export")):
        return False  # a limit below zero makes an interface carry something the other way
    if formulation == "dc":
        return True
    q_low, q_high = case.series("interfaces", "min_q_mvar"), case.series("interfaces", "max_q_mvar")
    forced = bool((q_low > 0.0).any() or (q_high < 0.0).any())
    return not forced and not grid.half_b.any() and _idle_voltage_fits(case, grid)


def _idle_voltage_fits(case: Case, grid: Grid) -> bool:
    """Without any flow all voltages of a component follow from one of them through the ratios alone."""
    none = np.zeros((grid.buses, 1))
    idle = np.sqrt(linear_flow(grid, none, none, np.ones((grid.references.size, 1))).v[:, 0])
    low, high = (case.column("buses", name).copy() for name in ("vm_min_pu", "vm_max_pu"))
    held = case.positions("interfaces", "bus")
    low[held] = high[held] = case.column("interfaces", "vm_pu")
    floor, ceiling = np.zeros(grid.references.size), np.full(grid.references.size, np.inf)
    np.maximum.at(floor, grid.area, low / idle)
    np.minimum.at(ceiling, grid.area, high / idle)
    return bool((floor <= ceiling).all())
