"""Rules about microgrids: where they stand, what they own, and what they fall back on without a deal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats
from gridpact.case.draft import Draft
from gridpact.case.network import island_labels
from gridpact.case.owners import COUPLINGS, at_buses, heat_coupling, heat_couplings, owner_of
from gridpact.case.planning_rules import AS_BUILT
from gridpact.case.schema import SCHEMA
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
SWITCHED = tuple(name for name, table in SCHEMA.items() if any(c.name == "committable" for c in table.columns))
# What a microgrid may own at its bus today.
BUILT = tuple(name for name in COUPLINGS if name not in AS_BUILT)
DEVICES = ("generators", "renewables", "storages", "loads", "compensators", *BUILT)
SUPPLY = (("generators", "max_p_mw"), ("renewables", "p_mw"), ("storages", "discharge_mw"))
# Relative room for sums of decimal numbers that are equal on paper.
ROUNDING = 1e-9


def one_each(draft: Draft) -> Iterator[Issue]:
    """Two microgrids at one bus."""
    buses = draft.case.tables["microgrids"]["bus"]
    doubled = buses.duplicated().to_numpy() & (draft.case.positions("microgrids", "bus") >= 0)
    message = "another microgrid is connected to the same bus, so that it is not clear what is whose"
    fix = "Give every microgrid a bus of its own, behind a line of its own where there is none."
    yield from draft.rows("microgrids", doubled, "bus", message, fix)


def networks_own(draft: Draft) -> Iterator[Issue]:
    """Interfaces and banks that are switched in steps at the bus of a microgrid."""
    case = draft.case
    message = "interface stands at the bus of a microgrid, and a microgrid reaches the transmission network by trade"
    fix = "Put a line between the two: give the microgrid a bus of its own."
    yield from draft.rows("interfaces", _at_microgrid(case, "interfaces"), "bus", message, fix)
    stepped = _at_microgrid(case, "capacitors") & (case.column("capacitors", "steps") > 0.0)
    message = "capacitor at the bus of a microgrid is switched in steps, and trade needs convex parties"
    yield from draft.rows("capacitors", stepped, "steps", message, "Set steps to 0, or move it to another bus.")


def _at_microgrid(case: Case, table: str) -> Bools:
    return np.append(at_buses(case), -1)[case.positions(table, "bus")] >= 0


def convex_parties(draft: Draft) -> Iterator[Issue]:
    """Units of microgrids that may be switched off: prices of trade exist where every party is convex."""
    for table in SWITCHED:
        wrong = draft.case.flags(table, "committable") & (owner_of(draft.case, table) >= 0)
        message = "unit of a microgrid is committable, and trade needs convex parties"
        fix = "Set committable to false; with a lowest power of 0 it may still stand still."
        yield from draft.rows(table, wrong, "committable", message, fix)


def owners_of_heat(draft: Draft) -> Iterator[Issue]:
    """Heat networks that a microgrid shares with others; what is not at the first coupling's owner is to blame."""
    case = draft.case
    network, owner = heat_couplings(case)
    named, place = np.unique(network, return_index=True)
    first = np.full(case.count("heat_networks") + 1, -1, dtype=np.int64)
    first[named] = owner[place]
    for table in COUPLINGS:
        heat, own = heat_coupling(case, table)
        message = "heat network of the node is coupled with electricity at the bus of a microgrid and elsewhere too"
        fix = "Couple it at the bus of one microgrid alone, which then owns it, or at no microgrid's bus."
        yield from draft.rows(table, (heat >= 0) & (own != first[heat]), "bus", message, fix)


def idle_microgrids(draft: Draft) -> Iterator[Issue]:
    """Microgrids that own nothing, or may exchange nothing, and would share a gain to which they add nothing."""
    case = draft.case
    if all(draft.all_known(table, "bus") for table in DEVICES) and draft.all_known("microgrids", "bus"):
        stands = np.concatenate([case.positions(table, "bus") for table in DEVICES])
        idle = ~np.isin(case.positions("microgrids", "bus"), stands)
        message = "microgrid owns nothing: no device stands at its bus"
        yield from draft.rows("microgrids", idle, "bus", message, "Correct the bus, or delete the microgrid.")
    limits = [case.series("microgrids", name) for name in ("max_buy_mw", "max_sell_mw")]
    nothing = np.all([limit == 0.0 for limit in limits], axis=(0, 2))
    message = "microgrid may neither buy nor sell in any step (max_buy_mw and max_sell_mw are 0)"
    fix = "Raise one of them, leave it blank for no limit, or delete the microgrid."
    yield from draft.rows("microgrids", nothing, "max_buy_mw", message, fix)


