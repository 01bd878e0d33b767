"""Cases and records made up for the tests of reading and writing."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal

from gridpact.case.case import Case
from gridpact.case.schema import HEADER, SCHEMA, Column
from gridpact.results.record import Record, long_table
from tests.io.made_heat import heat_tables

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="/", codec="utf-8"), min_size=1, max_size=9
)
STEPS = st.one_of(st.sampled_from([0.5, 1.0, 7.5, 15.0, 60.0, 1440.0]), st.floats(1.0 / 60.0, 3000.0))


def assert_same_case(left: Case, right: Case) -> None:
    for column in HEADER.columns:
        assert getattr(left, column.name) == getattr(right, column.name), column.name
    assert list(left.tables) == list(right.tables) == list(SCHEMA)
    for name in SCHEMA:
        assert_frame_equal(left.tables[name], right.tables[name], check_exact=True)
    assert_index_equal(left.snapshots, right.snapshots, exact=True)
    assert_frame_equal(left.profiles, right.profiles, check_exact=True)


def table(name: str, columns: Mapping[str, object]) -> pd.DataFrame:
    """A table of the schema from some of its columns, the others at their defaults."""
    rows = len(columns[SCHEMA[name].key]) if columns else 0  # type: ignore[arg-type]
    return pd.DataFrame({c.name: typed(c, columns.get(c.name, [c.default] * rows)) for c in SCHEMA[name].columns})


def typed(column: Column, values: object) -> "pd.Series[float]":
    types = {"number": np.float64, "flag": np.bool_}
    return pd.Series(values, dtype=types.get(column.kind, object))


def lists(n: int, values: st.SearchStrategy[float] = NUMBERS) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=n, max_size=n)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A feeder with any names, numbers, zone and step, mostly with heat: valid, but without meaning."""
    names = draw(st.lists(NAMES, min_size=4, max_size=8, unique=True))
    buses, n = names[:-2], len(names) - 2
    storable = sorted(draw(lists(3, st.floats(1e-300, 1e300))))
    low, high = sorted(draw(lists(2)))
    blank_or_more = st.one_of(st.just(float("nan")), st.floats(0.0, 1e300))
    tables: dict[str, Mapping[str, object]] = {
        "buses": {
            "bus": buses,
            "vn_kv": [0.4] * n,
            "vm_min_pu": [0.9] * n,
            "vm_max_pu": [1.1] * n,
            "x": draw(lists(n)),
        },
        "lines": {
            "line": names[1:-2],
            "from_bus": buses[:-1],
            "to_bus": buses[1:],
            "length_km": draw(lists(n - 1, st.floats(0.001, 10.0))),
            "r_ohm_per_km": draw(lists(n - 1, st.floats(1e-300, 1000.0))),
            "x_ohm_per_km": draw(lists(n - 1, st.floats(0.0, 1000.0))),
            "max_i_ka": draw(lists(n - 1, st.one_of(st.just(float("nan")), st.floats(1e-9, 200.0)))),
        },
        "interfaces": {"interface": names[-1:], "bus": buses[:1], "vm_pu": [1.0], "price_per_mwh": draw(lists(1))},
        "generators": {
            "generator": names[:1],
            "bus": buses[-1:],
            "min_p_mw": [low],
            "max_p_mw": [high],
            "slack": [draw(st.booleans())],
            "committable": [True],
            "min_up_h": draw(lists(1, st.floats(0.0, 1e300))),
            "ramp_up_mw_per_h": draw(lists(1, blank_or_more)),
        },
        "loads": {
            "load": names,
            "bus": draw(st.lists(st.sampled_from(buses), min_size=n + 2, max_size=n + 2)),
            "p_mw": draw(lists(n + 2)),
        },
        "storages": {
            "storage": names[:1],
            "bus": buses[:1],
            "energy_mwh": [storable[2]],
            "charge_mw": [1.0],
            "discharge_mw": [0.0],
            "efficiency_charge": [0.9],
            "efficiency_discharge": [1.0],
            "initial_mwh": [storable[1]],
            "min_mwh": [storable[0]],
        },
        "transformers": {
            "transformer": names[:1],
            "from_bus": buses[:1],
            "to_bus": buses[-1:],
            "r_ohm": draw(lists(1, st.floats(1e-300, 1e4))),
            "x_ohm": draw(lists(1, st.floats(0.0, 1e4))),
            "b_us": draw(lists(1)),
            "ratio": draw(lists(1, st.floats(0.5, 2.0))),
            "in_service": [draw(st.booleans())],
        },
        "controllable": {
            "load": names[:1],
            "min_p_mw": [storable[0]],
            "max_p_mw": [storable[1]],
            "benefit_per_mwh": draw(lists(1)),
            "ramp_down_mw_per_h": draw(lists(1, blank_or_more)),
        },
        "compensators": {"compensator": names[:1], "bus": buses[:1], "min_q_mvar": [low], "max_q_mvar": [high]},
        "capacitors": {
            "capacitor": names[:1],
            "bus": buses[:1],
            "q_mvar": draw(lists(1, st.floats(1e-300, 1e300))),
            "steps": [float(draw(st.integers(0, 100)))],
        },
        "connections": {
            "connection": names[:2],
            "bus": buses[:2],
            "interface": names[1:3],
            "feeders": [draw(st.floats(1e-300, 1e300))] * 2,
            "district": draw(st.sampled_from([["", ""], names[:1] * 2])),
            "forecast_mw": draw(lists(2, st.one_of(st.just(float("nan")), NUMBERS))),
        },
    }
    tables |= draw(st.one_of(st.just({}), heat_tables(names, buses[0]), heat_tables(names[1:], buses[-1])))
    zone = draw(st.sampled_from(ZONES))
    start = pd.Timestamp(draw(st.integers(3 * 10**17, 4 * 10**18)), tz="UTC").tz_convert(zone)
    filled = {name: table(name, tables.get(name, {})) for name in SCHEMA}
    text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda text: text.strip() == text)
    case = Case(draw(text), draw(text), zone, start, draw(STEPS), draw(st.integers(1, 12)), filled, pd.DataFrame())
    free = [f"loads/{name}/q_mvar" for name in names]
    free += [f"chps/{name}/fuel_price_per_mwh" for name in filled["chps"]["chp"]]
    paths = draw(st.lists(st.sampled_from(free), unique=True))
    return with_profiles(case, {path: draw(lists(case.steps)) for path in paths})


