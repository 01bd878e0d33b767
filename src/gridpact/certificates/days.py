"""The certificate of a horizon that was cleared day by day: those of its parts, and that the parts make the whole.

Every part is a run of its own with a certificate of its own. Of each of their checks the whole shows the worst. What
the table of days and the summary say is compared with the tables of the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.summary import words_of
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
VERDICTS = ("certified", "approximate", "failed")  # from the best to the worst
SUMS = ("load_mwh", "import_mwh", "export_mwh", "generation_mwh", "renewable_mwh", "curtailed_mwh", "loss_mwh")
EXTREMES = {
    "lowest_vm_pu": "min",
    "price_min_per_mwh": "min",
    "highest_vm_pu": "max",
    "highest_loading_percent": "max",
    "price_max_per_mwh": "max",
}
Document = Mapping[str, Any]


def cost_by_step(record: Record) -> Floats:
    """Cost less benefit per hour of every step of a cleared record, from case data and tables; shape (steps,)."""
    total = np.zeros(record.case.steps)
    for term in cost_terms(Evidence(record)).values():
        total = total + term.sum(axis=0)
    return total


def certify_days(record: Record, parts: Mapping[str, Record]) -> dict[str, Any]:
    """Judge days by the records of their parts, whose ``certificate`` is taken as it is: judge them first.

    ``parts`` maps names to records with a table ``days`` made from their own tables. Returns
    ``{"verdict": ..., "checks": [...]}``.
    """
    case, days, summary = record.case, record.tables["days"], record.summary
    own = [
        _complete(case, days, parts),
        _cleared(days),
        _same_case(case, parts),
        _same_settings(record, parts),
        _rows(days, parts),
        _figures(days, parts),
        _total(days, summary),
        _words(case, days, summary),
    ]
    checks = [check.as_dict() for check in own] + _worst(parts)
    verdicts = [str(part.certificate.get("verdict")) for part in parts.values()]
    verdict = max(verdicts, key=VERDICTS.index, default="failed") if set(verdicts) <= set(VERDICTS) else "failed"
    failed = any(check["required"] and not check["passed"] for check in checks)
    return {"verdict": "failed" if failed else verdict, "checks": checks}


def _complete(case: Case, days: pd.DataFrame, parts: Mapping[str, Record]) -> Check:
    """Each window of the case stands once in the table, and each one that was cleared in one part."""
    first, steps = case.window_edges[:-1], np.diff(case.window_edges)
    listed = pd.Series(days["steps"].to_numpy(), index=pd.DatetimeIndex(days["snapshot"]).tz_convert("UTC"))
    wanted = pd.Series(steps, index=case.snapshots[first].tz_convert("UTC"))
    wrong = 0.0 if listed.index.equals(wanted.index) and (listed == wanted).all() else 1.0
    done = days.loc[days["status"] == "cleared", "snapshot"]
    held = [start for part in parts.values() for start in part.tables["days"]["snapshot"]]
    missing = len(set(done) ^ set(held)) + len(held) - len(set(held))
    text = "Days that stand not exactly once in the table of days, or were cleared and are not in exactly one part."
    return Check("days_complete", True, wrong + missing, 0.0, "", text)


def _cleared(days: pd.DataFrame) -> Check:
    open_days = days[days["status"] != "cleared"]
    where = "" if open_days.empty else f"{open_days['snapshot'].iloc[0].isoformat()}: {open_days['status'].iloc[0]}"
    return Check("days_cleared", True, float(len(open_days)), 0.0, where, "Days that could not be cleared.")


def _same_case(case: Case, parts: Mapping[str, Record]) -> Check:
    """The case of a part is that of the whole between its first and its last step."""
    wrong = [name for name, part in parts.items() if not _is_part(case, part.case)]
    text = "Parts whose case is not the case of the whole in their steps."
    return Check("cases_of_parts", True, float(len(wrong)), 0.0, ", ".join(wrong[:1]), text)


def _is_part(case: Case, part: Case) -> bool:
    first = int(case.snapshots.get_indexer(part.snapshots[:1])[0])
    if first < 0 or first + part.steps > case.steps or part.window != case.window:
        return False
    if part.step_minutes != case.step_minutes or part.frequency_hz != case.frequency_hz:
        return False
    own = case.profiles.iloc[first : first + part.steps]
    same = own.columns.equals(part.profiles.columns) and np.array_equal(own.to_numpy(), part.profiles.to_numpy())
    return same and all(part.tables[name].equals(table) for name, table in _designed(case).items())


def _designed(case: Case) -> dict[str, pd.DataFrame]:
    """The tables of a part: consumers of heat are designed for their highest heat of the whole, as the whole is."""
    loads, tables = case.tables["heat_loads"], dict(case.tables)
    if len(loads):
        highest = case.series("heat_loads", "heat_mw").max(axis=1)
        blank = loads["design_heat_mw"].isna() & (highest > 0.0)
        tables["heat_loads"] = loads.assign(design_heat_mw=np.where(blank, highest, loads["design_heat_mw"]))
    return tables


def _same_settings(record: Record, parts: Mapping[str, Record]) -> Check:
    """Every part was cleared as the whole says."""
    wrong = [
        name
        for name, part in parts.items()
        if any(record.settings.get(key, False) != value for key, value in part.settings.items())
    ]
    text = "Parts that were cleared with other settings than the whole states."
    return Check("settings_of_parts", True, float(len(wrong)), 0.0, ", ".join(wrong[:1]), text)


def _rows(days: pd.DataFrame, parts: Mapping[str, Record]) -> Check:
    """Every figure of every day against the tables of its part, relative."""
    off = {}
    for name, part in parts.items():
        own = part.tables["days"]
        told = days[days["snapshot"].isin(own["snapshot"])]
        for key in (*SUMS, *EXTREMES, "objective", "price_mean_per_mwh", "steps"):
            if len(told) != len(own) or key not in told:
                off[f"{name}: {key}"] = np.nan
                continue
            left, right = told[key].to_numpy(dtype=np.float64), own[key].to_numpy(dtype=np.float64)
            same = np.isnan(left) & np.isnan(right)
            apart = np.where(same, 0.0, np.abs(left - right) / np.maximum(1.0, np.abs(right)))
            off[f"{name}: {key}"] = float(apart.max(initial=0.0))
    return _worst_of("rows_of_days", "Figures of every day against the tables of its part, relative.", off)


def _words(case: Case, days: pd.DataFrame, summary: Document) -> Check:
    """What the summary says in words, against the case and the table of days."""
    own = {**words_of(case), "window": case.window}
    left = [start.isoformat() for start in days.loc[days["status"] != "cleared", "snapshot"]]
    wrong = [key for key, value in own.items() if summary.get(key) != value]
    wrong += ["days_left"] if sorted(summary.get("days_left", {})) != sorted(left) else []
    text = "Statements of the summary that are not those of the case or of the table of days."
    return Check("words_of_summary", True, float(len(wrong)), 0.0, ", ".join(wrong[:1]), text)


def _figures(days: pd.DataFrame, parts: Mapping[str, Record]) -> Check:
    """Sums and extremes of the days of a part against its own summary and tables."""
    off: dict[str, float] = {}
    for name, part in parts.items():
        rows = days[days["snapshot"].isin(part.tables["days"]["snapshot"])]
        off |= {f"{name}: {key}": _apart(value, part.summary.get(key)) for key, value in _added_up(rows).items()}
    return _worst_of("day_figures", "Figures of the days against the summaries of their parts, relative.", off)


def _total(days: pd.DataFrame, summary: Document) -> Check:
    """The summary against the days that were cleared."""
    done = days[days["status"] == "cleared"]
    own = _added_up(done) | {"days": len(days), "days_cleared": len(done)}
    off = {key: _apart(value, summary.get(key)) for key, value in own.items()}
    return _worst_of("sum_of_days", "Figures of the summary against the table of days, relative.", off)


def _added_up(days: pd.DataFrame) -> dict[str, float]:
    """Sums, extremes and the mean price of some days."""
    figures = {key: days[key].sum() for key in ("objective", *SUMS)}
    figures |= {key: getattr(days[key], pick)() for key, pick in EXTREMES.items()}
    return figures | {
        "price_mean_per_mwh": (days["price_mean_per_mwh"] * days["steps"]).sum() / max(1, days["steps"].sum())
    }


def _apart(own: float, told: Any) -> float:
    """Relative difference; NaN where one of them is missing and the other is not."""
    if told is None or np.isnan(own):
        return 0.0 if told is None and np.isnan(own) else np.nan
    return abs(float(told) - own) / max(1.0, abs(own))


def _worst_of(name: str, text: str, off: Mapping[str, float]) -> Check:
    values = np.array(list(off.values()))
    if not values.size:
        return Check(name, True, 0.0, TOLERANCE, "", text)
    peak = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
    return Check(name, True, float(values[peak]), TOLERANCE, list(off)[peak], text)


def _worst(parts: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Of every check the part that failed, or came closest to failing."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part, record in parts.items():
        for check in record.certificate.get("checks", []):
            found.setdefault(check["name"], []).append({**check, "where": f"part {part}: {check['where']}"})
    return [max(same, key=_severity) for same in found.values()]


def _severity(check: Document) -> tuple[bool, bool, float]:
    value = check["value"]
    share = np.inf if value is None or np.isnan(value) else abs(value) / max(check["tolerance"], 1e-300)
    return bool(check["required"] and not check["passed"]), not check["passed"], float(share)
