"""Where the time goes: one command that measures a clearing stage by stage, exactness, growth, a year, a neighbour.

    gridpact bench [--quick] [--repeat N] [-o benchmarks/clearing.md]

Every figure is a median of ``repeat`` runs after one that does not count. ``ratio`` is building, solving and reading
the prices over the conic solver's own time, ``kept`` is certificate and archive over the same; both run by run.
Heat: a day, a large network, a week in quarters of an hour, and joint clearing over electricity alone.
Of exactness: the check of a day that is tight, and the repair of three days that are not, over building, solving and
reading the prices of the relaxation.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from gridpact import examples
from gridpact.bench_heat import district_day, district_week, joint_over_electricity, large_district
from gridpact.bench_page import written
from gridpact.case.case import Case
from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.days import clear_days
from gridpact.errors import InputError, Issue
from gridpact.examples.synthetic import synthetic_feeder
from gridpact.io.archive import write_run
from gridpact.io.folder import read_case
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import exactness_table, made_exact
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.markets.outcome import outcome_tables
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program
from gridpact.report.html import render

PACKAGES = ("gridpact", "numpy", "scipy", "pandas", "clarabel", "power-grid-model", "pandapower")
STAGES = ("build", "solver", "prices", "certificate", "archive", "report")
DAYS = 365
# The largest resident memory since the program began, kB; what getrusage tells begins with that of its parent.
PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
Figures = dict[str, float]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """What was measured: stages by case, growth exponents, single figures, and on what."""

    stages: Mapping[str, Figures]
    growth: Mapping[str, Figures]
    figures: Mapping[str, float]
    machine: str
    repeat: int

    def markdown(self) -> str:
        parts = [
            f"# Time of a clearing\n\nMedians of {self.repeat} runs after one that does not count. {self.machine}."
        ]
        parts += [_stage_table(self.stages), EXPLANATION]
        if self.growth:
            parts.append(_growth_table(self.growth))
        parts.append("\n".join(["| figure | value |", "|---|---|", *(_figure(*item) for item in self.figures.items())]))
        return "\n\n".join(parts) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("stages", "growth", "figures", "machine", "repeat")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


EXPLANATION = (
    "Seconds. `ratio` is building, solving and reading the prices over the conic solver's own time; `kept` is "
    "certificate and archive (without the report, whose drawing stands in its own column) over the same."
)


def run_bench(*, quick: bool = False, repeat: int = 3, tell: Tell = print) -> Bench:
    """Measure; ``quick`` leaves out large feeders, long horizons and the year. Raises ``InputError`` for repeat < 1."""
    if repeat < 1:
        raise InputError([Issue(f"repeat = {repeat} is not possible", "Give a whole number from 1.")])
    stages = {}
    for name, make in (SMALL if quick else SMALL | LARGE).items():
        stages[name] = _medians(make(), repeat)
        tell(_stage_row(name, stages[name]))
    growth = {} if quick else _growth(stages)
    figures = _start_up(repeat) | _memory()
    figures |= _neighbour(stages["33 buses x 24 steps"], repeat)
    figures |= _exactness(repeat)
    figures |= joint_over_electricity(repeat)
    if not quick:
        figures |= _year(tell)
    for item in figures.items():
        tell(_figure(*item))
    return Bench(stages, growth, figures, _machine(), repeat)


def _day() -> Case:
    return read_case(examples.path("ieee33-day") / "case")


def _horizon(steps: int, minutes: float = 60.0) -> Case:
    """The example's day again and again, in steps of ``minutes``, as one horizon."""
    day = _day()
    long = replace(day, steps=steps, step_minutes=minutes, profiles=day.profiles.iloc[:0])
    hour = (np.arange(steps) * minutes / 60.0).astype(int) % day.steps
    profiles = pd.DataFrame(day.profiles.to_numpy()[hour], index=long.snapshots, columns=day.profiles.columns)
    return replace(long, profiles=profiles)


def year_of_days(days: int = DAYS, seed: int = 0) -> Case:
    """The example's day with every profile scaled anew for each day, by 0.85 to 1."""
    case = _horizon(24 * days)
    scale = np.random.default_rng(seed).uniform(0.85, 1.0, (days, len(case.profiles.columns)))
    return replace(case, profiles=case.profiles * np.repeat(scale, 24, axis=0))


