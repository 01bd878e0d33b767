"""Do prices and choices of the designs support each other?

    support   cost without interfaces + hours x sum of the equilibrium's root price x power is least at the equilibrium
    choice    whoever takes a price pays no more by it than with the imports of any other design
    market    the transmission market costs at the design's powers what the judges' own market does, and its price there
              is a multiplier

The district's cost without its interfaces is convex in its import, and falls by the root price there.
"""

from __future__ import annotations

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.curved import curved_cost
from gridpact.certificates.game.design_table import Designs
from gridpact.certificates.game.follower import FAILED, market_of, sides_of
from gridpact.certificates.game.records import district_record, of_connections
from gridpact.certificates.tangents import is_linearised

# What clearings of the same district may differ by, relative: the solver's accuracy, and what a repair leaves open.
ACCURACY = 1e-5


def support_checks(designs: Designs) -> list[Check]:
    """The districts' costs, then those of the transmission market."""
    return [*_supported(designs), *_markets(designs)]


def _supported(designs: Designs) -> list[Check]:
    """No design costs less than the equilibrium's prices allow, and whoever takes a price chooses the best by it."""
    record = designs.record
    if is_linearised(Evidence(district_record(record))):
        return []  # where the relaxation had to be repaired its prices say nothing of dispatches far away
    root, inside, scale = of_connections(record, "root_price_per_mwh"), designs.inside, designs.scale
    worth = inside + designs.paid(root)
    support = worth[designs.led] - worth
    measures = [Measure("support", designs.names, support / scale)]
    table = record.tables["designs"]
    status = dict(zip(table["design"].astype(str), table["status"].astype(str), strict=True))
    for name, column in (("uncoordinated", "announced_lmp_per_mwh"), ("competitive", "lmp_per_mwh")):
        if name in designs.names and status[name] == "cleared":
            row = designs.names.index(name)
            cost = inside + designs.paid(designs.hours(column)[row])
            measures.append(Measure(f"{name} than", designs.names, (cost[row] - cost) / scale))
    text = "Costs of the designs against the prices of the equilibrium, and choices at a price against it; relative."
    return [worst("designs_supported", text, ACCURACY, measures)]


def _markets(designs: Designs) -> list[Check]:
    """The transmission market at the powers of every design, where no hours are tied."""
    record = designs.record
    market = market_of(record)
    if market.is_tied or market.is_mixed:
        return []
    spent, price = designs.figure("transmission_cost"), designs.hours("lmp_per_mwh")
    costs, wrong = [], []
    for power, paid in zip(designs.power, price, strict=True):
        here, failed = curved_cost(market, power)
        costs.append(record.case.hours * float(np.where(failed > FAILED, np.nan, here).sum()))
        wrong.append(float(np.max(sides_of(market, power, here, curved_cost).wrong(paid))))
    told, own = spent - spent[designs.led], np.array(costs) - costs[designs.led]
    measures = [
        Measure("cost", designs.names, np.abs(told - own) / np.maximum(1.0, np.abs(spent))),
        Measure("price", designs.names, np.array(wrong)),
    ]
    text = "Cost and price of the transmission market at every design's powers by the judges' own market; relative."
    return [worst("designs_in_market", text, ACCURACY, measures)]
