r"""Is the plan an equilibrium: what could an owner still gain by changing its own investments alone?

    re-bargained   all others build what they do; the trade is found anew and the gain shared anew. The common surplus
                   then grows by at most cost(n) - min over n_k of the master, solved by the judges from the cuts, of
                   which the owner has its weight
    held           all exchange and pay what they do. With what is exchanged held, what the owner would do and what all
                   others do is a dispatch of everybody, and so one of the plan in which the trade is found anew: what
                   the owner saves by itself is no more than what the common surplus could grow

So the first bounds the second, whose own number is the run's word up to that. Where the gap is said to be closed, time
was not over, and one hand found the trades of the search, the plan must be an equilibrium to 2e-6 of what a year costs
and two cents: 1e-6 is how exactly programs in whole numbers are solved, and as much how exactly days are priced.
Agreements by messages are not known so well; then it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_master import solved_alone
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.view import Floats

EXACT, CENTS, ROUNDING = 2e-6, 0.02, 1e-9


def equilibrium_checks(view: JointView) -> Iterator[Check]:
    """Gains of all owners by changing their own plan, and those that are told."""
    own = growths(view)
    yield _told(view, own)
    yield _held(view, own)
    yield _gains(view)
    yield _equilibrium(view, own)


def growths(view: JointView) -> Floats:
    """At most by how much the common surplus could grow where one owner alone changes its plan, (owners,)."""
    cost = float(view.record.summary["objective_by_form"])
    found = np.zeros(len(view.owners))
    for owner in range(found.size):
        own = np.flatnonzero(view.owner_of == owner)
        if own.size:
            found[owner] = cost - solved_alone(view.plan, own).proven
    return np.where(found < 0.0, 0.0, found)


def known_to(view: JointView) -> float:
    """Money of a year below which nothing is known."""
    return EXACT * abs(float(view.record.summary["objective_by_form"])) + CENTS


def _told(view: JointView, own: Floats) -> Check:
    short = np.maximum(own - view.of_owners("rebargained_surplus", "deviations"), 0.0)
    text = "What the surplus could grow where an owner alone moves, beyond what is told, in currency of a year."
    return worst("joint plan re-bargained gains", text, known_to(view), [Measure("owner", view.owners, short)])


def _held(view: JointView, own: Floats) -> Check:
    over = np.maximum(view.of_owners("held_gain", "deviations") - own, 0.0)
    text = (
        "What an owner could gain at held trades, as told, beyond what the surplus could grow, in currency of a year."
    )
    return worst("joint plan held gains", text, known_to(view), [Measure("owner", view.owners, over)])


def _gains(view: JointView) -> Check:
    """Gains are shares of growths, none is below nothing, and the summary tells the largest."""
    held, growth, gain = (
        view.of_owners(name, "deviations") for name in ("held_gain", "rebargained_surplus", "rebargained_gain")
    )
    summary = view.record.summary
    largest = {"largest_held_gain": held.max(), "largest_rebargained_gain": gain.max()}
    off = np.array([abs(float(summary[name]) - float(value)) for name, value in largest.items()])
    nothing = view.added(np.ones(view.owner_of.size)) == 0.0
    measures = [
        Measure("gain", view.owners, np.abs(gain - view.trade.weights * growth)),
        Measure("below nothing", view.owners, np.maximum(0.0, -np.minimum(held, growth))),
        Measure("of nobody who decides", view.owners, np.where(nothing, np.abs(held) + np.abs(growth), 0.0)),
        Measure("summary", list(largest), off),
    ]
    text = "Gains that are not the weights of growths, are below nothing, or not the summary's, in currency of a year."
    return worst("joint plan gains told", text, ROUNDING, measures)


def _equilibrium(view: JointView, own: Floats) -> Check:
    summary, settings = view.record.summary, view.record.settings
    bound = bool(summary["gap_closed"]) and view.by_one_hand
    bound = bound and float(summary["search_seconds"]) < float(settings["time_limit_s"])
    measures = [
        Measure("re-bargained", view.owners, view.trade.weights * own),
        Measure("held", view.owners, view.of_owners("held_gain", "deviations")),
    ]
    text = "The most that an owner could gain by changing its own plan alone, in currency of a year."
    return worst("joint plan equilibrium", text, known_to(view), measures, required=bound)
