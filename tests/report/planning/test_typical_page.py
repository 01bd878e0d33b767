"""Typical days without a plan: families of their series, and a page of them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from gridpact.report.planning.typical import render_typical_days
from gridpact.report.planning.words import stand_for
from gridpact.results.families import families, family_tables, kinds_of
from tests.report.planning.made_up import NAMES, chosen_days, network
from tests.report.test_html import Reader

KINDS = {"gale": "wind", "roof": "pv", "dam": "other"}


def tables() -> dict[str, pd.DataFrame]:
    days = chosen_days(8)
    graph = days.density_peaks().decision_graph()
    decision = pd.DataFrame(
        {"day": graph["point"].astype(str), "density": graph["rho"], "distance": graph["delta"],
         "centre": graph["point"].isin(days.source)}
    )  # fmt: skip
    return {
        "scenarios": days.scenarios(),
        "duration_curves": days.duration_curves(),
        "scenario_quality": days.quality,
        "decision_graph": decision,
        **family_tables(days.names, days.days.values, days.labels, days.profiles, kinds_of(network(33))),
    }


def test_series_are_grouped_by_what_they_are() -> None:
    names = [
        "loads/a/p_mw",
        "loads/a/q_mvar",
        "renewables/gale/p_mw",
        "renewable_candidates/roof/p_mw",
        "loads/b/c/p_mw",
        "interfaces/grid/price_per_mwh",
        "renewables/dam/p_mw",
        "renewables/new/p_mw",
        "tide",
    ]
    found = {family.name: family.members for family in families(names, KINDS)}
    assert found == {
        "demand": (0, 4),
        "wind": (2,),
        "PV": (3,),
        "other renewables": (6,),
        "renewables": (7,),
        "price": (5,),
        "tide": (8,),
    }
    assert {family.unit for family in families(["tide"])} == {""}


def test_names_of_one_thing_may_contain_strokes() -> None:
    assert [family.name for family in families(["renewables/a/b/p_mw"], {"a/b": "wind"})] == ["wind"]


def test_powers_add_up_and_prices_are_averaged() -> None:
    values = np.arange(2.0 * 4 * 3).reshape(2, 4, 3)
    names = ["loads/a/p_mw", "loads/b/p_mw", "interfaces/a/price_per_mwh", "interfaces/b/price_per_mwh"]
    demand, price = families(names)
    np.testing.assert_array_equal(demand.joined(values), values[:, 0] + values[:, 1])
    np.testing.assert_array_equal(price.joined(values), (values[:, 2] + values[:, 3]) / 2.0)


def test_tables_of_families_have_every_hour_of_every_day() -> None:
    found, days = tables(), chosen_days(8)
    every, typical = found["family_days"], found["family_profiles"]
    assert len(every) == 4 * 365 * 24 and len(typical) == 4 * 8 * 24
    assert every["scenario"].nunique() == 8
    demand = every[every["family"] == "demand"]["value"].to_numpy().reshape(365, 24)
    np.testing.assert_array_equal(demand, days.days.values[:, NAMES.index("loads/town/p_mw")])
    label = every.groupby("day")["scenario"].first().astype(int) - 1
    np.testing.assert_array_equal(label, days.labels)


def test_no_series_make_no_families() -> None:
    empty = family_tables(["loads/a/q_mvar"], np.ones((2, 1, 24)), np.zeros(2, dtype=np.int64), np.ones((1, 1, 24)))
    assert all(table.empty for table in empty.values())


def test_the_page_of_typical_days_stands_alone() -> None:
    page = render_typical_days(tables(), "A <year>", "USD")
    reader = Reader(page)
    assert reader.open == [] and len(reader.ids) == len(set(reader.ids))
    assert page.count("<figure") == 3
    assert "A &lt;year&gt;" in page and "<year>" not in page
    assert "8 typical days for 365 days." in re.sub(r"\s+", " ", reader.text)


def test_the_page_needs_no_more_than_the_days() -> None:
    page = render_typical_days({"scenarios": tables()["scenarios"]})
    assert page.count("<figure") == 0
    assert Reader(page).open == []


def test_kept_days_are_told() -> None:
    days = pd.DataFrame({"scenario": ["1", "2"], "weight_days": [364.0, 1.0], "kind": ["typical", "highest load"]})
    assert stand_for(days) == "2 typical days for 365 days. 1 of them is an extreme day, kept as it was."
    assert stand_for(days.assign(kind="given")) == "2 typical days for 365 days."
