r"""The cash of every owner, year by year, of planning together and of planning alone.

Year 0 pays for what is built; years 1 to T bring maintenance, operation and payments; what has reached its lifetime L
is built again, and after year T it is worth what its annuities of the years left are worth,

$$
R = a \frac{1 - (1 + \rho)^{-r}}{\rho}, \qquad r = L - (T \bmod L) \text{ years left (none where T is a multiple of L).}
$$

So the net present value of the difference of both plans is the yearly gain times the present value of 1 in T years.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.case.case import Floats
from gridpact.results.record import words


def present(rate: float, years: Floats) -> Floats:
    """What 1 at the end of each of some years is worth now."""
    if rate == 0.0:
        return np.asarray(years, dtype=np.float64)
    return np.asarray(-np.expm1(-years * np.log1p(rate)) / rate, dtype=np.float64)


def invested(investment: Floats, capex: Floats, lifetime: Floats, rate: float, years: int) -> Floats:
    """Money spent on assets (n,) in the years 0 to ``years``, less what they are worth at the end, (years + 1,)."""
    spent = np.zeros(years + 1)
    for money, annuity, life in zip(investment.tolist(), capex.tolist(), lifetime.tolist(), strict=True):
        built = np.arange(0.0, years, life)
        np.add.at(spent, np.ceil(built).astype(int), money)
        left = built[-1] + life - years
        spent[years] -= annuity * float(present(rate, np.array(left)))
    return spent


def cash_flow(names: list[str], together: Floats, alone: Floats, rate: float) -> pd.DataFrame:
    """Net cash of every owner with both plans (owners, years + 1), their difference, also discounted and added up."""
    count, years = together.shape
    gain = together - alone
    discounted = gain / (1.0 + rate) ** np.arange(years)
    return pd.DataFrame(
        {
            "participant": words(np.repeat(names, years)),
            "year": np.tile(np.arange(years), count),
            "net_cash": together.ravel(),
            "net_cash_alone": alone.ravel(),
            "difference": gain.ravel(),
            "discounted": discounted.ravel(),
            "cumulative": gain.cumsum(axis=1).ravel(),
        }
    )


def payback_years(difference: Floats) -> Floats:
    """The first year in which the cash that was spent more has come back, (owners,); NaN where it does not."""
    back = difference.cumsum(axis=1) >= 0.0
    return np.where(back.any(axis=1), back.argmax(axis=1), np.nan)
