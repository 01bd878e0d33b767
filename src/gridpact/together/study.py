"""Several owners plan their investments together and share the gain: the study, as a function of case and settings."""

from __future__ import annotations

import math
from pathlib import Path
from time import perf_counter
from typing import Any

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.plans.settings import is_absent
from gridpact.results.together import NO_REFERENCE
from gridpact.run import Run, judged
from gridpact.together.settings import setting_issues


def plan_together(
    case: Case | str | Path,
    *,
    scheme: str = "in_turn",
    upper: str = "one_hand",
    weights: str = "given",
    typical_days: int = 4,
    representation: str = "energy_medoid",
    extreme_days: bool = False,
    discount_rate: float = 0.08,
    saidi_limit_h: float = math.inf,
    saifi_limit: float = math.inf,
    eens_limit_mwh: float = math.inf,
    trade: str = "central",
    exactness: str = "repair",
    gap: float = 1e-4,
    time_limit_s: float = 600.0,
    years: int = 20,
    compare: bool = True,
    reference: str = NO_REFERENCE,
    workers: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> Run:
    """The investments of the microgrids and of the network between them, agreed by generalised Nash bargaining.

    Every microgrid may build the candidates at its bus, the operator all others. What trade between them is worth on
    the representative days (``typical_days`` of them, see ``plan``) decides what pays. The gain of the year over
    planning alone, or over a ``disagreement_cost`` that is given, that of a year, is shared by ``weights``: "given"
    (column weight), "equal" or "stand_alone" (as the size of what a year alone costs or earns each). All owners
    bargain, the operator too.

    ``scheme``: "in_turn" (one owner at a time, a move counts where the common surplus grows), "alternating" (all at
    once at the trades agreed last, as the method is usually described; where it stalls or goes round in a circle,
    ``in_turn`` goes on) or "benders" (one master, with what capacity is worth to each owner as cuts). Each goes on, all
    together, until no plan can be cheaper by more than ``gap``, or ``time_limit_s`` is over. ``compare`` also shows
    what alternating by itself comes to, and ``reference`` ("scip", or the name of another solver for whole numbers and
    cones that is installed) what that solver does with all as one program, for cases small enough.

    ``upper`` is how trades are found for plans that are looked at: by "one_hand" that knows everything, or by messages
    between owners that keep their data to themselves ("atc", "cf_admm"; neither with alternating nor with limits): then
    nothing but trades, prices, capacity duals, accept or reject and masked sums crosses (table ``plan_disclosures``).
    ``trade`` is how the days are traded with the plan that was found ("central", "atc", "cf_admm"; see ``trade``),
    ``exactness`` as in ``clear``. Cash is followed for so many ``years``.

    Limits of reliability, as of ``plan``, are those of the network with all its customers: ``saidi_limit_h``,
    ``saifi_limit``, ``eens_limit_mwh`` (per year, by a linear form that never understates them). A plan that does not
    keep them is none, together and for the operator alone; then ties and switches are candidates of the operator, and
    tables ``reliability``, ``reliability_system`` and ``reliability_loads`` are there.

    Tables: ``owners``, ``investments``, ``alone_investments``, ``moves``, ``schemes``, ``deviations``, ``payments``,
    ``cash_flow``, ``reinforcements``, ``fairness``, ``scenarios``; those of a trade for the days: ``exchanges``,
    ``trades``, and those of ``clear`` for the network, and with the prefix ``microgrids_`` for the microgrids.

    Raises ``InputError`` for wrong arguments, for mistakes in the case and where nobody can build or trade,
    ``InfeasibleError`` where somebody cannot meet its demand alone, the operator alone cannot keep the limits, or all
    together cannot, ``NotConverged`` where no plan is found in time or the parties do not agree.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case
    from gridpact.together.record import together_record

    started = perf_counter()
    settings: dict[str, Any] = {
        "scheme": scheme,
        "upper": upper,
        "weights": weights,
        "typical_days": typical_days,
        "representation": representation,
        "extreme_days": extreme_days,
        "discount_rate": discount_rate,
        "saidi_limit_h": saidi_limit_h,
        "saifi_limit": saifi_limit,
        "eens_limit_mwh": eens_limit_mwh,
        "trade": trade,
        "exactness": exactness,
        "gap": gap,
        "time_limit_s": time_limit_s,
        "years": years,
        "compare": compare,
        "reference": reference,
        "workers": workers,
        "seed": seed,
    }
    settings = {name: value for name, value in settings.items() if not is_absent(name, value)}
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    if not isinstance(case, Case | str | Path):
        fix = "Give a case, or the path of its folder."
        raise InputError([Issue("this is no case", fix, value=type(case).__name__)])
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    return Run(judged(together_record(valid, settings, progress, started)))
