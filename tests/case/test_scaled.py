"""What a sweep varies is multiplied, with its profiles; blanks and everything else stay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.scaled import IN_DISTRICT, IN_TRANSMISSION, Columns, scaled
from gridpact.case.schema import SCHEMA
from tests.game_cases import connection, feeder, pjm

PARAMETERS = {**IN_DISTRICT, **IN_TRANSMISSION}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_column_is_a_number_of_the_schema(parameter: str) -> None:
    columns = PARAMETERS[parameter]
    assert columns and len(set(columns)) == len(columns)
    for table, name in columns:
        assert SCHEMA[table].column(name).kind == "number"


def example() -> gp.Case:
    """With every table that may be varied."""
    return gp.read_case(gp.examples.path("ieee30-district") / "case")


def others_stay(before: gp.Case, after: gp.Case, columns: Columns) -> None:
    for name, table in before.tables.items():
        touched = [column for own, column in columns if own == name]
        pd.testing.assert_frame_equal(after.tables[name].drop(columns=touched), table.drop(columns=touched))
    assert list(after.profiles.columns) == list(before.profiles.columns)
    for path in before.profiles.columns:
        own, _, column = path.split("/")
        factor = 1.5 if (own, column) in columns else 1.0
        np.testing.assert_allclose(after.profiles[path], factor * before.profiles[path], rtol=1e-15)


@pytest.mark.parametrize("parameter", IN_DISTRICT)
def test_columns_and_profiles_are_multiplied(parameter: str) -> None:
    before, columns = example(), IN_DISTRICT[parameter]
    after = scaled(before, columns, 1.5)
    for table, column in columns:
        expected = 1.5 * before.tables[table][column].to_numpy(dtype=np.float64)
        np.testing.assert_array_equal(after.tables[table][column].to_numpy(dtype=np.float64), expected)
    others_stay(before, after, columns)
    assert not after.validated and gp.validate(after) == []


def test_profiles_of_varied_columns_are_multiplied_and_only_they() -> None:
    """The sun is doubled and its price is not; a load's p_mw is no generator's."""
    before = feeder()
    after = scaled(before, IN_DISTRICT["dg_capacity"], 2.0)
    assert after.profiles["renewables/pv/p_mw"].tolist() == pytest.approx([0.0, 1.2, 1.8, 0.2])
    assert after.profiles["loads/load-3/p_mw"].tolist() == pytest.approx([0.9, 1.0, 1.1, 1.3])
    assert after.column("generators", "max_p_mw").tolist() == [3.0]
    assert after.column("renewables", "sn_mva").tolist() == [2.0]
    assert before.profiles["renewables/pv/p_mw"].tolist() == pytest.approx([0.0, 0.6, 0.9, 0.1])


def test_blanks_stay_blank() -> None:
    """No limit is no limit at any size, and no forecast no forecast."""
    blank = feeder(interfaces=[{"interface": "grid", "bus": "1", "vm_pu": 1.0, "price_per_mwh": 30.0}])
    assert np.isnan(blank.column("interfaces", "max_import_mw")).all()
    assert np.isnan(scaled(blank, IN_DISTRICT["interface_limit"], 0.5).column("interfaces", "max_import_mw")).all()
    grown = scaled(pjm(), IN_TRANSMISSION["district_size"], 2.0)
    assert np.isnan(grown.column("connections", "forecast_mw")).all()
    assert grown.column("connections", "feeders").tolist() == [40.0]


def test_forecast_grows_with_the_district() -> None:
    told = pjm(connections=[connection(forecast_mw=50.0)]).with_profiles(
        {"connections/south/forecast_mw": [40.0, 50.0, 60.0, 50.0]}
    )
    grown = scaled(told, IN_TRANSMISSION["district_size"], 0.5)
    assert grown.series("connections", "forecast_mw").tolist() == [[20.0, 25.0, 30.0, 25.0]]
    assert gp.validate(grown) == []
