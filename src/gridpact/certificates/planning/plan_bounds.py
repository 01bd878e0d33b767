r"""Is the lower bound one? Cuts against every design that was priced, the master solved again from the cuts.

$$
\min_{n, y, \theta} \; a'n + \kappa\, \mathrm{EENS}(n, y) + \sum_d w_d \theta_d \quad\text{subject to}\quad
\theta_d \ge c_k + s_k' n
$$

and the limits of the plan as a whole (``plan_master``). No design of which the days cost as they do lies below the
optimum of this program, as long as every cut lies below the cost of its day.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import rows_of
from gridpact.certificates.planning.plan_costs import eens
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_form import form_of
from gridpact.certificates.planning.plan_master import Solved, fixed_cost, solved_master
from gridpact.certificates.planning.plan_view import Floats, Ints, PlanView
from gridpact.results.planning import BASIS

# Costs of days come from a solver that stops at 1e-9 of its own scale; two solvers are asked to agree to 1e-6.
TOLERANCE = 1e-6
# Figures that stand in the record, put together again.
ROUNDING = 1e-9
# The method whose bound follows from the cuts.
CUTS = "benders"


def bound_checks(plan: PlanView) -> Iterator[Check]:
    """Cuts, designs, bound and course of the search."""
    yield from priced_checks(plan, ROUNDING)
    yield _gap(plan)
    yield _course(plan)
    yield _basis(plan)


def priced_checks(plan: PlanView, same: float) -> Iterator[Check]:
    """What was priced, and the bound that follows; a plan that is cheaper by the share ``same`` is none."""
    designs, costs = designs_of(plan)
    yield _cuts(plan, designs, costs)
    yield _cuts_at_plan(plan)
    yield _marginal(plan)
    yield _chosen(plan, designs, costs, same)
    yield _operated(plan, designs, costs)
    yield _there(plan)
    yield from _bound(plan, solved_master(plan))
    yield _below_cost(plan)


def designs_of(plan: PlanView) -> tuple[Floats, Floats]:
    """Units of every design that was priced, (designs, candidates), and what its days cost, (designs, scenarios)."""
    costs = plan.column("design_costs", "cost_per_day").reshape(-1, len(plan.scenarios))
    table, units = plan.record.tables["designs"], np.zeros((len(costs), len(plan.columns)))
    units[table["design"].to_numpy(dtype=np.int64), rows_of(plan.columns, table["candidate"])] = table["units"]
    return units, costs


def serves_all(plan: PlanView) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Designs that leave nothing unserved; only their costs do not depend on the price of what is unserved."""
    flags = plan.record.tables["design_costs"]["serves_all"].to_numpy(dtype=np.bool_)
    return np.asarray(flags.reshape(-1, len(plan.scenarios)).all(axis=1))


def cuts_of(plan: PlanView) -> tuple[Ints, Floats, Floats]:
    """Scenario (cuts,), constant (cuts,) and slopes (cuts, candidates) of every cut."""
    table, constant = plan.record.tables["cut_slopes"], plan.column("cuts", "constant")
    slope = np.zeros((constant.size, len(plan.columns)))
    slope[table["cut"].to_numpy(dtype=np.int64), rows_of(plan.columns, table["candidate"])] = table["slope"]
    return rows_of(plan.scenarios, plan.record.tables["cuts"]["scenario"]), constant, slope


def _cuts(plan: PlanView, designs: Floats, costs: Floats) -> Check:
    of, constant, slope = cuts_of(plan)
    there = serves_all(plan)
    known = costs[there].T[of]
    above = (constant[:, None] + slope @ designs[there].T - known) / np.maximum(1.0, np.abs(known))
    text = "Cuts above the cost of their day at a design that was priced and serves all demand, relative."
    return worst("plan cuts", text, TOLERANCE, [Measure("cut", [str(k) for k in range(of.size)], above)])


def _cuts_at_plan(plan: PlanView) -> Check:
    """The same against the days as they are operated, which the judges of the market have seen."""
    of, constant, slope = cuts_of(plan)
    known = plan.day_costs[of]
    above = (constant + slope @ plan.point - known) / np.maximum(1.0, np.abs(known))
    text = "Cuts above what their day costs as it is operated with the plan, relative."
    return worst("plan cuts at plan", text, TOLERANCE, [Measure("cut", [str(k) for k in range(of.size)], above)])


