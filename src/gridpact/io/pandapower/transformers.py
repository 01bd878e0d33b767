"""Two-winding transformers of a pandapower network, as they are at their present taps.

pandapower's model is a T circuit of z/2, y, z/2 at the low-voltage side, behind the ratio of the rated voltages. As the
pi circuit of a case, with half of the admittance at each end, it is z (1 + z y / 4) and y / (1 + z y / 4).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.io.imports.columns import Floats, numbers, whole
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.graph import shifts_matter
from gridpact.io.imports.tables import Tables, table
from gridpact.io.pandapower.net import Net
from gridpact.io.pandapower.open_ends import open_end_shunts
from gridpact.io.pandapower.taps import tapped
from gridpact.io.pandapower.topology import ENDS, Topology, kept_branches

Complexes = NDArray[np.complex128]


def transformer_tables(net: Net, topology: Topology, found: Findings) -> Tables:
    """Table transformers, and shunts of those open at one end."""
    limit = _limit(net, topology)
    net = tapped(net, found)
    _refuse_shifts(net, topology, found)
    frame = net["trafo"]
    high, low = whole(frame, "hv_bus"), whole(frame, "lv_bus")
    kv_high, kv_low = topology.kilovolt(high), topology.kilovolt(low)
    rated_high, rated_low = numbers(frame, "vn_hv_kv"), numbers(frame, "vn_lv_kv")
    ratio = rated_high / rated_low * kv_low / kv_high
    z, y = _pi(frame)
    ids, ends = [f"trafo-{index}" for index in frame.index], (topology.ids(high), topology.ids(low))
    columns = {
        "transformer": ids,
        "from_bus": ends[0],
        "to_bus": ends[1],
        "r_ohm": z.real,
        "x_ohm": z.imag,
        "g_us": y.real * 1e6,
        "b_us": y.imag * 1e6,
        "ratio": ratio,
        "max_s_mva": limit,
        "in_service": topology.carrying("trafo"),
    }
    transformers = table("transformers", columns)
    # pandapower drops a transformer at a bus out of service, but not a line.
    y = np.where(topology.is_live(high) & topology.is_live(low), y, 0.0)
    seen = np.column_stack([kv_low / ratio, kv_low])
    shunts = open_end_shunts(ids, ends, (z, y), seen, topology.closed["trafo"], found)
    return {"transformers": transformers[kept_branches(net, "trafo", topology, found)], "shunts": shunts}


def _pi(frame: pd.DataFrame) -> tuple[Complexes, Complexes]:
    """Series impedance in ohm and shunt admittance in siemens at the low-voltage side."""
    parallel, kilovolt = numbers(frame, "parallel", 1.0), numbers(frame, "vn_lv_kv")
    rating = numbers(frame, "sn_mva") * parallel
    size, r = (numbers(frame, name) / 100.0 * kilovolt**2 / rating for name in ("vk_percent", "vkr_percent"))
    x = np.sign(size) * np.sqrt(size**2 - r**2)
    g = numbers(frame, "pfe_kw") * 1e-3 * parallel / kilovolt**2
    magnetising = numbers(frame, "i0_percent") / 100.0 * rating / kilovolt**2
    b = -np.sqrt(np.maximum(magnetising**2 - g**2, 0.0))
    z, y = r + 1j * x, g + 1j * b
    bend = 1.0 + z * y / 4.0
    return z * bend, y / bend


def _limit(net: Net, topology: Topology) -> Floats:
    """Rated current of the weaker end, taps aside, as apparent power in MVA at the bus's nominal voltage."""
    frame = net["trafo"]
    ends = (("hv_bus", "vn_hv_kv"), ("lv_bus", "vn_lv_kv"))
    at_bus = np.min([topology.kilovolt(whole(frame, bus)) / numbers(frame, rated) for bus, rated in ends], axis=0)
    used = numbers(frame, "df", 1.0) * numbers(frame, "max_loading_percent", 100.0) / 100.0
    limit: Floats = numbers(frame, "sn_mva") * numbers(frame, "parallel", 1.0) * used * at_bus
    return limit


def _refuse_shifts(net: Net, topology: Topology, found: Findings) -> None:
    """Phase shifts that drive flows around loops; others change nothing."""
    degrees = {name: numbers(net[name], "shift_degree", 0.0) for name in ENDS}
    used = {name: topology.carrying(name) for name in ENDS}
    ends = [
        np.concatenate([topology.place(whole(net[name], ENDS[name][side]))[used[name]] for name in ENDS])
        for side in (0, 1)
    ]
    shift = np.concatenate([degrees[name][used[name]] for name in ENDS])
    if shifts_matter(len(topology.bus), ends[0], ends[1], shift):
        names = [f"trafo-{index}" for index in net["trafo"].index[degrees["trafo"] != 0.0]]
        fix = "Make the vector groups of parallel transformers equal; skipped, shifts are ignored."
        found.refuse("transformers shift the phase within a loop", fix, net.file, value=", ".join(names[:8]))
