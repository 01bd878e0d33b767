"""The judge of repaired markets is judged: what only the tangents can tell is told by them, and by nobody else.

A feeder of three buses with more reactance than resistance and more PV than its voltage cap lets through: the
relaxation invents losses on line b, and the repaired run holds the tangents of both lines as its last rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

import gridpact as gp
from gridpact.certificates.judge import certify
from gridpact.markets import exactness
from gridpact.programs.exactness.service import Exact
from gridpact.programs.exactness.tight import linearised, tight_cones
from gridpact.programs.solve import solve
from gridpact.results.record import Record
from tests.certificates.spoil import check, failed, with_array
from tests.districts import bus, district, interface, line, load

Ints = NDArray[np.int64]


def reverse_feeder() -> gp.Case:
    """0.2 MW of load, 4 MW of PV behind 1.2 + 2j ohm, and a cap of 1.03."""
    return district(
        buses=[bus("1"), bus("2", 0.9, 1.03), bus("3", 0.9, 1.03)],
        lines=[line("a", "1", "2", 0.6, 1.0), line("b", "2", "3", 0.6, 1.0)],
        interfaces=[interface()],
        loads=[load("2", 0.2, 0.1)],
        renewables=[{"renewable": "pv", "bus": "3", "kind": "pv", "p_mw": 4.0}],
    )


@pytest.fixture(scope="module")
def repaired() -> Record:
    record = gp.clear(reverse_feeder(), price_probes=1).record
    assert record.summary["price_basis"] == "multipliers of an AC-feasible local optimum"
    return record


def scaled(record: Record, factor: float, of_multiplier: float) -> Record:
    """The last tangent times a factor, its multiplier times another."""
    stored = record.solution
    shape = stored["b"].size, stored["q"].size
    A = sp.csc_array((stored["A_data"], stored["A_indices"], stored["A_indptr"]), shape=shape)
    row = stored["row/tight"][-1]
    factors, multipliers = np.ones(shape[0]), np.ones(shape[0])
    factors[row], multipliers[row] = factor, of_multiplier
    A = sp.csc_array(sp.diags_array(factors) @ A)
    changed = {"A_data": A.data, "A_indices": A.indices, "A_indptr": A.indptr, "z": stored["z"] * multipliers}
    return replace(record, solution={**stored, **changed})


def inequalities(record: Record) -> Ints:
    """Rows of the program that are inequalities."""
    kinds = np.repeat(record.solution["cone_kinds"], record.solution["cone_sizes"])
    return np.flatnonzero(kinds == "nonnegative")


def test_the_record_passes(repaired: Record) -> None:
    document = certify(repaired)
    assert document["verdict"] == "certified"
    assert check(document, "tangents")["value"] <= 1e-8


def test_a_tangent_by_hand(repaired: Record) -> None:
    """l - 2 (P a + Q c) + (a^2 + c^2) u with a = P / u, c = Q / u, of line b and its bus at the from end."""
    stored = repaired.solution
    x, column = stored["x"], {name: stored[f"column/{name}"] for name in ("flow_p", "flow_q", "current", "voltage")}
    p, q, u = (x[column[name][1, 0]] for name in ("flow_p", "flow_q", "voltage"))
    own = np.zeros(stored["q"].size)
    own[column["current"][1, 0]] = 1.0
    own[column["flow_p"][1, 0]], own[column["flow_q"][1, 0]] = -2.0 * p / u, -2.0 * q / u
    own[column["voltage"][1, 0]] = (p**2 + q**2) / u**2
    shape = stored["b"].size, stored["q"].size
    A = sp.csc_array((stored["A_data"], stored["A_indices"], stored["A_indptr"]), shape=shape)
    row = sp.csr_array(A)[[int(stored["row/tight"][1])]].toarray().ravel()
    assert row == pytest.approx(-own, abs=1e-8)


@pytest.mark.parametrize("factor", [1.01, 0.99, -1.0, 2.0])
def test_a_scaled_tangent_with_its_multiplier_adjusted(repaired: Record, factor: float) -> None:
    """A x + s = b and P x + q + A'z = 0 hold as before: nobody else can see it."""
    assert failed(certify(scaled(repaired, factor, 1.0 / factor))) == {"tangents"}