def _marginal(plan: PlanView) -> Check:
    """What one more unit saves, less what it costs, by the slopes of cuts; they are cuts, and touch near the plan."""
    constant, slope = (plan.record.solution[f"marginal/{name}"] for name in ("constant", "slope"))
    told, saved = plan.column("investments", "marginal_value_per_year"), plan.weights @ slope[:, : plan.units.size]
    scale = np.maximum(1.0, plan.weights @ np.abs(slope[:, : plan.units.size]) + fixed_cost(plan))
    off = np.nan_to_num(np.abs(told + saved + fixed_cost(plan)) / scale)  # where it is blank, see the design
    known = plan.day_costs
    above = np.maximum(0.0, constant + slope @ plan.point - known) / np.maximum(1.0, np.abs(known))
    measures = [
        Measure("asset", plan.offered.names, off),
        Measure("scenario", plan.scenarios, above * ROUNDING / TOLERANCE),
    ]
    text = "Marginal values against the slopes of the cuts they are read from, relative; those above their day."
    return worst("plan marginal costs", text, ROUNDING, measures)


def _chosen(plan: PlanView, designs: Floats, costs: Floats, same: float) -> Check:
    """The plan is a design that was priced, serves all, keeps the limits of units, and none of its like is cheaper."""
    there = serves_all(plan) & (designs == plan.point).all(axis=1)
    wrong = [] if there.any() else ["the plan is not among the designs that serve all demand"]
    most = np.append(plan.offered.most, np.ones(len(plan.switchable)))
    broken = (designs != np.rint(designs)) | (designs < 0.0) | (designs > most)
    wrong += [f"design {number}" for number in np.flatnonzero(broken.any(axis=1))]
    totals = designs[:, : plan.units.size] @ fixed_cost(plan) + costs @ plan.weights
    if not wrong and plan.number("interruption_cost_per_mwh") == 0.0:
        best, own = float(totals[serves_all(plan)].min()), float(totals[there].min())
        wrong += ["a cheaper design was priced"] if own > best + same * max(1.0, abs(best)) else []
    text = "The plan is the cheapest of the designs that were priced and serve all demand; all have possible units."
    return words_check("plan chosen", text, wrong)


def _operated(plan: PlanView, designs: Floats, costs: Floats) -> Check:
    """A day of the search is a relaxation of the day as it is operated: it cannot cost more."""
    there = serves_all(plan) & (designs == plan.point).all(axis=1)
    own = plan.day_costs
    told = costs[there].max(axis=0, initial=-np.inf) if there.any() else np.full(own.size, np.nan)
    text = "Cost of a day in the search above that of the day as it is operated, relative."
    above = (told - own) / np.maximum(1.0, np.abs(own))
    return worst("plan days priced", text, TOLERANCE, [Measure("scenario", plan.scenarios, above)])


def _there(plan: PlanView) -> Check:
    """Where reliability decides something its linear form is archived, without which the master is another one."""
    wrong = ["solution/reliability_form"] if about_reliability(plan) != (form_of(plan) is not None) else []
    return words_check("plan master", "Rows of the master that are not archived, or not asked for.", wrong)


def _bound(plan: PlanView, solved: Solved) -> Iterator[Check]:
    """The stated bound against the optimum, which refutes it, and against what is proven of the optimum.

    A solver that has the whole plan as one program leaves no cuts from which its bound follows: then it is shown.
    """
    told, by_cuts = (
        float(plan.record.summary["objective_lower_bound"]),
        plan.record.settings.get("method", CUTS) == CUTS,
    )
    scale = max(1.0, abs(told))
    text = "Stated lower bound above the optimum of the master, solved again from the cuts, relative."
    yield Check("plan bound", by_cuts, (told - solved.optimum) / scale, TOLERANCE, "", text)
    text = "Stated lower bound above what is proven of that optimum within the judges' effort, relative."
    yield Check("plan bound proven", False, (told - solved.proven) / scale, 2.0 * TOLERANCE, "", text)


def _below_cost(plan: PlanView) -> Check:
    """The bound is one of costs with the energy not served of the linear form, which is not below the simulated."""
    told, cost = float(plan.record.summary["objective_lower_bound"]), float(plan.record.summary["objective"])
    over = (told - cost - overstated(plan)) / max(1.0, abs(cost))
    return Check("plan bound below cost", True, over, TOLERANCE, "", "Stated lower bound above the cost, relative.")


