"""Blocks at a supply with a limit: it takes its own block first, whole, where its load fits.

The block of zone q at a moment is all that no built device that can be opened stands between: for every zone z near q,
m_z >= m_before - (devices before z), m_q = 1. An answer of whole numbers b says that it fits, with powers p of units n
and M the most by which it might not: sum P_z m_z <= p n + M (1 - b).
"""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.case.case import Floats
from gridpact.planning.reliability.linear.moment import Moment
from gridpact.planning.reliability.linear.rows import ONE, SLACK, Sum, answer, total
from gridpact.planning.reliability.linear.units import Units


@dataclass(frozen=True)
class Step:
    """From a zone to the next, through a door; ``load`` is the mean load on the way so far, this zone's included."""

    zone: int
    before: int
    door: int
    load: float


def walk(moment: Moment, start: int, load: Floats, most_mw: float) -> list[Step]:
    """Zones that may be in a block of at most that load, nearest first, and those with which it would be too much."""
    found = [Step(start, -1, -1, float(load[start]))]
    for step in found:  # grows as it goes
        if step.load <= most_mw + SLACK:
            near = [(zone, zone) for zone in moment.children[step.zone]]
            if moment.above[step.zone] != step.zone:
                near.append((moment.above[step.zone], step.zone))
            found += [
                Step(zone, step.zone, door, step.load + float(load[zone]))
                for zone, door in near
                if zone != step.before and moment.movable[door].constant < 1.0
            ]
    return found


def fits(moment: Moment, steps: list[Step], load: Floats, power: Sum, there: Sum) -> int:
    """Whether the block fits into a power; ``there`` says that the supply is there at all."""
    rows, member = moment.rows, {steps[0].zone: ONE}
    for step in steps[1:]:
        member[step.zone] = _member(moment, member[step.before], moment.movable[step.door])
    needed = total(_times(one, float(load[zone])) for zone, one in member.items())
    return rows.fits(needed, power, there)


def _member(moment: Moment, before: Sum, doors: Sum) -> Sum:
    if not doors.terms:
        return before
    column = moment.rows.column()
    moment.rows.require(before + -doors + -answer(column))
    return answer(column)


def _times(one: Sum, factor: float) -> Sum:
    return Sum({column: factor * value for column, value in one.terms.items() if factor}, factor * one.constant)


def fed_block(moment: Moment, steps: list[Step], fitting: int, power: Sum, most_mw: float) -> dict[int, int]:
    """By zone, whether it is in the block and the block fits."""
    fed = {steps[0].zone: fitting}
    for step in steps[1:]:
        if step.before in fed and step.load <= most_mw + SLACK:
            doors = ONE + -moment.movable[step.door]
            fed[step.zone] = moment.rows.all_of([answer(fed[step.before]), doors])
            moment.rows.hold(fed[step.zone], step.load, power)
    return fed


def island_block(moment: Moment, units: Units, kind: int, zone: int, load: Floats) -> dict[int, int]:
    """By zone, whether the units of a zone feed it because it is in their own block."""
    most = units.most_power(kind, zone)
    steps = walk(moment, zone, load, most)
    if steps[0].load > most + SLACK:
        return {}
    if len(steps) == 1:
        fitting = moment.rows.any_of(units.enough(kind, zone, float(load[zone])))
    else:
        there = total(answer(one) for one in units.any_built(zone))
        fitting = fits(moment, steps, load, units.power(kind, zone), there)
    return fed_block(moment, steps, fitting, units.power(kind, zone), most)


def tie_block(moment: Moment, zone: int, limit_mw: float, load: Floats) -> dict[int, int]:
    """By zone, whether a tie feeds it, once the other end has supply, because it is in the tie's own block."""
    steps = walk(moment, zone, load, limit_mw)
    if steps[0].load > limit_mw + SLACK:
        return {}
    limit = Sum(constant=limit_mw)
    return fed_block(moment, steps, fits(moment, steps, load, limit, ONE), limit, limit_mw)