def test_a_scaled_tangent_and_nothing_else(repaired: Record) -> None:
    assert failed(certify(scaled(repaired, 1.01, 1.0))) == {"tangents", "dual_residual"}


CHANGES: dict[str, Callable[[Ints], Ints]] = {
    "swapped": lambda rows: rows[::-1],
    "one of them twice": lambda rows: rows[[0, 0]],
    "none": lambda rows: rows[:0],
    "one too few": lambda rows: rows[:1],
    "one too many": lambda rows: np.append(rows, 0),
    "out of the program": lambda rows: rows + rows.size,
    "from the other end": lambda rows: rows - 10_000,
    "other equalities": lambda rows: np.arange(rows.size),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_rows_that_are_not_the_tangents(repaired: Record, change: Callable[[Ints], Ints]) -> None:
    assert "tangents" in failed(certify(with_array(repaired, "row/tight", change)))


def test_rows_that_are_inequalities(repaired: Record) -> None:
    """Also where the tangents themselves are turned into inequalities, which their signs would allow."""
    forged = with_array(repaired, "row/tight", lambda rows: inequalities(repaired)[: rows.size])
    assert "tangents" in failed(certify(forged))
    loose = replace(
        repaired,
        solution={
            **repaired.solution,
            "cone_kinds": np.append(repaired.solution["cone_kinds"][:-1], "nonnegative"),
        },
    )
    assert "tangents" in failed(certify(loose))


@pytest.mark.parametrize("by", [0.9, 0.99, 1.001, 1.1])
def test_a_program_linearised_at_another_point(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """The ratios P / u and Q / u a little off, and the optimum of that: all rows and multipliers fit, but elsewhere."""
    own = exactness.exact_flow

    def elsewhere(form: Any, network: Any, relaxed: Any, *scale: Any) -> Exact:
        exact = own(form, network, relaxed, *scale)
        assert exact.repaired is not None
        tight = tight_cones(form, form.rows["cone"])
        other = linearised(tight, by * tight.ratios(exact.repaired.x))
        found = solve(other)
        point = replace(exact.repaired, form=other, x=found.x, s=found.s, z=found.z, cost=found.cost)
        return replace(exact, repaired=point)

    monkeypatch.setattr(exactness, "exact_flow", elsewhere)
    run = gp.clear(reverse_feeder(), price_probes=0)
    assert "tangents" in {entry["name"] for entry in run.certificate.failures()}
    assert run.certificate.verdict == "failed"
    # The optimum of the wrong program is one all the same: what judges the program alone is content.
    assert not {"primal_residual", "dual_residual", "duality_gap"} & failed({"checks": run.certificate.checks})


def test_tangents_without_a_name(repaired: Record) -> None:
    """Without row/tight nobody would know what the last rows are: neither cones nor tangents, so no network at all."""
    stored = {name: values for name, values in repaired.solution.items() if name != "row/tight"}
    assert certify(replace(repaired, solution=stored))["verdict"] == "failed"


FORMS: dict[str, Callable[[Ints], NDArray[np.generic]]] = {
    "numbers with a point": lambda rows: rows.astype(np.float64),
    "texts": lambda rows: rows.astype(str),
    "a column": lambda rows: rows[:, None],
}


@pytest.mark.parametrize("change", FORMS.values(), ids=FORMS)
def test_rows_of_another_type(repaired: Record, change: Callable[[Ints], NDArray[np.generic]]) -> None:
    assert certify(with_array(repaired, "row/tight", change))["verdict"] == "failed"


def test_a_bound_above_the_objective(repaired: Record) -> None:
    """What is proven from below cannot exceed what was found, nor can the gap be anything but their distance."""
    told = {"objective_lower_bound": repaired.summary["objective"] + 1e3, "optimality_gap": 0.0}
    forged = replace(repaired, summary={**repaired.summary, **told})
    assert certify(forged)["verdict"] == "failed"
