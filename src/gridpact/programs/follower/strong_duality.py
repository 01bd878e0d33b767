"""The follower replaced by primal feasibility, dual feasibility and equal objectives: the primal-dual single level.

    A y + B z + s = b,  s in K,   P y + q + A'u = 0,  u >= 0 on inequalities
    y'Py + q'y + b'u - sum of p_k = 0        for every part of the follower,     p_k in place of lambda_k z_k

Without the last row y need not be optimal at all; for feasible y and u its left side with the true products is
s'u >= 0. The products are relaxed piece by piece (``segments``), so this program's optimum is a lower bound of the
leader's, and the true products lie within ``error`` of p. With a quadratic cost the row is kept as "at most", which
says the same for the true products: a second-order cone.
Source: Ruiz and Conejo, IEEE Trans. Power Systems 24(4), 2009; Siddiqui and Gabriel, "An SOS1-based approach for
solving MPECs with a natural gas market application", Networks and Spatial Economics 13, 2013.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.blocks import blocks
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.conditions import column_names, leader_parts, stationarity
from gridpact.programs.follower.polyhedral import Polyhedral, polyhedral
from gridpact.programs.follower.segments import Boxes, piece_parts
from gridpact.programs.follower.single_level import Layout, Part, SingleLevel, assembled, equalities, named, picked
from gridpact.programs.follower.square_root import square_root

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PIECES = ("product", "z_part", "price_part", "d")


def primal_dual_single_level(bilevel: Bilevel, boxes: Boxes) -> SingleLevel:
    """Leader and follower as one program whose optimum is at most the leader's; ``error`` (k,) is that of p.

    Every quantity with its price lies in one of its ``boxes``, which the caller has proven. Raises ``InputError`` where
    the leader bids.
    """
    if bilevel.bids[0].size:
        text = "the leader bids into the follower's cost, which makes equal objectives a product of two unknowns"
        raise InputError([Issue(text, "Use the KKT single level.")])
    follower = polyhedral(bilevel)
    form, leader = follower.form, bilevel.leader
    sizes = {"leader": leader.q.size, "follower": form.q.size, "u": form.b.size}
    layout = Layout(sizes | boxes.groups())
    groups = layout.groups()
    parts = [*leader_parts(bilevel, follower), _primal(follower), stationarity(bilevel, follower)]
    parts += piece_parts(boxes, picked(follower.linking, form.q.size), follower.price_of())
    parts += [_equal_objectives(follower, boxes)]
    q = layout.spread({"leader": leader.q, "product": bilevel.weights})
    names = column_names(bilevel, follower, groups) | {name: groups[name] for name in PIECES}
    low, high = _limits(layout, follower, boxes)
    return SingleLevel(
        bilevel,
        assembled(
            layout,
            parts,
            (layout.square({"leader": leader.P}), q, leader.constant),
            names,
            np.concatenate([leader.integers, groups["d"]]),
            leader.states[1],
        ),
        groups,
        np.zeros((0, 2), dtype=np.int64),
        bilevel.products,
        low,
        high,
        follower.turn,
        boxes.error,
    )


def _primal(follower: Polyhedral) -> Part:
    form = follower.form
    return Part({"follower": form.A}, form.b, form.cones, named("follower", form.rows, form.b.size))


def _equal_objectives(follower: Polyhedral, boxes: Boxes) -> Part:
    """The row of every part of the follower; parts with a quadratic cost as cones."""
    form = follower.form
    parts = blocks(form)
    pick_columns, pick_rows = (
        _members([getattr(block, what) for block in parts], size)
        for what, size in (("columns", form.q.size), ("rows", form.b.size))
    )
    mine = pick_columns[:, follower.linking]
    gap = {
        "follower": sp.csr_array(pick_columns @ sp.diags_array(form.q)),
        "u": sp.csr_array(pick_rows @ sp.diags_array(form.b)),
        "product": sp.csr_array(-mine),
    }
    names = {"equal objectives": np.arange(len(parts))}
    if not form.P.count_nonzero():
        return equalities(gap, np.zeros(len(parts)), names)
    return _as_cones(gap, pick_columns, square_root(form.P))


def _as_cones(gap: dict[str, sp.csr_array], pick: sp.csr_array, root: sp.csr_array) -> Part:
    """|R y|^2 <= tau = -gap, as (1 + tau, 1 - tau, 2 R y) in the second-order cone, one after the other."""
    lines, b, cones = [], [], []
    width = pick.shape[1]
    for number in range(pick.shape[0]):
        here = root[:, pick[[number]].indices]
        kept = sp.csr_array(root[np.flatnonzero(np.diff(sp.csr_array(here).indptr))])
        line = {name: matrix[[number]] for name, matrix in gap.items()}
        tau = {name: sp.vstack([-row, row]) for name, row in line.items()}
        empty = {name: sp.csr_array((kept.shape[0], row.shape[1])) for name, row in line.items()}
        empty["follower"] = -2.0 * kept
        # s = b - A x with -gap = tau: the first row is 1 + tau, so that A = gap there.
        lines.append({name: sp.vstack([-tau[name], empty[name]]) for name in line})
        b.append(np.concatenate([[1.0, 1.0], np.zeros(kept.shape[0])]))
        cones.append(("second_order", 2 + kept.shape[0]))
    assert lines[0]["follower"].shape[1] == width
    matrices = {name: sp.csr_array(sp.vstack([line[name] for line in lines])) for name in gap}
    starts = np.cumsum([0, *(size for _, size in cones[:-1])])
    return Part(matrices, np.concatenate(b), tuple(cones), {"equal objectives": starts})


def _members(groups: list[Ints], size: int) -> sp.csr_array:
    """One row for each group, ones at its members."""
    ends = np.cumsum([0, *(group.size for group in groups)])
    members = np.concatenate(groups)
    return sp.csr_array((np.ones(members.size), members, ends), shape=(len(groups), size))


def _limits(layout: Layout, follower: Polyhedral, boxes: Boxes) -> tuple[Floats, Floats]:
    rows = follower.form.b.size
    sign = np.where(np.arange(rows) < follower.equalities, -np.inf, 0.0)
    low = layout.spread({"u": sign}, -np.inf)
    high = np.full(layout.width, np.inf)
    place = layout.groups()
    for group, ends in (("z_part", (boxes.z_low, boxes.z_high)), ("price_part", (boxes.price_low, boxes.price_high))):
        low[place[group]] = np.minimum(0.0, ends[0])
        high[place[group]] = np.maximum(0.0, ends[1])
    return low, high
