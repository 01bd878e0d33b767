"""Every check of a game in a record in which just that is not true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import gridpact as gp
from gridpact.certificates.check import Check
from gridpact.certificates.game.design_support import support_checks
from gridpact.certificates.game.design_table import designs_of
from gridpact.certificates.game.follower import follower_checks
from gridpact.certificates.game.judge import certify_game
from gridpact.certificates.game.steps import step_checks
from gridpact.results.record import Record
from tests.certificates.game import forge as f
from tests.certificates.spoil import check, failed, plus, times, with_array, with_cells, with_table
from tests.game_cases import feeder, pjm, quadratic

Judge = Callable[[Record], list[Check]]
Forge = Callable[[Record], Record]
CENT = 0.01


def with_settings(record: Record, **settings: object) -> Record:
    return replace(record, settings={**record.settings, **settings})


def uncovered(record: Record) -> Record:
    """One leaf less."""
    leaves = record.tables["leaves"]
    return f.with_leaves(record, leaves[leaves["leaf"] < leaves["leaf"].max()])


def doubled(record: Record) -> Record:
    """A leaf in the place of another one, so that there are as many."""
    leaves = record.tables["leaves"].copy()
    size = record.case.steps
    columns = ["first_step", "last_step"]
    leaves.loc[leaves.index[:size], columns] = leaves[columns].to_numpy()[size : 2 * size]
    return f.with_leaves(record, leaves)


def shuffled(record: Record) -> Record:
    """Rows of a leaf under other hours."""
    leaves = record.tables["leaves"]
    return f.with_leaves(record, leaves.assign(snapshot=np.roll(leaves["snapshot"].to_numpy(), 1)))


def better_scan(record: Record) -> Record:
    best = record.summary["leader_cost"] * (1.0 - 2e-3)
    return f.with_cell(record, "scan", 1, "leader_cost", lambda _: best)


def cheaper_leader(record: Record) -> Record:
    """A leader's cost that is lower by a thousandth, wherever it stands, with its bound."""
    less = times(0.999)
    told = {name: less(record.summary[name]) for name in ("leader_cost", "leader_lower_bound")}
    record = f.with_design(record, "stackelberg", leader_cost=less)
    return f.with_summary(record, **told)


def cheaper_design(record: Record) -> Record:
    """A competitive day that costs less than any could at the prices of the equilibrium; all sums follow."""
    by = plus(-20.0)
    record = f.with_design(record, "competitive", leader_cost=by, adn_cost=by, welfare_cost=by)
    return f.with_design(record, "cooperative", leader_cost=by, adn_cost=by, welfare_cost=by)


def dearer_choice(record: Record) -> Record:
    """A district that takes the announced price and then does not do what is best by it."""
    by = plus(20.0)
    return f.with_design(record, "uncoordinated", leader_cost=by, adn_cost=by, welfare_cost=by)


def dearer_market(record: Record) -> Record:
    """A transmission market that costs more than it must at the powers of the uncoordinated day; all sums follow."""
    changes = {"transmission_cost": 5.0, "welfare_cost": 5.0, "producers_surplus": -5.0}
    return f.with_design(record, "uncoordinated", **{name: plus(by) for name, by in changes.items()})


def lower_prices(record: Record) -> Record:
    """A competitive LMP of other hours than there were; payments, means and sums follow."""
    record = f.with_hours(record, "competitive", "lmp_per_mwh", plus(-0.5))
    less = plus(-0.5 * record.tables["designs"].set_index("design").at["competitive", "import_mwh"])
    figures = ("leader_cost", "adn_cost", "interface_payment", "congestion_rent")
    changes = dict.fromkeys(figures, less) | dict.fromkeys(("lmp_mean_per_mwh", "lmp_max_per_mwh"), plus(-0.5))
    return f.with_design(record, "competitive", **changes)


def shifted_passing(record: Record) -> Record:
    """Pass-through prices lower by 1 everywhere, the root too."""
    return f.with_column(record, "pass_through_prices", "price_per_mwh", plus(-1.0))


