"""Microgrids trade with each other and with the network: the study, as a function of its case and settings."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.run import Run, judged
from gridpact.trading.settings import setting_issues


def trade(
    case: Case | str | Path,
    *,
    method: str = "atc",
    subproblem: str = "solver",
    tolerance: float = 1e-4,
    rounds: int = 500,
    exactness: str = "repair",
    heat_dynamics: str = "quasi_dynamic",
    reference: bool = True,
    coalitions: str = "auto",
    seed: int = 0,
    warm_start: str = "",
    progress: bool = False,
) -> Run:
    """The day-ahead market of the microgrids of a case and of the network between them.

    The table ``microgrids`` says who trades, ``network_operator`` what the operator charges. Stage one finds exchanges
    and prices of greatest welfare, stage two shares the gain over the disagreement point by the Nash bargaining
    solution, in whole cents. Every party solves its own program, and only declared coupling quantities leave it (table
    ``disclosures``).

    ``method``: "atc" (analytical target cascading with an augmented Lagrangian: the network above, the microgrids
    below), "cf_admm" (consensus ADMM whose coordination steps are in closed form, all parties at once) or "central"
    (one hand that knows everything). ``subproblem`` "closed_form" has the parties' own updates in closed form too.
    ``tolerance`` is that of both residuals, relative, within ``rounds`` rounds. ``warm_start`` is the folder of a kept
    trade of the same microgrids, of another day: its ratios of prices to the transmission price are where this one
    begins. Cones that are not tight are made so in the network's own program (``exactness`` as in ``clear``).

    ``reference`` also dispatches everything centrally and compares. ``coalitions`` "auto" computes what coalitions
    could gain for up to four bargaining parties, "all" for any number (sampled above twelve), "none" never; the Shapley
    value and the largest excess of a coalition need them. ``seed`` is that of masks and samples.

    Tables: ``exchanges``, ``trades``, ``fees``, ``bargaining``, ``sheet``, ``shares``, ``coalitions``,
    ``convergence``, ``disclosures``, ``regrets``, ``reference``; those of ``clear`` for the network, and with the
    prefixes ``microgrids_``, ``before_network_`` and ``before_microgrids_`` for the microgrids and for the
    disagreement point.

    Raises ``InputError`` for wrong arguments, for mistakes in the case and where nobody trades, ``InfeasibleError``
    where the market or the disagreement point has no dispatch, with whose program it is and what would have to give
    way, ``NotConverged`` where the parties do not agree in time, or a storage would charge and discharge at once.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case
    from gridpact.trading.record import trade_record

    started = perf_counter()
    settings: dict[str, Any] = {
        "method": method,
        "subproblem": subproblem,
        "tolerance": tolerance,
        "rounds": rounds,
        "exactness": exactness,
        "heat_dynamics": heat_dynamics,
        "reference": reference,
        "coalitions": coalitions,
        "seed": seed,
        "warm_start": str(Path(warm_start).resolve()) if isinstance(warm_start, str) and warm_start else warm_start,
    }
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    return Run(judged(trade_record(valid, settings, progress, started)))
