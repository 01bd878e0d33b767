"""Every check of a joint plan fails where the number that it is about is another one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gridpact.results.record import Record
from tests.certificates.spoil import Change, plus, times, with_array, with_cells, with_table
from tests.certificates.together.made import failed, joint, no_deal, with_setting, with_summary

Forge = Callable[[Record], Record]
OPERATOR = "network"


def cells(table: str, column: str, change: Change, **where: object) -> Forge:
    return lambda record: with_cells(record, table, column, change, **where)


def figure(name: str, change: Change) -> Forge:
    return lambda record: with_summary(record, **{name: change(record.summary[name])})


def to(value: object) -> Change:
    return lambda _: value


def two(*forges: Forge) -> Forge:
    def both(record: Record) -> Record:
        for forge in forges:
            record = forge(record)
        return record

    return both


FORGED: dict[str, tuple[Forge, str]] = {
    # design
    "one unit more than may be built": (cells("investments", "units", to(9), asset="microgrid-2-pv"), "plan units"),
    "another owner": (cells("investments", "owner", to(OPERATOR), asset="microgrid-2-pv"), "joint plan owners"),
    "another role": (cells("owners", "role", to("operator"), participant="microgrid-1"), "joint plan owners"),
    "too many alone": (cells("alone_investments", "units", to(9)), "joint plan alone"),
    "of another alone": (cells("alone_investments", "owner", to(OPERATOR)), "joint plan alone"),
    "capital recovery": (cells("investments", "capex_per_year", times(1.001)), "plan investments"),
    "capital recovery of an owner": (
        cells("owners", "capex_per_year", plus(1.0), participant="microgrid-2"),
        "joint plan annual costs",
    ),
    "building alone": (
        cells("owners", "alone_building_cost", plus(1.0), participant="microgrid-2"),
        "joint plan annual costs",
    ),
    "discount rate": (lambda record: with_setting(record, discount_rate=0.081), "plan investments"),
    "marginal value": (
        cells("investments", "marginal_value_per_year", plus(1.0), asset="microgrid-1-pv"),
        "plan marginal costs",
    ),
    # days
    "days of the year": (cells("scenarios", "weight_days", times(1.01)), "plan year"),
    "profile": (cells("scenario_profiles", "interfaces/substation/price_per_mwh", times(1.01)), "plan profiles"),
    # the trade
    "exchange": (cells("exchanges", "p_mw", times(1.001)), "trade exchanges"),
    "price": (cells("exchanges", "price_per_mwh", plus(1.0)), "trade prices"),
    "inside price": (cells("exchanges", "inside_price_per_mwh", plus(0.05)), "trade inside prices"),
    "exchange without a deal": (cells("exchanges", "before_mw", plus(0.001)), "trade exchanges"),
    "regret": (cells("regrets", "share", plus(1e-3)), "trade regret sum"),
    "amount of a trade": (cells("trades", "p_mw", times(1.001)), "trades make up exchanges"),
    "price of a trade": (cells("trades", "price_per_mwh", plus(0.01)), "trade prices at buses"),
    "fee of a trade": (cells("trades", "fee_per_mwh", plus(0.01)), "trade fees by rule"),
    "mean fee": (cells("fee_rates", "mean_fee_per_mwh", plus(0.01)), "trade mean fees"),
    "residual": (cells("convergence", "primal_residual", to(1e-3)), "joint plan trade converged"),
    "residual of payments": (cells("bargaining_convergence", "primal_residual", to(1.0)), "bargaining converged"),
    "messages": (cells("disclosures", "numbers", plus(1)), "disclosed numbers"),
    "messages of the search": (cells("plan_disclosures", "messages", plus(1)), "plan disclosed as declared"),
    # money
    "operation": (
        two(
            cells("owners", "operation_cost", plus(1.0), participant="microgrid-1"),
            cells("owners", "benefit", plus(-1.0), participant="microgrid-1"),
        ),
        "joint plan operation costs",
    ),
    "alone": (
        two(
            cells("owners", "alone_cost", plus(10.0), participant="microgrid-1"),
            cells("owners", "benefit", plus(10.0), participant="microgrid-1"),
        ),
        "joint plan alone costs",
    ),
    "bound alone": (cells("owners", "alone_lower_bound", plus(1e3)), "joint plan alone costs"),
    "benefit": (cells("owners", "benefit", plus(0.01), participant="microgrid-1"), "joint plan benefits"),
    "objective": (figure("objective", plus(0.01)), "joint plan benefits"),
    "objective alone": (figure("objective_alone", plus(0.01)), "joint plan benefits"),
    "most surplus": (figure("surplus_upper_bound", plus(0.01)), "joint plan benefits"),
    "weight": (cells("owners", "weight", plus(0.001), participant="microgrid-1"), "bargaining weights"),
    "rule of weights": (lambda record: with_setting(record, weights="stand_alone"), "bargaining weights"),
    "surplus": (figure("surplus", plus(1.0)), "bargaining surplus"),
    "gain": (cells("owners", "gain", plus(1.0), participant="microgrid-1"), "bargaining gains"),
    "receipt": (cells("owners", "receipt", plus(1.0), participant="microgrid-1"), "bargaining gains"),
    "energy of a day": (cells("payments", "energy_receipt", times(1.001)), "joint plan payments"),
    "fees of a day": (cells("payments", "fee_receipt", times(1.001)), "joint plan payments"),
    "energy of an owner": (cells("owners", "energy_receipt", plus(0.01)), "joint plan payment sums"),
    "cents of a day": (cells("payments", "energy_cents", plus(1), participant=OPERATOR), "joint plan cents by day"),
    "cents of fees": (cells("payments", "fee_cents", plus(1), participant=OPERATOR), "joint plan cents by day"),
    "cents from one to another": (
        two(
            cells("payments", "fee_cents", plus(2), participant=OPERATOR),
            cells("payments", "fee_cents", plus(-2), participant="microgrid-1"),
        ),
        "joint plan cents round payments",
    ),
    "lump sum": (cells("owners", "lump_cents", plus(1), participant=OPERATOR), "trade cents add up"),
    "sum of cents": (cells("owners", "receipt_cents", plus(1), participant=OPERATOR), "trade cents sum to zero"),
    "receipts moved": (
        two(
            cells("owners", "receipt_cents", plus(3), participant=OPERATOR),
            cells("owners", "receipt_cents", plus(-3), participant="microgrid-1"),
        ),
        "trade cents nearest",
    ),
    "gain in cents": (cells("owners", "gain_exact", plus(0.01)), "trade receipts"),
    "somebody loses": (
        two(
            cells("owners", "receipt_cents", plus(10**10), participant=OPERATOR),
            cells("owners", "receipt_cents", plus(-(10**10)), participant="microgrid-1"),
        ),
        "individually rational",
    ),
    "no deal said": (figure("deal", to(False)), "trade deal"),
    # the search
    "cut": (cells("cuts", "constant", plus(10.0)), "plan cuts"),
    "slope": (cells("cut_slopes", "slope", plus(100.0)), "plan cuts"),
    "cost of a design": (cells("design_costs", "cost_per_day", times(0.99)), "plan cuts"),
    "bound": (figure("objective_lower_bound", plus(100.0)), "plan bound"),
    "gap": (figure("gap", plus(1e-4)), "joint plan gap"),
    "closed": (lambda record: with_summary(record, gap_closed=not record.summary["gap_closed"]), "joint plan gap"),
    "cost by the form": (figure("objective_by_form", plus(1.0)), "joint plan gap"),
    "cost of a move": (cells("moves", "cost", plus(1.0), move=2), "joint plan moves priced"),
    "taken": (cells("moves", "taken", to(False), move=2), "joint plan moves"),
    "best so far": (cells("moves", "best_surplus", plus(1.0), move=2), "joint plan moves"),
    "who moved": (cells("moves", "who", to("nobody"), move=2), "joint plan course"),
    "scheme of a move": (cells("moves", "scheme", to("benders"), move=1), "joint plan course"),
    "number of moves": (figure("moves", plus(1)), "joint plan moves"),
    "cost of a scheme": (cells("schemes", "cost", plus(1.0), scheme="in_turn"), "joint plan schemes"),
    "distance of the baseline": (
        cells("schemes", "above_bound", plus(1e-3), scheme="alternating (baseline)"),
        "joint plan schemes",
    ),
    "trades looked at": (figure("upper_solves", to(0)), "joint plan schemes"),
    # equilibrium
    "growth": (cells("deviations", "rebargained_surplus", plus(1.0)), "joint plan gains told"),
    "share of a growth": (cells("deviations", "rebargained_gain", plus(1.0)), "joint plan gains told"),
    "held gain": (cells("deviations", "held_gain", plus(100.0), participant="microgrid-1"), "joint plan held gains"),
    "largest gain": (figure("largest_held_gain", plus(1.0)), "joint plan gains told"),
    # cash
    "cash": (cells("cash_flow", "net_cash", plus(1.0), year=3, participant="microgrid-1"), "joint plan cash"),
    "cash alone": (cells("cash_flow", "net_cash_alone", plus(1.0), year=3), "joint plan cash"),
    "discounted": (cells("cash_flow", "discounted", plus(1.0), year=3), "joint plan cash"),
    "years": (cells("cash_flow", "year", plus(1)), "joint plan complete"),
    "net present value": (cells("owners", "net_present_value", plus(1.0)), "joint plan net present value"),
    "payback": (cells("owners", "payback_years", plus(1.0)), "joint plan payback"),
    "reinforcement": (cells("reinforcements", "cost_per_year", plus(0.01)), "joint plan reinforcements"),
    "fairness": (cells("fairness", "value", plus(0.01)), "joint plan fairness"),
    # the summary
    "operator": (figure("operator", to("somebody")), "joint plan words"),
    "currency": (figure("currency", to("XYZ")), "joint plan words"),
    "investment": (figure("investment", plus(1.0)), "joint plan summary"),
    "rounds": (figure("trade_rounds", plus(1)), "joint plan summary"),
    # both sides
    "dispatch": (cells("microgrids_dispatch", "p_mw", plus(0.01), kind="renewable"), "microgrids: active_balance"),
    "voltage": (cells("buses", "vm_pu", plus(0.001)), "network: ac_voltages"),
    "settlement alone": (cells("before_network_settlement", "payment", plus(1.0)), "before network: settlement"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_number_fails(name: str) -> None:
    forge, check = FORGED[name]
    assert check in failed(forge(joint()))


def test_nothing_is_paid_without_a_deal() -> None:
    record = no_deal()
    paid = with_cells(record, "payments", "energy_receipt", plus(1.0))
    assert {"joint plan without a deal", "joint plan payments"} <= set(failed(paid))
    moved = with_cells(
        with_cells(record, "payments", "fee_cents", plus(1), participant="microgrid-1"),
        "payments",
        "fee_cents",
        plus(-1),
        participant=OPERATOR,
    )
    assert "joint plan without a deal" in failed(moved)
    assert "trade deal" in failed(with_summary(record, deal_why=""))


def test_an_owner_that_could_gain_alone_is_seen() -> None:
    """Where the cuts of a search say that less is possible, a plan is no equilibrium, and its bound no proof."""
    record = joint()
    cuts = record.tables["cuts"].assign(constant=lambda table: table["constant"] - 1.0)
    names = failed(with_table(record, "cuts", cuts))
    assert {"plan bound", "joint plan re-bargained gains", "joint plan equilibrium"} <= set(names)


def test_an_open_gap_needs_no_equilibrium() -> None:
    record = joint()
    cuts = record.tables["cuts"].assign(constant=lambda table: table["constant"] - 1.0)
    opened = with_setting(with_table(record, "cuts", cuts), time_limit_s=0.0)
    assert "joint plan equilibrium" not in failed(opened)


def test_cuts_that_marginal_values_are_read_from() -> None:
    more = with_array(joint(), "marginal/slope", lambda array: np.asarray(array) - 1.0)
    assert "plan marginal costs" in failed(more)
