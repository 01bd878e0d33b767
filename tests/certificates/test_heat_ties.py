"""Polygons and tanks by hand and against brute force; the ties that couplers make between the two prices."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.certificates.evidence import Evidence, heat_prices_at, prices_at
from gridpact.certificates.heat.participants import best_tank_plan
from gridpact.certificates.heat.polygon import Polygon, Profit, best_profit, named_edges, outside, polygon
from gridpact.certificates.heat.stationarity import plant_margins
from gridpact.clearing import clear
from tests.certificates.cases import made_case
from tests.certificates.heat_cases import heat_district

Floats = NDArray[np.float64]
SQUARE = Polygon(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]), ["a", "b", "c", "d"])


def plant(points: Sequence[tuple[float, float]], **more: float) -> Polygon:
    names = [f"p{k}" for k in range(len(points))]
    columns = {name: [value] for name, value in more.items()}
    case = made_case(
        buses={"bus": ["a"], "vn_kv": [10.0], "vm_min_pu": [0.9], "vm_max_pu": [1.1]},
        heat_networks={"heat_network": ["town"], "ambient_degc": [10.0]},
        heat_nodes={"node": ["n"], "heat_network": ["town"]},
        chps={"chp": ["plant"], "bus": ["a"], "node": ["n"], "kind": ["extraction"], **columns},
        chp_points={
            "point": names,
            "chp": ["plant"] * len(points),
            "p_mw": [p for p, _ in points],
            "heat_mw": [h for _, h in points],
        }
        if points
        else {},
    )
    edges = named_edges(case, 0)
    shape = polygon(case, 0)
    for edge in edges:
        assert np.hypot(edge.power, edge.heat) == pytest.approx(1.0)
        assert (shape.corners @ [edge.power, edge.heat] <= edge.bound + 1e-12).all()
    return shape


def test_distances_to_a_square_and_to_a_line() -> None:
    p, h = np.array([1.0, 3.0, 1.0, -0.5]), np.array([0.5, 0.5, -1.0, 0.5])
    np.testing.assert_allclose(outside(SQUARE, p, h), [0.0, 1.0, 1.0, 0.5])
    line = Polygon(np.array([[1.0, 1.0], [2.0, 2.0]]), ["a", "b"])
    np.testing.assert_allclose(
        outside(line, np.array([1.5, 1.0, 3.0]), np.array([1.5, 2.0, 3.0])), np.sqrt([0, 0.5, 2])
    )


def test_polygons_of_a_case_go_round_whatever_their_order() -> None:
    """Clockwise, with a corner that stands there twice, as a line, by a ratio."""
    points = [(0.0, 0.0), (0.0, 1.0), (0.0, 1.0), (2.0, 1.0), (2.0, 0.0)]
    assert outside(plant(points), np.array([1.0]), np.array([0.5]))[0] == 0.0
    assert outside(plant(points), np.array([1.0]), np.array([1.5]))[0] == pytest.approx(0.5)
    assert plant([(1.0, 1.0), (1.5, 1.5), (2.0, 2.0)]).is_line
    ratio = plant([], heat_per_power=1.5, min_p_mw=1.0, max_p_mw=2.0)
    np.testing.assert_allclose(ratio.corners, [[1.0, 1.5], [2.0, 3.0]])


def test_a_plant_without_squares_goes_to_a_corner() -> None:
    """At 3 per MWh of power and -1 of heat the square's best corner is (2, 0), which earns 6."""
    assert best_profit(SQUARE, Profit(np.array([3.0]), np.array([-1.0]), 0.0, 0.0, 0.0))[0] == pytest.approx(6.0)


