"""Answers for zones behind a lost one: restored by ties and islands, by pairs of the lost zone a and zone v below it.

What a limited supply has given back stays, as the moments go on; so each moment adds to the answers of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.case import Floats, Ints
from gridpact.planning.reliability.linear.blocks import island_block, tie_block
from gridpact.planning.reliability.linear.moment import Moment
from gridpact.planning.reliability.linear.parts import Parts
from gridpact.planning.reliability.linear.rows import NEVER, Sum, answer, total
from gridpact.planning.reliability.linear.units import Units

Pairs = dict[tuple[int, int], int]


def restored_behind(moments: list[Moment], units: Units, kind: int, load: Floats) -> list[Ints]:
    """For every moment the answers by lost zone and zone behind it, shape (zones, zones); NEVER elsewhere."""
    found, kept = [], Pairs()
    for moment in moments:
        near = _near(moment, units, kind, load)
        whole, kept = _by_pairs(moment, Parts(moment, units, kind, load), near, kept)
        found.append(_matrix(whole, len(load)))
    return found


def _matrix(pairs: Pairs, zones: int) -> Ints:
    table = np.full((zones, zones), NEVER, dtype=np.int64)
    if pairs:
        lost, zone = np.array(list(pairs), dtype=np.int64).T
        table[lost, zone] = list(pairs.values())
    return table


def _by_pairs(moment: Moment, parts: Parts, near: Pairs, kept: Pairs) -> tuple[Pairs, Pairs]:
    """All answers, and those through supplies with a limit, which the next moment keeps."""
    rows, every, limited = moment.rows, Pairs(), Pairs()
    ties: dict[tuple[int, int], frozenset[int]] = {}
    islands: dict[tuple[int, int], frozenset[int]] = {}
    for zone in range(len(moment.above)):
        above = moment.above[zone]
        for lost in moment.ancestors(zone):
            pair, before = (lost, zone), (lost, above)
            ties[pair] = ties.get(before, frozenset()) | _known(parts.by_tie(lost, zone))
            islands[pair] = islands.get(before, frozenset()) | _known(parts.by_limited(lost, zone))
            more = {near.get(pair, NEVER), kept.get(pair, NEVER)}
            limited[pair] = rows.any_of(islands[pair] | more)
            every[pair] = rows.any_of(ties[pair] | {limited[pair]})
    return every, limited


def _known(column: int) -> frozenset[int]:
    return frozenset() if column == NEVER else frozenset((column,))


def _near(moment: Moment, units: Units, kind: int, load: Floats) -> Pairs:
    """Answers of zones in the own block of a supply, cut off from the lost zone."""
    by_pair: dict[tuple[int, int], list[int]] = {}
    for pair, column in _blocks(moment, units, kind, load):
        by_pair.setdefault(pair, []).append(column)
    return {pair: _cut_off(moment, *pair, total(answer(one) for one in set(found))) for pair, found in by_pair.items()}


def _cut_off(moment: Moment, lost: int, zone: int, fed: Sum) -> int:
    return moment.rows.all_of([fed, moment.between(moment.movable, lost, zone)])


def _blocks(moment: Moment, units: Units, kind: int, load: Floats) -> Iterator[tuple[tuple[int, int], int]]:
    """Pairs and answers of all blocks at supplies with a limit."""
    for start in units.zones:
        for zone, fed in island_block(moment, units, kind, start, load).items():
            yield from (((lost, zone), fed) for lost in _over_both(moment, start, zone))
    for end in moment.limited:
        for zone, fed in tie_block(moment, end.inner, end.limit_mw, load).items():
            for lost in _over_both(moment, end.inner, zone):
                supply = moment.supplied(lost, end)
                yield (lost, zone), moment.rows.all_of([answer(fed), answer(supply)])


def _over_both(moment: Moment, one: int, other: int) -> list[int]:
    """Zones above where the ways of two zones to the source meet."""
    common = moment.below[:, one] & moment.below[:, other]
    return moment.ancestors(int(np.flatnonzero(common)[-1]))
