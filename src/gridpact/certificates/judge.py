"""The certificate of a cleared market: all checks, one verdict.

complete, finite          is everything there?
program, columns, prices  is it the optimum of the stored program, and do the tables say so?
balance, limits, devices  does the dispatch obey the case?
power flow                does the physics agree?
prices, participants      is a price what a unit costs, and would nobody rather do something else?
money, summary            do the payments add up, does the summary say what the tables say?
probes                    do clearings with other demands confirm the prices?
heat                      the same for the heat network, where there is one (``heat/judge.py``)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gridpact.certificates.acflow import ac_checks, cleared_flow
from gridpact.certificates.balance import balance_checks, cone_check, reported_gap_check
from gridpact.certificates.check import Check
from gridpact.certificates.columns import column_checks
from gridpact.certificates.commitment import commitment_checks
from gridpact.certificates.completeness import complete, finite
from gridpact.certificates.costs import cost_check
from gridpact.certificates.devices import device_checks
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.grid import branch_flow, read_grid
from gridpact.certificates.heat.judge import heat_checks
from gridpact.certificates.limits import limit_checks
from gridpact.certificates.linearcheck import linear_check
from gridpact.certificates.money import money_checks
from gridpact.certificates.multipliers import multiplier_check
from gridpact.certificates.participants import regret_checks
from gridpact.certificates.prices import dual_check, part_check, sum_check
from gridpact.certificates.probes import probe_check, probe_cost_check
from gridpact.certificates.program import program_checks
from gridpact.certificates.stationarity import stationarity_check
from gridpact.certificates.summary import mark_check, repair_check, summary_check
from gridpact.certificates.tangents import has_no_law, is_linearised, tangent_check
from gridpact.results.record import Record

Certificate = dict[str, Any]


def certify(record: Record) -> Certificate:
    """Judge a record by its own content: ``{"verdict": ..., "checks": [...]}``.

    The verdict is "failed" if a required check fails, else "approximate" for what approximates the physics ("dc",
    "lindistflow", and "soc" with ``exactness`` "off"), else "certified". When something is missing or not finite, no
    further check is made.
    """
    checks = list(_checks(record))
    if any(check.required and not check.passed for check in checks):
        verdict = "failed"
    else:
        verdict = "certified" if Evidence(record).is_physics else "approximate"
    return {"verdict": verdict, "checks": [check.as_dict() for check in checks]}


def _checks(record: Record) -> Iterator[Check]:
    entry = complete(record)
    yield entry
    if entry.passed:
        numbers = finite(record)
        yield numbers
        if numbers.passed:
            yield from program_checks(record)
            yield from _content(Evidence(record))


def _content(evidence: Evidence) -> Iterator[Check]:
    """The checks of what tables and solution say."""
    grid = read_grid(evidence.case, evidence.base_mva)
    flow, ac = branch_flow(grid, evidence), cleared_flow(evidence, grid)
    yield from column_checks(evidence, grid, flow)
    yield cost_check(evidence)
    yield from commitment_checks(evidence)
    yield from balance_checks(evidence, grid, flow)
    yield from limit_checks(evidence, grid, flow)
    yield from device_checks(evidence)
    yield from heat_checks(evidence)
    yield cone_check(evidence, grid) if evidence.formulation == "soc" else linear_check(evidence, grid)
    if is_linearised(evidence) or has_no_law(evidence, grid):
        yield tangent_check(evidence, grid)
        yield repair_check(evidence)
    yield reported_gap_check(evidence, grid)
    yield from ac_checks(evidence, grid, flow, ac)
    yield dual_check(evidence)
    yield multiplier_check(evidence, grid, flow)
    yield stationarity_check(evidence)
    yield sum_check(evidence)
    yield part_check(evidence, grid, ac)
    yield from regret_checks(evidence)
    yield from money_checks(evidence, grid)
    yield summary_check(evidence)
    yield mark_check(evidence)
    yield probe_check(evidence)
    yield probe_cost_check(evidence)
