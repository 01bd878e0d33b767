"""The best known non-linear costs of the hard districts, and an AC power flow of its own to confirm them.

    python -m tests.hard_reference

writes ``tests/cases/hard/expected.json``. Every cost is the best of ten and more Ipopt starts of the branch flow with
tight cones; at its injections the bus admittance matrix, built here from the tables alone, must give the same
voltages and the same import. Where every start fails, the bound with reverse cuts may prove that there is no point;
elsewhere it says how far the cost can be from the global optimum at most.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InfeasibleError
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.nonlinear import MultiStart, multistart, tight_rows
from gridpact.programs.reverse_bound import lower_bound
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm, compile_program
from tests.hard import hard_instances

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Complexes = NDArray[np.complex128]
EXPECTED = Path(__file__).parent / "cases" / "hard" / "expected.json"
STARTS, STARTS_DAY, SEED = 40, 24, 0
# Against the power flow, per unit.
CONFIRMED = 1e-8
# A gap of the squared current above this makes a relaxed cone count as inexact, per unit.
INEXACT = 1e-6


@dataclass(frozen=True, eq=False)
class Posed:
    """The program of a case, which rows must be tight, and its base power."""

    case: Case
    form: StandardForm
    tight: Ints
    base_mva: float


def pose(case: Case) -> Posed:
    formulation = formulation_named("soc")
    network = market_network(case, formulation)
    form = compile_program(clearing_program(case, network, formulation))
    return Posed(case, form, tight_rows(form, ["cone"]), network.base_mva)


def reference(case: Case) -> dict[str, Any]:
    """What is expected of a case: status, relaxed cost, whether that is exact, best known cost."""
    posed = pose(case)
    try:
        relaxed = solve(posed.form)
    except InfeasibleError:
        return {"status": "infeasible", "proof": "relaxation", "relaxed_cost": None, "best_cost": None}
    slack = relaxed.s[posed.tight]
    gap = (slack[0] ** 2 - (slack[1:] ** 2).sum(axis=0)) / (2.0 * (slack[0] + slack[1]))
    found = multistart(posed.form, posed.tight, STARTS if case.steps == 1 else STARTS_DAY, SEED)
    return {
        "relaxed_cost": round(relaxed.cost, 6),
        "relaxed_cone_gap": float(f"{gap.max():.2e}"),
        "inexact": bool(gap.max() > INEXACT),
        **_judged(posed, found),
    }


def _judged(posed: Posed, found: MultiStart) -> dict[str, Any]:
    """A cost counts where the power flow confirms its point."""
    best = found.best
    if best.status != "solved":
        proven = lower_bound(posed.form, posed.tight).infeasible
        status = {"status": "infeasible", "proof": "reverse cuts"} if proven else {"status": "undecided"}
        return {**status, "best_cost": None, "starts": found.starts, "solved": found.solved}
    error = power_flow_error(posed, best.x)
    assert error <= CONFIRMED, f"{posed.case.name}: the power flow differs by {error:.1e}"
    bought = purchases(posed, best.x)
    bound = lower_bound(posed.form, posed.tight, best.x, scale=bought)
    return {
        "status": "solved",
        "best_cost": round(best.cost, 6),
        "purchases": round(bought, 6),
        "lower_bound": round(bound.lower, 6),
        "gap": float(f"{bound.gap:.2e}"),
        "starts": found.starts,
        "solved": found.solved,
        "agreed": found.agreed,
        "kkt_residual": float(f"{best.residual.worst:.1e}"),
        "power_flow_error": float(f"{error:.1e}"),
    }


def purchases(posed: Posed, x: Floats) -> float:
    """Gross value of the energy exchanged with the grid: |price| x |import|, over all steps."""
    power = posed.base_mva * (x[posed.form.columns["buy"]] - x[posed.form.columns["sell"]])
    price = posed.case.series("interfaces", "price_per_mwh")
    return float((np.abs(price * power)).sum() * posed.case.hours)


def power_flow_error(posed: Posed, x: Floats) -> float:
    """Largest difference of voltages and root injection to a power flow at the same injections, per unit."""
    case, form = posed.case, posed.form
    root = int(case.positions("interfaces", "bus")[0])
    v = x[form.columns["voltage"]]
    power = injections(posed, x)
    voltage, injected = power_flow(case, posed.base_mva, power, root, np.sqrt(v[root]))
    imported = x[form.columns["buy"]] - x[form.columns["sell"]] + 1j * x[form.columns["import_q"]]
    of_root = imported[0] + power[root]
    return float(max(np.abs(np.abs(voltage) - np.sqrt(v)).max(), np.abs(injected - of_root).max()))


def injections(posed: Posed, x: Floats) -> Complexes:
    """Per-unit injections of everything but the interface, shape (buses, steps)."""
    case, columns = posed.case, posed.form.columns
    power = np.zeros((case.count("buses"), case.steps), dtype=np.complex128)
    demand = case.series("loads", "p_mw") + 1j * case.series("loads", "q_mvar")
    np.add.at(power, case.positions("loads", "bus"), -demand / posed.base_mva)
    np.add.at(power, case.positions("renewables", "bus"), x[columns["renewable_p"]])
    if "renewable_q" in columns:
        np.add.at(power, case.positions("renewables", "bus"), 1j * x[columns["renewable_q"]])
    if case.count("storages"):
        np.add.at(power, case.positions("storages", "bus"), x[columns["discharge"]] - x[columns["charge"]])
    return power


def power_flow(case: Case, base: float, power: Complexes, root: int, vm: Floats) -> tuple[Complexes, Complexes]:
    """Voltages and the root's injection: I = conj(S / V), V = -Y^-1 (Y_root V_root - I), until they stand still."""
    admittance = admittance_matrix(case, base)
    others = np.arange(case.count("buses")) != root
    inverse = np.linalg.inv(admittance[np.ix_(others, others)])
    voltage = np.ones_like(power) * vm
    held = admittance[others, root][:, None] * vm
    for _ in range(500):
        voltage[others] = inverse @ (np.conj(power[others] / voltage[others]) - held)
    return voltage, voltage[root] * np.conj(admittance[root] @ voltage)


