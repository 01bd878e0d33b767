"""The certificate of a reliability study: every figure against faults followed one by one, by code of its own.

complete              is everything there, and is the network one in which faults can be followed?
incidence             is each load as long without supply after each fault as the simulator finds?
load points           customers, mean power, feeder and mean duration of every load
loads, feeders,       failures, hours and energy of loads; indices of feeders and of all; what each fault adds to them
system, faults
indices               does the summary, and the table of indices, say what the tables say?
Monte Carlo           are the random years those of the seed, and do the indices lie in their intervals?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.fault_graph import fault_graph
from gridpact.certificates.planning.fault_simulator import Simulated, simulate
from gridpact.certificates.planning.load_points import LoadPoints, load_points
from gridpact.certificates.planning.monte_carlo import monte_carlo
from gridpact.certificates.planning.reliability_check import (
    TOLERANCE,
    indices_of,
    monte_carlo_check,
    of_loads,
    off_by,
    reliability_checks,
)
from gridpact.certificates.planning.reliability_complete import OF_FAULT, OF_GROUP, OF_YEARS, complete_reliability
from gridpact.errors import InputError
from gridpact.results.record import Record
from gridpact.results.reliability import INDICES, REPAIRED, SWITCHED, UNDISTURBED

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Own:
    """What the judges find by themselves: every fault followed, the loads, their failures, hours and energy."""

    simulated: Simulated
    loads: LoadPoints
    found: Mapping[str, Floats]
    feeder: list[str]


def certify_reliability(record: Record) -> dict[str, Any]:
    """Judge a study by its own content: ``{"verdict": ..., "checks": [...]}``, "certified" or "failed".

    When something is missing or no number, or the network is not radial, no further check is made.
    """
    try:
        simulated = simulate(record.case)
    except InputError as error:
        text = "The network is radial, so that a fault can be followed."
        checks = [Check("reliability complete", True, float("nan"), 0.0, str(error).splitlines()[0], text)]
    else:
        checks = [complete_reliability(record, simulated)]
        if checks[0].passed:
            checks += _checks(record, simulated)
    sound = all(check.passed for check in checks if check.required)
    return {"verdict": "certified" if sound else "failed", "checks": [check.as_dict() for check in checks]}


def _checks(record: Record, simulated: Simulated) -> Iterator[Check]:
    loads = load_points(record.case)
    own = Own(simulated, loads, of_loads(record.case, simulated), _feeders(record))
    yield _incidence(record, own)
    yield from _of_tables(record, own)
    yield _indices(record, own)
    years, seed = record.settings["monte_carlo_years"], record.settings["seed"]
    if years:
        yield _drawn_again(record, years, seed)
        yield monte_carlo_check(record.case, record.tables, years, seed)


def table_checks(record: Record, simulated: Simulated) -> Iterator[Check]:
    """The tables of loads, feeders, system and faults of a record whose rows are complete."""
    loads = load_points(record.case)
    yield from _of_tables(record, Own(simulated, loads, of_loads(record.case, simulated), _feeders(record)))


def _of_tables(record: Record, own: Own) -> Iterator[Check]:
    yield _load_points(record, own)
    yield from reliability_checks(record.case, record.tables, own.simulated)
    yield _of_feeders(record, own)
    yield _of_faults(record, own)


def _feeders(record: Record) -> list[str]:
    """The line nearest to the source on the way from it to every load; the source's bus where there is none."""
    case, graph = record.case, fault_graph(record.case)
    buses, lines = case.ids("buses"), case.ids("lines")
    at, found = {name: number for number, name in enumerate(buses)}, []
    for bus in case.tables["loads"]["bus"]:
        node, feeder = at[bus], ""
        while graph.before[node] >= 0:
            feeder = lines[node - len(buses)] if 0 <= node - len(buses) < len(lines) else feeder
            node = graph.before[node]
        found.append(feeder or buses[node])
    return found


def _incidence(record: Record, own: Own) -> Check:
    """Classes that differ count as one each, hours by their relative difference."""
    simulated, classes = own.simulated, np.asarray(record.solution["classes"])
    repair = np.array([fault.repair_h for fault in simulated.faults])[:, None]
    known = np.where(simulated.dark, np.where(simulated.hours < repair, SWITCHED, REPAIRED), UNDISTURBED)
    names = [fault.name for fault in simulated.faults]
    measures = [
        Measure("class after", names, (classes != known).sum(axis=1).astype(np.float64)),
        Measure("hours after", names, off_by(record.solution["hours"], simulated.hours).max(axis=1, initial=0.0)),
    ]
    text = "Loads with another class, and relative difference of hours, after every fault, from the exact simulator."
    return worst("incidence", text, TOLERANCE, measures)