SMALL: dict[str, Callable[[], Case]] = {
    "33 buses x 24 steps": _day,
    "179 buses x 24 steps": lambda: read_case(examples.path("oberrhein-day") / "case"),
    "33 buses, 32 heat nodes x 24 steps": district_day,
}
LARGE: dict[str, Callable[[], Case]] = {
    "33 buses x 96 steps": lambda: _horizon(96, 15.0),
    "33 buses x 672 steps": lambda: _horizon(672, 15.0),
    "906 buses x 1 step": lambda: synthetic_feeder(906, steps=1),
    "906 buses x 24 steps": lambda: synthetic_feeder(906),
    "5,000 buses x 1 step": lambda: synthetic_feeder(5_000, steps=1),
    "10,000 buses x 1 step": lambda: synthetic_feeder(10_000, steps=1),
    "33 buses, 1,000 pipes x 24 steps": large_district,
    "8 buses, 32 heat nodes x 672 steps": district_week,
}


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    return call(), perf_counter() - start


def _medians(case: Case, repeat: int) -> Figures:
    _once(case)  # imports and caches
    runs = [_once(case) for _ in range(repeat)]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def _once(case: Case) -> Figures:
    """Seconds of one clearing by stage."""
    soc = formulation_named("soc")

    def build() -> Any:
        network = market_network(case, soc)
        heat = heating(case, network.base_mva, "quasi_dynamic")
        return network, heat, compile_program(clearing_program(case, network, soc, heat))

    (network, heat, form), building = _timed(build)
    solution, solving = _timed(lambda: solve(form))
    _, reading = _timed(lambda: outcome_tables(Cleared(case, network, soc, form, solution, heat=heat)))
    record = clear(case, price_probes=0).record
    _, certifying = _timed(lambda: certify(record))
    with tempfile.TemporaryDirectory() as folder:
        _, archiving = _timed(lambda: write_run(record, Path(folder) / "run"))
    _, drawing = _timed(lambda: render(record))
    own = solution.seconds
    seconds = dict(zip(STAGES, (building, own, reading, certifying, archiving, drawing), strict=True))
    return seconds | {"ratio": (building + solving + reading) / own, "kept": (certifying + archiving) / own}


def hard_days() -> dict[str, Case]:
    """The example's day with eight times its PV, free inverters and a cap: its relaxation invents losses.

    Once against the cap at the day's prices, once at prices 60 lower, at noon below zero, once with an export limit.
    Storages, shiftable loads and bids stay, so that the hours are one block.
    """
    return {
        "at a voltage cap": _hard_day(1.03, 0.0, np.nan),
        "below zero": _hard_day(1.04, -60.0, np.nan),
        "at an export limit": _hard_day(1.05, 0.0, 0.3),
    }


def _hard_day(cap: float, price: float, export: float, pv: float = 8.0) -> Case:
    """The example's day with ``pv`` times its PV, a cap (p.u.), prices raised by ``price``, an export limit (MW)."""
    day = _day()
    buses, grid, plants = (day.tables[name] for name in ("buses", "interfaces", "renewables"))
    free = ~buses["bus"].isin(grid["bus"])
    tables = {
        "buses": buses.assign(vm_max_pu=buses["vm_max_pu"].mask(free, cap)),
        "interfaces": grid.assign(max_import_mw=np.nan, max_export_mw=export, min_q_mvar=np.nan, max_q_mvar=np.nan),
        "renewables": plants.assign(sn_mva=pv * plants["sn_mva"], curtailable=True),
    }
    profiles = day.profiles.loc[:, ~day.profiles.columns.str.endswith("/max_import_mw")]
    profiles = profiles * np.where(profiles.columns.str.startswith("renewables/"), pv, 1.0)
    profiles = profiles + np.where(profiles.columns.str.endswith("/price_per_mwh"), price, 0.0)
    return replace(day, tables={**day.tables, **tables}, profiles=profiles).marked_validated()


