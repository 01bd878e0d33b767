"""Candidates of a plan: what may be built, where, how often, at what cost.

Every candidate carries what it costs (``INVESTMENT``); the rest of its columns are those of what it becomes once it is
built. Tables without rows leave nothing to decide: a case without candidates is as it was.
"""

from __future__ import annotations

from typing import Final

from gridpact.case.emissions import EMISSIONS
from gridpact.case.planning_columns import INVESTMENT, MOST, NAME
from gridpact.case.planning_heat_tables import HEAT_CANDIDATES
from gridpact.case.reliability_tables import ISLANDING
from gridpact.case.table import BLANK, Column, Table, reference

_BUS = reference("bus", "buses", "bus it would be connected to")

_RENEWABLES = Table(
    "renewable_candidates",
    "Wind and PV that may be built, in equal units; built, n units are one plant of n times the power.",
    (
        NAME,
        _BUS,
        Column("kind", "kind of plant", kind="text", choices=("wind", "pv", "other")),
        Column("p_mw", "available active power of one unit", unit="MW", minimum=0.0, profile=True),
        Column(
            "sn_mva",
            "apparent-power limit of one unit, p^2 + q^2 <= sn^2; blank: no reactive power",
            unit="MVA",
            default=BLANK,
            positive=True,
        ),
        Column("curtailable", "false: all available power must be taken", kind="flag", default=True),
        Column("cost_per_mwh", "maintenance by the energy taken", unit="currency/MWh", default=0.0, profile=True),
        MOST,
        *INVESTMENT,
    ),
)

_STORAGES = Table(
    "storage_candidates",
    "Storages that may be built, in equal units; energies and powers are those of one unit.",
    (
        NAME,
        _BUS,
        Column("energy_mwh", "energy capacity", unit="MWh", positive=True),
        Column("charge_mw", "highest charging power", unit="MW", minimum=0.0),
        Column("discharge_mw", "highest discharging power", unit="MW", minimum=0.0),
        Column("efficiency_charge", "energy stored over energy taken", positive=True, maximum=1.0),
        Column("efficiency_discharge", "energy given over energy removed", positive=True, maximum=1.0),
        Column("initial_mwh", "energy at the start of every day, and least energy at its end", unit="MWh", minimum=0.0),
        Column("min_mwh", "least energy at any time", unit="MWh", default=0.0, minimum=0.0),
        Column("loss_per_hour", "share of the stored energy lost in an hour", default=0.0, minimum=0.0, maximum=1.0),
        Column("wear_cost_per_mwh", "cost of discharged energy", unit="currency/MWh", default=0.0, minimum=0.0),
        ISLANDING,
        MOST,
        *INVESTMENT,
    ),
)

_GENERATORS = Table(
    "generator_candidates",
    "Dispatchable generators that may be built, in equal units; powers are those of one unit.",
    (
        NAME,
        _BUS,
        Column("min_p_mw", "lowest active power", unit="MW", default=0.0, minimum=0.0),
        Column("max_p_mw", "highest active power", unit="MW", minimum=0.0, profile=True),
        Column("min_q_mvar", "lowest reactive power", unit="Mvar", default=0.0),
        Column("max_q_mvar", "highest reactive power", unit="Mvar", default=0.0),
        Column("cost_per_mwh", "cost of fuel and running", unit="currency/MWh", default=0.0, profile=True),
        EMISSIONS,
        ISLANDING,
        MOST,
        *INVESTMENT,
    ),
)

_EXCHANGE = Table(
    "exchange_candidates",
    "Capacity for the exchange of a microgrid with the network that may be built, in equal units; each adds to "
    "max_buy_mw and max_sell_mw of the microgrid in every step. Counts where microgrids are owners.",
    (
        NAME,
        reference("microgrid", "microgrids", "microgrid that it would belong to"),
        Column("max_buy_mw", "what one unit adds to max_buy_mw", unit="MW", default=0.0, minimum=0.0),
        Column("max_sell_mw", "what one unit adds to max_sell_mw", unit="MW", default=0.0, minimum=0.0),
        MOST,
        *INVESTMENT,
    ),
)

_LINES = Table(
    "line_candidates",
    "Other types that may take the place of a line; at most one of a line's types is built.",
    (
        NAME,
        reference("line", "lines", "line that it would replace, in service, without capacitance and with max_i_ka"),
        Column("r_ohm_per_km", "series resistance", unit="ohm/km", minimum=0.0),
        Column("x_ohm_per_km", "series reactance", unit="ohm/km", minimum=0.0),
        Column("max_i_ka", "highest permitted current", unit="kA", positive=True),
        Column(
            "failures_per_km_year",
            "permanent failures over length and time; blank: as the line that it replaces",
            unit="1/(km a)",
            default=BLANK,
            minimum=0.0,
        ),
        *INVESTMENT,
    ),
)

_TIES = Table(
    "tie_candidates",
    "Lines that may be built to stand open, and are closed after a fault to restore supply.",
    (
        NAME,
        reference("from_bus", "buses", "bus at the from end"),
        reference("to_bus", "buses", "bus at the to end"),
        Column("length_km", "length", unit="km", positive=True),
        Column("r_ohm_per_km", "series resistance", unit="ohm/km", minimum=0.0),
        Column("x_ohm_per_km", "series reactance", unit="ohm/km", minimum=0.0),
        Column("max_i_ka", "highest permitted current; blank: none", unit="kA", default=BLANK, positive=True),
        Column("switching_h", "time after a fault until it is closed", unit="h", default=0.0, minimum=0.0),
        Column(
            "transfer_mw", "most mean load restored through it; blank: no limit", unit="MW", default=BLANK, minimum=0.0
        ),
        *INVESTMENT,
    ),
)

_PROTECTION = Table(
    "protection_candidates",
    "Breakers, reclosers, fuses and sectionalisers that may be built at the ends of lines (see the table protection); "
    "at most one of those at an end is built.",
    (
        NAME,
        reference("line", "lines", "line it would stand in"),
        Column("end", "end of the line it would stand at", kind="text", choices=("from", "to")),
        Column("kind", "kind of device", kind="text", choices=("breaker", "recloser", "fuse", "sectionaliser")),
        Column(
            "switching_h", "time after a fault until it is opened to isolate it", unit="h", default=0.0, minimum=0.0
        ),
        *INVESTMENT,
    ),
)

PLANNING: Final = (_RENEWABLES, _STORAGES, _GENERATORS, *HEAT_CANDIDATES, _EXCHANGE, _LINES, _TIES, _PROTECTION)
