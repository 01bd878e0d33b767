"""Who is at the door of the coordinator: the member whose certificate the roster states, or nobody, and why not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gridpact.coordination.identity.authority import Certified, certified
from gridpact.coordination.identity.folders import as_said, out_of_date
from gridpact.coordination.identity.members import COORDINATOR, Members
from gridpact.errors import Refused

MOST_KNOWN = 4096


@dataclass
class Door:
    """Knows members by their certificates. That the authority signed them was checked when the connection was made."""

    members: Members
    now: Callable[[], float] = time.time
    _known: dict[bytes, Certified] = field(default_factory=dict)

    def who(self, certificate: bytes) -> str:
        """The name of the member that shows this certificate, PEM; raises ``Refused``."""
        said = self._known.get(certificate) or self._read(certificate)
        late = out_of_date(said.since, said.until, self.now())
        if late:
            raise Refused(late)
        return said.name

    def _read(self, certificate: bytes) -> Certified:
        try:
            said = certified(certificate)
        except ValueError as error:
            raise Refused(str(error)) from None
        mistake = stranger(said, self.members)
        if mistake:
            raise Refused(mistake)
        if len(self._known) < MOST_KNOWN:
            self._known[certificate] = said
        return said


def stranger(said: Certified, members: Members) -> str:
    """Why the owner of a certificate is no party of this market; empty for a party."""
    if said.run != members.run:
        return f"the certificate was made for the run {said.run!r}, and this is {members.run!r}"
    one = next((one for one in members.members if one.fingerprint == said.fingerprint), None)
    if one is None:
        known = members.member(said.name) is not None
        return (
            f"the roster has another certificate of {said.name!r}" if known else f"{said.name!r} is not in the roster"
        )
    if (one.role, one.name) != (said.role, said.name):
        return f"the certificate says {as_said(said)}, the roster has it for {one.role} {one.name!r}"
    return "the coordinator is no party" if one.role == COORDINATOR else ""
