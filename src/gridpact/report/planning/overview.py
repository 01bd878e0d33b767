"""The plan as plain text: cost before and after, what is built, indices with limits, the check of the year."""

from __future__ import annotations

import math

from gridpact.report.figures.planning.costs import amounts
from gridpact.report.figures.planning.year import worst
from gridpact.report.planning import facts
from gridpact.report.planning.lines import switched
from gridpact.results.days import CLEARED
from gridpact.results.record import Record

LABEL, MOST = 24, 30
SHOWN = ["asset", "kind", "place", "units", "max_units", "p_mw", "energy_mwh"]


def plan_overview(record: Record) -> list[str]:
    """Paragraphs; money only where the certificate vouches for it."""
    parts = [] if record.summary["verdict"] == "failed" else [_headline(record), _costs(record)]
    parts += [_built(record), switched(record), reliability(record)]
    parts += [] if record.summary["verdict"] == "failed" else [_year(record)]
    return [part for part in parts if part]


def _headline(record: Record) -> str:
    """Cost, bound, gap, investment."""
    currency = record.case.currency
    before, after = facts.annual(record)
    rows = [("cost per year", after, ""), ("as it is", before, "")]
    asked = record.settings.get("gap")
    wanted = f" ({100.0 * float(asked):g} % asked)" if isinstance(asked, int | float) else ""
    gap = facts.figure(record, "gap")
    told = "" if math.isnan(gap) else f": gap {facts.percent(gap)} %{wanted}"
    if facts.by_form(record):
        rows.append(("by the linear form", facts.figure(record, "objective_by_form"), ""))
    rows.append((facts.bound_words(record), facts.figure(record, "objective_lower_bound"), told))
    rows.append(("investment", facts.figure(record, "investment"), ""))
    rows.append(("capital cost per year", facts.figure(record, "capex_per_year"), ""))
    return "\n".join(
        f"{name:<{LABEL}}{value:>14.2f} {currency}{end}" for name, value, end in rows if math.isfinite(value)
    )


def _costs(record: Record) -> str:
    found = facts.table(record, "annual_costs")
    if found is None:
        return ""
    names, (before, after) = amounts(found)
    head = f"{f'{record.case.currency} per year':<{LABEL}}{'as it is':>14}{'with the plan':>15}"
    rows = [
        f"{name:<{LABEL}}{_money(was):>14}{_money(now):>15}"
        for name, was, now in zip(names, before.tolist(), after.tolist(), strict=True)
    ]
    return "\n".join([head, *rows])


def _money(value: float) -> str:
    """No minus before a rounded zero."""
    return f"{round(value, 2) + 0.0:.2f}" if math.isfinite(value) else "-"


def _built(record: Record) -> str:
    """A line per asset."""
    chosen, left = facts.built(record), facts.left_out(record)
    if chosen is None or left is None:
        return ""
    rows = [
        f"  {asset}: {facts.KINDS.get(str(kind), kind)} at {place}"
        + (f", {units:g} of {most:g} units" if most > 1 else "")
        + (f", {size}" if (size := facts.size(power, energy)) else "")
        for asset, kind, place, units, most, power, energy in chosen.reindex(columns=SHOWN)
        .head(MOST)
        .itertuples(index=False)
    ]
    more = [f"  ... and {len(chosen) - MOST} more in the table investments"] if len(chosen) > MOST else []
    return "\n".join([f"built: {len(chosen)} of {len(chosen) + len(left)} candidates", *rows, *more])


def reliability(record: Record) -> str:
    """The indices before and after, and whether limits are kept; empty where there are none."""
    found = facts.indices(record)
    if not found:
        return ""
    rows = []
    for one in found:
        name, unit, decimals = facts.INDICES[one.key]
        before, after, limit = (
            f"{value:.{decimals}f}" if math.isfinite(value) else "-" for value in (one.before, one.after, one.limit)
        )
        kept = "" if limit == "-" else "  kept" if one.kept else "  NOT KEPT"
        rows.append(f"{name:<8}{before:>12}{after:>14}{limit:>12}  {unit}{kept}")
    return "\n".join([f"{'index':<8}{'as it is':>12}{'with the plan':>14}{'limit':>12}", *rows])


def unchecked(record: Record) -> str:
    """How few days the plan rests on, where no others were tried."""
    weights = facts.weights(record)
    if not weights:
        return ""
    days = "1 day stands" if len(weights) == 1 else f"{len(weights)} days stand"
    return f"{days} for {sum(weights.values()):g} days of a year; the plan was tried on no others"


def _year(record: Record) -> str:
    found = facts.table(record, "year")
    if found is None:
        return unchecked(record)
    done = found[(found["status"] == CLEARED) & found["cost"].notna()]
    lines = [
        f"operation of all {len(found)} days with the plan: {done['cost'].sum():.2f} {record.case.currency}, "
        f"by the typical days {done['estimated_cost'].sum():.2f}"
    ]
    lines += [told] if (told := facts.off(record, "they differ by ")) else []
    if len(done) < len(found):
        lines.append(f"{len(found) - len(done)} days have no operation")
    names = [str(at.date()) for at in worst(found)["snapshot"]]
    return "\n".join([*lines, *([f"worst days: {', '.join(names)}"] if names else [])])
