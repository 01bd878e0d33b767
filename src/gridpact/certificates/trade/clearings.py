"""The clearings that a trade consists of, as records of their own, which the judges of markets know how to read.

network             the operator's part, microgrids being loads of what they exchange
microgrids          all microgrids side by side, each exchanging at a price of its own
before_network      the same two without a deal: at tariffs, or with nothing exchanged
before_microgrids

Each is made of the case by the case's own functions and of the tables and arrays under its prefix. What a clearing cost
is not told: it is what its dispatch costs, which its judges compare with the stored program. What is proven of one
without a deal, where storages are held one way, is in the summary under its prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_at, microgrids_before, network_with
from gridpact.certificates.completeness import complete, finite
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import Evidence
from gridpact.results.record import Record
from gridpact.results.summary import clearing_summary
from gridpact.results.trading import PROVEN

Floats = NDArray[np.float64]
AGREED: Final = ("network", "microgrids")
BEFORE: Final = ("before_network", "before_microgrids")
# The network's tables have none.
PREFIXED: Final = (*BEFORE, "microgrids")
SETTINGS: Final = ("exactness", "heat_dynamics")
MARKET: Final = {"formulation": "soc", "solver": "clarabel", "price_probes": 0, "exactness": "repair"}
HEAT: Final = {"heat_flow": "constant", "structures": False, "heat_dynamics": "quasi_dynamic"}


@dataclass(frozen=True, eq=False)
class Clearings:
    """The clearings of a trade whose own tables are there; ``before`` is the case without a deal where that is another
    one."""

    record: Record
    before: Case | None = None

    @cached_property
    def sides(self) -> tuple[str, ...]:
        """Names of the clearings that the record must have: none of what is given."""
        case = self.record.case
        given = (case.tables["microgrids"]["disagreement"] == "given").all()
        known = not np.isnan(case.column("network_operator", "disagreement_cost")).all() and case.count(
            "network_operator"
        )
        return (*AGREED, *(() if known else BEFORE[:1]), *(() if given else BEFORE[1:]))

    @cached_property
    def records(self) -> dict[str, Record]:
        """The clearings; one that is not complete has no summary."""
        return {side: _summed_up(self._bare(side), self._proven(side)) for side in self.sides}

    def _proven(self, side: str) -> dict[str, float]:
        """Numbers that are told of what a clearing without a deal may cost at least."""
        told = {name: self.record.summary.get(f"{side}_{name}") for name in PROVEN if side in BEFORE}
        return {name: float(value) for name, value in told.items() if isinstance(value, int | float)}

    def evidence(self, side: str) -> Evidence:
        return self._evidence[side]

    @cached_property
    def _evidence(self) -> dict[str, Evidence]:
        return {side: Evidence(record) for side, record in self.records.items()}

    def exchanged(self, *columns: str) -> list[Floats]:
        """Columns of the table ``exchanges``, (microgrids, steps) each."""
        table, steps = self.record.tables["exchanges"], self.record.case.steps
        return [table[column].to_numpy(dtype=np.float64).reshape(steps, -1).T for column in columns]

    def case(self, side: str) -> Case:
        """What a clearing is asked of."""
        case = self.record.case if side in AGREED or self.before is None else self.before
        if side == "network":
            return network_with(case, *self.exchanged("p_mw", "q_mvar"))
        if side == "before_network":
            return network_with(case, *self.exchanged("before_mw", "before_mvar"))
        if side == "microgrids":
            return microgrids_at(case, *self.exchanged("inside_price_per_mwh", "q_mvar"))
        return microgrids_before(case)

    def _bare(self, side: str) -> Record:
        """A clearing with its tables and arrays, and no summary."""
        case, prefix = self.case(side), "" if side == "network" else side
        settings = {**MARKET, **(HEAT if case.count("heat_nodes") else {})}
        settings |= {
            name: self.record.settings[name] for name in SETTINGS if name in self.record.settings and name in settings
        }
        return Record(
            question="clear",
            settings=settings,
            case=case,
            summary={"objective": 0.0, **self._told(side)},
            tables={_bare_name(name, "_"): t for name, t in self.record.tables.items() if _prefix(name, "_") == prefix},
            solution={
                _bare_name(name, "/"): array
                for name, array in self.record.solution.items()
                if _prefix(name, "/") == prefix
            },
            provenance=self.record.provenance,
            certificate={"verdict": "certified"} if self.record.certificate.get("verdict") == "certified" else {},
        )

    def _told(self, side: str) -> dict[str, Any]:
        """What the summary says of the choices of a clearing without a deal: bounds, which are taken as stated."""
        told = self.record.summary if side in BEFORE else {}
        return {_bare_name(name, "_"): value for name, value in told.items() if _prefix(name, "_") == side}


def _prefix(name: str, mark: str) -> str:
    """Which clearing a table or array is of, "" for the network's."""
    found = [prefix for prefix in PREFIXED if name.startswith(f"{prefix}{mark}")]
    return found[0] if found else ""


def _bare_name(name: str, mark: str) -> str:
    """The name without its prefix."""
    return name.removeprefix(f"{_prefix(name, mark)}{mark}")


def _summed_up(bare: Record, proven: Mapping[str, float]) -> Record:
    """The clearing with its summary, where all of it is there."""
    if not (complete(bare).passed and finite(bare).passed):
        return bare
    terms = cost_terms(Evidence(bare))
    objective = bare.case.hours * sum(float(term.sum()) for term in terms.values())
    summary = clearing_summary(bare.case, bare.tables, objective) | {"question": bare.question, **bare.certificate}
    return replace(bare, summary={**summary, **proven})
