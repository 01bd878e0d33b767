"""A market with journals in files, of a coordinator, an operator and two microgrids: three rounds of a price.

Each party answers by what it would exchange, and the price moves by the sum: few rounds, so that thousands of forged
journals of it can be verified.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gridpact.coordination.apart.records import apart
from gridpact.coordination.apart.seat import DisagreementError
from gridpact.coordination.kept.journal import Journal, Record, scan
from gridpact.coordination.kept.transcript import genesis_of
from gridpact.coordination.roster import roster
from gridpact.coordination.transport import Transport
from tests.coordination.made_market import SIZE, TERMS, Made, Pump, made

ROUNDS = 3
PARTIES = ("operator", "mg1", "mg2")
NAMES = ("coordinator", *PARTIES)


def market(run: str = "day", fallback: str = "abort") -> Made:
    return made(len(PARTIES), replace(TERMS, fallback=fallback), run)


def algorithm(transport: Transport, run: str = "price") -> bytes:
    """The price after some rounds, as text."""
    asked = roster(transport, run, "coordinator", *PARTIES[:1], PARTIES[1:], [SIZE, SIZE])
    price = still = np.zeros(2 * SIZE)
    for _ in range(ROUNDS):
        above, below = asked.ask_all((price, price), still, still)
        price = price + 0.25 * (above + below)
    return " ".join(value.hex() for value in price.tolist()).encode()


def journal(folder: Path, name: str) -> Path:
    return folder / f"{name}.journal"


def hold(
    folder: Path,
    known: Made,
    fallback: bool = False,
    disagreeing: str = "",
    asking: Callable[[Transport], bytes] = algorithm,
) -> bytes:
    """A market from beginning to end; the signed outcome, nothing where there was none.

    The coordinator runs what is ``asking``; what the operator repeats is the algorithm.
    """

    def check(name: str) -> None:
        if name == disagreeing:
            raise DisagreementError("not with me")

    with ExitStack() as held:
        journals = {name: held.enter_context(opened(folder, known, name)) for name in NAMES}
        seats = {
            name: known.seat(
                name,
                journals[name],
                check_outcome=lambda *_, name=name: check(name),
                audit=algorithm if name == "operator" and not fallback else None,
            )
            for name in PARTIES
        }
        pump = Pump(known.hub(journals["coordinator"]), seats)
        pump.assemble()
        document = asking(pump)
        pump.hub.finish(b"no deal" if fallback else document, 0.0, fallback)
        pump.turn()
        return b"" if pump.hub.outcome is None else pump.hub.outcome.encode(known.members)


def opened(folder: Path, known: Made, name: str) -> Journal:
    return Journal.open(journal(folder, name), known.signers[name], genesis_of(known.members, name))


@cache
def held() -> tuple[dict[str, bytes], bytes]:
    """The journals of a market that went well, by name, and its signed outcome."""
    with TemporaryDirectory() as folder:
        signed = hold(Path(folder), market())
        return {name: journal(Path(folder), name).read_bytes() for name in NAMES}, signed


@cache
def written(name: str) -> tuple[Record, ...]:
    """The records of that market as they stand in the file, without the first, which says whose journal it is."""
    with TemporaryDirectory() as folder:
        path = journal(Path(folder), name)
        path.write_bytes(held()[0][name])
        return tuple(scan(path).records[1:])


@cache
def records(name: str) -> tuple[Record, ...]:
    """The same one by one, those that were written together as well."""
    return tuple(apart(written(name)))
