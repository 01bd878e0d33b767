"""Studies and runs: from a file on disk to a certified, archived, verified run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.io.archive import write_run
from tests.districts import bus, district, interface, line, load, two_buses


@pytest.fixture(scope="module")
def run() -> gp.Run:
    return gp.run_study(gp.examples.path("papavasiliou15") / "study.toml")


def test_run_is_certified_and_says_so_on_every_price(run: gp.Run) -> None:
    assert run.certificate.verdict == "certified"
    assert run.certificate.failures() == []
    assert run.summary["verdict"] == "certified"
    assert run.table("electricity_prices")["certified"].all()


def test_dc_prices_are_approximate() -> None:
    run = gp.run_study(gp.examples.path("pjm5-dc") / "study.toml")
    assert run.certificate.verdict == "approximate"
    assert not run.table("electricity_prices")["certified"].any()
    assert "APPROXIMATE" in str(run)


def test_saved_run_comes_back_as_it_was(run: gp.Run, tmp_path: Path) -> None:
    back = gp.open_run(run.save(tmp_path / "run"))
    assert back.summary == run.summary
    for name in run.tables:
        pd.testing.assert_frame_equal(back.table(name), run.table(name), check_freq=False)
    assert back.record.case.name == run.record.case.name


def test_verify_from_the_files_alone_and_deep(run: gp.Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run")
    assert gp.verify(tmp_path / "run").certificate.verdict == "certified"
    deep = gp.verify(tmp_path / "run", deep=True).certificate
    assert deep.verdict == "certified"
    assert [check["name"] for check in deep.checks].count("cleared again") == 1


def test_one_changed_byte_is_noticed(run: gp.Run, tmp_path: Path) -> None:
    folder = run.save(tmp_path / "run")
    file = folder / "summary.json"
    file.write_bytes(file.read_bytes().replace(b"clear", b"cleAr", 1))
    with pytest.raises(gp.ArchiveError, match=r"summary\.json"):
        gp.open_run(folder)


def test_unsound_record_fails_and_hides_its_prices() -> None:
    """Reverse flow against a voltage cap at a low price: the relaxation burns power, so no price is valid."""
    case = two_buses(
        buses=[bus("1"), bus("2", high=1.02)],
        lines=[line("a", "1", "2", r=3.0, x=1.0)],
        interfaces=[interface(-20.0, sell_ratio=1.0)],
        loads=[load("2", 0.1)],
        renewables=[{"renewable": "w", "bus": "2", "kind": "wind", "p_mw": 1.0, "curtailable": False}],
    )
    run = gp.clear(case, exactness="check")
    assert run.certificate.verdict == "failed"
    assert "cone" in " ".join(check["name"] for check in run.certificate.failures())
    assert not run.table("electricity_prices")["certified"].any()
    assert run.summary["price_mean_per_mwh"] is None
    assert "per MWh" not in str(run)


def test_infeasible_market_is_an_error() -> None:
    with pytest.raises(gp.InfeasibleError, match="max_import_mw of 'grid'"):
        gp.clear(two_buses(interfaces=[interface(max_import_mw=1.0)]))


def test_missing_price_makes_the_cost_fall_without_bound() -> None:
    """Two interfaces at different prices and no limit between them."""
    second = {"interface": "other", "bus": "2", "vm_pu": 1.0, "price_per_mwh": 80.0}
    case = two_buses(lines=[line("a", "1", "2", r=1e-9)], interfaces=[interface(), second])
    with pytest.raises(gp.InfeasibleError, match="without bound"):
        gp.clear(case, formulation="dc")


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"formulation": "ac"}, "formulation"), ({"exactness": "hope"}, "exactness"), ({"solver": "abacus"}, "solver")],
)
def test_wrong_arguments_name_the_choices(settings: dict[str, str], word: str) -> None:
    with pytest.raises(gp.InputError, match=word):
        gp.clear(two_buses(), **settings)


def test_unknown_table_names_the_tables(run: gp.Run) -> None:
    with pytest.raises(gp.InputError, match="electricity_prices"):
        run.table("prices")


def test_compare_puts_runs_side_by_side(run: gp.Run) -> None:
    table = gp.compare({"a": run, "b": run})
    assert list(table.columns) == ["a", "b"]
    assert table.loc["objective", "a"] == run.summary["objective"]


@pytest.mark.parametrize(
    ("start", "steps", "zone"),
    [("2030-03-31T00:00:00+01:00", 23, "Europe/Berlin"), ("2030-10-27T00:00:00+02:00", 25, "Europe/Berlin")],
)
def test_days_of_23_and_25_hours(start: str, steps: int, zone: str) -> None:
    """The day ends where the next begins, and energy counts every hour of it."""
    case = two_buses(start=start, steps=steps, timezone=zone)
    run = gp.clear(case, price_probes=0)
    snapshots = run.table("interface")["snapshot"]
    assert len(snapshots) == steps
    assert (snapshots.iloc[-1] + pd.Timedelta("1h")).strftime("%H:%M") == "00:00"
    assert run.summary["load_mwh"] == pytest.approx(2.0 * steps)
    assert run.certificate.verdict == "certified"


def test_step_length_scales_cost_and_not_prices() -> None:
    hour, quarter = (gp.clear(two_buses(step_minutes=m), price_probes=1) for m in (60, 15))
    assert quarter.summary["objective"] == pytest.approx(hour.summary["objective"] / 4.0, rel=1e-7)
    prices = [r.table("electricity_prices")["price_per_mwh"].to_numpy() for r in (hour, quarter)]
    assert prices[1] == pytest.approx(prices[0], abs=1e-4)
    assert quarter.certificate.verdict == "certified"


def test_held_commitment_is_told() -> None:
    generator = {
        "generator": "g",
        "bus": "2",
        "min_p_mw": 0.5,
        "max_p_mw": 3.0,
        "cost_per_mwh": 40.0,
        "cost_per_h": 5.0,
        "committable": True,
    }
    run = gp.clear(two_buses(generators=[generator]))
    assert run.summary["price_basis"] == "multipliers with the commitment held"
    assert run.table("commitment")["on"].tolist() == [True]
    assert run.summary["integer_gap"] <= 1e-4
    assert run.certificate.verdict == "certified"
    plain = gp.clear(two_buses(), price_probes=0)
    assert plain.summary["price_basis"] == "multipliers"


def test_single_bus_and_fixed_demand() -> None:
    """The smallest district: one bus, no line."""
    case = district(buses=[bus("1")], interfaces=[interface()], loads=[load("1", 1.0)])
    run = gp.clear(case)
    assert run.certificate.verdict == "certified"
    assert run.table("electricity_prices")["price_per_mwh"].tolist() == pytest.approx([50.0], rel=1e-7)


def test_two_districts_in_one_case_keep_their_own_root() -> None:
    """Prices of 50 and 70 at two grids that are not connected."""
    case = district(
        buses=[bus("1"), bus("2"), bus("3"), bus("4")],
        lines=[line("a", "1", "2"), line("b", "4", "3")],
        interfaces=[interface(), {"interface": "g2", "bus": "4", "vm_pu": 1.02, "price_per_mwh": 70.0}],
        loads=[load("2", 1.0), load("3", 1.0, 0.2)],
    )
    run = gp.clear(case)
    assert run.certificate.verdict == "certified"
    energy = run.table("electricity_prices")["energy_per_mwh"].to_numpy()
    assert energy == pytest.approx([50.0, 50.0, 70.0, 70.0], rel=1e-6)


def test_changed_case_is_cleared_as_if_read_from_disk(run: gp.Run, tmp_path: Path) -> None:
    """The generator moved from bus 12 to bus 9: nothing of the old case may linger."""
    case = run.record.case
    moved = case.with_table("generators", case.tables["generators"].assign(bus="9"))
    gp.write_case(moved, tmp_path / "moved")
    here, there = (gp.clear(c, price_probes=0) for c in (moved, gp.read_case(tmp_path / "moved")))
    assert here.certificate.verdict == there.certificate.verdict == "certified"
    assert here.summary["objective"] == there.summary["objective"]
    assert abs(here.summary["objective"] - run.summary["objective"]) > 0.1


def test_mistakes_in_a_changed_case_are_refused(run: gp.Run) -> None:
    case = run.record.case
    nowhere = case.tables["generators"].assign(bus="nope")
    with pytest.raises(gp.InputError, match="nope"):
        gp.clear(case.with_table("generators", nowhere))
    with pytest.raises(gp.InputError, match="max_p_mw"):
        gp.clear(case.with_table("generators", case.tables["generators"].drop(columns="max_p_mw")))


def test_profiles_replace_what_the_tables_say(run: gp.Run) -> None:
    case = run.record.case.with_profiles({"loads/load-2/p_mw": [0.0, 0.1, 0.2, 0.3]})
    served = gp.clear(case, price_probes=0).table("demand").query("load == 'load-2'")["fixed_mw"]
    assert served.tolist() == [0.0, 0.1, 0.2, 0.3]


def test_path_in_place_of_a_case() -> None:
    assert gp.clear(gp.examples.path("papavasiliou15") / "case", price_probes=0).certificate.verdict == "certified"


def test_case_is_not_changed(run: gp.Run) -> None:
    case = two_buses()
    before = {name: table.copy() for name, table in case.tables.items()}
    gp.clear(case, price_probes=0)
    for name, table in before.items():
        pd.testing.assert_frame_equal(case.tables[name], table)
    assert dataclasses.is_dataclass(case)
    assert np.isfinite(run.summary["objective"])


def test_a_deep_look_makes_the_probes_again(tmp_path: Path) -> None:
    """A wider bracket supports the price as well, so that only the costs themselves give it away."""
    run = gp.run_study(gp.examples.path("pjm5-dc") / "study.toml", price_probes=2)
    run.save(tmp_path / "honest")
    checks = {check["name"]: check for check in gp.verify(tmp_path / "honest", deep=True).certificate.checks}
    assert checks["probes again"]["passed"]
    probes = run.table("price_probes")
    wider = probes.assign(cost_plus=probes["cost_plus"] + 10.0)
    record = dataclasses.replace(run.record, tables={**run.record.tables, "price_probes": wider})
    write_run(record, tmp_path / "wider")
    checks = {check["name"]: check for check in gp.verify(tmp_path / "wider", deep=True).certificate.checks}
    assert not checks["probes again"]["passed"]
