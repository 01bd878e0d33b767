"""Three microgrids: one is short when another is long, and a joint dispatch, which is certified, pays for all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case, Floats
from gridpact.case.owners import microgrid_parts, network_part, owner_of

NAME = "three-microgrids"
WORKING = ("homes", "farm", "baths")


@pytest.fixture(scope="module")
def case() -> Case:
    return gp.read_case(gp.examples.path(NAME) / "case")


@pytest.fixture(scope="module")
def run(case: Case) -> Any:
    return gp.clear(case, price_probes=0)


def exchange(case: Case, run: Any) -> Floats:
    """Net injection of every microgrid in MW, from what its devices do; shape (microgrids, steps)."""
    owner = {key: int(one) for name in gp.SCHEMA for key, one in zip(case.ids(name), owner_of(case, name), strict=True)}
    dispatch = run.table("dispatch")
    owners = dispatch["device"].map(owner)
    own = dispatch[owners >= 0].groupby(["snapshot", owners[owners >= 0]])["p_mw"].sum().unstack()
    return np.asarray(own.to_numpy(dtype=np.float64).T)


def test_three_characters(case: Case) -> None:
    """Sun and battery, wind and generator, engine and heat: by what stands at whose bus."""
    assert case.ids("microgrids") == list(WORKING)
    owned = {
        name: [WORKING[k] for k in owner_of(case, name)]
        for name in ("renewables", "storages", "generators", "chps", "electric_boilers", "heat_networks", "shiftable")
    }
    assert owned == {
        "renewables": ["homes", "farm"],
        "storages": ["homes", "baths"],
        "generators": ["farm"],
        "chps": ["baths"],
        "electric_boilers": ["baths"],
        "heat_networks": ["baths"],
        "shiftable": ["homes"],
    }
    assert case.series("loads", "p_mw").sum(axis=0).max() == pytest.approx(2.945, abs=0.001)


def test_microgrids_take_no_reactive_power(case: Case) -> None:
    own = owner_of(case, "loads") >= 0
    assert own.sum() == 3 and (case.series("loads", "q_mvar")[own] == 0.0).all()


def test_the_joint_dispatch_is_certified(run: Any) -> None:
    """No cone is loose, and no storage charges while it discharges."""
    assert run.summary["verdict"] == "certified"
    assert run.summary["objective"] == pytest.approx(2571.948, abs=1e-3)
    assert run.table("exactness").empty
    storages = run.table("storages")
    assert (storages["charge_mw"] * storages["discharge_mw"]).max() < 1e-9


def test_one_is_short_when_another_is_long(case: Case, run: Any) -> None:
    """What can be traded between two: the lesser of all that is sold and all that is bought."""
    e = exchange(case, run)
    between = np.minimum(np.maximum(e, 0.0).sum(axis=0), np.maximum(-e, 0.0).sum(axis=0))
    assert between.sum() == pytest.approx(3.574, abs=1e-3)
    assert (between > 0.01).sum() == 18
    assert (e[1, :9] > 0.15).all() and (e[2, 17:23] > 0.02).all() and (e[0, 9:12] > 0.1).all()
    short = np.minimum(e, 0.0).sum(axis=1)
    assert (short < -0.1).all()  # everybody buys at times


def test_no_limit_of_exchange_binds(case: Case, run: Any) -> None:
    """So that clearing all of it together is the best trade there is."""
    e = exchange(case, run)
    assert (e < case.series("microgrids", "max_sell_mw") - 0.01).all()
    assert (-e < case.series("microgrids", "max_buy_mw") - 0.01).all()


def without_a_deal(part: Case) -> Any:
    """A microgrid alone: at its tariff behind an interface of its own, or islanded."""
    row = part.tables["microgrids"].iloc[0]
    alone = part.with_table("microgrids", part.tables["microgrids"].iloc[:0])
    if row["disagreement"] == "tariff":
        buy, sell = row["tariff_buy_per_mwh"], row["tariff_sell_per_mwh"]
        limits = {"max_import_mw": [row["max_buy_mw"]], "max_export_mw": [row["max_sell_mw"]]}
        tariff = {"price_per_mwh": [buy], "sell_ratio": [sell / buy], "vm_pu": [1.0], **limits}
        alone = alone.with_rows("interfaces", {"interface": ["tariff"], "bus": [row["bus"]], **tariff})
    return gp.clear(alone, price_probes=0)


def test_a_deal_pays(case: Case, run: Any) -> None:
    """Without one, each does what is best at its tariff, and the network carries that; together it costs more."""
    parts = [without_a_deal(part) for part in microgrid_parts(case)]
    assert [len(part.table("interface")) for part in parts] == [24, 0, 24]
    bought = [
        part.table("interface")["import_mw"].to_numpy() if len(part.table("interface")) else 0.0 for part in parts
    ]
    paid = sum(
        float((np.maximum(power, 0.0) * buy - np.maximum(-power, 0.0) * sell).sum())
        for power, buy, sell in zip(bought, (85.0, 0.0, 75.0), (30.0, 0.0, 30.0), strict=True)
    )
    own = network_part(case)
    for name in ("microgrids", "network_operator"):
        own = own.with_table(name, own.tables[name].iloc[:0])
    asked = {"load": list(WORKING), "bus": case.tables["microgrids"]["bus"].tolist()}
    series = {f"loads/{name}/p_mw": np.broadcast_to(power, 24) for name, power in zip(WORKING, bought, strict=True)}
    network = gp.clear(own.with_rows("loads", asked).with_profiles(series), price_probes=0)
    assert network.summary["verdict"] == "certified"
    cost = network.summary["objective"] - paid + sum(part.summary["objective"] for part in parts)
    assert cost - run.summary["objective"] == pytest.approx(222.7, abs=0.1)


def test_distances_of_the_fees(case: Case) -> None:
    """Sections between the microgrids, by hand: 25-24-23-3-2-19-20-21-22, 25-24-23-3 to 6 and 26 to 33, 22 to 33."""
    lines = case.tables["lines"][case.lines_in_service()]
    near: dict[str, set[str]] = {}
    for start, end in zip(lines["from_bus"], lines["to_bus"], strict=True):
        near.setdefault(start, set()).add(end)
        near.setdefault(end, set()).add(start)

    def hops(start: str, end: str) -> int:
        reached, count = {start}, 0
        while end not in reached:
            reached, count = reached | {k for bus in reached for k in near[bus]}, count + 1
        return count

    assert [hops("25", "22"), hops("25", "33"), hops("22", "33")] == [8, 14, 16]
    assert (lines["length_km"] == 1.0).all()
    fees = case.tables["network_operator"].iloc[0]
    dearest = fees["pair_fee_per_mwh"] + 16 * fees["fee_per_mwh_km"]
    assert dearest < 2 * fees["grid_fee_per_mwh"]  # or nobody would trade with another


def test_the_frame_of_the_day(case: Case) -> None:
    feeder = gp.read_case(gp.examples.path("ieee33-day") / "case")
    for name in ("switches", "shunts"):
        pd.testing.assert_frame_equal(case.tables[name], feeder.tables[name])
    columns = ["from_bus", "to_bus", "r_ohm_per_km", "x_ohm_per_km"]
    pd.testing.assert_frame_equal(case.tables["lines"][columns], feeder.tables["lines"][columns])
    rest = owner_of(case, "loads") < 0
    published = feeder.tables["loads"].set_index("load")["p_mw"]
    kept = case.tables["loads"][rest].set_index("load")["p_mw"]
    np.testing.assert_allclose(kept, 0.6 * published[kept.index], atol=1e-6)
