"""Whole parts: what ties and islands give back beyond a zone that waits for the repair.

With zone a waiting, the next device that can be opened on the way from a down to zone v cuts off all that is below it:
a part. A tie without limit feeds the part whole. Supplies with a limit feed it whole where each of them that may act in
it could carry all of it: whoever comes first then takes everything.
"""

from __future__ import annotations

from gridpact.case.case import Floats
from gridpact.planning.reliability.linear.moment import Moment
from gridpact.planning.reliability.linear.rows import ALWAYS, NEVER, ONE, SLACK, Sum, answer, total
from gridpact.planning.reliability.linear.setting import TieEnd
from gridpact.planning.reliability.linear.units import Units


class Parts:
    """Answers for the part below zone m, at a moment and for a kind of repair; ``load`` is that of every zone."""

    def __init__(self, moment: Moment, units: Units, kind: int, load: Floats) -> None:
        self.moment, self.units, self.kind = moment, units, kind
        self.own_load, self.load = load, load @ moment.below.T
        self._safe: dict[int, int] = {}
        self._clean: dict[tuple[int, int], int] = {}

    def by_tie(self, lost: int, part: int) -> int:
        """Whether a tie without limit feeds the part that begins below zone ``lost``."""
        ties = [self.moment.supplied(lost, end) for end in self.moment.unlimited if self._into(part, end)]
        return self.moment.rows.all_of([self.moment.movable[part], total(answer(tie) for tie in ties)])

    def by_limited(self, lost: int, part: int) -> int:
        """Whether supplies with a limit feed exactly this part, whole."""
        here = [self.moment.movable[part], self._carried(lost, part), self.moment.cleared(lost)]
        if any(one.most <= 0.0 for one in here) or self._well(part) == NEVER:
            return NEVER
        above = self.moment.above[part]
        clean = ALWAYS if above == lost else self._no_larger(lost, above)
        return self.moment.rows.all_of([*here, answer(self._well(part)), answer(clean)])

    def _into(self, part: int, end: TieEnd) -> bool:
        return bool(self.moment.below[part, end.inner]) and not self.moment.below[part, end.outer]

    def _zones(self, part: int) -> list[int]:
        return [zone for zone in self.units.zones if self.moment.below[part, zone]]

    def _holds(self, part: int, zone: int) -> list[int]:
        others = [other for other in self._zones(part) if other != zone]
        return self.units.carries(self.kind, zone, part, others, self.own_load, float(self.load[part]))

    def _fits(self, part: int, end: TieEnd) -> bool:
        return float(self.load[part]) <= end.limit_mw + SLACK

    def _carried(self, lost: int, part: int) -> Sum:
        """Supplies that can carry the part."""
        units = [found for zone in self._zones(part) for found in self._holds(part, zone)]
        ends = [end for end in self.moment.limited if self._into(part, end) and self._fits(part, end)]
        return total(answer(found) for found in [*units, *(self.moment.supplied(lost, end) for end in ends)])

    def _well(self, part: int) -> int:
        """Whether none is there with a limit that it would come to in this part."""
        if part not in self._safe:
            weak = [end for end in self.moment.limited if self._into(part, end) and not self._fits(part, end)]
            ties = [ONE + -answer(end.column) for end in weak]
            units = [one for zone in self._zones(part) for one in self._holds_if_any(part, zone)]
            self._safe[part] = self.moment.rows.all_of([*ties, *units])
        return self._safe[part]

    def _holds_if_any(self, part: int, zone: int) -> list[Sum]:
        """Units that cannot hold their own zone do no harm: they begin in a block only with others that can."""
        enough = total(answer(found) for found in self._holds(part, zone))
        begun = self.units.may_begin(self.kind, zone, float(self.own_load[zone]))
        return [ONE + -answer(begins) + enough for begins in begun]

    def _no_larger(self, lost: int, part: int) -> int:
        """Whether no larger part, from this one up to zone ``lost``, is cut off without being well."""
        key = (lost, part)
        if key not in self._clean:
            above = self.moment.above[part]
            before = ALWAYS if above == lost else self._no_larger(lost, above)
            here = ONE + -self.moment.movable[part] + answer(self._well(part))
            self._clean[key] = self.moment.rows.all_of([answer(before), here])
        return self._clean[key]
