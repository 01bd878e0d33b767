"""Values that a profile takes the place of are named; others, zeros and defaults are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gridpact as gp
from gridpact.cli import main


def case() -> gp.Case:
    return gp.read_case(gp.examples.path("papavasiliou15") / "case")


def test_values_with_a_series_in_their_place_are_unused() -> None:
    one = case()
    assert gp.unused_values(one) == []
    first, second = one.ids("loads")[:2]
    varying = one.with_profiles({f"loads/{first}/p_mw": [1.0] * one.steps, f"loads/{second}/q_mvar": [0.5] * one.steps})
    count = one.count("loads")
    assert gp.unused_values(varying) == [
        f"loads, column p_mw: 1 of {count} values are unused, profiles take their place ({first})",
        f"loads, column q_mvar: 1 of {count} values are unused, profiles take their place ({second})",
    ]
    nothing = varying.with_table("loads", varying.tables["loads"].assign(p_mw=0.0, q_mvar=0.0))
    assert gp.unused_values(nothing) == []


def test_many_are_counted() -> None:
    one = case()
    names = one.ids("loads")
    (line,) = gp.unused_values(one.with_profiles({f"loads/{name}/p_mw": [1.0] * one.steps for name in names}))
    assert line.endswith(f"({', '.join(names[:3])} and {len(names) - 3} more)")


@pytest.mark.parametrize("place", ["", "case", "study.toml"])
def test_validation_tells_of_them(tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "mine"), "--example", "three-microgrids"]) == 0
    capsys.readouterr()
    assert main(["validate", str(tmp_path / "mine" / place)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("is fine")
    note = (
        "loads, column p_mw: 32 of 32 values are unused, profiles take their place (load-2, load-3, load-4 and 29 more)"
    )
    assert f"  {note}" in out
    assert main(["validate", str(tmp_path / "mine" / place), "--json"]) == 0
    assert note in json.loads(capsys.readouterr().out)["notes"]
