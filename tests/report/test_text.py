"""Numbers and times as a reader meets them."""

import pandas as pd
import pytest

from gridpact.report.text import instant, number, safe, significant
from tests.report.synthetic import make_case


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (17479.897, 2, "17\u2009479.90"),
        (-2.5, 1, "\u22122.5"),
        (-0.001, 2, "0.00"),  # no minus before a zero
        (1234567.0, 0, "1\u2009234\u2009567"),
        (float("nan"), 2, "not a number"),
        (float("inf"), 2, "inf"),
    ],
)
def test_number(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.21e-9, "3.21e\u221209"), (0.5, "0.5"), (None, "not a number"), (float("nan"), "not a number")],
)
def test_significant(value: float | None, text: str) -> None:
    assert significant(value) == text


def test_instant_says_no_more_than_is_needed() -> None:
    noon = pd.Timestamp("2026-06-01T12:00", tz="Europe/Berlin")
    assert instant(noon, make_case(3, 24)) == "12:00"
    assert instant(noon, make_case(3, 48)) == "01 Jun 12:00"


def test_instant_tells_the_two_hours_of_autumn_apart() -> None:
    case = make_case(3, 25, "2026-10-25T00:00")
    assert [instant(case.snapshots[step], case) for step in (2, 3)] == ["02:00 CEST", "02:00 CET"]


def test_safe_makes_markup_harmless() -> None:
    assert safe('<b>"&') == "&lt;b&gt;&quot;&amp;"
