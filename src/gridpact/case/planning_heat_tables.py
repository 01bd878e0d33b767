"""Candidates of a plan that make or keep heat: of what they would become they have all that grows with their number.

n units operated alike are one unit n times the size only where costs are in proportion to power, heat or energy. So
candidates have no quadratic costs, no costs or fuel of running without output, and are not switched off. Polygons
would scale, but their corners stand in a table of their own: plants that may be built have a fixed ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gridpact.case.heat_tables import HEAT
from gridpact.case.planning_columns import INVESTMENT, MOST, NAME
from gridpact.case.table import Table

_HEAT = {table.name: table for table in HEAT}


def _candidates(of: str, name: str, description: str, columns: Sequence[str], required: Sequence[str] = ()) -> Table:
    """The candidates that become rows of a table, with some of its columns; ``required`` may not stay blank."""
    own = [_HEAT[of].column(column) for column in columns]
    own = [replace(column, default=None) if column.name in required else column for column in own]
    return Table(name, description, (NAME, *own, MOST, *INVESTMENT))


_RANGE = ("max_heat_mw", "min_heat_mw")

_CHPS = _candidates(
    "chps",
    "chp_candidates",
    "Combined heat and power plants that may be built, in equal units, with heat at a fixed ratio to power; powers are "
    "those of one unit. Cost per hour = fuel_price_per_mwh (fuel_per_p p + fuel_per_heat h) + cost_per_mwh p + "
    "heat_cost_per_mwh h.",
    (
        *("bus", "node", "kind", "heat_per_power", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar"),
        *("fuel_price_per_mwh", "fuel_per_p", "fuel_per_heat", "cost_per_mwh", "heat_cost_per_mwh"),
    ),
    required=("heat_per_power", "max_p_mw"),
)

_ELECTRIC_BOILERS = _candidates(
    "electric_boilers",
    "electric_boiler_candidates",
    "Electric boilers that may be built, in equal units; heats are those of one unit, efficiency x power taken.",
    ("bus", "node", *_RANGE, "efficiency", "q_mvar_per_mw", "cost_per_mwh"),
)

_HEAT_PUMPS = _candidates(
    "heat_pumps",
    "heat_pump_candidates",
    "Heat pumps that may be built, in equal units; heats are those of one unit, COP x power taken (see heat_pumps).",
    (
        *("bus", "node", *_RANGE, "source_degc", "sink_degc", "carnot_share", "max_cop"),
        *("q_mvar_per_mw", "cost_per_mwh"),
    ),
)

_GAS_BOILERS = _candidates(
    "gas_boilers",
    "gas_boiler_candidates",
    "Boilers with fuel that may be built, in equal units; heats are those of one unit, efficiency x fuel.",
    ("node", *_RANGE, "efficiency", "fuel_price_per_mwh", "cost_per_mwh"),
)

_STORAGES = _candidates(
    "heat_storages",
    "heat_storage_candidates",
    "Tanks that may be built, in equal units; energies and powers are those of one unit.",
    (
        *("node", "energy_mwh", "charge_mw", "discharge_mw", "efficiency_charge", "efficiency_discharge"),
        *("initial_mwh", "min_mwh", "loss_per_hour", "wear_cost_per_mwh"),
    ),
)

HEAT_CANDIDATES: Final = (_CHPS, _ELECTRIC_BOILERS, _HEAT_PUMPS, _GAS_BOILERS, _STORAGES)
