"""A feeder cleared by hand, so that the judges are tried on an answer that no part of the project has made.

Four buses, three half-hours: a substation (s), two customers (a, b) and a generator (c), with PV, a battery, a bid,
shiftable energy and a capacitor. The matrices of the cone program are written out row by row and given to a solver;
the price parts come from finite differences of a forward-backward sweep, the limit multipliers from the rows. In the
first step the voltage at b is at its lowest, in the second the import is limited, in the third the line s-a is full.

    s ---- a ---- b
           |
           c
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import clarabel
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.results.record import Record, long_table
from tests.certificates.cases import line_columns, made_case

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Terms = list[tuple[int, float]]

BASE = 10.0
VN = 10.0
STEPS = 3
HOURS = 0.5
FROM, TO = np.array([0, 1, 1]), np.array([1, 2, 3])
OHM = VN**2 / BASE
R, X, HALF_B = np.array([0.03, 0.11, 0.03]), np.array([0.04, 0.08, 0.02]), np.array([0.004, 0.0, 0.0])
KILOAMPERE = BASE / (np.sqrt(3.0) * VN)
LIMIT_KA = 0.20
SHUNT_Q = -0.05
SUB_VOLTAGE = 1.02
BALANCES = ("active_balance", "reactive_balance")
# variable -> bus, active and reactive injection of one unit of it
DEVICES = {
    "buy": (0, 1.0, 0.0),
    "sell": (0, -1.0, 0.0),
    "import_q": (0, 0.0, 1.0),
    "generator_p": (3, 1.0, 0.0),
    "generator_q": (3, 0.0, 1.0),
    "renewable_p": (2, 1.0, 0.0),
    "renewable_q": (2, 0.0, 1.0),
    "charge": (1, -1.0, 0.0),
    "discharge": (1, 1.0, 0.0),
    "energy": (1, 0.0, 0.0),
    "bid_p": (1, -1.0, -0.2),
    "shift_p": (2, -1.0, -0.1),
}


def feeder_case() -> Case:
    lines = line_columns(
        [("s", "a"), ("a", "b"), ("a", "c")],
        R * OHM,
        X * OHM,
        HALF_B / (np.pi * 50.0 * OHM) * 1e9,
        [LIMIT_KA, np.nan, np.nan],
    )
    profiles = {
        "interfaces/sub/price_per_mwh": [50.0, 30.0, 60.0],
        "interfaces/sub/max_import_mw": [20.0, 2.7, 20.0],
        "interfaces/sub/max_q_mvar": [9.0, 9.0, 0.06],
        "loads/load-b/p_mw": [4.6, 1.8, 3.5],
        "loads/load-b/q_mvar": [1.5, 0.8, 1.0],
        "renewables/pv/p_mw": [0.3, 0.5, 0.2],
    }
    return made_case(
        steps=STEPS,
        step_minutes=60.0 * HOURS,
        profiles=profiles,
        buses={"bus": ["s", "a", "b", "c"], "vn_kv": [VN] * 4, "vm_min_pu": [0.95] * 4, "vm_max_pu": [1.05] * 4},
        lines=lines,
        interfaces={
            "interface": ["sub"],
            "bus": ["s"],
            "vm_pu": [SUB_VOLTAGE],
            "price_per_mwh": [50.0],
            "sell_ratio": [0.8],
            "max_import_mw": [20.0],
            "max_export_mw": [5.0],
        },
        generators={
            "generator": ["gen"],
            "bus": ["c"],
            "max_p_mw": [3.0],
            "min_q_mvar": [-0.3],
            "max_q_mvar": [0.3],
            "cost_per_mwh": [55.0],
            "cost_per_mw2h": [4.0],
        },
        renewables={"renewable": ["pv"], "bus": ["b"], "kind": ["pv"], "p_mw": [0.5], "sn_mva": [0.55]},
        storages={
            "storage": ["battery"],
            "bus": ["a"],
            "energy_mwh": [1.0],
            "charge_mw": [0.6],
            "discharge_mw": [0.6],
            "efficiency_charge": [0.95],
            "efficiency_discharge": [0.9],
            "initial_mwh": [0.4],
            "loss_per_hour": [0.01],
            "wear_cost_per_mwh": [1.0],
        },
        loads={"load": ["load-a", "load-b"], "bus": ["a", "b"], "p_mw": [0.8, 4.0], "q_mvar": [0.3, 1.0]},
        bids={"bid": ["bid-a"], "load": ["load-a"], "p_mw": [0.3], "benefit_per_mwh": [62.0], "q_mvar_per_mw": [0.2]},
        shiftable={"load": ["load-b"], "energy_mwh": [0.25], "max_p_mw": [0.4], "q_mvar_per_mw": [0.1]},
        shunts={"shunt": ["capacitor"], "bus": ["c"], "q_mvar": [SHUNT_Q * BASE]},
    )


@dataclass
class Rows:
    """A cone program, written row by row: ``terms . x = b``, ``terms . x <= b``, ``(b - terms . x) in cone``."""

    size: int = 0
    columns: dict[str, Ints] = field(default_factory=dict)
    cost: dict[int, float] = field(default_factory=dict)
    square: dict[int, float] = field(default_factory=dict)
    rows: dict[str, list[tuple[Terms, float]]] = field(default_factory=lambda: {"=": [], "<": [], "cone": []})
    cones: list[int] = field(default_factory=list)

    def variable(self, name: str, count: int) -> Ints:
        self.columns[name] = self.size + np.arange(count * STEPS).reshape(count, STEPS)
        self.size += count * STEPS
        return self.columns[name]

    def add(self, kind: str, terms: Terms, b: float) -> int:
        """Number of the row among those of its kind."""
        self.rows[kind].append((terms, b))
        return len(self.rows[kind]) - 1

    def cone(self, head: tuple[Terms, float], *tail: tuple[Terms, float]) -> int:
        """(head, tail) in the second-order cone, each an affine expression terms . x + constant."""
        first = len(self.rows["cone"])
        for terms, b in (head, *tail):
            self.add("cone", [(c, -v) for c, v in terms], b)
        self.cones.append(1 + len(tail))
        return first


@dataclass(frozen=True)
class Solved:
    x: Floats
    z: Floats
    arrays: Mapping[str, NDArray[np.generic]]
    below: int
    conic: int

    def bound(self, row: int) -> float:
        """Multiplier of a "<" row."""
        return float(self.z[self.below + row])

    def head(self, row: int) -> float:
        """Multiplier of the head of a cone."""
        return float(self.z[self.conic + row])


def solve(program: Rows) -> Solved:
    every = [row for kind in ("=", "<", "cone") for row in program.rows[kind]]
    entries = [(i, c, v) for i, (terms, _) in enumerate(every) for c, v in terms]
    i, c, v = (np.array(part) for part in zip(*entries, strict=True))
    A = sp.csc_matrix((v.astype(float), (i.astype(int), c.astype(int))), shape=(len(every), program.size))
    b = np.array([b for _, b in every])
    q = np.zeros(program.size)
    q[list(program.cost)] = list(program.cost.values())
    square = list(program.square)
    P = sp.csc_matrix((list(program.square.values()), (square, square)), shape=(program.size,) * 2)
    sizes = [len(program.rows["="]), len(program.rows["<"]), *program.cones]
    cones = [clarabel.ZeroConeT(sizes[0]), clarabel.NonnegativeConeT(sizes[1])]
    cones += [clarabel.SecondOrderConeT(size) for size in program.cones]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    answer = clarabel.DefaultSolver(P, q, A, b, cones, settings).solve()
    assert str(answer.status) == "Solved"
    x, z, s = (np.array(part) for part in (answer.x, answer.z, answer.s))
    arrays = {
        f"{name}_{part}": getattr(M, part) for name, M in (("P", P), ("A", A)) for part in ("data", "indices", "indptr")
    }
    arrays |= {"q": q, "b": b, "x": x, "z": z, "s": s, "constant": np.array(0.0), "base_mva": np.array(BASE)}
    arrays |= {"cone_kinds": np.array(["zero", "nonnegative"] + ["second_order"] * len(program.cones))}
    arrays |= {"cone_sizes": np.array(sizes, dtype=np.int64)}
    arrays |= {f"column/{name}": columns for name, columns in program.columns.items()}
    return Solved(x, z, arrays, sizes[0], sizes[0] + sizes[1])


Balances = dict[tuple[str, int, int], tuple[Terms, float]]
# (constraint, component, end, step) -> kind of row, its number, currency per hour and unit for one of its multiplier
Limits = dict[tuple[str, str, str, int], tuple[str, int, float]]


def feeder_record() -> Record:
    """The feeder's market, cleared, with every table of the contract."""
    case = feeder_case()
    program, rows, limits = _market(case)
    return _record(case, program, solve(program), rows, limits)


