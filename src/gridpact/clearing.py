"""Clear the markets of a district: the study of one market, as a function of its case and settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.results.record import Record
from gridpact.results.summary import clearing_summary
from gridpact.run import Run, judged, provenance, require

if TYPE_CHECKING:
    from gridpact.markets.cleared import Cleared

EXACTNESS = ("off", "check", "repair", "certify")
DYNAMICS = ("quasi_dynamic", "steady")
FLOWS = ("constant", "variable")


def clear(
    case: Case | str | Path,
    *,
    formulation: str = "soc",
    exactness: str = "repair",
    solver: str = "clarabel",
    price_probes: int = 4,
    heat_dynamics: str = "quasi_dynamic",
    heat_flow: str = "constant",
    structures: bool = False,
    progress: bool = False,
) -> Run:
    """Clear the markets of a district: dispatch, nodal prices of electricity and heat, settlement and certificate.

    ``formulation`` is "soc" (branch flow with the second-order cone, radial), "lindistflow" (linearised, radial)
    or "dc" (meshed, active power only); prices of the last two are ``approximate``.

    ``exactness`` says what happens where the relaxation invents losses. "repair": the best AC-feasible dispatch that is
    found, with prices that are multipliers of the non-linear program there. "certify": the same, with more effort, and
    a proof how far the global optimum can be. "check": a cone that is not tight is a failed certificate. "off": the
    relaxation is taken as it is, ``approximate``.

    ``heat_dynamics`` of a district with a heat network is "quasi_dynamic" (water takes its time in pipes, which
    store heat) or "steady" (it passes within a step). ``heat_flow`` is "constant" (flows follow from the data,
    temperatures are chosen) or "variable" (valves hold the consumers' ``return_degc``: flows and temperatures are
    settled in turns, and prices are those of the last flows; ``summary["heat_flow_method"]`` says so). ``structures``
    adds the table of that name: the same district cleared heat first, and by networks that agree on the power of the
    couplers and its price.

    ``solver`` is clarabel or any solver CVXPY finds installed. ``price_probes`` is the number of bus-hours whose prices
    are confirmed by clearing again on either side.

    ``case`` may also be a path. A case changed in memory is validated first.

    Raises ``InputError`` for wrong arguments, for mistakes in the case and for loops where the formulation needs a
    radial network, ``InfeasibleError`` (with a ``diagnosis``) where no dispatch satisfies all limits,
    ``NotConverged`` where the solver gives up.
    A failed certificate raises nothing: the run is returned so that it can be looked at.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case
    from gridpact.markets.basis import price_basis
    from gridpact.markets.pool import clear_pool
    from gridpact.markets.probes import price_probes as probe
    from gridpact.markets.structure_table import structure_table
    from gridpact.programs.standard_form import arrays
    from gridpact.progress import tracker

    check_settings(formulation, exactness, solver, price_probes)
    settings = {"formulation": formulation, "exactness": exactness, "solver": solver, "price_probes": price_probes}
    case = require_valid(case) if isinstance(case, Case) else read_case(case)
    settings |= heat_settings(case, heat_dynamics, heat_flow, structures)
    started = perf_counter()
    cleared = clear_pool(case, formulation, solver, exactness, heat_dynamics, heat_flow)
    tables = cleared_tables(cleared, settings)
    track = tracker("price probes", progress)
    if structures:
        tables["structures"] = structure_table(cleared)
    tables["price_probes"] = probe(cleared, tables, price_probes, solver, track)
    record = Record(
        question="clear",
        settings=settings,
        case=case,
        summary=clearing_summary(case, tables, cleared.solution.cost) | price_basis(cleared),
        tables=tables,
        solution=arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)},
        provenance=provenance(cleared.solution, perf_counter() - started),
    )
    return Run(judged(record))


def compare_structures(case: Case | str | Path, *, heat_dynamics: str = "quasi_dynamic") -> pd.DataFrame:
    """The markets of a district cleared jointly, heat first, and each network on its own until they agree.

    One row per structure ("joint", "sequential", "separate"): ``status``; ``cost`` and what of it the devices of
    either network cost; ``coupler_profit`` and the merchandising surplus of each network at the prices of the
    structure; mean prices per MWh; ``iterations`` and ``residual_mw`` of the agreement; ``above_joint_percent``;
    ``payments_sum``. Where a structure has no dispatch, ``status`` says why and its numbers are NaN. Couplers belong to
    the heat operator.

    Raises ``InputError`` for a case without a heat network and where couplers hang on a network without an interface,
    and what ``clear`` raises.
    """
    run = clear(case, heat_dynamics=heat_dynamics, structures=True, price_probes=0)
    return run.table("structures")


def cleared_tables(cleared: Cleared, settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The tables of a clearing, with those of its relaxation where it was repaired."""
    from gridpact.markets.outcome import outcome_tables

    tables = outcome_tables(cleared)
    return tables if cleared.relaxed is None else tables | {"relaxed_buses": relaxed_voltages(cleared, settings)}


def relaxed_voltages(cleared: Cleared, settings: Mapping[str, Any]) -> pd.DataFrame:
    """What the relaxation claimed before it was repaired, beside an AC power flow at its set-points."""
    from gridpact.certificates.acflow import set_point_voltages
    from gridpact.markets.exactness import relaxed_buses
    from gridpact.markets.outcome import outcome_tables

    assert cleared.relaxed is not None
    tables, base = outcome_tables(cleared.relaxed), np.array(cleared.network.base_mva)
    record = Record("clear", settings, cleared.case, {}, tables, {"base_mva": base})
    return relaxed_buses(cleared, *set_point_voltages(record))


def check_settings(formulation: Any, exactness: Any, solver: Any, price_probes: Any) -> None:
    """Types and ranges, whatever the caller passed."""
    require(isinstance(solver, str), "solver", solver, "Give the name of a solver.")
    require(isinstance(formulation, str), "formulation", formulation, "Give the name of a formulation.")
    require(isinstance(price_probes, int), "price_probes", price_probes, "Give a whole number.")
    require(exactness in EXACTNESS, "exactness", exactness, f"Choose one of: {', '.join(EXACTNESS)}.")
    require(0 <= price_probes <= 10_000, "price_probes", price_probes, "Give a whole number from 0 to 10000.")


def heat_settings(case: Case, heat_dynamics: Any, heat_flow: Any, structures: Any) -> dict[str, Any]:
    """The settings of a district with a heat network, checked; none where the case has no heat network."""
    require(isinstance(structures, bool), "structures", structures, "Give true or false.")
    require(heat_flow in FLOWS, "heat_flow", heat_flow, f"Choose one of: {', '.join(FLOWS)}.")
    require(heat_dynamics in DYNAMICS, "heat_dynamics", heat_dynamics, f"Choose one of: {', '.join(DYNAMICS)}.")
    if case.count("heat_nodes"):
        return {"heat_dynamics": heat_dynamics, "heat_flow": heat_flow, "structures": structures}
    require(not structures, "structures", structures, "Only a district with a heat network has them.")
    return {}
