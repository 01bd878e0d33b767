"""Solve a single level: the leader's choice, the follower's answer, its multipliers and proven bounds of the cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.elimination import Lean, lean
from gridpact.programs.follower.scip import Outcome, Task, solve_by_scip
from gridpact.programs.follower.single_level import SingleLevel, without_states

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NO_LOWER_BOUND = (
    "The leader's cost can fall without bound: it or the follower lacks a limit, or the follower's price has none "
    "where its quantity cannot be changed any further."
)
NO_POINT = "No choice of the leader leaves the follower an answer with which all limits are kept."


@dataclass(frozen=True, eq=False)
class SingleSolution:
    """``status`` is "solved" (gap closed) or "stopped" (at the time limit, with nan where no point was found).

    ``u`` are the multipliers of the follower's rows, ``price`` the lambda of its linking quantities. The shares are the
    largest slack and multiplier of any inequality as a share of its bound: one near 1 says that a bound cut off
    something, and that the optimum is not proven.
    """

    status: str
    x_leader: Floats
    y: Floats
    u: Floats
    price: Floats
    lower: float
    upper: float
    seconds: float
    nodes: int
    slack_share: float
    multiplier_share: float

    @property
    def gap(self) -> float:
        """(upper - lower) / max(1, |upper|)."""
        return max(0.0, self.upper - self.lower) / max(1.0, abs(self.upper)) if np.isfinite(self.upper) else np.inf


def solve_single_level(
    single: SingleLevel, time_limit: float = 600.0, gap: float = 1e-4, start: Mapping[str, Floats] | None = None
) -> SingleSolution:
    """Solve by SCIP to a relative ``gap``, or as far as the time allows.

    ``start`` has values of some groups of columns to begin with, such as a point at which nobody leads.

    Raises ``InfeasibleError`` where there is no feasible point or no lower bound.
    """
    short = _lean(single)
    task = _task(single, short)
    if start is not None:
        point = np.full(single.form.q.size, np.nan)
        for name, values in start.items():
            point[single.groups[name]] = values
        task = replace(task, start=point[short.kept_columns])
    outcome = solve_by_scip(task, time_limit, gap)
    if outcome.status not in ("solved", "stopped"):
        raise _error(task, outcome, time_limit, gap)
    return _solution(single, short, outcome)


def _lean(single: SingleLevel) -> Lean:
    """The form without the leader's states; those with a limit, a product or a square of their own stay."""
    bounded = np.isfinite(single.low) | np.isfinite(single.high)
    squares = np.diff(single.form.P.indptr) > 0
    stay = np.concatenate([np.flatnonzero(bounded | squares), *single.products[:2], single.pairs.ravel()])
    return lean(without_states(single.form, stay))


def _task(single: SingleLevel, short: Lean) -> Task:
    kept = short.kept_columns
    place = np.full(single.form.q.size, -1, dtype=np.int64)
    place[kept] = np.arange(kept.size)
    first, second, values = single.products
    return Task(
        short.form, single.low[kept], single.high[kept], place[single.pairs], (place[first], place[second], values)
    )


def _error(task: Task, outcome: Outcome, time_limit: float, gap: float) -> InfeasibleError:
    """What is wrong; where SCIP leaves it open, the program without costs tells."""
    status = outcome.status
    if status == "infeasible or unbounded":
        free = replace(task.form, P=task.form.P * 0.0, q=np.zeros(task.form.q.size))
        none = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
        status = solve_by_scip(replace(task, form=free, products=none), time_limit, gap).status
    if status == "infeasible":
        return InfeasibleError(NO_POINT)
    return InfeasibleError(NO_LOWER_BOUND, unbounded=True)


def _solution(single: SingleLevel, short: Lean, outcome: Outcome) -> SingleSolution:
    rows = np.zeros(short.kept_rows.size)
    x = short.restored(outcome.x, rows, rows)[0] if np.isfinite(outcome.upper) else np.full(single.form.q.size, np.nan)
    follower = single.bilevel.follower
    u = single.turn.T @ x[single.groups["u"]]
    return SingleSolution(
        status=outcome.status,
        x_leader=x[single.groups["leader"]],
        y=x[single.groups["follower"]],
        u=u,
        price=follower.form.A[:, follower.linking].T @ u,
        lower=outcome.lower,
        upper=outcome.upper,
        seconds=outcome.seconds,
        nodes=outcome.nodes,
        slack_share=_share(single, "s", x),
        multiplier_share=_share(single, "u", x),
    )


def _share(single: SingleLevel, group: str, x: Floats) -> float:
    """The largest of some columns as a share of its limit, where it has one above zero."""
    columns = single.groups.get(group, np.zeros(0, dtype=np.int64))
    limited = columns[np.isfinite(single.high[columns]) & (single.high[columns] > 0.0)]
    return float((x[limited] / single.high[limited]).max(initial=0.0))
