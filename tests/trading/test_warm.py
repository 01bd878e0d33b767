"""A trade that follows another one begins at its ratios of prices to the transmission price."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.trade.market import trade_market
from gridpact.run import Run
from gridpact.trading.warm import first_ratio
from tests.markets.trade.small import two_makers

# Iterations that the next day takes.
NEXT_DAY = 15


def traded(case: Case, **more: object) -> Run:
    return gp.trade(case, **{"coalitions": "none", "reference": False, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours of two makers, at 50 and at 0: nothing is known of the second hour."""
    case = two_makers(steps=2, profiles={"interfaces/grid/price_per_mwh": [50.0, 0.0]})
    return traded(case).save(tmp_path_factory.mktemp("runs") / "first")


def test_ratios_are_prices_over_the_transmission_price(kept: Path) -> None:
    """Where that was nothing, the ratio is one."""
    case = two_makers(steps=2, profiles={"interfaces/grid/price_per_mwh": [70.0, 90.0]})
    ratio = first_ratio(trade_market(case), str(kept))
    assert ratio is not None
    prices = gp.open_run(kept).table("exchanges")["price_per_mwh"].to_numpy().reshape(2, 2).T
    assert ratio[:, 0] == pytest.approx(prices[:, 0] / 50.0, rel=1e-12)
    assert ratio[:, 1].tolist() == [1.0, 1.0]
    assert first_ratio(trade_market(case), "") is None


def test_the_result_is_the_same_from_wherever_it_begins(kept: Path) -> None:
    case = two_makers(steps=2, profiles={"interfaces/grid/price_per_mwh": [60.0, 45.0]})
    cold, warm = traded(case), traded(case, warm_start=str(kept))
    assert warm.summary["objective"] == pytest.approx(cold.summary["objective"], rel=1e-6)
    assert warm.certificate.verdict == "certified"
    np.testing.assert_allclose(
        warm.table("exchanges")["price_per_mwh"], cold.table("exchanges")["price_per_mwh"], rtol=1e-3
    )


def test_what_cannot_be_gone_on_from_is_said(kept: Path, tmp_path: Path) -> None:
    case = two_makers(steps=2, profiles={"interfaces/grid/price_per_mwh": [60.0, 45.0]})
    market = trade_market(case)
    with pytest.raises(InputError, match="there is no such folder"):
        first_ratio(market, str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="warm_start = "):
        first_ratio(market, str(tmp_path / "empty"))
    other = gp.clear(case, price_probes=0).save(tmp_path / "cleared")
    with pytest.raises(InputError, match="its question is 'clear'"):
        first_ratio(market, str(other))
    with pytest.raises(InputError, match="its microgrids, or the number of its steps, are others"):
        first_ratio(trade_market(two_makers()), str(kept))
    renamed = two_makers(
        steps=2,
        profiles={"interfaces/grid/price_per_mwh": [60.0, 45.0]},
        microgrids=[{"microgrid": "x"}, {"microgrid": "y"}],
    )
    with pytest.raises(InputError, match="are others"):
        first_ratio(trade_market(renamed), str(kept))


def next_day(size: int, method: str, folder: Path, **more: int) -> tuple[int, int]:
    """Iterations of day one from scratch, and from day zero."""
    first = traded(gp.synthetic_microgrids(size, seed=1, **more), method=method).save(folder / f"{size}-{method}")
    case = gp.synthetic_microgrids(size, seed=1, day=1, **more)
    cold, warm = traded(case, method=method), traded(case, method=method, warm_start=str(first))
    assert warm.certificate.verdict == cold.certificate.verdict == "certified"
    assert warm.summary["objective"] == pytest.approx(cold.summary["objective"], rel=1e-5)
    return cold.summary["iterations"], warm.summary["iterations"]


def test_the_next_day_of_three(tmp_path: Path) -> None:
    """Three hours of it."""
    first = traded(gp.synthetic_microgrids(3, seed=1, steps=3)).save(tmp_path / "first")
    warm = traded(gp.synthetic_microgrids(3, seed=1, day=1, steps=3), warm_start=str(first))
    assert warm.summary["iterations"] <= NEXT_DAY
    assert warm.certificate.verdict == "certified"


@pytest.mark.campaign
@pytest.mark.parametrize("size", [3, 10, 30])
def test_the_next_day_of_more(size: int, tmp_path: Path) -> None:
    _, warm = next_day(size, "atc", tmp_path)
    assert warm <= NEXT_DAY


@pytest.mark.campaign
@pytest.mark.parametrize("size", [3, 10, 30])
def test_the_next_day_is_no_slower_by_consensus(size: int, tmp_path: Path) -> None:
    cold, warm = next_day(size, "cf_admm", tmp_path)
    assert warm <= 1.25 * cold
