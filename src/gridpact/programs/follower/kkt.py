"""The follower replaced by its optimality conditions: one mixed-integer program for both.

    A y + B z + s = b,   P y + q + A'u = 0,   s_i >= 0,  u_i >= 0,  s_i u_i = 0     for the inequalities i

    SOS1     of s_i and u_i at most one is not zero
    big M    s_i <= S_i (1 - d_i),   u_i <= U_i d_i,   d_i 0 or 1                   with proven S_i and U_i

Where s'u = 0, the stationarity times y and the rows times u give, for every part of the follower that nothing couples
to the others,

    sum over its k of lambda_k z_k = y'Py + q'y + b'u,      lambda = B'u,

so that the leader's payment needs no product. Without complementarity that sum is not the payment.
Source: Fortuny-Amat and McCarl, "A representation and economic interpretation of a two-level programming problem",
J. Operational Research Society 32, 1981; Ruiz and Conejo, IEEE Trans. Power Systems 24(4), 2009.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.blocks import Block, blocks
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.conditions import column_names, leader_parts, stationarity
from gridpact.programs.follower.polyhedral import Polyhedral, polyhedral
from gridpact.programs.follower.single_level import (
    Layout,
    Part,
    Products,
    SingleLevel,
    assembled,
    equalities,
    inequalities,
    named,
    picked,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
METHODS = ("sos1", "big_m")


def kkt_single_level(bilevel: Bilevel, complementarity: str = "sos1", bounds: Bounds | None = None) -> SingleLevel:
    """Leader, follower and its optimality conditions as one program.

    ``bounds`` of slacks and multipliers are needed for "big_m" and only help "sos1". Raises ``InputError`` for a
    follower without such conditions, and where the leader pays different weights within one part of the follower.
    """
    if complementarity not in METHODS:
        raise InputError(f"complementarity {complementarity!r} is unknown. Choose one of: {', '.join(METHODS)}")
    follower = polyhedral(bilevel)
    bounds = bounds or Bounds.none(follower.form.b.size - follower.equalities)
    chosen = _chosen(bounds) if complementarity == "big_m" else np.zeros(0, dtype=np.int64)
    layout = _layout(bilevel, follower, chosen.size)
    by_column, by_row = block_weights(bilevel, follower)
    parts = [*leader_parts(bilevel, follower), _primal(follower), stationarity(bilevel, follower)]
    parts += _choices(follower, bounds, chosen) if chosen.size else []
    groups = layout.groups()
    low, high = _limits(layout, follower, bounds)
    return SingleLevel(
        bilevel,
        assembled(
            layout,
            parts,
            _cost(bilevel, follower, layout, by_column, by_row),
            _names(bilevel, follower, groups, chosen),
            np.concatenate([bilevel.leader.integers, groups["d"]]),
            bilevel.leader.states[1],
        ),
        groups,
        _pairs(follower, groups) if complementarity == "sos1" else np.zeros((0, 2), dtype=np.int64),
        _products(bilevel, groups, by_column),
        low,
        high,
        follower.turn,
        np.zeros(bilevel.weights.size),
    )


def block_weights(bilevel: Bilevel, follower: Polyhedral) -> tuple[Floats, Floats]:
    """The weight of the payment for every column and row of the follower: that of the part it belongs to."""
    form = follower.form
    by_column, by_row = np.zeros(form.q.size), np.zeros(form.b.size)
    met = np.diff(form.A.indptr)[follower.linking] > 0
    where = np.zeros(form.q.size)
    where[follower.linking[met]] = bilevel.weights[met]
    linked = np.zeros(form.q.size, dtype=np.bool_)
    linked[follower.linking[met]] = True
    for block in blocks(form):
        weight = _one_weight(where[block.columns[linked[block.columns]]], block)
        by_column[block.columns] = by_row[block.rows] = weight
    return by_column, by_row


def _one_weight(weights: Floats, block: Block) -> float:
    if np.ptp(weights) > 0.0 if weights.size else False:
        text = f"the leader pays different weights ({weights.min():g} and {weights.max():g}) for linking quantities"
        fix = "Give all quantities of a coupled follower one weight, or use the primal-dual single level."
        raise InputError([Issue(f"{text} of one coupled follower of {block.columns.size} columns", fix)])
    return float(weights[0]) if weights.size else 0.0


def _chosen(bounds: Bounds) -> Ints:
    """The inequalities that need a binary; all their bounds must be finite."""
    chosen = bounds.needs_choice
    if not np.all(np.isfinite(bounds.slack[chosen]) & np.isfinite(bounds.multiplier[chosen])):
        raise InputError([Issue("big_m needs finite bounds", "Give those of proven_bounds, or choose sos1.")])
    return chosen


def _layout(bilevel: Bilevel, follower: Polyhedral, binaries: int) -> Layout:
    form = follower.form
    slacks = form.b.size - follower.equalities
    sizes = {"leader": bilevel.leader.q.size, "follower": form.q.size, "u": form.b.size, "s": slacks, "d": binaries}
    return Layout(sizes)


def _primal(follower: Polyhedral) -> Part:
    """A v + s = b over all of the follower's columns."""
    form, count = follower.form, follower.form.b.size
    slack = sp.eye_array(count, format="csr")[:, follower.equalities :]
    return equalities({"follower": form.A, "s": slack}, form.b, _by_name("follower", follower))


