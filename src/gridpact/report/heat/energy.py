"""The energy of the district as arrows: those of the table energy_flows, the tiny ones apart."""

from __future__ import annotations

import pandas as pd

from gridpact.results.record import Record

TINY, NOTHING = 1e-3, 1e-9  # of all the energy that enters the district


def arrows(record: Record) -> pd.DataFrame:
    """source, target, energy_mwh; one row per pair, with the sums of windows that were cleared one by one."""
    flows = record.tables["energy_flows"]
    whole: pd.DataFrame = flows.groupby(["source", "target"], sort=False)["energy_mwh"].sum().reset_index()
    turned = whole["energy_mwh"] < 0.0
    whole.loc[turned, ["source", "target"]] = whole.loc[turned, ["target", "source"]].to_numpy()
    return whole.assign(energy_mwh=whole["energy_mwh"].abs())


def entering(flows: pd.DataFrame) -> float:
    """Energy that comes from what nothing flows into, MWh."""
    return float(flows.loc[~flows["source"].isin(flows["target"]), "energy_mwh"].sum())


def split(flows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arrows to be drawn, and those too thin for it; without what only a solver's accuracy tells from nothing."""
    whole = entering(flows)
    tiny = ~(flows["energy_mwh"] >= TINY * whole)
    told = tiny & ~(flows["energy_mwh"] <= NOTHING * whole)
    return flows[~tiny].reset_index(drop=True), flows[told].reset_index(drop=True)
