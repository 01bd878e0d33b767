"""A trade as plain text and as a card: whether there is a deal, who trades what, who pays whom."""

from __future__ import annotations

from dataclasses import replace

import gridpact as gp
from gridpact.report.card import run_card
from gridpact.report.overview import overview
from gridpact.run import Run
from tests.report.synthetic import certificate
from tests.report.trade.made_up import WHY, many, trade_record, without_deal


def test_numbers_are_those_of_the_run() -> None:
    record = trade_record()
    text, summary = overview(record), record.summary
    for name in ("objective", "cost_before", "lower_bound", "surplus"):
        assert f"{summary[name]:.2f} USD" in text
    assert f"{summary['traded_mwh']:.3f} MWh" in text
    assert "farm       islanded" in text
    for cents in record.tables["bargaining"]["receipt_cents"]:
        assert f"{cents / 100.0:.2f}" in text
    assert "found by target cascading (ATC) in 16 iterations, residuals 6.0e-05 and 8.0e-05" in text


def test_a_terminal_gets_a_plain_minus() -> None:
    record = trade_record()
    text = overview(replace(record, summary={**record.summary, "gap": 2.42e-8}))
    assert "gap 2.42e-06 %" in text
    assert not set(text) & {"\u2212", "\u2009"}


def test_printing_a_run_shows_it() -> None:
    assert isinstance(gp.__version__, str)
    assert str(Run(trade_record())) == overview(trade_record())


def test_no_deal_stands_in_the_first_lines() -> None:
    text = overview(without_deal(trade_record()))
    assert text.splitlines()[2] == f"NO DEAL: {WHY}. Everybody stays at the disagreement point; nothing is paid."
    assert "gain to be shared" not in text
    assert "receives" not in text
    assert "had they traded" in text and "who would trade what" in text
    trades = trade_record().tables["trades"]
    due = trade_record().case.hours * (trades["p_mw"] * trades["fee_per_mwh"]).sum()
    assert f"network fees there would be (rule distance, a transfer to the operator): {due:.2f}" in text
    assert "NO DEAL" not in overview(trade_record())


def test_a_failed_run_shows_no_money() -> None:
    record = trade_record()
    spoilt = replace(
        record, summary={**record.summary, "verdict": "failed"}, certificate=certificate(failed=("cone_gap",))
    )
    text = overview(spoilt)
    assert "FAILED" in text
    assert "USD" not in text
    assert "between microgrids" in text
    assert "who gains what" not in text


def test_many_microgrids_are_cut() -> None:
    text = overview(many(100))
    assert text.count("... and 88 more microgrids") == 2
    assert len(text.splitlines()) < 60


def test_no_market_between_peers_is_said() -> None:
    record = trade_record()
    text = overview(replace(record, summary={**record.summary, "fee_share_peer": 0.0}))
    assert "there is no market between peers" in text


def test_central_runs_have_no_residuals() -> None:
    record = trade_record()
    kept = {name: value for name, value in record.summary.items() if "residual" not in name}
    text = overview(replace(record, summary={**kept, "method": "central", "iterations": 12}))
    assert "found by one central program that knows everything" in text


def test_a_reference_that_was_not_repaired_is_called_a_relaxation() -> None:
    record = trade_record()
    assert "% from that of the central program" in overview(record)
    repaired = replace(record, summary={**record.summary, "relaxed_objective": 1.0})
    assert "% from that of the central relaxation, whose losses no flow explains" in overview(repaired)


def test_a_record_without_tables_is_still_told() -> None:
    assert "cost of all, trading" in overview(replace(trade_record(), tables={}))


def test_the_card_says_what_trading_is_worth() -> None:
    record = trade_record()
    card = run_card(record).replace("\u2009", "")
    assert "Gain to be shared" in card
    assert f"{record.summary['surplus']:.2f}" in card
    assert "Lowest voltage" in card
    assert "No deal" in run_card(without_deal(record))
