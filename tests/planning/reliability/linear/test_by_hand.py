"""The linear form on a feeder of three sections, counted by hand: what each design is worth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.errors import InputError
from tests.linear_form import INDICES, cheapest, form_of, least, simulated
from tests.radial import chain, device, failing, tie
from tests.radial_candidates import (
    device_candidate,
    generator_candidate,
    storage_candidate,
    tie_candidate,
    type_candidate,
    with_candidates,
)

SECTION, RECLOSER, TIE, STORAGE, GENERATOR = (
    "sectionaliser b from",
    "recloser c from",
    "tie 1 4",
    "storage 4",
    "generator 3",
)


def feeder(limit_mw: float = np.nan) -> Case:
    """Source 1 - 2 - 3 - 4 with a breaker at its head; 0.1 failures of 4 h, 10 customers and 0.1 MW at each bus."""
    return with_candidates(
        chain(protection=[device("a", "from", "breaker")]),
        protection_candidates=[
            device_candidate("b", "from", "sectionaliser", 1.0),
            device_candidate("c", "from", "recloser"),
        ],
        tie_candidates=[tie_candidate("1", "4", 2.0, limit_mw)],
        storage_candidates=[storage_candidate("4", 0.1, 0.4, most=3)],
        generator_candidates=[generator_candidate("3", 0.1)],
    )


# Hours of the loads 2, 3, 4 after faults of a, b, c, and how many of them are disturbed.
@pytest.mark.parametrize(
    ("design", "disturbed", "hours"),
    [
        ({}, 9, 9 * 4),
        ({SECTION: 1}, 9, 12 + (1 + 4 + 4) + (1 + 4 + 4)),
        ({RECLOSER: 1}, 7, 12 + 12 + 4),
        ({SECTION: 1, TIE: 1}, 9, (4 + 2 + 2) + (1 + 4 + 4) + (1 + 4 + 4)),
        ({RECLOSER: 1, TIE: 1}, 7, (4 + 4 + 2) + (4 + 4 + 2) + 4),
        ({SECTION: 1, RECLOSER: 1, TIE: 1}, 7, (4 + 2 + 2) + (1 + 4 + 2) + 4),
        ({TIE: 1}, 9, 9 * 4),
        ({STORAGE: 3}, 9, 9 * 4),
        ({SECTION: 1, STORAGE: 1}, 9, 12 + 9 + 9),
        ({SECTION: 1, STORAGE: 2}, 9, (4 + 1 + 1) + 9 + 9),
        ({SECTION: 1, RECLOSER: 1, STORAGE: 1}, 7, (4 + 4 + 0) + (1 + 4 + 0) + 4),
        ({SECTION: 1, RECLOSER: 1, STORAGE: 1, GENERATOR: 1}, 7, (4 + 1 + 0) + (1 + 4 + 0) + 4),
    ],
)
def test_designs_are_worth_what_a_hand_counts(design: dict[str, int], disturbed: int, hours: int) -> None:
    case = feeder()
    form, exact = form_of(case), simulated(case, design)
    counted = {"saifi": 0.1 * disturbed / 3.0, "saidi_h": 0.1 * hours / 3.0, "eens_mwh": 0.1 * 0.1 * hours}
    assert exact == pytest.approx(counted)
    assert {name: least(form, name, design) for name in INDICES} == pytest.approx(counted)


@pytest.mark.parametrize(("limit_mw", "hours"), [(0.05, 30), (0.15, 30), (0.2, 26)])
def test_a_tie_with_a_limit_takes_a_block_whole_or_not_at_all(limit_mw: float, hours: int) -> None:
    form = form_of(feeder(limit_mw))
    assert least(form, "saidi_h", {SECTION: 1, TIE: 1}) == pytest.approx(0.1 * hours / 3.0)


def test_a_tie_with_a_limit_takes_its_own_block_where_it_cannot_take_all() -> None:
    """After a fault of a the tie takes bus 4 alone: 4 + 4 + 2; of b, bus 4: 1 + 4 + 2."""
    form = form_of(feeder(0.15))
    found = least(form, "saidi_h", {SECTION: 1, RECLOSER: 1, TIE: 1})
    assert found == pytest.approx(0.1 * (10 + 7 + 4) / 3.0)


@pytest.fixture(scope="module")
def every_design() -> list[tuple[dict[str, int], float]]:
    """All designs and the SAIDI of each by the form."""
    form = form_of(feeder())
    choices = [range(4) if name == STORAGE else range(2) for name in form.candidates]
    designs = [dict(zip(form.candidates, units, strict=True)) for units in itertools.product(*choices)]
    return [(design, least(form, "saidi_h", design)) for design in designs]


@pytest.mark.parametrize("limit_h", [1.15, 0.95, 0.7, 0.6])
def test_the_cheapest_design_is_that_of_trying_all(
    every_design: list[tuple[dict[str, int], float]], limit_h: float
) -> None:
    """Over the form itself; and followed fault by fault it keeps the limit."""
    case, price = feeder(), {STORAGE: 0.9, GENERATOR: 1.0, TIE: 1.3, SECTION: 1.7, RECLOSER: 2.4}

    def cost(design: dict[str, int]) -> float:
        return sum(price[name] * units for name, units in design.items())

    best = min(cost(design) for design, saidi_h in every_design if saidi_h <= limit_h + 1e-9)
    form = form_of(case)
    found = cheapest(form, case, np.array([price[name] for name in form.candidates]), "saidi_h", limit_h)
    assert cost(found) == pytest.approx(best)
    assert simulated(case, found)["saidi_h"] <= limit_h + 1e-6


def test_without_candidates_there_is_nothing_but_numbers() -> None:
    tied = chain(
        protection=[device("a", "from", "breaker"), device("b", "from", "sectionaliser", 1.0)],
        switches=[tie("back", 2.0)],
        more_lines=[failing("back", "4", "1", 0.0)],
    )
    form = form_of(tied)
    assert (form.extra, form.matrix.shape) == (0, (0, 0))
    assert [getattr(form, name).constant for name in INDICES] == pytest.approx([0.3, 0.1 * 26 / 3.0, 0.26])


def test_of_the_types_of_a_line_the_worst_counts() -> None:
    """Line c fails 0.1 times as it is; a type that fails less changes nothing, one that fails more does."""
    breaker = chain(protection=[device("a", "from", "breaker")])
    better = form_of(with_candidates(breaker, line_candidates=[type_candidate("c", 0.02)]))
    worse = form_of(with_candidates(breaker, line_candidates=[type_candidate("c", 0.3)]))
    assert better.saifi.constant == pytest.approx(0.3)
    assert worse.saifi.constant == pytest.approx(0.5)


def test_an_end_has_room_for_one_device() -> None:
    two = [device_candidate("b", "from", kind, 1.0) for kind in ("fuse", "sectionaliser")]
    form = form_of(with_candidates(chain(), protection_candidates=two))
    with pytest.raises(AssertionError, match="infeasible"):
        least(form, "saidi_h", {"fuse b from": 1, "sectionaliser b from": 1})


def test_a_meshed_network_is_refused() -> None:
    with pytest.raises(InputError, match="meshed"):
        form_of(chain(more_lines=[failing("back", "4", "1")]))
