"""Networks with any candidates, made up for tests: valid, with sizes and costs from one end of what is plausible to
the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load
from tests.io.made import NAMES

BLANK = float("nan")
NODES = ("A", "B")
PIPE = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}
TARIFF = {"disagreement": "tariff", "tariff_buy_per_mwh": 90.0, "tariff_sell_per_mwh": 20.0}
POWERS = st.floats(1e-3, 100.0)
Rows = list[dict[str, Any]]


def between(draw: st.DrawFn, low: float, high: float, count: int) -> list[float]:
    """Numbers in ascending order."""
    return sorted(draw(st.lists(st.floats(low, high), min_size=count, max_size=count)))


def costs(draw: st.DrawFn) -> dict[str, float]:
    money = st.floats(0.0, 1e15)
    years = draw(st.floats(1e-3, 100.0))
    return {"investment": draw(money), "lifetime_years": years, "maintenance_per_year": draw(money)}


def sited(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    units = float(draw(st.integers(1, 1000)))
    return {"candidate": name, "bus": draw(st.sampled_from(buses)), "max_units": units, **costs(draw)}


def renewable(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    p = draw(POWERS)
    taken = draw(st.booleans())
    sn = draw(st.one_of(st.just(BLANK), st.floats(p, 100.0) if taken else POWERS))
    kind = draw(st.sampled_from(["wind", "pv", "other"]))
    return {**sited(draw, name, buses), "kind": kind, "p_mw": p, "sn_mva": sn, "curtailable": not taken}


def storage(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    least, initial, energy = between(draw, 1e-9, 1e6, 3)
    powers = {"charge_mw": draw(st.floats(0.0, 100.0)), "discharge_mw": draw(POWERS)}
    shares = {f"efficiency_{way}": draw(st.floats(0.01, 1.0)) for way in ("charge", "discharge")}
    sizes = {"min_mwh": least, "initial_mwh": initial, "energy_mwh": energy}
    return {**sited(draw, name, buses), **sizes, **powers, **shares, "islanding": draw(st.booleans())}


def generator(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    low, high = between(draw, 1e-3, 100.0, 2)
    least, most = between(draw, -100.0, 100.0, 2)
    limits = {"min_p_mw": low, "max_p_mw": high, "min_q_mvar": least, "max_q_mvar": most}
    return {**sited(draw, name, buses), **limits, "emissions_t_per_mwh": draw(st.floats(0.0, 10.0))}


def heat_range(draw: st.DrawFn) -> dict[str, float]:
    low, high = between(draw, 1e-3, 100.0, 2)
    return {"min_heat_mw": low, "max_heat_mw": high}


def warm(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A candidate at a node of the heat network."""
    place = {"candidate": name, "node": draw(st.sampled_from(NODES)), "max_units": float(draw(st.integers(1, 1000)))}
    return place | costs(draw)


