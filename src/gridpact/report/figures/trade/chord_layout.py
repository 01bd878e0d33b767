"""Where the arcs and ribbons of a chord diagram lie.

Every party has an arc around the circle, as long as what it sells and buys, clockwise from the top. Ribbon (i, j) is
what i sells to j: it covers a span of both arcs, equally wide. On the arc of a party its partners follow each other
against the order of the circle, so that ribbons cross no more than they must; of each partner first what is sold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.report.figures.canvas import Floats

GAP = 0.045  # radians between arcs
ARC = 24  # points along an arc
TURN = 2.0 * np.pi
BENT = 0.6  # of the radius: how far from the middle the bend is of a curve that comes back to where it began


@dataclass(frozen=True, eq=False)
class Chords:
    """Angles from the top, clockwise: ``arcs`` (parties, 2), and the two spans of ribbon (i, j).

    ``sold`` is on the arc of i and ``bought`` on that of j, shape (parties, parties, 2) each.
    """

    arcs: Floats
    sold: Floats
    bought: Floats


def chords(energy: Floats) -> Chords:
    """Of energies from everyone to everyone; shape (parties, parties), some of them positive."""
    count = len(energy)
    moved = energy.sum(axis=0) + energy.sum(axis=1)
    gap = min(GAP, 0.5 * TURN / count)
    scale = (TURN - gap * count) / moved.sum()
    start = np.concatenate([[0.0], np.cumsum(scale * moved[:-1] + gap)])
    sold, bought = (np.zeros((count, count, 2)) for _ in range(2))
    for party in range(count):
        partner = (party - 1 - np.arange(count)) % count
        widths = scale * np.column_stack([energy[party, partner], energy[partner, party]]).ravel()
        ends = start[party] + np.cumsum(widths)
        spans = np.column_stack([ends - widths, ends]).reshape(count, 2, 2)
        sold[party, partner], bought[partner, party] = spans[:, 0], spans[:, 1]
    return Chords(np.column_stack([start, start + scale * moved]), sold, bought)


def at(angle: Floats, radius: float) -> Floats:
    """Points at these angles, shape (..., 2)."""
    return radius * np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def along(span: Floats, radius: float) -> Floats:
    """Points of an arc from its start to its end, shape (points, 2)."""
    return at(np.linspace(span[0], span[1], ARC), radius)


def bend(one: float, other: float, radius: float) -> Floats:
    """What a curve between two angles is bent towards: the middle of the circle, less the nearer they are."""
    apart = (other - one + np.pi) % TURN - np.pi
    return at(np.asarray(one + 0.5 * apart), BENT * radius * (1.0 - abs(apart) / np.pi))


def spread(heights: Floats, apart: float, low: float, high: float) -> Floats:
    """The heights moved up and down as little as needs be to stand so far apart between two ends, in their order.

    Where there is no room for all they stand evenly between the ends.
    """
    count = len(heights)
    if count < 2 or (count - 1) * apart >= high - low:
        return np.linspace(high, low, count) if count > 1 else np.clip(heights, low, high)
    order = np.argsort(-heights, kind="stable")
    steps = apart * np.arange(count)
    # With their steps added heights must never rise: the best fit are means of blocks, as in isotonic regression.
    moved = np.clip(_falling(heights[order] + steps), low + steps[-1], high)
    placed = np.empty(count)
    placed[order] = moved - steps
    return placed


def _falling(values: Floats) -> Floats:
    """The closest numbers that never rise: neighbours that do share their mean."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        total, size = float(value), 1
        while blocks and blocks[-1][0] / blocks[-1][1] < total / size:
            before, count = blocks.pop()
            total, size = total + before, size + count
        blocks.append((total, size))
    return np.concatenate([np.full(size, total / size) for total, size in blocks])
