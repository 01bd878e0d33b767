"""Single cells: what counts as a number, and what comes of a cell that is wrong."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.case.cells import in_bounds, numbers, type_table
from gridpact.case.schema import SCHEMA, Column
from gridpact.case.text import text_table


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_read_back_bit_by_bit(values: list[float]) -> None:
    read = numbers([repr(value) for value in values])
    assert read.tobytes() == np.array(values, dtype=np.float64).tobytes()


@given(st.text(max_size=6))
def test_no_text_is_a_number_that_python_does_not_read(text: str) -> None:
    value = numbers([text])[0]
    assert math.isnan(value) or value == float(text)


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("+.5", 0.5), ("-2.", -2.0), ("1e3", 1000.0), ("1E-3", 0.001)])
def test_forms_of_numbers(text: str, value: float) -> None:
    assert numbers([text])[0] == value


@pytest.mark.parametrize(
    "text", ["", " ", "nan", "inf", "-Infinity", "1e400", "1_0", "0x1", "1,5", "1.5.2", "٣", "1 000", "--1", "1e", "."]
)
def test_what_is_no_number(text: str) -> None:
    assert math.isnan(numbers([text])[0])


def test_bounds_are_inclusive_and_positive_excludes_zero() -> None:
    values = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, np.nan])
    closed = Column("share", "", minimum=0.0, maximum=1.0)
    assert in_bounds(closed, values).tolist() == [False, True, True, True, False, True]
    positive = Column("share", "", positive=True, maximum=1.0)
    assert in_bounds(positive, values).tolist() == [False, False, True, True, False, True]


def test_typed_table_has_all_columns_and_their_types() -> None:
    cells = pd.DataFrame(
        {
            "line": ["1", "2", "3"],
            "from_bus": ["a", "", "b"],
            "to_bus": ["b", "c", "c"],
            "length_km": ["1", "x", "-1"],
            "c_nf_per_km": ["", "x", "250"],
            "max_i_ka": ["", "0.5", "0"],
            "in_service": ["", "FALSE", "0"],
        }
    )
    frame = type_table(SCHEMA["lines"], text_table("lines.csv", cells))
    assert list(frame) == [column.name for column in SCHEMA["lines"].columns]
    nan = float("nan")
    np.testing.assert_array_equal(frame["length_km"], [1.0, nan, nan])  # not a number, out of bounds
    np.testing.assert_array_equal(frame["r_ohm_per_km"], [nan] * 3)  # required, but absent
    np.testing.assert_array_equal(frame["c_nf_per_km"], [0.0, nan, 250.0])  # blank is the default
    np.testing.assert_array_equal(frame["max_i_ka"], [nan, 0.5, nan])  # blank is no limit, zero out of bounds
    assert frame["in_service"].tolist() == [True, False, False] and frame["in_service"].dtype == np.bool_
    assert frame["line"].tolist() == ["1", "2", "3"]  # ids stay texts
