"""The distribution operator leads, the transmission market follows: the study of their game."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.clearing import DYNAMICS, EXACTNESS
from gridpact.errors import InputError, Issue
from gridpact.results.record import Record, words
from gridpact.run import GAME, Run, judged, provenance

if TYPE_CHECKING:
    from gridpact.markets.cleared import Cleared
    from gridpact.markets.game.equilibrium import Asked, Equilibrium
    from gridpact.markets.game.leader import Game
    from gridpact.markets.game.settled import Settled

TIES = ("optimistic", "pessimistic")
COMPLEMENTARITY = ("sos1", "big_m")
SCAN_MOST = 1000
# Whoever asks no price has no cost to be made whole for.
WITHOUT_OFFER = ("load", "heat_load")


def stackelberg(
    case: Case | str | Path,
    transmission: Case | str | Path,
    *,
    method: str = "auto",
    tie_breaking: str = "optimistic",
    designs: bool = True,
    gap: float = 1e-4,
    time_limit: float = 600.0,
    complementarity: str = "sos1",
    big_m: float = 0.0,
    segments: int = 16,
    exactness: str = "repair",
    price_probes: int = 4,
    heat_dynamics: str = "quasi_dynamic",
    scan: int = 0,
    rounds: int = 20,
    progress: bool = False,
) -> Run:
    """The game of a district that leads and a transmission market that follows, solved to a certified optimum.

    The district chooses its import knowing that the transmission market's price answers to it. ``transmission`` is the
    case of the transmission network; its table ``connections`` says where the district's interfaces hang on it and for
    how many identical feeders the district stands. A connected interface pays the LMP of its bus, whatever its own
    price is.

    ``method``: "price_steps" (exact price steps with branch and bound on convex envelopes), "kkt" (optimality
    conditions of the market, mixed-integer, by SCIP; ``complementarity`` "sos1" or "big_m" with proven bounds, or with
    the bound ``big_m`` in MW and currency per MWh), "primal_dual" (equal objectives, the product of price and power in
    ``segments`` pieces, by SCIP; the step found is then fixed) or "auto": price steps where each boundary power has its
    own hour of the market, kkt where ramps or several connections tie them. ``gap`` is the relative gap to be proven
    within ``time_limit`` seconds.

    ``tie_breaking``: at the edge of a price step the market has several right prices. The "optimistic" leader gets the
    better one; the "pessimistic" one stays just inside the step whose price it counts on.

    ``designs`` adds the same day without a leader: tables ``designs``, ``design_hours``, ``claims``. ``scan`` is the
    number of imports at which the leader's cost is computed around every hour's own, a brute-force look at the optimum.
    The other settings are those of ``clear``.

    Where the connections name several districts, each of them leads: they play best responses in turn, for at most
    ``rounds`` rounds, and end at common prices. The table ``leaders`` then says what each pays and could still gain,
    ``turns`` how they got there, ``summary["responses"]`` whether they settled, cycled or were cut off; there are no
    other designs. ``gp.join_cases`` makes one case of several districts.

    Raises what ``clear`` raises, and ``InputError`` where the two cases do not fit (see ``gp.validate``) or the market
    has no prices.
    """
    from gridpact.markets.game.equilibrium import Asked

    settings = {
        "method": method,
        "tie_breaking": tie_breaking,
        "designs": designs,
        "gap": gap,
        "time_limit": time_limit,
        "complementarity": complementarity,
        "big_m": big_m,
        "segments": segments,
        "exactness": exactness,
        "price_probes": price_probes,
        "heat_dynamics": heat_dynamics,
        "scan": scan,
        "rounds": rounds,
    }
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    district, network = _read(case, transmission)
    started = perf_counter()
    asked = Asked(method, gap, time_limit, complementarity, big_m, segments)
    return Run(judged(_record(district, network, settings, asked, progress, started)))


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    from gridpact.markets.game.equilibrium import METHODS

    choices = {
        "method": METHODS,
        "tie_breaking": TIES,
        "complementarity": COMPLEMENTARITY,
        "exactness": EXACTNESS,
        "heat_dynamics": DYNAMICS,
        "designs": (True, False),
    }
    ranges = {
        "gap": (0.0, 1.0),
        "time_limit": (1e-3, 1e6),
        "big_m": (0.0, 1e12),
        "segments": (1, 64),
        "price_probes": (0, 10_000),
        "scan": (0, SCAN_MOST),
        "rounds": (1, 1000),
    }
    issues = [
        Issue(f"{name} = {settings[name]!r} is not possible", f"Choose one of: {', '.join(map(str, allowed))}.")
        for name, allowed in choices.items()
        if settings.get(name, allowed[0]) not in allowed
    ]
    for name in (name for name in ranges if name in settings):
        (low, high), value, whole = ranges[name], settings[name], name in ("segments", "price_probes", "scan", "rounds")
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            kind = "whole number" if whole else "number"
            issues.append(Issue(f"{name} = {value!r} is not possible", f"Give a {kind} from {low:g} to {high:g}."))
    if settings.get("big_m") and settings.get("complementarity") != "big_m":
        issues.append(Issue("big_m is given, but not used", 'Set complementarity = "big_m", or leave big_m out.'))
    return issues


def _read(case: Case | str | Path, transmission: Case | str | Path) -> tuple[Case, Case]:
    """Both cases, valid in themselves and fitting each other."""
    from gridpact.case.pairing import leading_issues, pairing_issues
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case

    district, network = (
        require_valid(one) if isinstance(one, Case) else read_case(one) for one in (case, transmission)
    )
    issues = leading_issues(district) + pairing_issues(district, network)
    if issues:
        raise InputError(issues)
    return district, network


def _record(
    district: Case, network: Case, settings: Mapping[str, Any], asked: Asked, progress: bool, started: float
) -> Record:
    """The game played, told and put together with the evidence that its judges ask for."""
    from gridpact.markets.basis import price_basis
    from gridpact.markets.game.equilibrium import equilibrium
    from gridpact.markets.game.leader import game
    from gridpact.markets.game.tables import game_tables
    from gridpact.markets.game.transmission import transmission_market
    from gridpact.markets.outcome import outcome_tables
    from gridpact.markets.probes import price_probes
    from gridpact.progress import tracker
    from gridpact.results.summary import clearing_summary

    play = game(district, transmission_market(network), settings["heat_dynamics"])
    several = network.tables["connections"]["district"].nunique() > 1
    _require_single_powers(several, settings, asked)
    if several:
        state, told, more = _several(play, settings, asked)
    else:
        found = equilibrium(play, asked, _told(progress))
        state = _state(play, found, settings)
        told, more = _single(state, found, settings)
    cleared = state.district
    tables = outcome_tables(cleared)
    track = tracker("price probes", progress)
    tables["price_probes"] = price_probes(cleared, tables, settings["price_probes"], "clarabel", track)
    own = clearing_summary(district, tables, cleared.solution.cost) | price_basis(cleared)
    tables |= game_tables(state) | more
    tables["make_whole"] = _make_whole(district, state, tables, settings)
    told["tie_cost"] = _tie_cost(tables["equilibrium"], district.hours)
    return Record(
        question=GAME,
        settings=settings,
        case=district,
        summary=own | told,
        tables=tables,
        solution=_arrays(cleared) | {f"transmission/{name}": v for name, v in _arrays(state.transmission).items()},
        provenance=provenance(cleared.solution, perf_counter() - started),
        transmission=network,
    )


def _require_single_powers(several: bool, settings: Mapping[str, Any], asked: Asked) -> None:
    """Staying inside a step needs a leader that has one: price steps of its own."""
    if settings["tie_breaking"] == "pessimistic" and (several or asked.method not in ("auto", "price_steps")):
        where = "several leaders, who settle at common prices" if several else f"method {asked.method!r}"
        raise InputError([Issue(f"tie_breaking = 'pessimistic' is not there for {where}", "Choose optimistic.")])


def _single(
    state: Settled, found: Equilibrium, settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Summary and tables of one leader's search and of the designs without it."""
    from gridpact.markets.game.tables import search_tables

    tables = search_tables(state, found) | _designs(state, settings) | _scanned(state, settings)
    return _summary(state, found, tables), tables


