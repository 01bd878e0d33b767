"""The report of typical days alone: what they stand for, how well, and what they look like; no plan is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.drawing import element
from gridpact.report.figures.planning import clusters, decision, duration
from gridpact.report.page import figure, page
from gridpact.report.planning.sections import DAYS
from gridpact.report.planning.tables import quality_table, scenario_table
from gridpact.report.planning.words import stand_for
from gridpact.report.text import safe, tag

CAPTIONS = {panel.name: panel.caption for panel in DAYS}


def render_typical_days(tables: Mapping[str, pd.DataFrame], title: str = "Typical days", currency: str = "") -> str:
    """One self-contained page of the tables of typical days; those that are not there leave their part out.

    ``tables``: scenarios (needed), duration_curves, scenario_quality, decision_graph (day, density, distance, centre),
    family_days and family_profiles (as ``gridpact.results.families.family_tables`` makes them).
    """
    found = tables["scenarios"]
    body = [tag("h1", safe(title)), tag("p", safe(stand_for(found)), "subtitle")]
    body += [
        part for name, make in _figures(tables, currency or "money").items() if (part := _figure(name, make, title))
    ]
    body += [scenario_table(found), quality_table(tables.get("scenario_quality"))]
    return page(title, body, "plan.css")


def _figures(tables: Mapping[str, pd.DataFrame], currency: str) -> dict[str, Callable[[], Figure | None]]:
    scenarios = tables["scenarios"]
    weights = dict(zip(scenarios["scenario"].astype(str), scenarios["weight_days"].astype(float), strict=True))
    every, typical, curves = (tables.get(name) for name in ("family_days", "family_profiles", "duration_curves"))
    return {
        "plan-clusters": lambda: clusters.draw(weights, every, typical, currency),
        "plan-durations": lambda: duration.draw(weights, every, typical, curves, currency),
        "plan-decision": lambda: decision.draw(tables.get("decision_graph")),
    }


def _figure(name: str, make: Callable[[], Figure | None], title: str) -> str:
    svg = element(make, name)
    return figure(svg, CAPTIONS[name], f"{title}-{name}") if svg else ""
