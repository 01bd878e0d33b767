"""The limits of a plan as its settings ask for them, and what is told of the indices that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridpact.case.case import Case
from gridpact.plans.settings import LIMITS

if TYPE_CHECKING:
    from gridpact.planning.investment.limits import Limits


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """The limits of a plan as a whole."""
    from gridpact.planning.investment.limits import Limits

    return Limits(**given_limits(settings), interruption_cost_per_mwh=settings.get("interruption_cost_per_mwh", 0.0))


def require_followed(case: Case, limits: Limits) -> None:
    """Raise ``InputError`` where faults cannot be followed, or no customers are there for what is asked of indices."""
    from gridpact.planning.reliability.indices import require_customers
    from gridpact.planning.reliability.tree import tree_of

    if limits.about_reliability:
        require_customers(case)
    if (case.column("loads", "customers") > 0.0).any():
        tree_of(case)


def given_limits(settings: Mapping[str, Any]) -> dict[str, float]:
    """Limits that are there, by the name of their field, that of the index where they limit one."""
    return {name: float(settings[key]) for name, key in LIMITS.items() if key in settings}


def index_words(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Indices with the plan and before, for a summary; nothing without the table ``reliability``."""
    if "reliability" not in tables:
        return {}
    table = tables["reliability"].set_index("index")
    named = {name: float(table["value"][name]) for name in ("saifi", "saidi_h", "eens_mwh")}
    return named | {f"{name}_before": float(table["before"][name]) for name in named}
