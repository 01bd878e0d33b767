"""The joint plan in words, for owners who have to agree on it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.numbers import struck
from gridpact.report.planning.facts import percent
from gridpact.report.planning.words import limits
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, tag
from gridpact.report.together import facts
from gridpact.report.trade.facts import DISAGREEMENTS
from gridpact.report.trade.fee_words import rates
from gridpact.results.record import Record

FEW = 4  # assets in a sentence


def section(record: Record, standing: Standing) -> str:
    """Who builds what, what that is worth, how it is shared, what is proven."""
    found = [built(record), worth(record, standing), shared(record, standing), proven(record, standing)]
    return "".join(tag("p", text, "lead") for text in (*found, stable(record, standing), limits(record)) if text)


def no_deal(record: Record) -> str:
    """A banner where nobody agreed; empty where they did."""
    if not facts.is_together(record) or facts.deal(record):
        return ""
    why = facts.why(record).rstrip(".")
    words = (
        f"{safe(why[:1].upper() + why[1:])}. Everybody plans alone and nothing is paid. What is shown below is the "
        "plan of least cost that was found, and nobody has agreed to it."
    )
    sign = '<span class="sign" aria-hidden="true">–</span>'
    return (
        f'<div class="banner nodeal" role="status">{sign}<div>{tag("strong", "No deal")}{tag("p", words)}</div></div>'
    )


def built(record: Record) -> str:
    """What is built only together, what only alone, and how much there is of either."""
    found = facts.built(record)
    if found is None:
        return ""
    more, less = found[found["units"] > found["before"]], found[found["units"] < found["before"]]
    count = f"Together {int((found['units'] > 0).sum())} of {len(found)} candidates are built"
    parts = [f"{count}, alone {int((found['before'] > 0).sum())}."]
    parts += [f"Trade makes worth while: {_named(more)}."] if len(more) else []
    parts += [f"Alone would be built, and is not needed together: {_named(less)}."] if len(less) else []
    return " ".join(parts)


def _named(some: pd.DataFrame) -> str:
    names = [
        f"<b>{safe(row['asset'])}</b> ({safe(row['owner'])}, {row['before']:g} → {row['units']:g})"
        for _, row in some.head(FEW).iterrows()
    ]
    more = f" and {len(some) - FEW} more" if len(some) > FEW else ""
    return ", ".join(names) + more


def worth(record: Record, standing: Standing) -> str:
    after, before = (facts.figure(record, name) for name in ("objective", "objective_alone"))
    if not math.isfinite(before - after):
        return ""
    amounts = [amount(value, record, standing) for value in (after, before, before - after)]
    share = f" ({number(100.0 * (before - after) / abs(before), 1)} %)" if before else ""
    cost = "costs" if facts.deal(record) else "would cost"
    return (
        f"A year then {cost} all owners {amounts[0]}, building included, instead of {amounts[1]} where each plans "
        f"alone: {amounts[2]} less{share}. {_falls_back(record)}"
    )


def _falls_back(record: Record) -> str:
    """What alone means, for it decides what there is to be shared."""
    kinds = record.case.tables["microgrids"]["disagreement"].value_counts(sort=False)
    told = [f"{count} {DISAGREEMENTS.get(str(kind), safe(kind))}" for kind, count in kinds.items()]
    return f"Alone, of {int(kinds.sum())} microgrids {', '.join(told)}; the operator supplies what they then take."


def shared(record: Record, standing: Standing) -> str:
    if not facts.deal(record) or facts.table(record, "owners") is None:
        return ""
    gains, names = facts.column(record, "gain"), facts.owners(record)
    told = ", ".join(
        f"{safe(names[place])} {amount(float(gains[place]), record, standing)}"
        for place in np.argsort(-gains, kind="stable")[:FEW]
    )
    more = f", {len(names) - FEW} more less" if len(names) > FEW else ""
    rule = facts.RULES.get(str(record.summary.get("weights_rule")), "as given")
    return (
        f"All owners bargain, the operator too, and each gains its weight times what all gain (weights {rule}): "
        f"{told}{more}. Payments see to it, whoever builds and whoever saves."
    )


def proven(record: Record, standing: Standing) -> str:
    bound, gap = facts.figure(record, "objective_lower_bound"), facts.figure(record, "gap")
    if not math.isfinite(bound):
        return ""
    asked = facts.figure(record, "gap_asked")
    wanted = f" ({significant(100.0 * asked)} % asked for)" if math.isfinite(asked) else ""
    found = (
        f"No plan of all owners costs less than {amount(bound, record, standing)} a year on these days: the gap is "
        f"{struck(percent(gap), standing)} % of the cost{wanted}."
    )
    found += _alone(record, standing)
    base, gain = facts.baseline(record), facts.surplus(record)
    if base is None or not gain > 0.0:
        return found
    share = number(100.0 * float(base["surplus"]) / gain, 0)
    return f"{found} Had all answered at once to the trades agreed last, {share} % of this gain would have been found."


def _alone(record: Record, standing: Standing) -> str:
    """How well it is known what each would pay alone."""
    if facts.table(record, "owners") is None:
        return ""
    off = float((facts.column(record, "alone_cost") - facts.column(record, "alone_lower_bound")).sum())
    least = amount(max(off, 0.0), record, standing) if off >= 0.5 else f"one {safe(record.case.currency)}"
    return f" What all pay alone is no more than {least} above the least they could pay."


def stable(record: Record, standing: Standing) -> str:
    """Whether anyone would rather build something else."""
    held, anew = (facts.figure(record, f"largest_{name}_gain") for name in ("held", "rebargained"))
    if not math.isfinite(held + anew):
        return ""
    words = [f"{facts.small(value, standing)} {safe(record.case.currency)}" for value in (held, anew)]
    return (
        f"By changing its own plan alone no owner could gain more than {words[0]} a year where trades and payments "
        f"stay, nor more than {words[1]} where all is traded and shared anew: the plan is an equilibrium to that much."
    )


def fees(record: Record, standing: Standing) -> str:
    """What fees do to the plan and to the gains."""
    if facts.fees_are_costs(record):
        words = (
            "Here they are a true cost of trading: they count in the cost of all and decide what trade, and what "
            "building, pays. Other fees may lead to another plan."
        )
    else:
        words = (
            "They are paid by owners to an owner, and all bargain: whatever the fees are, the plan and the gains are "
            "the same, and the lump sums make good what fees take."
        )
    return tag("p", f"{rates(record)} {words}", "lead")


def weights(record: Record, standing: Standing) -> str:
    """What weights do."""
    return tag(
        "p",
        "Weights share the gain and do not change the plan: a gain is a weight times what all gain. They, and what "
        "each would pay alone, are fixed before any plan is looked at.",
        "lead",
    )


def reinforcements(record: Record, standing: Standing) -> str:
    """Who bears what the operator builds."""
    if facts.table(record, "reinforcements") is None or not facts.deal(record):
        return ""
    return tag(
        "p",
        "The operator pays for what it builds, and what it pays makes the gain of all smaller: so each owner bears its "
        "weight of it, by its payment.",
        "lead",
    )


def amount(value: float, record: Record, standing: Standing) -> str:
    """Money that no line breaks."""
    return f'<span style="white-space:nowrap">{struck(number(value, 0), standing)} {safe(record.case.currency)}</span>'
