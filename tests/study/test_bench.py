"""The benchmark: its arithmetic by hand, its page and its JSON, and that pandapower is given the same network."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact import bench
from gridpact.errors import InputError

TINY = "33 buses x 24 steps"  # the row that the neighbour is compared with


@pytest.fixture(scope="module")
def quick() -> bench.Bench:
    """One row of 12 buses and 2 steps under the name of the small feeder, without processes of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "SMALL", {TINY: lambda: gp.synthetic_feeder(12, steps=2)})
        patch.setattr(bench, "_memory", lambda: {"memory of 906 buses x 24 steps, MB": 123.456})
        patch.setattr(bench, "_optimal_flow", lambda pp, case, step: 0.5)
        return gp.run_bench(quick=True, repeat=1, tell=lambda line: None)


def test_ratio_and_kept_are_shares_of_the_solver(quick: bench.Bench) -> None:
    """What is counted between building and reading can only add: ratio >= (build + solver + prices) / solver."""
    row = quick.stages[TINY]
    assert all(row[name] > 0.0 for name in bench.STAGES)
    assert row["ratio"] * row["solver"] >= row["build"] + row["solver"] + row["prices"]
    assert row["kept"] == pytest.approx((row["certificate"] + row["archive"]) / row["solver"])


def test_the_neighbour_is_compared_with_the_whole_clearing(quick: bench.Bench) -> None:
    """24 hours of half a second each are 12 s, over ratio x solver, and over that with certificate and archive."""
    row, figures = quick.stages[TINY], quick.figures
    cleared = row["ratio"] * row["solver"]
    assert figures["pandapower OPF of the 24 hours, s"] == 12.0
    assert figures["pandapower OPF over our clearing"] == pytest.approx(12.0 / cleared)
    kept = figures["pandapower OPF over our clearing with certificate and archive"]
    assert kept == pytest.approx(12.0 / (cleared + row["certificate"] + row["archive"]))


def test_the_page_has_every_figure(quick: bench.Bench) -> None:
    page = quick.markdown()
    row = quick.stages[TINY]
    assert all(f"{row[name]:.3f}" in page for name in bench.STAGES)
    assert f"| {row['ratio']:.2f} | {row['kept']:.2f} |" in page
    assert "| memory of 906 buses x 24 steps, MB | 123 |" in page
    assert all(f"| {name} | " in page for name in quick.figures)
    assert f"numpy {np.__version__}" in page
    assert "growth exponent" not in page  # a quick run has nothing that grows


def test_page_and_json_lie_side_by_side(quick: bench.Bench, tmp_path: Path) -> None:
    page, data = quick.write(tmp_path / "new" / "times.md")
    assert page.read_text(encoding="utf-8") == quick.markdown()
    assert data == tmp_path / "new" / "times.json"
    assert bench.Bench(**json.loads(data.read_text(encoding="utf-8"))) == quick


def test_growth_exponents_by_hand() -> None:
    """Clearing like n^1.3 and a solver like n^1.1 give just these; shares follow from the large case."""

    def figures(size: float) -> dict[str, float]:
        whole, solver = 3.0 * size**1.3, 1.5 * size**1.1
        return {"solver": solver, "ratio": whole / solver}

    sizes = {"906 buses x 1 step": 906, "10,000 buses x 1 step": 10_000}
    sizes |= {"33 buses x 24 steps": 24, "33 buses x 672 steps": 672}
    growth = bench._growth({name: figures(size) for name, size in sizes.items()})
    assert len(growth) == 2
    for found, largest in zip(growth.values(), (10_000, 672), strict=True):
        assert found["all"] == pytest.approx(1.3)
        assert found["solver"] == pytest.approx(1.1)
        assert found["share of the solver"] == pytest.approx(0.5 * largest**-0.2)
    page = bench.Bench({}, growth, {}, "", 1).markdown()
    assert "| buses, 906 to 10,000 at 1 step | 1.30 | 1.10 | 8% |" in page


def test_medians_are_taken_figure_by_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run does not count; of 1, 2, 9 and of 6, 5, 4 the median is 2 and 5."""
    runs = iter([{"a": 100.0, "b": 100.0}, {"a": 1.0, "b": 6.0}, {"a": 9.0, "b": 5.0}, {"a": 2.0, "b": 4.0}])
    monkeypatch.setattr(bench, "_once", lambda case: next(runs))
    assert bench._medians(gp.synthetic_feeder(2), 3) == {"a": 2.0, "b": 5.0}


def test_no_runs_are_no_benchmark() -> None:
    with pytest.raises(InputError, match="repeat"):
        gp.run_bench(repeat=0)


def test_the_year_is_days_of_their_own() -> None:
    """Each day is the example's day, every series scaled by one factor from 0.85 to 1."""
    year, day = bench.year_of_days(3), bench._day()
    shares = year.profiles.to_numpy().reshape(3, 24, -1) / np.where(day.profiles == 0.0, 1.0, day.profiles)
    factor = shares.max(axis=1)
    assert np.all((factor >= 0.85) & (factor < 1.0) | (factor == 0.0))
    assert not np.allclose(factor[0], factor[1])
    assert year.profiles.to_numpy()[:24] == pytest.approx(factor[0] * day.profiles.to_numpy())


def test_quarter_hours_repeat_the_hours() -> None:
    case = bench._horizon(8, 15.0)
    assert (case.profiles.to_numpy()[:4] == bench._day().profiles.to_numpy()[0]).all()
    assert (case.profiles.to_numpy()[4:] == bench._day().profiles.to_numpy()[1]).all()
    assert case.hours == 0.25


def test_pandapower_is_given_the_same_network() -> None:
    """With generation fixed at what we cleared, pandapower's power flow has our voltages and losses."""
    pp = pytest.importorskip("pandapower")
    hour = bench._day().steps_between(13, 14)
    both = [name for name in hour.tables if name not in ("bids", "shiftable", "storages", "shunts")]
    profiles = hour.profiles[[name for name in hour.profiles if name.split("/")[0] in both]]
    tables = {name: table if name in both else table[:0] for name, table in hour.tables.items()}
    case = replace(hour, tables=tables, profiles=profiles)
    run = gp.clear(case, price_probes=0)
    net = bench._pandapower_net(pp, case, 0)
    cleared = run.table("dispatch").set_index(["kind", "device"])
    net.sgen["p_mw"] = [cleared.loc[(kind, device), "p_mw"] for kind, device in _units(case)]
    net.sgen["q_mvar"] = [cleared.loc[(kind, device), "q_mvar"] for kind, device in _units(case)]
    pp.runpp(net, numba=False, tolerance_mva=1e-10)
    assert net.res_bus["vm_pu"].to_numpy() == pytest.approx(run.table("buses")["vm_pu"].to_numpy(), abs=1e-6)
    assert net.res_line["pl_mw"].sum() == pytest.approx(run.summary["loss_mwh"] / case.hours, rel=1e-5)
    assert net.res_ext_grid["p_mw"].sum() == pytest.approx(run.summary["import_mwh"] / case.hours, rel=1e-6)


def _units(case: gp.Case) -> list[tuple[str, str]]:
    return [(table[:-1], device) for table in ("generators", "renewables") for device in case.tables[table][table[:-1]]]
