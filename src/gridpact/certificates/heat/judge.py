"""The checks of a heat network and its market, beyond those that it shares with electricity.

water, simulation         do flows, pressures and temperatures agree with the judges' own?
balance, energy, limits   is heat made of nothing, is water too hot or too cold?
devices                   do plants, boilers, heat pumps, tanks and consumers do what they can?
prices                    is a price what a unit of heat costs, and is each of its parts?
tables                    do the other tables say the same?
"""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.certificates.check import Check
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.heat.devices import heat_device_checks
from gridpact.certificates.heat.energy import energy_checks
from gridpact.certificates.heat.limits import temperature_check
from gridpact.certificates.heat.prices import heat_price_checks
from gridpact.certificates.heat.records import record_checks
from gridpact.certificates.heat.temperature_check import simulation_checks
from gridpact.certificates.heat.view import heat_view
from gridpact.certificates.heat.water_check import water_checks


def heat_checks(evidence: Evidence) -> Iterator[Check]:
    """All of them; none where the case has no heat network."""
    if evidence.case.count("heat_nodes"):
        view = heat_view(evidence)
        yield from water_checks(view)
        yield from simulation_checks(view)
        yield from energy_checks(view)
        yield temperature_check(view)
        yield from heat_device_checks(evidence)
        yield from heat_price_checks(view)
        yield from record_checks(view)