def with_profiles(case: Case, profiles: Mapping[str, object]) -> Case:
    columns = pd.Index(list(profiles), dtype=object)
    frame = pd.DataFrame(dict(profiles), index=case.snapshots, columns=columns, dtype=np.float64)
    scalars = {column.name: getattr(case, column.name) for column in HEADER.columns}
    return Case(**scalars, tables=case.tables, profiles=frame)


def record(case: Case) -> Record:
    """A record with all kinds of values that a run may leave behind."""
    snapshots, buses = case.snapshots, case.ids("buses")
    shape = (len(buses), len(snapshots))
    noise = np.random.default_rng(7).normal(size=shape)
    prices = long_table(snapshots, "bus", buses, price_per_mwh=noise, certified=noise > 0.0)
    settlement = pd.DataFrame(
        {"participant": ["town", "network"], "payment": [1.5, -1.5], "payment_cents": [150, -150]}
    )
    empty = pd.DataFrame({"bus": pd.Series([], dtype=object), "multiplier": pd.Series([], dtype=np.float64)})
    return Record(
        question="clear",
        settings={
            "formulation": "soc",
            "price_probes": 20,
            "tolerance": 1e-8,
            "deep": False,
            "notes": ['a "b"\n', "ü"],
        },
        case=case,
        summary={"objective": 0.1 + 0.2, "currency": "EUR", "gap": None, "counts": [1, 2]},
        tables={"electricity_prices": prices, "settlement": settlement, "limits": empty},
        solution={
            "x": noise.ravel(),
            "row/active_balance": np.arange(6),
            "base_mva": np.float64(1.0) * np.ones(()),
            "cone_kinds": np.array(["zero", "second_order"]),
        },
        provenance={"seed": 3, "seconds": 0.25, "solver": {"name": "clarabel", "version": "1.2"}},
        certificate={"verdict": "certified", "checks": [{"name": "gap", "passed": True, "value": 1e-12}]},
    )
