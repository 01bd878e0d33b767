"""The pool: the dispatch of a district that maximises social welfare, solved, made exact, with integers held."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Cleared, Market
from gridpact.markets.diagnosis import explain
from gridpact.markets.exactness import made_exact
from gridpact.markets.heat.side import Anchor, heating
from gridpact.markets.heat.variable_flow import told, with_variable_flow
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.physics.devices.modes import MODES, Apart
from gridpact.physics.heat.network import Flows
from gridpact.programs.elimination import lean
from gridpact.programs.mixed_integer import solve_mixed
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program

# Which units run, which parts of capacitors are in, which way storages go: the only integers of the market.
HEAT_UNITS = ("chp_on", "electric_boiler_on", "heat_pump_on", "gas_boiler_on")
INTEGERS = ("on", "controlled_on", "capacitor_on", *HEAT_UNITS, *(name for name, _, _ in MODES.values()))
# Power, per unit, above which charging and discharging at once counts, half of what the judges allow; rounds of modes.
BOTH = 5e-7
MODE_ROUNDS = 5
Mask = NDArray[np.bool_]


def clear_pool(
    case: Case,
    formulation: str = "soc",
    solver: str = "clarabel",
    exactness: str = "repair",
    heat_dynamics: str = "quasi_dynamic",
    heat_flow: str = "constant",
) -> Cleared:
    """Build, compile and solve the market of a case.

    Where the cones of the relaxation are not tight, ``exactness`` "repair" and "certify" make them so.

    Where units may be switched, the mixed-integer program settles which of them run; prices then come
    from solving again with that held (O'Neill et al., European Journal of Operational Research 164, 2005).

    Raises ``InputError`` for an unknown formulation or solver, for loops where the formulation needs a radial network
    and for water that turns round, ``InfeasibleError`` and ``NotConverged`` as ``programs.solve`` does, and where there
    is provably no dispatch that the physics allows, or none was found.
    """
    if heat_flow == "constant" or not case.count("heat_nodes"):
        return _clear(case, formulation, solver, exactness, heat_dynamics)
    relaxed = partial(_clear, case, formulation, solver, "off", heat_dynamics)
    settled = with_variable_flow(case, relaxed)
    return told(_clear(case, formulation, solver, exactness, heat_dynamics, settled.flows, settled.anchor), settled)


def _clear(
    case: Case,
    formulation: str,
    solver: str,
    exactness: str,
    heat_dynamics: str,
    flows: Flows | None = None,
    anchor: Anchor | None = None,
) -> Cleared:
    """The market with the flows of the heat network's design, or with others near an anchor (``Heating``)."""
    chosen = formulation_named(formulation)
    network = market_network(case, chosen)
    heat = heating(case, network.base_mva, heat_dynamics, flows, anchor)
    form = compile_program(clearing_program(case, network, chosen, heat))
    market = Market(case, network, chosen, form, heat=heat)
    try:
        return _one_way(market, solver, exactness)
    except (InfeasibleError, NotConverged):
        windows = case.windows() if flows is None else []
        for window in windows if len(windows) > 1 else []:  # one is to blame, and much easier to explain alone
            _clear(window, formulation, solver, exactness, heat_dynamics)
        raise


def _one_way(market: Market, solver: str, exactness: str) -> Cleared:
    """The market with every storage charging or discharging, not both: modes only where it would do both."""
    case = market.case
    apart = {table: np.zeros((case.count(table), case.steps), dtype=np.bool_) for table in MODES}
    for _ in range(MODE_ROUNDS):
        cleared = _settled(market, solver, apart)
        if exactness in ("repair", "certify"):
            cleared = made_exact(cleared, exactness == "certify")
        both = {table: both_ways(cleared, table) for table in MODES}
        if not any(where.any() for where in both.values()):
            return cleared
        apart = {table: apart[table] | both[table] for table in MODES}
        program = clearing_program(case, market.network, market.formulation, market.heat, apart=apart)
        market = replace(market, form=compile_program(program))
    raise NotConverged(f"Storages still charge and discharge at once after {MODE_ROUNDS} rounds of modes for them.")


def both_ways(cleared: Cleared, table: str) -> Mask:
    """Where a storage of a table charges and discharges at once, (storages, steps)."""
    into, out = (cleared.megawatts(name, table) / cleared.network.base_mva for name in MODES[table][1:])
    both: Mask = np.minimum(into, out) > BOTH
    return both


def _settled(market: Market, solver: str, apart: Apart) -> Cleared:
    try:
        return _settle(market, solver, apart)
    except (InfeasibleError, NotConverged) as error:
        raise (_explained(market, error) if market.case.begins.sum() == 1 else error) from None


def _explained(market: Market, error: InfeasibleError | NotConverged) -> InfeasibleError | NotConverged:
    """The error with a diagnosis.

    Far from feasible, a solver may stop without a proof; how much would have to give way is easier to find.
    """
    if isinstance(error, InfeasibleError) and not error.unbounded:
        return explain(market)
    hint = burning_hint(market.case)
    if isinstance(error, InfeasibleError):
        return InfeasibleError(f"{error}{hint}", unbounded=True)
    explained = explain(market)
    return explained if explained.diagnosis else NotConverged(f"{error}{hint}")


def burning_hint(case: Case) -> str:
    """What is missing where importing is paid for and nothing bounds the current that a relaxation can burn it with."""
    paid = bool((case.series("interfaces", "price_per_mwh") < 0.0).any())
    limits = np.concatenate([case.column("lines", "max_i_ka"), case.column("transformers", "max_s_mva")])
    if not paid or np.isfinite(limits[case.branches_in_service()]).all():
        return ""
    return (
        " Where the price is below zero, the relaxation burns energy in branches without a limit: give every line "
        "max_i_ka and every transformer max_s_mva."
    )


def _settle(market: Market, solver: str, apart: Apart) -> Cleared:
    case, network, chosen, form, heat = market.case, market.network, market.formulation, market.form, market.heat
    if not form.integers.size:
        return Cleared(case, network, chosen, form, solve(form, solver), heat=heat)
    short = lean(form)
    mixed, x = solve_mixed(short.form), np.zeros(form.q.size)
    x[short.kept_columns] = mixed.x
    held = {name: np.rint(x[form.columns[name]]) for name in INTEGERS if name in form.columns}
    for table, (mode, _, _) in MODES.items():
        if mode in held:
            held[mode] = np.where(apart[table], held[mode], np.nan)
    fixed = compile_program(clearing_program(case, network, chosen, heat, held))
    return Cleared(case, network, chosen, fixed, solve(fixed, solver), held, mixed.bound, heat=heat)
