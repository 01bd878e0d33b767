"""Settings of a trade: each wrong type and range is an error that names it, and says what is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.errors import InputError
from gridpact.trading.settings import CHOICES, setting_issues
from tests.districts import two_buses
from tests.markets.trade.small import two_makers

WRONG: dict[str, list[Any]] = {
    "method": ["admm", "", "ATC", 1, None, ["atc"]],
    "subproblem": ["exact", 0, None, True],
    "exactness": ["check", "", 2, None],
    "heat_dynamics": ["slow", 0.5, None],
    "coalitions": ["some", True, 3],
    "rounds": [0, -1, 10_001, 2.0, "5", True, None, np.nan],
    "seed": [-1, 2**31, 0.5, "0", None, False],
    "tolerance": [0.0, -1e-4, 1e-9, 0.02, 1.0, np.nan, np.inf, "1e-4", None, True],
    "reference": [1, 0, "yes", None],
    "warm_start": [1, None, ["runs"], True],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}={value!r}" for name, value in CASES])
def test_what_is_not_possible_is_named(name: str, value: Any) -> None:
    with pytest.raises(InputError) as error:
        gp.trade(two_makers(), **{name: value})
    assert [issue.message for issue in error.value.issues] == [f"{name} = {value!r} is not possible"]
    assert error.value.issues[0].fix.endswith(".")


def test_every_setting_is_covered() -> None:
    import inspect

    given = set(inspect.signature(gp.trade).parameters) - {"case", "progress"}
    assert set(WRONG) == given
    assert {name for name, allowed in CHOICES.items() if not allowed} == set()


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as error:
        gp.trade(two_makers(), method="no", rounds=0, tolerance=2.0, warm_start=3)  # type: ignore[arg-type]
    assert len(error.value.issues) == 4


def test_what_is_possible_passes() -> None:
    good = {"method": "cf_admm", "subproblem": "closed_form", "tolerance": 1e-2, "rounds": 1, "exactness": "off",
            "heat_dynamics": "steady", "reference": False, "coalitions": "none", "seed": 2**31 - 1}  # fmt: skip
    assert setting_issues(good) == []
    assert setting_issues({}) == []
    for name, allowed in CHOICES.items():
        assert all(setting_issues({name: value}) == [] for value in allowed)


def test_a_case_without_microgrids_has_nobody_to_trade() -> None:
    with pytest.raises(InputError, match="nobody to trade"):
        gp.trade(two_buses())


def test_a_folder_that_is_none_and_a_case_that_is_none() -> None:
    with pytest.raises(InputError):
        gp.trade("no such folder")


def test_a_changed_case_is_validated_first() -> None:
    case = two_makers()
    table = case.tables["microgrids"].assign(max_sell_mw=-1.0)
    with pytest.raises(InputError, match="max_sell_mw"):
        gp.trade(case.with_table("microgrids", table))


def test_loops_are_refused() -> None:
    case = two_makers()
    ring = {
        "line": ["ring"],
        "from_bus": ["2"],
        "to_bus": ["3"],
        "length_km": 1.0,
        "r_ohm_per_km": 0.5,
        "x_ohm_per_km": 0.1,
    }
    with pytest.raises(InputError, match=r"(?i)loop|radial"):
        gp.trade(case.with_rows("lines", ring))