def overstated(plan: PlanView) -> float:
    """What energy not served costs more in a year by the linear form than it does."""
    form, price = form_of(plan), plan.number("interruption_cost_per_mwh")
    if form is None or price == 0.0:
        return 0.0
    return price * (form.least("eens_mwh", plan.point) - eens(plan, 1))


def _gap(plan: PlanView) -> Check:
    """The gap as stated, of costs by the linear form, and whether it is said to be closed only where it is."""
    summary, table = plan.record.summary, plan.record.tables["convergence"].iloc[-1]
    cost, bound = float(summary["objective_by_form"]), float(summary["objective_lower_bound"])
    by_form = float(summary["objective"]) + overstated(plan)
    off = [abs(cost - by_form) / max(1.0, abs(by_form)) * ROUNDING / TOLERANCE]
    off += [abs(float(summary["gap"]) - max(0.0, cost - bound) / max(1.0, abs(cost)))]
    off += [abs(float(summary["gap_asked"]) - plan.number("gap"))]
    closed = float(table["gap"]) <= plan.number("gap")
    wrong = bool(summary["gap_closed"]) != closed
    text = "Gap that is not (cost - bound) / cost, or said to be closed where the search left it open."
    return Check("plan gap", True, float(np.max([*off, float(wrong)])), ROUNDING, "", text)


def gap_asked_check(plan: PlanView) -> Check:
    """Shown only: an open gap is an answer, with a bound."""
    gap, asked = float(plan.record.summary["gap"]), plan.number("gap")
    return Check("plan gap asked", False, gap, max(asked, TOLERANCE), "", "Gap against the one that was asked for.")


def _course(plan: PlanView) -> Check:
    """Bounds that get worse within a round, gaps that are not theirs, an end that is not the summary's."""
    table, summary = plan.record.tables["convergence"], plan.record.summary
    lower, upper = plan.column("convergence", "lower_bound"), plan.column("convergence", "upper_bound")
    step = np.diff(table["iteration"].to_numpy(dtype=np.float64))
    same = np.diff(table["round"].to_numpy(dtype=np.float64)) == 0
    scale = np.maximum(1.0, np.abs(lower[1:]))
    found = np.isfinite(upper)
    gap = np.maximum(0.0, upper - lower)[found] / np.maximum(1.0, np.abs(upper[found]))
    falls = np.where(same, -np.diff(lower) / scale, 0.0)
    rises = np.where(same & found[:-1], np.diff(np.where(found, upper, np.inf), prepend=np.nan)[1:] / scale, 0.0)
    measures = [
        Measure("lower_bound", _numbers(falls), falls),
        Measure("upper_bound", _numbers(rises), rises),
        Measure("iteration", _numbers(step), np.where(same, (step < 0.0).astype(np.float64), 0.0)),
        Measure("gap", _numbers(gap), np.abs(plan.column("convergence", "gap")[found] - gap)),
        Measure(
            "last bound",
            [""],
            np.array([abs(lower[-1] - float(summary["objective_lower_bound"]))]) / max(1.0, abs(lower[-1])),
        ),
        Measure("last iteration", [""], np.array([abs(table["iteration"].iloc[-1] - float(summary["iterations"]))])),
        Measure(
            "last plan",
            [""],
            np.array([(upper[-1] - float(summary["objective"]) - overstated(plan)) / max(1.0, abs(upper[-1]))])
            * ROUNDING
            / TOLERANCE,
        ),
    ]
    return worst(
        "plan course", "Course of both bounds: worse than before, or not as the summary ends.", ROUNDING, measures
    )


def _numbers(values: Floats) -> list[str]:
    return [str(number) for number in range(values.size)]


def _basis(plan: PlanView) -> Check:
    """What the bound is said to bound is what it can."""
    wrong = [] if plan.record.summary["bound_basis"] == BASIS[about_reliability(plan)] else ["bound_basis"]
    return words_check("plan bound basis", "What the lower bound is said to bound, and does not.", wrong)


def about_reliability(plan: PlanView) -> bool:
    """Whether reliability decides anything, so that its linear form restricts the plans that the bound is about."""
    limits = [plan.number(name) for name in ("saidi_limit_h", "saifi_limit", "eens_limit_mwh")]
    return bool(np.isfinite(limits).any()) or plan.number("interruption_cost_per_mwh") > 0.0