def _exactness(repeat: int) -> Figures:
    """The check of a tight day, and the repair of the hard ones, over one relaxed clearing."""
    tight = [_exact(_day()) for _ in range(repeat + 1)][1:]
    check = median(seconds for _, seconds in tight)
    figures = {"exactness check of a tight day, s": check}
    figures["exactness check over the clearing"] = median(seconds / relaxed for relaxed, seconds in tight)
    ratios = []
    for name, case in hard_days().items():
        runs = [_exact(case) for _ in range(repeat)]
        ratios.append(median(seconds / relaxed for relaxed, seconds in runs))
        figures[f"repair of a day {name}, s"] = median(seconds for _, seconds in runs)
        figures[f"repair of a day {name} over its relaxed clearing"] = ratios[-1]
    shares = {"median": median(ratios), "largest": max(ratios)}
    return figures | {f"repair of a day over its relaxed clearing, {name}": share for name, share in shares.items()}


def _exact(case: Case) -> tuple[float, float]:
    """Seconds of the relaxed clearing (building, solving, prices), and of finding it tight or making it so."""
    soc = formulation_named("soc")

    def relax() -> Cleared:
        network = market_network(case, soc)
        form = compile_program(clearing_program(case, network, soc))
        return Cleared(case, network, soc, form, solve(form))

    cleared, solving = _timed(relax)
    _, reading = _timed(lambda: outcome_tables(cleared))
    exact, making = _timed(lambda: made_exact(cleared))
    _, telling = _timed(lambda: exactness_table(exact))
    return solving + reading, making + telling


def _growth(stages: Mapping[str, Figures]) -> dict[str, Figures]:
    """Exponent k of time ~ size^k between the smallest and the largest case, of all stages and of the solver."""
    spans = {
        "buses, 906 to 10,000 at 1 step": ("906 buses x 1 step", "10,000 buses x 1 step", 10_000 / 906),
        "steps, 24 to 672 at 33 buses": ("33 buses x 24 steps", "33 buses x 672 steps", 672 / 24),
    }
    found = {}
    for name, (small, large, factor) in spans.items():
        times = [(_cleared(stages[case]), stages[case]["solver"]) for case in (small, large)]
        whole, solver = (float(np.log(times[1][k] / times[0][k]) / np.log(factor)) for k in (0, 1))
        found[name] = {"all": whole, "solver": solver, "share of the solver": times[1][1] / times[1][0]}
    return found


def _cleared(figures: Figures) -> float:
    return figures["ratio"] * figures["solver"]


def _start_up(repeat: int) -> Figures:
    command = [sys.executable, "-m", "gridpact.cli", "--help"]
    times = [_timed(lambda: subprocess.run(command, check=True, capture_output=True))[1] for _ in range(repeat + 1)]  # noqa: S603
    return {"gridpact --help, s": median(times[1:])}


def _memory() -> Figures:
    """Largest resident memory of a process that clears 906 buses x 24 steps."""
    if platform.system() != "Linux":
        return {}
    script = f"import gridpact as gp\ngp.clear(gp.synthetic_feeder(906), price_probes=0)\n{PEAK}"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout  # noqa: S603
    return {"memory of 906 buses x 24 steps, MB": float(told) * 1024.0 / 1e6}


def _neighbour(own: Figures, repeat: int) -> Figures:
    """pandapower's AC optimal power flow of the same 24 hours, hour by hour; nothing where it is not installed."""
    try:
        import pandapower
    except ImportError:
        return {}
    case = _day()
    seconds = median(sum(_optimal_flow(pandapower, case, step) for step in range(case.steps)) for _ in range(repeat))
    cleared = _cleared(own)
    return {
        "pandapower OPF of the 24 hours, s": seconds,
        "pandapower OPF over our clearing": seconds / cleared,
        "pandapower OPF over our clearing with certificate and archive": seconds
        / (cleared + own["certificate"] + own["archive"]),
    }


def _optimal_flow(pp: Any, case: Case, step: int) -> float:
    """Seconds of one hour: buses, lines, loads, generators and renewables of the case; storages stand still."""
    net = _pandapower_net(pp, case, step)
    _, seconds = _timed(lambda: pp.runopp(net, numba=False))
    assert net.OPF_converged
    return seconds


