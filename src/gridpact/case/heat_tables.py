"""The tables of the district heating network, of what heats it, and of what couples it with electricity."""

from __future__ import annotations

from typing import Final

from gridpact.case.table import BLANK, Column, Table, own_id, reference

# Water in a heat network is liquid: it does not freeze, and no network stands the pressure of hotter water.
FREEZING, HOTTEST = 0.0, 250.0


def _degc(name: str, description: str, profile: bool = False) -> Column:
    """A temperature of water that may stay blank."""
    return Column(name, description, unit="degC", default=BLANK, minimum=FREEZING, maximum=HOTTEST, profile=profile)


def _limit(name: str, description: str, default: float) -> Column:
    """A limit on the temperature of water, which is liquid in any case."""
    return Column(name, description, unit="degC", default=default, minimum=FREEZING, maximum=HOTTEST)


def _flow(description: str) -> Column:
    return Column("flow_kg_per_s", description, unit="kg/s", default=BLANK, positive=True, profile=True)


_BUS = reference("bus", "buses", "bus it is connected to")
_NODE = reference("node", "heat_nodes", "node of the heat network it is connected to")

# What every unit that may be switched off has, as generators have it.
_SWITCHED = (
    Column("committable", "true: it may also be off; false: it always runs", kind="flag", default=False),
    Column(
        "start_cost", "cost of every start; counts for committable units", unit="currency", default=0.0, minimum=0.0
    ),
    Column("min_up_h", "shortest time it runs once started, if committable", unit="h", default=0.0, minimum=0.0),
    Column(
        "min_down_h",
        "shortest time it stays off once stopped; counts where committable",
        unit="h",
        default=0.0,
        minimum=0.0,
    ),
)
_HEAT_RANGE = (
    Column("max_heat_mw", "highest heat", unit="MW", minimum=0.0, profile=True),
    Column("min_heat_mw", "lowest heat while it runs", unit="MW", default=0.0, minimum=0.0, profile=True),
)
_HEAT_COST = Column("cost_per_mwh", "cost of heat besides its energy", unit="currency/MWh", default=0.0, profile=True)
_FUEL_PRICE = Column("fuel_price_per_mwh", "price of fuel", unit="currency/MWh", default=0.0, profile=True)
_REACTIVE = Column("q_mvar_per_mw", "reactive over active power taken", unit="Mvar/MW", default=0.0)

_NETWORKS = Table(
    "heat_networks",
    "District heating networks: pairs of supply and return pipes, and the water in them.",
    (
        own_id("heat_network", "name of the network"),
        Column("ambient_degc", "temperature around the pipes", unit="degC", minimum=-60.0, maximum=60.0, profile=True),
        Column(
            "heat_capacity_j_per_kgk", "specific heat capacity of water", unit="J/(kg K)", default=4182.0, positive=True
        ),
        Column("density_kg_per_m3", "density of water", unit="kg/m3", default=980.0, positive=True),
        Column("viscosity_m2_per_s", "kinematic viscosity of water", unit="m2/s", default=4.5e-7, positive=True),
    ),
)

_NODES = Table(
    "heat_nodes",
    "Nodes of a heat network, each one on the supply and on the return side.",
    (
        own_id("node", "name of the node"),
        reference("heat_network", "heat_networks", "network it belongs to"),
        _limit("supply_min_degc", "lowest supply temperature", FREEZING),
        _limit("supply_max_degc", "highest supply temperature", HOTTEST),
        _limit("return_min_degc", "lowest return temperature", FREEZING),
        _limit("return_max_degc", "highest return temperature", HOTTEST),
        Column("x", "horizontal coordinate for drawings; blank: drawn as a tree", default=BLANK),
        Column("y", "vertical coordinate for drawings; blank: drawn as a tree", default=BLANK),
    ),
)

_PIPES = Table(
    "pipes",
    "Pairs of pipes of the same length: supply from from_node to to_node, return back. Water flows either way.",
    (
        own_id("pipe", "name of the pipe"),
        reference("from_node", "heat_nodes", "node at the from end"),
        reference("to_node", "heat_nodes", "node at the to end"),
        Column("length_m", "length", unit="m", positive=True),
        Column("diameter_mm", "inner diameter", unit="mm", positive=True),
        Column(
            "heat_transfer_w_per_mk",
            "heat lost per metre of one pipe and degree above ambient",
            unit="W/(m K)",
            minimum=0.0,
        ),
        Column("roughness_mm", "roughness of the wall", unit="mm", default=0.1, minimum=0.0),
        Column("loss_coefficient", "local pressure losses, in velocity heads", default=0.0, minimum=0.0),
        Column("in_service", "false takes the pipe out of the network", kind="flag", default=True),
        _degc(
            "initial_supply_degc", "temperature of the supply pipe at the start, one window only; blank: as at the end"
        ),
        _degc(
            "initial_return_degc", "temperature of the return pipe at the start, one window only; blank: as at the end"
        ),
    ),
)

