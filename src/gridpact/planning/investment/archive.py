"""What a bound and marginal values of a plan follow from, as plain arrays: the linear form of reliability, and cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.planning.reliability.linear.form import INDICES, LinearReliability
from gridpact.programs.benders import Priced

FORM = "reliability_form"


def form_arrays(form: LinearReliability | None) -> dict[str, NDArray[Any]]:
    """Rows (compressed by row), their bounds, which columns after the units are whole, and every index as its constant
    followed by its slopes; nothing where reliability decides nothing."""
    if form is None:
        return {}
    arrays = {
        "data": form.matrix.data,
        "indices": form.matrix.indices.astype(np.int64),
        "indptr": form.matrix.indptr.astype(np.int64),
        "lower": form.lower,
        "upper": form.upper,
        "whole": form.whole.astype(np.int64),
    }
    arrays |= {name: np.append(getattr(form, name).constant, getattr(form, name).slopes) for name in INDICES}
    return {f"{FORM}/{name}": np.asarray(array) for name, array in arrays.items()}


def near_arrays(near: Priced) -> dict[str, NDArray[Any]]:
    """The cuts near the plan that marginal values are read from: constants (days,) and slopes (days, candidates)."""
    return {"marginal/constant": near.cuts.constant, "marginal/slope": near.cuts.slope}
