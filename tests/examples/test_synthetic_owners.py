"""Synthetic owners: equal arguments give an equal case, others are refused with what is wrong about them."""

from __future__ import annotations

import pytest

import gridpact as gp
from gridpact.case.validate import require_valid


def test_equal_arguments_equal_case() -> None:
    one, other = (gp.synthetic_owners(3, seed=4, days=2) for _ in range(2))
    assert one.profiles.equals(other.profiles)
    assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
    assert not gp.synthetic_owners(3, seed=5, days=2).profiles.equals(one.profiles)


def test_every_owner_has_four_candidates_and_the_feeder_its_types() -> None:
    case = require_valid(gp.synthetic_owners(5, days=3, types=4))
    assert case.steps == 72
    assert [case.count(f"{kind}_candidates") for kind in ("renewable", "storage", "generator", "line")] == [10, 5, 5, 4]
    assert require_valid(gp.synthetic_owners(2, days=1, types=0)).count("line_candidates") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"microgrids": 0}, "the size is out of range"),
        ({"microgrids": 2, "days": 0}, "the number of days is out of range"),
        ({"microgrids": 2, "types": -1}, "the number of line types is out of range"),
        ({"microgrids": 2, "tight": 0.0}, "no line can carry that"),
        ({"microgrids": 2, "tight": float("nan")}, "no line can carry that"),
    ],
)
def test_sizes_out_of_range_are_refused(arguments: dict[str, float], said: str) -> None:
    with pytest.raises(gp.InputError, match=said):
        gp.synthetic_owners(**arguments)  # type: ignore[arg-type]
