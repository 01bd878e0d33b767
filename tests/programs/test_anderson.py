"""Anderson acceleration: exact on linear iterations, careful on others."""

import numpy as np

from gridpact.programs.anderson import Anderson


def test_a_linear_iteration_ends_after_as_many_steps_as_it_has_dimensions() -> None:
    """s <- M s + c has the residual (M - 1) s + c, linear in s: with n independent differences the root is exact."""
    random = np.random.default_rng(1)
    size = 6
    matrix = np.diag(np.linspace(0.5, 0.99, size))
    turned = np.linalg.qr(random.normal(size=(size, size)))[0]
    matrix, constant = turned @ matrix @ turned.T, random.normal(size=size)
    root = np.linalg.solve(np.eye(size) - matrix, constant)
    faster, plain, point = Anderson(np.ones(size)), np.zeros(size), np.zeros(size)
    for _ in range(size + 2):
        plain = matrix @ plain + constant
        point = faster.step(point, matrix @ point + constant - point)
    assert np.abs(point - root).max() < 1e-6 * np.abs(root).max()
    assert np.abs(plain - root).max() > 0.1 * np.abs(root).max()


def test_it_forgets_when_the_residual_has_doubled() -> None:
    """After a residual of more than twice the best the step is the plain one."""
    faster = Anderson(np.ones(2))
    for residual in ([1.0, 0.0], [0.0, 1.0], [0.5, 0.5]):
        faster.step(np.zeros(2), np.array(residual))
    point, residual = np.array([3.0, 4.0]), np.array([5.0, 5.0])
    assert np.array_equal(faster.step(point, residual), point + residual)


def test_at_rest_it_stays() -> None:
    faster, point = Anderson(np.ones(2)), np.array([1.0, 2.0])
    for _ in range(3):
        point = faster.step(point, np.zeros(2))
    assert np.array_equal(point, [1.0, 2.0])
