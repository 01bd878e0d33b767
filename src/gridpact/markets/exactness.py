"""Where the relaxation of a cleared market invents losses: what was found, and the market made exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Cleared, Market
from gridpact.markets.diagnosis import explain
from gridpact.markets.limits import limit_table
from gridpact.physics.electric.exactness import exact_flow, gaps, has_cones
from gridpact.programs.exactness.service import TIGHT, Exact
from gridpact.programs.exactness.tight import linearised, tight_cones
from gridpact.programs.solve import Solution
from gridpact.results.record import long_table, words

Floats = NDArray[np.float64]
# Prices between these, in currency per MWh, are worth nothing.
NOTHING = 1e-3


def made_exact(cleared: Cleared, thorough: bool = False) -> Cleared:
    """The market with tight cones: as it is where they are tight, else the best AC-feasible dispatch found.

    Its prices are then the multipliers of the non-linear program at that dispatch. Raises ``InfeasibleError`` where
    reverse cuts prove that no dispatch is AC-feasible, ``NotConverged`` where neither a dispatch with prices nor such
    a proof was found.
    """
    if not has_cones(cleared.form):
        return cleared
    exact = exact_flow(cleared.form, cleared.network, cleared.solution, purchases(cleared), thorough)
    if exact.status == "tight":
        return replace(cleared, exact=exact)
    if exact.status != "repaired":
        raise _failure(cleared, exact)
    found = exact.repaired
    assert found is not None and found.z is not None
    seconds = cleared.solution.seconds + exact.seconds
    iterations = cleared.solution.iterations
    solution = Solution(found.x, found.s, found.z, found.cost, cleared.solution.solver, iterations, seconds)
    return replace(cleared, form=found.form, solution=solution, relaxed=cleared, exact=exact)


def purchases(cleared: Cleared) -> float:
    """Gross value of what is bought and sold at the interfaces: what small costs are measured against; currency."""
    case = cleared.case
    if not case.count("interfaces"):
        return 0.0
    traded = cleared.megawatts("buy", "interfaces") + cleared.megawatts("sell", "interfaces")
    return float(case.hours * np.abs(case.series("interfaces", "price_per_mwh") * traded).sum())


def exactness_table(cleared: Cleared) -> pd.DataFrame:
    """Every branch and step whose cone was not tight in the relaxed market; none where it was tight everywhere.

    Columns: snapshot, branch, gap_pu (l - (P^2 + Q^2) / v), relative_gap, phantom_loss_mw, phantom_cost_per_h (at the
    relaxed price of the bus at the to end), because (the limit or price that makes losses worth their while).
    """
    relaxed = cleared.relaxed or cleared
    gap = gaps(relaxed.form, relaxed.solution) if has_cones(relaxed.form) else np.zeros((0, cleared.case.steps))
    current = relaxed.values()["current"] if gap.size else gap
    step, branch = np.nonzero((gap > TIGHT * np.maximum(1.0, current)).T)
    network, at = cleared.network, (branch, step)
    loss = network.branches.r[branch] * gap[at] * network.base_mva
    price = relaxed.price("active_balance")[network.branches.to_bus[branch], step] if gap.size else loss
    names = np.array(cleared.case.branch_ids(), dtype=object)[network.branches.carrying]
    return pd.DataFrame(
        {
            "snapshot": cleared.case.snapshots[step],
            "branch": words(names[branch]),
            "gap_pu": gap[at],
            "relative_gap": gap[at] / np.maximum(current[at], 1e-12),
            "phantom_loss_mw": loss,
            "phantom_cost_per_h": loss * price,
            "because": words(_reasons(relaxed)[step] if step.size else []),
        }
    )


def relaxed_buses(cleared: Cleared, vm: Floats, ac_vm: Floats) -> pd.DataFrame:
    """What the relaxation claimed at every bus and step, and the voltage its set-points would really have.

    ``vm`` and ``ac_vm`` have the shape (buses, steps), per unit. Columns: snapshot, bus, vm_pu, ac_vm_pu,
    price_per_mwh. These prices are not valid.
    """
    case, relaxed = cleared.case, cleared.relaxed or cleared
    price = relaxed.price("active_balance")
    return long_table(case.snapshots, "bus", case.ids("buses"), vm_pu=vm, ac_vm_pu=ac_vm, price_per_mwh=price)


def _reasons(relaxed: Cleared) -> NDArray[np.object_]:
    """For every step the binding limit with the largest multiplier, else the price."""
    case = relaxed.case
    lowest = relaxed.price("active_balance").min(axis=0)
    reasons = np.full(case.steps, "no limit binds", dtype=object)
    reasons[lowest < NOTHING] = "energy is worth nothing"
    reasons[lowest < -NOTHING] = "the price is below zero"
    limits = limit_table(relaxed)
    network = limits[limits["constraint"].str.startswith(("buses/vm", "lines/", "transformers/", "interfaces/max"))]
    top = network.sort_values("multiplier", key=np.abs, kind="stable").groupby("snapshot").tail(1)
    step = case.snapshots.get_indexer(pd.DatetimeIndex(top["snapshot"]))
    reasons[step] = (top["constraint"] + " " + top["component"]).to_numpy()
    return reasons


def _first_order(cleared: Cleared) -> Market:
    """The market with every cone replaced by its tangent at the relaxed flows: what it would need is easy to find."""
    tight = tight_cones(cleared.form, cleared.form.rows["cone"])
    form = linearised(tight, tight.ratios(cleared.solution.x))
    return Market(cleared.case, cleared.network, cleared.formulation, form, heat=cleared.heat)


def _failure(cleared: Cleared, exact: Exact) -> InfeasibleError | NotConverged:
    table = exactness_table(cleared)
    worst = table.iloc[int(table["phantom_loss_mw"].to_numpy().argmax())]
    where = f"{worst['snapshot'].isoformat()}, branch {worst['branch']} ({worst['because']})"
    if exact.status == "infeasible":
        alone = cleared.case.begins.sum() == 1  # else the window that is to blame is explained alone
        explained = explain(_first_order(cleared)) if alone else InfeasibleError("")
        if explained.diagnosis:
            note = (
                "\nThe relaxation would pass it by inventing losses; reverse cuts prove that the alternating-current "
                "network cannot. The amounts are to first order."
            )
            return InfeasibleError(f"{explained}{note}", explained.diagnosis)
        return InfeasibleError(
            "No dispatch satisfies all limits: the relaxation has one only with losses that no flow explains, largest "
            f"at {where}, and reverse cuts prove that the alternating-current network has none. Give way there: a "
            "wider limit, curtailment, or reactive power."
        )
    what = "has no prices" if exact.status == "unpriced" else "was not found, nor a proof that there is none"
    return NotConverged(
        f"Undecided: a dispatch of the alternating-current network {what}. The relaxation invents losses, largest at "
        f"{where}."
    )
