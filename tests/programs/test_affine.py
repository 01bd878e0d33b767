"""Affine expressions against numpy: evaluated at random values, both must give the same array."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.programs.affine import Affine, Variable, constant

SHAPE = (3, 4)
NUMBERS = arrays(np.float64, SHAPE, elements=st.floats(-10, 10, width=32))


def value(expression: Affine, at: dict[Variable, np.ndarray]) -> np.ndarray:
    """The expression with numbers for its variables."""
    flat = expression.constant.ravel(order="F").copy()
    values = {variable.source: numbers.ravel(order="F") for variable, numbers in at.items()}
    for block in expression.blocks:
        np.add.at(flat, block.entries, block.values * values[block.source][block.positions])
    return flat.reshape(expression.shape, order="F")


MIX = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 0.5]])
SHIFT = np.eye(4, k=1)
WEIGHT = np.arange(12.0).reshape(SHAPE)
COLUMN = np.array([[1.0], [2.0], [3.0]])
OPERATIONS = {
    "sum": lambda x, y: x + y + 1.5,
    "difference": lambda x, y: 2.0 - x - y,
    "negative": lambda x, y: -x,
    "scaled by an array": lambda x, y: WEIGHT * x - y * COLUMN,
    "mixed components": lambda x, y: MIX @ (x + 2.0 * y),
    "mixed by a sparse matrix": lambda x, y: sp.csr_array(MIX) @ x,
    "mixed steps": lambda x, y: (x - y) @ SHIFT,
    "transposed": lambda x, y: (x + 3.0 * y).T,
    "rows": lambda x, y: (x + y)[[2, 0]],
    "mask of rows": lambda x, y: (x + y)[np.array([True, False, True])],
    "steps": lambda x, y: x[:, 1:] - x[:, :-1],
    "repeated rows": lambda x, y: (x + y)[np.array([1, 1, 0])],
    "array on the left of minus": lambda x, y: WEIGHT - x,
    "chain": lambda x, y: MIX @ (COLUMN * (x[:, 1:] @ SHIFT[:3, :3]) + y[:, :3]),
}


@pytest.mark.parametrize("name", OPERATIONS)
@given(a=NUMBERS, b=NUMBERS)
def test_same_as_numpy(name: str, a: np.ndarray, b: np.ndarray) -> None:
    x, y = Variable(SHAPE), Variable(SHAPE)
    operation = OPERATIONS[name]
    expected = operation(a, b)
    found = operation(x, y)
    assert found.shape == expected.shape
    np.testing.assert_allclose(value(found, {x: a, y: b}), expected, rtol=1e-12, atol=1e-9)


@given(a=NUMBERS)
def test_sums(a: np.ndarray) -> None:
    x = Variable(SHAPE)
    expression = 2.0 * x + WEIGHT
    at = {x: a}
    np.testing.assert_allclose(value(expression.total(), at), [[(2.0 * a + WEIGHT).sum()]], atol=1e-9)
    np.testing.assert_allclose(value(expression.sum_over_steps(), at)[:, 0], (2.0 * a + WEIGHT).sum(axis=1), atol=1e-9)


def test_an_expression_keeps_two_dimensions() -> None:
    with pytest.raises(IndexError, match="two dimensions"):
        Variable(SHAPE)[0]


def test_constants_have_no_variables() -> None:
    assert constant(WEIGHT).blocks == ()
    np.testing.assert_array_equal((constant(WEIGHT) * 2.0).constant, 2.0 * WEIGHT)
