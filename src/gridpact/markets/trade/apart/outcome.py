"""What all sign: the outcome of a market as bytes in one form, and what a party checks in it before it signs.

Numbers are told to the last bit (``float.hex``), money in whole cents. A party agrees with nothing but what it knows
itself: its own exchange, price, trades and payment; and what anybody can add up: payments are zero in sum, and what is
sold is bought. What it could still gain at its price it computes anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.apart.seat import DisagreementError
from gridpact.markets.trade.apart.accounts import inconsistent
from gridpact.markets.trade.apart.conduct import NEARLY, Agreed, Floor
from gridpact.markets.trade.apart.form import NUMBERS, misshapen
from gridpact.markets.trade.apart.pay import Paid, exchanged_mw
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.pairs import Trades

Floats = NDArray[np.float64]
# What a party could still gain, over the money of its own exchange.
REGRET = 1e-4
# A part of the surplus is known to this share of it.
KNOWN = 1e-6
SHEET = ("energy", "fees", "lump_sum")


class Disagreement(DisagreementError):
    """A party does not agree with an outcome; the text says with what."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """``data`` as it is signed, and as it is read."""

    public: PublicMarket
    known: dict[str, Any]

    def numbers(self, name: str) -> Floats:
        """Numbers of a quantity, as they were."""
        return np.array([float.fromhex(value) for value in self.known[name]])

    def places(self, name: str) -> NDArray[np.int64]:
        """Whole numbers that name parties or steps."""
        return np.array(self.known[name], dtype=np.int64)

    def of_microgrids(self, name: str) -> Floats:
        """A quantity with one number per microgrid and step."""
        return self.numbers(name).reshape(len(self.public.microgrids), self.public.steps)

    @property
    def deal(self) -> bool:
        return not self.known["why"]


def outcome(floor: Floor, found: Agreed, pay: Paid) -> bytes:
    """The outcome of an agreement with payments."""
    public = floor.public
    known = {
        "kind": "trade",
        "microgrids": list(public.microgrids),
        "operator": public.operator,
        "currency": public.currency,
        "exchanged_mw": _hex(exchanged_mw(floor, found)),
        "vector": _hex(found.vector),
        "slope": _hex(found.slope),
        "sizes": list(found.sizes),
        "nodal_price_per_mwh": _hex(pay.nodal),
        "regrets": _hex(found.regrets),
        "rounds": found.rounds,
        "polishing": found.polishing,
        "seller": pay.seller.tolist(),
        "buyer": pay.buyer.tolist(),
        "step": pay.step.tolist(),
        "p_mw": _hex(pay.p_mw),
        "fees": _hex(pay.fees),
        "surplus": float(pay.surplus).hex(),
        "why": pay.why,
        "cents": pay.cents.tolist(),
        "sheet": pay.sheet.tolist(),
    }
    return encoded(known)


def no_deal(public: PublicMarket, why: str) -> bytes:
    """The outcome that was agreed on beforehand, where there is no agreement: everybody is left as without a deal."""
    return encoded({"kind": "no_deal", "microgrids": list(public.microgrids), "operator": public.operator, "why": why})


def encoded(known: dict[str, Any]) -> bytes:
    return json.dumps(known, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_outcome(public: PublicMarket, data: bytes) -> Outcome:
    """Raises ``Disagreement`` for bytes that are not the outcome of this market in its one form."""
    try:
        known = json.loads(data)
        fits = encoded(known) == data and list(public.microgrids) == known["microgrids"]
        fits = fits and known["operator"] == public.operator and known["kind"] in ("trade", "no_deal")
    except (ValueError, TypeError, KeyError, RecursionError):
        fits = False
    if not fits:
        raise Disagreement("the outcome is not one of this market")
    return Outcome(public, known)


def plain(public: PublicMarket, data: bytes) -> dict[str, Any]:
    """An outcome to be read by people: numbers in decimals, prices per MWh, by party and step.

    It has the same entries whether there is a deal or not, None for what nobody was told.
    """
    told = read_outcome(public, data)
    known = {
        "kind": told.known["kind"],
        "microgrids": list(public.microgrids),
        "operator": public.operator,
        "currency": public.currency,
        "snapshots": list(public.snapshots),
        "deal": told.deal,
        "agreed": told.deal,
        "why": told.known["why"],
    }
    return known | (_plain_trade(public, told) if told.known["kind"] == "trade" else _plain_nothing(public))


def _plain_trade(public: PublicMarket, told: Outcome) -> dict[str, Any]:
    cents = dict(zip(public.names, told.known["cents"], strict=True))
    rows = dict(zip(SHEET, told.known["sheet"], strict=True))
    traded = zip(told.known["step"], told.known["seller"], told.known["buyer"], told.numbers("p_mw"), strict=True)
    times = public.snapshots or (None,) * public.steps
    return {
        "surplus": float.fromhex(told.known["surplus"]),
        "received_cents": cents,
        "sheet_received_cents": {what: dict(zip(public.names, row, strict=True)) for what, row in rows.items()},
        "exchanged_mw": dict(zip(public.microgrids, told.of_microgrids("exchanged_mw").tolist(), strict=True)),
        "price_per_mwh": dict(zip(public.microgrids, told.of_microgrids("nodal_price_per_mwh").tolist(), strict=True)),
        "trades": [
            {
                "step": step,
                "snapshot": times[step],
                "seller": public.names[seller],
                "buyer": public.names[buyer],
                "p_mw": float(p),
                "agreed": told.deal,
            }
            for step, seller, buyer, p in traded
        ],
        "regrets": dict(zip(public.names, told.numbers("regrets").tolist(), strict=True)),
        "rounds": told.known["rounds"],
    }


def _plain_nothing(public: PublicMarket) -> dict[str, Any]:
    """Nobody trades or pays; what each exchanges without a deal it alone knows."""
    nothing = dict.fromkeys(public.names, 0)
    return {
        "surplus": 0.0,
        "received_cents": nothing,
        "sheet_received_cents": {what: dict(nothing) for what in SHEET},
        "exchanged_mw": dict.fromkeys(public.microgrids),
        "price_per_mwh": dict.fromkeys(public.microgrids),
        "trades": [],
        "regrets": dict.fromkeys(public.names),
        "rounds": None,
    }


def require_end(public: PublicMarket, data: bytes, fallback: bool) -> None:
    """Raises ``Disagreement`` where the end that a document tells of is not the one that it is to be signed as."""
    if fallback != (read_outcome(public, data).known["kind"] == "no_deal"):
        raise Disagreement("it is to be signed as another end than it tells of")


def require_sound(told: Outcome) -> None:
    """What anybody can check; raises ``Disagreement``."""
    try:
        wrong = next(_unsound(told), None)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
        wrong = f"something is missing in it or is no number ({type(error).__name__})"
    if wrong is not None:
        raise Disagreement(wrong)


def _unsound(told: Outcome) -> Iterator[str]:
    public, known = told.public, told.known
    yield from misshapen(public, known)
    if known["kind"] == "no_deal":
        return
    cents, sheet = known["cents"], np.array(known["sheet"], dtype=object)
    if not all(type(value) is int for value in [*cents, *sheet.ravel()]):
        yield "payments are not whole cents"
    if sum(cents) != 0:
        yield f"payments sum to {sum(cents)} cents, not to zero"
    if sheet.shape != (3, len(cents)) or sheet.sum(axis=0).tolist() != list(cents):
        yield "energy, fees and lump sums do not sum to the payments"
    numbers = {name: told.numbers(name) for name in NUMBERS}
    surplus = np.array([float.fromhex(known["surplus"])])
    if not all(np.isfinite(values).all() for values in [*numbers.values(), surplus]):
        yield "a number is not finite"
    if not told.deal and (any(cents) or sheet.any()):
        yield "somebody pays although there is no deal"
    seller, buyer, step = (told.places(name) for name in ("seller", "buyer", "step"))
    trades = Trades(len(public.microgrids), public.steps, seller, buyer, step, numbers["p_mw"])
    yield from inconsistent(public, numbers, trades, sheet.astype(np.int64))


def require_own(
    told: Outcome, name: str, vector: Floats, benefit: float, regret: Floats, *, kept_to: bool = True
) -> None:
    """What a party alone can check: its exchange, to the last bit but for the operator; gain; regret, computed anew.

    ``vector`` is what it settled, ``regret`` what it could gain now and the money of its exchange, (2,). That is no
    more than a bound where what would be gained cannot be ``kept_to``: a relaxation with losses that no flow explains.
    """
    place, parts = told.public.names.index(name), np.split(told.numbers("vector"), np.cumsum(told.known["sizes"])[:-1])
    own, said = told.numbers("vector") if name == told.public.operator else parts[place], told.numbers("regrets")[place]
    if own.shape != vector.shape or not np.abs(own - vector).max(initial=0.0) <= NEARLY:
        raise Disagreement("the exchange in it is not the one that was settled")
    if not abs(said - regret[0]) <= NEARLY * max(1.0, regret[1], regret[0]):
        raise Disagreement(f"it says {said:.6g} more could be gained, and {regret[0]:.6g} could")
    if kept_to and not regret[0] <= REGRET * max(1.0, regret[1]):
        raise Disagreement(f"at the prices in it {regret[0]:.3g} more could be gained")
    if told.deal:
        _require_share(told, place, benefit + told.known["cents"][place] / 100.0)


def _require_share(told: Outcome, place: int, gain: float) -> None:
    """Not worse off, and its part of the surplus told, up to cents that all parties round."""
    part = told.public.weights[place] * float.fromhex(told.known["surplus"])
    if not gain >= 0.0:
        raise Disagreement(f"it leaves the party {-gain:.3g} worse off")
    if part and not abs(gain - part) <= 0.01 * len(told.public.names) + KNOWN * abs(part):
        raise Disagreement(f"it leaves the party {gain:.6g} of the surplus in it, and {part:.6g} are its part")


def _hex(values: Floats) -> list[str]:
    return [value.hex() for value in np.asarray(values, dtype=np.float64).ravel().tolist()]
