"""Blocks: what nothing couples is solved apart, and side by side the parts are the whole."""

import numpy as np
import pytest

import gridpact as gp
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.affine import Variable, nothing
from gridpact.programs.blocks import blocks, joined
from gridpact.programs.conic import Compiled, residual
from gridpact.programs.program import Program, at_most, cone, equal
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm, compile_program


def _market(case: gp.Case) -> StandardForm:
    soc = formulation_named("soc")
    return compile_program(clearing_program(case, market_network(case, soc), soc))


def _without_storages(case: gp.Case) -> gp.Case:
    return case.with_table("storages", case.tables["storages"].iloc[:0])


@pytest.fixture(scope="module")
def hours() -> StandardForm:
    """Six hours that nothing couples."""
    return _market(_without_storages(gp.synthetic_feeder(12, steps=6)))


def test_hours_fall_apart_without_storages_and_hold_together_with_them(hours: StandardForm) -> None:
    assert len(blocks(hours)) == 6
    day = gp.read_case(gp.examples.path("ieee33-day") / "case")
    assert day.count("storages")
    assert len(blocks(_market(day))) == 1


def test_blocks_are_a_partition_that_keeps_every_entry(hours: StandardForm) -> None:
    parts = blocks(hours)
    assert sorted(np.concatenate([part.rows for part in parts])) == list(range(hours.b.size))
    assert sorted(np.concatenate([part.columns for part in parts])) == list(range(hours.q.size))
    assert sum(part.form.A.nnz for part in parts) == hours.A.nnz
    assert sum(part.form.P.nnz for part in parts) == hours.P.nnz
    for part in parts:
        assert np.array_equal(part.form.A.toarray(), hours.A[part.rows][:, part.columns].toarray())
        assert np.array_equal(part.form.P.toarray(), hours.P[part.columns][:, part.columns].toarray())
        assert sum(size for _, size in part.form.cones) == part.rows.size


def test_cones_of_a_block_are_those_of_its_rows(hours: StandardForm) -> None:
    """Rows of one cone stay together and in order: their numbers in the whole follow each other."""
    for part in blocks(hours):
        first = 0
        for kind, size in part.form.cones:
            numbers = part.rows[first : first + size]
            if kind == "second_order":
                assert np.array_equal(numbers, numbers[0] + np.arange(size))
            first += size


def test_parts_solve_to_the_whole(hours: StandardForm) -> None:
    """The whole through Clarabel at once is the second opinion."""
    apart, at_once = solve(hours), Compiled(hours).answer(hours)
    assert apart.cost == pytest.approx(hours.cost(at_once.x), rel=1e-8)
    assert residual(hours, apart.x, apart.s, apart.z) < 1e-8


def test_what_stands_alone_belongs_to_the_first_block() -> None:
    """minimise x + y with x >= 1, y >= 2, a variable that costs nothing and a row without variables."""
    x, y, idle = Variable((1, 1)), Variable((1, 1)), Variable((1, 1))
    rows = {"x": at_most(-x, -1.0), "y": at_most(-y, -2.0), "empty": at_most(0.0 * x, 5.0), "idle": equal(idle, 0.0)}
    program = Program(nothing() + x + y, {"x": x, "y": y, "idle": idle}, rows)
    form = compile_program(program)
    assert len(blocks(form)) == 3
    assert solve(form).cost == pytest.approx(3.0, abs=1e-8)


def test_a_cone_couples_what_no_row_couples() -> None:
    """minimise t over ||(x - 3, y - 4)|| <= t with x = y = 0: the distance is 5."""
    t, x, y = Variable((1, 1)), Variable((1, 1)), Variable((1, 1))
    rows = {"x": equal(x), "y": equal(y), "cone": cone(t, [x - 3.0, y - 4.0])}
    form = compile_program(Program(nothing() + t, {"t": t, "x": x, "y": y}, rows))
    assert len(blocks(form)) == 1
    assert solve(form).cost == pytest.approx(5.0, abs=1e-7)


def test_joined_puts_every_entry_back(hours: StandardForm) -> None:
    parts = blocks(hours)
    assert np.array_equal(joined([(part, part.form.b) for part in parts], "rows"), hours.b)
    assert np.array_equal(joined([(part, part.form.q) for part in parts], "columns"), hours.q)


def test_a_compiled_program_solves_other_vectors_like_a_new_one(hours: StandardForm) -> None:
    ready = Compiled(hours)
    ready.answer(hours)
    b = hours.b.copy()
    b[hours.rows["active_balance"]] *= 0.9
    other = hours.with_b(b)
    assert ready.fits(other)
    assert hours.cost(ready.answer(other).x) == pytest.approx(solve(other).cost, rel=1e-8)


def test_a_compiled_program_does_not_fit_other_matrices(hours: StandardForm) -> None:
    assert not Compiled(hours).fits(blocks(hours)[0].form)
