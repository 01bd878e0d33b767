"""The coordinator's whole way: all join, the algorithm runs, all sign. The same over machines and in the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.kept.journal import JournalError
from gridpact.coordination.transport import Transport
from gridpact.errors import NotConverged


class Floor(Transport, Protocol):
    """A transport to parties that sign what comes of it."""

    def assemble(self) -> None:
        """Wait until all have joined; raises ``Aborted``, ``Unreachable`` where they have not in time."""
        ...

    def sign(self, document: bytes, fallback: bool = False) -> SignedOutcome:
        """Let all check and sign a document; raises ``Aborted``."""
        ...

    def abort(self, why: str) -> Aborted:
        """End the market, in the name of the coordinator unless somebody has ended it before."""
        ...


def conduct(floor: Floor, algorithm: Callable[[Transport], bytes], fallback: bytes | None = None) -> SignedOutcome:
    """What all have signed: the document of the ``algorithm``, or the ``fallback`` where that does not converge.

    Raises ``Aborted`` where one of them does not sign, or there is no fallback; ``JournalError`` where something could
    not be written down, ``Unreachable`` where not all have joined in time: the market can then be gone on with.
    """
    floor.assemble()
    try:
        document = algorithm(floor)
    except (Aborted, JournalError):
        raise
    except NotConverged as error:
        if fallback is None:
            raise floor.abort(str(error)) from error
        return floor.sign(fallback, fallback=True)
    except Exception as error:
        raise floor.abort(f"{type(error).__name__}: {error}") from error
    return floor.sign(document)
