"""Rules that compare the values of a case with each other: one function each, from a draft to issues.

A rule stays silent about values that are missing or wrong in themselves; the checks of single cells name those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.coupler_rules import plant_costs, plant_regions, polygons, single_power
from gridpact.case.device_rules import cut_of_production, must_take, offers, ramps, shiftable_energy, whole_steps
from gridpact.case.draft import Draft
from gridpact.case.game_rules import connected_once, equal_feeders
from gridpact.case.heat_bounds import ORDERED as HEAT_ORDERED
from gridpact.case.heat_bounds import TOO_LARGE, implausible_flow, implausible_heat, short_pipes, too_small
from gridpact.case.heat_rules import (
    dead_water,
    device_places,
    heated,
    one_station_each,
    pipe_between_networks,
    pipe_from_itself,
)
from gridpact.case.heat_water_rules import backward_pumps, carried_heat, idle_consumers, station_sizes
from gridpact.case.network_rules import (
    branch_ends,
    branch_impedance,
    connected,
    interface_voltage,
    line_voltages,
    transformer_names,
    transformer_ratio,
)
from gridpact.case.planning_rules import EMITTING, PLANNING_RULES, inherited_limits, inherited_order
from gridpact.case.planning_rules import IMPLAUSIBLE as COSTS
from gridpact.case.reliability_rules import (
    TOO_LONG,
    TOO_MANY,
    TOO_OFTEN,
    hand_switched,
    limited_ties,
    one_device_each,
    repaired,
    whole_customers,
)
from gridpact.case.temperature_rules import begun_once, below_ambient, crossed_sides, held_return, lifted_heat
from gridpact.case.trade_fee_rules import IMPLAUSIBLE as FEES
from gridpact.case.trade_fee_rules import RULES_OF_FEES
from gridpact.case.trade_rules import RULES_OF_MICROGRIDS
from gridpact.errors import Issue

Rule = Callable[[Draft], Iterator[Issue]]

_ORDERED = (
    ("buses", "vm_min_pu", "vm_max_pu"),
    ("interfaces", "min_q_mvar", "max_q_mvar"),
    ("generators", "min_p_mw", "max_p_mw"),
    ("generators", "min_q_mvar", "max_q_mvar"),
    ("storages", "min_mwh", "energy_mwh"),
    ("storages", "initial_mwh", "energy_mwh"),
    ("storages", "final_mwh", "energy_mwh"),
    ("storages", "min_mwh", "initial_mwh"),
    ("storages", "min_mwh", "final_mwh"),
    ("shiftable", "min_p_mw", "max_p_mw"),
    ("controllable", "min_p_mw", "max_p_mw"),
    ("compensators", "min_q_mvar", "max_q_mvar"),
    *HEAT_ORDERED,
)
ORDERED = (*_ORDERED, *inherited_order(_ORDERED))

_IMPLAUSIBLE = (
    ("buses", "vn_kv", 1500.0, "no network has such a voltage", "The column is in kV; is the value in V?"),
    (
        "lines",
        "r_ohm_per_km",
        1000.0,
        "no line has such a resistance",
        "The column is in ohm/km; is the value in milliohm?",
    ),
    (
        "lines",
        "x_ohm_per_km",
        1000.0,
        "no line has such a reactance",
        "The column is in ohm/km; is the value in milliohm?",
    ),
    ("lines", "c_nf_per_km", 1e5, "no line has such a capacitance", "The column is in nF/km; is the value in pF?"),
    ("lines", "length_km", 5000.0, "no line is that long", "The column is in km; is the value in m?"),
    (
        "lines",
        "max_i_ka",
        200.0,
        "no line carries such a current",
        "The column is in kA; is the value in A? Leave the cell blank for no limit.",
    ),
    (
        "transformers",
        "r_ohm",
        10_000.0,
        "no transformer has such a resistance",
        "The column is in ohm; is the value in milliohm?",
    ),
    (
        "transformers",
        "x_ohm",
        10_000.0,
        "no transformer has such a reactance",
        "The column is in ohm; is the value in milliohm?",
    ),
    (
        "transformers",
        "max_s_mva",
        100_000.0,
        "no transformer carries so much",
        "The column is in MVA; is the value in kVA? Leave the cell blank for no limit.",
    ),
    *TOO_LARGE,
    *TOO_OFTEN,
    *TOO_LONG,
    *TOO_MANY,
    *EMITTING,
)
IMPLAUSIBLE = (*_IMPLAUSIBLE, *inherited_limits(_IMPLAUSIBLE), *COSTS, *FEES)


def ordered(draft: Draft) -> Iterator[Issue]:
    """Lower limits above upper limits, in every step."""
    for table, low, high in ORDERED:
        wrong = draft.case.series(table, low) > draft.case.series(table, high)
        message = f"{low} is greater than {high} of the same row"
        yield from draft.steps(table, wrong, (low, high), message, f"Correct {low} or {high}.")


def implausible(draft: Draft) -> Iterator[Issue]:
    """Numbers that only make sense in a unit a thousand times smaller."""
    for table, column, most, message, fix in IMPLAUSIBLE:
        yield from draft.rows(table, draft.case.column(table, column) > most, column, message, fix)


def implausible_load(draft: Draft) -> Iterator[Issue]:
    """Loads of a thousand times all that interfaces, generators and plants can supply together."""
    supply = _peak_supply(draft.case)
    wrong: NDArray[np.bool_] = (np.abs(draft.case.series("loads", "p_mw")) > 1000.0 * supply) & (supply > 0.0)
    message = f"load is more than 1000 times all that can be supplied ({supply:g} MW)"
    yield from draft.steps("loads", wrong, ("p_mw",), message, "The column is in MW; is the value in kW?")


def _peak_supply(case: Case) -> float:
    """Sum of the highest power of everything that supplies, in MW; infinite without import limit."""
    limits = case.series("interfaces", "max_import_mw")
    parts = [np.where(np.isnan(limits), np.inf, limits)]
    parts += [case.series("generators", "max_p_mw"), case.series("renewables", "p_mw")]
    parts += [case.series("chps", "max_p_mw"), case.series("chp_points", "p_mw")]
    return float(sum(np.nan_to_num(part.max(axis=1), nan=0.0, posinf=np.inf).sum() for part in parts))


RULES: tuple[Rule, ...] = (
    ordered,
    shiftable_energy,
    offers,
    must_take,
    ramps,
    whole_steps,
    cut_of_production,
    branch_impedance,
    branch_ends,
    line_voltages,
    transformer_names,
    transformer_ratio,
    interface_voltage,
    connected,
    implausible,
    implausible_load,
    pipe_from_itself,
    pipe_between_networks,
    heated,
    one_station_each,
    dead_water,
    device_places,
    idle_consumers,
    station_sizes,
    backward_pumps,
    carried_heat,
    crossed_sides,
    below_ambient,
    held_return,
    begun_once,
    lifted_heat,
    plant_regions,
    single_power,
    polygons,
    plant_costs,
    too_small,
    short_pipes,
    implausible_heat,
    implausible_flow,
    connected_once,
    equal_feeders,
    repaired,
    one_device_each,
    hand_switched,
    limited_ties,
    whole_customers,
    *PLANNING_RULES,
    *RULES_OF_MICROGRIDS,
    *RULES_OF_FEES,
)
