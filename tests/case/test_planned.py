"""Designs built: the rows that units, types, ties and devices become, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.case.planned import CANDIDATES, candidate_names, most_units, planned_case
from gridpact.case.validate import require_valid
from gridpact.errors import InputError
from tests.districts import bus, district, interface, line, load

COST = {"investment": 1000.0, "lifetime_years": 20.0}
BLANK = float("nan")


def case() -> Case:
    """Two hours, three buses, and a candidate of every kind."""
    store = {"energy_mwh": 2.0, "charge_mw": 0.5, "discharge_mw": 0.4, "initial_mwh": 1.0, "min_mwh": 0.1}
    wire = {"r_ohm_per_km": 0.1, "x_ohm_per_km": 0.2, "max_i_ka": 0.6}
    return district(
        {
            "renewable_candidates/sun/p_mw": [0.25, 0.5],
            "renewable_candidates/sun/cost_per_mwh": [1.0, 2.0],
            "renewables/old/p_mw": [0.1, 0.2],
            "generator_candidates/gas/max_p_mw": [0.6, 0.3],
        },
        steps=2,
        buses=[bus("1"), bus("2"), bus("3")],
        lines=[
            line("a", "1", "2", max_i_ka=0.3, failures_per_km_year=0.2, repair_h=4.0),
            line("b", "2", "3", max_i_ka=0.3, failures_per_km_year=0.2, repair_h=4.0),
        ],
        interfaces=[interface(emissions_t_per_mwh=0.5, sell_ratio=0.8)],
        loads=[load("2", 1.0), load("3", 1.0)],
        renewables=[{"renewable": "old", "bus": "3", "kind": "pv", "p_mw": 0.2}],
        renewable_candidates=[
            {"candidate": "sun", "bus": "3", "kind": "pv", "p_mw": 0.5, "sn_mva": 0.6, "max_units": 4, **COST},
            {"candidate": "air", "bus": "2", "kind": "wind", "p_mw": 0.7, "sn_mva": BLANK, "max_units": 2, **COST},
        ],
        storage_candidates=[
            {
                "candidate": "cell",
                "bus": "2",
                **store,
                "efficiency_charge": 0.9,
                "efficiency_discharge": 0.8,
                "max_units": 3,
                "wear_cost_per_mwh": 2.0,
                **COST,
            }
        ],
        generator_candidates=[
            {
                "candidate": "gas",
                "bus": "3",
                "min_p_mw": 0.1,
                "max_p_mw": 0.6,
                "min_q_mvar": -0.2,
                "max_q_mvar": 0.3,
                "cost_per_mwh": 70.0,
                "max_units": 2,
                "emissions_t_per_mwh": 0.4,
                **COST,
            }
        ],
        line_candidates=[
            {"candidate": "a thick", "line": "a", **wire, "failures_per_km_year": 0.05, **COST},
            {"candidate": "a thin", "line": "a", **wire, "failures_per_km_year": BLANK, **COST},
        ],
        tie_candidates=[
            {
                "candidate": "t",
                "from_bus": "1",
                "to_bus": "3",
                "length_km": 2.0,
                **wire,
                "switching_h": 0.5,
                "transfer_mw": 0.7,
                **COST,
            }
        ],
        protection_candidates=[
            {"candidate": "f", "line": "b", "end": "from", "kind": "fuse", "switching_h": 0.0, **COST}
        ],
    )


def row(planned: Case, table: str, name: str) -> dict[str, object]:
    frame = planned.tables[table]
    found = frame[frame.iloc[:, 0] == name]
    assert len(found) == 1
    return dict(found.iloc[0])


def test_names_and_units() -> None:
    assert candidate_names(case()) == ["sun", "air", "cell", "gas", "a thick", "a thin", "t", "f"]
    assert list(most_units(case()).values()) == [4, 2, 3, 2, 1, 1, 1, 1]


def test_nothing_built_is_the_case_without_candidates() -> None:
    planned = planned_case(case(), {"sun": 0})
    assert planned.validated
    assert all(planned.count(table) == 0 for table in CANDIDATES)
    assert list(planned.profiles.columns) == ["renewables/old/p_mw"]
    for table in ("lines", "renewables", "switches", "protection", "storages", "generators"):
        assert planned.tables[table].equals(case().tables[table])


def test_three_units_of_a_plant_are_one_of_three_times_the_size() -> None:
    planned = planned_case(case(), {"sun": 3})
    found = row(planned, "renewables", "sun")
    assert (found["bus"], found["kind"]) == ("3", "pv")
    assert (found["p_mw"], found["sn_mva"]) == pytest.approx((1.5, 1.8))
    assert planned.ids("renewables") == ["old", "sun"]
    assert planned.series("renewables", "p_mw").tolist() == [[0.1, 0.2], [0.75, 1.5]]
    # A price is that of a MWh, however many units there are.
    assert planned.series("renewables", "cost_per_mwh")[1].tolist() == [1.0, 2.0]


def test_a_blank_stays_blank() -> None:
    assert np.isnan(planned_case(case(), {"air": 2}).column("renewables", "sn_mva")[1])


def test_two_storages() -> None:
    found = row(planned_case(case(), {"cell": 2}), "storages", "cell")
    sizes = [found[name] for name in ("energy_mwh", "charge_mw", "discharge_mw", "initial_mwh", "min_mwh")]
    assert sizes == pytest.approx([4.0, 1.0, 0.8, 2.0, 0.2])
    kept = [found[name] for name in ("efficiency_charge", "efficiency_discharge", "wear_cost_per_mwh")]
    assert kept == pytest.approx([0.9, 0.8, 2.0])


def test_two_generators() -> None:
    planned = planned_case(case(), {"gas": 2})
    found = row(planned, "generators", "gas")
    assert [found[name] for name in ("min_p_mw", "min_q_mvar", "max_q_mvar")] == pytest.approx([0.2, -0.4, 0.6])
    assert planned.series("generators", "max_p_mw")[0].tolist() == [1.2, 0.6]
    assert (found["cost_per_mwh"], found["emissions_t_per_mwh"]) == (70.0, 0.4)


def test_a_type_takes_the_place_of_its_line() -> None:
    found = row(planned_case(case(), {"a thick": 1}), "lines", "a")
    names = ("r_ohm_per_km", "x_ohm_per_km", "max_i_ka", "failures_per_km_year", "repair_h", "length_km")
    assert [found[name] for name in names] == pytest.approx([0.1, 0.2, 0.6, 0.05, 4.0, 1.0])
    # Without a rate of its own it fails as the line did.
    assert row(planned_case(case(), {"a thin": 1}), "lines", "a")["failures_per_km_year"] == 0.2
    assert row(planned_case(case(), {"a thick": 1}), "lines", "b") == row(case(), "lines", "b")


def test_a_tie_is_a_line_that_stands_open() -> None:
    planned = planned_case(case(), {"t": 1})
    found = row(planned, "lines", "t")
    assert (found["from_bus"], found["to_bus"], found["length_km"], found["max_i_ka"]) == ("1", "3", 2.0, 0.6)
    switch = row(planned, "switches", "t")
    assert (switch["line"], bool(switch["closed"]), switch["switching_h"], switch["transfer_mw"]) == (
        "t",
        False,
        0.5,
        0.7,
    )
    assert planned.lines_in_service().tolist() == [True, True, False]


def test_a_device_stands_at_its_end() -> None:
    found = row(planned_case(case(), {"f": 1}), "protection", "f")
    assert (found["line"], found["end"], found["kind"], found["switching_h"]) == ("b", "from", "fuse", 0.0)


def test_everything_at_once_is_a_valid_case() -> None:
    design = {"sun": 4, "air": 2, "cell": 3, "gas": 2, "a thick": 1, "t": 1, "f": 1}
    planned = planned_case(case(), design)
    assert planned.validated
    require_valid(planned)
    assert planned.ids("lines") == ["a", "b", "t"]


@pytest.mark.parametrize(
    ("design", "text"),
    [
        ({"moon": 1}, "no candidate has this name"),
        ({"sun": 5}, "5 units of 'sun' cannot be built"),
        ({"sun": -1}, "-1 units of 'sun' cannot be built"),
        ({"sun": 1.5}, "1.5 units of 'sun' cannot be built"),
        ({"t": 2}, "2 units of 't' cannot be built"),
        ({"a thick": 1, "a thin": 1}, "two types are built for line 'a'"),
    ],
)
def test_what_cannot_be_built_is_told(design: dict[str, int], text: str) -> None:
    with pytest.raises(InputError) as raised:
        planned_case(case(), design)
    assert text in str(raised.value)


def test_all_mistakes_of_a_design_are_told() -> None:
    with pytest.raises(InputError) as raised:
        planned_case(case(), {"moon": 1, "sun": 9})
    assert len(raised.value.issues) == 2