def claimed(record: Record) -> Record:
    table = record.tables["claims"].copy()
    table.loc[table.index[0], "holds"] = "yes" if table["holds"].iloc[0] != "yes" else "no"
    return with_table(record, "claims", table)


LIES: list[tuple[str, str, Forge]] = [
    (
        "price_ends",
        "an end left blank",
        lambda r: f.with_cell(r, "equilibrium", 0, "lmp_high_per_mwh", lambda _: np.nan),
    ),
    (
        "transmission_marks",
        "prices of the market are marked as if they were not certified",
        lambda game: f.with_column(game, "transmission_prices", "certified", lambda mark: ~mark),
    ),
    ("price_paid", "LMP of the bus", lambda r: f.with_cell(r, "transmission_prices", 3, "lmp_per_mwh", plus(0.1))),
    ("price_paid", "price told to the leader", lambda r: f.with_cell(r, "equilibrium", 0, "lmp_per_mwh", plus(0.1))),
    ("boundary", "import", lambda r: f.with_cell(r, "equilibrium", 1, "import_mw", times(1.001))),
    ("boundary", "boundary power", lambda r: f.with_cell(r, "equilibrium", 1, "boundary_mw", times(1.001))),
    ("boundary", "feeders", lambda r: f.with_column(r, "equilibrium", "feeders", times(1.001))),
    ("wedge", "wedge", lambda r: f.with_cell(r, "equilibrium", 0, "wedge_per_mwh", plus(0.1))),
    ("wedge", "root price", lambda r: f.with_cell(r, "equilibrium", 0, "root_price_per_mwh", plus(0.1))),
    ("passed_through", "prices at the root", shifted_passing),
    ("tie_range", "greatest price", lambda r: f.with_cell(r, "equilibrium", 2, "lmp_high_per_mwh", plus(-0.1))),
    ("tie_range", "least price", lambda r: f.with_cell(r, "equilibrium", 2, "lmp_low_per_mwh", plus(0.1))),
    ("follower_optimal", "dearer dispatch", lambda r: f.dearer_dispatch(r, 2.0)),
    ("transmission: active_balance", "cheaper dispatch", lambda r: f.dearer_dispatch(r, -2.0)),
    ("price_is_multiplier", "dearer everywhere", lambda r: f.moved_lmp(r, 2, 0.2)),
    ("price_is_multiplier", "cheaper everywhere", lambda r: f.moved_lmp(r, 0, -0.2)),
    ("price_is_multiplier", "from beyond the edge", lambda r: f.moved_lmp(r, 1, 1.6)),
    ("price_ends", "wider", lambda r: f.with_cell(r, "equilibrium", 0, "lmp_low_per_mwh", plus(-0.1))),
    ("price_ends", "narrower", lambda r: f.with_cell(r, "equilibrium", 0, "lmp_high_per_mwh", plus(-0.1))),
    ("steps_in_order", "a gap", lambda r: f.with_cell(r, "price_steps", 0, "to_mw", plus(-0.1))),
    ("steps_in_order", "falling", lambda r: f.with_cell(r, "price_steps", 3, "price_to_per_mwh", plus(-9.0))),
    ("stands_on_step", "price", lambda r: f.with_cell(r, "price_steps", 7, "price_to_per_mwh", plus(0.5))),
    ("held_to_step", "from", lambda r: f.with_cell(r, "equilibrium", 2, "step_from_mw", plus(1.0))),
    ("held_to_step", "to", lambda r: f.with_cell(r, "equilibrium", 2, "step_to_mw", plus(-1.0))),
    ("steps_measured", "dearer steps", lambda r: f.dearer_steps(r, 0.1)),
    ("steps_measured", "a step left out", f.swallowed_step),
    ("steps_measured", "many steps", lambda r: f.split_step(r, 100)),
    ("steps_measured", "rising", lambda r: f.with_cell(r, "price_steps", 12, "price_to_per_mwh", plus(0.1))),
    ("steps_reach", "range cut off", f.cut_range),
    ("bounds_untouched", "slack", lambda r: f.with_summary(r, slack_share=1.0)),
    ("bounds_untouched", "multiplier", lambda r: f.with_summary(r, multiplier_share=1.0)),
    ("course", "falling bound", lambda r: f.with_cell(r, "bounds", 0, "lower", times(1.001))),
    ("course", "rising cost", lambda r: f.with_cell(r, "bounds", 0, "upper", times(0.9))),
    ("course", "stated bound", lambda r: f.with_summary(r, leader_lower_bound=0.9 * r.summary["leader_lower_bound"])),
    ("course", "bound above the cost", lambda r: f.raised_bounds(r, 1.001)),
    ("search_covers_all", "a leaf less", uncovered),
    ("search_covers_all", "a leaf twice", doubled),
    ("search_covers_all", "other hours", shuffled),
    ("search_covers_all", "a step less", lambda r: f.with_cell(r, "leaves", 0, "last_step", plus(-1.0))),
    ("search_covers_all", "half a step", lambda r: f.with_cell(r, "leaves", 0, "first_step", plus(-0.5))),
    ("bound_of_leaves", "two bounds of a leaf", lambda r: f.with_cell(r, "leaves", 0, "bound", times(1.01))),
    ("bound_of_leaves", "a leaf below", lambda r: f.with_column(r, "leaves", "bound", times(0.99))),
    ("scan", "a better import", better_scan),
    ("steps_reach", "scan beyond", lambda r: f.with_cell(r, "scan", 2, "boundary_mw", times(1.01))),
    ("leader_cost", "cheaper", cheaper_leader),
    ("tie_cost", "a cent", lambda r: f.with_summary(r, tie_cost=r.summary["tie_cost"] + 2.0 * CENT)),
    ("tie_cost", "pessimist", lambda r: with_settings(r, tie_breaking="pessimistic")),
    ("game_figures", "feeders", lambda r: f.with_summary(r, feeders=21.0)),
    ("game_figures", "gap", lambda r: f.with_summary(r, leader_gap=1e-3)),
    ("game_figures", "error", lambda r: f.with_summary(r, stated_error=1e-3)),
    ("game_figures", "big-M", lambda r: f.with_summary(r, slack_share=0.5)),
    ("game_figures", "gain", lambda r: f.with_summary(r, gain_to_leader=r.summary["gain_to_leader"] + CENT)),
    ("passed_on", "shifted", shifted_passing),
    ("passed_on", "at a bus", lambda r: f.with_cell(r, "pass_through_prices", 8, "price_per_mwh", plus(0.05))),
    ("passed_on", "supporting", lambda r: f.with_cell(r, "pass_through_prices", 8, "supporting_per_mwh", plus(0.05))),
    ("made_whole", "a cent more", lambda r: f.with_cell(r, "make_whole", 2, "make_whole", plus(CENT))),
    ("made_whole", "profit", lambda r: f.with_cell(r, "make_whole", 0, "profit", plus(CENT))),
    ("made_whole", "lost opportunity", lambda r: f.with_cell(r, "make_whole", 2, "lost_opportunity", plus(CENT))),
    ("designs_add_up", "ADN", lambda r: f.with_design(r, "competitive", adn_cost=plus(0.1))),
    ("designs_add_up", "DHN without heat", lambda r: f.with_design(r, "cooperative", dhn_cost=plus(CENT))),
    ("designs_add_up", "welfare", lambda r: f.with_design(r, "cooperative", welfare_cost=plus(0.1))),
    ("designs_add_up", "rent", lambda r: f.with_design(r, "uncoordinated", congestion_rent=plus(0.1))),
    ("designs_in_order", "led worse", lambda r: f.with_design(r, "uncoordinated", leader_cost=plus(-200.0))),
    ("designs_in_order", "cooperation", lambda r: f.with_design(r, "cooperative", welfare_cost=plus(200.0))),
    ("own_design", "surplus", lambda r: f.with_design(r, "stackelberg", producers_surplus=plus(0.2))),
    ("own_design", "DLMP", lambda r: f.with_hours(r, "stackelberg", "dlmp_max_per_mwh", times(1.001))),
    ("own_design", "power", lambda r: f.with_hours(r, "stackelberg", "boundary_mw", times(1.001))),
    ("designs_of_hours", "import", lambda r: f.with_design(r, "competitive", import_mwh=times(1.001))),
    ("designs_of_hours", "highest", lambda r: f.with_design(r, "cooperative", lmp_max_per_mwh=times(1.001))),
    ("designs_of_hours", "hour", lambda r: f.with_hours(r, "competitive", "dlmp_mean_per_mwh", times(1.001))),
    ("designs_of_hours", "told", lambda r: f.with_hours(r, "uncoordinated", "announced_lmp_per_mwh", times(1.001))),
    ("designs_supported", "cheaper than prices allow", cheaper_design),
    ("designs_supported", "dearer than the choice", dearer_choice),
    ("designs_in_market", "cost", dearer_market),
    ("designs_in_market", "price", lower_prices),
    ("claims", "word", claimed),
    ("claims", "amount", lambda r: f.with_cell(r, "claims", 3, "lower_by", plus(0.1))),
    ("district: tables_match_solution", "storage", lambda r: f.with_cell(r, "storages", 1, "charge_mw", plus(0.01))),
    ("district: cost_of_dispatch", "cost", lambda r: f.with_summary(r, objective=0.999 * r.summary["objective"])),
    ("district: parts_add_up", "price", lambda r: f.with_cell(r, "electricity_prices", 8, "price_per_mwh", plus(0.1))),
    ("transmission: cost_of_dispatch", "cost", lambda r: f.with_summary(r, transmission_cost=1.0)),
    (
        "transmission: current_limits",
        "line",
        lambda r: with_cells(r, "transmission_branches", "p_mw", times(1.01), branch="4-5"),
    ),
    ("transmission: duality_gap", "point", lambda r: with_array(r, "transmission/z", lambda z: 1.01 * z)),
]


