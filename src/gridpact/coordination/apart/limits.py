"""What a message must satisfy before anything is made of it: declared contents, bounds, rates of change.

    |value| <= bound of the quantity        |value - value in the message before| <= rate of the quantity

Conditions are written so that a number that is none fails them. Bounds and rates come from the terms that all have
signed; quantities without one are only required to be finite, which ``decode`` sees to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridpact.coordination.identity.members import Terms
from gridpact.coordination.message import Floats, Message, MessageError, Quantity
from gridpact.coordination.party import Disclosure, matches


class LimitError(MessageError):
    """A message holds what it must not; the text names its sender and the quantity."""


@dataclass(frozen=True)
class Limits:
    """``declared``: what each sender may send, by its name (who is not in it may send anything); ``least_zero``:
    quantities that must not be negative; ``answered_by``: by which kind of message a kind of request is answered."""

    bounds: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    least_zero: frozenset[str] = frozenset()
    declared: Mapping[str, tuple[Disclosure, ...]] = field(default_factory=dict)
    answered_by: Mapping[str, str] = field(default_factory=dict)


def limits_of(
    terms: Terms,
    declared: Mapping[str, tuple[Disclosure, ...]] | None = None,
    least_zero: frozenset[str] = frozenset(),
    answered_by: Mapping[str, str] | None = None,
) -> Limits:
    """The limits that terms set."""
    return Limits(terms.bounds, terms.rates, least_zero, declared or {}, answered_by or {})


class Gate:
    """Lets messages within ``limits`` pass; remembers the last one of each kind for the rates."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._last: dict[tuple[str, str, str, str, str], Floats] = {}
        self._fitting: dict[str, tuple[object, ...]] = {}

    def check(self, message: Message) -> None:
        """Raises ``LimitError``; changes nothing."""
        self._check_declared(message)
        for quantity in message.quantities:
            self._check_values(message, quantity)
            self._check_rate(message, quantity)

    def check_answer(self, answer: Message, request: Message) -> None:
        """Raises ``MessageError`` where an answer belongs to another request, ``LimitError``; changes nothing."""
        matches(answer, request)
        wanted = self.limits.answered_by.get(request.kind, answer.kind)
        if answer.kind != wanted:
            raise LimitError(f"{answer.sender!r} answered {request.kind!r} by {answer.kind!r} instead of {wanted!r}.")
        self.check(answer)

    def keep(self, message: Message) -> None:
        """Remember a message that was let pass."""
        for quantity in message.quantities:
            if quantity.name in self.limits.rates:
                self._last[_key(message, quantity)] = quantity.values

    def _check_declared(self, message: Message) -> None:
        """Every quantity as declared, and for a kind that has quantities none is missing."""
        allowed = self.limits.declared.get(message.sender)
        if allowed is None:
            return
        shape = (message.kind, *[(q.name, q.unit, len(q.values)) for q in message.quantities])
        if self._fitting.get(message.sender) == shape:
            return
        wanted = {one for one in allowed if one.kind == message.kind}
        found = {Disclosure(message.kind, q.name, q.unit, len(q.values)) for q in message.quantities}
        if found != wanted:
            listed = ", ".join(sorted(f"{one.size} x {one.quantity} [{one.unit}]" for one in wanted)) or "nothing"
            raise LimitError(f"{message.kind!r} of {message.sender!r} does not hold what was declared: {listed}.")
        self._fitting[message.sender] = shape  # the same, round after round

    def _check_values(self, message: Message, quantity: Quantity) -> None:
        values, bound = quantity.values, self.limits.bounds.get(quantity.name)
        largest = 0.0 if bound is None else float(np.abs(values).max(initial=0.0))
        if bound is not None and not largest <= bound:
            raise LimitError(f"{quantity.name!r} of {message.sender!r} is {largest:.4g}, beyond its bound {bound:.4g}.")
        if quantity.name in self.limits.least_zero and not values.min(initial=0.0) >= 0.0:
            raise LimitError(f"{quantity.name!r} of {message.sender!r} must not be negative.")

    def _check_rate(self, message: Message, quantity: Quantity) -> None:
        rate = self.limits.rates.get(quantity.name)
        last = None if rate is None else self._last.get(_key(message, quantity))
        if rate is None or last is None:
            return
        if len(last) != len(quantity.values):
            raise LimitError(f"{quantity.name!r} of {message.sender!r} changed its size.")
        moved = float(np.abs(quantity.values - last).max(initial=0.0))
        if not moved <= rate:
            raise LimitError(
                f"{quantity.name!r} of {message.sender!r} moved by {moved:.4g} at once; {rate:.4g} is allowed."
            )


def _key(message: Message, quantity: Quantity) -> tuple[str, str, str, str, str]:
    return message.sender, message.recipient, message.run, message.kind, quantity.name