def admittance_matrix(case: Case, base: float) -> Complexes:
    """From ohm, farad and siemens of the tables: ideal ratio at the from end, then a pi circuit."""
    kv = case.column("buses", "vn_kv")
    matrix = np.diag((case_shunts(case, kv.size)) / base).astype(np.complex128)
    for start, end, ohm, siemens, ratio in _branches(case):
        series, half = kv[end] ** 2 / base / ohm, siemens * kv[end] ** 2 / base / 2.0
        matrix[start, start] += (series + half) / ratio**2
        matrix[end, end] += series + half
        matrix[start, end] -= series / ratio
        matrix[end, start] -= series / ratio
    return matrix


def case_shunts(case: Case, buses: int) -> Complexes:
    shunt = np.zeros(buses, dtype=np.complex128)
    power = case.column("shunts", "p_mw") - 1j * case.column("shunts", "q_mvar")
    np.add.at(shunt, case.positions("shunts", "bus"), power)
    return shunt


def _branches(case: Case) -> list[tuple[int, int, complex, complex, float]]:
    """From bus, to bus, series ohm, shunt siemens and ratio of what carries current."""
    found: list[tuple[int, int, complex, complex, float]] = []
    open_lines = set(case.tables["switches"]["line"][~case.flags("switches", "closed")])
    omega = 2.0 * np.pi * case.frequency_hz
    for table in ("lines", "transformers"):
        ends = zip(case.positions(table, "from_bus"), case.positions(table, "to_bus"), strict=True)
        for (start, end), row in zip(ends, case.tables[table].to_dict("records"), strict=True):
            if not row["in_service"] or row.get("line") in open_lines:
                continue
            if table == "lines":
                ohm = complex(row["r_ohm_per_km"], row["x_ohm_per_km"]) * row["length_km"]
                found.append((start, end, ohm, 1j * omega * row["c_nf_per_km"] * row["length_km"] * 1e-9, 1.0))
            else:
                ohm, shunt = complex(row["r_ohm"], row["x_ohm"]), complex(row["g_us"], row["b_us"]) * 1e-6
                found.append((start, end, ohm, shunt, row["ratio"]))
    return found


def expected() -> dict[str, Mapping[str, Any]]:
    """The recorded cases by name."""
    recorded: dict[str, Mapping[str, Any]] = json.loads(EXPECTED.read_text(encoding="utf-8"))["cases"]
    return recorded


def record() -> None:
    """Compute and write all of them."""
    cases = {}
    for name, case in hard_instances().items():
        cases[name] = reference(case)
        print(name, cases[name], file=sys.stderr, flush=True)
    origin = (
        f"best_cost: best of {STARTS} Ipopt starts ({STARTS_DAY} for a day) per independent block, seed {SEED}, of "
        "the branch flow with tight cones; confirmed by a power flow on the bus admittance matrix to 1e-8 per unit. "
        "agreed: starts that found it, in the block where fewest did. purchases: gross value of the energy exchanged "
        "with the grid. lower_bound: proven by reverse cuts; gap: relative to the larger of |best_cost| and purchases. "
        "Costs in EUR. Written by python -m tests.hard_reference."
    )
    EXPECTED.parent.mkdir(exist_ok=True)
    EXPECTED.write_text(json.dumps({"origin": origin, "cases": cases}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
