"""A trade as a study: complete, certified, kept, opened, verified, and of one mind in all its tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.errors import ArchiveError, InfeasibleError, NotConverged
from gridpact.run import Run
from tests.districts import load
from tests.markets.trade.small import METHODS, two_makers, unit


@pytest.fixture(scope="module", params=METHODS[::2])
def run(request: pytest.FixtureRequest) -> Run:
    return gp.trade(gp.synthetic_microgrids(3, seed=4, steps=2), method=request.param)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gp.trade(two_makers()).save(tmp_path_factory.mktemp("runs") / "trade")


def test_it_is_certified(run: Run) -> None:
    assert run.certificate.failures() == []
    assert run.certificate.verdict == run.summary["verdict"] == "certified"
    assert run.summary["question"] == "trade"


def test_figures_of_the_summary_are_those_of_the_tables(run: Run) -> None:
    told, trades = run.summary, run.table("trades")
    operator = told["operator"]
    with_operator = (trades["seller"] == operator) | (trades["buyer"] == operator)
    hours = 1.0
    assert told["traded_mwh"] == pytest.approx(hours * trades["p_mw"][~with_operator].sum())
    assert told["network_mwh"] == pytest.approx(hours * trades["p_mw"][with_operator].sum())
    assert told["fee_revenue"] == pytest.approx(run.table("fees")["amount"].sum())
    bargaining = run.table("bargaining")
    assert told["cost_before"] == pytest.approx(bargaining["disagreement_cost"].sum())
    assert told["objective"] == pytest.approx(bargaining["cost"].sum())
    assert told["objective"] - told["lower_bound"] == pytest.approx(run.table("regrets")["regret"].sum(), abs=1e-6)
    assert told["lower_bound"] <= told["central_cost"] * (1 + 1e-7)
    assert abs(told["central_gap"]) <= 1e-6
    assert told["surplus"] == pytest.approx(told["cost_before"] - told["objective"] - told["fee_revenue"], abs=1e-4)
    rounds = run.table("convergence")
    first = (rounds["stage"] == "agreement").sum()
    assert told["iterations"] == (first + 1 if first else 0)
    assert told["polishing_rounds"] == (rounds["stage"] == "polishing").sum()


def test_exchanges_come_apart_into_trades(run: Run) -> None:
    """In every hour what each sells less what it buys is what it gives to the network."""
    trades, exchanges = run.table("trades"), run.table("exchanges").set_index(["snapshot", "microgrid"])["p_mw"]
    sold = trades.groupby(["snapshot", "seller"])["p_mw"].sum()
    bought = trades.groupby(["snapshot", "buyer"])["p_mw"].sum()
    for key, p in exchanges.items():
        assert sold.get(key, 0.0) - bought.get(key, 0.0) == pytest.approx(p, abs=1e-8)
    assert (trades["p_mw"] > 0.0).all()


def test_the_sheet_adds_up(run: Run) -> None:
    """Every part is positive for the one who pays it, as the total is."""
    sheet, bargaining = run.table("sheet"), run.table("bargaining")
    for name in ("energy_mwh", "energy_payment", "fee_payment", "lump_sum_payment", "total_payment"):
        assert sheet[name].sum() == pytest.approx(0.0, abs=1e-6), name
    for name in ("energy_cents", "fee_cents", "lump_cents", "total_cents"):
        assert sheet[name].sum() == 0 and sheet[name].dtype == np.int64, name
    total = sheet["energy_payment"] + sheet["fee_payment"] + sheet["lump_sum_payment"]
    assert sheet["total_payment"].to_numpy() == pytest.approx(total.to_numpy(), abs=1e-9)
    assert (sheet["total_cents"] == sheet["energy_cents"] + sheet["fee_cents"] + sheet["lump_cents"]).all()
    assert (sheet["total_cents"] == -bargaining["receipt_cents"]).all()
    assert (bargaining["gain_exact"] >= 0.0).all() or not run.summary["deal"]


def test_prices_of_pairs_are_between_those_of_both_ends(run: Run) -> None:
    trades = run.table("trades")
    low, high = (
        getattr(np, way)(trades["seller_price_per_mwh"], trades["buyer_price_per_mwh"])
        for way in ("minimum", "maximum")
    )
    assert (trades["price_per_mwh"] >= low - 1e-9).all() and (trades["price_per_mwh"] <= high + 1e-9).all()


def test_shapley_and_core(run: Run) -> None:
    """Values add up to the surplus under every rule; the largest excess is that of the table."""
    shares, coalitions = run.table("shares"), run.table("coalitions")
    sums = shares.groupby("rule")["gain"].sum()
    assert sums.to_numpy() == pytest.approx(np.full(len(sums), run.summary["surplus"]), abs=1e-4)
    assert set(sums.index) == {"nash", "equal", "proportional", "shapley"}
    assert len(coalitions) == 2**3 - 2
    assert run.summary["largest_excess"] == pytest.approx(coalitions["excess"].max())


def test_kept_opened_and_verified(kept: Path) -> None:
    opened = gp.open_run(kept)
    assert opened.certificate.verdict == "certified"
    assert opened.record.question == "trade"
    for deep in (False, True):
        assert gp.verify(kept, deep=deep).certificate.verdict == "certified"


def test_a_table_that_was_changed_is_found(kept: Path, tmp_path: Path) -> None:
    """Bytes that are not those that were written."""
    copy = tmp_path / "copy"
    shutil.copytree(kept, copy)
    changed = next(path for path in sorted(copy.rglob("*")) if path.is_file() and "sheet" in path.name)
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(bytes(content))
    with pytest.raises(ArchiveError):
        gp.open_run(copy)


def test_seeds_are_of_masks_alone() -> None:
    """What is agreed does not depend on them; disclosures are as many."""
    first, other = (gp.trade(two_makers(), seed=seed, reference=False, coalitions="none") for seed in (0, 5))
    pd.testing.assert_frame_equal(first.table("exchanges"), other.table("exchanges"))
    assert (first.table("bargaining")["receipt_cents"] == other.table("bargaining")["receipt_cents"]).all()
    pd.testing.assert_frame_equal(first.table("disclosures"), other.table("disclosures"))


def test_without_reference_and_coalitions() -> None:
    run = gp.trade(two_makers(), reference=False, coalitions="none")
    assert run.table("coalitions").empty and "largest_excess" not in run.summary
    assert "central_cost" not in run.summary and len(run.table("reference")) == 1
    assert set(run.table("shares")["rule"]) == {"nash", "equal", "proportional"}
    assert run.certificate.verdict == "certified"


def test_without_a_deal_nothing_is_paid() -> None:
    alike = two_makers(generators=[unit("ga", "2", 30.0), unit("gb", "3", 30.0)])
    run = gp.trade(alike, reference=False)
    assert not run.summary["deal"] and run.summary["deal_why"]
    sheet = run.table("sheet").drop(columns="participant")
    assert not sheet.to_numpy().any()
    assert not run.table("bargaining")[["gain", "receipt", "receipt_cents", "gain_exact"]].to_numpy().any()
    assert run.certificate.verdict == "certified"


@pytest.mark.parametrize("method", ["atc", "cf_admm"])
def test_too_few_rounds_are_said(method: str) -> None:
    with pytest.raises(NotConverged, match="after 1 rounds"):
        gp.trade(two_makers(), method=method, rounds=1)


def test_a_market_without_a_dispatch_is_said() -> None:
    """b needs 5 MW, makes 3 and may buy 1; on its own it has a cost that is given."""
    case = two_makers(
        loads=[load("2", 1.0), load("3", 5.0)],
        microgrids=[{}, {"max_buy_mw": 1.0, "disagreement": "given", "disagreement_cost": 999.0}],
    )
    with pytest.raises(InfeasibleError):
        gp.trade(case)


def test_who_cannot_fall_back_is_said() -> None:
    slow = unit("gb", "3", 40.0, 20.0, ramp_up_mw_per_h=0.1, ramp_down_mw_per_h=0.1)
    case = two_makers(steps=2, profiles={"loads/load-3/p_mw": [0.5, 2.5]}, generators=[unit("ga", "2", 20.0), slow])
    with pytest.raises(InfeasibleError, match="Without a deal the microgrids on their own") as error:
        gp.trade(case)
    assert "ramp_up_mw_per_h of 'gb'" in str(error.value)
