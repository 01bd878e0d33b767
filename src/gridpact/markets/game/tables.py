"""The game as labelled tables, in the units of the cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.markets.game.designs import Design
from gridpact.markets.game.equilibrium import Equilibrium
from gridpact.markets.game.money import Money, money
from gridpact.markets.game.pass_through import pass_through
from gridpact.markets.game.settled import Settled, snapped
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.probes import price_probes
from gridpact.programs.follower.response import price_range, response
from gridpact.results.record import long_table, words

Floats = NDArray[np.float64]
AMOUNTS = tuple(field.name for field in fields(Money))
FIGURES = (
    "import_mwh",
    *AMOUNTS,
    "lmp_mean_per_mwh",
    "lmp_max_per_mwh",
    "dlmp_mean_per_mwh",
    "dlmp_max_per_mwh",
    "announced_lmp_mean_per_mwh",
)


def game_tables(state: Settled) -> dict[str, pd.DataFrame]:
    """What a game adds to the tables of the district: the boundary, pass-through prices, the transmission market."""
    return {
        "equilibrium": _equilibrium(state),
        "pass_through_prices": _pass_through(state),
        **transmission_tables(state),
    }


def search_tables(state: Settled, found: Equilibrium) -> dict[str, pd.DataFrame]:
    """How one leader's optimum was found: the course of the bounds, and with price steps these and the leaves."""
    tables = {"bounds": _bounds(found)}
    if found.steps is not None:
        tables |= {"price_steps": _price_steps(state, found), "leaves": _leaves(state, found)}
    return tables


def transmission_tables(state: Settled) -> dict[str, pd.DataFrame]:
    """The tables of the transmission market, by their names with "transmission_" before them.

    Its prices are the table ``transmission_prices`` with the column ``lmp_per_mwh``.
    """
    cleared = state.transmission
    own = outcome_tables(cleared)
    own["price_probes"] = price_probes(cleared, own, 0, "clarabel")
    prices = own.pop("electricity_prices").rename(columns={"price_per_mwh": "lmp_per_mwh"})
    return {"transmission_prices": prices} | {f"transmission_{name}": table for name, table in own.items()}


def _equilibrium(state: Settled) -> pd.DataFrame:
    game = state.game
    connections = game.transmission.case.tables["connections"]
    follower = game.transmission.follower()
    ends = price_range(follower, response(follower, snapped(state)))
    low, high = (np.where(np.isfinite(end), end, np.nan) for end in ends)  # blank: no end
    shape, money_unit = state.price.shape, game.transmission.money
    buses = game.case.positions("interfaces", "bus")[game.interfaces]
    feeders = np.repeat(game.feeders[:, None], shape[1], axis=1)
    table = long_table(
        game.case.snapshots,
        "connection",
        game.transmission.case.ids("connections"),
        feeders=feeders,
        import_mw=state.imports,
        boundary_mw=state.boundary,
        lmp_per_mwh=state.price,
        lmp_low_per_mwh=low.reshape(shape, order="F") / money_unit,
        lmp_high_per_mwh=high.reshape(shape, order="F") / money_unit,
        step_from_mw=state.low * feeders,
        step_to_mw=state.high * feeders,
        root_price_per_mwh=state.district.price("active_balance")[buses],
        wedge_per_mwh=state.wedge(),
    )
    for place, name in ((2, "interface"), (3, "bus")):
        table.insert(place, name, words([str(value) for value in connections[name]] * shape[1]))
    return table


def _pass_through(state: Settled) -> pd.DataFrame:
    case = state.game.case
    return long_table(
        case.snapshots,
        "bus",
        case.ids("buses"),
        price_per_mwh=pass_through(state),
        supporting_per_mwh=state.district.price("active_balance"),
    )


