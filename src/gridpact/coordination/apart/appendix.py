"""The calls of all others, which the auditor is given along with its requests, in as many pieces as they need."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from gridpact.coordination.apart.envelope import Call, read_call
from gridpact.coordination.message import MessageError

SIZE = struct.Struct("<I")


@dataclass(eq=False)
class Pending:
    """Calls that the auditor has not been shown yet, the first ``showing`` of which stand in its present reply."""

    calls: list[bytes] = field(default_factory=list)
    showing: int = 0

    def add(self, calls: Iterable[Call]) -> None:
        self.calls += [call.encode() for call in calls]

    def show(self, room: int) -> None:
        """Show as many of them as there is room for."""
        self.showing = 0
        for call in self.calls:
            room -= SIZE.size + len(call)
            if room < 0:
                return
            self.showing += 1

    def text(self) -> bytes:
        """Those shown, as bytes."""
        return b"".join([SIZE.pack(len(call)) + call for call in self.calls[: self.showing]])

    @property
    def whole(self) -> bool:
        """Whether the present reply shows all there is."""
        return self.showing == len(self.calls)

    def shown(self) -> None:
        """The auditor has seen what was shown."""
        del self.calls[: self.showing]
        self.showing = 0


def read_appendix(data: bytes) -> list[Call]:
    """The calls of an appendix; raises ``MessageError``."""
    at, calls = 0, []
    while at < len(data):
        start = at + SIZE.size
        at = start + (SIZE.unpack_from(data, at)[0] if start <= len(data) else len(data))
        if at > len(data):
            raise MessageError("The appendix is cut off.")
        calls.append(read_call(data[start:at]))
    return calls
