"""A run as a page of plain text: verdict first, then the figures, then the prices by the hour."""

from __future__ import annotations

import pandas as pd

from gridpact.report.game.facts import is_game
from gridpact.report.game.overview import game_overview
from gridpact.report.numbers import PLAIN
from gridpact.report.planning.facts import is_plan
from gridpact.report.planning.overview import plan_overview
from gridpact.report.reliability.facts import is_reliability
from gridpact.report.reliability.overview import reliability_overview
from gridpact.report.standing import CAUSES, checks_of
from gridpact.report.text import for_terminals
from gridpact.report.together.facts import is_together
from gridpact.report.together.overview import together_overview
from gridpact.report.trade.facts import is_trade
from gridpact.report.trade.overview import no_deal_lines, trade_overview
from gridpact.results.days import QUESTION
from gridpact.results.record import Record, Summary

VERDICTS = {
    "certified": "CERTIFIED: every required check of the certificate passed.",
    "approximate": "APPROXIMATE: exact for its linear network model, not for the alternating-current network.",
    "failed": "FAILED: the checks below did not pass; the prices are not valid and not shown.",
}
OTHERWISE = {
    (QUESTION, "failed"): "FAILED: the checks below did not pass; every part has a verdict of its own.",
    ("reliability", "failed"): "FAILED: the checks below did not pass; the indices are not valid and not shown.",
}
FIGURES = {
    "load_mwh": "load",
    "import_mwh": "import",
    "export_mwh": "export",
    "generation_mwh": "generators",
    "renewable_mwh": "wind and PV",
    "curtailed_mwh": "curtailed",
    "loss_mwh": "losses",
}
HEAT = {"heat_load_mwh": "heat served", "heat_loss_mwh": "heat lost in pipes", "pump_mwh": "circulation pumps"}
CUT = {"not_served_mwh": "demand not served", "heat_not_served_mwh": "heat not served"}


def overview(record: Record) -> str:
    """What was asked, the verdict, the summary and the prices of every step (at most 48)."""
    return for_terminals(_paragraphs(record))


def _paragraphs(record: Record) -> str:
    summary = record.summary
    if is_plan(record):
        return "\n\n".join([_heading(record), _verdict(record), *plan_overview(record)])
    if is_trade(record):
        return "\n\n".join([_heading(record), _verdict(record), *trade_overview(record)])
    if is_together(record):
        return "\n\n".join([_heading(record), _verdict(record), *together_overview(record)])
    if is_reliability(record):
        return "\n\n".join([_heading(record), _verdict(record), *reliability_overview(record)])
    parts = [_heading(record), _verdict(record), *([_energies(summary)] if is_game(record) else [_figures(summary)])]
    if is_game(record):
        parts += game_overview(record)
    elif record.question == QUESTION:
        parts += [_months(record), *_days_left(summary)]
    elif summary["verdict"] != "failed":
        parts.append(_price_table(record))
    return "\n\n".join(parts)


def _heading(record: Record) -> str:
    summary = record.summary
    asked = ", ".join(f"{name} = {value}" for name, value in record.settings.items())
    steps = f"{summary['steps']} steps of {summary['step_minutes']:g} min from {summary['start']}"
    told = no_deal_lines(record)
    return f"{record.question} {summary['case']}: {steps}\n{asked}" + (f"\n{told}" if told else "")


def _verdict(record: Record) -> str:
    checks = checks_of(record)
    required = [check for check in checks if check["required"]]
    failed = [check for check in required if not check["passed"]]
    lines = [_words(record)]
    lines += [text for name, text in CAUSES.items() if name in [check["name"] for check in failed]]
    lines.append(f"{len(required) - len(failed)} of {len(required)} required checks passed")
    lines += [
        f"  failed: {check['name']}: {_number(check['value'])} > {check['tolerance']:g} at {check['where'] or '-'}"
        f" ({check['description']})"
        for check in failed
    ]
    return "\n".join(lines)


def _words(record: Record) -> str:
    verdict = str(record.summary["verdict"])
    return OTHERWISE.get((record.question, verdict), VERDICTS[verdict])


def _number(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.3g}"


