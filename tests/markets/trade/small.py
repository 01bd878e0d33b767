"""Small markets whose exchanges and prices can be had by hand: a star of lines around the interface.

Microgrid i hangs on bus 1 by a line of its own of resistance r (ohm, no reactance) at 10 kV. What leaves bus 1 for it
is S with S - r S^2 = -e (MW, r per MW), so that

    S = (1 - sqrt(1 + 4 r e)) / (2 r),      price at its bus = price at bus 1 / sqrt(1 + 4 r e)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from gridpact.case.case import Case
from gridpact.certificates.judge import certify
from gridpact.clearing import relaxed_voltages
from gridpact.markets.basis import price_basis
from gridpact.markets.cleared import Cleared
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.probes import price_probes
from gridpact.markets.trade.deal import How, Trade, traded
from gridpact.markets.trade.market import trade_market
from gridpact.programs.standard_form import arrays
from gridpact.progress import tracker
from gridpact.results.record import Record
from gridpact.results.summary import clearing_summary
from gridpact.run import provenance
from tests.districts import bus, district, interface, line, load

Floats = NDArray[np.float64]
VN_KV = 10.0
NAMES = "abcdefgh"
METHODS = ("atc", "cf_admm", "central")


def star(
    resistances: Sequence[float] = (0.4, 0.6),
    profiles: Mapping[str, Sequence[float]] | None = None,
    microgrids: Sequence[Mapping[str, Any]] | None = None,
    **more: Any,
) -> Case:
    """Microgrids a, b, ... at buses 2, 3, ...; ``more`` replaces and adds tables, or says more of the header.

    ``microgrids`` are more columns of each of them. The interface buys and sells at 50 per MWh.
    """
    count = len(resistances)
    rows = [{"microgrid": NAMES[k], "bus": str(k + 2)} for k in range(count)]
    parts: dict[str, Any] = {
        "buses": [bus(str(k + 1), vn_kv=VN_KV) for k in range(count + 1)],
        "lines": [line(f"to-{NAMES[k]}", "1", str(k + 2), r, 0.0) for k, r in enumerate(resistances)],
        "interfaces": [interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=1.0)],
        "microgrids": [{**row, **own} for row, own in zip(rows, microgrids or [{}] * count, strict=True)],
    }
    return district(profiles, **(parts | more))


def unit(name: str, at: str, cost: float, square: float = 10.0, **more: Any) -> dict[str, Any]:
    """A generator of up to 3 MW at cost p + square p^2 per hour."""
    own = {"generator": name, "bus": at, "max_p_mw": 3.0, "cost_per_mwh": cost, "cost_per_mw2h": square}
    return {**own, **more}


def two_makers(**more: Any) -> Case:
    """a makes at 20 + 20 p and needs 1 MW, b at 40 + 40 p and needs 1 MW."""
    return _makers(**more) if more else _plain()


@cache
def _plain() -> Case:
    return _makers()


def _makers(**more: Any) -> Case:
    parts = {
        "generators": [unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)],
        "loads": [load("2", 1.0), load("3", 1.0)],
    }
    return star(**(parts | more))


def trade(case: Case, method: str = "atc", **more: Any) -> Trade:
    """Both stages, in objects."""
    return traded(trade_market(case), How(method=method, **more))


def factor(ohm: float, e: float) -> float:
    """Price at the bus of who gives e MW, over the price at bus 1."""
    return float(1.0 / np.sqrt(1.0 + 4.0 * ohm / VN_KV**2 * e))


def sent(ohm: float, e: float) -> float:
    """MW that leave bus 1 for who gives e MW."""
    r = ohm / VN_KV**2
    return float((1.0 - np.sqrt(1.0 + 4.0 * r * e)) / (2.0 * r))


def given(marginal: Callable[[float], float], ohm: float, root: float, low: float = -9.0, high: float = 9.0) -> float:
    """The e at which the marginal cost of giving it is the price there."""
    return float(brentq(lambda e: marginal(e) - root * factor(ohm, e), low, high, xtol=1e-12))


def as_record(cleared: Cleared, dynamics: str = "quasi_dynamic") -> Record:
    """A side of a trade as the record of a clearing, for the judge."""
    tables = outcome_tables(cleared)
    if cleared.relaxed is not None:
        tables["relaxed_buses"] = relaxed_voltages(cleared, {"formulation": "soc", "exactness": "repair"})
    tables["price_probes"] = price_probes(cleared, tables, 0, "clarabel", tracker("", False))
    settings = {"formulation": "soc", "exactness": "repair", "solver": "clarabel", "price_probes": 0}
    heat = {"heat_dynamics": dynamics, "heat_flow": "constant", "structures": False}
    solution = arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)}
    return Record(
        "clear",
        settings | (heat if cleared.case.count("heat_nodes") else {}),
        cleared.case,
        clearing_summary(cleared.case, tables, cleared.solution.cost) | price_basis(cleared),
        tables,
        solution,
        provenance(cleared.solution, 0.0),
    )


def uncertified(found: Trade, dynamics: str = "quasi_dynamic") -> dict[str, list[str]]:
    """Checks that fail on any of the clearings that a trade is put together from, by clearing."""
    sides = {"network": found.settled.network, "microgrids": found.settled.microgrids}
    sides |= {"network before": found.start.network} if found.start.network else {}
    sides |= {"microgrids before": found.start.microgrids} if found.start.microgrids else {}
    failures: dict[str, list[str]] = {}
    for name, side in sides.items():
        checks = certify(as_record(side, dynamics))["checks"]
        failed = [check["name"] for check in checks if check["required"] and not check["passed"]]
        failures |= {name: failed} if failed else {}
    return failures