@pytest.mark.parametrize(("name", "lie"), [pytest.param(n, lie, id=f"{n}: {what}") for n, what, lie in LIES])
def test_lie_is_seen(game: Record, name: str, lie: Forge) -> None:
    assert name not in failed({"checks": game.certificate["checks"]})
    found = certify_game(lie(game))
    assert found["verdict"] == "failed"
    assert not check(found, name)["passed"]
    assert check(found, name)["required"]


def test_every_check_has_its_lie(game: Record) -> None:
    """Of those that are not markets' own, which have their tests beside these."""
    own = {entry["name"] for entry in game.certificate["checks"] if ": " not in entry["name"]}
    assert own - {name for name, _, _ in LIES} == {"game complete", "gap", "gap_by_prices"}


def test_large_gap_is_approximate(game: Record) -> None:
    """A bound that proves too little is no lie."""
    found = certify_game(f.raised_bounds(game, 0.99))
    assert not check(found, "gap")["passed"]
    assert found["verdict"] == "approximate"


def test_gap_by_prices_needs_no_search(game: Record) -> None:
    """It stays what it is with every leaf's bound forged, and grows with a root price that is."""
    told = check(game.certificate, "gap_by_prices")
    raised = check(certify_game(f.raised_bounds(game, 0.999)), "gap_by_prices")
    assert told["value"] == raised["value"] > 0.0
    forged = f.with_cell(game, "equilibrium", 0, "root_price_per_mwh", plus(5.0))
    assert check(certify_game(forged), "gap_by_prices")["value"] > 2.0 * told["value"]


