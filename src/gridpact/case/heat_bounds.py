"""Pairs of columns of heat tables that have an order, and numbers that only make sense in another unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.case.draft import Draft
from gridpact.case.heat import WATTS_PER_MW, consumer_flow, heat_capacity
from gridpact.case.heat_rules import PRODUCERS
from gridpact.case.heat_water_rules import water_known
from gridpact.errors import Issue

Limit = tuple[str, str, float, str, str]

ORDERED: Final = (
    ("heat_nodes", "supply_min_degc", "supply_max_degc"),
    ("heat_nodes", "return_min_degc", "return_max_degc"),
    ("pipes", "initial_return_degc", "initial_supply_degc"),
    ("chps", "min_p_mw", "max_p_mw"),
    ("chps", "min_q_mvar", "max_q_mvar"),
    ("electric_boilers", "min_heat_mw", "max_heat_mw"),
    ("heat_pumps", "min_heat_mw", "max_heat_mw"),
    ("gas_boilers", "min_heat_mw", "max_heat_mw"),
    ("heat_storages", "min_mwh", "energy_mwh"),
    ("heat_storages", "initial_mwh", "energy_mwh"),
    ("heat_storages", "min_mwh", "initial_mwh"),
)

TOO_LARGE: Final[tuple[Limit, ...]] = (
    ("pipes", "length_m", 200_000.0, "no pipe is that long", "The column is in m; is the value in mm?"),
    ("pipes", "diameter_mm", 5000.0, "no pipe is that wide", "The column is in mm; is the value in another unit?"),
    (
        "pipes",
        "heat_transfer_w_per_mk",
        100.0,
        "no pipe loses so much heat",
        "The column is in W/(m K), per metre of pipe; is the value that of the whole pipe?",
    ),
    ("pipes", "roughness_mm", 10.0, "no pipe is so rough", "The column is in mm; is the value in µm?"),
    (
        "heat_networks",
        "viscosity_m2_per_s",
        1e-4,
        "no water is so viscous",
        "The column is in m2/s; is the value in mm2/s (times 1e-6)?",
    ),
    (
        "heat_networks",
        "heat_capacity_j_per_kgk",
        20_000.0,
        "no liquid holds so much heat",
        "The column is in J/(kg K).",
    ),
    ("heat_networks", "density_kg_per_m3", 5000.0, "no water is so dense", "The column is in kg/m3."),
    (
        "heat_loads",
        "design_drop_k",
        200.0,
        "no water cools by so much",
        "It is the supply less the return temperature; is the value a temperature?",
    ),
    (
        "heat_loads",
        "min_pressure_bar",
        50.0,
        "no consumer needs such a pressure",
        "The column is in bar; is the value in kPa or Pa?",
    ),
    (
        "heat_sources",
        "pressure_drop_bar",
        50.0,
        "no station loses such a pressure",
        "The column is in bar; is the value in kPa or Pa?",
    ),
)

TOO_SMALL: Final[tuple[Limit, ...]] = (
    ("pipes", "diameter_mm", 3.0, "no pipe is so narrow", "The column is in mm; is the value in m?"),
    (
        "heat_networks",
        "heat_capacity_j_per_kgk",
        500.0,
        "no liquid holds so little heat",
        "The column is in J/(kg K); is the value in kJ/(kg K)?",
    ),
    (
        "heat_networks",
        "density_kg_per_m3",
        100.0,
        "no water is so light",
        "The column is in kg/m3; is the value in kg per litre?",
    ),
)

# Metres: where all pipes are shorter, their lengths are in km.
SHORT = 1.0
# Times all the heat that can be made: a consumer that takes more is meant in kW.
WIDE = 100.0
# Kelvin: by how little, and by how much, the water of a consumer may cool at its highest heat.
DROPS = (0.5, 200.0)


def too_small(draft: Draft) -> Iterator[Issue]:
    """Numbers that only make sense in a unit a thousand times larger."""
    for table, column, least, message, fix in TOO_SMALL:
        yield from draft.rows(table, draft.case.column(table, column) < least, column, message, fix)


def short_pipes(draft: Draft) -> Iterator[Issue]:
    """Networks all of whose pipes are shorter than a metre."""
    length = draft.case.column("pipes", "length_m")
    if len(length) and (length < SHORT).all():
        message, fix = "all pipes are shorter than a metre", "The column is in m; are the values in km?"
        yield from draft.rows("pipes", np.arange(len(length)) == 0, "length_m", message, fix)


def implausible_heat(draft: Draft) -> Iterator[Issue]:
    """Consumers of a hundred times all the heat that plants, boilers and heat pumps can give together."""
    most = _peak_heat(draft.case)
    wrong = (draft.case.series("heat_loads", "heat_mw") > WIDE * most) & (most > 0.0)
    message = f"heat is more than {WIDE:g} times all that can be made ({most:g} MW)"
    yield from draft.steps("heat_loads", wrong, ("heat_mw",), message, "The column is in MW; is the value in kW?")


def _peak_heat(case: Case) -> float:
    """Sum of the highest heat of all that makes heat, in MW; unknown numbers count nothing."""
    ratio = case.column("chps", "heat_per_power") * case.column("chps", "max_p_mw")
    corners = case.column("chp_points", "heat_mw")
    boilers = [case.series(table, "max_heat_mw").max(axis=1) for table in PRODUCERS[1:]]
    # All corners together are more than the plants can give, which is as good here.
    return float(sum(np.nan_to_num(part).sum() for part in (ratio, corners, *boilers)))


def implausible_flow(draft: Draft) -> Iterator[Issue]:
    """Given flows that the consumer's highest heat would hardly cool, or cool to nothing."""
    if not water_known(draft):
        return
    drop = np.where(draft.given("heat_loads", "flow_kg_per_s")[:, None], _drop(draft.case), np.nan)
    least = (drop > 0.0) & (np.nanmax(drop, axis=1, initial=0.0) < DROPS[0])[:, None]
    message = f"so much water that the consumer's heat never cools it by {DROPS[0]:g} K"
    fix = "The column is in kg/s; is the value in t/h, kg/h or l/h?"
    yield from draft.steps("heat_loads", least, ("flow_kg_per_s",), message, fix)
    message = f"so little water that the consumer's heat would cool it by more than {DROPS[1]:g} K"
    fix = "flow_kg_per_s is in kg/s and heat_mw in MW; correct the one that is not."
    yield from draft.steps("heat_loads", drop > DROPS[1], ("flow_kg_per_s", "heat_mw"), message, fix)


def _drop(case: Case) -> Floats:
    """By how much the heat of each consumer cools its water, in K; shape (heat_loads, steps)."""
    capacity = heat_capacity(case)[case.positions("heat_loads", "node")][:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return case.series("heat_loads", "heat_mw") * WATTS_PER_MW / (consumer_flow(case) * capacity)
