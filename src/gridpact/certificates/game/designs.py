"""Do the designs beside the equilibrium add up, and do their figures say what their hours do?

identities   leader = ADN + DHN, welfare = the districts' own cost + transmission cost, rent = paid less received
order        leading costs the leader least, cooperation all together
own          the row of the equilibrium is that of the tables of both markets
hours        imports, payments, means and maxima of every design are those of its hours
claims       hold as the figures say
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.demand import PARTS
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.design_support import support_checks
from gridpact.certificates.game.design_table import Designs, designs_of, figure_of
from gridpact.certificates.game.records import district_record, of_connections, transmission_record
from gridpact.certificates.heat.costs import heat_cost_terms
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
PRODUCERS = ("generator", "renewable", "storage", "interface")
ASKED = ("bought", "sold", "generators", "running", "starts", "renewables", "wear")
CLAIMS = (
    ("leading lowers the mean DLMP", "dlmp_mean_per_mwh"),
    ("leading lowers the highest DLMP", "dlmp_max_per_mwh"),
    ("leading lowers the mean LMP", "lmp_mean_per_mwh"),
    ("leading benefits the distribution network", "adn_cost"),
    ("leading benefits the heat network", "dhn_cost"),
    ("leading benefits the transmission network", "transmission_cost"),
    ("leading lowers the cost of all", "welfare_cost"),
)


def design_checks(record: Record) -> list[Check]:
    """Identities, order and support of the designs, and the claims drawn from them; none where there are none."""
    if "designs" not in record.tables:
        return []
    designs = designs_of(record)
    return [
        _add_up(designs),
        _order(designs),
        _own_row(designs),
        _of_hours(designs),
        *support_checks(designs),
        _claims(record),
    ]


def _add_up(designs: Designs) -> Check:
    """Identities of every design."""
    cost, surplus = designs.figure("transmission_cost"), designs.figure("producers_surplus")
    faults = {
        "adn + dhn": designs.figure("adn_cost") + designs.figure("dhn_cost") - designs.figure("leader_cost"),
        "welfare": designs.inside + cost - designs.figure("welfare_cost"),
    }
    if not _has_choice(designs.record):
        traded = (
            designs.figure("load_payment") + designs.figure("interface_payment") - designs.figure("congestion_rent")
        )
        faults["rent"] = traded - surplus - cost
    if not designs.record.case.count("heat_nodes"):
        faults["no heat"] = designs.figure("dhn_cost") * designs.scale
    measures = [Measure(rule, designs.names, np.abs(off) / designs.scale) for rule, off in faults.items()]
    return worst("designs_add_up", "Costs of every design add up; relative.", TOLERANCE, measures)


def _has_choice(record: Record) -> bool:
    """Whether demand of the transmission network may choose: its cost is then not what producers ask alone."""
    assert record.transmission is not None
    return any(record.transmission.count(table) for table in PARTS)


def _order(designs: Designs) -> Check:
    """Leading costs the leader at most what taking the price does, and cooperation costs all together the least."""
    cost, welfare, led = designs.figure("leader_cost"), designs.figure("welfare_cost"), designs.led
    over = {f"{name}, leader": cost[led] - cost[k] for k, name in enumerate(designs.names)}
    if "cooperative" in designs.names:
        least = welfare[designs.names.index("cooperative")]
        over |= {f"{name}, welfare": least - welfare[k] for k, name in enumerate(designs.names)}
    text = "Leading costs the leader no more than any other design, cooperation all the least; relative."
    off = np.array(list(over.values())) / float(designs.scale[led])
    tolerance = float(designs.record.settings["gap"]) + TOLERANCE
    return worst("designs_in_order", text, tolerance, [Measure("than", list(over), off)])


def _own_row(designs: Designs) -> Check:
    """The row of the equilibrium, and its hours, say what the tables of both markets do."""
    told, row = _told(designs.record), designs.led
    scale = max(1.0, abs(told["leader_cost"]), abs(told["transmission_cost"]))
    off = [abs(float(designs.figure(name)[row]) - value) / scale for name, value in told.items()]
    prices = _district_prices(designs.record)
    hours = {
        "boundary_mw": of_connections(designs.record, "boundary_mw"),
        "lmp_per_mwh": of_connections(designs.record, "lmp_per_mwh"),
        "dlmp_mean_per_mwh": prices.mean(axis=0)[None],
        "dlmp_max_per_mwh": prices.max(axis=0)[None],
    }
    off += [_largest(designs.hours(name)[row], value) for name, value in hours.items()]
    off += [_largest(designs.figure("dlmp_mean_per_mwh")[row], prices.mean())]
    names = [*told, *hours, "dlmp_mean_per_mwh"]
    text = "The design stackelberg costs and does what the tables of both markets say; relative."
    return worst("own_design", text, TOLERANCE, [Measure("figure", names, np.array(off))])


def _largest(told: Floats, own: Floats) -> float:
    return float(np.max(np.abs(told - own) / (1.0 + np.abs(own))))


def _district_prices(record: Record) -> Floats:
    price: Floats = record.tables["electricity_prices"]["price_per_mwh"].to_numpy(dtype=np.float64)
    return price.reshape(record.case.steps, -1).T


def _told(record: Record) -> dict[str, float]:
    """Money of the equilibrium from the tables of both markets."""
    hours, feeders = record.case.hours, float(record.summary["feeders"])
    district, market = Evidence(district_record(record)), Evidence(transmission_record(record))
    cost = float(record.summary["leader_cost"])
    heat = feeders * hours * sum(float(term.sum()) for term in heat_cost_terms(district).values())
    bought = hours * float((of_connections(record, "lmp_per_mwh") * of_connections(record, "boundary_mw")).sum())
    terms = {name: hours * float(term.sum()) for name, term in cost_terms(market).items()}
    paid = record.tables["transmission_settlement"].groupby("kind")["payment"].sum()
    revenue = -sum(float(paid.get(kind, 0.0)) for kind in PRODUCERS)
    loads = float(paid.get("load", 0.0)) - bought
    spent = sum(terms.values())
    return {
        "leader_cost": cost,
        "adn_cost": cost - heat,
        "dhn_cost": heat,
        "interface_payment": bought,
        "transmission_cost": spent,
        "producers_surplus": revenue - sum(terms[name] for name in ASKED),
        "load_payment": loads,
        "congestion_rent": loads + bought - revenue,
        "welfare_cost": cost - bought + spent,
    }


def _of_hours(designs: Designs) -> Check:
    """Sums, means and maxima of the hours."""
    record, price = designs.record, designs.hours("lmp_per_mwh")
    mean, most = designs.hours("dlmp_mean_per_mwh"), designs.hours("dlmp_max_per_mwh")
    announced = designs.hours("announced_lmp_per_mwh")
    own = {
        "import_mwh": record.case.hours * designs.power.sum(axis=(1, 2)),
        "interface_payment": record.case.hours * (price * designs.power).sum(axis=(1, 2)),
        "lmp_mean_per_mwh": price.mean(axis=(1, 2)),
        "lmp_max_per_mwh": price.max(axis=(1, 2)),
        "dlmp_mean_per_mwh": mean.mean(axis=(1, 2)),
        "dlmp_max_per_mwh": most.max(axis=(1, 2)),
    }
    measures = [
        Measure(name, designs.names, np.abs(designs.figure(name) - value) / (1.0 + np.abs(value)))
        for name, value in own.items()
    ]
    told, first = designs.figure("announced_lmp_mean_per_mwh"), [name == "uncoordinated" for name in designs.names]
    off = np.where(first, np.abs(told - announced.mean(axis=(1, 2))), np.where(np.isnan(told), 0.0, np.inf))
    measures += [
        Measure("announced_lmp_mean_per_mwh", designs.names, off),
        Measure("mean above maximum", designs.names, (mean - most).max(axis=(1, 2))),
    ]
    text = "Figures of every design are the sums, means and maxima of its hours; relative."
    return worst("designs_of_hours", text, TOLERANCE, measures)


def _claims(record: Record) -> Check:
    """Every claim of the literature with the figure that answers it."""
    table = record.tables["claims"]
    expected = [(claim, than, figure) for than in ("uncoordinated", "competitive") for claim, figure in CLAIMS]
    text = "Claims hold, or do not, as the figures of the designs say; relative."
    columns = ["claim", "than", "figure", "holds", "lower_by"]
    if not set(columns) <= set(table.columns) or list(zip(*(table[n] for n in columns[:3]), strict=True)) != expected:
        return Check("claims", True, float("nan"), TOLERANCE, "rows of the claims", text)
    told = zip(table["holds"].astype(str), table["lower_by"].to_numpy(dtype=np.float64).tolist(), strict=True)
    off = [
        _claim_off(word, fall, figure_of(record, figure, than), figure_of(record, figure, "stackelberg"))
        for (_, than, figure), (word, fall) in zip(expected, told, strict=True)
    ]
    names = [f"{claim} than {than}" for claim, than, _ in expected]
    return worst("claims", text, TOLERANCE, [Measure("", names, np.array(off))])


def _claim_off(word: str, told: float, other: float, led: float) -> float:
    """How far a claim's amount is from the figures, infinite where its word is another than they say."""
    fall, scale = other - led, max(1.0, abs(led))
    if np.isnan(fall):
        return 0.0 if word == "unknown" and np.isnan(told) else float("inf")
    own = "equal" if abs(fall) <= TOLERANCE * scale else ("yes" if fall > 0.0 else "no")
    return abs(told - fall) / max(1.0, abs(fall)) if word == own else float("inf")
