"""Joint, heat first, each on its own: laws of the table on random districts, and one district by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.pool import clear_pool
from gridpact.markets.structure_table import NUMBERS, structure_table
from tests.certificates.heat_cases import heat_district, pipe, random_heat_district
from tests.districts import bus, district, interface, line, load


def compared(case: Case) -> pd.DataFrame:
    return structure_table(clear_pool(case)).set_index("structure")


def keeps_its_laws(table: pd.DataFrame) -> None:
    """Joint costs no more; the agreement reaches its cost; what one pays another receives."""
    done = table[table["status"] == "cleared"]
    joint = done.loc["joint", "cost"]
    assert list(table.index) == ["joint", "sequential", "separate"]
    assert (done["cost"] >= joint - 1e-6 * max(1.0, abs(joint))).all()
    assert abs(done.loc["separate", "cost"] - joint) <= 1e-4 * abs(joint)
    assert done["payments_sum"].abs().max() <= 1e-6
    assert np.allclose(done["electricity_cost"] + done["heat_cost"], done["cost"])


@pytest.mark.parametrize("seed", range(6))
def test_random_districts_keep_the_laws(seed: int) -> None:
    keeps_its_laws(compared(random_heat_district(seed)))


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(6, 56))
def test_fifty_more_districts_keep_the_laws(seed: int) -> None:
    keeps_its_laws(compared(random_heat_district(seed)))


def test_the_town_keeps_the_laws() -> None:
    keeps_its_laws(compared(heat_district()))


def small(price: float, **grid: Any) -> Case:
    """A house of 1 MW at the end of a lossless pipe; it is heated by fuel at 30 per MWh or by electricity."""
    limits = {"supply_min_degc": 60.0, "supply_max_degc": 90.0}
    return district(
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", r=1e-3, x=1e-3)],
        interfaces=[interface(price, **grid)],
        loads=[load("2", 1.0)],
        generators=[
            {"generator": "dear", "bus": "2", "max_p_mw": 5.0, "max_q_mvar": 0.1, "cost_per_mwh": 50.0}
        ],
        heat_networks=[{"heat_network": "town", "ambient_degc": 10.0}],
        heat_nodes=[{"node": name, "heat_network": "town", **limits} for name in "AB"],
        pipes=[pipe("A", "B", 100.0, 200.0) | {"heat_transfer_w_per_mk": 0.0}],
        heat_sources=[{"heat_source": "works", "node": "A", "bus": "1"}],
        heat_loads=[{"heat_load": "house", "node": "B", "heat_mw": 1.0, "min_pressure_bar": 0.0}],
        gas_boilers=[
            {"gas_boiler": "flame", "node": "A", "max_heat_mw": 2.0, "efficiency": 1.0, "fuel_price_per_mwh": 30.0}
        ],
        electric_boilers=[{"electric_boiler": "kettle", "bus": "2", "node": "A", "max_heat_mw": 2.0}],
    )  # fmt: skip


def test_heat_first_takes_electricity_that_is_dearer_than_it_looked() -> None:
    """The grid sells 1 MW at 20, all of which the load takes; more comes from a generator at 50.

    Heat first looks at 20 and takes 1 MW for the kettle: 20 + 50 in all. Jointly fuel heats the house: 20 + 30.
    """
    table = compared(small(20.0, max_import_mw=1.0))
    assert table.loc["joint", "cost"] == pytest.approx(50.0, abs=0.05)
    assert table.loc["sequential", "cost"] == pytest.approx(70.0, abs=0.05)
    assert table.loc["separate", "cost"] == pytest.approx(50.0, abs=0.05)
    assert table.loc["sequential", "above_joint_percent"] == pytest.approx(40.0, abs=0.1)
    assert table.loc["joint", "heat_price_mean_per_mwh"] == pytest.approx(30.0, abs=1e-3)
    assert table.loc["sequential", "heat_price_mean_per_mwh"] == pytest.approx(20.0, abs=1e-3)


def test_a_structure_without_a_dispatch_says_so() -> None:
    """Without the generator the kettle's power cannot be had: heat first fails, the others burn fuel."""
    case = small(20.0, max_import_mw=1.01)
    none = case.tables["generators"].iloc[:0]
    table = compared(case.with_table("generators", none))
    assert table.loc["sequential", "status"].startswith("No dispatch satisfies all limits")
    assert table.loc["sequential", list(NUMBERS)].isna().all()
    keeps_its_laws(table)


def test_an_island_has_no_transmission_price() -> None:
    case = small(20.0)
    alone = case.with_table("interfaces", case.tables["interfaces"].iloc[:0])
    with pytest.raises(gp.InputError, match="no transmission price"):
        gp.compare_structures(alone)


def test_a_case_without_heat_has_no_structures() -> None:
    case = gp.read_case(gp.examples.path("papavasiliou15") / "case")
    with pytest.raises(gp.InputError, match="Only a district with a heat network"):
        gp.compare_structures(case)


def test_the_table_of_a_run_is_that_of_the_comparison() -> None:
    case = heat_district()
    run = gp.clear(case, structures=True, price_probes=0)
    own = gp.compare_structures(case)
    assert run.certificate.verdict == "certified"
    assert np.allclose(run.table("structures")["cost"], own["cost"])


def test_clearing_again_finds_other_figures_of_a_structure(tmp_path: Path) -> None:
    """What no other table repeats is found by clearing the archived case once more."""
    run = gp.clear(heat_district(), structures=True, price_probes=0)
    run.save(tmp_path / "fair")
    assert gp.verify(tmp_path / "fair", deep=True).certificate.verdict == "certified"
    table = run.record.tables["structures"].copy()
    table.loc[table["structure"] == "sequential", "coupler_profit"] += 1.0
    forged = gp.Run(replace(run.record, tables={**run.record.tables, "structures": table}))
    forged.save(tmp_path / "forged")
    assert gp.verify(tmp_path / "forged").certificate.verdict == "certified"
    assert [check["name"] for check in gp.verify(tmp_path / "forged", deep=True).certificate.failures()] == [
        "structures again"
    ]