def _places(state: Settled, counts: Sequence[int]) -> dict[str, object]:
    """Snapshot and connection of every boundary power, each as often as it has rows."""
    game = state.game
    ids = np.array(game.transmission.case.ids("connections"), dtype=object)
    of = np.repeat(np.arange(len(counts)), counts)
    return {"snapshot": game.case.snapshots[of // ids.size], "connection": words(ids[of % ids.size])}


def _price_steps(state: Settled, found: Equilibrium) -> pd.DataFrame:
    assert found.steps is not None
    base, unit = state.game.transmission.base_mva, state.game.transmission.money
    columns = {
        "from_mw": base * np.concatenate([steps.edges[:-1] for steps in found.steps]),
        "to_mw": base * np.concatenate([steps.edges[1:] for steps in found.steps]),
        "price_from_per_mwh": np.concatenate([steps.first for steps in found.steps]) / unit,
        "price_to_per_mwh": np.concatenate([steps.last for steps in found.steps]) / unit,
    }
    return pd.DataFrame(_places(state, [steps.count for steps in found.steps]) | columns)


def _leaves(state: Settled, found: Equilibrium) -> pd.DataFrame:
    """The parts of the search that cover all choices; steps count from 0 within a boundary power's own."""
    assert found.steps is not None
    count, size = len(found.leaves), len(found.steps)
    columns = {
        "first_step": np.array([leaf.first for leaf in found.leaves], dtype=np.int64).reshape(-1),
        "last_step": np.array([leaf.last for leaf in found.leaves], dtype=np.int64).reshape(-1),
        "bound": np.repeat([leaf.bound for leaf in found.leaves], size).astype(np.float64),
    }
    places = _places(state, [1] * size)
    repeated = {
        name: pd.concat([pd.Series(values)] * max(count, 1), ignore_index=True) for name, values in places.items()
    }
    table = pd.DataFrame({name: values[: count * size] for name, values in repeated.items()} | columns)
    table.insert(0, "leaf", np.repeat(np.arange(count), size))
    return table


def _bounds(found: Equilibrium) -> pd.DataFrame:
    course = np.array(found.course, dtype=np.float64).reshape(-1, 3)
    return pd.DataFrame(
        {"node": np.arange(len(course)), "upper": course[:, 0], "lower": course[:, 1], "seconds": course[:, 2]}
    )


def design_tables(designs: Sequence[Design]) -> dict[str, pd.DataFrame]:
    """``designs``, one row each, and ``design_hours``, what each does at the boundary hour by hour."""
    rows = [_figures(design) for design in designs]
    table = pd.DataFrame(rows, columns=list(FIGURES), dtype=np.float64)
    table.insert(0, "design", words([design.name for design in designs]))
    table.insert(1, "status", words([design.status for design in designs]))
    hours = pd.concat([_hours(design) for design in designs if design.state is not None], ignore_index=True)
    return {"designs": table, "design_hours": hours}


def _figures(design: Design) -> dict[str, float]:
    state = design.state
    if state is None:
        return dict.fromkeys(FIGURES, float("nan"))
    prices = state.district.price("active_balance")
    return {
        "import_mwh": state.game.case.hours * float(state.boundary.sum()),
        **asdict(money(state)),
        "lmp_mean_per_mwh": float(state.price.mean()),
        "lmp_max_per_mwh": float(state.price.max()),
        "dlmp_mean_per_mwh": float(prices.mean()),
        "dlmp_max_per_mwh": float(prices.max()),
        "announced_lmp_mean_per_mwh": float("nan") if design.announced is None else float(design.announced.mean()),
    }


def _hours(design: Design) -> pd.DataFrame:
    assert design.state is not None
    state, game = design.state, design.state.game
    prices = state.district.price("active_balance")
    count = state.price.shape[0]
    announced = np.full_like(state.price, np.nan) if design.announced is None else design.announced
    table = long_table(
        game.case.snapshots,
        "connection",
        game.transmission.case.ids("connections"),
        boundary_mw=state.boundary,
        lmp_per_mwh=state.price,
        announced_lmp_per_mwh=announced,
        dlmp_mean_per_mwh=np.repeat(prices.mean(axis=0)[None], count, axis=0),
        dlmp_max_per_mwh=np.repeat(prices.max(axis=0)[None], count, axis=0),
    )
    table.insert(1, "design", words([design.name] * len(table)))
    return table


# What the literature says of leading, and which figure of the designs shows it.
CLAIMS = (
    ("leading lowers the mean DLMP", "dlmp_mean_per_mwh"),
    ("leading lowers the highest DLMP", "dlmp_max_per_mwh"),
    ("leading lowers the mean LMP", "lmp_mean_per_mwh"),
    ("leading benefits the distribution network", "adn_cost"),
    ("leading benefits the heat network", "dhn_cost"),
    ("leading benefits the transmission network", "transmission_cost"),
    ("leading lowers the cost of all", "welfare_cost"),
)


def claims_table(designs: pd.DataFrame) -> pd.DataFrame:
    """Claims tested on this case: by how much the figure falls from another design to the leader's."""
    place = {str(name): row for row, name in enumerate(designs["design"])}
    rows = []
    for than in ("uncoordinated", "competitive"):
        for claim, name in CLAIMS:
            figures = designs[name].to_numpy(dtype=np.float64)
            led = float(figures[place["stackelberg"]])
            fall = float(figures[place[than]]) - led
            rows.append((claim, than, _verdict(fall, max(1.0, abs(led))), fall, name))
    return pd.DataFrame(rows, columns=["claim", "than", "holds", "lower_by", "figure"])


def _verdict(fall: float, scale: float) -> str:
    """Whether a claim holds: yes, no, or equal within what the game is solved to."""
    if np.isnan(fall):
        return "unknown"
    return "equal" if abs(fall) <= 1e-6 * scale else ("yes" if fall > 0.0 else "no")
