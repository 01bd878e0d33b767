"""Does the leader pay the transmission market's price, for what it imports, and is the wedge what it says?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.game.records import interface_rows, of_connections
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


def paid_checks(record: Record) -> list[Check]:
    """The table ``equilibrium`` against the tables of both markets, and prices at the root passed through."""
    assert record.transmission is not None
    names, instants = record.transmission.ids("connections"), record.case.snapshots
    price, power = of_connections(record, "lmp_per_mwh"), of_connections(record, "import_mw")
    scale = 1.0 + np.abs(price)
    lmp = _at_buses(record, "transmission_prices", "lmp_per_mwh")
    root = _at_root(record, "electricity_prices", "price_per_mwh")
    passed = _at_root(record, "pass_through_prices", "price_per_mwh")
    feeders = np.repeat(record.transmission.column("connections", "feeders")[:, None], record.case.steps, axis=1)
    imports = (
        record.tables["interface"]["import_mw"].to_numpy().reshape(record.case.steps, -1).T[interface_rows(record)]
    )
    boundary = of_connections(record, "boundary_mw")
    return [
        _marks(record),
        worst(
            "price_paid",
            "What the leader pays is the LMP of its bus, relative.",
            TOLERANCE,
            [Measure("lmp", names, np.abs(price - lmp) / scale)],
            instants,
        ),
        worst(
            "boundary",
            "Boundary power is feeders x import of the district's dispatch, relative.",
            TOLERANCE,
            [
                Measure("import", names, np.abs(imports - power) / (1.0 + np.abs(power))),
                Measure("feeders", names, np.abs(feeders * power - boundary) / (1.0 + np.abs(boundary))),
                Measure("feeders", names, np.abs(feeders - of_connections(record, "feeders"))),
            ],
            instants,
        ),
        worst(
            "wedge",
            "Root price is the district's supporting price, and less what is paid is the wedge; relative.",
            TOLERANCE,
            [
                Measure("root", names, np.abs(root - of_connections(record, "root_price_per_mwh")) / scale),
                Measure("wedge", names, np.abs(root - price - of_connections(record, "wedge_per_mwh")) / scale),
            ],
            instants,
        ),
        worst(
            "passed_through",
            "Pass-through prices are the LMP at the root, relative.",
            TOLERANCE,
            [Measure("root", names, np.abs(passed - price) / scale)],
            instants,
        ),
        worst(
            "tie_range",
            "The price paid is between the least and the greatest right one, relative.",
            1e-5,
            [
                Measure("least", names, _beyond((of_connections(record, "lmp_low_per_mwh") - price) / scale)),
                Measure("greatest", names, _beyond((price - of_connections(record, "lmp_high_per_mwh")) / scale)),
            ],
            instants,
        ),
    ]


def _at_buses(record: Record, table: str, column: str) -> Floats:
    """A column over buses of the transmission network, at the connections."""
    assert record.transmission is not None
    values = record.tables[table][column].to_numpy(dtype=np.float64).reshape(record.case.steps, -1).T
    picked: Floats = values[record.transmission.positions("connections", "bus")]
    return picked


def _at_root(record: Record, table: str, column: str) -> Floats:
    """A column over buses of the district, at its connected interfaces."""
    values = record.tables[table][column].to_numpy(dtype=np.float64).reshape(record.case.steps, -1).T
    picked: Floats = values[record.case.positions("interfaces", "bus")[interface_rows(record)]]
    return picked


def _marks(record: Record) -> Check:
    """Transmission prices are marked as certified where the archived verdict says so, and only there."""
    right = record.certificate.get("verdict", "") == "certified"
    wrong = int((record.tables["transmission_prices"]["certified"].to_numpy(dtype=np.bool_) != right).sum())
    text = "Transmission prices whose mark of certification is not that of the archived verdict."
    return Check("transmission_marks", True, float(wrong), 0.0, "", text)


def _beyond(off: Floats) -> Floats:
    """Nothing is beyond an end that is not there; whether it may be blank is judged with the market solved again."""
    return np.nan_to_num(off, nan=0.0)