@given(
    st.lists(st.floats(-50.0, 50.0), min_size=2, max_size=2),
    st.lists(st.floats(0.0, 10.0), min_size=2, max_size=2),
    st.floats(-1.0, 1.0),
    st.integers(3, 7),
    st.integers(0, 2**31),
)
def test_the_best_point_beats_a_grid(
    price: list[float], square: list[float], lean: float, corners: int, seed: int
) -> None:
    """No point of a fine grid inside earns more, and the best is not above what the grid nearly reaches."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0.0, 2.0 * np.pi, corners))
    shape = Polygon(np.column_stack([np.cos(angle), np.sin(angle)]), [str(k) for k in range(corners)])
    cross = 1.9 * lean * float(np.sqrt(square[0] * square[1]))
    profit = Profit(np.array([price[0]]), np.array([price[1]]), square[0], square[1], cross)
    inside = random.dirichlet(np.full(corners, 0.3), 4000) @ shape.corners
    found = profit.at(inside[:, :1], inside[:, 1:]).max()
    best = best_profit(shape, profit)[0]
    assert found <= best + 1e-9
    assert found >= best - 15.0


def test_a_tank_stores_what_it_can_and_ends_as_it_began() -> None:
    """A megawatt for an hour at 10 to be sold at 50 with 90 % kept: 0.9 x 50 - 10, twice within the same day.

    One that begins full can only refill at the end what it has sold: once.
    """
    case = made_case(
        steps=4,
        heat_storages={
            "heat_storage": ["tank"],
            "node": ["n"],
            "energy_mwh": [5.0],
            "charge_mw": [1.0],
            "discharge_mw": [1.0],
            "efficiency_charge": [0.9],
        },
    )
    price = np.array([[10.0, 50.0, 50.0, 10.0]])
    powers = np.ones((1, 4)), np.ones((1, 4))
    charge, discharge = best_tank_plan(case, price, price, powers)
    assert float((price * (discharge - charge)).sum()) == pytest.approx(2.0 * (0.9 * 50.0 - 10.0))
    begun = made_case(steps=4, heat_storages={**case.tables["heat_storages"].to_dict("list"), "initial_mwh": [5.0]})
    charge, discharge = best_tank_plan(begun, price, price, powers)
    assert float((price * (discharge - charge)).sum()) == pytest.approx(0.9 * 50.0 - 10.0)


@pytest.fixture(scope="module")
def tied() -> Evidence:
    """The electric boiler large enough never to be full, the plant's costs bent enough to leave its corners."""
    case = heat_district()
    for table, columns in {
        "electric_boilers": {"max_heat_mw": 2.0},
        "gas_boilers": {"max_heat_mw": 0.05},
        "chps": {"cost_per_mw2h": 20.0, "heat_cost_per_mw2h": 15.0},
    }.items():
        case = case.with_table(table, case.tables[table].assign(**columns))
    record = clear(case, price_probes=0).record
    assert record.certificate["verdict"] == "certified"
    return Evidence(record)


def test_a_boiler_ties_the_prices_of_both_carriers(tied: Evidence) -> None:
    """price + tan(phi) reactive price = efficiency x (price of heat - own cost), wherever it is within its range."""
    heat = tied.dispatch("electric_boiler", "heat_mw")
    assert ((heat > 0.1) & (heat < 1.9)).all()
    price, reactive = prices_at(tied, "electric_boilers")
    np.testing.assert_allclose(
        price + 0.1 * reactive, 0.98 * (heat_prices_at(tied, "electric_boiler") - 1.0), atol=1e-6
    )


def test_a_plant_ties_them_along_its_edges_and_bounds_them_at_its_corners(tied: Evidence) -> None:
    """Where the plant is on an edge another MW along it earns nothing; at a corner no way into the polygon earns."""
    shape = polygon(tied.case, 0)
    p, heat = tied.dispatch("chp", "p_mw")[0], tied.dispatch("chp", "heat_mw")[0]
    of_power, of_heat = (margin[0] for margin in plant_margins(tied))
    slope = np.stack([of_power - 40.0 * p - heat, of_heat - 30.0 * heat - p], axis=1)
    distance = np.hypot(*(np.stack([p, heat], axis=1)[:, None] - shape.corners[None]).transpose(2, 0, 1)).min(axis=1)
    on_edge = distance > 1e-3
    assert on_edge.sum() == 1
    warm, least = shape.corners[shape.names.index("warm")], shape.corners[shape.names.index("least")]
    assert (slope[on_edge] @ (least - warm))[0] == pytest.approx(0.0, abs=1e-5)
    point = np.stack([p, heat], axis=1)
    for step in np.flatnonzero(~on_edge):
        assert (slope[step] @ (shape.corners - point[step]).T <= 1e-5).all()
