"""Tables of the money of a joint plan: costs, gains, weights and fees, payments in cents, cash, reinforcements."""

from __future__ import annotations

import numpy as np

from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.together.gains import called, rules
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.report.together import facts
from gridpact.report.together.tables import fairness, money
from gridpact.report.together.words import fees, weights
from gridpact.report.trade.money_tables import exact
from gridpact.report.trade.tables import long, transposed
from gridpact.results.record import Record

FACTORS = {0.0: "no fees", 1.0: "fees as they are", 2.0: "fees twice as high"}


def _moneys(values: Floats, standing: Standing, signed: bool = False) -> list[str]:
    return [money(float(value), standing, signed) for value in values]


def _sums(columns: list[Floats], standing: Standing, before: int = 0) -> list[str]:
    sums = [tag("b", money(float(one.sum()), standing)) for one in columns]
    return [tag("b", "all"), *[""] * before, *sums]


def costs(record: Record, standing: Standing) -> str:
    """Item by item for each owner: alone, together, gain."""
    if facts.table(record, "owners") is None:
        return ""
    unit = facts.per_year(record)
    titles = ("Alone", "of it building", "Capital", "Maintenance", "Operation", "Pays", "Together", "Gain")
    names = ("alone_cost", "alone_building_cost", "capex_per_year", "maintenance_per_year", "operation_cost")
    columns = [facts.column(record, name) for name in names]
    columns += [-facts.column(record, "receipt"), facts.together(record), facts.column(record, "gain")]
    header = ["Owner", *(f"{title}, {unit}" for title in titles)]
    rows = transposed([safe(name) for name in facts.owners(record)], *(_moneys(one, standing) for one in columns))
    note = "Alone less together is the gain. What microgrids pay by their tariffs alone, the operator earns alone."
    return long(header, rows, "together", [_sums(columns, standing)]) + tag("p", note, "remark")


def gains(record: Record, standing: Standing) -> str:
    """Weights and gains by each rule, then what fees do, then how even it is."""
    if facts.table(record, "owners") is None or not facts.deal(record):
        return ""
    chosen, found = str(record.summary.get("weights_rule")), rules(record)
    names = [safe(name) for name in facts.owners(record)]
    header, columns = ["Owner"], list[list[str]]()
    for rule, share in found.items():
        title = called(rule, chosen).capitalize()
        header += [safe(title), f"gain, {facts.per_year(record)}"]
        columns += [[number(float(one), 3) for one in share], _moneys(facts.surplus(record) * share, standing)]
    whole = tag("b", money(facts.surplus(record), standing))
    last = [tag("b", "all"), *[tag("b", "1.000"), whole] * len(found)]
    shares = long(header, transposed(names, *columns), "together", [last])
    return weights(record, standing) + shares + _fees(record, standing) + fairness(record, standing)


def _fees(record: Record, standing: Standing) -> str:
    """Lump sums at other fees, where fees are nobody's cost; the gains stay."""
    words = tag("h3", "Other fees") + fees(record, standing)
    if facts.fees_are_costs(record):
        return words
    paid, unit = facts.payments(record), facts.per_year(record)
    columns, header = list[Floats](), ["Owner"]
    for factor, title in FACTORS.items():
        header += [f"With {title}: pays in fees, {unit}", f"lump sum, {unit}"]
        columns += [factor * paid["fee"], paid["lump"] + (1.0 - factor) * paid["fee"]]
    columns += [facts.column(record, "gain")]
    header += [f"Gain with any, {unit}"]
    rows = transposed([safe(name) for name in facts.owners(record)], *(_moneys(one, standing) for one in columns))
    return words + long(header, rows, "together", [_sums(columns, standing)])


