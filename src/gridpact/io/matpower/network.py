"""Buses, lines, transformers, loads and shunts of a MATPOWER case, in the units of a case.

A branch is a line where it has no ratio and joins equal voltages, else a transformer; both have the per-unit model of
the format: an ideal ratio at the from end, then a series impedance with half of the charging at each end, on the base
of the to end. Powers are MW, Mvar, MVA; r, x and b per unit on baseMVA and the bus's base_kv.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.graph import shifts_matter
from gridpact.io.imports.tables import Tables, believable_length, table
from gridpact.io.matpower.mpc import Mpc

Floats = NDArray[np.float64]

FREQUENCY_HZ = 50.0
ISOLATED = 4.0


def names_of(numbers: pd.Series[float]) -> list[str]:
    """Bus numbers as ids."""
    return [f"{number:.0f}" for number in numbers]


def network_tables(mpc: Mpc, found: Findings) -> Tables:
    """The tables of the network. Raises InputError for numbers and references that make no sense."""
    _require_numbers(mpc)
    bus = mpc.bus[mpc.bus["type"] != ISOLATED]
    found.note("isolated buses are left out", names_of(mpc.bus.loc[mpc.bus["type"] == ISOLATED, "bus"]))
    branch = _branches(mpc, bus, found)
    is_line = (branch["ratio"] == 0.0) & (branch["kv_from"] == branch["kv_to"]) & (branch["b"] >= 0.0)
    return {
        "buses": table(
            "buses",
            {
                "bus": names_of(bus["bus"]),
                "vn_kv": bus["base_kv"],
                "vm_min_pu": bus["vmin"],
                "vm_max_pu": bus["vmax"],
            },
        ),
        "lines": _lines(mpc, branch[is_line]),
        "transformers": _transformers(mpc, branch[~is_line]),
        "loads": _at_buses("loads", "load", bus, "pd", "qd", 1.0),
        "shunts": _at_buses("shunts", "shunt", bus, "gs", "bs", -1.0),
    }


def _require_numbers(mpc: Mpc) -> None:
    """Bus numbers are whole and single, base voltages known, and every reference leads to a bus."""
    numbers = mpc.bus["bus"]
    broken = (numbers != np.floor(numbers)) | (numbers < 1.0) | ~np.isfinite(numbers)
    wrong = [
        (mpc.bus, broken, "bus", "bus number is not a whole positive number", "Correct it."),
        (mpc.bus, numbers.duplicated(), "bus", "bus number stands there twice", "Give every bus its own."),
        (
            mpc.bus,
            ~(mpc.bus["base_kv"] > 0.0),
            "base_kv",
            "bus has no base voltage",
            "Write its nominal voltage in kV.",
        ),
    ]
    for frame, column in ((mpc.gen, "bus"), (mpc.branch, "from_bus"), (mpc.branch, "to_bus")):
        wrong.append((frame, ~frame[column].isin(numbers), column, "there is no such bus", "Use a number of mpc.bus."))
    issues = [
        Issue(message, fix, mpc.file, int(row["line"]), column, f"{row[column]:g}")
        for frame, mask, column, message, fix in wrong
        for _, row in frame[mask].iterrows()
    ]
    if issues:
        raise InputError(issues)


def _branches(mpc: Mpc, bus: pd.DataFrame, found: Findings) -> pd.DataFrame:
    """The branches between buses that are there, with their ``name``, ``kv_from``, ``kv_to`` and ``limit`` in MVA."""
    kilovolt = bus.set_index("bus")["base_kv"]
    branch = mpc.branch.assign(
        name=_branch_names(mpc.branch),
        kv_from=mpc.branch["from_bus"].map(kilovolt),
        kv_to=mpc.branch["to_bus"].map(kilovolt),
        limit=mpc.branch["rate_a"].where(mpc.branch["rate_a"] > 0.0).replace(np.inf, np.nan),
    )
    there = branch["kv_from"].notna() & branch["kv_to"].notna()
    found.note("branches at isolated buses are left out", list(branch.loc[~there, "name"]))
    branch = branch[there]
    if branch["limit"].notna().any():
        found.note("rateA is taken as a limit of the current at both ends: MVA over nominal voltage")
    branch = _without_negative(mpc, branch, found)
    _refuse_angles(mpc, branch, found)
    return branch


def _branch_names(branch: pd.DataFrame) -> list[str]:
    """from-to, and from-to#2 and so on for those that lie parallel."""
    ends = pd.Series(
        [f"{a:.0f}-{b:.0f}" for a, b in zip(branch["from_bus"], branch["to_bus"], strict=True)], dtype=object
    )
    return [
        f"{name}#{more + 1}" if more else name for name, more in zip(ends, ends.groupby(ends).cumcount(), strict=True)
    ]