def _pandapower_net(pp: Any, case: Case, step: int) -> Any:
    net = pp.create_empty_network(f_hz=case.frequency_hz)
    buses, lines = case.tables["buses"], case.tables["lines"]
    pp.create_buses(net, len(buses), buses["vn_kv"], min_vm_pu=buses["vm_min_pu"], max_vm_pu=buses["vm_max_pu"])
    on = case.lines_in_service()
    pp.create_lines_from_parameters(
        net, case.positions("lines", "from_bus")[on], case.positions("lines", "to_bus")[on],
        lines["length_km"][on], lines["r_ohm_per_km"][on], lines["x_ohm_per_km"][on], lines["c_nf_per_km"][on],
        lines["max_i_ka"][on].fillna(1e3), max_loading_percent=100.0,
    )  # fmt: skip
    p, q = (case.series("loads", name)[:, step] for name in ("p_mw", "q_mvar"))
    pp.create_loads(net, case.positions("loads", "bus"), p, q)
    for row, at in enumerate(case.positions("interfaces", "bus")):
        grid = pp.create_ext_grid(net, at, vm_pu=case.column("interfaces", "vm_pu")[row])
        pp.create_poly_cost(net, grid, "ext_grid", case.series("interfaces", "price_per_mwh")[row, step])
    for table, least, most in (("generators", "min_p_mw", "max_p_mw"), ("renewables", "", "p_mw")):
        low = case.series(table, least)[:, step] if least else np.zeros(case.count(table))
        for row, at in enumerate(case.positions(table, "bus")):
            high, cost = case.series(table, most)[row, step], case.series(table, "cost_per_mwh")[row, step]
            unit = pp.create_sgen(
                net, at, high, controllable=True, min_p_mw=low[row], max_p_mw=high, min_q_mvar=0.0, max_q_mvar=0.0
            )
            pp.create_poly_cost(net, unit, "sgen", cost)
    return net


def _year(tell: Tell) -> Figures:
    """A year of the 33-bus feeder on one worker and on two."""
    case = year_of_days().marked_validated()
    found: Figures = {}
    walls = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            run, walls[workers] = _timed(partial(clear_days, case, out=Path(folder) / "year", workers=workers))
        solver = run.record.provenance["solver_seconds"]
        found[f"year of 33 buses, {workers} worker(s), s"] = walls[workers]
        if workers == 1:
            found["year of 33 buses, one worker over its solver time"] = walls[1] / solver
        tell(f"a year on {workers} worker(s): {walls[workers]:.1f} s, verdict {run.certificate.verdict}")
    found["year of 33 buses, two workers faster by"] = walls[1] / walls[2]
    return found | _year_memory()


def _year_memory() -> Figures:
    """Resident memory of one worker after 60 and after 365 days, in processes of their own."""
    if platform.system() != "Linux":
        return {}
    script = (
        "import sys, tempfile, gridpact as gp\n"
        "from gridpact.bench import year_of_days\n"
        "case = year_of_days().marked_validated()\n"
        "case = case.steps_between(0, 24 * int(sys.argv[1]))\n"
        "folder = tempfile.TemporaryDirectory()\n"
        "gp.clear_days(case, out=folder.name + '/y')\n"
        f"{PEAK}"
    )
    found = {}
    for days in (148, DAYS):
        command = [sys.executable, "-c", script, str(days)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
        found[f"memory after {days} days, MB"] = float(told) * 1024.0 / 1e6
    return found


def _machine() -> str:
    from importlib.metadata import PackageNotFoundError, version

    def told(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"{name} not installed"

    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}; "
        + ", ".join(map(told, PACKAGES))
    )


def _stage_table(stages: Mapping[str, Figures]) -> str:
    head = ["case", *STAGES, "ratio", "kept"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(_stage_row(name, figures) for name, figures in stages.items())])


def _stage_row(name: str, figures: Figures) -> str:
    seconds = [f"{figures[stage]:.3f}" for stage in STAGES]
    return f"| {name} | " + " | ".join([*seconds, f"{figures['ratio']:.2f}", f"{figures['kept']:.2f}"]) + " |"


def _growth_table(growth: Mapping[str, Figures]) -> str:
    lines = [
        "| growth exponent | build, solve, prices | solver alone | solver's share at the end |",
        "|---|---|---|---|",
    ]
    for name, figures in growth.items():
        lines.append(
            f"| {name} | {figures['all']:.2f} | {figures['solver']:.2f} | {figures['share of the solver']:.0%} |"
        )
    return "\n".join(lines)


def _figure(name: str, value: float) -> str:
    return f"| {name} | {value:.3g} |" if value < 100 else f"| {name} | {value:,.0f} |"
