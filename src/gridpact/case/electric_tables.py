"""The tables of the electricity network and of what is connected to it."""

from __future__ import annotations

from typing import Final

from gridpact.case.emissions import EMISSIONS
from gridpact.case.reliability_tables import ISLANDING, LINE_FAILURES, LOAD_POINT, TIE, TRANSFORMER_FAILURES
from gridpact.case.table import BLANK, Column, Table, own_id, reference

_BUS = reference("bus", "buses", "bus it is connected to")

_LEAST_TIMES = (
    Column(
        "min_up_h", "shortest time it runs once started; counts where committable", unit="h", default=0.0, minimum=0.0
    ),
    Column(
        "min_down_h",
        "shortest time it stays off once stopped; counts where committable",
        unit="h",
        default=0.0,
        minimum=0.0,
    ),
)

_BUSES = Table(
    "buses",
    "Nodes of the electricity network.",
    (
        own_id("bus", "name of the bus"),
        Column("vn_kv", "nominal line-to-line voltage", unit="kV", positive=True),
        Column("vm_min_pu", "lowest permitted voltage magnitude", unit="p.u.", positive=True, maximum=2.0),
        Column("vm_max_pu", "highest permitted voltage magnitude", unit="p.u.", positive=True, maximum=2.0),
        Column("x", "horizontal coordinate for drawings; blank: drawn as a tree", default=BLANK),
        Column("y", "vertical coordinate for drawings; blank: drawn as a tree", default=BLANK),
    ),
    required=True,
)

_LINES = Table(
    "lines",
    "Lines and cables: a series impedance with half of the charging capacitance at each end.",
    (
        own_id("line", "name of the line"),
        reference("from_bus", "buses", "bus at the from end"),
        reference("to_bus", "buses", "bus at the to end"),
        Column("length_km", "length", unit="km", positive=True),
        Column("r_ohm_per_km", "series resistance", unit="ohm/km", minimum=0.0),
        Column("x_ohm_per_km", "series reactance", unit="ohm/km", minimum=0.0),
        Column("c_nf_per_km", "capacitance", unit="nF/km", default=0.0, minimum=0.0),
        Column(
            "max_i_ka", "highest permitted current at either end; blank: none", unit="kA", default=BLANK, positive=True
        ),
        Column("in_service", "false takes the line out of the network", kind="flag", default=True),
        *LINE_FAILURES,
    ),
)

_TRANSFORMERS = Table(
    "transformers",
    "Two-winding transformers: an ideal ratio at the from end, then a series impedance with half of the shunt "
    "admittance at each end, all referred to the to end. From a rating sheet: r_ohm = vkr/100 vn_lv^2/sn, "
    "|z| = vk/100 vn_lv^2/sn, g_us = pfe_kw/vn_lv^2 1000, |y| = i0/100 sn/vn_lv^2 1e6.",
    (
        own_id("transformer", "name of the transformer, distinct from the names of the lines"),
        reference("from_bus", "buses", "bus at the from end, usually the higher voltage"),
        reference("to_bus", "buses", "bus at the to end"),
        Column("r_ohm", "series resistance", unit="ohm", minimum=0.0),
        Column("x_ohm", "series reactance", unit="ohm", minimum=0.0),
        Column("g_us", "shunt conductance", unit="uS", default=0.0, minimum=0.0),
        Column("b_us", "shunt susceptance, negative for a magnetising current", unit="uS", default=0.0),
        Column("ratio", "voltage ratio over the ratio of the buses' nominal voltages", default=1.0, positive=True),
        Column(
            "max_s_mva",
            "highest current at either end, times nominal voltage; blank: none",
            unit="MVA",
            default=BLANK,
            positive=True,
        ),
        Column("in_service", "false takes the transformer out of the network", kind="flag", default=True),
        *TRANSFORMER_FAILURES,
    ),
)

_SWITCHES = Table(
    "switches",
    "Switches in lines; a line with an open switch carries nothing.",
    (
        own_id("switch", "name of the switch"),
        reference("line", "lines", "line the switch stands in"),
        Column("closed", "whether the switch is closed", kind="flag", default=True),
        *TIE,
    ),
)

_INTERFACES = Table(
    "interfaces",
    "Connections to the transmission network, where power is bought and sold. The buying price is price_per_mwh, "
    "the selling price min(price, sell_ratio x price).",
    (
        own_id("interface", "name of the interface"),
        _BUS,
        Column("vm_pu", "voltage magnitude held at the bus", unit="p.u.", positive=True, maximum=2.0),
        Column("price_per_mwh", "price of imported energy", unit="currency/MWh", profile=True),
        Column("sell_ratio", "selling price over buying price", default=1.0, minimum=0.0, profile=True),
        Column(
            "max_import_mw", "highest import; blank: unlimited", unit="MW", default=BLANK, minimum=0.0, profile=True
        ),
        Column(
            "max_export_mw", "highest export; blank: unlimited", unit="MW", default=BLANK, minimum=0.0, profile=True
        ),
        Column("min_q_mvar", "lowest reactive import; blank: unlimited", unit="Mvar", default=BLANK, profile=True),
        Column("max_q_mvar", "highest reactive import; blank: unlimited", unit="Mvar", default=BLANK, profile=True),
        EMISSIONS,
    ),
)

