"""The market as a program: its formulation, its networks, its devices and what balances them.

minimise    hours x sum over steps of the cost (less the benefit) of all devices
subject to  active and reactive balance at every bus      (their multipliers are the prices)
            the flow law and the limits of the network
            heat balance of both sides at every node of the heat network   (and theirs the prices of heat)
            the limits of every device
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.heat.side import Heating, heat_constraints, heat_devices, held_back
from gridpact.physics.devices.device import Device
from gridpact.physics.devices.generator import generators
from gridpact.physics.devices.interface import interfaces
from gridpact.physics.devices.load import loads
from gridpact.physics.devices.modes import Apart
from gridpact.physics.devices.reactive import capacitors, compensators
from gridpact.physics.devices.renewable import renewables
from gridpact.physics.devices.storage import storages
from gridpact.physics.devices.unit import Held
from gridpact.physics.electric import dc, distflow_soc, lindistflow
from gridpact.physics.electric.flow import Flow
from gridpact.physics.electric.line_choice import LineChoice
from gridpact.physics.electric.network import (
    Network,
    electric_network,
    place,
    power_base,
    require_radial,
    require_reactance,
)
from gridpact.physics.heat import constant_flow
from gridpact.programs.affine import Affine, Variable, nothing
from gridpact.programs.program import Named, Program, equal

Formulation = ModuleType | LineChoice
FORMULATIONS: dict[str, ModuleType] = {"soc": distflow_soc, "lindistflow": lindistflow, "dc": dc}


def formulation_named(name: str) -> ModuleType:
    if name not in FORMULATIONS:
        raise InputError(f"formulation {name!r} is unknown. Choose one of: {', '.join(FORMULATIONS)}")
    return FORMULATIONS[name]


def market_network(case: Case, formulation: ModuleType) -> Network:
    """The network in per unit; ``InputError`` where the formulation needs a radial one and it has loops."""
    network = electric_network(case, power_base(case))
    if formulation.RADIAL:
        require_radial(case, network)
    else:
        require_reactance(case, network)
    return network


def clearing_program(
    case: Case,
    network: Network,
    formulation: Formulation,
    heat: Heating | None = None,
    held: Held | None = None,
    apart: Apart | None = None,
    others: Sequence[Device] = (),
) -> Program:
    """The market of all devices of the case on its networks, and of ``others``; ``held`` holds integers by name.

    ``apart`` says where storages and tanks choose between charging and discharging.
    """
    warm = heat_devices(case, heat, held or {}, apart) if heat else []
    program = electric_program(case, network, formulation, [*warm, *others], held, apart)
    return program if heat is None else with_heat(case, program, heat, warm)


def with_heat(case: Case, program: Program, heat: Heating, warm: list[Device]) -> Program:
    """The program with the heat network that the devices ``warm`` feed and draw on."""
    temperatures, rows = heat_constraints(case, heat, warm)
    cost, squares = held_back(case, heat, temperatures)
    return replace(
        program,
        cost=program.cost + case.hours * cost,
        variables={**program.variables, **temperatures},
        constraints={**program.constraints, **rows},
        squares={**program.squares, **{name: case.hours * weights for name, weights in squares.items()}},
        states=constant_flow.states(heat.network),
    )


def electric_program(
    case: Case,
    network: Network,
    formulation: Formulation,
    others: list[Device],
    held: Held | None = None,
    apart: Apart | None = None,
) -> Program:
    """The market of the electricity network with ``others`` beside its own devices."""
    flow = formulation.variables(network, case.steps)
    devices = electric_devices(case, network.base_mva, formulation, flow, held or {}, apart or {}) + others
    variables, constraints = dict(flow), _balances(network, devices, *formulation.outflow(network, flow))
    constraints |= formulation.flow_law(network, flow) | formulation.limits(network, flow)
    return assembled(case, devices, variables, constraints)


def assembled(case: Case, devices: list[Device], variables: dict[str, Variable], constraints: Named) -> Program:
    """The program of networks with their devices: cost over the horizon, squares and integers."""
    for device in devices:
        variables |= device.variables
        constraints |= device.constraints
    cost = case.hours * sum((device.cost for device in devices), nothing())
    squares = {name: case.hours * weights for device in devices for name, weights in device.squares.items()}
    integers = tuple(name for device in devices for name in device.integers)
    return Program(cost, variables, constraints, squares, integers)


def electric_devices(
    case: Case, base: float, formulation: Formulation, flow: Flow, held: Held, apart: Apart
) -> list[Device]:
    """Every kind of device that the case has; capacitors also need the voltages."""
    builders: dict[str, Callable[[Case, float], Device]] = {
        "interfaces": interfaces,
        "generators": partial(generators, held=held),
        "renewables": partial(renewables, reactive=formulation.REACTIVE),
        "storages": partial(storages, held=held, apart=apart),
        "loads": partial(loads, held=held),
        "compensators": compensators,
        "capacitors": partial(capacitors, held=held, voltage=flow.get("voltage")),
    }
    return [build(case, base) for table, build in builders.items() if case.count(table)]


def _balances(network: Network, devices: list[Device], active: Affine, reactive: Affine | None) -> Named:
    """Outflow less injection is zero: demand counts positive, so that the multiplier is +d(cost)/d(demand)."""
    devices = [device for device in devices if device.buses.size]
    p = sum(place(device.buses, network) @ device.p for device in devices)
    named = {"active_balance": equal(active - p)}
    if reactive is not None:
        q = sum(place(device.buses, network) @ device.q for device in devices)
        named["reactive_balance"] = equal(reactive - q)
    return named
