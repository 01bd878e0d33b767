"""Districts joined into one case: names, and that joining changes nothing for anybody."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"


def example(name: str) -> gp.Case:
    return gp.read_case(gp.examples.path(name) / "case")


def test_ids_references_and_profiles_carry_the_name_of_their_district() -> None:
    base = gp.read_case(BAD / "base")
    both = gp.join_cases({"west": base, "east": base})
    assert both.name == "west + east" and both.snapshots.equals(base.snapshots)
    assert both.ids("buses") == [f"{side}.{bus}" for side in ("west", "east") for bus in base.ids("buses")]
    n = base.count("buses")
    for table, column in (("lines", "to_bus"), ("switches", "line"), ("offers", "generator"), ("bids", "load")):
        alone = base.positions(table, column)
        shift = base.count(gp.SCHEMA[table].column(column).references)
        np.testing.assert_array_equal(both.positions(table, column), np.concatenate([alone, alone + shift]))
    assert both.count("buses") == 2 * n
    np.testing.assert_array_equal(both.series("loads", "p_mw"), np.tile(base.series("loads", "p_mw"), (2, 1)))
    assert "loads/east.town/p_mw" in both.profiles.columns


@pytest.mark.parametrize("names", [["base"], ["heat", "heat"], ["base", "base", "base"], ["planning", "planning"]])
def test_a_joined_case_is_a_valid_one(names: list[str], tmp_path: Path) -> None:
    joined = gp.join_cases({str(k): gp.read_case(BAD / name) for k, name in enumerate(names)})
    assert gp.validate(joined) == []
    gp.write_case(joined, tmp_path)
    assert gp.read_case(tmp_path).ids("lines") == joined.ids("lines")


def test_a_station_without_a_bus_stays_without_one() -> None:
    heat = gp.read_case(BAD / "heat")
    bare = heat.with_table("heat_sources", heat.tables["heat_sources"].assign(bus=""))
    assert set(gp.join_cases({"a": bare, "b": bare}).tables["heat_sources"]["bus"]) == {""}


def test_districts_that_are_joined_clear_as_they_would_alone() -> None:
    """They share nothing: costs add up, and every price is what it is alone."""
    cases = {"north": example("papavasiliou15"), "south": example("papavasiliou15-b")}
    alone = {name: gp.clear(case, price_probes=0) for name, case in cases.items()}
    joined = gp.clear(gp.join_cases(cases), price_probes=0)
    assert joined.certificate.verdict == "certified"
    total = sum(run.summary["objective"] for run in alone.values())
    assert joined.summary["objective"] == pytest.approx(total, rel=1e-7)
    prices = joined.table("electricity_prices").set_index(["bus", "snapshot"])["price_per_mwh"]
    for name, run in alone.items():
        own = run.table("electricity_prices").assign(bus=lambda table, name=name: f"{name}." + table["bus"])
        own_prices = own.set_index(["bus", "snapshot"])["price_per_mwh"]
        pd.testing.assert_series_equal(prices.loc[own_prices.index], own_prices, rtol=1e-5, atol=1e-5)


def test_cases_with_other_clocks_are_refused() -> None:
    base, day = gp.read_case(BAD / "base"), example("ieee33-day")
    with pytest.raises(gp.InputError) as caught:
        gp.join_cases({"a": base, "b": base, "c": day})
    told = [issue.message for issue in caught.value.issues]
    assert told == [f"'c' has another {name} than 'a'" for name in ("start", "steps", "timezone", "currency")]


@pytest.mark.parametrize("name", ["", " ", "a/b", "a ", "a\nb"])
def test_names_that_cannot_stand_in_an_id_are_refused(name: str) -> None:
    with pytest.raises(gp.InputError, match="cannot stand in an id"):
        gp.join_cases({name: gp.read_case(BAD / "base")})


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(gp.InputError, match="no case to join"):
        gp.join_cases({})
