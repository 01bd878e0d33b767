"""Published values: the 33-node base case and the PJM 5-bus market."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.pool import clear_pool

CASES = Path(__file__).parent.parent / "cases"


def test_33_node_base_case() -> None:
    """Baran and Wu 1989: losses of 202.68 kW and 0.9131 p.u. at bus 18."""
    case = gp.read_case(CASES / "case33bw" / "case")
    tables = outcome_tables(clear_pool(case))
    assert 1000.0 * tables["branches"]["loss_mw"].sum() == pytest.approx(202.677126, abs=1e-3)
    lowest = tables["buses"].loc[tables["buses"]["vm_pu"].idxmin()]
    assert (lowest["bus"], lowest["vm_pu"]) == ("18", pytest.approx(0.9130905, abs=1e-6))


def test_pjm_5_bus() -> None:
    """Li and Bo 2010: 17479.897 per hour; the multipliers of the published direct-current optimum."""
    cleared = clear_pool(gp.read_case(gp.examples.path("pjm5-dc") / "case"), "dc")
    tables = outcome_tables(cleared)
    assert cleared.solution.cost == pytest.approx(17479.89690, rel=1e-8)
    prices = tables["electricity_prices"].pivot(index="snapshot", columns="bus", values="price_per_mwh").to_numpy()
    assert prices == pytest.approx(np.tile([16.9774, 26.3845, 30.0, 39.9427, 10.0], (4, 1)), abs=1e-4)
    flows = tables["branches"].groupby("snapshot")["p_mw"].apply(list).iloc[0]
    assert flows == pytest.approx([249.717, 186.788, -226.505, -50.283, -26.789, -240.0], abs=1e-3)