def payments(record: Record, standing: Standing) -> str:
    """What each pays for energy, in fees and as a lump sum, to the cent."""
    if facts.table(record, "owners") is None:
        return ""
    if not facts.deal(record):
        return tag("p", "There is no deal, hence nothing to be settled: nobody pays anybody anything.", "lead")
    unit, names = facts.per_year(record), facts.owners(record)
    whole = -record.tables["owners"]["receipt_cents"].to_numpy(dtype=np.int64)
    lump = -record.tables["owners"]["lump_cents"].to_numpy(dtype=np.int64)
    found = facts.table(record, "payments")
    parts = [
        np.zeros(len(names), np.int64) if found is None else -facts.by_day(record, name).sum(axis=0).astype(np.int64)
        for name in ("energy_cents", "fee_cents")
    ]
    columns = [*parts, lump, whole]
    titles = ("Energy at nodal prices", "Fees", "Lump sum", "Pays in all")
    cells = [[struck(exact(int(value)), standing) for value in one] for one in columns]
    last = [tag("b", "all"), *(tag("b", struck(exact(int(one.sum())), standing)) for one in columns)]
    header = ["Owner", *(f"{title}, {unit}" for title in titles)]
    note = (
        "What is above zero is paid, what is below is received. Energy and fees are those of the typical days, "
        "each as often as it comes in a year; the lump sum makes the gain right. Every column adds up to zero, "
        "exactly to the cent."
    )
    rows = transposed([safe(name) for name in names], *cells)
    return long(header, rows, "together", [last]) + tag("p", note, "remark") + _days(record, standing)


def _days(record: Record, standing: Standing) -> str:
    """Energy and fees of each typical day; folded away."""
    if facts.table(record, "payments") is None:
        return ""
    unit, names = facts.per_year(record), [safe(name) for name in facts.owners(record)]
    rows = [
        [safe(day), who, *(struck(exact(-int(value)), standing) for value in pair)]
        for day, energy, fee in zip(
            facts.weights(record), facts.by_day(record, "energy_cents"), facts.by_day(record, "fee_cents"), strict=True
        )
        for who, *pair in zip(names, energy, fee, strict=True)
    ]
    header = ["Typical day", "Owner", f"Energy at nodal prices, {unit}", f"Fees, {unit}"]
    summary = tag("summary", "Day by day")
    return tag("details", summary + tag("div", table(header, rows, "together two"), "wide"))


def cash(record: Record, standing: Standing) -> str:
    """What each spends and when it has it back, and what the years are worth now."""
    if facts.table(record, "owners") is None or facts.table(record, "cash_flow") is None:
        return ""
    unit = safe(record.case.currency)
    first, payback = facts.cash(record, "difference")[:, 0], facts.column(record, "payback_years")
    years = facts.cash(record, "net_cash").shape[1] - 1
    spent, alone = (-facts.cash(record, name)[:, 0] for name in ("net_cash", "net_cash_alone"))
    back = ["at once" if one == 0.0 else number(one, 0) if np.isfinite(one) else "never" for one in payback.tolist()]
    columns = [_moneys(one, standing) for one in (spent, alone, -first)]
    npv = _moneys(facts.column(record, "net_present_value"), standing)
    header = ["Owner", *(f"Spends in year 0{more}, {unit}" for more in ("", " alone", ": more together")),
              "Has it back after, years", f"Net present value, {unit}"]  # fmt: skip
    rate = 100.0 * float(record.settings.get("discount_rate", 0.0))
    note = (
        f"Together less alone over {years} years at {rate:g} % a year. What reaches the end of its life is built "
        "again, and what lasts longer than these years counts at the end by the annuities left."
    )
    rows = transposed([safe(name) for name in facts.owners(record)], *columns, back, npv)
    return long(header, rows, "together") + tag("p", note, "remark")


def reinforcements(record: Record, standing: Standing) -> str:
    """What each owner bears of what the operator builds."""
    found = facts.table(record, "reinforcements")
    if found is None or not facts.deal(record):
        return ""
    names, unit = facts.owners(record), facts.per_year(record)
    wide = found.pivot(index="asset", columns="participant", values="cost_per_year")
    wide = wide.reindex(index=found["asset"].unique(), columns=names)
    assets = [str(asset) for asset in wide.index]
    columns = [wide.loc[asset].to_numpy(dtype=np.float64) for asset in assets]
    header = ["Owner", *(f"{safe(asset)}, {unit}" for asset in assets)]
    rows = transposed([safe(name) for name in names], *(_moneys(one, standing) for one in columns))
    return long(header, rows, "together", [_sums(columns, standing)])
