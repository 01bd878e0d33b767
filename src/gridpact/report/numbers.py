"""The summary: the few numbers that most readers look for first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridpact.report.game.facts import feeders, is_game, several
from gridpact.report.standing import Standing
from gridpact.report.text import instant, number, safe, tag
from gridpact.results.record import Record

LOSSLESS = ("dc", "lindistflow")
PLAIN = "multipliers"


@dataclass(frozen=True)
class Fact:
    """A number that a reader looks for; all texts are HTML already."""

    title: str
    value: str
    unit: str
    note: str = ""


def section(record: Record, standing: Standing) -> str:
    """Cards of cost, price, energy and the state of the network; of one feeder where the district leads."""
    whose = f"Summary of the district{'s' if several(record) else ''}"
    title = f"{whose}, {_one(record)}" if is_game(record) else "Summary"
    return tag("h2", title) + cards(facts(record, standing))


def cards(told: list[Fact]) -> str:
    return tag("div", "".join(map(_card, told)), "cards")


def _one(record: Record) -> str:
    if several(record):
        return "one feeder of each"
    count = number(feeders(record), 0)
    return "the only feeder" if count == "1" else f"one of {count} feeders"


def facts(record: Record, standing: Standing) -> list[Fact]:
    """Cost, price, energy and the state of the network, as far as the run has them."""
    cleared = record.summary.get("days_cleared")
    if cleared == 0:
        return [days_cleared(record)]
    first = [] if cleared is None else [days_cleared(record)]
    money = [cost(record, standing), price(record, standing)]
    energy = [bought(record), generated(record), renewable(record), demand(record), losses(record)]
    found = [*first, *money, *energy, lowest_voltage(record), highest_loading(record)]
    if "heat_prices" in record.tables:
        found = [*first, *_both(record, standing, money, energy), lowest_voltage(record), highest_loading(record)]
    return [fact for fact in found if fact is not None]


def _both(record: Record, standing: Standing, money: list[Fact | None], energy: list[Fact | None]) -> list[Fact | None]:
    """The same of a district with heat: what is of electricity says so, and heat follows."""
    named = {"Price": "Electricity price", "Approximate price": "Approximate electricity price"}
    named["Demand served"] = "Electricity served"
    told = [fact and replace(fact, title=named.get(fact.title, fact.title)) for fact in (*money, *energy)]
    warm = [heat_price(record, standing), heat_demand(record), heat_losses(record), pumps(record)]
    return [told[0], told[1], warm[0], *told[2:], *warm[1:]]


def _card(fact: Fact) -> str:
    amount = tag("p", f"{fact.value} {tag('span', fact.unit, 'unit')}", "value")
    return tag("div", tag("h3", fact.title) + amount + tag("p", fact.note, "note"), "card")


def days_cleared(record: Record) -> Fact:
    """How much of a horizon cleared day by day the other numbers are of."""
    window, whole, done = record.case.window, record.summary["days"], record.summary["days_cleared"]
    note = "" if done == whole else f"the other numbers are of these {window}s alone" if done else "no other numbers"
    return Fact(f"{window}s cleared".capitalize(), f"{done} of {whole}", f"{window}s", note)


def struck(text: str, standing: Standing) -> str:
    """Money is struck out where the certificate does not vouch for it."""
    return text if standing.valid else f'<s class="void" title="not certified">{text}</s>'


def summed(record: Record, name: str) -> float:
    """A figure of the summary, or NaN."""
    value = record.summary.get(name)
    return float("nan") if value is None else float(value)


def cost(record: Record, standing: Standing) -> Fact:
    value, claimed = number(summed(record, "objective")), summed(record, "relaxed_objective")
    before = "" if np.isnan(claimed) else f"<br>the relaxation, not exact, claimed {number(claimed)}"
    done = record.summary.get("days_cleared")
    over = "horizon" if done is None or done == record.summary["days"] else f"{done} {record.case.window}s cleared"
    whose = f"{'' if several(record) else 'of '}{_one(record)}, " if is_game(record) else ""
    note = f"{whose}over the {over}{before}"
    return Fact("Cost less benefit", struck(value, standing), safe(record.case.currency), note)


def price(record: Record, standing: Standing) -> Fact | None:
    return _price(record, standing, "Price", "electricity_prices", "bus", "buses")


def heat_price(record: Record, standing: Standing) -> Fact | None:
    return _price(record, standing, "Heat price", "heat_prices", "node", "nodes")


def _price(record: Record, standing: Standing, title: str, table: str, noun: str, nouns: str) -> Fact | None:
    """Mean and range; the summary keeps no price that is not certified, hence from the table."""
    prices = record.tables.get(table)
    if prices is None:
        return None
    low, high = (spot(record, row, "price_per_mwh", 2, noun) for row in extremes(prices, "price_per_mwh"))
    note = struck(f"mean over {nouns} and steps<br>lowest {low}<br>highest {high}", standing) + basis(record)
    mean, unit = number(float(prices["price_per_mwh"].mean())), f"{safe(record.case.currency)}/MWh"
    return Fact(f"{standing.mark}{title}".capitalize(), struck(mean, standing), unit, note)


def basis(record: Record) -> str:
    """What the prices rest on, where they are not the multipliers of the market as it was asked."""
    told = record.summary.get("price_basis", PLAIN)
    return "" if told == PLAIN else f"<br>{safe(told)}"


def extremes(table: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series]:
    """The rows with the lowest and the highest value."""
    values = table[column].to_numpy(dtype=np.float64)
    return table.iloc[int(np.nanargmin(values))], table.iloc[int(np.nanargmax(values))]


def spot(record: Record, row: pd.Series, column: str, decimals: int, noun: str = "bus") -> str:
    """A value with its bus (or node) and time."""
    when = instant(row["snapshot"], record.case)
    return f"{number(float(row[column]), decimals)} at {noun} {safe(row[noun])}, {when}"


def bought(record: Record) -> Fact | None:
    if not record.case.count("interfaces"):
        return None
    sold = f"sold {number(summed(record, 'export_mwh'))} MWh"
    return Fact("Bought from the grid", number(summed(record, "import_mwh")), "MWh", sold)


def generated(record: Record) -> Fact | None:
    if not record.case.count("generators"):
        return None
    return Fact("Generators", number(summed(record, "generation_mwh")), "MWh")


def renewable(record: Record) -> Fact | None:
    if not record.case.count("renewables"):
        return None
    note = f"curtailed {number(summed(record, 'curtailed_mwh'))} MWh"
    return Fact("Wind and PV", number(summed(record, "renewable_mwh")), "MWh", note)


def demand(record: Record) -> Fact:
    return Fact("Demand served", number(summed(record, "load_mwh")), "MWh")


def losses(record: Record) -> Fact | None:
    if record.settings.get("formulation") in LOSSLESS:
        return None
    lost, served = summed(record, "loss_mwh"), summed(record, "load_mwh")
    share = f"{number(100.0 * lost / served)} % of the demand served" if served else ""
    return Fact("Line losses", number(lost, 3), "MWh", share)


def heat_demand(record: Record) -> Fact:
    """With what could not be served, where that was allowed at a price."""
    slacks = record.tables.get("slacks")
    unserved = 0.0 if slacks is None else float(slacks.loc[slacks["carrier"] == "heat", "energy_mwh"].sum())
    note = f"not served, at its price: {number(unserved, 3)} MWh" if unserved > 1e-6 else ""
    return Fact("Heat served", number(heat_sum(record, "heat_load_mwh")), "MWh", note)


def heat_losses(record: Record) -> Fact:
    lost, served = heat_sum(record, "heat_loss_mwh"), heat_sum(record, "heat_load_mwh")
    share = f"{number(100.0 * lost / served)} % of the heat served" if served else ""
    return Fact("Heat lost in pipes", number(lost, 3), "MWh", share)


def pumps(record: Record) -> Fact:
    taken, served = heat_sum(record, "pump_mwh"), heat_sum(record, "heat_load_mwh")
    share = f"{number(100.0 * taken / served)} % of the heat served" if served else ""
    return Fact("Circulation pumps", number(taken, 3), "MWh", share)


def heat_sum(record: Record, name: str) -> float:
    """A figure of the summary; that of a horizon cleared day by day has none of heat, hence from the tables."""
    if name in record.summary:
        return summed(record, name)
    if name == "heat_loss_mwh":
        return record.case.hours * float(record.tables["pipes"]["loss_mw"].sum())
    kind, column = {"heat_load_mwh": ("heat_load", "heat_mw"), "pump_mwh": ("heat_source", "p_mw")}[name]
    dispatch = record.tables["dispatch"]
    return -record.case.hours * float(dispatch.loc[dispatch["kind"] == kind, column].sum())


def lowest_voltage(record: Record) -> Fact | None:
    buses = record.tables.get("buses")
    if buses is None or record.settings.get("formulation") == "dc":
        return None
    low, high = extremes(buses, "vm_pu")
    place = f"at bus {safe(low['bus'])}, {instant(low['snapshot'], record.case)}"
    note = f"{place}<br>highest {spot(record, high, 'vm_pu', 4)}"
    return Fact("Lowest voltage", number(float(low["vm_pu"]), 4), "p.u.", note)


def highest_loading(record: Record) -> Fact | None:
    branches = record.tables.get("branches")
    if branches is None or branches["loading_percent"].isna().all():
        return None
    row = extremes(branches, "loading_percent")[1]
    note = f"line {safe(row['branch'])}, {instant(row['snapshot'], record.case)}"
    return Fact("Highest line loading", number(float(row["loading_percent"]), 1), "%", note)
