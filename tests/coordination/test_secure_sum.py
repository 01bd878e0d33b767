"""Sums of private numbers: exact, and from reports that say nothing."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import HandlingParty
from gridpact.coordination.secure_sum import (
    MASK,
    MASKED,
    REACH,
    SHARE_MASKS,
    WORD_UNIT,
    Masks,
    fixed,
    halves,
    mask_source,
    rounding,
    secure_sum,
    word,
)
from gridpact.coordination.transport import InProcess
from gridpact.errors import InputError


class Holder(HandlingParty):
    """A party with a number."""

    def __init__(
        self, name: str, value: float, roster: Sequence[str], transport: InProcess, seed: int | None, reach: int = REACH
    ) -> None:
        self.value = value
        masks = Masks(name, roster, mask_source(name, seed), reach)
        handlers = {
            SHARE_MASKS: lambda message: masks.share(message, transport),
            MASK: masks.take,
            MASKED: lambda message: masks.report(message, self.value),
        }
        super().__init__(name, masks.disclosures, handlers)


def holders(values: Sequence[float], seed: int | None = 1, reach: int = REACH) -> tuple[InProcess, list[str]]:
    roster, transport = [f"mg{i}" for i in range(len(values))], InProcess()
    for name, value in zip(roster, values, strict=True):
        transport.join(Holder(name, value, roster, transport, seed, reach))
    return transport, roster


def reports(transport: InProcess) -> list[int]:
    return [word(entry.values) for entry in transport.ledger.entries if entry.quantity == MASKED]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=25), st.integers(1, 13))
def test_the_sum_is_that_of_the_rounded_numbers(values: list[float], reach: int) -> None:
    """Compared with exact fractions; and within half a micro-unit per number of the sum itself."""
    transport, roster = holders(values, reach=reach)
    found = secure_sum(transport, "day", "network", roster)
    assert found == sum(round(Fraction(value) * 10**6) for value in values) / 10**6
    exact = float(sum(Fraction(value) for value in values))
    assert abs(found - exact) <= rounding(len(values)) + 1e-15 * abs(exact)


def test_negative_sums_and_none_at_all() -> None:
    for values, wanted in (([-1.5, -2.25], -3.75), ([0.5, -0.5, 0.0], 0.0), ([-4e12 / 3, 1.0, 2.0], -4e12 / 3 + 3.0)):
        transport, roster = holders(values)
        assert secure_sum(transport, "day", "network", roster) == pytest.approx(wanted, abs=1e-6)


def test_masks_from_secrets_sum_as_well_and_differ_each_time() -> None:
    seen = []
    for _ in range(2):
        transport, roster = holders([1.0, 2.0, 3.0], seed=None)
        assert secure_sum(transport, "day", "network", roster) == 6.0
        seen.append(reports(transport))
    assert not set(seen[0]) & set(seen[1])


def test_a_seed_repeats_the_masks_but_not_from_party_to_party_or_run_to_run() -> None:
    first, second = (holders([1.0, 2.0, 3.0], seed=7) for _ in range(2))
    for transport, roster in (first, second):
        secure_sum(transport, "day", "network", roster)
    assert reports(first[0]) == reports(second[0])
    secure_sum(*_run(first, "another"))
    assert len(set(reports(first[0]))) == 6


def _run(market: tuple[InProcess, list[str]], run: str) -> tuple[InProcess, str, str, list[str]]:
    return market[0], run, "network", market[1]


def test_planted_numbers_appear_nowhere() -> None:
    """Neither as they are nor in micro-units nor as the words that a report without masks would be."""
    values = [123.456789, -98.7654321, 55.5, 0.000123, 1e6]
    transport, roster = holders(values)
    secure_sum(transport, "day", "network", roster)
    for value in values:
        micro = fixed(value, len(values))
        assert not transport.ledger.contains(value) and not transport.ledger.contains(float(micro))
        assert not transport.ledger.contains(halves(micro % 2**64))


def test_reports_of_a_fixed_number_are_spread_over_all_words() -> None:
    """Each bit is set in half of 1000 reports, within five standard deviations, and so is the mean of the words.

    A number a million times as large looks the same.
    """
    for value in (1.0, 1e6):
        words = []
        for seed in range(1000):
            transport, roster = holders([value, value], seed=seed)
            secure_sum(transport, "day", "network", roster)
            words += reports(transport)
        bits = np.array([[w >> shift & 1 for shift in range(64)] for w in words])[::2]
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(1000)
        assert np.mean(words[::2]) / 2**64 == pytest.approx(0.5, abs=5 / np.sqrt(12 * 1000))


def test_with_all_neighbours_but_one_against_it_a_number_stays_hidden() -> None:
    """Whoever knows all masks of a party but one still misses a uniform word; whoever knows all of them does not."""
    transport, roster = holders([5.0] * 9)
    secure_sum(transport, "day", "network", roster)
    masks = {(e.sender, e.recipient): word(e.values) for e in transport.ledger.entries if e.quantity == MASK}
    report = reports(transport)[0]
    assert len({pair for pair in masks if "mg0" in pair}) == 8  # everybody of nine
    unmasked = report - sum(m * ((a == "mg0") - (b == "mg0")) for (a, b), m in masks.items())
    assert unmasked % 2**64 == 5_000_000
    for pair, mask in masks.items():
        if "mg0" in pair:
            sign = 1 if pair[0] == "mg0" else -1
            assert (unmasked + sign * mask) % 2**64 > 10**9


@pytest.mark.parametrize(("parties", "partners"), [(2, 1), (3, 2), (8, 7), (9, 8), (10, 8), (100, 8)])
def test_everybody_shares_masks_with_eight_or_all_others(parties: int, partners: int) -> None:
    roster = [f"mg{i}" for i in range(parties)]
    for name in roster:
        masks = Masks(name, roster, lambda: 0)
        assert len({*masks.successors, *masks.predecessors} - {name}) == partners
        assert name not in masks.successors


def test_a_report_without_masks_does_not_leave() -> None:
    transport, roster = holders([1.0, 2.0, 3.0])
    with pytest.raises(MessageError, match="'mg0' shares no mask with 'mg1' yet in the run 'day'"):
        transport.call(Message("day", 0, "network", "mg0", MASKED))
    transport.call(Message("day", 1, "network", "mg0", SHARE_MASKS))  # it has sent one, and taken none
    with pytest.raises(MessageError, match="'mg0' shares no mask with 'mg2' yet"):
        transport.call(Message("day", 2, "network", "mg0", MASKED))
    secure_sum(transport, "day", "network", roster, first=3)
    with pytest.raises(MessageError, match="'mg0' shares no mask with 'mg1' yet in the run 'night'"):
        transport.call(Message("night", 0, "network", "mg0", MASKED))


def test_a_second_report_of_a_run_is_the_first_one() -> None:
    """Two different numbers under the same masks would show their difference."""
    roster, transport = ["a", "b"], InProcess()
    parties = [Holder(name, 1.0, roster, transport, 1) for name in roster]
    for party in parties:
        transport.join(party)
    secure_sum(transport, "day", "network", roster)
    parties[0].value = 2.0
    transport.call(Message("day", 2, "network", "a", MASKED))
    first, _, again = reports(transport)
    assert first == again


def mask(sender: str, value: float, turn: int = 0) -> Message:
    return Message("day", turn, sender, "mg0", MASK, (Quantity(MASK, WORD_UNIT, np.array([value, 0.0])),))


def test_masks_of_strangers_and_second_masks_are_refused() -> None:
    masks = Masks("mg0", [f"mg{i}" for i in range(12)], lambda: 0)
    assert masks.predecessors == ("mg11", "mg10", "mg9", "mg8")
    with pytest.raises(MessageError, match="'mg0' shares no mask with 'mg5'"):
        masks.take(mask("mg5", 1.0))
    with pytest.raises(MessageError, match="'mg0' shares no mask with 'network'"):
        masks.take(mask("network", 1.0))
    masks.take(mask("mg11", 1.0))
    with pytest.raises(MessageError, match="'mg11' sent 'mg0' two masks in the run 'day'"):
        masks.take(mask("mg11", 2.0))


@given(st.integers(0, 2**64 - 1))
def test_words_come_back_from_their_halves(number: int) -> None:
    assert word(halves(number)) == number


@pytest.mark.parametrize("wrong", [[0.5, 0.0], [-1.0, 0.0], [0.0, 2.0**32], [1.0], [1.0, 2.0, 3.0], []])
def test_halves_of_no_word_are_refused(wrong: list[float]) -> None:
    with pytest.raises(MessageError, match="two whole numbers from 0"):
        word(np.array(wrong))


def test_numbers_that_might_overflow_are_refused() -> None:
    """2^62 / 4 micro-units are 1.1529e12."""
    assert fixed(1.1529e12, 4) == 1_152_900_000_000_000_000
    for value in (1.153e12, -1.153e12, 1e300):
        with pytest.raises(InputError, match=r"too large for a sum of 4 parties; at most 1\.15292e\+12"):
            fixed(value, 4)
    for value in (np.nan, np.inf):
        with pytest.raises(InputError, match="must be finite"):
            fixed(value, 4)


@pytest.mark.parametrize("roster", [["mg0"], ["mg1", "mg2"], ["mg0", "mg0"], []])
def test_a_roster_that_is_none_is_refused(roster: list[str]) -> None:
    with pytest.raises(InputError, match="needs a roster of two or more different names with its own"):
        Masks("mg0", roster, lambda: 0)


def test_hundred_parties_share_few_masks() -> None:
    """400 masks instead of 4950."""
    values = np.random.default_rng(0).normal(size=100)
    transport, roster = holders(values.tolist())
    found = secure_sum(transport, "day", "network", roster)
    assert found == pytest.approx(values.sum(), abs=rounding(100))
    assert sum(entry.quantity == MASK for entry in transport.ledger.entries) == 400