def _several(
    play: Game, settings: Mapping[str, Any], asked: Asked
) -> tuple[Settled, dict[str, Any], dict[str, pd.DataFrame]]:
    """Best responses of several leaders in turn, where they end, and what each could still gain."""
    from gridpact.markets.game.designs import forecast
    from gridpact.markets.game.several import best_responses, leaders_of, responses_tables, settled_at, standings
    from gridpact.markets.pool import clear_pool

    network, how = play.transmission.case, (settings["exactness"], settings["heat_dynamics"])
    leaders = leaders_of(play.case, network)
    start = forecast(play, *how)
    found = best_responses(leaders, network, start, asked, settings["rounds"], how[1])
    state = settled_at(play, found.boundary, *how)
    standing = standings(
        leaders, network, state, asked, how[1], lambda case: clear_pool(case, "soc", "clarabel", *how).solution.cost
    )
    cost, bound = sum(one.cost for one in standing), sum(one.bound for one in standing)
    told = {
        "method": "best_responses",
        "method_why": "several districts lead",
        "responses": found.status,
        "leaders": len(leaders),
        "rounds_played": found.turns[-1].round,
        "epsilon": max(one.could_gain for one in standing),
        "leader_cost": cost,
        "leader_lower_bound": min(cost, bound),
        "leader_gap": max(one.could_gain / max(1.0, abs(one.cost)) for one in standing),
        "transmission_cost": state.transmission.solution.cost,
        "slack_share": 0.0,
        "multiplier_share": 0.0,
    }
    return state, told, dict(responses_tables(found, standing))


