"""The linear form of reliability: rows over the units of candidates and columns of its own, and three indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridpact.case.case import Floats, Ints

INDICES = ("saidi_h", "saifi", "eens_mwh")


@dataclass(frozen=True, eq=False)
class Index:
    """An index of reliability, constant + slopes @ columns; ``slopes`` has shape (columns,)."""

    constant: float
    slopes: Floats

    def __call__(self, columns: Floats) -> float:
        return self.constant + float(self.slopes @ columns)

    def given(self, fixed: Ints, units: Floats) -> Index:
        """The index in the other columns where those ``fixed`` have these ``units``."""
        return Index(self.constant + float(self.slopes[fixed] @ units), np.delete(self.slopes, fixed))


@dataclass(frozen=True, eq=False)
class LinearReliability:
    """Indices that whole units of candidates and the rows ``lower <= matrix @ columns <= upper`` allow.

    The first ``len(candidates)`` columns are the units of the candidates, in their order; the ``extra`` columns after
    them lie between 0 and 1, and are whole numbers where ``whole`` says so, shape (extra,). The least that an index can
    be, the units being given, is not below what ``reliability`` finds for the case with those units built. SAIFI in
    1/a, SAIDI in h/a, EENS in MWh/a. Without customers SAIFI and SAIDI are zero.
    """

    candidates: tuple[str, ...]
    whole: NDArray[np.bool_]
    matrix: csr_array
    lower: Floats
    upper: Floats
    saifi: Index
    saidi_h: Index
    eens_mwh: Index

    @property
    def extra(self) -> int:
        return len(self.whole)

    def given(self, units: Mapping[str, float]) -> LinearReliability:
        """The form over the other candidates where of these so many ``units`` are built."""
        fixed = np.flatnonzero([name in units for name in self.candidates])
        there = np.array([units[self.candidates[column]] for column in fixed], dtype=np.float64)
        moved = self.matrix[:, fixed] @ there
        return replace(
            self,
            candidates=tuple(name for name in self.candidates if name not in units),
            matrix=csr_array(self.matrix[:, np.setdiff1d(np.arange(self.matrix.shape[1]), fixed)]),
            lower=self.lower - moved,
            upper=self.upper - moved,
            **{name: getattr(self, name).given(fixed, there) for name in INDICES},
        )