def feeder_cost(balance: str, bus: int, t: int, step: float) -> float:
    """Optimal cost with the demand (per unit) at a bus and step raised by ``step``."""
    program, rows, _ = _market(feeder_case())
    terms, b = program.rows["="][rows[f"row/{balance}"][bus, t]]
    program.rows["="][rows[f"row/{balance}"][bus, t]] = (terms, b - step)
    solved = solve(program)
    return _cost(program, solved)


def _market(case: Case) -> tuple[Rows, dict[str, Ints], Limits]:
    program = Rows()
    limits: Limits = {}
    balances = _network(program, limits)
    _devices(case, program, balances, limits)
    _fixed_loads(case, balances)
    rows = {
        f"row/{name}": np.array([[program.add("=", *balances[name, bus, t]) for t in range(STEPS)] for bus in range(4)])
        for name in BALANCES
    }
    return program, rows, limits


def _cost(program: Rows, solved: Solved) -> float:
    quadratic = sum(0.5 * value * solved.x[column] ** 2 for column, value in program.square.items())
    return float(solved.x @ solved.arrays["q"] + quadratic)


def _network(program: Rows, limits: Limits) -> Balances:
    """Flow law, cone, voltage and current limits; returns outflow - injections = - demand, still without devices."""
    P, Q, l = (program.variable(name, 3) for name in ("flow_p", "flow_q", "current"))
    v = program.variable("voltage", 4)
    balances: Balances = {(name, bus, t): ([], 0.0) for name in BALANCES for bus in range(4) for t in range(STEPS)}
    for t in range(STEPS):
        program.add("=", [(v[0, t], 1.0)], SUB_VOLTAGE**2)
        for bus in (1, 2, 3):
            high = program.add("<", [(v[bus, t], 1.0)], 1.05**2)
            low = program.add("<", [(v[bus, t], -1.0)], -(0.95**2))
            limits["buses/vm_max_pu", "sabc"[bus], "", t] = ("<", high, 2 * 1.05 / HOURS)
            limits["buses/vm_min_pu", "sabc"[bus], "", t] = ("<", low, 2 * 0.95 / HOURS)
        balances["reactive_balance", 3, t][0].append((v[3, t], SHUNT_Q))
        for k, (f, to) in enumerate(zip(FROM, TO, strict=True)):
            _branch(program, balances, (P[k, t], Q[k, t], l[k, t], v[f, t], v[to, t]), k, t)
        _current_limit(program, limits, (Q[0, t], l[0, t], v[0, t], v[1, t]), t)
    return balances