def _figures(summary: Summary) -> str:
    lines = [f"{'cost less benefit':<20}{summary['objective']:>14.2f} {summary['currency']}", *_basis(summary)]
    # Adding zero turns the minus zero of a rounded rest into zero.
    named = FIGURES | {name: label for name, label in (HEAT | CUT).items() if name in summary}
    lines += [f"{label:<20}{round(summary[name], 3) + 0.0:>14.3f} MWh" for name, label in named.items()]
    if summary["lowest_vm_pu"] is not None:
        lines.append(f"{'voltage':<20}{summary['lowest_vm_pu']:>14.4f} to {summary['highest_vm_pu']:.4f} p.u.")
    if summary["highest_loading_percent"] is not None:
        lines.append(f"{'highest loading':<20}{summary['highest_loading_percent']:>14.1f} %")
    return "\n".join([*lines, *_heat_price(summary)])


def _energies(summary: Summary) -> str:
    """Energies of one feeder of a district that leads, in a line or two."""
    named = FIGURES | {name: label for name, label in (HEAT | CUT).items() if name in summary}
    told = [f"{label} {round(summary[name], 2) + 0.0:.2f}" for name, label in named.items()]
    lines = [", ".join(told[start : start + 5]) for start in range(0, len(told), 5)]
    return "\n".join(["one feeder of each district, MWh", *(f"  {line}" for line in lines)])


def _heat_price(summary: Summary) -> list[str]:
    """Range and mean of the prices of heat; nothing where there are none, or none that are valid."""
    low, mean, high = (summary.get(f"heat_price_{name}_per_mwh") for name in ("min", "mean", "max"))
    if low is None or mean is None or high is None:
        return []
    mark = "approximate " if summary["verdict"] == "approximate" else ""
    label = f"{mark}heat price"
    return [f"{label:<20}{low:>14.3f} to {high:.3f}, mean {mean:.3f} {summary['currency']}/MWh"]


def _basis(summary: Summary) -> list[str]:
    """What the relaxation claimed where it was not exact, what is proven, and what the prices rest on."""
    amounts = {"relaxed_objective": "relaxation claimed", "objective_lower_bound": "cannot be less than"}
    lines = [
        f"{label:<20}{summary[name]:>14.2f} {summary['currency']}" for name, label in amounts.items() if name in summary
    ]
    basis = summary.get("price_basis", PLAIN)
    return lines if basis == PLAIN else [*lines, f"{'prices are':<20}{basis}"]


def _months(record: Record) -> str:
    """The days of every month added up."""
    days = record.tables["days"]
    days = days[days["status"] == "cleared"]
    month = days["snapshot"].dt.strftime("%Y-%m")
    grouped = days.groupby(month, sort=False)
    table = pd.DataFrame(
        {
            "days cleared": grouped.size(),
            "cost less benefit": grouped["objective"].sum().map("{:.2f}".format),
            "load MWh": grouped["load_mwh"].sum().map("{:.1f}".format),
            "import MWh": grouped["import_mwh"].sum().map("{:.1f}".format),
            "losses MWh": grouped["loss_mwh"].sum().map("{:.2f}".format),
            "mean price": grouped["price_mean_per_mwh"].mean().map("{:.3f}".format),
        }
    )
    if record.summary["verdict"] == "failed":
        table = table.drop(columns="mean price")
    return f"by month, prices in {record.summary['currency']} per MWh\n{table.to_string()}"


def _days_left(summary: Summary) -> list[str]:
    left = summary["days_left"]
    lines = [f"  {start}: {' '.join(message.split())}" for start, message in left.items()]
    return ["\n".join([f"{len(left)} of {summary['days']} days could not be cleared:", *lines])] if left else []


def _price_table(record: Record) -> str:
    """Lowest, mean and highest nodal price of every step, and where."""
    prices = record.tables["electricity_prices"]
    by_step = prices.groupby("snapshot", sort=False)["price_per_mwh"]
    low, high = prices.loc[by_step.idxmin()], prices.loc[by_step.idxmax()]
    table = pd.DataFrame(
        {
            "start": [at.strftime("%Y-%m-%d %H:%M") for at in low["snapshot"]],
            "lowest": low["price_per_mwh"].map("{:.3f}".format).to_numpy(),
            "at bus": low["bus"].to_numpy(),
            "mean": by_step.mean().map("{:.3f}".format).to_numpy(),
            "highest": high["price_per_mwh"].map("{:.3f}".format).to_numpy(),
            "at bus ": high["bus"].to_numpy(),
        }
    )
    mark = "approximate " if record.summary["verdict"] == "approximate" else ""
    title = f"{mark}electricity prices, {record.summary['currency']} per MWh"
    rest = f"\n... and {len(table) - 48} more steps" if len(table) > 48 else ""
    return f"{title}\n{table.head(48).to_string(index=False)}{rest}"
