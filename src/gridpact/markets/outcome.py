"""The solved market as labelled tables, in the units of the case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.markets.cleared import Cleared
from gridpact.markets.energy import energy_flows, slack_table
from gridpact.markets.exactness import exactness_table
from gridpact.markets.heat.couplers import KINDS, coupler_table
from gridpact.markets.heat.prices import heat_prices
from gridpact.markets.heat.tables import WITHOUT_BUS, electric_injections, heat_injections, heat_tables
from gridpact.markets.limits import limit_table
from gridpact.markets.prices import NodalPrices, nodal_prices
from gridpact.markets.settlement import settlement
from gridpact.physics.devices.interface import selling_price
from gridpact.physics.devices.modes import MODES
from gridpact.physics.electric.flow import Solved
from gridpact.physics.electric.network import Network
from gridpact.results.record import long_table, words

Floats = NDArray[np.float64]

# Unserved demand first: its reactive share is that of the fixed demand alone.
DEMAND = (
    ("unserved_mw", "unserved", "unserved_p"),
    ("bid_mw", "bids", "bid_p"),
    ("shifted_mw", "shiftable", "shift_p"),
    ("controlled_mw", "controllable", "controlled_p"),
)


def outcome_tables(cleared: Cleared) -> dict[str, pd.DataFrame]:
    """All tables of a cleared market; see the result tables in the reference."""
    case = cleared.case
    branches = cleared.formulation.solved(cleared.network, cleared.values())
    prices = nodal_prices(cleared)
    tables = {
        "electricity_prices": _prices(case, prices),
        "interface": _interface(cleared),
        "dispatch": _dispatch(cleared, branches),
        "storages": _storages(cleared),
        "demand": _demand(cleared),
        "buses": long_table(case.snapshots, "bus", case.ids("buses"), vm_pu=branches.vm),
        "branches": _branches(cleared, branches),
        "limits": limit_table(cleared),
    }
    if cleared.held:
        tables |= _commitment(cleared) | _storage_modes(cleared)
    if cleared.exact is not None:
        tables["exactness"] = exactness_table(cleared)
    warm = heat_prices(cleared) if cleared.heat else None
    tables["settlement"] = settlement(cleared, prices, warm, tables["dispatch"], tables["interface"])
    if warm is not None:
        tables |= heat_tables(cleared, warm)
        tables["couplers"] = coupler_table(cleared, tables["dispatch"], tables["settlement"])
        tables["energy_flows"] = energy_flows(cleared, tables)
    slacks = slack_table(cleared)
    return tables | ({"slacks": slacks} if len(slacks) else {})


def _prices(case: Case, prices: NodalPrices) -> pd.DataFrame:
    return long_table(
        case.snapshots,
        "bus",
        case.ids("buses"),
        price_per_mwh=prices.active,
        **prices.parts,
        reactive_price_per_mvarh=prices.reactive,
        certified=np.zeros(prices.active.shape, dtype=np.bool_),
    )


def _interface(cleared: Cleared) -> pd.DataFrame:
    case = cleared.case
    buy, sell = cleared.megawatts("buy", "interfaces"), cleared.megawatts("sell", "interfaces")
    net = buy - sell
    one_price = case.series("interfaces", "price_per_mwh") == selling_price(case)
    return long_table(
        case.snapshots,
        "interface",
        case.ids("interfaces"),
        import_mw=net,
        import_mvar=float(cleared.formulation.REACTIVE) * cleared.megawatts("import_q", "interfaces"),
        lmp_per_mwh=case.series("interfaces", "price_per_mwh"),
        buy_mw=np.where(one_price, np.maximum(net, 0.0), buy),
        sell_mw=np.where(one_price, np.maximum(-net, 0.0), sell),
    )


def _commitment(cleared: Cleared) -> dict[str, pd.DataFrame]:
    """Which units run, where some of them may be switched off."""
    case, held = cleared.case, cleared.held or {}
    units = {"generator": ("generators", "on"), "controllable": ("controllable", "controlled_on")}
    units |= {kind: (f"{kind}s", f"{kind}_on") for kind in KINDS}
    chosen = {kind: (case.ids(table), held[name]) for kind, (table, name) in units.items() if name in held}
    if not chosen:
        return {}
    names = [name for ids, _ in chosen.values() for name in ids]
    on = np.vstack([values for _, values in chosen.values()]) > 0.5
    table = long_table(case.snapshots, "device", names, on=on)
    table.insert(1, "kind", words([kind for kind, (ids, _) in chosen.items() for _ in ids] * case.steps))
    return {"commitment": table}


def _storage_modes(cleared: Cleared) -> dict[str, pd.DataFrame]:
    """Which way storages and tanks were held, where they would have charged and discharged at once."""
    tables = {}
    for source, (name, _, _) in MODES.items():
        mode = (cleared.held or {}).get(name)
        if mode is not None and np.isfinite(mode).any():
            step, storage = np.nonzero(np.isfinite(mode).T)
            names = np.array(cleared.case.ids(source), dtype=object)[storage]
            key = SCHEMA[source].key
            table = pd.DataFrame({key: words(names), "charging": mode[storage, step] == 1.0})
            table.insert(0, "snapshot", cleared.case.snapshots[step])
            tables[f"{key}_modes"] = table
    return tables


def _demand_parts(cleared: Cleared) -> tuple[dict[str, Floats], Floats]:
    """Active power by part and total reactive power of every load, as consumption."""
    case = cleared.case
    parts = {"fixed_mw": case.series("loads", "p_mw")}
    fixed, q = parts["fixed_mw"], case.series("loads", "q_mvar").copy()
    for name, table, variable in DEMAND:
        taken, rows = cleared.megawatts(variable, table), case.positions(table, "load")
        ratio = np.zeros_like(taken) + (
            -np.divide(q[rows], fixed[rows], out=np.zeros_like(taken), where=fixed[rows] > 0)
            if table == "unserved"
            else case.column(table, "q_mvar_per_mw")[:, None]
        )
        parts[name] = np.zeros_like(fixed)
        np.add.at(parts[name], rows, taken)
        np.add.at(q, rows, ratio * taken)
    return parts, q


def _dispatch(cleared: Cleared, branches: Solved) -> pd.DataFrame:
    case = cleared.case
    injections = _injections(cleared, branches)
    p, q = (np.vstack([pair[side] for pair in injections.values()]) for side in (0, 1))
    energy, heat = np.full_like(p, np.nan), np.full_like(p, np.nan)
    kinds = np.array([kind for kind in injections for _ in case.ids(f"{kind}s")], dtype=object)
    energy[kinds == "storage"] = cleared.megawatts("energy", "storages")
    energy[kinds == "heat_storage"] = cleared.megawatts("heat_energy", "heat_storages")
    for kind, given in heat_injections(cleared).items():
        heat[kinds == kind] = given
    devices = [name for kind in injections for name in case.ids(f"{kind}s")]
    table = long_table(case.snapshots, "device", devices, p_mw=p, q_mvar=q, heat_mw=heat, energy_mwh=energy)
    table.insert(2, "kind", words(np.tile(kinds, case.steps)))
    return table


def _injections(cleared: Cleared, branches: Solved) -> dict[str, tuple[Floats, Floats]]:
    """Active and reactive power of every device of each kind, into the network."""
    case, take = cleared.case, cleared.megawatts
    demand, load_q = _demand_parts(cleared)
    consumed = sum(demand.values()) - 2.0 * demand["unserved_mw"]
    reactive_only = {"compensator": "compensator_q", "capacitor": "capacitor_q"}
    sources = {kind: take(name, f"{kind}s") for kind, name in reactive_only.items()}
    squared = branches.vm[case.positions("shunts", "bus")] ** 2
    charge, discharge = take("charge", "storages"), take("discharge", "storages")
    injections = {
        "interface": (take("buy", "interfaces") - take("sell", "interfaces"), take("import_q", "interfaces")),
        "generator": (take("generator_p", "generators"), take("generator_q", "generators")),
        "renewable": (take("renewable_p", "renewables"), take("renewable_q", "renewables")),
        "storage": (discharge - charge, np.zeros_like(charge)),
        "load": (-consumed, -load_q),
        **{kind: (np.zeros_like(q), q) for kind, q in sources.items()},
        "shunt": tuple(-case.column("shunts", name)[:, None] * squared for name in ("p_mw", "q_mvar")),
    }
    injections |= electric_injections(cleared)
    for kind in WITHOUT_BUS if cleared.heat else ():
        injections[kind] = (np.zeros((case.count(f"{kind}s"), case.steps)),) * 2
    reactive = float(cleared.formulation.REACTIVE)
    return {kind: (p, reactive * q) for kind, (p, q) in injections.items()}


def _storages(cleared: Cleared) -> pd.DataFrame:
    names = {"charge_mw": "charge", "discharge_mw": "discharge", "energy_mwh": "energy"}
    columns = {column: cleared.megawatts(name, "storages") for column, name in names.items()}
    return long_table(cleared.case.snapshots, "storage", cleared.case.ids("storages"), **columns)


def _demand(cleared: Cleared) -> pd.DataFrame:
    parts, _ = _demand_parts(cleared)
    return long_table(cleared.case.snapshots, "load", cleared.case.ids("loads"), **parts)


def _branches(cleared: Cleared, solved: Solved) -> pd.DataFrame:
    case, network = cleared.case, cleared.network
    vn = case.column("buses", "vn_kv")[network.branches.from_bus]
    kiloamperes = (network.base_mva / np.sqrt(3.0) / vn)[:, None]
    columns = {
        "p_mw": solved.p * network.base_mva,
        "q_mvar": solved.q * network.base_mva,
        "i_ka": solved.i * kiloamperes,
        "loading_percent": 100.0 * solved.i / network.branches.i_max[:, None],
        "loss_mw": solved.loss * network.base_mva,
        "cone_gap": solved.cone_gap,
    }
    columns["loading_percent"][np.isinf(network.branches.i_max)] = np.nan
    everywhere = {name: _on_all_branches(case, network, values) for name, values in columns.items()}
    return long_table(case.snapshots, "branch", case.branch_ids(), **everywhere)


def _on_all_branches(case: Case, network: Network, values: Floats) -> Floats:
    """Zeros for the branches that carry nothing."""
    full = np.zeros((len(case.branch_ids()), case.steps))
    full[network.branches.carrying] = values
    return full
