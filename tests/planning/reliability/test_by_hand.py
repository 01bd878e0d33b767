"""A feeder of three sections, small enough to count: who is dark after each fault, and for how long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.certificates.planning.fault_simulator import simulate
from gridpact.errors import InputError
from gridpact.planning.reliability.indices import incidence, interruptions, reliability
from gridpact.planning.reliability.network import radial_network
from tests.districts import bus, interface
from tests.radial import chain, device, failing, point, radial, random_radial, tie

BREAKER = device("a", "from", "breaker")
MIDDLE, FAR = device("b", "from", "sectionaliser", 1.0), device("c", "from", "sectionaliser", 1.0)
BACK = {"more_lines": [failing("back", "4", "1", 0.0)]}


def hours(case: Case) -> list[list[float]]:
    """Hours of interruption by fault (a, b, c) and load (2, 3, 4); the simulator says the same."""
    found = incidence(radial_network(case)).hours
    np.testing.assert_allclose(simulate(case).hours, found)
    return np.round(found, 12).tolist()


def storage(at: str, discharge_mw: float, energy_mwh: float) -> dict[str, Any]:
    shape = {"charge_mw": 1.0, "efficiency_charge": 1.0, "efficiency_discharge": 1.0, "islanding": True}
    power = {"energy_mwh": energy_mwh, "initial_mwh": energy_mwh, "discharge_mw": discharge_mw}
    return {"storage": f"s{at}", "bus": at, **power, **shape}


def generator(at: str, max_p_mw: float) -> dict[str, Any]:
    return {"generator": f"g{at}", "bus": at, "max_p_mw": max_p_mw, "islanding": True}


def test_without_any_device_every_fault_is_everybodys() -> None:
    assert hours(chain()) == [[4.0, 4.0, 4.0]] * 3


def test_a_fuse_spares_those_before_it() -> None:
    fused = chain(protection=[device("c", "from", "fuse")])
    assert hours(fused) == [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0], [0.0, 0.0, 4.0]]


def test_a_device_at_the_far_end_spares_nobody_from_its_own_line() -> None:
    far = chain(protection=[device("b", "to", "breaker")])
    assert hours(far) == [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0], [0.0, 4.0, 4.0]]
    before = chain(protection=[device("b", "from", "breaker")])
    assert hours(before) == [[4.0, 4.0, 4.0], [0.0, 4.0, 4.0], [0.0, 4.0, 4.0]]


def test_a_sectionaliser_gives_those_before_it_back_after_switching() -> None:
    assert hours(chain(protection=[BREAKER, MIDDLE])) == [[4.0] * 3, [1.0, 4.0, 4.0], [1.0, 4.0, 4.0]]


def test_a_tie_gives_those_behind_the_fault_back() -> None:
    tied = chain(protection=[BREAKER, MIDDLE, FAR], switches=[tie("back", 2.0)], **BACK)
    assert hours(tied) == [[4.0, 2.0, 2.0], [1.0, 4.0, 2.0], [1.0, 1.0, 4.0]]


def test_a_repair_that_is_quicker_than_switching_comes_first() -> None:
    tied = chain(protection=[BREAKER, MIDDLE, FAR], switches=[tie("back", 6.0)], **BACK)
    assert hours(tied) == [[4.0, 4.0, 4.0], [1.0, 4.0, 4.0], [1.0, 1.0, 4.0]]


@pytest.mark.parametrize(
    ("limit", "first"),
    [(0.05, [4.0, 4.0, 4.0]), (0.1, [4.0, 4.0, 2.0]), (0.19, [4.0, 4.0, 2.0]), (0.2, [4.0, 2.0, 2.0])],
)
def test_a_tie_with_a_limit_takes_the_nearest_first(limit: float, first: list[float]) -> None:
    tied = chain(protection=[BREAKER, MIDDLE, FAR], switches=[tie("back", 2.0, limit)], **BACK)
    assert hours(tied)[0] == first


def test_a_block_is_taken_whole_or_not_at_all() -> None:
    """Without the far sectionaliser buses 3 and 4 are one block of 0.2 MW, more than the tie may carry."""
    tied = chain(protection=[BREAKER, MIDDLE], switches=[tie("back", 2.0, 0.19)], **BACK)
    assert hours(tied)[0] == [4.0, 4.0, 4.0]


def test_two_switches_in_a_tie_take_the_longer_time_and_the_smaller_limit() -> None:
    second = {**tie("back", 3.0), "switch": "second"}
    tied = chain(protection=[BREAKER, MIDDLE, FAR], switches=[tie("back", 2.0, 0.1), second], **BACK)
    assert hours(tied)[0] == [4.0, 4.0, 3.0]


def test_an_island_lasts_as_long_as_its_energy() -> None:
    """Buses 3 and 4 need 0.2 MW for the 4 h of the repair: 0.8 MWh."""
    devices = [BREAKER, MIDDLE]
    assert hours(chain(protection=devices, storages=[storage("4", 0.5, 0.8)]))[0] == [4.0, 1.0, 1.0]
    assert hours(chain(protection=devices, storages=[storage("4", 0.5, 0.79)]))[0] == [4.0, 4.0, 4.0]
    assert hours(chain(protection=devices, storages=[storage("4", 0.19, 9.0)]))[0] == [4.0, 4.0, 4.0]


def test_an_island_gathers_the_units_that_it_meets() -> None:
    """0.15 MW at bus 4 feed its own 0.1 MW; the 0.05 MW at bus 3 make up for what is missing there."""
    devices = [BREAKER, MIDDLE, FAR]
    assert hours(chain(protection=devices, generators=[generator("4", 0.15)]))[0] == [4.0, 4.0, 1.0]
    units = [generator("4", 0.15), generator("3", 0.05)]
    assert hours(chain(protection=devices, generators=units))[0] == [4.0, 1.0, 1.0]


def test_a_unit_in_the_faulted_part_feeds_nobody() -> None:
    island = chain(protection=[BREAKER, MIDDLE], storages=[storage("3", 1.0, 99.0)])
    assert hours(island) == [[4.0, 1.0, 1.0], [1.0, 4.0, 4.0], [1.0, 4.0, 4.0]]


def test_a_unit_that_is_not_made_for_islands_feeds_none() -> None:
    units = [{**generator("4", 9.0), "islanding": False}]
    assert hours(chain(protection=[BREAKER, MIDDLE], generators=units))[0] == [4.0, 4.0, 4.0]


def test_an_interruption_that_switching_ends_at_once_counts_as_one() -> None:
    quick = chain(protection=[BREAKER, device("b", "from", "recloser")], switches=[tie("back", 0.0)], **BACK)
    loads = reliability(quick)["reliability_loads"].set_index("load")
    assert hours(quick) == [[4.0, 0.0, 0.0], [0.0, 4.0, 4.0], [0.0, 4.0, 4.0]]
    assert loads.loc["load-3", "failures_per_year"] == pytest.approx(0.3)
    assert loads.loc["load-3", "hours_per_year"] == pytest.approx(0.8)


def test_classes_and_hours_are_told_for_every_interruption() -> None:
    table = interruptions(chain(protection=[BREAKER, MIDDLE])).set_index(["fault", "load"])
    assert len(table) == 9
    assert table.loc[("b", "load-2")].tolist() == ["switching", 1.0]
    assert table.loc[("a", "load-2")].tolist() == ["repair", 4.0]


def test_a_feeder_is_named_after_its_first_line() -> None:
    transformer = {"transformer": "t", "from_bus": "1", "to_bus": "2", "r_ohm": 0.0, "x_ohm": 1.0}
    lines = [failing("a", "2", "3"), failing("b", "2", "4"), failing("c", "4", "5")]
    names = [bus(str(k)) for k in range(1, 6)]
    case = radial([point(str(k)) for k in range(1, 6)], lines, buses=names, transformers=[transformer])
    assert reliability(case)["reliability_loads"]["feeder"].tolist() == ["1", "1", "a", "b", "b"]


def test_energy_not_served_is_from_the_mean_load_and_not_from_what_is_fed_in() -> None:
    case = chain(profiles={"loads/load-4/p_mw": [0.4, -0.2]}, steps=2)
    loads = reliability(case)["reliability_loads"].set_index("load")
    assert loads.loc["load-4", "mean_mw"] == pytest.approx(0.2)
    assert loads.loc["load-4", "eens_mwh"] == pytest.approx(0.2 * 0.3 * 4.0)


def test_where_nothing_fails_nothing_is_lost() -> None:
    case = radial([point("2")], [failing("a", "1", "2", 0.0)])
    system = reliability(case)["reliability_system"].iloc[0]
    assert system[["saifi", "saidi_h", "eens_mwh"]].tolist() == [0.0, 0.0, 0.0]
    assert system["asai"] == 1.0 and np.isnan(system["caidi_h"])


def test_a_line_out_of_service_neither_fails_nor_ties() -> None:
    spare = [failing("spare", "4", "1", 9.0, in_service=False)]
    case = chain(more_lines=spare, protection=[BREAKER, MIDDLE, FAR], switches=[tie("spare")])
    assert hours(case) == hours(chain(protection=[BREAKER, MIDDLE, FAR]))


def without_interface() -> Case:
    case = chain(generators=[generator("1", 1.0)])
    return case.with_table("interfaces", case.tables["interfaces"].iloc[:0])


WRONG = {
    "meshed": (lambda: chain(**BACK), "network is meshed, around a, b, c, back"),
    "two sources": (
        lambda: chain(interfaces=[interface(), {**interface(), "interface": "other", "bus": "4"}]),
        "have several interfaces",
    ),
    "no customers": (lambda: radial([point("2", 0.0)], [failing("a", "1", "2")]), "no load has customers"),
    "no interface": (without_interface, "have no interface"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_answered_is_told(name: str) -> None:
    make, message = WRONG[name]
    with pytest.raises(InputError) as caught:
        reliability(make())
    assert message in caught.value.issues[0].message


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_indices_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    """Lines and loads in another order; devices and units keep theirs, which the rules of picking up name."""
    case = random_radial(seed)
    order = np.random.default_rng(seed)
    mixed = case
    for table in ("buses", "loads", "transformers"):
        rows = case.tables[table]
        mixed = mixed.with_table(table, rows.iloc[order.permutation(len(rows))].reset_index(drop=True))
    one, other = (reliability(c)["reliability_system"].iloc[0, 1:].astype(float) for c in (case, mixed))
    np.testing.assert_allclose(one, other, rtol=1e-9)