MISSING: dict[str, Forge] = {
    "no transmission case": lambda r: replace(r, transmission=None),
    "no equilibrium": lambda r: f.without(r, "equilibrium"),
    "no steps": lambda r: f.without(r, "price_steps", "leaves"),
    "no leaves": lambda r: f.without(r, "leaves"),
    "empty leaves": lambda r: f.with_leaves(r, r.tables["leaves"].iloc[:0]),
    "no bound": lambda r: f.with_cell(r, "leaves", 0, "bound", lambda _: np.nan),
    "steps of an hour": lambda r: f.with_table(r, "price_steps", r.tables["price_steps"].iloc[4:]),
    "no course": lambda r: f.with_table(r, "bounds", r.tables["bounds"].iloc[:0]),
    "no designs": lambda r: f.without(r, "designs"),
    "no hours": lambda r: f.without(r, "design_hours"),
    "no claims": lambda r: f.without(r, "claims"),
    "a design less": lambda r: f.with_table(r, "designs", r.tables["designs"].iloc[1:]),
    "a design without figures": lambda r: f.with_design(r, "competitive", leader_cost=times(np.nan)),
    "an hour less": lambda r: f.with_table(r, "design_hours", r.tables["design_hours"].iloc[1:]),
    "no scan": lambda r: f.without(r, "scan"),
    "a scanned point less": lambda r: f.with_table(r, "scan", r.tables["scan"].iloc[1:]),
    "another interface": lambda r: f.with_column(r, "equilibrium", "interface", lambda _: "other"),
    "another bus": lambda r: f.with_column(r, "equilibrium", "bus", lambda _: "1"),
    "not a number": lambda r: f.with_cell(r, "equilibrium", 0, "root_price_per_mwh", lambda _: np.inf),
    "no tie cost": lambda r: f.with_summary(r, tie_cost=None),
    "another method": lambda r: with_settings(r, method="kkt"),
    "an hour of the equilibrium less": lambda r: f.with_table(r, "equilibrium", r.tables["equilibrium"].iloc[1:]),
    "no price passed on": lambda r: f.without(r, "pass_through_prices"),
    "nobody made whole": lambda r: f.without(r, "make_whole"),
    "no transmission prices": lambda r: f.without(r, "transmission_prices"),
}


