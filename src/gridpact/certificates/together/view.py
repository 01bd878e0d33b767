"""A joint plan seen by its judges: as the plan of one owner, as a trade of its days, and who owns what.

Owners are numbered like the parties of a trade: 0 to n - 1, the microgrids in the order of their table, and n, the
operator of the network. Money is that of a year: a step of a day counts for all hours that it stands for.

The clearings are made of the case, of the profiles of its days and of what is built (alone, without a deal), by the
case's own functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.owners import owner_of
from gridpact.case.planned import planned_case
from gridpact.case.trade_fee_rules import operators_name
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import rows_of
from gridpact.certificates.planning.plan_bounds import about_reliability
from gridpact.certificates.planning.plan_view import PlanView
from gridpact.certificates.trade.clearings import Clearings
from gridpact.certificates.trade.fee_margin import charges_cost
from gridpact.certificates.trade.party_costs import EXCHANGED
from gridpact.certificates.trade.split import payments_by_step
from gridpact.certificates.trade.view import Bools, Floats, Ints, TradeView
from gridpact.results.record import Record
from gridpact.results.together import UPPERS

# A joint plan has no price of carbon or of interruptions.
UNPRICED: Mapping[str, Any] = {"carbon_price_per_t": 0.0, "interruption_cost_per_mwh": 0.0}
ONE_HAND = UPPERS[0]


@dataclass(frozen=True, eq=False)
class DaysView(TradeView):
    """The days as one trade, in which all owners with a weight bargain; ``step_hours`` are those of a year."""

    joint: JointView

    @property
    def bargains(self) -> Bools:
        return self.weights > 0.0

    @property
    def keeps_fees(self) -> bool:
        return False

    @cached_property
    def weights(self) -> Floats:
        """By the rule that was asked for; NaN where it gives none."""
        rule = self.joint.record.settings["weights"]
        size = np.append(self.case.column("microgrids", "weight"), self.fee("weight"))
        if rule != "given":
            size = np.ones(self.count + 1) if rule == "equal" else np.abs(self.joint.of_owners("alone_cost"))
        return np.asarray(size / size.sum(), dtype=np.float64)

    @cached_property
    def step_hours(self) -> Floats:
        return self.joint.plan.yearly_hours


@dataclass(frozen=True, eq=False)
class JointPlan(PlanView):
    """The plan as that of one owner, whose days cost what all of them cost together."""

    joint: JointView

    @cached_property
    def day_costs(self) -> Floats:
        """Both sides, and fees where they are a true cost."""
        trade, edges = self.joint.trade, self.days.window_edges[:-1]
        sides = {side: cost_terms(trade.clearings.evidence(side)) for side in ("network", "microgrids")}
        for name in EXCHANGED:
            sides["microgrids"].pop(name)
        hourly = sum(term.sum(axis=0) for terms in sides.values() for term in terms.values())
        found = np.add.reduceat(self.days.hours * hourly, edges)
        if charges_cost(trade):
            found = found + np.add.reduceat(payments_by_step(trade).sum(axis=0), edges) / self.weights
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class JointView:
    """A record of a joint plan that has passed ``complete_together``; days and trade only once what is built can be."""

    record: Record

    @cached_property
    def owners(self) -> list[str]:
        case = self.record.case
        return [*case.ids("microgrids"), operators_name(case)]

    @property
    def by_one_hand(self) -> bool:
        """Whether one hand found all trades of the search; else they were agreed by messages, less exactly."""
        return bool(self.record.settings["upper"] == ONE_HAND)

    @property
    def is_limited(self) -> bool:
        """Whether a plan has limits of reliability to keep."""
        return about_reliability(self.plan)

    @property
    def operator(self) -> int:
        """The operator's number."""
        return len(self.owners) - 1

    @cached_property
    def plan(self) -> JointPlan:
        return JointPlan(replace(self.record, settings={**self.record.settings, **UNPRICED}), self)

    @cached_property
    def owner_of(self) -> Ints:
        """Number of the owner of every candidate, by the rule of the case; the operator's is the last."""
        case, tables = self.record.case, dict.fromkeys(self.plan.offered.table.tolist())
        owner = np.concatenate([np.zeros(0, dtype=np.int64), *(owner_of(case, table) for table in tables)])
        return np.where(owner < 0, self.operator, owner)

    def added(self, values: Floats) -> Floats:
        """Sums of values of candidates (candidates,) by owner, (owners,)."""
        return np.bincount(self.owner_of, values, len(self.owners)).astype(np.float64)

    def of_owners(self, column: str, table: str = "owners") -> Floats:
        """A column of a table with one row per owner, in their order."""
        return self.record.tables[table][column].to_numpy(dtype=np.float64)

    @cached_property
    def alone_units(self) -> Floats:
        """Units of every candidate that its owner builds alone, (candidates,)."""
        table, units = self.record.tables["alone_investments"], np.zeros(len(self.plan.offered.names))
        units[rows_of(self.plan.offered.names, table["asset"])] = table["units"].to_numpy(dtype=np.float64)
        return units

    @cached_property
    def alone_design(self) -> dict[str, int]:
        """The same by name."""
        return dict(zip(self.plan.offered.names, self.alone_units.astype(int).tolist(), strict=True))

    @cached_property
    def cost(self) -> Floats:
        """What a year of everything that every owner builds and operates costs, as told, (owners,)."""
        parts = ("capex_per_year", "maintenance_per_year", "operation_cost")
        return np.asarray(sum(self.of_owners(part) for part in parts), dtype=np.float64)

    @cached_property
    def trade(self) -> DaysView:
        """The days as a trade with what is built together; without a deal with what each builds alone."""
        days = self.plan.days
        # Costs of the days are counted from that of their dispatch.
        told = {"objective": 0.0, "lower_bound": -float(self.record.tables["regrets"]["regret"].sum())}
        summary = {**self.record.summary, **told}
        record = replace(self.plan.record, case=self.plan.planned, tables=self._tables(), summary=summary)
        return DaysView(record, Clearings(record, planned_case(days, self.alone_design)), self)

    def payments(self, column: str) -> pd.DataFrame:
        """A column of the payments by day and owner."""
        table = self.record.tables["payments"]
        values = table[column].to_numpy().reshape(-1, len(self.owners))
        return pd.DataFrame(values, columns=self.owners)

    def _tables(self) -> dict[str, pd.DataFrame]:
        """All tables, and what owners get as tables of a trade: what each pays is what it does not receive."""
        owners = self.record.tables["owners"]
        bargaining = owners.assign(cost=self.cost, disagreement_cost=owners["alone_cost"])
        paid = {name: -self.payments(f"{name}_cents").sum().to_numpy() for name in ("energy", "fee")}
        paid |= {"lump": -owners["lump_cents"].to_numpy(), "total": -owners["receipt_cents"].to_numpy()}
        money = {name: -owners[f"{name}_receipt"].to_numpy() for name in ("energy", "fee")}
        money["total"] = -owners["receipt"].to_numpy()
        money["lump_sum"] = money["total"] - money["energy"] - money["fee"]
        sheet = owners[["participant"]].assign(
            **{f"{name}_cents": cents for name, cents in paid.items()},
            **{f"{name}_payment": values for name, values in money.items()},
        )
        return {**self.record.tables, "bargaining": bargaining, "sheet": sheet}
