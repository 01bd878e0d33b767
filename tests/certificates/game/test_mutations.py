"""Numbers of a game changed one at a time, at places that a seed chooses: the certificate fails, or the number is known
to say nothing that could be judged from the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gridpact.certificates.game.judge import certify_game
from gridpact.results.record import Record
from tests.certificates.game.forge import with_cell, with_summary

# What is changed: a thousandth of the number, and at least a cent, a thousandth of a MW or of a price.
RELATIVE, LEAST = 1e-3, 0.01
TABLES = (
    "equilibrium",
    "pass_through_prices",
    "make_whole",
    "price_steps",
    "leaves",
    "bounds",
    "designs",
    "design_hours",
    "claims",
    "scan",
    "transmission_prices",
    "transmission_dispatch",
    "transmission_branches",
    "transmission_settlement",
    "electricity_prices",
    "interface",
    "storages",
)
# Numbers that only inform, and why nothing else in the files depends on them.
INFORMATIONAL = {
    ("bounds", "upper"): "the best cost so far; only that it falls to the last one is known",
    ("bounds", "lower"): "the bound so far; only that it rises to the last one is known",
    ("bounds", "seconds"): "a clock",
    ("leaves", "bound"): "bounds of leaves are the search's word; the least of them is compared with the stated one",
    ("price_steps", "from_mw"): "the reach of the district at its lower end is the market's word",
    ("price_steps", "to_mw"): "the reach of the district at its upper end is the market's word",
    ("design_hours", "dlmp_mean_per_mwh"): "judged with the mean of the day",
    ("design_hours", "dlmp_max_per_mwh"): "highest price of an hour that is not the highest of the day: no bus has it",
    ("scan", "boundary_mw"): "where the scan looked",
    ("scan", "leader_cost"): "the market's own look; only a better point than the equilibrium would speak against it",
    ("transmission_branches", "q_mvar"): "a direct-current flow has no reactive power",
    ("summary", "search_seconds"): "a clock",
    ("summary", "stated_error"): "judged where the method has none",
}


def columns(record: Record) -> list[tuple[str, str]]:
    """All number columns of the tables above."""
    return [(name, column) for name in TABLES for column in record.tables[name] if _is_number(record, name, column)]


def _is_number(record: Record, name: str, column: str) -> bool:
    values = record.tables[name][column]
    return values.dtype.kind in "fi" and bool(np.isfinite(values).any())


def changed(record: Record, name: str, column: str, random: np.random.Generator) -> tuple[Record, str]:
    """One finite number of a column changed, and which one."""
    values = record.tables[name][column].to_numpy(dtype=np.float64)
    row = int(random.choice(np.flatnonzero(np.isfinite(values))))
    by = max(RELATIVE * abs(values[row]), LEAST) * random.choice([-1.0, 1.0])
    forged = with_cell(record, name, row, column, lambda value: value + by)
    return forged, f"{name}/{column} in row {row}: {values[row]:g} {by:+g}"


def unseen(record: Record, seed: int, share: float) -> Iterator[str]:
    """Changes of a share of the columns that no check notices."""
    random = np.random.default_rng(seed)
    for name, column in columns(record):
        if (name, column) not in INFORMATIONAL and random.random() < share:
            forged, place = changed(record, name, column, random)
            if certify_game(forged)["verdict"] == "certified":
                yield place


def test_numbers_are_judged(game: Record) -> None:
    assert list(unseen(game, seed=1, share=0.1)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(2, 8))
def test_all_numbers_are_judged(game: Record, seed: int) -> None:
    assert list(unseen(game, seed, share=1.0)) == []


def test_figures_are_judged(game: Record) -> None:
    """Figures of the game itself; those of the district have tests of their own."""
    for name in ("leader_lower_bound", "transmission_cost", "gain_to_loads", "gain_to_all"):
        told = float(game.summary[name])
        forged = with_summary(game, **{name: told + max(LEAST, RELATIVE * abs(told))})
        assert certify_game(forged)["verdict"] != "certified", name


def test_what_informs_is_a_column(game: Record) -> None:
    """No reason outlives its column."""
    known = {*columns(game), *(("summary", name) for name in game.summary)}
    assert set(INFORMATIONAL) <= known


def test_arrays_of_the_markets_are_judged(game: Record) -> None:
    """The stored solution of either market with one dear number changed."""
    for name in ("x", "transmission/z"):
        array = np.array(game.solution[name])
        array[int(np.argmax(np.abs(array)))] *= 1.01
        forged = replace(game, solution={**game.solution, name: array})
        assert certify_game(forged)["verdict"] == "failed", name


def spoiled(name: str, how: str, array: np.ndarray) -> np.ndarray | None:  # type: ignore[type-arg]
    """An array that is gone, of text, one short, or of numbers that fit nothing."""
    if how == "gone":
        return None
    if how == "text":
        return np.full(array.shape, "a")
    if how == "short":
        return array[:-1] if array.ndim else array[None]
    return np.full(array.shape, -7) if array.dtype.kind in "iu" else array * np.nan


PROGRAM = ("q", "b", "x", "s", "z", "cone_sizes", "P_data", "P_indptr", "A_data", "A_indices", "A_indptr", "base_mva")


@pytest.mark.parametrize("how", ["gone", "text", "short", "senseless"])
@pytest.mark.parametrize("prefix", ["", "transmission/"])
def test_arrays_that_are_no_program_are_told(game: Record, prefix: str, how: str) -> None:
    """Whoever writes such arrays may have written the manifest as well: a verdict, not a crash."""
    for name in PROGRAM:
        place = f"{prefix}{name}"
        if not game.solution[place].size:  # a cost without squares: nothing to be short of
            continue
        array = spoiled(name, how, game.solution[place])
        others = {key: value for key, value in game.solution.items() if key != place}
        forged = replace(game, solution=others if array is None else {**others, place: array})
        assert certify_game(forged)["verdict"] == "failed", place


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("dispatch", "p_mw"),
        ("electricity_prices", "price_per_mwh"),
        ("claims", "lower_by"),
        ("limits", "snapshot"),
        ("transmission_dispatch", "p_mw"),
        ("transmission_settlement", "payment"),
    ],
)
def test_tables_that_cannot_be_read_are_told(game: Record, name: str, column: str) -> None:
    """Text in place of numbers, a column or a whole table that is gone."""
    table = game.tables[name]
    others = {key: value for key, value in game.tables.items() if key != name}
    for forged in (
        {**others, name: table.assign(**{column: "much"})},
        {**others, name: table.drop(columns=column)},
        {**others, name: table.iloc[:0]} if name not in ("claims", "limits") else others,
        others,
    ):
        assert certify_game(replace(game, tables=forged))["verdict"] == "failed"