def _branch(program: Rows, balances: Balances, at: tuple[int, int, int, int, int], k: int, t: int) -> None:
    P, Q, l, v_from, v_to = at
    r, x, b = R[k], X[k], HALF_B[k]
    program.add("=", [(v_to, 1.0), (v_from, -1.0), (P, 2 * r), (Q, 2 * x), (l, -(r**2) - x**2)], 0.0)
    head, tail = ([(v_from, 1.0), (l, 1.0)], 0.0), ([(v_from, 1.0), (l, -1.0)], 0.0)
    program.cone(head, tail, ([(P, 2.0)], 0.0), ([(Q, 2.0)], 0.0))
    balances["active_balance", FROM[k], t][0].append((P, 1.0))
    balances["active_balance", TO[k], t][0].extend([(P, -1.0), (l, r)])
    balances["reactive_balance", FROM[k], t][0].extend([(Q, 1.0), (v_from, -b)])
    balances["reactive_balance", TO[k], t][0].extend([(Q, -1.0), (l, x), (v_to, -b)])


def _current_limit(program: Rows, limits: Limits, at: tuple[int, int, int, int], t: int) -> None:
    """Squared current at both ends of the line s-a, from |S|^2 / v with P^2 + Q^2 = v l."""
    Q, l, v_from, v_to = at
    x, b, most = X[0], HALF_B[0], LIMIT_KA / KILOAMPERE
    scale = 2.0 * most / KILOAMPERE / HOURS
    start = program.add("<", [(l, 1.0), (Q, -2 * b), (v_from, b**2)], most**2)
    end = program.add("<", [(l, 1.0 - 2 * b * x), (Q, 2 * b), (v_to, b**2)], most**2)
    limits["lines/max_i_ka", "s-a", "from", t] = ("<", start, scale)
    limits["lines/max_i_ka", "s-a", "to", t] = ("<", end, scale)


