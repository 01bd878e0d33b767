r"""What holds for a plan as a whole: the master program without its days.

one type per line, one device per end of a line        sum of n over them <= 1
budget                                                 sum of I_j n_j <= budget
penetration    available renewable energy of a year    <= share x demand of a year
reliability    SAIDI, SAIFI, EENS (see ``planning.reliability.linear``), each at most its limit

cost           sum of a_j n_j + price of interruption x EENS
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.investment.candidates import Candidates
from gridpact.planning.investment.representative import Representatives
from gridpact.planning.reliability.linear.form import INDICES, LinearReliability
from gridpact.programs.benders import Master
from gridpact.programs.linear import Linear

# Demand of a year below which there is none.
NOTHING_MWH = 1e-9


@dataclass(frozen=True)
class Limits:
    """Limits of a plan, infinite where there is none; ``interruption_cost_per_mwh`` prices energy not served."""

    budget: float = np.inf
    max_penetration: float = np.inf
    saidi_h: float = np.inf
    saifi: float = np.inf
    eens_mwh: float = np.inf
    interruption_cost_per_mwh: float = 0.0

    @property
    def about_reliability(self) -> bool:
        """Whether reliability decides anything."""
        return any(np.isfinite(getattr(self, name)) for name in INDICES) or self.interruption_cost_per_mwh > 0.0


@dataclass(frozen=True, eq=False)
class Row:
    """weights @ columns <= most; ``name`` is that of the setting, empty for what is no setting."""

    weights: Floats
    most: float
    name: str = ""


def master_program(
    case: Case, candidates: Candidates, days: Representatives, limits: Limits, reliability: LinearReliability | None
) -> Master:
    """The master: units first, then the variables of the reliability."""
    rows = whole_rows(case, candidates, days, limits, reliability)
    extra = reliability.whole if reliability is not None else np.zeros(0, dtype=np.bool_)
    cost = np.append(candidates.annual, np.zeros(extra.size))
    law = sp.csr_array((0, cost.size)), np.zeros(0), np.zeros(0)
    constant = 0.0
    if reliability is not None:
        cost += limits.interruption_cost_per_mwh * reliability.eens_mwh.slopes
        constant = limits.interruption_cost_per_mwh * reliability.eens_mwh.constant
        law = reliability.matrix, reliability.lower, reliability.upper
    own = sp.csr_array(np.array([row.weights for row in rows]).reshape(len(rows), cost.size))
    program = Linear(
        cost=cost,
        matrix=sp.csr_array(sp.vstack([own, law[0]])),
        rows=(
            np.concatenate([np.full(len(rows), -np.inf), law[1]]),
            np.concatenate([np.array([row.most for row in rows]), law[2]]),
        ),
        bounds=(np.zeros(cost.size), np.append(candidates.most.astype(np.float64), np.ones(extra.size))),
        whole=np.append(np.ones(candidates.count, dtype=np.bool_), extra),
    )
    return Master(program, candidates.count, days.weights, constant)


def whole_rows(
    case: Case, candidates: Candidates, days: Representatives, limits: Limits, reliability: LinearReliability | None
) -> list[Row]:
    """The rows that limit the plan as a whole, in the order in which the master begins with them."""
    extra = np.zeros(reliability.extra if reliability is not None else 0)
    rows = [*_exclusive(case, candidates), *_money_and_energy(candidates, days, limits)]
    rows = [Row(np.append(row.weights, extra), row.most, row.name) for row in rows]
    return rows + (list(_indices(reliability, limits)) if reliability is not None else [])


def rivals(case: Case, candidates: Candidates) -> Ints:
    """How many candidates exclude each other at the place of each, (candidates,)."""
    count = np.ones(candidates.count, dtype=np.int64)
    for row in _exclusive(case, candidates):
        together = row.weights > 0.0
        count[together] = np.maximum(count[together], int(together.sum()))
    return count


def _exclusive(case: Case, candidates: Candidates) -> Iterable[Row]:
    """One row for every place at which only one of several candidates can stand."""
    for table, columns in (("line_candidates", ["line"]), ("protection_candidates", ["line", "end"])):
        of = candidates.of(table)
        for at in case.tables[table].groupby(columns, sort=False).indices.values():
            if len(at) > 1:
                weights = np.zeros(candidates.count)
                weights[of[at]] = 1.0
                yield Row(weights, 1.0)


def _money_and_energy(candidates: Candidates, days: Representatives, limits: Limits) -> Iterable[Row]:
    if np.isfinite(limits.budget):
        yield Row(candidates.investment, limits.budget, "budget")
    if np.isfinite(limits.max_penetration):
        present, each, demand = _energies(candidates, days)
        yield Row(each / demand, limits.max_penetration - present / demand, "max_penetration")


def _energies(candidates: Candidates, days: Representatives) -> tuple[float, Floats, float]:
    """Available energy of a year in MWh: of the plants that are there, of a unit of every candidate; and the demand."""
    case = days.case
    hours = case.hours * days.by_step
    each = np.zeros(candidates.count)
    each[candidates.of("renewable_candidates")] = case.series("renewable_candidates", "p_mw") @ hours
    present = float((case.series("renewables", "p_mw") @ hours).sum())
    demand = float((np.maximum(case.series("loads", "p_mw"), 0.0) @ hours).sum())
    return present, each, max(demand, NOTHING_MWH)


def _indices(reliability: LinearReliability, limits: Limits) -> Iterable[Row]:
    for name in INDICES:
        index = getattr(reliability, name)
        if np.isfinite(getattr(limits, name)):
            yield Row(index.slopes, getattr(limits, name) - index.constant, f"{name}_limit")
