"""Import of MATPOWER case files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings, Tell
from gridpact.io.imports.finish import bounded, finished, priced, put_interface, without_placeholders
from gridpact.io.imports.series import Price, read_series
from gridpact.io.imports.source import read_text
from gridpact.io.imports.tables import table
from gridpact.io.matpower.generators import generator_tables, voltages
from gridpact.io.matpower.mpc import read_mpc
from gridpact.io.matpower.network import FREQUENCY_HZ, network_tables


def from_matpower(
    path: str | os.PathLike[str],
    *,
    interface: str | int | None = None,
    price: Price = None,
    profiles: str | os.PathLike[str] | None = None,
    skip_unsupported: bool = False,
    tell: Tell = print,
) -> Case:
    """The case in a MATPOWER file (``.m``, version 2 of the format), of one hour unless series are given.

    Every generator keeps its cost. ``interface`` names a bus at which an interface replaces the generators; ``price``
    is what energy costs there, per MWh, a number or a CSV file with the columns snapshot and price_per_mwh.
    ``profiles`` is a CSV file with snapshot and columns ``table/id/column``. Ids: buses keep their number, branches are
    called from-to, loads and shunts load-BUS and shunt-BUS, generators gen-ROW. ``tell`` is called with one line for
    everything that was converted, assumed or left out.

    Raises InputError, naming file and line, for what is wrong, for statements that are not understood, and for what a
    case cannot hold, unless ``skip_unsupported`` leaves it out: mpc.dcline and other fields, negative impedances,
    phase shifts in loops, limits of angles, costs of reactive power, dispatchable loads with quadratic benefit.
    """
    if (interface is None) != (price is None):
        fix = "Give both: the bus of the interface, and the price there."
        raise InputError([Issue("interface and price belong together", fix)])
    file, found = Path(path), Findings()
    series = read_series(price, profiles)
    mpc = read_mpc(file.name, read_text(file), found)
    # What turns out not to be a number is named by the validation.
    with np.errstate(all="ignore"):
        tables = network_tables(mpc, found)
    tables |= generator_tables(mpc, tables["loads"], found) | {"interfaces": table("interfaces", [])}
    if interface is not None:
        tables = put_interface(tables, str(interface), voltages(mpc), found)
    open_price = list(tables["interfaces"]["interface"])
    tables = without_placeholders(bounded(priced(tables, price, series, found), found), found)
    found.settle(skip_unsupported, tell)
    return finished(mpc.name, tables, series, FREQUENCY_HZ, open_price)
