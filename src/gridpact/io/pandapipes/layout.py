"""Where the elements of a pandapipes network stand: junctions that open valves join, and pipes that carry water."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.network import components
from gridpact.io.imports.columns import Bools, Ints, flags, has_text, numbers, whole
from gridpact.io.imports.findings import Findings
from gridpact.io.pandapipes.net import Net


@dataclass(frozen=True, eq=False)
class Layout:
    """``place`` is the row of the junction that stands for each junction, shape (junctions,).

    ``start`` and ``end`` are such rows for each pipe, ``live`` says which pipes carry water; shape (pipes,).
    """

    net: Net
    place: Ints
    start: Ints
    end: Ints
    live: Bools

    @property
    def count(self) -> int:
        return len(self.place)

    def ends(self, table: str, column: str) -> Ints:
        """Rows of the junctions that stand for those that elements name; shape (n,)."""
        return self.place[self.net.junctions(table, column)]

    def name(self, row: int) -> str:
        """What a node is called in a case: as pandapipes' junction."""
        return str(self.net["junction"].index[row])

    def labels(self) -> Ints:
        """For each junction the first one that it hangs together with through pipes that carry water."""
        return components(self.count, self.start[self.live], self.end[self.live])[self.place]


def read_layout(net: Net, found: Findings) -> Layout:
    """The places of all elements; pipes without length join their ends as open valves do."""
    start, end = net.junctions("pipe", "from_junction"), net.junctions("pipe", "to_junction")
    there = net.used("junction")
    shut = np.isin(np.asarray(net["pipe"].index, dtype=np.int64), _shut_pipes(net))
    live = net.used("pipe") & there[start] & there[end] & ~shut
    point = live & (numbers(net["pipe"], "length_km") == 0.0) & (numbers(net["pipe"], "loss_coefficient", 0.0) == 0.0)
    one, other = _joining_valves(net)
    joins = np.concatenate([one, start[point]]), np.concatenate([other, end[point]])
    place = components(len(there), *joins)
    beside = live & ~point & (place[start] == place[end])
    found.note("pipes out of service or shut are left out", _names(net, ~live))
    found.note("pipes without length join their ends", _names(net, point))
    found.note("pipes beside an open valve are left out", _names(net, beside))
    return Layout(net, place, place[start], place[end], live & ~point & ~beside)


def _names(net: Net, rows: Bools) -> list[str]:
    return [name for name, chosen in zip(net.ids("pipe"), rows, strict=True) if chosen]


def _joining_valves(net: Net) -> tuple[Ints, Ints]:
    """Rows of the junctions that open valves join."""
    frame = net["valve"]
    joins = flags(frame, "opened", True) & net.used("valve") & ~has_text(frame, "et", "pi")
    one, other = ("junction", "element") if "junction" in frame else ("from_junction", "to_junction")
    joining = replace(net, tables={**net.tables, "valve": frame[joins]})
    return joining.junctions("valve", one), joining.junctions("valve", other)


def _shut_pipes(net: Net) -> Ints:
    """Indices of pipes in which there is a closed valve."""
    frame = net["valve"]
    closed = ~(flags(frame, "opened", True) & net.used("valve")) & has_text(frame, "et", "pi")
    return whole(frame[closed], "element")
