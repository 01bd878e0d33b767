"""Two ways to the same indices: arrays over all faults, and a search per fault; and random years about both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.certificates.planning.fault_simulator import simulate
from gridpact.certificates.planning.monte_carlo import monte_carlo
from gridpact.certificates.planning.reliability_check import monte_carlo_check, reliability_checks
from gridpact.errors import InputError
from gridpact.planning.reliability.indices import incidence, reliability
from gridpact.planning.reliability.network import radial_network
from tests.radial import chain, device, failing, point, radial, random_radial, tie

NETWORKS = 200
FEW = tuple(range(0, NETWORKS, 20))
YEARS, MANY_YEARS = 10_000, 40_000
OUTSIDE = 0.03


def agree(case: Case) -> bool:
    """Whether both find the same loads dark for the same hours after every fault."""
    network = radial_network(case)
    arrays, searches = incidence(network), simulate(case)
    same_faults = network.faults.names == [fault.name for fault in searches.faults]
    same_hours = np.allclose(arrays.hours, searches.hours, rtol=1e-12, atol=1e-12)
    return same_faults and bool(np.array_equal(arrays.classes > 0, searches.dark)) and same_hours


@pytest.mark.parametrize("seed", FEW)
def test_incidence_equals_the_simulator(seed: int) -> None:
    case = random_radial(seed)
    assert agree(case)
    assert all(check.passed for check in reliability_checks(case, reliability(case)))


@pytest.mark.campaign
def test_incidence_equals_the_simulator_on_all_networks() -> None:
    assert [seed for seed in range(NETWORKS) if not agree(random_radial(seed))] == []


def test_the_networks_try_everything() -> None:
    """Among the few there are all classes, and networks in which limits and islands make a difference."""
    cases = [random_radial(seed) for seed in FEW]
    classes = np.concatenate([incidence(radial_network(case)).classes.ravel() for case in cases])
    assert set(classes.tolist()) == {0, 1, 2}
    for table, column, otherwise in (("switches", "transfer_mw", np.nan), ("storages", "islanding", False)):
        changed = [case.with_table(table, case.tables[table].assign(**{column: otherwise})) for case in cases]
        pairs = [(simulate(a).hours, simulate(b).hours) for a, b in zip(cases, changed, strict=True)]
        assert any(not np.array_equal(one, other) for one, other in pairs)


def outside(seeds: range | tuple[int, ...], years: int) -> list[int]:
    cases = {seed: random_radial(seed) for seed in seeds}
    return [seed for seed, case in cases.items() if not monte_carlo_check(case, reliability(case), years, seed).passed]


def test_random_years_lie_about_the_indices() -> None:
    """Seeds for which they do; one run in a hundred may lie outside, and the campaign counts them."""
    assert outside(FEW, YEARS) == []


@pytest.mark.campaign
def test_few_random_runs_lie_outside() -> None:
    assert len(outside(range(NETWORKS), MANY_YEARS)) <= OUTSIDE * NETWORKS


def test_random_years_have_the_mean_and_the_spread_of_a_poisson_number() -> None:
    """One line, one customer: 0.5 failures per year of 4 h. Hours of a year have the variance 0.5 x (4^2 + 4^2)."""
    case = radial([point("2", 1.0, 0.2)], [failing("a", "1", "2", 0.5)])
    years = 200_000
    drawn = monte_carlo(case, years, seed=3).set_index("index")
    half = (drawn["high"] - drawn["low"]) / 2.0
    spread = np.array([0.5**0.5, 16.0**0.5, 0.2 * 16.0**0.5])
    np.testing.assert_allclose(half / 2.935199 * years**0.5, spread, rtol=0.02)
    np.testing.assert_allclose(drawn["mean"], [0.5, 2.0, 0.4], rtol=0.02)


def test_the_same_seed_draws_the_same_years() -> None:
    case = random_radial(3)
    pd.testing.assert_frame_equal(monte_carlo(case, 100, 1), monte_carlo(case, 100, 1))
    assert not monte_carlo(case, 100, 1).equals(monte_carlo(case, 100, 2))


def test_a_meshed_network_is_refused() -> None:
    with pytest.raises(InputError, match="not radial"):
        simulate(chain(more_lines=[failing("back", "4", "1")]))


def lie(tables: Mapping[str, pd.DataFrame], table: str, column: str, factor: float) -> dict[str, pd.DataFrame]:
    changed = tables[table].copy()
    changed.loc[0, column] *= factor
    return {**tables, table: changed}


LIES = [
    ("reliability_loads", "failures_per_year"),
    ("reliability_loads", "hours_per_year"),
    ("reliability_loads", "eens_mwh"),
    *(("reliability_system", column) for column in ("saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh")),
]


@pytest.mark.parametrize(("table", "column"), LIES)
def test_a_lie_of_one_in_a_million_is_found(table: str, column: str) -> None:
    case = chain(protection=[device("a", "from", "breaker")], switches=[tie("back")], more_lines=[back()])
    tables = reliability(case)
    assert all(check.passed for check in reliability_checks(case, tables))
    failed = [
        check.name for check in reliability_checks(case, lie(tables, table, column, 1.0 + 1e-6)) if not check.passed
    ]
    assert failed == [table]


def back() -> dict[str, object]:
    return failing("back", "4", "1", 0.0)


def test_a_table_of_other_loads_is_refused() -> None:
    case = chain()
    tables = reliability(case)
    renamed = {**tables, "reliability_loads": tables["reliability_loads"].assign(load="x")}
    assert not all(check.passed for check in reliability_checks(case, renamed))


def test_random_years_find_what_is_a_tenth_off() -> None:
    case = chain(protection=[device("a", "from", "breaker")])
    tables = reliability(case)
    assert monte_carlo_check(case, tables, YEARS, 1).passed
    assert not monte_carlo_check(case, lie(tables, "reliability_system", "saidi_h", 1.1), YEARS, 1).passed