def _devices(case: Case, program: Rows, balances: Balances, limits: Limits) -> None:
    """Variables, limits and costs of the devices, and what they put into the balances."""
    one = {name: program.variable(name, 1)[0] for name in DEVICES}
    for t in range(STEPS):
        for name, low, high, under, over, component in _ranges(case, t):
            for sign, limit, constraint in ((-1.0, -low, under), (1.0, high, over)):
                if np.isfinite(limit):
                    row = program.add("<", [(one[name][t], sign)], limit / BASE)
                    limits |= {(constraint, component, "", t): ("<", row, 1.0 / BASE / HOURS)} if constraint else {}
        disc = program.cone(([], 0.055), ([(one["renewable_p"][t], 1.0)], 0.0), ([(one["renewable_q"][t], 1.0)], 0.0))
        limits["renewables/sn_mva", "pv", "", t] = ("cone", disc, 1.0 / BASE / HOURS)
        for name, (bus, active, reactive) in DEVICES.items():
            balances["active_balance", bus, t][0].append((one[name][t], -active))
            balances["reactive_balance", bus, t][0].append((one[name][t], -reactive))
    _costs(case, program, one)
    _couplings(program, one)


def _ranges(case: Case, t: int) -> list[tuple[str, float, float, str, str, str]]:
    """Variable, lowest and highest MW, names of the two limits (blank: not reported) and their component."""
    most_in, most_q = (float(case.series("interfaces", name)[0, t]) for name in ("max_import_mw", "max_q_mvar"))
    sun, least = float(case.series("renewables", "p_mw")[0, t]), 0.4 if t == STEPS - 1 else 0.0
    return [
        ("buy", 0.0, most_in, "", "interfaces/max_import_mw", "sub"),
        ("import_q", -np.inf, most_q, "", "interfaces/max_q_mvar", "sub"),
        ("sell", 0.0, 5.0, "", "interfaces/max_export_mw", "sub"),
        ("generator_p", 0.0, 3.0, "generators/min_p_mw", "generators/max_p_mw", "gen"),
        ("generator_q", -0.3, 0.3, "generators/min_q_mvar", "generators/max_q_mvar", "gen"),
        ("renewable_p", 0.0, sun, "", "renewables/p_mw", "pv"),
        ("charge", 0.0, 0.6, "", "storages/charge_mw", "battery"),
        ("discharge", 0.0, 0.6, "", "storages/discharge_mw", "battery"),
        ("energy", least, 1.0, "storages/min_mwh", "storages/energy_mwh", "battery"),
        ("bid_p", 0.0, 0.3, "", "bids/p_mw", "bid-a"),
        ("shift_p", 0.0, 0.4, "shiftable/min_p_mw", "shiftable/max_p_mw", "load-b"),
    ]


def _costs(case: Case, program: Rows, one: Mapping[str, Ints]) -> None:
    price = case.series("interfaces", "price_per_mwh")[0]
    for t in range(STEPS):
        costs = {"buy": price[t], "sell": -0.8 * price[t], "generator_p": 55.0, "discharge": 1.0, "bid_p": -62.0}
        program.cost |= {one[name][t]: HOURS * BASE * cost for name, cost in costs.items()}
        program.square[one["generator_p"][t]] = HOURS * BASE**2 * 2 * 4.0


def _couplings(program: Rows, one: Mapping[str, Ints]) -> None:
    """What couples the steps: stored energy, and the energy that is shifted."""
    for t in range(STEPS):
        before = [(one["energy"][t - 1], -(0.99**HOURS))] if t else []
        stored = 0.0 if t else 0.99**HOURS * 0.4 / BASE
        flow = [(one["charge"][t], -HOURS * 0.95), (one["discharge"][t], HOURS / 0.9)]
        program.add("=", [(one["energy"][t], 1.0), *before, *flow], stored)
    program.add("=", [(one["shift_p"][t], HOURS) for t in range(STEPS)], 0.25 / BASE)


def _fixed_loads(case: Case, balances: Balances) -> None:
    for column, name in (("p_mw", BALANCES[0]), ("q_mvar", BALANCES[1])):
        for load, bus in enumerate((1, 2)):
            for t in range(STEPS):
                terms, b = balances[name, bus, t]
                balances[name, bus, t] = (terms, b - case.series("loads", column)[load, t] / BASE)


