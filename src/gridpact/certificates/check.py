"""One check of a certificate: a measured value against its tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """``value`` is the worst violation found, at ``where``; the check passes if it is at most ``tolerance``."""

    name: str
    required: bool
    value: float
    tolerance: float
    where: str
    description: str

    @property
    def passed(self) -> bool:
        """False for NaN: an answer that cannot be computed is not an answer."""
        return bool(self.value <= self.tolerance)

    def as_dict(self) -> dict[str, Any]:
        """Plain Python values, ready for JSON."""
        first = {"name": self.name, "required": bool(self.required), "passed": self.passed}
        return first | asdict(self) | first | {"value": float(self.value)}


@dataclass(frozen=True, eq=False)
class Measure:
    """Violations of one rule, shape (components, steps) or (components,), with what they are violations of."""

    rule: str
    ids: Sequence[str]
    values: Floats


def worst(
    name: str,
    description: str,
    tolerance: float,
    measures: Sequence[Measure],
    instants: Sequence[Any] | pd.DatetimeIndex = (),
    required: bool = True,
) -> Check:
    """The check whose value is the largest violation of all ``measures``; NaN counts as the largest.

    ``instants`` name the steps. Without any component the value is zero.
    """
    filled = [measure for measure in measures if measure.values.size]
    if not filled:
        return Check(name, required, 0.0, tolerance, "", description)
    peaks = [float(np.max(measure.values)) for measure in filled]
    peak = int(np.argmax(peaks))
    return Check(name, required, peaks[peak], tolerance, _place(filled[peak], instants), description)


def _place(measure: Measure, instants: Sequence[Any] | pd.DatetimeIndex) -> str:
    """Rule, component and time of the largest value, e.g. "buses/vm_max_pu 18, 2024-01-01T05:00:00+01:00"."""
    spot = np.unravel_index(int(np.argmax(measure.values)), measure.values.shape)
    time = f", {instants[int(spot[1])].isoformat()}" if len(spot) == 2 and len(instants) else ""
    return f"{measure.rule} {measure.ids[int(spot[0])]}".strip() + time
