"""Districts without a dispatch: the limit that was tightened is the one that is named."""

import pytest

import gridpact as gp
from gridpact.case.case import Case
from tests.certificates.heat_cases import heat_district


def changed(table: str, **columns: float) -> Case:
    """The district without heat that may stay unserved, and with some columns of a table replaced."""
    case = heat_district()
    case = case.with_table("heat_unserved", case.tables["heat_unserved"].iloc[:0])
    return case.with_table(table, case.tables[table].assign(**columns))


def refused(case: Case) -> gp.InfeasibleError:
    with pytest.raises(gp.InfeasibleError) as caught:
        gp.clear(case, price_probes=0)
    assert caught.value.diagnosis
    return caught.value


def test_too_little_heat_names_what_makes_it() -> None:
    error = refused(changed("gas_boilers", max_heat_mw=0.0))
    tables = {str(row["constraint"]).split("/")[0] for row in error.diagnosis}
    assert tables <= {"gas_boilers", "electric_boilers", "chps"}


def test_a_supply_limit_below_the_losses_names_temperatures() -> None:
    """Water leaves the works at 66 at most and is to arrive at 65 everywhere: a degree is not enough."""
    error = refused(changed("heat_nodes", supply_min_degc=65.0, supply_max_degc=66.0))
    assert {str(row["constraint"]) for row in error.diagnosis} <= {
        "heat_nodes/supply_max_degc",
        "heat_nodes/supply_min_degc",
    }
    ways = {str(row["constraint"]): row["relax_by"] for row in error.diagnosis}
    assert ways.get("heat_nodes/supply_min_degc", -1.0) < 0.0 < ways.get("heat_nodes/supply_max_degc", 1.0)
    assert all(row["unit"] == "K" for row in error.diagnosis)


def test_a_plant_that_must_give_too_much_names_its_edges() -> None:
    case = changed("heat_loads", design_drop_k=30.0)
    points = case.tables["chp_points"]
    error = refused(case.with_table("chp_points", points.assign(heat_mw=points["heat_mw"] + 2.0)))
    assert {str(row["constraint"]) for row in error.diagnosis} == {"chps/edge"}


def test_heat_that_only_electricity_could_make_names_the_import() -> None:
    case = changed("gas_boilers", max_heat_mw=0.1)
    error = refused(case.with_table("interfaces", case.tables["interfaces"].assign(max_import_mw=0.1)))
    assert "interfaces/max_import_mw" in {str(row["constraint"]) for row in error.diagnosis}
