"""A single level as text, for those who want to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.single_level import SingleLevel
from gridpact.programs.standard_form import StandardForm

Ints = NDArray[np.int64]
Labels = NDArray[np.str_]
# More terms than this in a line are counted, not written.
TERMS = 12


def print_single_level(single: SingleLevel, most: int = 20) -> str:
    """Cost, constraints by name, pairs and limits; of each name the first ``most`` rows."""
    form = single.form
    labels = np.array(_labels(form.columns, form.q.size))
    lines = [f"minimise  {_cost(single, labels)}", "", "subject to"]
    for name, rows in form.rows.items():
        written = list(_rows(form, rows, labels))
        lines += [f"  {name}:", *_shortened(written, most)] if written else []
    pairs = [f"    {labels[first]} = 0 or {labels[second]} = 0" for first, second in single.pairs]
    lines += ["  complementarity:", *_shortened(pairs, most)] if pairs else []
    lines += ["", "with", *_shortened(list(_limits(single, labels)), most)]
    whole = labels[form.integers]
    lines += [f"    {' '.join(whole[:most])}{_rest(whole.size, most)} 0 or 1"] if whole.size else []
    return "\n".join(lines) + "\n"


def _labels(names: Mapping[str, Ints], size: int) -> list[str]:
    """A name for every number, like "follower.p[0,3]"."""
    labels = [f"[{number}]" for number in range(size)]
    for name, numbers in names.items():
        for place, number in np.ndenumerate(numbers):
            if number >= 0:
                labels[number] = f"{name}[{','.join(map(str, place))}]"
    return labels


def _rest(count: int, most: int) -> str:
    return f" and {count - most} more" if count > most else ""


def _shortened(lines: list[str], most: int) -> list[str]:
    return lines[:most] + [f"    ... and {len(lines) - most} more"] * (len(lines) > most)


def _cost(single: SingleLevel, labels: Labels) -> str:
    form = single.form
    upper = sp.coo_array(sp.triu(form.P))
    halves = np.where(upper.row == upper.col, 0.5, 1.0) * upper.data
    terms = [(form.q[k], labels[k]) for k in np.flatnonzero(form.q)]
    terms += [(v, _squared(labels[i], labels[j])) for i, j, v in zip(upper.row, upper.col, halves, strict=True) if v]
    terms += [(v, _squared(labels[i], labels[j])) for i, j, v in zip(*single.products, strict=True)]
    text = _sum(terms)
    return f"{text} + {form.constant:.6g}" if form.constant else text


def _squared(first: str, second: str) -> str:
    return f"{first}^2" if first == second else f"{first} {second}"


def _sum(terms: list[tuple[float, str]]) -> str:
    """3 a - b + ..., with the number of terms left out."""
    text = ""
    for value, label in terms[:TERMS]:
        sign = ("- " if value < 0.0 else "+ ") if text else ("-" if value < 0.0 else "")
        size = "" if abs(value) == 1.0 and label else f"{abs(value):.6g}"
        text += f"{' ' if text else ''}{sign}{size}{' ' if size and label else ''}{label}"
    return (text or "0") + _rest(len(terms), TERMS).replace(" and", " + ...")


def _rows(form: StandardForm, rows: Ints, labels: Labels) -> Iterator[str]:
    """A x = b, A x <= b, or a cone, written where its first row is."""
    A = sp.csr_array(form.A)
    sizes = np.array([size for _, size in form.cones], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    for row in rows[rows >= 0].ravel().tolist():
        cone = int(np.searchsorted(starts, row, side="right")) - 1
        kind = form.cones[cone][0]
        if kind == "second_order" and row == starts[cone]:
            inside = range(row + 1, row + int(sizes[cone]))
            parts = ", ".join(_slack(A, form.b, k, labels) for k in inside)
            yield f"    |({parts})| <= {_slack(A, form.b, row, labels)}"
        elif kind != "second_order":
            yield f"    {_sum(_terms(A, row, labels))} {'=' if kind == 'zero' else '<='} {form.b[row] + 0.0:.6g}"


def _terms(A: sp.csr_array, row: int, labels: Labels, sign: float = 1.0) -> list[tuple[float, str]]:
    entries = slice(A.indptr[row], A.indptr[row + 1])
    return [(sign * v, labels[k]) for k, v in zip(A.indices[entries], A.data[entries], strict=True) if v]


def _slack(A: sp.csr_array, b: NDArray[np.float64], row: int, labels: Labels) -> str:
    """b - A x of a row."""
    constant = [(float(b[row]), "")] if b[row] else []
    return _sum([*_terms(A, row, labels, -1.0), *constant])


def _limits(single: SingleLevel, labels: Labels) -> Iterator[str]:
    for column in np.flatnonzero(np.isfinite(single.low) | np.isfinite(single.high)):
        low, high = single.low[column], single.high[column]
        yield f"    {f'{low:.6g} <= ' if np.isfinite(low) else ''}{labels[column]}" + (
            f" <= {high:.6g}" if np.isfinite(high) else ""
        )