_GENERATORS = Table(
    "generators",
    "Dispatchable generators: cost per hour = cost_per_h + cost_per_mwh p + cost_per_mw2h p^2, or cost_per_h + offers.",
    (
        own_id("generator", "name of the generator"),
        _BUS,
        Column("min_p_mw", "lowest active power", unit="MW", default=0.0, profile=True),
        Column("max_p_mw", "highest active power", unit="MW", profile=True),
        Column("min_q_mvar", "lowest reactive power", unit="Mvar", default=0.0, profile=True),
        Column("max_q_mvar", "highest reactive power", unit="Mvar", default=0.0, profile=True),
        Column(
            "cost_per_mwh",
            "linear cost; zero where the generator has offers",
            unit="currency/MWh",
            default=0.0,
            profile=True,
        ),
        Column("cost_per_mw2h", "quadratic cost", unit="currency/(MW^2 h)", default=0.0, minimum=0.0, profile=True),
        Column("cost_per_h", "cost of every hour in which it runs", unit="currency/h", default=0.0, profile=True),
        Column(
            "committable",
            "true: it may also be off, then it gives nothing and costs nothing; false: it always runs",
            kind="flag",
            default=False,
        ),
        Column(
            "start_cost",
            "cost of every start; counts for committable generators",
            unit="currency",
            default=0.0,
            minimum=0.0,
        ),
        *_LEAST_TIMES,
        Column(
            "ramp_up_mw_per_h", "fastest increase between steps; blank: any", unit="MW/h", default=BLANK, minimum=0.0
        ),
        Column(
            "ramp_down_mw_per_h", "fastest decrease between steps; blank: any", unit="MW/h", default=BLANK, minimum=0.0
        ),
        Column(
            "slack",
            "true makes its bus the reference of a network without interface (else the first generator's bus)",
            kind="flag",
            default=False,
        ),
        ISLANDING,
        EMISSIONS,
    ),
)

_OFFERS = Table(
    "offers",
    "Blocks in which a generator offers its power, stacked from zero in the order of their cost.",
    (
        own_id("offer", "name of the block"),
        reference("generator", "generators", "generator that offers"),
        Column("p_mw", "width of the block", unit="MW", minimum=0.0, profile=True),
        Column("cost_per_mwh", "cost of energy in the block", unit="currency/MWh", profile=True),
    ),
)

_RENEWABLES = Table(
    "renewables",
    "Wind and PV: available active power, behind an inverter that may provide reactive power.",
    (
        own_id("renewable", "name of the plant"),
        _BUS,
        Column("kind", "kind of plant", kind="text", choices=("wind", "pv", "other")),
        Column("p_mw", "available active power", unit="MW", minimum=0.0, profile=True),
        Column(
            "sn_mva",
            "apparent-power limit, p^2 + q^2 <= sn^2; blank: no reactive power",
            unit="MVA",
            default=BLANK,
            positive=True,
        ),
        Column("curtailable", "false: all available power must be taken", kind="flag", default=True),
        Column("cost_per_mwh", "cost of energy taken", unit="currency/MWh", default=0.0, profile=True),
    ),
)

_STORAGES = Table(
    "storages",
    "Electricity storage: e[t] = (1 - loss_per_hour)^h e[t-1] + h (efficiency_charge c - d / efficiency_discharge).",
    (
        own_id("storage", "name of the storage"),
        _BUS,
        Column("energy_mwh", "energy capacity", unit="MWh", positive=True),
        Column("charge_mw", "highest charging power, on the network's side", unit="MW", minimum=0.0, profile=True),
        Column(
            "discharge_mw", "highest discharging power, on the network's side", unit="MW", minimum=0.0, profile=True
        ),
        Column("efficiency_charge", "energy stored over energy taken", positive=True, maximum=1.0),
        Column("efficiency_discharge", "energy given over energy removed", positive=True, maximum=1.0),
        Column("initial_mwh", "energy at the start", unit="MWh", minimum=0.0),
        Column("final_mwh", "least energy at the end; blank: initial_mwh", unit="MWh", default=BLANK, minimum=0.0),
        Column("min_mwh", "least energy at any time", unit="MWh", default=0.0, minimum=0.0),
        Column("loss_per_hour", "share of the stored energy lost in an hour", default=0.0, minimum=0.0, maximum=1.0),
        Column("wear_cost_per_mwh", "cost of discharged energy", unit="currency/MWh", default=0.0, minimum=0.0),
        ISLANDING,
    ),
)

