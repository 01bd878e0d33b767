"""The radial network of least losses: published, by brute force, within limits; what the proof does not hold for."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact.errors import InfeasibleError, InputError
from gridpact.planning.reconfiguration import reconfigure, switched

BARAN_WU = Path(__file__).resolve().parents[1] / "cases" / "case33bw" / "case"


@pytest.fixture(scope="module")
def feeder() -> gp.Case:
    return gp.read_case(BARAN_WU)


def test_thirty_three_nodes(feeder: gp.Case) -> None:
    """139.55 kW with lines 7, 9, 14, 32 and 37 open, in the literature since 1989; here with a proof."""
    found = reconfigure(feeder)
    lines = feeder.ids("lines")
    assert sorted(lines.index(name) + 1 for name in found.open_lines) == [7, 9, 14, 32, 37]
    assert 1e3 * found.loss_mwh == pytest.approx(139.55, abs=0.005)
    assert found.bound_mwh == found.loss_mwh
    assert 1e3 * found.before_mwh == pytest.approx(202.677, abs=0.001)
    assert found.lowest_vm_pu == pytest.approx(0.9378, abs=1e-4)


def test_the_case_that_comes_out_is_certified(feeder: gp.Case) -> None:
    """Cleared, with losses judged by a power flow that is not ours."""
    found = reconfigure(feeder)
    run = gp.clear(found.case, price_probes=0)
    assert run.certificate.verdict == "certified"
    assert run.summary["loss_mwh"] == pytest.approx(found.loss_mwh, abs=1e-8)


def test_with_the_ties_alone_nothing_else_may_open(feeder: gp.Case) -> None:
    found = reconfigure(feeder, only_switches=True)
    assert sorted(found.open_lines) == sorted(feeder.tables["switches"]["line"])
    assert found.loss_mwh == pytest.approx(found.before_mwh, rel=1e-12)


def test_limits_are_kept(feeder: gp.Case) -> None:
    """No voltage below 0.9395 leaves out the best network; 0.95 leaves none."""
    buses = feeder.tables["buses"]
    tight = feeder.with_table("buses", buses.assign(vm_min_pu=np.maximum(buses["vm_min_pu"], 0.9395)))
    found = reconfigure(tight)
    assert found.lowest_vm_pu >= 0.9395
    assert found.loss_mwh > reconfigure(feeder).loss_mwh
    with pytest.raises(InfeasibleError, match="within their limits"):
        reconfigure(feeder.with_table("buses", buses.assign(vm_min_pu=np.maximum(buses["vm_min_pu"], 0.95))))


def ring(loads: list[float], steps: int = 1, **tables: object) -> gp.Case:
    """Five buses, each tied to all others, the first one fed; loads in MW with a third of them reactive."""
    import pandas as pd

    buses = [f"b{k}" for k in range(5)]
    pairs = list(combinations(range(5), 2))
    rng = np.random.default_rng(1)
    rows = {
        "buses": {"bus": buses, "vn_kv": 20.0, "vm_min_pu": 0.8, "vm_max_pu": 1.1},
        "lines": {
            "line": [f"l{a}{b}" for a, b in pairs],
            "from_bus": [f"b{a}" for a, _ in pairs],
            "to_bus": [f"b{b}" for _, b in pairs],
            "length_km": rng.uniform(1.0, 9.0, len(pairs)),
            "r_ohm_per_km": 0.5,
            "x_ohm_per_km": 0.4,
        },
        "interfaces": {"interface": ["grid"], "bus": ["b0"], "vm_pu": 1.02, "price_per_mwh": 50.0},
        "loads": {
            "load": [f"d{k}" for k in range(1, 5)],
            "bus": buses[1:],
            "p_mw": loads,
            "q_mvar": [load / 3.0 for load in loads],
        },
    } | tables
    base = gp.read_case(BARAN_WU)
    case = base
    for name in base.tables:
        frame = base.tables[name].iloc[:0]
        if name in rows:
            fresh = pd.DataFrame(rows[name])
            full = {c.name: c.default for c in gp.SCHEMA[name].columns if c.name not in fresh}
            frame = fresh.assign(**full)[list(frame.columns)].astype(frame.dtypes.to_dict())
        case = case.with_table(name, frame)
    return case


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(1, 4))])
def test_five_buses_equal_all_125_trees(seed: int) -> None:
    """Cayley: five nodes have 5^3 trees. Each is cleared by itself, losses as its market says."""
    case = ring(np.random.default_rng(seed).uniform(0.2, 1.5, 4).tolist())
    lines, losses = case.ids("lines"), []
    for closed in combinations(lines, 4):
        one = switched(case, [name for name in lines if name not in closed]) if _is_tree(case, closed) else None
        if one is not None:
            losses.append(gp.clear(one, exactness="off", price_probes=0).summary["loss_mwh"])
    assert len(losses) == 125
    assert reconfigure(case).loss_mwh == pytest.approx(min(losses), rel=1e-6)


def _is_tree(case: gp.Case, closed: tuple[str, ...]) -> bool:
    lines = case.tables["lines"].set_index("line").loc[list(closed)]
    reached = {"b0"}
    for _ in range(4):
        ends = [{a, b} for a, b in zip(lines["from_bus"], lines["to_bus"], strict=True)]
        reached |= {bus for pair in ends if pair & reached for bus in pair}
    return len(reached) == 5


def test_what_feeds_in_is_refused(feeder: gp.Case) -> None:
    lines, loads = feeder.tables["lines"], feeder.tables["loads"]
    charged = feeder.with_table("lines", lines.assign(c_nf_per_km=10.0))
    feeding = feeder.with_table("loads", loads.assign(p_mw=-loads["p_mw"]))
    for case, said in ((charged, "capacitance"), (feeding, "feeds in")):
        with pytest.raises(InputError, match=said):
            reconfigure(case)
    with pytest.raises(InputError, match="renewables has rows"):
        reconfigure(gp.read_case(gp.examples.path("ieee33-day") / "case"))


def test_a_bus_without_a_line_is_named(feeder: gp.Case) -> None:
    lines = feeder.tables["lines"]
    at_22 = (lines["from_bus"] == "22") | (lines["to_bus"] == "22")
    with pytest.raises((InfeasibleError, InputError), match="22"):
        reconfigure(feeder.with_table("lines", lines.assign(in_service=lines["in_service"] & ~at_22)))