def _load_points(record: Record, own: Own) -> Check:
    table, names = record.tables["reliability_loads"], own.loads.names
    failures, hours = own.found["failures_per_year"], own.found["hours_per_year"]
    mean = np.divide(hours, failures, out=np.zeros_like(hours), where=failures > 0.0)
    known = {"customers": own.loads.customers, "mean_mw": own.loads.mean_mw, "hours_per_failure": mean}
    measures = [Measure(name, names, off_by(table[name], values)) for name, values in known.items()]
    other = np.array([str(told) != feeder for told, feeder in zip(table["feeder"], own.feeder, strict=True)])
    measures.append(Measure("feeder", names, other.astype(np.float64)))
    text = "Customers, mean power, feeder and mean duration of every load, from the case; relative."
    return worst("load points", text, TOLERANCE, measures)


def _of_feeders(record: Record, own: Own) -> Check:
    table, names = record.tables["reliability_feeders"], list(dict.fromkeys(own.feeder))
    text = "Relative difference of the indices of every feeder from the exact simulator."
    if [str(name) for name in table["feeder"]] != names:
        return Check("reliability_feeders", True, float("nan"), TOLERANCE, "feeder", text)
    known = [_of_group(own, np.array([feeder == name for feeder in own.feeder])) for name in names]
    columns = {name: np.array([one[name] for one in known]) for name in OF_GROUP}
    measures = [Measure(name, names, off_by(table[name], values)) for name, values in columns.items()]
    return worst("reliability_feeders", text, TOLERANCE, measures)


def _of_group(own: Own, inside: NDArray[np.bool_]) -> dict[str, float]:
    return indices_of(own.loads.customers[inside], {name: values[inside] for name, values in own.found.items()})


def _of_faults(record: Record, own: Own) -> Check:
    """Faults of the network, then those of the loads' own transformers, which interrupt their load alone."""
    table, loads, simulated = record.tables["reliability_faults"], own.loads, own.simulated
    single = np.eye(len(loads.names))[loads.rate > 0.0]
    rate = np.array([*(fault.rate for fault in simulated.faults), *loads.rate[loads.rate > 0.0]])
    hit = np.concatenate([simulated.dark.astype(np.float64), single])
    hours = np.concatenate([simulated.hours, single * loads.repair_h])
    everyone, customers = float(loads.customers.sum()), loads.customers
    known = (
        rate,
        hit @ customers,
        hit @ loads.mean_mw,
        rate * (hit @ customers) / everyone,
        rate * (hours @ customers) / everyone,
        rate * (hours @ loads.mean_mw),
    )
    names = [str(name) for name in table["fault"]]
    pairs = zip(OF_FAULT, known, strict=True)
    measures = [Measure(name, names, off_by(table[name], values)) for name, values in pairs]
    text = "Relative difference of what every fault interrupts and adds to the indices from the exact simulator."
    return worst("reliability_faults", text, TOLERANCE, measures)


def _indices(record: Record, own: Own) -> Check:
    """The summary and the table of indices, by the judges' own numbers."""
    known = indices_of(own.loads.customers, own.found)
    told = record.tables["reliability"].set_index("index")["value"]
    counted = {"customers": known["customers"], "feeders": float(len(set(own.feeder)))}
    wanted = {name: known[name] for name in INDICES} | counted
    summary = np.array([record.summary[name] for name in wanted], dtype=np.float64)
    values = np.array([known[name] for name in INDICES])
    measures = [
        Measure("summary", list(wanted), off_by(summary, np.array(list(wanted.values())))),
        Measure("reliability", INDICES, off_by(told.loc[list(INDICES)], values)),
    ]
    return worst("indices", "Relative difference of the summary and the table of indices.", TOLERANCE, measures)


def _drawn_again(record: Record, years: int, seed: int) -> Check:
    """The random years of the seed once more."""
    table, again = record.tables["reliability_monte_carlo"], monte_carlo(record.case, years, seed)
    text = f"Relative difference of means and intervals from {years} random years drawn again with seed {seed}."
    if [str(name) for name in table["index"]] != again["index"].tolist():
        return Check("random years again", True, float("nan"), TOLERANCE, "index", text)
    names = again["index"].tolist()
    measures = [Measure(name, names, off_by(table[name], again[name].to_numpy())) for name in OF_YEARS]
    return worst("random years again", text, TOLERANCE, measures)