@pytest.mark.parametrize("lie", MISSING.values(), ids=MISSING)
def test_what_is_missing_is_missed(game: Record, lie: Forge) -> None:
    found = certify_game(lie(game))
    assert found["verdict"] == "failed"
    assert not check(found, "game complete")["passed"]


@pytest.fixture(scope="module")
def rising() -> Record:
    """A game whose prices rise with what is bought."""
    return gp.stackelberg(feeder(), pjm(**quadratic())).record


RISING: list[tuple[str, str, Judge, Forge]] = [
    ("steps_measured", "level", step_checks, lambda r: f.dearer_steps(r, 0.1)),
    ("steps_measured", "end", step_checks, lambda r: f.with_cell(r, "price_steps", -1, "price_to_per_mwh", plus(0.1))),
    ("price_is_multiplier", "price", follower_checks, lambda r: f.moved_lmp(r, 2, 0.05)),
    ("held_to_step", "away", step_checks, lambda r: f.with_cell(r, "equilibrium", 2, "step_to_mw", plus(1.0))),
    ("designs_in_market", "cost", lambda r: support_checks(designs_of(r)), dearer_market),
    ("designs_in_market", "price", lambda r: support_checks(designs_of(r)), lower_prices),
]


@pytest.mark.parametrize(
    ("name", "judge", "lie"), [pytest.param(n, judge, lie, id=f"{n}: {what}") for n, what, judge, lie in RISING]
)
def test_lie_about_rising_prices_is_seen(rising: Record, name: str, judge: Judge, lie: Forge) -> None:
    """Judge by judge: chords that close in on a market take a while."""
    assert rising.certificate["verdict"] == "certified"
    assert name in [one.name for one in judge(lie(rising)) if one.required and not one.passed]