_LOADS = Table(
    "loads",
    "Demand that must be served; bids and shiftable energy of the same customer stand in their own tables.",
    (
        own_id("load", "name of the load"),
        _BUS,
        Column("p_mw", "active power", unit="MW", default=0.0, profile=True),
        Column("q_mvar", "reactive power", unit="Mvar", default=0.0, profile=True),
        *LOAD_POINT,
    ),
)

_BIDS = Table(
    "bids",
    "Blocks of demand that a load takes only where the price is below their benefit.",
    (
        own_id("bid", "name of the block"),
        reference("load", "loads", "load that bids"),
        Column("p_mw", "width of the block", unit="MW", minimum=0.0, profile=True),
        Column("benefit_per_mwh", "value of energy in the block", unit="currency/MWh", profile=True),
        Column("q_mvar_per_mw", "reactive over active power", unit="Mvar/MW", default=0.0),
    ),
)

_SHIFTABLE = Table(
    "shiftable",
    "Energy that a load needs within the horizon, at hours to be chosen; a profile of max_p_mw gives the window.",
    (
        reference("load", "loads", "load it belongs to"),
        Column("energy_mwh", "energy needed over the horizon, or over each window of it", unit="MWh", minimum=0.0),
        Column("min_p_mw", "lowest power", unit="MW", default=0.0, minimum=0.0, profile=True),
        Column("max_p_mw", "highest power", unit="MW", minimum=0.0, profile=True),
        Column("q_mvar_per_mw", "reactive over active power", unit="Mvar/MW", default=0.0),
    ),
)

_CONTROLLABLE = Table(
    "controllable",
    "Demand that follows the price within bounds and ramps, in addition to the load's fixed demand.",
    (
        reference("load", "loads", "load it belongs to"),
        Column("min_p_mw", "lowest power while it runs", unit="MW", default=0.0, minimum=0.0, profile=True),
        Column("max_p_mw", "highest power", unit="MW", minimum=0.0, profile=True),
        Column("benefit_per_mwh", "value of the energy taken", unit="currency/MWh", profile=True),
        Column("q_mvar_per_mw", "reactive over active power", unit="Mvar/MW", default=0.0),
        Column(
            "ramp_up_mw_per_h", "fastest increase between steps; blank: any", unit="MW/h", default=BLANK, minimum=0.0
        ),
        Column(
            "ramp_down_mw_per_h", "fastest decrease between steps; blank: any", unit="MW/h", default=BLANK, minimum=0.0
        ),
        Column("committable", "true: it may also be off, then it takes nothing", kind="flag", default=False),
        *_LEAST_TIMES,
    ),
)

_UNSERVED = Table(
    "unserved",
    "Fixed demand that may stay unserved, at a price; reactive demand falls in proportion. "
    "A load without a row is always served.",
    (
        reference("load", "loads", "load that may be cut"),
        Column("price_per_mwh", "price of energy not served", unit="currency/MWh", minimum=0.0, profile=True),
    ),
)

_COMPENSATORS = Table(
    "compensators",
    "Static var compensators: reactive power between two limits.",
    (
        own_id("compensator", "name of the compensator"),
        _BUS,
        Column("min_q_mvar", "lowest reactive power injected", unit="Mvar", profile=True),
        Column("max_q_mvar", "highest reactive power injected", unit="Mvar", profile=True),
    ),
)

_CAPACITORS = Table(
    "capacitors",
    "Switchable capacitor banks: they inject between nothing and q_mvar at 1 p.u., times the voltage squared.",
    (
        own_id("capacitor", "name of the bank"),
        _BUS,
        Column("q_mvar", "reactive power of the whole bank at 1 p.u.", unit="Mvar", positive=True),
        Column(
            "steps",
            "number of equal switchable parts (integers); 0: any value in between",
            default=0.0,
            minimum=0.0,
            maximum=100.0,
        ),
    ),
)

_SHUNTS = Table(
    "shunts",
    "Shunt elements; they consume p_mw and q_mvar at 1 p.u., times the voltage squared. A capacitor has q_mvar < 0.",
    (
        own_id("shunt", "name of the shunt"),
        _BUS,
        Column("p_mw", "active power consumed at 1 p.u.", unit="MW", default=0.0, minimum=0.0),
        Column("q_mvar", "reactive power consumed at 1 p.u.", unit="Mvar", default=0.0),
    ),
)

ELECTRIC: Final = (
    _BUSES,
    _LINES,
    _TRANSFORMERS,
    _SWITCHES,
    _INTERFACES,
    _GENERATORS,
    _OFFERS,
    _RENEWABLES,
    _STORAGES,
    _LOADS,
    _BIDS,
    _SHIFTABLE,
    _CONTROLLABLE,
    _UNSERVED,
    _COMPENSATORS,
    _CAPACITORS,
    _SHUNTS,
)
