"""Regret: what a device would gain at given prices, by hand and against brute force."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.participants import regret_checks
from gridpact.results.record import Record, long_table
from tests.certificates.cases import Columns, made_case

Floats = NDArray[np.float64]
Powers = Mapping[str, list[list[float]]]
BUS = {"bus": ["a"], "vn_kv": [10.0], "vm_min_pu": [0.9], "vm_max_pu": [1.1]}


def regrets(
    case: Case,
    price: list[float],
    reactive: list[float] | None = None,
    p: Powers | None = None,
    q: Powers | None = None,
    storages: Powers | None = None,
    interface: Powers | None = None,
    variables: Powers | None = None,
    on: Mapping[str, list[list[bool]]] | None = None,
) -> dict[str, float]:
    """Regret of each kind of participant at one bus with prices per step; powers by kind, zero where not given."""
    steps, times = case.steps, case.snapshots
    active = np.array([price])
    other = np.zeros((1, steps)) if reactive is None else np.array([reactive])
    prices = long_table(times, "bus", ["a"], price_per_mwh=active, reactive_price_per_mvarh=other)
    kinds = ("interface", "generator", "renewable", "storage", "load", "compensator", "capacitor")
    ids = [name for kind in kinds for name in case.ids(f"{kind}s")]
    rows = [
        np.vstack([np.array((powers or {}).get(kind, np.zeros((case.count(f"{kind}s"), steps)))) for kind in kinds])
        for powers in (p, q)
    ]
    dispatch = long_table(times, "device", ids, p_mw=rows[0], q_mvar=rows[1])
    dispatch.insert(2, "kind", [kind for kind in kinds for _ in case.ids(f"{kind}s")] * steps)
    tables = {"electricity_prices": prices, "dispatch": dispatch}
    if storages:
        tables["storages"] = long_table(times, "storage", case.ids("storages"), **_arrays(storages))
    if interface:
        tables["interface"] = long_table(times, "interface", case.ids("interfaces"), **_arrays(interface))
    for kind, state in (on or {}).items():
        units = long_table(times, "device", case.ids({"generator": "generators"}.get(kind, kind)), on=np.array(state))
        tables["commitment"] = units.assign(kind=kind)
    tables["buses"] = long_table(times, "bus", ["a"], vm_pu=np.full((1, steps), 1.05))
    solution: dict[str, NDArray[np.generic]] = {"base_mva": np.array(1.0), "x": np.zeros(0)}
    for name, values in _arrays(variables or {}).items():
        solution[f"column/{name}"] = solution["x"].size + np.arange(values.size).reshape(values.shape)
        solution["x"] = np.concatenate([solution["x"], values.ravel()])
    record = Record("clear", {"formulation": "soc"}, case, {}, tables, solution)
    return {check.name.removeprefix("regret_"): check.value for check in regret_checks(Evidence(record))}


def _arrays(powers: Powers) -> dict[str, Floats]:
    return {name: np.array(values, dtype=np.float64) for name, values in powers.items()}


def generator_case(steps: int = 1, offers: Columns | None = None, **columns: float) -> Case:
    made = {name: [value] for name, value in columns.items()}
    generators = {"generator": ["g"], "bus": ["a"], **made}
    return made_case(steps=steps, step_minutes=30.0, buses=BUS, generators=generators, offers=offers or {})


def test_a_generator_that_holds_back_a_megawatt_regrets_its_margin() -> None:
    """Half an hour at 60 with a cost of 50: 1 MW less forgoes 5 of a turnover of 60."""
    case = generator_case(max_p_mw=3.0, cost_per_mwh=50.0)
    assert regrets(case, [60.0], p={"generator": [[2.0]]})["generators"] == pytest.approx(5.0 / 60.0)
    assert regrets(case, [60.0], p={"generator": [[3.0]]})["generators"] == 0.0


def test_a_quadratic_cost_has_its_best_point_where_marginal_cost_meets_the_price() -> None:
    """60 = 50 + 2 x 2 p: p = 2.5; one megawatt off costs 2 x 1^2 per hour."""
    case = generator_case(max_p_mw=9.0, cost_per_mwh=50.0, cost_per_mw2h=2.0)
    assert regrets(case, [60.0], p={"generator": [[2.5]]})["generators"] == pytest.approx(0.0, abs=1e-12)
    assert regrets(case, [60.0], p={"generator": [[3.5]]})["generators"] == pytest.approx(
        0.5 * 2.0 / (0.5 * 60.0 * 3.5)
    )


def test_a_paid_reactive_megavar_is_not_left_unsold() -> None:
    """At 4 per Mvarh and a range of +-1 the best is 1; doing nothing forgoes 2 in half an hour, over at least 1."""
    case = generator_case(max_p_mw=1.0, min_q_mvar=-1.0, max_q_mvar=1.0, cost_per_mwh=99.0)
    assert regrets(case, [60.0], [4.0], q={"generator": [[0.0]]})["generators"] == pytest.approx(2.0)
    assert regrets(case, [60.0], [-4.0], q={"generator": [[-1.0]]})["generators"] == 0.0


def test_a_generator_that_is_off_keeps_to_it() -> None:
    """At least 2 MW once it runs: off, it regrets nothing, as nobody asked it to start."""
    case = generator_case(min_p_mw=2.0, max_p_mw=3.0, cost_per_mwh=50.0, committable=True)
    assert regrets(case, [60.0], on={"generator": [[False]]})["generators"] == 0.0
    running = regrets(case, [60.0], p={"generator": [[2.0]]}, on={"generator": [[True]]})
    assert running["generators"] == pytest.approx(5.0 / 60.0)


def test_ramps_limit_what_a_generator_could_have_done() -> None:
    """1 MW per hour in half-hours at 0, 60, 60 with a cost of 50: 0, 0.5, 1 MW earn 0.5 h x 10 x 1.5 = 7.5.

    Without ramps it would regret 60 for doing nothing.
    """
    case = generator_case(steps=3, max_p_mw=6.0, cost_per_mwh=50.0, ramp_up_mw_per_h=1.0)
    assert regrets(case, [0.0, 60.0, 60.0])["generators"] == pytest.approx(7.5)
    best = regrets(case, [0.0, 60.0, 60.0], p={"generator": [[0.0, 0.5, 1.0]]})
    assert best["generators"] == pytest.approx(0.0, abs=1e-9)


def test_a_generator_with_a_slow_descent_leaves_in_time() -> None:
    """At 60, 60, 0 falling by 0.5 MW per step: 1, 0.5, 0 earns 7.5; at full power to the end it would lose."""
    case = generator_case(steps=3, max_p_mw=6.0, cost_per_mwh=50.0, ramp_down_mw_per_h=1.0)
    assert regrets(case, [60.0, 60.0, 0.0])["generators"] == pytest.approx(7.5)


def test_a_start_may_jump_to_the_lowest_power() -> None:
    """From off to 2 MW although the ramp is 0.5 MW per step; then 2.5 MW: half an hour each at a margin of 10."""
    case = generator_case(
        steps=3, min_p_mw=2.0, max_p_mw=9.0, cost_per_mwh=50.0, ramp_up_mw_per_h=1.0, committable=True
    )
    state = {"generator": [[False, True, True]]}
    at_least = regrets(case, [60.0, 60.0, 60.0], p={"generator": [[0.0, 2.0, 2.0]]}, on=state)
    assert at_least["generators"] == pytest.approx(0.5 * 10.0 * 0.5 / (0.5 * 60.0 * 4.0))
    best = regrets(case, [60.0, 60.0, 60.0], p={"generator": [[0.0, 2.0, 2.5]]}, on=state)
    assert best["generators"] == pytest.approx(0.0, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_ramped_plans_with_curved_costs_against_a_grid(seed: int) -> None:
    """Two steps, quadratic cost or blocks: the best of all pairs of powers on a fine grid that keep the ramps."""
    random = np.random.default_rng(seed)
    price, square = random.uniform(20.0, 80.0, 2), random.choice([0.0, 4.0])
    up, down, high = random.uniform(0.2, 3.0), random.uniform(0.2, 3.0), random.uniform(1.0, 4.0)
    blocks = square == 0.0
    widths, costs = np.array([high / 2, high / 2]), np.sort(random.uniform(20.0, 60.0, 2))
    offers = {"offer": ["1", "2"], "generator": ["g"] * 2, "p_mw": list(widths), "cost_per_mwh": list(costs)}
    columns = {"max_p_mw": high, "cost_per_mw2h": square, "cost_per_mwh": 0.0 if blocks else 30.0}
    ramp = {"ramp_up_mw_per_h": up, "ramp_down_mw_per_h": down}
    case = generator_case(steps=2, offers=offers if blocks else None, **columns, **ramp)
    found = regrets(case, list(price))["generators"]

    grid = np.linspace(0.0, high, 1201)
    cost = np.minimum(grid, high / 2) * costs[0] + np.maximum(grid - high / 2, 0.0) * costs[1]
    cost = cost if blocks else 30.0 * grid + square * grid**2
    profit = 0.5 * ((price[0] * grid - cost)[:, None] + (price[1] * grid - cost)[None, :])
    rise = grid[None, :] - grid[:, None]
    allowed = (rise <= 0.5 * up + 1e-9) & (rise >= -0.5 * down - 1e-9)
    best = float(profit[allowed].max())
    assert best - 1e-9 <= found <= best + 80.0 * grid[1]


@given(st.integers(0, 2**32 - 1))
def test_offer_blocks_against_brute_force(seed: int) -> None:
    random = np.random.default_rng(seed)
    widths, costs = random.uniform(0.0, 2.0, 3), random.uniform(20.0, 60.0, 3)
    square, price = random.choice([0.0, 3.0]), random.uniform(10.0, 70.0)
    high = random.uniform(0.5, 5.0)
    offers = {"offer": ["1", "2", "3"], "generator": ["g"] * 3, "p_mw": list(widths), "cost_per_mwh": list(costs)}
    case = generator_case(offers=offers, min_p_mw=0.0, max_p_mw=high, cost_per_mw2h=square)
    order, most = np.argsort(costs), min(high, widths.sum())
    starts = np.concatenate([[0.0], np.cumsum(widths[order])[:-1]])
    grid = np.sort(np.concatenate([np.linspace(0.0, most, 4001), starts[starts < most]]))
    spent = (np.clip(grid[:, None] - starts, 0.0, widths[order]) * costs[order]).sum(axis=1)
    profit = price * grid - square * grid**2 - spent
    done = regrets(case, [price], p={"generator": [[grid[-1]]]}, variables={"offer_p": [[0.0]] * 3})["generators"]
    turnover = max(1.0, 0.5 * price * grid[-1])
    assert done * turnover == pytest.approx(0.5 * (profit.max() - profit[-1]), abs=1e-4)


@given(st.integers(0, 2**32 - 1))
def test_an_inverter_against_brute_force(seed: int) -> None:
    """Every point of the half-disc at 0.1 degrees and its chords; curtailable or not."""
    random = np.random.default_rng(seed)
    sn, available, cost = random.uniform(0.5, 2.0), random.uniform(0.1, 2.0), random.uniform(-20.0, 20.0)
    price, reactive, free = random.uniform(-40.0, 60.0), random.uniform(-20.0, 20.0), bool(random.random() < 0.7)
    available = available if free else min(available, sn)
    plant = {"renewable": ["r"], "bus": ["a"], "kind": ["pv"], "p_mw": [available], "sn_mva": [sn]}
    plant |= {"curtailable": [free], "cost_per_mwh": [cost]}
    case = made_case(buses=BUS, renewables=plant)
    high = min(available, sn)
    p = np.linspace(0.0 if free else high, high, 20001)
    best = ((price - cost) * p + abs(reactive) * np.sqrt(np.maximum(sn**2 - p**2, 0.0))).max()
    start = 0.0 if free else high
    found = regrets(case, [price], [reactive], p={"renewable": [[start]]})["renewables"]
    turnover = max(1.0, abs(price) * start)
    assert found * turnover == pytest.approx(best - (price - cost) * start, abs=2e-3)


def test_a_plant_without_rating_has_no_reactive_power_to_sell() -> None:
    case = made_case(buses=BUS, renewables={"renewable": ["r"], "bus": ["a"], "kind": ["pv"], "p_mw": [2.0]})
    assert regrets(case, [10.0], [50.0], p={"renewable": [[2.0]]})["renewables"] == 0.0
    assert regrets(case, [10.0], [50.0], p={"renewable": [[1.0]]})["renewables"] == pytest.approx(1.0)


def storage_case() -> Case:
    store = {"storage": ["s"], "bus": ["a"], "energy_mwh": [1.0], "charge_mw": [1.0], "discharge_mw": [1.0]}
    store |= {
        "efficiency_charge": [0.9],
        "efficiency_discharge": [0.8],
        "initial_mwh": [0.1],
        "wear_cost_per_mwh": [2.0],
    }
    return made_case(steps=2, step_minutes=120.0, buses=BUS, storages=store)


def test_an_idle_battery_regrets_the_spread() -> None:
    """From 0.1 to 1 MWh: 1 MWh bought at 10 (efficiency 0.9), 0.72 MWh sold at 50 - 2 (efficiency 0.8)."""
    idle = {"charge_mw": [[0.0, 0.0]], "discharge_mw": [[0.0, 0.0]], "energy_mwh": [[0.1, 0.1]]}
    assert regrets(storage_case(), [10.0, 50.0], storages=idle)["storages"] == pytest.approx(0.72 * 48.0 - 10.0)


def test_a_battery_at_its_best_regrets_nothing() -> None:
    plan = {"charge_mw": [[0.5, 0.0]], "discharge_mw": [[0.0, 0.36]], "energy_mwh": [[1.0, 0.1]]}
    found = regrets(storage_case(), [10.0, 50.0], p={"storage": [[-0.5, 0.36]]}, storages=plan)
    assert found["storages"] == pytest.approx(0.0, abs=1e-9)


def test_a_battery_that_cannot_reach_its_final_energy_is_no_number() -> None:
    store = {"storage": ["s"], "bus": ["a"], "energy_mwh": [9.0], "charge_mw": [1.0], "discharge_mw": [1.0]}
    store |= {"efficiency_charge": [1.0], "efficiency_discharge": [1.0], "initial_mwh": [0.0], "final_mwh": [5.0]}
    idle = {"charge_mw": [[0.0]], "discharge_mw": [[0.0]], "energy_mwh": [[0.0]]}
    assert np.isnan(regrets(made_case(buses=BUS, storages=store), [10.0], storages=idle)["storages"])


def test_bids_take_what_is_worth_its_price_with_its_reactive_power() -> None:
    """Benefits 40 and 30 against 20 + 0.5 x 30 = 35: the first is wanted, the second is not."""
    bids = {
        "bid": ["1", "2"],
        "load": ["d"] * 2,
        "p_mw": [1.0, 1.0],
        "benefit_per_mwh": [40.0, 30.0],
        "q_mvar_per_mw": [0.5] * 2,
    }
    case = made_case(buses=BUS, loads={"load": ["d"], "bus": ["a"]}, bids=bids)

    def regret(first: float, second: float) -> float:
        taken = {"bid_p": [[first], [second]]}
        total = first + second
        powers = {"p": {"load": [[-total]]}, "q": {"load": [[-0.5 * total]]}}
        return regrets(case, [20.0], [30.0], variables=taken, **powers)["loads"]  # type: ignore[arg-type]

    assert regret(1.0, 0.0) == 0.0
    assert regret(0.0, 0.0) == pytest.approx(5.0)
    assert regret(1.0, 1.0) == pytest.approx(5.0 / (20.0 * 2 + 30.0 * 1))


def test_energy_is_shifted_into_the_cheapest_steps() -> None:
    """1.5 MWh, up to 2 MW in half-hours at 30, 10, 20: 2 MW at 10 and 1 MW at 20 cost 20; the reverse costs 35."""
    shiftable = {"load": ["d"], "energy_mwh": [1.5], "max_p_mw": [2.0]}
    case = made_case(steps=3, step_minutes=30.0, buses=BUS, loads={"load": ["d"], "bus": ["a"]}, shiftable=shiftable)

    def regret(*power: float) -> float:
        return regrets(
            case, [30.0, 10.0, 20.0], p={"load": [[-x for x in power]]}, variables={"shift_p": [list(power)]}
        )["loads"]

    assert regret(0.0, 2.0, 1.0) == pytest.approx(0.0, abs=1e-12)
    assert regret(2.0, 1.0, 0.0) == pytest.approx((35.0 - 20.0) / 35.0)


def interface_case(**columns: float) -> Case:
    made = {name: [value] for name, value in columns.items()}
    interface = {
        "interface": ["sub"],
        "bus": ["a"],
        "vm_pu": [1.0],
        "price_per_mwh": [40.0],
        "sell_ratio": [0.5],
        **made,
    }
    return made_case(buses=BUS, interfaces=interface, loads={"load": ["d"], "bus": ["a"]})


def exchange(case: Case, price: float, buy: float, sell: float, reactive: float = 0.0, q: float = 0.0) -> float:
    return regrets(
        case,
        [price],
        [reactive],
        p={"interface": [[buy - sell]], "load": [[-3.0]]},
        q={"interface": [[q]]},
        interface={"buy_mw": [[buy]], "sell_mw": [[sell]], "import_mvar": [[q]]},
    )["interfaces"]


def test_between_its_own_prices_an_interface_rests() -> None:
    assert exchange(interface_case(max_import_mw=2.0, max_export_mw=2.0), 30.0, 0.0, 0.0) == 0.0


def test_an_interface_imports_to_its_limit_where_the_node_pays_more() -> None:
    """40 bought, 46 at the node: 2 MW earn 12; half of it forgoes 6 of a turnover of 46."""
    case = interface_case(max_import_mw=2.0)
    assert exchange(case, 46.0, 2.0, 0.0) == 0.0
    assert exchange(case, 46.0, 1.0, 0.0) == pytest.approx(6.0 / 46.0)


def test_an_interface_exports_where_the_node_asks_less_than_its_selling_price() -> None:
    """The network sells at 20 what the node gives for 15."""
    case = interface_case(max_export_mw=2.0)
    assert exchange(case, 15.0, 0.0, 2.0) == 0.0
    assert exchange(case, 15.0, 0.0, 0.0) == pytest.approx(2.0 * 5.0)


def test_without_a_limit_the_node_cannot_be_dearer_than_the_interface() -> None:
    """The reach is twice the largest use, 3 MW: 5 MW more would have earned 1 each."""
    assert exchange(interface_case(), 41.0, 1.0, 0.0) == pytest.approx(5.0 / 41.0)


def test_reactive_power_is_free_unless_its_limit_is_reached() -> None:
    case = interface_case(max_q_mvar=1.0)
    assert exchange(case, 40.0, 1.0, 0.0, reactive=3.0, q=1.0) == 0.0
    assert exchange(case, 40.0, 1.0, 0.0, reactive=3.0, q=0.0) == pytest.approx(3.0 / 40.0)


def controllable_case(steps: int, **columns: object) -> Case:
    rows = {"load": ["d"], "max_p_mw": [1.0], "benefit_per_mwh": [50.0], **{k: [v] for k, v in columns.items()}}
    return made_case(steps=steps, buses=BUS, loads={"load": ["d"], "bus": ["a"]}, controllable=rows)


def test_controllable_demand_takes_what_is_worth_its_price() -> None:
    """Worth 50 against 30 + 0.5 x 10 = 35 and 48 + 5 = 53, at least 0.2 MW: 15 and -0.2 x 3 are the best."""
    case = controllable_case(2, min_p_mw=0.2, q_mvar_per_mw=0.5)
    prices = ([30.0, 48.0], [10.0, 10.0])
    nothing = regrets(case, *prices, variables={"controlled_p": [[0.2, 0.2]]})["loads"]
    assert nothing == pytest.approx(0.8 * 15.0)
    assert regrets(case, *prices, variables={"controlled_p": [[1.0, 0.2]]})["loads"] == pytest.approx(0.0, abs=1e-12)


def test_controllable_demand_follows_its_ramp() -> None:
    """Worth 50 at 30 and 60, falling by 0.5 MW per hour: 1 and 0.5 MW earn 20 - 5; 0.5 and 0 only 10."""
    case = controllable_case(2, ramp_down_mw_per_h=0.5)
    assert regrets(case, [30.0, 60.0], variables={"controlled_p": [[0.5, 0.0]]})["loads"] == pytest.approx(5.0)
    best = regrets(case, [30.0, 60.0], variables={"controlled_p": [[1.0, 0.5]]})
    assert best["loads"] == pytest.approx(0.0, abs=1e-9)


def test_controllable_demand_that_is_off_keeps_to_it() -> None:
    case = controllable_case(1, min_p_mw=0.5, committable=True)
    off = regrets(case, [30.0], variables={"controlled_p": [[0.0]]}, on={"controllable": [[False]]})
    assert off["loads"] == 0.0
    on = regrets(case, [30.0], variables={"controlled_p": [[0.5]]}, on={"controllable": [[True]]})
    assert on["loads"] == pytest.approx(10.0)


def test_demand_is_cut_where_its_price_is_below_the_market() -> None:
    """2 MW with 1 Mvar, cut at 100: at 90 + 0.5 x 30 = 105 all of it goes, at 80 + 15 = 95 none."""
    loads = {"load": ["d"], "bus": ["a"], "p_mw": [2.0], "q_mvar": [1.0]}
    case = made_case(buses=BUS, loads=loads, unserved={"load": ["d"], "price_per_mwh": [100.0]})

    def regret(price: float, cut: float) -> float:
        return regrets(case, [price], [30.0], variables={"unserved_p": [[cut]]})["loads"]

    assert regret(90.0, 2.0) == 0.0
    assert regret(90.0, 0.0) == pytest.approx(2.0 * 5.0)
    assert regret(80.0, 0.0) == 0.0
    assert regret(80.0, 1.0) == pytest.approx(5.0)


def test_a_compensator_gives_what_is_paid() -> None:
    """Between -1 and 2 Mvar: at 3 it gives 2, at -3 it takes 1."""
    svc = {"compensator": ["c"], "bus": ["a"], "min_q_mvar": [-1.0], "max_q_mvar": [2.0]}
    case = made_case(buses=BUS, compensators=svc)
    assert regrets(case, [10.0], [3.0], q={"compensator": [[2.0]]})["compensators"] == 0.0
    assert regrets(case, [10.0], [3.0], q={"compensator": [[0.0]]})["compensators"] == pytest.approx(6.0)
    assert regrets(case, [10.0], [-3.0], q={"compensator": [[0.0]]})["compensators"] == pytest.approx(3.0)


def test_a_capacitor_gives_its_size_times_the_squared_voltage_or_nothing() -> None:
    """2 Mvar at 1.05 p.u. are 2.205; one in steps stays where it was switched."""
    bank = {"capacitor": ["c"], "bus": ["a"], "q_mvar": [2.0]}
    case = made_case(buses=BUS, capacitors=bank)
    assert regrets(case, [10.0], [3.0], q={"capacitor": [[2.205]]})["capacitors"] == pytest.approx(0.0, abs=1e-12)
    assert regrets(case, [10.0], [3.0], q={"capacitor": [[0.0]]})["capacitors"] == pytest.approx(3.0 * 2.205)
    assert regrets(case, [10.0], [-3.0], q={"capacitor": [[0.0]]})["capacitors"] == 0.0
    stepped = made_case(buses=BUS, capacitors={**bank, "steps": [2.0]})
    assert regrets(stepped, [10.0], [3.0], q={"capacitor": [[0.0]]})["capacitors"] == 0.0