def _arrays(cleared: Cleared) -> dict[str, NDArray[Any]]:
    from gridpact.programs.standard_form import arrays

    return arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)}


def _told(progress: bool) -> Callable[[float], None] | None:
    """What shows how far the search is, on stderr."""
    if not progress:
        return None
    from gridpact.progress import falling

    return falling("equilibrium", "gap")


def _state(play: Game, found: Equilibrium, settings: Mapping[str, Any]) -> Settled:
    from gridpact.markets.game.settled import by_price, by_steps

    how = settings["exactness"], settings["heat_dynamics"]
    if found.steps is None and settings["tie_breaking"] == "pessimistic":
        message = "tie_breaking = 'pessimistic' is not there where ramps or several connections tie boundary powers"
        raise InputError([Issue(message, "Choose optimistic.")])
    if found.steps is not None:
        return by_steps(play, found.steps, found.z, settings["tie_breaking"] == "pessimistic", *how)
    return by_price(play, found.z, *how)


def _make_whole(
    district: Case, state: Settled, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> pd.DataFrame:
    """What participants would lack at the pass-through prices: to cover their cost, and to want what they do."""
    from gridpact.certificates.evidence import Evidence
    from gridpact.certificates.participants import gains

    passed = tables["pass_through_prices"]["price_per_mwh"].to_numpy()
    priced = {**tables, "electricity_prices": tables["electricity_prices"].assign(price_per_mwh=passed)}
    record = Record(
        "clear",
        {"formulation": "soc", **settings},
        state.district.case,
        {},
        priced,
        _arrays(state.district),
    )
    rows = [
        (name, kind, profit, 0.0 if kind in WITHOUT_OFFER else max(0.0, -profit), max(0.0, best - profit))
        for kind, names, profits, bests in gains(Evidence(record))
        if kind != "interface"
        for name, profit, best in zip(names, profits.tolist(), bests.tolist(), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["participant", "kind", "profit", "make_whole", "lost_opportunity"])
    return table.assign(participant=words(table["participant"].tolist()), kind=words(table["kind"].tolist()))


def _designs(state: Settled, settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    from gridpact.markets.game.designs import Design, other_designs
    from gridpact.markets.game.tables import claims_table, design_tables

    if not settings["designs"]:
        return {}
    others = other_designs(state.game, settings["exactness"], settings["heat_dynamics"])
    tables = design_tables([*others, Design("stackelberg", state)])
    return tables | {"claims": claims_table(tables["designs"])}


def _scanned(state: Settled, settings: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    from gridpact.markets.game.scan import scan_table

    return {"scan": scan_table(state, settings["scan"])} if settings["scan"] else {}


def _summary(state: Settled, found: Equilibrium, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The game in a few figures; money of all feeders together."""
    from gridpact.markets.game.money import money

    feeders = float(state.game.feeders[0])
    amounts = money(state)
    lower = feeders * found.bound
    told: dict[str, Any] = {
        "method": found.method,
        "method_why": found.why,
        "feeders": feeders,
        "leader_cost": amounts.leader_cost,
        "leader_lower_bound": lower,
        "leader_gap": max(0.0, amounts.leader_cost - lower) / max(1.0, abs(amounts.leader_cost)),
        "transmission_cost": amounts.transmission_cost,
        "slack_share": found.shares[0],
        "multiplier_share": found.shares[1],
        "stated_error": feeders * found.error,
        "search_seconds": found.seconds,
    }
    return told | (_gains(tables["designs"]) if "designs" in tables else {})


def _tie_cost(equilibrium: pd.DataFrame, hours: float) -> float:
    """What the leader would pay more if the market chose the multiplier that is worst for it at the same dispatch."""
    power = equilibrium["boundary_mw"]
    worst = equilibrium["lmp_high_per_mwh"].where(power > 0.0, equilibrium["lmp_low_per_mwh"])
    return float(hours * ((worst - equilibrium["lmp_per_mwh"]) * power).clip(lower=0.0).sum())


def _gains(designs: pd.DataFrame) -> dict[str, float]:
    """What leading gains the district against taking the price, and what it costs the others."""
    place = {str(name): row for row, name in enumerate(designs["design"])}

    def rise(name: str) -> float:
        figures = designs[name].to_numpy(dtype=np.float64)
        return float(figures[place["stackelberg"]] - figures[place["competitive"]])

    return {
        "gain_to_leader": -rise("leader_cost"),
        "gain_to_producers": rise("producers_surplus"),
        "gain_to_loads": -rise("load_payment"),
        "gain_to_congestion_rent": rise("congestion_rent"),
        "gain_to_all": -rise("welfare_cost"),
    }


def stackelberg_program(
    case: Case | str | Path,
    transmission: Case | str | Path,
    *,
    method: str = "kkt",
    complementarity: str = "sos1",
    segments: int = 16,
    heat_dynamics: str = "quasi_dynamic",
    most: int = 20,
) -> str:
    """The game as one program in words and numbers, for those who want to read what SCIP is given.

    ``method`` is "kkt" or "primal_dual"; of every group of constraints at most ``most`` are shown, and how many there
    are. Raises what ``stackelberg`` raises for wrong arguments and cases.
    """
    from gridpact.markets.game.equilibrium import Asked, all_steps, single_level
    from gridpact.markets.game.leader import game
    from gridpact.markets.game.transmission import transmission_market
    from gridpact.programs.follower.printed import print_single_level

    issues = setting_issues({"complementarity": complementarity, "segments": segments, "heat_dynamics": heat_dynamics})
    if method not in ("kkt", "primal_dual"):
        issues.append(Issue(f"method = {method!r} is no single program", 'Choose "kkt" or "primal_dual".'))
    if type(most) is not int or most < 1:
        issues.append(Issue(f"most = {most!r} is not possible", "Give a whole number of at least 1."))
    if issues:
        raise InputError(issues)
    district, network = _read(case, transmission)
    play = game(district, transmission_market(network), heat_dynamics)
    asked = Asked(method, complementarity=complementarity, segments=segments)
    steps = None if (method, complementarity) == ("kkt", "sos1") else all_steps(play)  # SOS1 can do without bounds
    return print_single_level(single_level(play, asked, steps), most)
