"""Tables of heat: what couplers take, give and earn, market structures side by side, and slacks that were used."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.heat.network import UNITS
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, table, tag
from gridpact.results.record import Record

MOST = 30
ENERGIES = ("electricity_mwh", "heat_mwh", "fuel_mwh")
MONEY = ("electricity", "heat_revenue", "cost", "profit")
STRUCTURES = {
    "joint": "one operator clears both networks at once: no other structure can cost less",
    "sequential": "the heat operator clears first, at the transmission price of electricity; then electricity clears",
    "separate": "each network clears on its own; both agree on the couplers' power and its price",
}
STRUCTURE_COLUMNS = {
    "cost": ("Cost", 2),
    "above_joint_percent": ("Above joint, %", 3),
    "price_mean_per_mwh": ("Mean price of electricity", 2),
    "heat_price_mean_per_mwh": ("Mean price of heat", 2),
    "coupler_profit": ("Profit of couplers", 2),
    "electricity_surplus": ("Kept by the electricity network", 2),
    "heat_surplus": ("Kept by the heat network", 2),
    "iterations": ("Rounds", 0),
}


def couplers(record: Record) -> pd.DataFrame:
    """One row per unit that makes heat, in the order of the table; revenue of reactive power counts as electricity."""
    found = record.tables["couplers"]
    whole = found.groupby(["device", "kind"], sort=False).sum().reset_index()
    power = whole["electricity_revenue"] + whole["reactive_revenue"]
    return whole.assign(electricity=power)


def coupler_table(record: Record, standing: Standing) -> str:
    """Energies and money of every unit, and their sums; empty where there are no units."""
    if "couplers" not in record.tables or record.tables["couplers"].empty:
        return ""
    rows = couplers(record)
    currency = safe(record.case.currency)
    header = ["Unit", "Kind", "Electricity, MWh", "Heat, MWh", "Fuel, MWh"]
    header += [f"{name}, {currency}" for name in ("Earned with electricity", "Earned with heat", "Cost", "Profit")]
    shown = rows.head(MOST)
    body = [
        _coupler(safe(row["device"]), UNITS.get(str(row["kind"]), ""), row, standing) for _, row in shown.iterrows()
    ]
    if len(rows) > 1:
        body.append(_coupler(tag("b", f"all {len(rows)}"), "", rows[[*ENERGIES, *MONEY]].sum(), standing))
    more = f" {len(rows) - MOST} more are in the table couplers." if len(rows) > MOST else ""
    words = (
        "What each unit that makes heat earns on both markets, less what it costs: a unit without profit sets a "
        "price, and one with a loss must run. Electricity is positive where it is given, negative where it is taken."
    )
    title = tag("h3", "What units that make heat earn")
    return title + tag("p", words + more, "lead") + tag("div", table(header, body, "numbers"), "wide")


def _coupler(name: str, kind: str, row: pd.Series, standing: Standing) -> list[str]:
    energies = [number(float(row[column]), 2) for column in ENERGIES]
    return [name, safe(kind), *energies, *(struck(number(float(row[column]), 2), standing) for column in MONEY)]


def structure_table(record: Record, standing: Standing) -> str:
    """The market structures with their explanations; empty where only one was cleared."""
    structures = record.tables.get("structures")
    if structures is None or structures.empty:
        return ""
    header = ["Structure", *(_titled(column, record) for column in STRUCTURE_COLUMNS)]
    body = [_structure(row, standing) for _, row in structures.iterrows()]
    return tag("div", table(header, body, "numbers structures"), "wide")


def _titled(column: str, record: Record) -> str:
    title, unit = STRUCTURE_COLUMNS[column][0], safe(record.case.currency)
    if column.endswith("_per_mwh"):
        return f"{title}, {unit}/MWh"
    return title if column in ("above_joint_percent", "iterations") else f"{title}, {unit}"


def _structure(row: pd.Series, standing: Standing) -> list[str]:
    name = str(row["structure"])
    cells = [
        "–" if not math.isfinite(float(row[column])) else struck(number(float(row[column]), decimals), standing)
        for column, (_, decimals) in STRUCTURE_COLUMNS.items()
    ]
    status = str(row.get("status", "cleared"))
    failed = "" if status == "cleared" else tag("small", tag("b", f"No dispatch: {safe(status)}"))
    return [tag("b", safe(name)) + tag("small", safe(STRUCTURES.get(name, ""))) + failed, *cells]


def slack_table(record: Record, standing: Standing) -> str:
    """Demand that may stay unserved, at its price: all that is allowed not to balance; empty where nothing may."""
    slacks = record.tables.get("slacks")
    if slacks is None or slacks.empty:
        return ""
    how = {"price_per_mwh": "max", "energy_mwh": "sum", "cost": "sum"}
    whole = slacks.groupby(["slack", "carrier"], sort=False).agg(how).reset_index()
    whole = whole.sort_values("energy_mwh", ascending=False, kind="stable")
    used = whole[whole["energy_mwh"] > 1e-6]
    unit = safe(record.case.currency)
    header = ["Slack", "Carrier", f"Highest price, {unit}/MWh", "Energy not served, MWh", f"Cost, {unit}"]
    body = [
        [
            safe(row["slack"]),
            safe(row["carrier"]),
            number(float(row["price_per_mwh"]), 2),
            significant(float(row["energy_mwh"]) if row["energy_mwh"] > 1e-6 else 0.0),
            struck(number(float(row["cost"]), 2), standing),
        ]
        for _, row in whole.head(MOST).iterrows()
    ]
    told = (
        f"{number(float(used['energy_mwh'].sum()), 3)} MWh of demand were left unserved, at {len(used)} of "
        f"{len(whole)} places where that is allowed at a price."
        if len(used)
        else f"All demand was served, though {len(whole)} consumers might have been cut at a price."
    )
    more = f" {len(whole) - MOST} more are in the table slacks." if len(whole) > MOST else ""
    words = f"{told} Nothing else may leave a balance open.{more}"
    return tag("h3", "Demand that may stay unserved") + tag("p", words, "lead") + table(header, body, "numbers")