_SOURCES = Table(
    "heat_sources",
    "Stations that pump water from the return to the supply side of a node, where the devices of the node heat it. "
    "One station of a network has neither flow_kg_per_s nor flow_share: it pumps what the others leave.",
    (
        own_id("heat_source", "name of the station"),
        _NODE,
        reference("bus", "buses", "bus that its pump takes power from"),
        _flow("water it pumps; blank: by flow_share"),
        Column(
            "flow_share",
            "share of all the water that the network's consumers take; blank: what is left",
            default=BLANK,
            positive=True,
            maximum=1.0,
            profile=True,
        ),
        Column("pump_efficiency", "hydraulic over electric power", default=0.75, positive=True, maximum=1.0),
        Column("pressure_drop_bar", "pressure lost inside the station", unit="bar", default=0.0, minimum=0.0),
    ),
)

_LOADS = Table(
    "heat_loads",
    "Consumers of heat. Where flow_kg_per_s is blank, the water they take is the design heat over the heat capacity "
    "and design_drop_k, in all steps.",
    (
        own_id("heat_load", "name of the consumer"),
        _NODE,
        Column("heat_mw", "heat taken", unit="MW", minimum=0.0, profile=True),
        _flow("water it takes; blank: by design"),
        Column(
            "design_heat_mw",
            "heat it is designed for; blank: its highest heat_mw",
            unit="MW",
            default=BLANK,
            positive=True,
        ),
        Column("design_drop_k", "supply less return temperature, by design", unit="K", default=30.0, positive=True),
        _degc("return_degc", "return temperature its valve holds, if flows vary; blank: flow by design", profile=True),
        Column("min_pressure_bar", "least pressure from supply to return", unit="bar", default=0.5, minimum=0.0),
    ),
)

_UNSERVED = Table(
    "heat_unserved",
    "Heat demand that may stay unserved, at a price. A consumer without a row is always served.",
    (
        reference("heat_load", "heat_loads", "consumer that may be cut"),
        Column("price_per_mwh", "price of heat not served", unit="currency/MWh", minimum=0.0, profile=True),
    ),
)

_CHPS = Table(
    "chps",
    "Combined heat and power plants. They operate within the polygon of their chp_points, or at the fixed ratio "
    "heat_per_power. Cost per hour = fuel_price_per_mwh (fuel_mw + fuel_per_p p + fuel_per_heat h) + cost_per_h + "
    "cost_per_mwh p + cost_per_mw2h p^2 + heat_cost_per_mwh h + heat_cost_per_mw2h h^2 + cross_cost_per_mw2h p h.",
    (
        own_id("chp", "name of the plant"),
        _BUS,
        _NODE,
        Column("kind", "kind of plant", kind="text", choices=("back_pressure", "extraction", "gas_turbine", "engine")),
        Column("heat_per_power", "heat over power; blank: by chp_points", default=BLANK, positive=True),
        Column("min_p_mw", "lowest power; only with heat_per_power", unit="MW", default=0.0, minimum=0.0),
        Column("max_p_mw", "highest power; only with heat_per_power", unit="MW", default=BLANK, positive=True),
        Column("min_q_mvar", "lowest reactive power", unit="Mvar", default=0.0, profile=True),
        Column("max_q_mvar", "highest reactive power", unit="Mvar", default=0.0, profile=True),
        _FUEL_PRICE,
        Column("fuel_mw", "fuel that running takes without any output", unit="MW", default=0.0, minimum=0.0),
        Column("fuel_per_p", "fuel per power", unit="MW/MW", default=0.0, minimum=0.0),
        Column("fuel_per_heat", "fuel per heat", unit="MW/MW", default=0.0, minimum=0.0),
        Column("cost_per_h", "cost of every hour in which it runs", unit="currency/h", default=0.0, profile=True),
        Column("cost_per_mwh", "linear cost of power", unit="currency/MWh", default=0.0, profile=True),
        Column("cost_per_mw2h", "quadratic cost of power", unit="currency/(MW^2 h)", default=0.0, minimum=0.0),
        Column("heat_cost_per_mwh", "linear cost of heat", unit="currency/MWh", default=0.0, profile=True),
        Column("heat_cost_per_mw2h", "quadratic cost of heat", unit="currency/(MW^2 h)", default=0.0, minimum=0.0),
        Column("cross_cost_per_mw2h", "cost of power times heat", unit="currency/(MW^2 h)", default=0.0),
        *_SWITCHED,
    ),
)

