"""Random radial feeders as cases, and their power flow by power-grid-model."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.grid import Grid, read_grid
from tests.certificates.cases import line_columns, made_case, transformer_columns

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
BASE = 5.0
VN = 20.0


@dataclass(frozen=True)
class Feeder:
    """A feeder with injections (buses, steps) and root voltages (references, steps), all in per unit."""

    case: Case
    grid: Grid
    injection: Complexes
    root_voltage: Floats


@st.composite
def feeders(draw: st.DrawFn) -> Feeder:
    """Trees of 2 to 8 buses with branches in both directions, some charging, some transformers, a shunt, two steps."""
    n, seed = draw(st.integers(2, 8)), draw(st.integers(0, 2**32 - 1))
    charging, transforming, root = draw(st.booleans()), draw(st.booleans()), draw(st.integers(0, n - 1))
    random = np.random.default_rng(seed)
    buses = [f"b{i}" for i in range(n)]
    vn, ends, is_line = np.full(n, VN), np.zeros((n - 1, 2), dtype=int), random.random(n - 1) < 0.5
    is_line |= not transforming
    for k, before in enumerate(int(random.integers(i)) for i in range(1, n)):
        vn[k + 1] = vn[before] if is_line[k] else random.choice([0.4, 10.0, 20.0])
        ends[k] = (before, k + 1) if random.random() < 0.5 else (k + 1, before)
    ohm = vn[ends[:, 1]] ** 2 / BASE
    r, x, b = (random.uniform(0.005, 0.05, n - 1) for _ in range(3))
    g, ratio = random.uniform(0.0, 0.02, n - 1), random.uniform(0.95, 1.05, n - 1)
    pairs = np.array(buses)[ends]
    c = b * charging / ohm / (2 * np.pi * 50.0) * 1e9
    lines = line_columns(list(pairs[is_line]), *(list((v * ohm)[is_line]) for v in (r, x)), list(c[is_line]))
    units = zip(pairs[~is_line], *(v[~is_line] for v in (r * ohm, x * ohm, g / ohm, -b / ohm, ratio)), strict=True)
    case = made_case(
        steps=2,
        buses={"bus": buses, "vn_kv": list(vn), "vm_min_pu": [0.9] * n, "vm_max_pu": [1.1] * n},
        lines=lines,
        transformers=transformer_columns(*units),
        interfaces={"interface": ["sub"], "bus": [buses[root]], "vm_pu": [1.0], "price_per_mwh": [10.0]},
        shunts={"shunt": ["cap"], "bus": [buses[-1]], "p_mw": [0.02], "q_mvar": [-0.1]},
    )
    injection = (random.uniform(-0.3, 0.2, (n, 2)) + 1j * random.uniform(-0.2, 0.1, (n, 2))) / n
    return Feeder(case, read_grid(case, BASE), injection, random.uniform(0.97, 1.03, (1, 2)))
