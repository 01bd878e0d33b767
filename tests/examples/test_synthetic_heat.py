"""Synthetic districts: what the docstring says of them, by numbers, and that they clear."""

import numpy as np
import pytest

import gridpact as gp
from gridpact.examples.synthetic_heat import SIZES


@pytest.fixture(scope="module")
def case() -> gp.Case:
    return gp.synthetic_district(60, seed=1)


def test_equal_arguments_give_equal_cases(case: gp.Case) -> None:
    again, other = gp.synthetic_district(60, seed=1), gp.synthetic_district(60, seed=2)
    assert all(case.tables[name].equals(again.tables[name]) for name in case.tables)
    assert not case.tables["pipes"].equals(other.tables["pipes"])
    assert gp.validate(case) == []


def test_a_tree_with_consumers_at_its_ends(case: gp.Case) -> None:
    ends = set(case.tables["pipes"]["to_node"]) - set(case.tables["pipes"]["from_node"])
    assert len(case.tables["pipes"]) == 60 == len(case.tables["heat_nodes"]) - 1
    assert ends <= set(case.tables["heat_loads"]["node"])
    assert case.column("heat_loads", "heat_mw").sum() == pytest.approx(2.0 * case.column("loads", "p_mw").sum())


def test_pipes_are_the_smallest_that_carry_a_metre_per_second(case: gp.Case) -> None:
    table = gp.clear(case, price_probes=0).table("pipes")
    flow = table.groupby("pipe")["flow_kg_per_s"].first().reindex(case.ids("pipes")).to_numpy()
    bore = case.column("pipes", "diameter_mm")
    speed = flow / (980.0 * np.pi * (bore / 1000.0) ** 2 / 4.0)
    assert speed.max() <= 1.0 + 1e-6
    smaller = SIZES[np.maximum(np.searchsorted(SIZES, bore) - 1, 0)]
    assert (speed * (bore / smaller) ** 2)[bore > SIZES[0]].min() > 1.0


def test_it_is_certified(case: gp.Case) -> None:
    run = gp.clear(case, price_probes=2)
    assert run.certificate.verdict == "certified", run.certificate.failures()


@pytest.mark.parametrize("pipes", [1, 20_001])
def test_sizes_out_of_range_are_refused(pipes: int) -> None:
    with pytest.raises(gp.InputError, match="2 to 20000"):
        gp.synthetic_district(pipes)
