"""Who can trade with whom: microgrids whose buses lines in service join, and everybody with the operator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.grid import read_grid


def joined(case: Case) -> NDArray[np.bool_]:
    """Of every two parties, (n + 1, n + 1), the operator last; a base of 1 MVA, which areas know nothing of."""
    area = read_grid(case, 1.0).area[case.positions("microgrids", "bus")]
    return np.pad(area[:, None] == area, (0, 1), constant_values=True)