def plant(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    low, high = draw(st.floats(0.0, 1.0)), draw(st.floats(1.1, 100.0))
    least, most = between(draw, -100.0, 100.0, 2)
    limits = {"min_p_mw": low, "max_p_mw": high, "min_q_mvar": least, "max_q_mvar": most}
    kind = draw(st.sampled_from(["back_pressure", "extraction", "gas_turbine", "engine"]))
    fuel = {"heat_per_power": draw(st.floats(0.1, 10.0)), "fuel_per_p": draw(st.floats(0.0, 5.0)), "kind": kind}
    return {**warm(draw, name), "bus": draw(st.sampled_from(buses)), **limits, **fuel}


def electric_boiler(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    return {**warm(draw, name), "bus": draw(st.sampled_from(buses)), **heat_range(draw)}


def heat_pump(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    source = draw(st.one_of(st.just(BLANK), st.floats(-20.0, 40.0)))
    sink = {"sink_degc": draw(st.floats(41.0, 90.0)), "source_degc": source}
    return electric_boiler(draw, name, buses) | sink


def gas_boiler(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    return {**warm(draw, name), **heat_range(draw), "efficiency": draw(st.floats(0.01, 1.1))}


def tank(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    least, initial, energy = between(draw, 1e-9, 1e6, 3)
    powers = {"charge_mw": draw(st.floats(0.0, 100.0)), "discharge_mw": draw(POWERS)}
    begins = draw(st.sampled_from([BLANK, initial]))
    return {**warm(draw, name), "min_mwh": least, "initial_mwh": begins, "energy_mwh": energy, **powers}


def exchange(draw: st.DrawFn, name: str, microgrids: Sequence[str]) -> dict[str, Any]:
    powers = {"max_buy_mw": draw(st.floats(0.0, 100.0)), "max_sell_mw": draw(POWERS)}
    units = float(draw(st.integers(1, 1000)))
    owner = draw(st.sampled_from(microgrids))
    return {"candidate": name, "microgrid": owner, "max_units": units, **powers, **costs(draw)}


def wire(draw: st.DrawFn) -> dict[str, float]:
    r, x = draw(st.floats(1e-9, 1000.0)), draw(st.floats(0.0, 1000.0))
    return {"r_ohm_per_km": r, "x_ohm_per_km": x, "max_i_ka": draw(st.floats(1e-9, 200.0))}


def line_type(draw: st.DrawFn, name: str, lines: Sequence[str]) -> dict[str, Any]:
    failures = draw(st.one_of(st.just(BLANK), st.floats(0.0, 100.0)))
    return {
        "candidate": name,
        "line": draw(st.sampled_from(lines)),
        **wire(draw),
        "failures_per_km_year": failures,
        **costs(draw),
    }


def tie(draw: st.DrawFn, name: str, buses: Sequence[str]) -> dict[str, Any]:
    start, end = draw(st.lists(st.sampled_from(buses), min_size=2, max_size=2, unique=True))
    more = {"length_km": draw(st.floats(1e-3, 5000.0)), "switching_h": draw(st.floats(0.0, 24.0))}
    return {"candidate": name, "from_bus": start, "to_bus": end, **wire(draw), **more, **costs(draw)}


def device(draw: st.DrawFn, name: str, lines: Sequence[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["breaker", "recloser", "fuse", "sectionaliser"]))
    place = {"line": draw(st.sampled_from(lines)), "end": draw(st.sampled_from(["from", "to"]))}
    return {"candidate": name, **place, "kind": kind, "switching_h": draw(st.floats(1e-3, 24.0)), **costs(draw)}


MAKERS = {
    "renewable_candidates": (renewable, "buses"),
    "storage_candidates": (storage, "buses"),
    "generator_candidates": (generator, "buses"),
    "chp_candidates": (plant, "station"),
    "electric_boiler_candidates": (electric_boiler, "station"),
    "heat_pump_candidates": (heat_pump, "station"),
    "gas_boiler_candidates": (gas_boiler, "buses"),
    "heat_storage_candidates": (tank, "buses"),
    "exchange_candidates": (exchange, "microgrids"),
    "line_candidates": (line_type, "lines"),
    "tie_candidates": (tie, "buses"),
    "protection_candidates": (device, "lines"),
}


def different(devices: Rows) -> Rows:
    """Devices of which no two are the same at one end of a line."""
    seen = {(row["line"], row["end"], row["kind"], row["switching_h"]): row for row in devices}
    return list(seen.values())


@st.composite
def planning_cases(draw: st.DrawFn) -> Case:
    """A radial network of a few buses, four steps of a day, and up to two candidates of every table.

    What heats its heat network stands at the first bus, and a microgrid at the last.
    """
    buses, steps = [str(k + 1) for k in range(draw(st.integers(2, 5)))], 4
    lines = [f"L{k}" for k in range(1, len(buses))]
    counts = {table: draw(st.integers(0, 2)) for table in MAKERS}
    fresh = NAMES.filter(lambda name: name not in (*lines, "h"))
    names = iter(draw(st.lists(fresh, min_size=24, max_size=24, unique=True)))
    there = {"buses": buses, "lines": lines, "station": buses[:1], "microgrids": ["M"]}
    rows: dict[str, Rows] = {
        table: [make(draw, next(names), there[at]) for _ in range(counts[table])]
        for table, (make, at) in MAKERS.items()
    }
    rows["protection_candidates"] = different(rows["protection_candidates"])
    factors = draw(st.lists(st.floats(0.0, 1.0), min_size=steps - 1, max_size=steps - 1))
    profiles = {
        f"renewable_candidates/{row['candidate']}/p_mw": [factor * row["p_mw"] for factor in (*factors, 1.0)]
        for row in rows["renewable_candidates"]
        if draw(st.booleans())
    }
    more = {"max_i_ka": 0.4, "repair_h": 5.0}
    return district(
        profiles,
        step_minutes=360,
        steps=steps,
        window="day",
        buses=[bus(name) for name in buses],
        lines=[line(name, buses[draw(st.integers(0, k))], buses[k + 1], **more) for k, name in enumerate(lines)],
        interfaces=[interface(emissions_t_per_mwh=0.4)],
        loads=[load(name, draw(st.floats(0.0, 5.0))) for name in buses],
        microgrids=[{"microgrid": "M", "bus": buses[-1], "max_buy_mw": 1.0, "max_sell_mw": 0.0, **TARIFF}],
        heat_networks=[{"heat_network": "town", "ambient_degc": 5.0}],
        heat_nodes=[{"node": name, "heat_network": "town"} for name in NODES],
        pipes=[{"pipe": "p", "from_node": "A", "to_node": "B", **PIPE}],
        heat_sources=[{"heat_source": "s", "node": "A", "bus": buses[0]}],
        heat_loads=[{"heat_load": "h", "node": "B", "heat_mw": 0.4}],
        gas_boilers=[{"gas_boiler": "h", "node": "A", "max_heat_mw": 0.5}],
        **{table: filled for table, filled in rows.items() if filled},
    )


@st.composite
def designs(draw: st.DrawFn, case: Case) -> dict[str, int]:
    """Any design of a case: at most one type of a line, and one device at an end."""
    design, taken = {}, set()
    for table, (_, _) in MAKERS.items():
        for row in case.tables[table].to_dict("records"):
            place = (table, row.get("line"), row.get("end")) if "line" in row else None
            most = int(row.get("max_units", 1)) if place is None or place not in taken else 0
            design[row["candidate"]] = draw(st.integers(0, most))
            taken |= {place} if design[row["candidate"]] else set()
    return design
