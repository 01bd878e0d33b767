"""The linear form on the examples: RBTS bus 2 and the feeder of 33 nodes with their devices to be chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridpact.case.case import Case
from gridpact.io.folder import read_case
from gridpact.planning.reliability.indices import reliability
from tests.linear_form import form_of, gaps, least, without
from tests.radial_candidates import device_candidate, random_design, storage_candidate, tie_candidate, with_candidates

ROWS = 3000


@pytest.fixture(scope="module")
def rbts2(project: Path) -> Case:
    """Case A with every disconnector and every fuse to be chosen."""
    case = read_case(project / "src/gridpact/examples/rbts2-reliability/case")
    devices = case.tables["protection"]
    chosen = devices["kind"].isin(["sectionaliser", "fuse"])
    rows = [device_candidate(row.line, row.end, row.kind, row.switching_h) for row in devices[chosen].itertuples()]
    left = case.with_table("protection", devices[~chosen].reset_index(drop=True))
    return with_candidates(left, protection_candidates=rows)


@pytest.fixture(scope="module")
def ieee33(project: Path) -> Case:
    """With 0.1 failures of 4 h, or of 6 h beyond a kilometre, for every line, and a breaker at its head."""
    case = read_case(project / "src/gridpact/examples/ieee33-day/case")
    lines, loads = case.tables["lines"], case.tables["loads"]
    repair_h = lines["length_km"].gt(1.0).map({True: 6.0, False: 4.0})
    case = case.with_table("lines", lines.assign(failures_per_km_year=0.1 / lines["length_km"], repair_h=repair_h))
    case = case.with_table("loads", loads.assign(customers=10.0))
    head = {"device": ["head"], "line": [lines["line"][0]], "end": ["from"], "kind": ["breaker"]}
    return without(case, "generators", "storages").with_rows("protection", head)


def test_rbts2_is_as_published_with_all_devices_and_as_counted_without(rbts2: Case) -> None:
    form = form_of(rbts2)
    every = dict.fromkeys(form.candidates, 1)
    assert least(form, "saifi", every) == pytest.approx(0.248, rel=1e-3)
    assert least(form, "saidi_h", every) == pytest.approx(3.61, rel=1e-3)
    assert least(form, "eens_mwh", every) == pytest.approx(37.746, rel=1e-4)
    bare = reliability(without(rbts2, "protection_candidates"))["reliability_system"].iloc[0]
    for name in ("saifi", "saidi_h", "eens_mwh"):
        assert getattr(form, name).constant == pytest.approx(bare[name])


@pytest.mark.parametrize("seed", range(3))
def test_rbts2_is_exact_with_any_of_its_devices(rbts2: Case, seed: int) -> None:
    found = gaps(rbts2, form_of(rbts2), random_design(rbts2, seed))
    assert max(map(abs, found.values())) < 1e-7


def thirty_three(case: Case) -> Case:
    """20 devices, 2 ties and 6 sites of storages of up to 5 units on the feeder of 33 nodes."""
    taken = set(case.tables["protection"]["line"])
    free, bus = [line for line in case.ids("lines") if line not in taken][:20], case.ids("buses")
    return with_candidates(
        case,
        protection_candidates=[
            device_candidate(line, "from", *(("recloser", 0.0) if k % 2 else ("sectionaliser", 1.0)))
            for k, line in enumerate(free)
        ],
        tie_candidates=[tie_candidate(bus[17], bus[32]), tie_candidate(bus[24], bus[28], transfer_mw=1.0)],
        storage_candidates=[storage_candidate(bus[k], 0.2, 1.0, most=5) for k in (5, 10, 14, 17, 24, 31)],
    )


def test_the_form_of_33_nodes_is_small(ieee33: Case) -> None:
    form = form_of(thirty_three(ieee33))
    assert form.matrix.shape[0] < ROWS
    assert int(form.whole.sum()) < ROWS // 20


@pytest.mark.parametrize("seed", range(3))
def test_no_design_of_33_nodes_is_understated(ieee33: Case, seed: int) -> None:
    case = thirty_three(ieee33)
    assert min(gaps(case, form_of(case), random_design(case, seed, 0.5)).values()) > -1e-7
