"""What limits the network: the limits whose relaxation is worth most, and the branches that are loaded most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.case.schema import SCHEMA
from gridpact.report.game.facts import is_game
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import instant, number, safe, significant, table, tag
from gridpact.results.record import Record

MOST = 8
NEARLY_FULL = 90.0  # percent
NETWORK = ("buses", "lines", "transformers", "interfaces")
HEAT_NETWORK = ("heat_nodes", "pipes", "heat_sources")
# Limits of heat that are no column of a table, and places at a node where its limits hold too.
WORDS = {
    "chps/edge": "chps: edge of the operating polygon",
    "chps/ratio": "chps: fixed ratio of heat to power",
    "interfaces/max_import_mw/held": "upper end of the price step, or the import limit",
    "interfaces/max_export_mw/held": "lower end of the price step, or the export limit",
}
# Where the district leads, its interfaces are held on the price step they stand on.
HELD = {
    "interfaces/max_import_mw": "interfaces/max_import_mw/held",
    "interfaces/max_export_mw": "interfaces/max_export_mw/held",
}
PLACES = {"station": "of what leaves the station", "consumer": "of what leaves the consumers"}
LIMIT_HEADER = ["Component", "Limit", "Binds, hours", "Worth, mean", "Worth, highest", "Unit"]
WORTH = (
    "Worth: by how much the cost per hour would fall if the limit were one unit wider, while it binds. "
    "Ordered by the sum over all hours; lines with different units do not compare."
)
LOADING_HEADER = ["Branch", "Highest, %", "When", "Mean, %", f"Above {NEARLY_FULL:g} %, hours"]


def section(record: Record, standing: Standing) -> str:
    """Tables of binding limits, those of devices folded away, and of loadings; empty where there are none."""
    limits = worth_of_limits(record)
    if is_game(record):
        limits = limits.assign(constraint=limits["constraint"].replace(HELD))
    table_of = limits["constraint"].astype(str).str.split("/").str[0]
    of_network, of_heat = table_of.isin(NETWORK), table_of.isin(HEAT_NETWORK)
    parts = [
        _titled("Limits of the network that bind", _limit_table(limits[of_network], standing)),
        _titled("Limits of the heat network that bind", _limit_table(limits[of_heat], standing)),
        _titled("Branches with the highest loading", _loading_table(record)),
        _folded(_limit_table(limits[~of_network & ~of_heat], standing)),
    ]
    return tag("h2", "What limits the network") + "\n".join(parts) if any(parts) else ""


def network_tables(record: Record, standing: Standing) -> str:
    """The same of the network alone, without a heading of its own."""
    limits = worth_of_limits(record)
    own = limits[limits["constraint"].astype(str).str.split("/").str[0].isin(NETWORK)]
    return _titled("Limits that bind", _limit_table(own, standing)) + _titled(
        "Branches with the highest loading", _loading_table(record)
    )


def worth_of_limits(record: Record) -> pd.DataFrame:
    """One row per limit that binds: constraint, component, unit, hours, mean and largest multiplier, their sum.

    The multipliers of the two ends of a branch are added up. Ordered by the sum of multiplier times hours.
    """
    columns = ["constraint", "component", "unit"]
    limits = record.tables.get("limits")
    if limits is None:
        return pd.DataFrame(columns=[*columns, "hours", "mean", "largest", "worth"], dtype=object)
    by_step = limits.groupby([*columns, "snapshot"], sort=False, observed=True)["multiplier"].sum()
    groups = by_step.groupby(level=columns, sort=False, observed=True)
    worth = pd.DataFrame({"hours": groups.size(), "mean": groups.mean(), "largest": groups.max()}).reset_index()
    worth["hours"] *= record.case.hours
    worth["worth"] = worth["hours"] * worth["mean"]
    return worth.sort_values("worth", ascending=False, kind="stable", ignore_index=True)


def _limit_table(worth: pd.DataFrame, standing: Standing) -> str:
    rows = [_limit_row(row, standing) for _, row in worth.head(MOST).iterrows()]
    more = len(worth) - MOST
    note = f"{WORTH} {more} more are in the table limits." if more > 0 else WORTH
    return table(LIMIT_HEADER, rows, "limits") + tag("p", note, "remark") if rows else ""


def _limit_row(row: pd.Series, standing: Standing) -> list[str]:
    worth = [struck(significant(float(row[name])), standing) for name in ("mean", "largest")]
    return [
        safe(row["component"]),
        safe(in_words(row["constraint"])),
        number(row["hours"], 2),
        *worth,
        safe(row["unit"]),
    ]


def in_words(constraint: str) -> str:
    """What the schema says of the column a limit stands in: ``lines/max_i_ka``."""
    if constraint in WORDS:
        return WORDS[constraint]
    name, _, path = constraint.partition("/")
    column, _, place = path.partition("/")
    known = {own.name: own.description for own in SCHEMA[name].columns} if name in SCHEMA else {}
    at = f" {PLACES[place]}" if place in PLACES else ""
    shown = column in known and place in ("", *PLACES)
    return f"{name.replace('_', ' ')}: {known[column].partition(';')[0]}{at}" if shown else constraint


def loadings(record: Record) -> pd.DataFrame:
    """One row per branch with a limit: highest and mean loading in percent, when it is highest, hours nearly full."""
    branches = record.tables.get("branches")
    if branches is None or "loading_percent" not in branches:
        return pd.DataFrame(columns=["branch", "highest", "when", "mean", "hours"])
    limited = branches[branches["loading_percent"].notna()].reset_index(drop=True)
    groups = limited.groupby("branch", sort=False)["loading_percent"]
    at = limited.loc[groups.idxmax()].set_index("branch")
    full = (limited["loading_percent"] > NEARLY_FULL).groupby(limited["branch"], sort=False).sum()
    found = pd.DataFrame({"highest": at["loading_percent"], "when": at["snapshot"], "mean": groups.mean()})
    found["hours"] = full.astype(np.float64) * record.case.hours
    return found.sort_values("highest", ascending=False, kind="stable").rename_axis("branch").reset_index()


def _loading_table(record: Record) -> str:
    rows = [
        [
            safe(row["branch"]),
            number(row["highest"], 1),
            instant(row["when"], record.case),
            number(row["mean"], 1),
            number(row["hours"], 2),
        ]
        for _, row in loadings(record).head(MOST).iterrows()
    ]
    return table(LOADING_HEADER, rows, "loadings") if rows else ""


def _titled(title: str, content: str) -> str:
    return tag("h3", title) + content if content else ""


def _folded(content: str) -> str:
    return tag("details", tag("summary", "Limits of devices that bind") + content) if content else ""
