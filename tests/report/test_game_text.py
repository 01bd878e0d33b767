"""A game as plain text: its money is that of the summary, its claims are those of the tables, and it stays short."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from gridpact.report.game import claims, facts
from gridpact.report.overview import overview
from tests.report.game_runs import small_game
from tests.report.game_synthetic import GAINS, game_record, several_leaders, without


def line(text: str, start: str) -> str:
    """The only line that begins so."""
    (found,) = [one for one in text.splitlines() if one.startswith(start)]
    return found


def test_money_in_the_text_is_that_of_the_summary() -> None:
    run = small_game()
    text, summary = str(run), run.summary
    for label, name in {
        "the district, who leads": "gain_to_leader",
        "producers  ": "gain_to_producers",
        "other loads": "gain_to_loads",
        "congestion rent   ": "gain_to_congestion_rent",
        "all together": "gain_to_all",
    }.items():
        told = [one for one in text.splitlines() if one.startswith(label) and re.search(r"[+-]\d+\.\d\d$", one)]
        assert len(told) == 1
        assert float(told[0].split()[-1]) == pytest.approx(summary[name], abs=0.0051)
    assert f"{summary['leader_cost']:.2f}" in line(text, "leader pays")
    assert f"{summary['leader_lower_bound']:.2f}" in line(text, "cannot pay less than")
    assert f"{summary['tie_cost']:.2f}" in line(text, "tie-breaking")


def test_what_leading_gains_the_four_adds_up_to_what_it_gains_all() -> None:
    """Payments between them cancel: what the leader gains is paid by the others, but for what all of them lose."""
    summary = small_game().summary
    parts = [summary[name] for name in facts.GAINS]
    assert sum(parts) == pytest.approx(summary["gain_to_all"], abs=1e-6 * sum(map(abs, parts)))
    assert summary["gain_to_leader"] >= 0.0 >= summary["gain_to_all"]  # a leader can do as a price taker does


def test_figures_of_the_designs_are_those_of_the_table() -> None:
    run = small_game()
    costs = [float(cell) for cell in line(str(run), "cost of all").split()[-4:]]
    np.testing.assert_allclose(costs, run.table("designs")["welfare_cost"], atol=0.0051)
    assert min(costs) == costs[2]  # nothing costs all less than to clear both networks at once


def test_the_boundary_is_told_step_by_step() -> None:
    run = small_game()
    rows = str(run).split("at the boundary")[1].splitlines()[2:]
    told = np.array([row.split()[2:] for row in rows], dtype=np.float64)
    names = ["boundary_mw", "lmp_per_mwh", "root_price_per_mwh", "wedge_per_mwh"]
    np.testing.assert_allclose(told, run.table("equilibrium")[names], atol=0.00051)
    np.testing.assert_allclose(told[:, 2] - told[:, 1], told[:, 3], atol=0.0021)


def test_a_day_fits_a_screen_and_a_half() -> None:
    text = overview(game_record())
    assert len(text.splitlines()) <= 75
    assert max(map(len, text.splitlines()[2:])) <= 100


def test_a_long_horizon_and_many_connections_say_how_much_is_left_out() -> None:
    text = overview(game_record(96, 5, minutes=15.0))
    assert "... and 456 more rows in the table equilibrium" in text  # 96 x 5 less the 24 that are shown
    assert "boundary-3 at bus b1 and 2 more" in text


def test_heat_has_rows_only_where_there_is_any() -> None:
    assert "heat (DHN)" in overview(game_record())
    assert "DHN" not in str(small_game())


def test_claims_say_yes_and_no_for_both_comparisons() -> None:
    text = overview(game_record())
    assert line(text, "leading lowers the cost of all").split()[-2:] == ["yes", "no"]
    # Supporting prices are 47 on average and those without a leader 46; passed through they are 31.
    assert line(text, "leading lowers the mean DLMP (supporting").split()[-2:] == ["no", "no"]
    assert line(text, "leading lowers the mean DLMP (pass-through").split()[-2:] == ["yes", "yes"]


def test_claims_of_pass_through_prices_are_lower_by_the_difference_of_the_means() -> None:
    found = {claim: verdicts for claim, _, verdicts in claims.rows(game_record())}
    assert found["leading lowers the mean DLMP (pass-through prices)"]["competitive"] == ("yes", 46.0 - 31.0)


def test_without_designs_nothing_is_said_of_gains() -> None:
    record = without(game_record(), "designs", "design_hours", "claims", summary=tuple(GAINS))
    text = overview(record)
    assert "no designs without a leader were asked for" in text
    assert "leading gains" not in text and "claims" not in text
    assert "leader pays           1000.00 EUR, of one feeder 50.00" in text


def test_a_design_without_a_state_says_why() -> None:
    record = game_record()
    table = record.tables["designs"].copy()
    table["status"] = ["no dispatch: the district needs 3 MW more", *table["status"][1:]]
    table.loc[0, table.columns[2:]] = np.nan
    text = overview(replace(record, tables={**record.tables, "designs": table}))
    assert "uncoordinated: no dispatch: the district needs 3 MW more" in text
    assert line(text, "cost of all").split()[-4:] == ["-", "5500.00", "5500.00", "5520.00"]


def test_a_failed_certificate_leaves_no_money() -> None:
    record = game_record()
    failed = overview(replace(record, summary={**record.summary, "verdict": "failed"}))
    assert "price_steps (chosen: every boundary power has hours of its own)" in failed
    for amount in ("1000.00", "999.98", "77.25", "5520.00", "46.000"):
        assert amount not in failed


def test_several_leaders_are_told_by_what_each_could_still_gain() -> None:
    text = overview(several_leaders(5))
    assert "village-1, village-2, village-3 and 2 more: each with feeders of its own" in text
    assert "in a whole round nobody moved; nobody could gain more than 1.25 EUR" in text
    assert "  village-5 pays 100.00, cannot pay less than 98.75" in text.splitlines()
    assert "nan" not in text and "designs in" not in text
    assert "they cycle" in overview(several_leaders(2, "cycling"))
    assert "have not settled within 20 rounds" in overview(several_leaders(2, "not settled within 20 rounds"))