def _by_name(prefix: str, follower: Polyhedral) -> dict[str, Ints]:
    return named(prefix, follower.form.rows, follower.form.b.size)


def _choices(follower: Polyhedral, bounds: Bounds, chosen: Ints) -> list[Part]:
    """s_i + S_i d_i <= S_i and u_i - U_i d_i <= 0."""
    S, U = bounds.slack[chosen], bounds.multiplier[chosen]
    count, rows = bounds.slack.size, follower.form.b.size
    names = np.arange(chosen.size)
    slack = {"s": picked(chosen, count), "d": sp.csr_array(sp.diags_array(S))}
    multiplier = {"u": picked(chosen + follower.equalities, rows), "d": sp.csr_array(sp.diags_array(-U))}
    return [
        inequalities(slack, S, {"complementarity of s": names}),
        inequalities(multiplier, np.zeros(chosen.size), {"complementarity of u": names}),
    ]


def _pairs(follower: Polyhedral, groups: Mapping[str, Ints]) -> Ints:
    return np.stack([groups["s"], groups["u"][follower.equalities :]], axis=1)


def _limits(layout: Layout, follower: Polyhedral, bounds: Bounds) -> tuple[Floats, Floats]:
    free = np.full(follower.equalities, np.inf)
    low = {"u": np.concatenate([-free, np.zeros(bounds.slack.size)]), "s": np.zeros(bounds.slack.size)}
    high = {"u": np.concatenate([free, bounds.multiplier]), "s": bounds.slack}
    return layout.spread(low, -np.inf), layout.spread(high, np.inf)


def _cost(
    bilevel: Bilevel, follower: Polyhedral, layout: Layout, by_column: Floats, by_row: Floats
) -> tuple[sp.csc_array, Floats, float]:
    """The leader's cost and w (y'Py + q'y + b'u)."""
    leader, form = bilevel.leader, follower.form
    q = layout.spread({"leader": leader.q, "follower": by_column * form.q, "u": by_row * form.b})
    P = layout.square({"leader": leader.P, "follower": sp.diags_array(2.0 * by_column) @ form.P})
    P.eliminate_zeros()
    return P, q, leader.constant


def _products(bilevel: Bilevel, groups: Mapping[str, Ints], by_column: Floats) -> Products:
    """The leader's own products, and w x[bids]'y, the part of q'y that the leader sets."""
    first, second, values = bilevel.products
    bids, priced = bilevel.bids
    paid = by_column[priced] != 0.0
    return (
        np.concatenate([first, bids[paid]]),
        np.concatenate([second, groups["follower"][priced[paid]]]),
        np.concatenate([values, by_column[priced[paid]]]),
    )


def _names(bilevel: Bilevel, follower: Polyhedral, groups: dict[str, Ints], chosen: Ints) -> dict[str, Ints]:
    """Names of all columns; slacks and choices are called as their rows."""
    equal = follower.equalities
    found = column_names(bilevel, follower, groups)
    place = np.full(follower.form.b.size, -1, dtype=np.int64)
    for group, rows in (("s", np.arange(equal, place.size)), ("d", chosen + equal)):
        place[:] = -1
        place[rows] = groups[group]
        for name, numbers in _by_name(group, follower).items():
            at = np.where(numbers < 0, -1, place[numbers])
            found |= {name: at} if np.any(at >= 0) else {}
    return found
