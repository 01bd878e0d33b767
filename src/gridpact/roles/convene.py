"""Convening a market: a folder for each member, with its keys, the roster that all sign, and its share of the case."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from gridpact.case.case import Case
from gridpact.case.trade_shares import microgrid_shares, operator_share
from gridpact.case.validate import require_valid
from gridpact.coordination.apart.outcome import MOST_DOCUMENT
from gridpact.coordination.identity.authority import HOSTS, HOURS
from gridpact.coordination.identity.folders import make_folders
from gridpact.coordination.identity.members import COORDINATOR, MICROGRID, MOST_SECONDS, OPERATOR, Members, Terms
from gridpact.coordination.identity.own_keys import make_own_keys, read_public
from gridpact.errors import InputError, Issue
from gridpact.io.folder import read_case, write_case
from gridpact.markets.trade.apart.publish import public_market
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.setting_checks import not_possible
from gridpact.trading.settings import setting_issues

SHARE = "case"
NONE: Mapping[str, str | Path] = {}
# Per unit a device has at most ten, whatever the base: nobody exchanges more than all devices could.
MOST_OF_A_DEVICE = 10.0
MOST_MONEY = 1e11
# Bytes that the outcome has for a microgrid and step, at most: five numbers, and what tells of a trade.
OF_A_STEP = 160
MONEY = ("regret", "receipt", "least_cents", "fees", "paid_in", "kept")


def convene_market(
    case: Case | str | Path,
    folder: str | Path,
    *,
    run: str = "",
    method: str = "atc",
    subproblem: str = "solver",
    tolerance: float = 1e-4,
    rounds: int = 500,
    exactness: str = "repair",
    deadline_s: float = 30.0,
    strikes: int = 3,
    fallback: str = "abort",
    hours: float = HOURS,
    hosts: Sequence[str] = HOSTS,
    keys: Mapping[str, str | Path] = NONE,
    earlier: str | Path | None = None,
) -> Members:
    """Make the folders of a market of the microgrids of a case, one for each member; returns the roster.

    Hand each folder to its member and keep ``authority``. ``run`` names the market, by default after its case;
    certificates are valid for ``hours`` and the coordinator is reached at ``hosts``. Other settings as in ``trade``.
    Whoever has less than ``deadline_s`` seconds' patience, or more than ``strikes`` refused messages, ends the market;
    ``fallback`` "no_deal" has all sign that there is no deal where they do not agree in ``rounds``.

    ``keys`` are files of public keys, by name, of members that have made keys of their own (``make_market_key``): there
    is no secret key in their folders. ``earlier`` is the folder of a market whose authority and whose members' keys are
    kept, with new certificates; where secret keys are there no more, the members still have them.

    Raises ``InputError`` for what ``trade`` does, for keys that are none, and where the folder exists.
    """
    settings = {
        "method": method,
        "subproblem": subproblem,
        "tolerance": tolerance,
        "rounds": rounds,
        "exactness": exactness,
    }
    issues = setting_issues(settings)
    if method == "central":
        issues = [*issues, _central()]
    if not (type(deadline_s) in (int, float) and 0.0 < deadline_s <= MOST_SECONDS):
        fix = f"Give seconds, more than 0 and at most {MOST_SECONDS:g}."
        issues = [*issues, not_possible("deadline_s", deadline_s, fix)]
    if issues:
        raise InputError(issues)
    market = trade_market(require_valid(case) if isinstance(case, Case) else read_case(case))
    _require_room(market)
    public = public_market(
        market,
        method=method,
        closed_form=subproblem == "closed_form",
        tolerance=tolerance,
        rounds=rounds,
        exactness=exactness,
    )
    terms = Terms(deadline_s, strikes, fallback, _bounds(market), _rates(market), public.as_terms())
    roles = {COORDINATOR: COORDINATOR, market.operator_name: OPERATOR, **dict.fromkeys(market.names, MICROGRID)}
    shares = _shares(market)
    return make_folders(
        Path(folder),
        run or _name(market),
        roles,
        terms,
        hosts=hosts,
        hours=hours,
        earlier=None if earlier is None else Path(earlier),
        keys={name: read_public(Path(path)) for name, path in keys.items()},
        fill=lambda name, place: write_case(shares[name], place / SHARE) if name in shares else None,
    )


def make_market_key(folder: str | Path) -> str:
    """Keys of one's own for markets, in a new folder: secret ones, and ``public.json`` for whoever convenes.

    Returns the public key for signatures, 64 hexadecimal digits: it stands in the roster, and has signed the others.
    Raises ``InputError`` where the folder exists.
    """
    return make_own_keys(Path(folder))


def _require_room(market: TradeMarket) -> None:
    """The outcome is one document that travels at once."""
    size = len(market.names) * market.case.steps
    if size * OF_A_STEP > MOST_DOCUMENT:
        message = f"{len(market.names)} microgrids and {market.case.steps} steps make too large an outcome"
        fix = f"Hold markets of fewer steps: at most {MOST_DOCUMENT // OF_A_STEP // len(market.names)} of so many."
        raise InputError([Issue(message, fix)])


def _central() -> Issue:
    return not_possible("method", "central", "Choose atc or cf_admm: parties that are apart have nobody who knows all.")


def _shares(market: TradeMarket) -> dict[str, Case]:
    """What each party is to know, by name."""
    below = microgrid_shares(market.case, market.transmission_price)
    return {market.operator_name: operator_share(market.case), **dict(zip(market.names, below, strict=True))}


def _name(market: TradeMarket) -> str:
    """The case's name with a digest of its public header, so that markets of several days differ."""
    header = f"{market.case.name}|{market.case.start.isoformat()}|{market.case.steps}"
    return f"{market.case.name}-{hashlib.sha256(header.encode()).hexdigest()[:8]}"


def _rates(market: TradeMarket) -> dict[str, float]:
    """The largest changes from one answer to the next: by all that may be said, but not from one end to the other."""
    return {"exchange": _bounds(market)["exchange"]}


def _bounds(market: TradeMarket) -> dict[str, float]:
    """The largest values that may be said, by quantity: more is no answer of anybody."""
    devices = sum(market.case.count(name) for name in market.case.tables)
    return {"exchange": MOST_OF_A_DEVICE * devices, **dict.fromkeys(MONEY, MOST_MONEY)}