def _record(case: Case, program: Rows, solved: Solved, rows: dict[str, Ints], limits: Limits) -> Record:
    at = {name: solved.x[columns] for name, columns in program.columns.items()}
    mw = {name: BASE * values for name, values in at.items()}
    tables = _tables(case, at, mw)
    active, reactive = (solved.z[rows[f"row/{name}"]] / BASE / HOURS for name in BALANCES)
    tables["limits"] = _limit_table(case, solved, limits)
    parts = _parts(case, tables, active, reactive)
    tables["electricity_prices"] = long_table(
        case.snapshots,
        "bus",
        case.ids("buses"),
        price_per_mwh=active,
        **parts,
        reactive_price_per_mvarh=reactive,
        certified=np.zeros((4, STEPS), dtype=np.bool_),
    )
    tables["settlement"] = _settlement(case, tables, active, reactive, mw)
    cost = _cost(program, solved)
    tables["price_probes"] = _probes(case, cost)
    settings = {"formulation": "soc", "exactness": "check", "solver": "clarabel", "price_probes": 0}
    summary = {"objective": cost, **_summary(case, tables, mw, active)}
    return Record("clear", settings, case, summary, tables, {**solved.arrays, **rows})


def _summary(case: Case, tables: dict[str, pd.DataFrame], mw: dict[str, Floats], active: Floats) -> dict[str, object]:
    """Buying and selling never coincide here, so that imports are what is bought."""
    energy = {name: HOURS * float(values.sum()) for name, values in mw.items()}
    fixed = HOURS * float(case.series("loads", "p_mw").sum())
    return {
        "case": "made",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "start": "2024-01-01T00:00:00+01:00",
        "steps": 3,
        "step_minutes": 30.0,
        "load_mwh": fixed + energy["bid_p"] + energy["shift_p"],
        "import_mwh": energy["buy"],
        "export_mwh": energy["sell"],
        "generation_mwh": energy["generator_p"],
        "renewable_mwh": energy["renewable_p"],
        "curtailed_mwh": HOURS * (0.3 + 0.5 + 0.2) - energy["renewable_p"],
        "loss_mwh": HOURS * float((BASE * R[:, None] * mw["current"] / BASE).sum()),
        "lowest_vm_pu": float(np.sqrt(mw["voltage"] / BASE).min()),
        "highest_vm_pu": SUB_VOLTAGE,
        "highest_loading_percent": 100.0,
        "price_min_per_mwh": float(active.min()),
        "price_mean_per_mwh": float(active.sum()) / 12.0,
        "price_max_per_mwh": float(active.max()),
    }


def _tables(case: Case, at: dict[str, Floats], mw: dict[str, Floats]) -> dict[str, pd.DataFrame]:
    times, vm = case.snapshots, np.sqrt(at["voltage"])
    v_from, v_to = at["voltage"][FROM], at["voltage"][TO]
    q_from = at["flow_q"] - HALF_B[:, None] * v_from
    p_to, q_to = at["flow_p"] - R[:, None] * at["current"], at["flow_q"] - X[:, None] * at["current"]
    ends = [np.hypot(at["flow_p"], q_from) / vm[FROM], np.hypot(p_to, q_to + HALF_B[:, None] * v_to) / vm[TO]]
    i_ka = np.maximum(*ends) * KILOAMPERE
    net, battery = mw["buy"] - mw["sell"], mw["discharge"] - mw["charge"]
    zero, blank = np.zeros((1, STEPS)), np.full((1, STEPS), np.nan)
    fixed, fixed_q = case.series("loads", "p_mw"), case.series("loads", "q_mvar")
    bid, shifted = np.vstack([mw["bid_p"], zero]), np.vstack([zero, mw["shift_p"]])
    devices = {
        ("interface", "sub"): (net, mw["import_q"], blank),
        ("generator", "gen"): (mw["generator_p"], mw["generator_q"], blank),
        ("renewable", "pv"): (mw["renewable_p"], mw["renewable_q"], blank),
        ("storage", "battery"): (battery, zero, mw["energy"]),
        ("load", "load-a"): (-(fixed + bid + shifted)[:1], -(fixed_q + 0.2 * bid + 0.1 * shifted)[:1], blank),
        ("load", "load-b"): (-(fixed + bid + shifted)[1:], -(fixed_q + 0.2 * bid + 0.1 * shifted)[1:], blank),
        ("shunt", "capacitor"): (zero, -SHUNT_Q * BASE * at["voltage"][3:], blank),
    }
    p, q, energy = (np.vstack(part) for part in zip(*devices.values(), strict=True))
    names = [name for _, name in devices]
    dispatch = long_table(times, "device", names, p_mw=p, q_mvar=q, heat_mw=np.full_like(p, np.nan), energy_mwh=energy)
    dispatch.insert(2, "kind", [kind for kind, _ in devices] * STEPS)
    return {
        "interface": long_table(
            times,
            "interface",
            ["sub"],
            import_mw=net,
            import_mvar=mw["import_q"],
            lmp_per_mwh=case.series("interfaces", "price_per_mwh"),
            buy_mw=mw["buy"],
            sell_mw=mw["sell"],
        ),
        "dispatch": dispatch,
        "storages": long_table(
            times, "storage", ["battery"], charge_mw=mw["charge"], discharge_mw=mw["discharge"], energy_mwh=mw["energy"]
        ),
        "demand": long_table(times, "load", ["load-a", "load-b"], fixed_mw=fixed, bid_mw=bid, shifted_mw=shifted),
        "buses": long_table(times, "bus", case.ids("buses"), vm_pu=vm),
        "branches": long_table(
            times,
            "branch",
            case.ids("lines"),
            p_mw=mw["flow_p"],
            q_mvar=BASE * q_from,
            i_ka=i_ka,
            loading_percent=100.0 * i_ka / case.column("lines", "max_i_ka")[:, None],
            loss_mw=BASE * R[:, None] * at["current"],
            cone_gap=at["current"] - (at["flow_p"] ** 2 + at["flow_q"] ** 2) / v_from,
        ),
    }


