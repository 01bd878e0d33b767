"""Is what everybody builds possible, its own, and does it cost what is told? Together and alone.

A microgrid owns the plants that may be built at its bus, the operator owns all else. That no other plan would be
cheaper for an owner alone is its own search's word: its cuts are not in the files. What is looked at is that its plan
is one, and costs as much, and that no bound lies above.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import ROUNDING, design_checks, is_possible, relative, words_check
from gridpact.certificates.planning.plan_master import fixed_cost
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.view import Floats


def joint_design_checks(view: JointView) -> Iterator[Check]:
    """Units, owners and costs of what is built."""
    yield from design_checks(view.plan)
    yield _owners(view)
    yield _alone(view)
    yield _annual(view)


def are_possible(view: JointView) -> bool:
    """Whether cases with both designs can be made at all."""
    return is_possible(view.plan) and _alone(view).passed


def _owners(view: JointView) -> Check:
    owners = [view.owners[number] for number in view.owner_of.tolist()]
    told = view.plan.texts("investments", "owner")
    wrong = [name for name, one, own in zip(view.plan.offered.names, told, owners, strict=True) if one != own]
    roles = ["microgrid"] * view.operator + ["operator"]
    told = [str(role) for role in view.record.tables["owners"]["role"]]
    wrong += [name for name, one, own in zip(view.owners, told, roles, strict=True) if one != own]
    text = "Candidates whose owner is not that of their place, owners whose role is not theirs."
    return words_check("joint plan owners", text, wrong)


def _alone(view: JointView) -> Check:
    """Whole units within what may be built, by their owner, of whom something is known; one type of a line."""
    table, n = view.record.tables["alone_investments"], view.alone_units
    of = dict(zip(view.plan.offered.names, view.owner_of.tolist(), strict=True))
    wrong = [str(row.asset) for row in table.itertuples() if view.owners[of[str(row.asset)]] != row.owner]
    limits = (
        (n < 0.0) | (n > view.plan.offered.most) | (np.isin(view.owner_of, np.flatnonzero(_given(view))) & (n > 0.0))
    )
    wrong += [name for name, beyond in zip(view.plan.offered.names, limits.tolist(), strict=True) if beyond]
    own = view.plan.offered.table == "line_candidates"
    lines = view.record.case.tables["line_candidates"]["line"].astype(str).to_numpy()[n[own] > 0.0]
    wrong += [line for line in np.unique(lines) if (lines == line).sum() > 1]
    text = "What is built alone by somebody else, not at all possible, or by whose cost alone is given."
    return words_check("joint plan alone", text, wrong)


def _given(view: JointView) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whose cost alone is a number of the case, (owners,)."""
    case = view.record.case
    operator = case.column("network_operator", "disagreement_cost")
    known = bool(operator.size and np.isfinite(operator[0]))
    return np.append((case.tables["microgrids"]["disagreement"] == "given").to_numpy(dtype=np.bool_), known)


def _annual(view: JointView) -> Check:
    """What every owner invests and pays for it in a year, together and alone."""
    offered, n = view.plan.offered, view.plan.units
    own: dict[str, Floats] = {
        "investment": view.added(n * offered.investment),
        "capex_per_year": view.added(n * offered.capex(view.plan.number("discount_rate"))),
        "maintenance_per_year": view.added(n * offered.maintenance),
        "alone_building_cost": view.added(view.alone_units * fixed_cost(view.plan)),
    }
    measures = [Measure(name, view.owners, relative(view.of_owners(name), value)) for name, value in own.items()]
    text = "Investment, capital recovery and maintenance of every owner against the case, relative."
    return worst("joint plan annual costs", text, ROUNDING, measures)
