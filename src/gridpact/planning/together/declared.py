"""What each owner who plans apart may say, in which units and how many numbers: it follows from what is public.

Owners declare it, and whoever coordinates lets nothing else pass. Masks that are shared in one process come to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gridpact.coordination.apart.limits import Limits, limits_of
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.party import ANSWER, EXCHANGE, PROPOSAL, Disclosure
from gridpact.coordination.secure_sum import MASKED, WORD_UNIT
from gridpact.planning.together import words as w
from gridpact.planning.together.public import PublicPlan

ANSWERED_BY = {
    PROPOSAL: ANSWER,
    MASKED: MASKED,
    **dict.fromkeys((w.CAPACITY, w.SUGGEST, w.WEIGH), w.FLAG),
    **{kind: kind for kind in (w.DECIDE, w.HEAR, w.VALUE, w.DUALS, w.REVEAL)},
}


def disclosures(sizes: Iterable[int], candidates: int) -> tuple[Disclosure, ...]:
    """Those of an owner of so many candidates that exchanges so many quantities, by day."""
    by_day = list(sizes)
    return (
        *dict.fromkeys(Disclosure(ANSWER, EXCHANGE, "p.u.", size) for size in by_day),
        Disclosure(w.FLAG, w.FLAG, "1", 1),
        Disclosure(w.DUALS, w.WORTH, "currency", len(by_day) * candidates),
        Disclosure(w.REVEAL, w.UNITS, "1", candidates),
        Disclosure(MASKED, MASKED, WORD_UNIT, 2),
    )


def declared(public: PublicPlan) -> Mapping[str, tuple[Disclosure, ...]]:
    """Disclosures by the name of the owner."""
    return {
        name: disclosures([public.places(day, owner).size for day in range(public.days)], public.owners.own(owner).size)
        for owner, name in enumerate(public.owners.names)
    }


def plan_limits(terms: Terms, public: PublicPlan) -> Limits:
    """What is let pass: bounds and rates of the terms, and nothing that is not declared."""
    return limits_of(terms, declared(public), frozenset(), ANSWERED_BY)
