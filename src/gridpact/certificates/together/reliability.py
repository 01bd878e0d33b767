"""Does the supply hold, together and for the operator alone? Where limits of reliability were asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.planned import planned_case
from gridpact.certificates.check import Check
from gridpact.certificates.planning.fault_simulator import simulate
from gridpact.certificates.planning.load_points import load_points
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_reliability import limits_kept, network_check, reliability_plan_checks
from gridpact.certificates.planning.reliability_check import indices_of, of_loads
from gridpact.certificates.together.view import JointView


def followed_check(view: JointView) -> Check:
    """Whether faults can be followed, where they are to be."""
    return network_check(view.plan) if view.is_limited else words_check("plan network", "Nothing to follow.", [])


def joint_reliability_checks(view: JointView) -> Iterator[Check]:
    """Indices and limits with the plan as those of a plan of one owner, and with what all build alone."""
    if view.is_limited:
        yield from reliability_plan_checks(view.plan)
        yield _alone(view)


def _alone(view: JointView) -> Check:
    """An operator whose cost alone is given has planned nothing."""
    text = "Indices with what all build alone above their limits, relative, as the exact simulator finds them."
    if np.isfinite(view.record.case.column("network_operator", "disagreement_cost")).any():
        return words_check("joint plan alone limits", text, [])
    case = planned_case(view.record.case, view.alone_design)
    own = indices_of(load_points(case).customers, of_loads(case, simulate(case)))
    return limits_kept(view.plan, own, "joint plan alone limits", text)
