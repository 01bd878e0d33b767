"""What planning together takes, and how far its schemes come.

    gridpact bench --together [--quick] [--repeat N] [-o benchmarks/together.md]

Time by number of owners and of days: of a whole ``plan_together`` of ``synthetic_owners``, defaults untouched. Schemes
on ten times ``repeat`` random instances of three owners: each from what all would build alone, their costs over the
joint optimum, which the decomposition of all owners' capacity proves to a millionth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from gridpact.bench_game import _table
from gridpact.bench_page import written
from gridpact.case.validate import require_valid
from gridpact.examples.synthetic_owners import synthetic_owners
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.investment.representative import representatives
from gridpact.planning.together.alone import alone
from gridpact.planning.together.game import Game
from gridpact.planning.together.joint import Joint, joint_of
from gridpact.planning.together.schemes import CIRCLE, Found, alternating, benders, in_turn
from gridpact.planning.together.upper import OneHand
from gridpact.programs.batch import InProcess

Tell = Callable[[str], None]
OWNERS, DAYS, USUAL = (3, 6, 12), (2, 4, 8), 2
RATE, PRICED, PROVEN, BENDERS, MOST_S = 0.08, 1e-7, 1e-6, 1e-5, 600.0

ABOUT = (
    "Time: `seconds` of the whole study, `search` of finding the plan, `trades` looked at; `candidates` of all owners. "
    "Schemes: `mean` and `worst` cost over the joint optimum, in %; `surplus`: least share of the joint surplus "
    "reached, in %; `exact`: how many found the optimum; `trades` looked at, median and `most`; `circles`: how many "
    "ended where a plan came back."
)


@dataclass(frozen=True)
class TogetherBench:
    """Rows of time and of schemes; each maps names of figures to numbers."""

    time: Mapping[str, Mapping[str, float]]
    schemes: Mapping[str, Mapping[str, float]]
    machine: str
    instances: int

    def markdown(self) -> str:
        head = f"# Planning together\n\nSchemes on {self.instances} instances. {self.machine}."
        return "\n\n".join([head, ABOUT, _table(self.time, "plan"), _table(self.schemes, "scheme")]) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("time", "schemes", "machine", "instances")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


def run_together_bench(*, quick: bool = False, repeat: int = 3, tell: Tell = print) -> TogetherBench:
    """Measure; ``quick`` for the smallest plan and one instance only."""
    from gridpact.bench import _machine

    sizes = [(OWNERS[0], DAYS[0])] if quick else [*((n, USUAL) for n in OWNERS), *((OWNERS[0], d) for d in DAYS[1:])]
    time = {}
    for owners, days in sizes:
        name = f"{owners} microgrids, {days} days"
        time[name] = _timed(owners, days, 1 if quick else repeat)
        tell(f"{name}: {time[name]}")
    instances = 1 if quick else 10 * repeat
    schemes = compared(instances, tell)
    return TogetherBench(time, schemes, _machine(), instances)


def _timed(owners: int, days: int, repeat: int) -> dict[str, float]:
    from gridpact.together.study import plan_together

    runs = []
    for seed in range(repeat):
        began = perf_counter()
        run = plan_together(synthetic_owners(owners, seed, days), typical_days=days, compare=False)
        runs.append((perf_counter() - began, run.summary))
    middle = {name: float(median(summary[key] for _, summary in runs)) for name, key in FIGURES.items()}
    return {"seconds": median(seconds for seconds, _ in runs), **middle}


FIGURES = {"search": "search_seconds", "trades": "upper_solves", "candidates": "candidates"}


def compared(instances: int, tell: Tell, microgrids: int = 3, days: int = 2) -> dict[str, dict[str, float]]:
    """What every scheme comes to on random instances."""
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(instances):
        for name, row in instance(seed, microgrids, days).items():
            found.setdefault(name, []).append(row)
            tell(f"instance {seed}, {name}: {row}")
    return {name: _summed(rows) for name, rows in found.items()}


def _summed(rows: list[dict[str, float]]) -> dict[str, float]:
    return {
        "mean": 100.0 * mean(row["above"] for row in rows),
        "worst": 100.0 * max(row["above"] for row in rows),
        "surplus": 100.0 * min(row["share"] for row in rows),
        "exact": float(sum(row["above"] <= PROVEN for row in rows)),
        "trades": float(median(row["trades"] for row in rows)),
        "most": max(row["trades"] for row in rows),
        "circles": sum(row["circle"] for row in rows),
    }


def instance(seed: int, microgrids: int = 3, days: int = 2) -> dict[str, dict[str, float]]:
    """Every scheme on one instance: cost above the joint optimum, share of its surplus, trades, whether in a circle."""
    case = require_valid(synthetic_owners(microgrids, seed, days))
    joint = joint_of(representatives(case, days, "energy_medoid"), RATE)
    pool = InProcess()
    own = alone(joint.problem, pool, BENDERS, RATE)
    joined = Days(Pricer(joint.problem.programs, PRICED), pool)
    start = joint.problem.point(own.plan)
    *_, best = benders(_game(joint, joined), start, PROVEN, MOST_S)
    together = float(own.costs.sum())

    def row(way: Iterator[Found]) -> dict[str, float]:
        *_, found = way
        return {
            "above": found.cost / best.cost - 1.0,
            "share": (together - found.cost) / (together - best.cost),
            "trades": float(found.solves),
            "circle": float(found.ended == CIRCLE),
        }

    games = [_game(joint, joined) for _ in range(4)]
    return {
        "in turn": row(in_turn(games[0], start)),
        "benders": row(benders(games[1], start, BENDERS, MOST_S)),
        "alternating at held trades": row(alternating(games[2], start, games[2].at_quantities)),
        "alternating at held prices": row(alternating(games[3], start, games[3].at_prices)),
    }


def _game(joint: Joint, joined: Days) -> Game:
    return Game(joint.problem.master, OneHand(joined, joint.days), joint.problem.core, joint, InProcess(), PRICED)