def within_reach(draft: Draft) -> Iterator[Issue]:
    """Microgrids that no interface reaches, so that the network has no price for what they trade."""
    case = draft.case
    ends = (("lines", "from_bus"), ("lines", "to_bus"), ("transformers", "from_bus"), ("transformers", "to_bus"))
    known = all(draft.all_known(*end) for end in (*ends, ("switches", "line"), ("interfaces", "bus")))
    if not known or not draft.own_names("buses"):
        return
    labels, place = island_labels(case), case.positions("microgrids", "bus")
    reached = np.append(np.isin(labels, labels[case.positions("interfaces", "bus")]), True)
    message = "no interface is connected with the bus of the microgrid"
    fix = "Connect it by lines in service with closed switches to a bus that an interface reaches."
    yield from draft.rows("microgrids", ~reached[place], "bus", message, fix)


# What each way to fall back needs, and which other columns it leaves unused.
NEEDS = {
    "islanded": (),
    "tariff": ("tariff_buy_per_mwh", "tariff_sell_per_mwh"),
    "given": ("disagreement_cost",),
}


def disagreements(draft: Draft) -> Iterator[Issue]:
    """What a disagreement needs and is not given, what is given and not needed, and tariffs that would pay a loop."""
    case = draft.case
    chosen = case.tables["microgrids"]["disagreement"].to_numpy(dtype=str)
    for column in sorted({name for names in NEEDS.values() for name in names}):
        given = draft.given("microgrids", column)
        for way, needed in NEEDS.items():
            missing = (chosen == way) & ~given & (column in needed)
            message = f"disagreement is {way}, and {column} is missing"
            yield from draft.rows("microgrids", missing, column, message, "Give it, or correct disagreement.")
            unused = (chosen == way) & given & (column not in needed)
            message = f"{column} is given, and is not used where disagreement is {way}"
            yield from draft.rows("microgrids", unused, column, message, "Delete it, or correct disagreement.")
    sell, buy = "tariff_sell_per_mwh", "tariff_buy_per_mwh"
    wrong = case.series("microgrids", sell) > case.series("microgrids", buy)
    message = "tariff for selling is above that for buying, so that buying and selling at once would earn without end"
    yield from draft.steps("microgrids", wrong, (sell, buy), message, "Correct one of the two.")


def supplied_alone(draft: Draft) -> Iterator[Issue]:
    """Islanded microgrids whose load, as far as it may not stay unserved, is more than all that they can supply."""
    places = [(table, "bus") for table in ("loads", "generators", "renewables", "storages", "chps")]
    if not all(draft.all_known(*place) for place in (*places, ("unserved", "load"), ("chp_points", "chp"))):
        return
    case = draft.case
    alone = case.tables["microgrids"]["disagreement"].to_numpy(dtype=str) == "islanded"
    short = alone[:, None] & (_must_serve(case) > _supply(case) * (1.0 + ROUNDING))
    message = "microgrid cannot be islanded: its load is more than all that it can supply itself"
    fix = "Let the load stay unserved at a price (table unserved), or fall back on a tariff or a given cost."
    yield from draft.steps("microgrids", short, ("disagreement",), message, fix)


def _must_serve(case: Case) -> Floats:
    """Fixed demand less what may be cut, by microgrid; shape (microgrids, steps). NaN where it is not known."""
    power = case.series("loads", "p_mw")
    cut = np.isin(np.arange(case.count("loads")), case.positions("unserved", "load"))
    return _by_owner(case, "loads", np.where(cut[:, None], np.minimum(power, 0.0), power))


def _supply(case: Case) -> Floats:
    """The most that each microgrid's own devices can give; shape (microgrids, steps). NaN where it is not known."""
    parts = [_by_owner(case, table, case.series(table, column)) for table, column in SUPPLY]
    return sum(parts, _by_owner(case, "chps", _highest_power(case)))


def _highest_power(case: Case) -> Floats:
    """The highest power of every plant, by its limit or its corners; shape (chps, steps)."""
    highest, plant = case.column("chps", "max_p_mw").copy(), case.positions("chp_points", "chp")
    highest[plant] = 0.0
    np.maximum.at(highest, plant, case.column("chp_points", "p_mw"))
    return np.repeat(highest[:, None], case.steps, axis=1)


def _by_owner(case: Case, table: str, power: Floats) -> Floats:
    """Sums over what each microgrid owns; shape (microgrids, steps)."""
    owner = owner_of(case, table)
    total = np.zeros((case.count("microgrids"), case.steps))
    np.add.at(total, owner[owner >= 0], power[owner >= 0])
    return total


RULES_OF_MICROGRIDS = (
    one_each,
    networks_own,
    convex_parties,
    owners_of_heat,
    idle_microgrids,
    within_reach,
    disagreements,
    supplied_alone,
)