def _limit_table(case: Case, solved: Solved, limits: Limits) -> pd.DataFrame:
    values = {
        key: scale * (solved.head if kind == "cone" else solved.bound)(row)
        for key, (kind, row, scale) in limits.items()
    }
    kept = [
        (case.snapshots[t], name, owner, end, values[name, owner, end, t], "EUR/h") for name, owner, end, t in values
    ]
    kept = [row for row in kept if row[4] > 1e-6]
    table = pd.DataFrame(kept, columns=["snapshot", "constraint", "component", "end", "multiplier", "unit"])
    return table.sort_values("snapshot", kind="stable", ignore_index=True)


def sweep(injection: NDArray[np.complex128], root: float) -> NDArray[np.complex128]:
    """Voltage phasors (4,) of the feeder by forward-backward sweeps; injections without the capacitor's."""
    voltage = np.full(4, root, dtype=np.complex128)
    for _ in range(200):
        drawn = -np.conj(injection / voltage)
        drawn[3] -= 1j * SHUNT_Q * voltage[3]
        series = np.zeros(3, dtype=np.complex128)
        for k in (2, 1, 0):
            charging = 1j * HALF_B[k] * voltage[TO[k]]
            series[k] = drawn[TO[k]] + charging + series[TO[k] == FROM].sum()
        for k in (0, 1, 2):
            voltage[TO[k]] = voltage[FROM[k]] - (R[k] + 1j * X[k]) * series[k]
    return voltage


def _state(injection: NDArray[np.complex128], root: float) -> Floats:
    """Active and reactive root import, voltage magnitudes (4), currents of the line s-a at its ends (2)."""
    voltage = sweep(injection, root)
    series = (voltage[0] - voltage[1]) / (R[0] + 1j * X[0])
    start, end = series + 1j * HALF_B[0] * voltage[0], series - 1j * HALF_B[0] * voltage[1]
    power = voltage[0] * np.conj(start)
    return np.array([power.real, power.imag, *np.abs(voltage), abs(start), abs(end)])


