"""What every single level holds: the leader's own program, its ties to the follower, the follower's stationarity.

leader          x in X,   z = scale * x[columns],   x[theirs] = y[answers],   x[multipliers] = u[rows]
stationarity    P y + q + x[bids] + A'u = 0         for the columns that the follower chooses
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.polyhedral import Polyhedral
from gridpact.programs.follower.single_level import Part, equalities, named, picked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def leader_parts(bilevel: Bilevel, follower: Polyhedral) -> list[Part]:
    """The leader's own rows and those that tie it to the follower."""
    form = bilevel.leader
    own = Part({"leader": form.A}, form.b, form.cones, named("leader", form.rows, form.b.size), form.states[0])
    return [own, _link(bilevel), _answers(bilevel), _multipliers(bilevel, follower)]


def stationarity(bilevel: Bilevel, follower: Polyhedral) -> Part:
    form, own = follower.form, follower.own
    bids, priced = bilevel.bids
    bid = sp.csr_array((np.ones(bids.size), (priced, bids)), shape=(form.q.size, bilevel.leader.q.size))
    matrices = {"leader": bid[own], "follower": sp.csr_array(form.P)[own], "u": sp.csr_array(form.A.T)[own]}
    place = np.full(form.q.size, -1, dtype=np.int64)
    place[own] = np.arange(own.size)
    names = {name: place[columns] for name, columns in form.columns.items() if np.any(place[columns] >= 0)}
    return equalities(matrices, -form.q[own], named("stationarity", names, own.size))


def column_names(bilevel: Bilevel, follower: Polyhedral, starts: dict[str, Ints]) -> dict[str, Ints]:
    """Names of the leader's and the follower's columns and of the multipliers, as numbers of the whole."""
    leader, form = bilevel.leader, follower.form
    return {
        **named("leader", leader.columns, leader.q.size, int(starts["leader"][0])),
        **named("follower", form.columns, form.q.size, int(starts["follower"][0])),
        **(named("u", form.rows, form.b.size, int(starts["u"][0])) if form.b.size else {}),
    }


def _link(bilevel: Bilevel) -> Part:
    linking = bilevel.follower.linking
    matrices = {
        "leader": picked(bilevel.columns, bilevel.leader.q.size, -bilevel.scale),
        "follower": picked(linking, bilevel.follower.form.q.size),
    }
    return equalities(matrices, np.zeros(linking.size), {"link": np.arange(linking.size)})


def _answers(bilevel: Bilevel) -> Part:
    count = bilevel.theirs.size
    matrices = {
        "leader": picked(bilevel.theirs, bilevel.leader.q.size),
        "follower": picked(bilevel.answers, bilevel.follower.form.q.size, -1.0),
    }
    return equalities(matrices, np.zeros(count), {"answers": np.arange(count)})


def _multipliers(bilevel: Bilevel, follower: Polyhedral) -> Part:
    columns, rows = bilevel.multipliers
    matrices = {
        "leader": picked(columns, bilevel.leader.q.size),
        "u": -sp.csr_array(follower.turn.T)[rows],
    }
    return equalities(matrices, np.zeros(columns.size), {"multipliers": np.arange(columns.size)})
