"""What the game costs: the default method over one clearing of the district, and single levels by SCIP over it.

    gridpact bench --game [--quick] [--repeat N] [-o benchmarks/stackelberg.md]

Figures are medians of ``repeat`` runs after one that does not count; a clearing and the method are timed in turn, and
their ratio is taken run by run. SCIP is given ``limit`` seconds once, without repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from gridpact import examples
from gridpact.bench_page import written
from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.examples.synthetic_transmission import synthetic_transmission
from gridpact.io.folder import read_case
from gridpact.markets.game.equilibrium import Asked, Equilibrium, equilibrium
from gridpact.markets.game.leader import Game, game
from gridpact.markets.game.transmission import transmission_market
from gridpact.markets.pool import clear_pool

Pair = tuple[Case, Case]
Tell = Callable[[str], None]
WARM = ("heat_", "pipes", "chp", "electric_boilers", "gas_boilers")
METHODS = {
    "KKT, SOS1": Asked("kkt"),
    "KKT, big-M": Asked("kkt", complementarity="big_m"),
    "primal-dual": Asked("primal_dual"),
}


@dataclass(frozen=True)
class GameBench:
    """Rows by game: seconds of one clearing, of the method, their ratio, nodes, gap; and those of SCIP by method."""

    games: Mapping[str, Mapping[str, float]]
    scip: Mapping[str, Mapping[str, float]]
    machine: str
    repeat: int
    limit: float = field(default=600.0)

    def markdown(self) -> str:
        head = f"# Time of a game\n\nMedians of {self.repeat} runs after one that does not count. {self.machine}."
        parts = [head, EXPLANATION, _table(self.games)]
        parts += [SCIP.format(limit=self.limit), _table(self.scip)] if self.scip else []
        return "\n\n".join(parts) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("games", "scip", "machine", "repeat", "limit")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


EXPLANATION = (
    "`clear`: one clearing of the district at the prices of its own case, in seconds. `game`: the default method "
    "(price steps, relative gap 1e-4) from the two cases to the proven optimum, without designs, tables and "
    "certificate. `ratio`: game over clear, run by run. `nodes`: turns of the search. `gap`: the proven one, relative."
)
SCIP = (
    "The same games as one program for SCIP, {limit:g} s and relative gap 1e-4. `lower` and `upper` are the certified "
    "interval of the leader's cost for one feeder, beside the one of the default method; `over default` is SCIP's time "
    "over that of the default method."
)


def _table(rows: Mapping[str, Mapping[str, float]], first: str = "game") -> str:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| {first} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    return "\n".join(
        lines + [f"| {game} | {' | '.join(_cell(row[name]) for name in names)} |" for game, row in rows.items()]
    )


def _cell(value: float) -> str:
    if value and abs(value) < 0.01:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 10.0 else f"{value:.1f}" if abs(value) < 1000.0 else f"{value:.2f}"


def run_game_bench(*, quick: bool = False, repeat: int = 3, limit: float = 600.0, tell: Tell = print) -> GameBench:
    """Measure; ``quick`` leaves out the large networks and SCIP."""
    from gridpact.bench import _machine

    games = {}
    for name, make in (SMALL if quick else SMALL | LARGE).items():
        games[name] = _measured(make(), repeat)
        tell(f"{name}: {games[name]}")
    scip = {}
    for name, methods in {} if quick else SCIP_ON.items():
        for method in methods:
            scip[f"{name}: {method}"] = _by_scip((SMALL | LARGE)[name](), replace(METHODS[method], time_limit=limit))
            tell(f"{name}: {method}: {scip[f'{name}: {method}']}")
    return GameBench(games, scip, _machine(), repeat, limit)


def _example(name: str) -> Pair:
    folder = examples.path(name)
    return read_case(folder / "case"), read_case(folder / "transmission")


def without_heat(case: Case) -> Case:
    """A district's electricity alone: no heat network, and none of the plants that give or take heat."""
    warm = [name for name in SCHEMA if name.startswith(WARM)]
    tables = {name: table.iloc[:0] if name in warm else table for name, table in case.tables.items()}
    paths = [path for path in case.profiles.columns if path.split("/")[0] not in warm]
    return replace(case, tables=tables, profiles=case.profiles[paths]).marked_validated()


def in_quarters(case: Case) -> Case:
    """The same day in quarters of an hour, every hour's figures four times."""
    long = replace(case, steps=4 * case.steps, step_minutes=case.step_minutes / 4.0, profiles=case.profiles.iloc[:0])
    hour = np.arange(long.steps) // 4
    profiles = pd.DataFrame(case.profiles.to_numpy()[hour], index=long.snapshots, columns=case.profiles.columns)
    return replace(long, profiles=profiles).marked_validated()


def _electric(name: str) -> Pair:
    district, network = _example(name)
    return without_heat(district), network


def _quarters(pair: Pair) -> Pair:
    return in_quarters(pair[0]), in_quarters(pair[1])


def _synthetic(buses: int) -> Pair:
    district = _example("pjm5-ieee33")[0]
    return district, synthetic_transmission(buses, like=district)


SMALL: dict[str, Callable[[], Pair]] = {
    "pjm5-ieee33": lambda: _example("pjm5-ieee33"),
    "ieee30-district": lambda: _example("ieee30-district"),
    "ieee30-district, electricity only": lambda: _electric("ieee30-district"),
}
LARGE: dict[str, Callable[[], Pair]] = {
    "118 buses with ieee33": lambda: _synthetic(118),
    "300 buses with ieee33": lambda: _synthetic(300),
    "ieee30-district, electricity only, 96 quarter-hours": lambda: _quarters(_electric("ieee30-district")),
}
SCIP_ON: dict[str, tuple[str, ...]] = {
    "ieee30-district, electricity only": ("KKT, SOS1", "KKT, big-M", "primal-dual"),
    "pjm5-ieee33": ("KKT, SOS1", "primal-dual"),
    "ieee30-district": ("KKT, SOS1", "primal-dual"),
}


def _measured(pair: Pair, repeat: int) -> dict[str, float]:
    runs = [_once(pair) for _ in range(repeat + 1)][1:]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def _once(pair: Pair) -> dict[str, float]:
    start = perf_counter()
    clear_pool(pair[0])
    middle = perf_counter()
    found = equilibrium(_game(pair), Asked())
    clearing, playing = middle - start, perf_counter() - middle
    return {
        "clear": clearing,
        "game": playing,
        "ratio": playing / clearing,
        "nodes": float(len(found.course)),
        "gap": _gap(found),
    }


def _game(pair: Pair) -> Game:
    return game(pair[0], transmission_market(pair[1]))


def _gap(found: Equilibrium) -> float:
    return max(0.0, found.cost - found.bound) / max(1.0, abs(found.cost))


def _by_scip(pair: Pair, asked: Asked) -> dict[str, float]:
    start = perf_counter()
    own = equilibrium(_game(pair), Asked())
    middle = perf_counter()
    found = equilibrium(_game(pair), asked)
    seconds = perf_counter() - middle
    return {
        "seconds": seconds,
        "over default": seconds / (middle - start),
        "lower": found.bound,
        "upper": found.cost,
        "default lower": own.bound,
        "default upper": own.cost,
    }