def _without_negative(mpc: Mpc, branch: pd.DataFrame, found: Findings) -> pd.DataFrame:
    negative = (branch["r"] < 0.0) | (branch["x"] < 0.0)
    for _, row in branch[negative].iterrows():
        message = f"branch {row['name']} has a negative resistance or reactance (series capacitor, part of a star)"
        fix = "Replace it by an equivalent without one; skipped, the branch is left out."
        found.refuse(message, fix, mpc.file, int(row["line"]))
    return branch[~negative]


def _refuse_angles(mpc: Mpc, branch: pd.DataFrame, found: Findings) -> None:
    """Limits of angle differences, and phase shifts that drive flows around loops."""
    used = branch[branch["status"] > 0.0]
    numbers = mpc.bus["bus"].to_numpy()
    start, end = (
        np.asarray(pd.Index(numbers).get_indexer(pd.Index(used[side])), np.int64) for side in ("from_bus", "to_bus")
    )
    shifting = used[used["angle"] != 0.0]
    if len(shifting) and shifts_matter(numbers.size, start, end, used["angle"].to_numpy()):
        fix = "Skipped, the branches are imported without their shift."
        for _, row in shifting.iterrows():
            message = f"branch {row['name']} shifts the phase within a loop"
            found.refuse(message, fix, mpc.file, int(row["line"]), f"{row['angle']:g}")
    else:
        found.note("phase shifts change nothing in this network and are not imported", list(shifting["name"]))
    low, high = used["angmin"], used["angmax"]
    limited = used[((low != 0.0) & (low > -360.0)) | ((high != 0.0) & (high < 360.0))]
    if len(limited):
        message = f"limits of the angle difference of {len(limited)} branches are not supported"
        fix = "Set angmin and angmax to -360 and 360; skipped, the branches are imported without these limits."
        found.refuse(message, fix, mpc.file, int(limited["line"].iloc[0]))


def _lines(mpc: Mpc, branch: pd.DataFrame) -> pd.DataFrame:
    ohm = branch["kv_from"].to_numpy() ** 2 / mpc.base_mva
    r, x = branch["r"].to_numpy() * ohm, branch["x"].to_numpy() * ohm
    nanofarad = branch["b"].to_numpy() / ohm / (2.0 * np.pi * FREQUENCY_HZ) * 1e9
    length = believable_length(r, x, nanofarad)
    return table(
        "lines",
        {
            "line": branch["name"].to_numpy(),
            "from_bus": names_of(branch["from_bus"]),
            "to_bus": names_of(branch["to_bus"]),
            "length_km": length,
            "r_ohm_per_km": r / length,
            "x_ohm_per_km": x / length,
            "c_nf_per_km": nanofarad / length,
            "max_i_ka": (branch["limit"] / (np.sqrt(3.0) * branch["kv_from"])).to_numpy(),
            "in_service": (branch["status"] > 0.0).to_numpy(),
        },
    )


def _transformers(mpc: Mpc, branch: pd.DataFrame) -> pd.DataFrame:
    ohm = branch["kv_to"].to_numpy() ** 2 / mpc.base_mva
    return table(
        "transformers",
        {
            "transformer": branch["name"].to_numpy(),
            "from_bus": names_of(branch["from_bus"]),
            "to_bus": names_of(branch["to_bus"]),
            "r_ohm": branch["r"].to_numpy() * ohm,
            "x_ohm": branch["x"].to_numpy() * ohm,
            "b_us": branch["b"].to_numpy() / ohm * 1e6,
            "ratio": branch["ratio"].where(branch["ratio"] != 0.0, 1.0).to_numpy(),
            "max_s_mva": branch["limit"].to_numpy(),
            "in_service": (branch["status"] > 0.0).to_numpy(),
        },
    )


def _at_buses(name: str, key: str, bus: pd.DataFrame, active: str, reactive: str, sign: float) -> pd.DataFrame:
    """What the bus matrix says about loads (consumed) or shunts (consumed and injected), where it is not zero."""
    there = bus[(bus[active] != 0.0) | (bus[reactive] != 0.0)]
    names = names_of(there["bus"])
    columns = {
        key: [f"{key}-{bus}" for bus in names],
        "bus": names,
        "p_mw": there[active].to_numpy(),
        "q_mvar": sign * there[reactive].to_numpy() + 0.0,
    }
    return table(name, columns)
