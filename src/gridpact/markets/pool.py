"""The pool: the dispatch of a district that maximises social welfare, as one convex program.

minimise    hours x sum over steps of the cost (less the benefit) of all devices
subject to  active and reactive balance at every bus      (their multipliers are the prices)
            the flow law and the limits of the network
            the limits of every device
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import cvxpy as cp

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.cleared import Cleared
from gridpact.physics.devices.device import Device
from gridpact.physics.devices.generator import generators
from gridpact.physics.devices.interface import interfaces
from gridpact.physics.devices.load import loads
from gridpact.physics.devices.renewable import renewables
from gridpact.physics.devices.storage import storages
from gridpact.physics.electric import dc, distflow_soc, lindistflow
from gridpact.physics.electric.network import Network, electric_network, place, power_base, require_radial
from gridpact.programs.program import Named, Program, equal
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program

FORMULATIONS: dict[str, ModuleType] = {"soc": distflow_soc, "lindistflow": lindistflow, "dc": dc}

DEVICES: dict[str, Callable[[Case, float], Device]] = {
    "interfaces": interfaces,
    "generators": generators,
    "renewables": renewables,
    "storages": storages,
    "loads": loads,
}


def clear_pool(case: Case, formulation: str = "soc", solver: str = "clarabel") -> Cleared:
    """Build, compile and solve the market of a case.

    Raises ``InputError`` for an unknown formulation or solver and for loops where the formulation needs a
    radial network, ``InfeasibleError`` and ``NotConverged`` as ``programs.solve`` does.
    """
    chosen = formulation_named(formulation)
    network = market_network(case, chosen)
    form = compile_program(clearing_program(case, network, chosen))
    return Cleared(case, network, chosen, form, solve(form, solver))


def formulation_named(name: str) -> ModuleType:
    if name not in FORMULATIONS:
        raise InputError(f"formulation {name!r} is unknown. Choose one of: {', '.join(FORMULATIONS)}.")
    return FORMULATIONS[name]


def market_network(case: Case, formulation: ModuleType) -> Network:
    """The network in per unit; ``InputError`` where the formulation needs a radial one and it has loops."""
    network = electric_network(case, power_base(case))
    if formulation.RADIAL:
        require_radial(case, network)
    return network


def clearing_program(case: Case, network: Network, formulation: ModuleType) -> Program:
    """The market of all devices of the case on its network."""
    devices = [build(case, network.base_mva) for table, build in DEVICES.items() if case.count(table)]
    flow = formulation.variables(network, case.steps)
    variables, constraints = dict(flow), _balances(network, devices, *formulation.outflow(network, flow))
    constraints |= formulation.flow_law(network, flow) | formulation.limits(network, flow)
    for device in devices:
        variables |= device.variables
        constraints |= device.constraints
    cost = case.hours * sum((device.cost for device in devices), cp.Constant(0.0))
    return Program(cost, variables, constraints)


def _balances(network: Network, devices: list[Device], active: cp.Expression, reactive: cp.Expression | None) -> Named:
    """Outflow less injection is zero: demand counts positive, so that the multiplier is +d(cost)/d(demand)."""
    p = sum(place(device.buses, network) @ device.p for device in devices)
    named = {"active_balance": equal(active - p)}
    if reactive is not None:
        q = sum(place(device.buses, network) @ device.q for device in devices)
        named["reactive_balance"] = equal(reactive - q)
    return named
