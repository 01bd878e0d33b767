"""Branches that are connected at one end only: they carry nothing, but their charging still loads that end.

Seen from the connected end, a pi circuit of series impedance z with y/2 at both ends is y/2 + 1 / (z + 2/y).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.io.imports.findings import Findings
from gridpact.io.imports.tables import table

Complexes = NDArray[np.complex128]


def open_end_shunts(
    ids: Sequence[str],
    buses: tuple[Sequence[str], Sequence[str]],
    circuit: tuple[Complexes, Complexes],
    kilovolt: NDArray[np.float64],
    closed: NDArray[np.bool_],
    found: Findings,
) -> pd.DataFrame:
    """Table of shunts in place of the branches that are connected at one end only.

    ``circuit`` is z in ohm and y in siemens, ``kilovolt`` the voltages at both ends, as seen by the circuit, at 1 p.u.
    of the buses, ``closed`` whether the ends are connected; the last two of shape (branches, 2).
    """
    z, y = circuit
    single = (closed[:, 0] != closed[:, 1]) & (y != 0.0)
    side = np.where(closed[single, 0], 0, 1)
    seen = y[single] / 2.0 + 1.0 / (z[single] + 2.0 / y[single])
    power = seen * kilovolt[single, side] ** 2
    names = [f"{name}-open-end" for name, is_single in zip(ids, single, strict=True) if is_single]
    found.note("charging of branches open at one end, to be deleted when they are closed", names)
    at = np.array(buses, dtype=object).T.reshape(-1, 2)[single, side]
    return table("shunts", {"shunt": names, "bus": at, "p_mw": power.real, "q_mvar": -power.imag})
