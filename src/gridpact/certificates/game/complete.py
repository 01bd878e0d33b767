"""Is everything of a game there? Its own tables with their rows and columns, finite numbers, the transmission case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.certificates.arrays import program_faults
from gridpact.certificates.check import Check
from gridpact.certificates.evidence import rows_of, steps_of
from gridpact.certificates.game.leaders import has_leaders, leader_faults
from gridpact.certificates.game.records import is_connection_table, transmission_tables
from gridpact.certificates.tables import table_faults
from gridpact.results.record import Record

# Blank where the price has no end.
ENDS = ("lmp_low_per_mwh", "lmp_high_per_mwh")
EQUILIBRIUM = (
    "feeders",
    "import_mw",
    "boundary_mw",
    "lmp_per_mwh",
    "step_from_mw",
    "step_to_mw",
    "root_price_per_mwh",
    "wedge_per_mwh",
)
PRICE_STEPS = ("from_mw", "to_mw", "price_from_per_mwh", "price_to_per_mwh")
LEAVES = ("leaf", "first_step", "last_step")
BOUNDS = ("node", "seconds")
WHOLE = ("profit", "make_whole", "lost_opportunity")
DESIGNS = ("uncoordinated", "competitive", "cooperative", "stackelberg")
FIGURES = (
    "import_mwh",
    "leader_cost",
    "adn_cost",
    "dhn_cost",
    "interface_payment",
    "transmission_cost",
    "producers_surplus",
    "load_payment",
    "congestion_rent",
    "welfare_cost",
    "lmp_mean_per_mwh",
    "lmp_max_per_mwh",
    "dlmp_mean_per_mwh",
    "dlmp_max_per_mwh",
)
TRANSMISSION = (
    "transmission_prices",
    "transmission_dispatch",
    "transmission_branches",
    "transmission_buses",
    "transmission_demand",
    "transmission_settlement",
)
HOURS = ("boundary_mw", "lmp_per_mwh", "dlmp_mean_per_mwh", "dlmp_max_per_mwh")
SUMMARY = (
    "objective",
    "leader_cost",
    "leader_lower_bound",
    "leader_gap",
    "tie_cost",
    "transmission_cost",
    "feeders",
    "slack_share",
    "multiplier_share",
    "stated_error",
)
SETTINGS = ("gap", "exactness", "method", "tie_breaking", "designs", "scan", "complementarity")


def complete_game(record: Record) -> Check:
    """Tables, columns, rows and figures of a game that are missing or not numbers."""
    faults = list(_faults(record)) or list(_transmission_faults(record))
    text = "Tables, rows and figures of the game that are missing, double, out of order or not finite."
    return Check("game complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _faults(record: Record) -> Iterator[str]:
    network = record.transmission
    if network is None or not network.count("connections"):
        yield "transmission"
        return
    yield from program_faults(record.solution)
    yield from program_faults(record.solution, "transmission/")
    several = has_leaders(record)
    needed = [name for name in SUMMARY if not (several and name in ("feeders", "stated_error"))]
    yield from (f"summary/{name}" for name in needed if not _is_number(record.summary.get(name)))
    yield from (f"settings/{name}" for name in SETTINGS if name not in record.settings)
    names = [*record.case.ids("interfaces")]
    known = {str(name) for name in network.tables["connections"]["interface"]}
    yield from (f"connections/{name}" for name in sorted(known - set(names)))
    yield from _grid(record, "equilibrium", "connection", network.ids("connections"), EQUILIBRIUM)
    table = record.tables.get("equilibrium", pd.DataFrame())
    yield from (f"tables/equilibrium/{end}" for end in ENDS if end not in table or table[end].dtype.kind != "f")
    passed = ("price_per_mwh", "supporting_per_mwh")
    yield from _grid(record, "pass_through_prices", "bus", record.case.ids("buses"), passed)
    yield from (f"equilibrium/{column}" for column in ("interface", "bus") if not _is_named(record, network, column))
    yield from _listed(record, "make_whole", ("participant", "kind"), WHOLE)
    yield from (f"tables/{name}" for name in TRANSMISSION if name not in record.tables)
    if several:
        yield from leader_faults(record)
        return
    yield from _listed(record, "bounds", (), BOUNDS)
    yield from _search_faults(record)
    yield from _design_faults(record)
    yield from _scan_faults(record, network)


def _transmission_faults(record: Record) -> Iterator[str]:
    """Tables of the transmission market that cannot be read, once all of them are there."""
    yield from (fault.replace("tables/", "tables/transmission_") for fault in table_faults(transmission_tables(record)))


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and bool(np.isfinite(value))


def _is_named(record: Record, network: Case, column: str) -> bool:
    """Whether the equilibrium says what the connections do about their interface and bus."""
    table = record.tables.get("equilibrium", pd.DataFrame())
    told = network.tables["connections"][column].tolist() * record.case.steps
    return column in table and table[column].tolist() == told


def _search_faults(record: Record) -> Iterator[str]:
    """Price steps are told where the search went over them; with them go the leaves."""
    searched = record.summary.get("method") == "price_steps"
    if record.settings.get("method") not in ("auto", record.summary.get("method")):
        yield "summary/method"
    for name, columns in (("price_steps", PRICE_STEPS), ("leaves", LEAVES)):
        if searched or name in record.tables:
            yield from _listed(record, name, ("snapshot", "connection"), columns)
    yield from _step_faults(record)
    leaves = record.tables.get("leaves", pd.DataFrame())
    if searched and not (len(leaves) and "bound" in leaves and not leaves["bound"].isna().any()):
        yield "tables/leaves/bound"
    course = record.tables.get("bounds", pd.DataFrame())
    if not (len(course) and all(name in course and not course[name].isna().any() for name in ("upper", "lower"))):
        yield "tables/bounds (course of the search)"


def _step_faults(record: Record) -> Iterator[str]:
    """Every boundary power has steps, and there are no others."""
    table = record.tables.get("price_steps", pd.DataFrame())
    if record.transmission is not None and {"snapshot", "connection"} <= set(table.columns):
        ids = record.transmission.ids("connections")
        step, place = steps_of(record.case, table["snapshot"]), rows_of(ids, table["connection"])
        expected = set(range(record.case.steps * len(ids)))
        if (step < 0).any() or (place < 0).any() or set((step * len(ids) + place).tolist()) != expected:
            yield "tables/price_steps (rows)"


def _design_faults(record: Record) -> Iterator[str]:
    """Four designs, with numbers where they cleared, their hours, and the claims."""
    if not record.settings.get("designs"):
        return
    if not {"designs", "design_hours", "claims"} <= set(record.tables):
        yield "tables/designs"
        return
    table, hours = record.tables["designs"], record.tables["design_hours"]
    missing = {"design", "status", *FIGURES, "announced_lmp_mean_per_mwh"} - set(table.columns)
    missing |= {"snapshot", "design", "connection", *HOURS, "announced_lmp_per_mwh"} - set(hours.columns)
    yield from (f"tables/designs/{name}" for name in sorted(missing))
    if missing:
        return
    if tuple(table["design"]) != DESIGNS:
        yield "tables/designs (rows)"
        return
    told = np.isfinite(table[list(FIGURES)].to_numpy(dtype=np.float64))
    cleared = told.all(axis=1)
    if (cleared != told.any(axis=1)).any() or not cleared[-1] or ((table["status"] == "cleared") & ~cleared).any():
        yield "tables/designs (figures)"
    for name, is_there in zip(DESIGNS, cleared, strict=True):
        own = hours[hours["design"] == name]
        if len(own) if not is_there else not is_connection_table(record, own):
            yield f"tables/design_hours ({name})"
    yield from _numbers(hours, "design_hours", HOURS)
    fall = record.tables["claims"].get("lower_by")
    if fall is None or fall.dtype.kind != "f":
        yield "tables/claims/lower_by"


def _scan_faults(record: Record, network: Case) -> Iterator[str]:
    """As many scanned powers as asked for, at every connection and step."""
    points = record.settings.get("scan")
    if not points:
        return
    yield from _listed(record, "scan", ("snapshot", "connection"), ("boundary_mw",))
    if "scan" in record.tables:
        table, ids = record.tables["scan"], network.ids("connections")
        expected = np.repeat(np.tile(np.array(ids, dtype=object), record.case.steps), int(points)).tolist()
        steps = np.repeat(np.arange(record.case.steps), len(ids) * int(points))
        if table["connection"].tolist() != expected or (steps_of(record.case, table["snapshot"]) != steps).any():
            yield "tables/scan (rows)"


def _listed(record: Record, name: str, texts: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    """A table with these columns, the numbers among them finite."""
    if name not in record.tables:
        yield f"tables/{name}"
        return
    table = record.tables[name]
    needed = {*texts, *columns} | ({"bound"} if name == "leaves" else set())
    yield from (f"tables/{name}/{column}" for column in sorted(needed - set(table.columns)))
    yield from _numbers(table, name, columns)


def _grid(record: Record, name: str, key: str, ids: list[str], columns: tuple[str, ...]) -> Iterator[str]:
    """A table with every id at every step, ordered by step."""
    if name not in record.tables:
        yield f"tables/{name}"
        return
    table = record.tables[name]
    missing = {"snapshot", key, *columns} - set(table.columns)
    yield from (f"tables/{name}/{column}" for column in sorted(missing))
    if missing:
        return
    expected = len(ids) * record.case.steps
    if len(table) != expected or table[key].tolist() != ids * record.case.steps:
        yield f"tables/{name} (rows)"
    elif not (pd.DatetimeIndex(table["snapshot"]) == record.case.snapshots.repeat(len(ids))).all():
        yield f"tables/{name}/snapshot"
    yield from _numbers(table, name, columns)


def _numbers(table: pd.DataFrame, name: str, columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        if column not in table or table[column].dtype.kind not in "if" or not np.isfinite(table[column]).all():
            yield f"tables/{name}/{column}"
