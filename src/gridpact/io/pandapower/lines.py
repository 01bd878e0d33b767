"""Lines of a pandapower network, the switches in them, and switches between buses that have an impedance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.io.imports.columns import Floats, flags, has_text, numbers, whole
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.tables import Tables, believable_length, chosen, joined, table
from gridpact.io.pandapower.net import Net
from gridpact.io.pandapower.open_ends import open_end_shunts
from gridpact.io.pandapower.topology import Topology, joining_switches, kept_branches

# Resistance over reactance of a switch with an impedance, as pandapower assumes it.
SWITCH_R_OVER_X = 2.0


def line_tables(net: Net, topology: Topology, found: Findings) -> Tables:
    """Tables lines and switches; transformers in place of lines that leak; shunts of lines open at one end."""
    frame = net["line"]
    kilovolt = topology.kilovolt(whole(frame, "from_bus"))
    lines = _lines(net, topology)
    leak = numbers(frame, "g_us_per_km", 0.0) * numbers(frame, "parallel", 1.0) * numbers(frame, "length_km")
    bent = _leaking(net, lines, leak, kilovolt).assign(in_service=topology.carrying("line"))
    circuit = (
        np.asarray(bent["r_ohm"] + 1j * bent["x_ohm"], dtype=np.complex128),
        np.asarray((bent["g_us"] + 1j * bent["b_us"]) * 1e-6, dtype=np.complex128),
    )
    ends = (lines["from_bus"].tolist(), lines["to_bus"].tolist())
    both = np.column_stack([kilovolt, kilovolt])
    shunts = open_end_shunts(lines["line"].tolist(), ends, circuit, both, topology.closed["line"], found)
    kept, leaks = kept_branches(net, "line", topology, found), leak != 0.0
    found.note("lines that leak become transformers of ratio 1", list(lines.loc[kept & leaks, "line"]))
    lines = joined(chosen(lines, kept & ~leaks), _impedance_switches(net, topology))
    return {
        "lines": lines,
        "transformers": chosen(bent, kept & leaks),
        "switches": _switches(net, set(lines["line"])),
        "shunts": shunts,
    }


def _lines(net: Net, topology: Topology) -> pd.DataFrame:
    frame = net["line"]
    parallel = numbers(frame, "parallel", 1.0)
    length = numbers(frame, "length_km")
    r, x = (numbers(frame, name) * length / parallel for name in ("r_ohm_per_km", "x_ohm_per_km"))
    farad = numbers(frame, "c_nf_per_km", 0.0) * length * parallel
    # Converters from per unit write one kilometre everywhere.
    length = believable_length(r, x, farad) if (length == 1.0).all() else length
    columns = {
        "line": [f"line-{index}" for index in frame.index],
        "from_bus": topology.ids(whole(frame, "from_bus")),
        "to_bus": topology.ids(whole(frame, "to_bus")),
        "length_km": length,
        "r_ohm_per_km": r / length,
        "x_ohm_per_km": x / length,
        "c_nf_per_km": farad / length,
        "max_i_ka": _limit(frame) * parallel,
        "in_service": flags(frame, "in_service", True),
    }
    return table("lines", columns)


def _limit(frame: pd.DataFrame) -> Floats:
    """Highest current of one of the parallel lines."""
    used = numbers(frame, "df", 1.0) * numbers(frame, "max_loading_percent", 100.0) / 100.0
    return numbers(frame, "max_i_ka") * used


def _leaking(net: Net, lines: pd.DataFrame, leak: Floats, kilovolt: Floats) -> pd.DataFrame:
    """All lines as transformers of ratio 1, which may have a shunt conductance (``leak`` in microsiemens)."""
    length = lines["length_km"]
    columns = {
        "transformer": lines["line"],
        "from_bus": lines["from_bus"],
        "to_bus": lines["to_bus"],
        "r_ohm": lines["r_ohm_per_km"] * length,
        "x_ohm": lines["x_ohm_per_km"] * length,
        "g_us": leak,
        "b_us": 2.0 * np.pi * net.frequency_hz * lines["c_nf_per_km"] * length * 1e-3,
        "max_s_mva": lines["max_i_ka"] * np.sqrt(3.0) * kilovolt,
    }
    return table("transformers", columns)


def _impedance_switches(net: Net, topology: Topology) -> pd.DataFrame:
    """Closed switches between buses that have an impedance, as lines of one kilometre."""
    start, end, ohm, index = joining_switches(net, topology.bus, topology.live)
    real = (ohm > 0.0) & (topology.part[start] != topology.part[end])
    x = ohm[real] / np.hypot(SWITCH_R_OVER_X, 1.0)
    columns = {
        "line": [f"switch-{number}" for number in index[real]],
        "from_bus": [str(topology.bus[place]) for place in topology.part[start[real]]],
        "to_bus": [str(topology.bus[place]) for place in topology.part[end[real]]],
        "length_km": np.ones(x.size),
        "r_ohm_per_km": SWITCH_R_OVER_X * x,
        "x_ohm_per_km": x,
    }
    return table("lines", columns)


def _switches(net: Net, lines: set[str]) -> pd.DataFrame:
    """Switches in the lines that are there."""
    frame = net["switch"]
    columns = {
        "switch": [f"switch-{index}" for index in frame.index],
        "line": [f"line-{element}" for element in whole(frame, "element")],
        "closed": flags(frame, "closed", True),
    }
    switches = table("switches", columns)
    return switches[has_text(frame, "et", "l") & switches["line"].isin(lines).to_numpy()]
