"""Blocks side by side, for many costs: the same as the whole at once."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

import gridpact as gp
from gridpact.errors import InfeasibleError
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.blocks import blocks
from gridpact.programs.conic import Compiled, residual
from gridpact.programs.in_blocks import InBlocks
from gridpact.programs.standard_form import StandardForm, compile_program


@pytest.fixture(scope="module")
def hours() -> StandardForm:
    """Four hours of a feeder that nothing couples."""
    case = gp.synthetic_feeder(8, steps=4)
    case, soc = case.with_table("storages", case.tables["storages"].iloc[:0]), formulation_named("soc")
    form = compile_program(clearing_program(case, market_network(case, soc), soc))
    assert len(blocks(form)) == 4
    return form


@pytest.mark.parametrize("cores", [1, 4])
def test_the_same_as_the_whole_at_every_cost(hours: StandardForm, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads or none, and asked again with another cost: dearer purchases, from hour to hour."""
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    ready = InBlocks(hours)
    for factor in (1.0, 1.3):
        q = hours.q.copy()
        q[hours.columns["buy"]] *= factor
        x, s, z = ready.point(q)
        assert residual(hours.with_q(q), x, s, z) < 1e-7
        assert hours.with_q(q).cost(x) == pytest.approx(hours.with_q(q).cost(Compiled(hours).answer(hours.with_q(q)).x))


def test_one_block_without_a_dispatch_is_said(hours: StandardForm) -> None:
    """A load in the last hour beyond all that can come."""
    b, row = hours.b.copy(), hours.rows["active_balance"][-1, -1]
    b[row] += np.sign(b[row]) * 1e4
    with pytest.raises(InfeasibleError):
        InBlocks(replace(hours, b=b)).point(hours.q)