_CHP_POINTS = Table(
    "chp_points",
    "Corners of the operating polygons, in order around each; two corners make a line.",
    (
        own_id("point", "name of the corner"),
        reference("chp", "chps", "plant it belongs to"),
        Column("p_mw", "power", unit="MW", minimum=0.0),
        Column("heat_mw", "heat", unit="MW", minimum=0.0),
    ),
)

_ELECTRIC_BOILERS = Table(
    "electric_boilers",
    "Electric boilers: heat = efficiency x power taken.",
    (
        own_id("electric_boiler", "name of the boiler"),
        _BUS,
        _NODE,
        *_HEAT_RANGE,
        Column("efficiency", "heat over power", default=1.0, positive=True, maximum=1.0),
        _REACTIVE,
        _HEAT_COST,
        *_SWITCHED,
    ),
)

_HEAT_PUMPS = Table(
    "heat_pumps",
    "Heat pumps: heat = COP x power taken, COP = min(max_cop, carnot_share (sink + 273.15) / (sink - source)).",
    (
        own_id("heat_pump", "name of the heat pump"),
        _BUS,
        _NODE,
        *_HEAT_RANGE,
        Column(
            "source_degc",
            "temperature it takes heat from; blank: ambient",
            unit="degC",
            default=BLANK,
            minimum=-60.0,
            profile=True,
        ),
        Column(
            "sink_degc", "temperature it gives heat at", unit="degC", minimum=FREEZING, maximum=HOTTEST, profile=True
        ),
        Column("carnot_share", "share of the ideal COP that it reaches", default=0.45, positive=True, maximum=1.0),
        Column("max_cop", "highest COP", default=7.0, minimum=1.0),
        _REACTIVE,
        _HEAT_COST,
        *_SWITCHED,
    ),
)

_GAS_BOILERS = Table(
    "gas_boilers",
    "Boilers with fuel: heat = efficiency x fuel.",
    (
        own_id("gas_boiler", "name of the boiler"),
        _NODE,
        *_HEAT_RANGE,
        Column("efficiency", "heat over fuel", default=0.9, positive=True, maximum=1.1),
        _FUEL_PRICE,
        _HEAT_COST,
        *_SWITCHED,
    ),
)

_STORAGES = Table(
    "heat_storages",
    "Tanks: e[t] = (1 - loss_per_hour)^h e[t-1] + h (efficiency_charge c - d / efficiency_discharge).",
    (
        own_id("heat_storage", "name of the tank"),
        _NODE,
        Column("energy_mwh", "energy capacity", unit="MWh", positive=True),
        Column("charge_mw", "highest charging power", unit="MW", minimum=0.0, profile=True),
        Column("discharge_mw", "highest discharging power", unit="MW", minimum=0.0, profile=True),
        Column("efficiency_charge", "energy stored over energy taken", default=1.0, positive=True, maximum=1.0),
        Column("efficiency_discharge", "energy given over energy removed", default=1.0, positive=True, maximum=1.0),
        Column(
            "initial_mwh",
            "energy at the start and least at the end; blank: chosen, the same at both",
            unit="MWh",
            default=BLANK,
            minimum=0.0,
        ),
        Column("min_mwh", "least energy at any time", unit="MWh", default=0.0, minimum=0.0),
        Column("loss_per_hour", "share of the stored energy lost in an hour", default=0.0, minimum=0.0, maximum=1.0),
        Column("wear_cost_per_mwh", "cost of discharged energy", unit="currency/MWh", default=0.0, minimum=0.0),
    ),
)

HEAT: Final = (
    _NETWORKS,
    _NODES,
    _PIPES,
    _SOURCES,
    _LOADS,
    _UNSERVED,
    _CHPS,
    _CHP_POINTS,
    _ELECTRIC_BOILERS,
    _HEAT_PUMPS,
    _GAS_BOILERS,
    _STORAGES,
)
