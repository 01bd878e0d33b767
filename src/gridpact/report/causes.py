"""Why the relaxation invented losses, in words: the column ``because`` of the table exactness."""

from __future__ import annotations

import pandas as pd

from gridpact.results.record import Record

# Constraint or sentence in the table: in a legend, and what its component is.
KINDS = {
    "buses/vm_max_pu": ("upper voltage limit", "bus"),
    "buses/vm_min_pu": ("lower voltage limit", "bus"),
    "lines/max_i_ka": ("current limit", "line"),
    "transformers/max_i_ka": ("current limit", "transformer"),
    "interfaces/max_export_mw": ("export limit", ""),
    "interfaces/max_import_mw": ("import limit", ""),
    "interfaces/max_q_mvar": ("reactive limit", ""),
    "the price is below zero": ("price below zero", ""),
    "energy is worth nothing": ("worthless energy", ""),
    "no limit binds": ("no limit", ""),
}
PAID = "price below zero"


def causes(record: Record) -> pd.DataFrame:
    """For every row of the table exactness: ``kind`` for a legend, ``words`` for a sentence.

    An import limit that binds while the interface pays for what it delivers is told as what it is: a price below zero.
    """
    table = record.tables["exactness"]
    told = table["because"].map(_told)
    found = pd.DataFrame({"kind": told.str[0], "words": told.str[1]}, index=table.index)
    paid = table["snapshot"].isin(_negative(record)) & (found["kind"] == KINDS["interfaces/max_import_mw"][0])
    found.loc[paid, "words"] = PAID + ", up to the " + found.loc[paid, "words"]
    found.loc[paid, "kind"] = PAID
    return found


def _told(because: str) -> tuple[str, str]:
    """Kind and words of an entry: a constraint with its component, or a sentence."""
    constraint, _, component = because.partition(" ")
    if "/" not in constraint:
        return KINDS[because][0] if because in KINDS else because, because
    kind, noun = KINDS.get(constraint, (constraint, constraint.partition("/")[0]))
    return kind, f"{kind} of {noun} {component}".replace("  ", " ")


def _negative(record: Record) -> pd.Series:
    """Steps in which some interface sells below zero."""
    traded = record.tables.get("interface")
    if traded is None:
        return pd.Series(dtype=object)
    return traded.loc[traded["lmp_per_mwh"] < 0.0, "snapshot"]