def _parts(case: Case, tables: dict[str, pd.DataFrame], active: Floats, reactive: Floats) -> dict[str, Floats]:
    """Price parts by central differences of the sweep."""
    names = ("energy", "loss", "reactive_loss", "voltage", "congestion", "interface")
    parts = {f"{name}_per_mwh": np.zeros((4, STEPS)) for name in names}
    injection = _bus_injections(case, tables["dispatch"])
    price, ratio, step = case.series("interfaces", "price_per_mwh")[0], 0.8, 1e-5
    for t in range(STEPS):
        worth = _worth(case, tables["limits"], t)
        parts["energy_per_mwh"][:, t] = np.clip(active[0, t], ratio * price[t], price[t])
        parts["interface_per_mwh"][:, t] = active[0, t] - parts["energy_per_mwh"][0, t]
        for bus in (1, 2, 3):
            more, less = injection[:, t].copy(), injection[:, t].copy()
            more[bus], less[bus] = more[bus] - step, less[bus] + step
            slope = (_state(more, SUB_VOLTAGE) - _state(less, SUB_VOLTAGE)) / (2 * step)
            parts["loss_per_mwh"][bus, t] = active[0, t] * (slope[0] - 1.0)
            parts["reactive_loss_per_mwh"][bus, t] = reactive[0, t] * slope[1]
            parts["voltage_per_mwh"][bus, t] = worth[:4] @ slope[2:6]
            parts["congestion_per_mwh"][bus, t] = worth[4:] @ slope[6:]
    return parts


def _bus_injections(case: Case, dispatch: pd.DataFrame) -> NDArray[np.complex128]:
    bus = {"sub": 0, "battery": 1, "load-a": 1, "load-b": 2, "pv": 2, "gen": 3}
    injection = np.zeros((4, STEPS), dtype=np.complex128)
    for (name, time), row in dispatch.set_index(["device", "snapshot"]).iterrows():
        if name in bus:
            injection[bus[name], case.snapshots.get_loc(time)] += (row["p_mw"] + 1j * row["q_mvar"]) / BASE
    return injection


def _worth(case: Case, limits: pd.DataFrame, t: int) -> Floats:
    """Multipliers on voltages and on the currents of the line s-a, as price times one per unit."""
    worth = np.zeros(6)
    for row in limits[limits["snapshot"] == case.snapshots[t]].itertuples():
        if row.constraint.startswith("buses/"):
            worth["sabc".index(row.component)] += row.multiplier / BASE * (1.0 if "max" in row.constraint else -1.0)
        if row.constraint.startswith("lines/"):
            worth[4 + ("from", "to").index(row.end)] += row.multiplier * KILOAMPERE / BASE
    return worth


def _settlement(
    case: Case, tables: dict[str, pd.DataFrame], active: Floats, reactive: Floats, mw: dict[str, Floats]
) -> pd.DataFrame:
    bus = {"gen": 3, "pv": 2, "battery": 1, "load-a": 1, "load-b": 2, "capacitor": 3}
    dispatch, price = tables["dispatch"], case.series("interfaces", "price_per_mwh")
    rows = []
    for carrier, column, prices in (("electricity", "p_mw", active), ("reactive", "q_mvar", reactive)):
        for (kind, name), own in dispatch.groupby(["kind", "device"], sort=False):
            power = own[column].to_numpy()
            if kind != "interface":
                rows.append((name, kind, carrier, -HOURS * power.sum(), -HOURS * (prices[bus[name]] * power).sum()))
    paid = HOURS * float((0.8 * price * mw["sell"] - price * mw["buy"]).sum())
    rows.append(("sub", "interface", "electricity", HOURS * float((mw["sell"] - mw["buy"]).sum()), paid))
    table = pd.DataFrame(rows, columns=["participant", "kind", "carrier", "energy_mwh", "payment"])
    table["payment_cents"] = np.rint(100 * table["payment"]).astype(np.int64)
    rest = (
        -table.groupby("carrier")[["energy_mwh", "payment", "payment_cents"]]
        .sum()
        .reset_index(drop=False)
        .set_index("carrier")
    )
    rest = rest.reset_index().assign(participant="network", kind="operator")
    return pd.concat([table, rest[table.columns]], ignore_index=True)


def _probes(case: Case, cost: float) -> pd.DataFrame:
    """Clearings around three bus-steps: a binding voltage, a binding import, a full line."""
    asked = [("active_balance", 2, 0), ("reactive_balance", 3, 0), ("active_balance", 0, 1), ("active_balance", 2, 2)]
    step = 1e-3
    rows = {
        "snapshot": case.snapshots[[t for _, _, t in asked]],
        "bus": ["sabc"[bus] for _, bus, _ in asked],
        "carrier": ["electricity" if name == "active_balance" else "reactive" for name, _, _ in asked],
        "step_mw": step * BASE,
        "cost_minus": [feeder_cost(*place, -step) for place in asked],
        "cost": cost,
        "cost_plus": [feeder_cost(*place, step) for place in asked],
    }
    return pd.DataFrame(rows)
