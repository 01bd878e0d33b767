"""GridPact: prices, plans and pacts for active distribution networks.

    import gridpact as gp

    case = gp.read_case("my-district/")
    run = gp.clear(case)
    run.table("electricity_prices")

Importing the package loads nothing else; every name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridpact import examples as examples
    from gridpact.bench import run_bench as run_bench
    from gridpact.bench_game import run_game_bench as run_game_bench
    from gridpact.bench_market import run_market_bench as run_market_bench
    from gridpact.bench_plan import run_plan_bench as run_plan_bench
    from gridpact.bench_together import run_together_bench as run_together_bench
    from gridpact.bench_trade import run_trade_bench as run_trade_bench
    from gridpact.case.case import Case as Case
    from gridpact.case.join import join_cases as join_cases
    from gridpact.case.schema import HEADER as HEADER
    from gridpact.case.schema import SCHEMA as SCHEMA
    from gridpact.case.unused import unused_values as unused_values
    from gridpact.clearing import clear as clear
    from gridpact.clearing import compare_structures as compare_structures
    from gridpact.days import clear_days as clear_days
    from gridpact.errors import ArchiveError as ArchiveError
    from gridpact.errors import GridPactError as GridPactError
    from gridpact.errors import InfeasibleError as InfeasibleError
    from gridpact.errors import InputError as InputError
    from gridpact.errors import Issue as Issue
    from gridpact.errors import NotConverged as NotConverged
    from gridpact.examples.synthetic import synthetic_feeder as synthetic_feeder
    from gridpact.examples.synthetic_heat import synthetic_district as synthetic_district
    from gridpact.examples.synthetic_microgrids import synthetic_microgrids as synthetic_microgrids
    from gridpact.examples.synthetic_owners import synthetic_owners as synthetic_owners
    from gridpact.examples.synthetic_planning import synthetic_planning as synthetic_planning
    from gridpact.examples.synthetic_transmission import synthetic_transmission as synthetic_transmission
    from gridpact.game import stackelberg as stackelberg
    from gridpact.game import stackelberg_program as stackelberg_program
    from gridpact.io.folder import read_case as read_case
    from gridpact.io.folder import validate as validate
    from gridpact.io.folder import write_case as write_case
    from gridpact.io.matpower.read import from_matpower as from_matpower
    from gridpact.io.pandapipes.read import from_pandapipes as from_pandapipes
    from gridpact.io.pandapower.read import from_pandapower as from_pandapower
    from gridpact.planning.reconfiguration import Reconfiguration as Reconfiguration
    from gridpact.planning.reconfiguration import reconfigure as reconfigure
    from gridpact.planning.reliability.indices import reliability as reliability
    from gridpact.planning.scenarios.typical import TypicalDays as TypicalDays
    from gridpact.planning.scenarios.typical import typical_days as typical_days
    from gridpact.plans.balance import compare_typical_days as compare_typical_days
    from gridpact.plans.days_page import report_typical_days as report_typical_days
    from gridpact.plans.study import plan as plan
    from gridpact.reliability_study import assess_reliability as assess_reliability
    from gridpact.remedies import compare_remedies as compare_remedies
    from gridpact.roles.convene import convene_market as convene_market
    from gridpact.roles.convene import make_market_key as make_market_key
    from gridpact.roles.coordinate import coordinate_market as coordinate_market
    from gridpact.roles.examine import market_ledger as market_ledger
    from gridpact.roles.examine import verify_market as verify_market
    from gridpact.roles.take_part import take_part_in_market as take_part_in_market
    from gridpact.run import Certificate as Certificate
    from gridpact.run import Run as Run
    from gridpact.study import compare as compare
    from gridpact.study import open_run as open_run
    from gridpact.study import run_study as run_study
    from gridpact.study import validate_study as validate_study
    from gridpact.study import verify as verify
    from gridpact.sweep import sweep_stackelberg as sweep_stackelberg
    from gridpact.together.study import plan_together as plan_together
    from gridpact.trading.study import trade as trade

_HOMES = {
    "gridpact.case.case": ("Case",),
    "gridpact.case.join": ("join_cases",),
    "gridpact.case.schema": ("HEADER", "SCHEMA"),
    "gridpact.case.unused": ("unused_values",),
    "gridpact.bench": ("run_bench",),
    "gridpact.bench_game": ("run_game_bench",),
    "gridpact.bench_market": ("run_market_bench",),
    "gridpact.bench_plan": ("run_plan_bench",),
    "gridpact.bench_together": ("run_together_bench",),
    "gridpact.bench_trade": ("run_trade_bench",),
    "gridpact.days": ("clear_days",),
    "gridpact.errors": ("ArchiveError", "GridPactError", "InfeasibleError", "InputError", "Issue", "NotConverged"),
    "gridpact.examples.synthetic": ("synthetic_feeder",),
    "gridpact.examples.synthetic_heat": ("synthetic_district",),
    "gridpact.examples.synthetic_microgrids": ("synthetic_microgrids",),
    "gridpact.examples.synthetic_owners": ("synthetic_owners",),
    "gridpact.examples.synthetic_planning": ("synthetic_planning",),
    "gridpact.examples.synthetic_transmission": ("synthetic_transmission",),
    "gridpact.game": ("stackelberg", "stackelberg_program"),
    "gridpact.io.folder": ("read_case", "validate", "write_case"),
    "gridpact.io.matpower.read": ("from_matpower",),
    "gridpact.io.pandapipes.read": ("from_pandapipes",),
    "gridpact.io.pandapower.read": ("from_pandapower",),
    "gridpact.plans.balance": ("compare_typical_days",),
    "gridpact.plans.days_page": ("report_typical_days",),
    "gridpact.plans.study": ("plan",),
    "gridpact.planning.reconfiguration": ("Reconfiguration", "reconfigure"),
    "gridpact.planning.reliability.indices": ("reliability",),
    "gridpact.planning.scenarios.typical": ("TypicalDays", "typical_days"),
    "gridpact.reliability_study": ("assess_reliability",),
    "gridpact.remedies": ("compare_remedies",),
    "gridpact.clearing": ("clear", "compare_structures"),
    "gridpact.roles.convene": ("convene_market", "make_market_key"),
    "gridpact.roles.coordinate": ("coordinate_market",),
    "gridpact.roles.examine": ("market_ledger", "verify_market"),
    "gridpact.roles.take_part": ("take_part_in_market",),
    "gridpact.run": ("Certificate", "Run"),
    "gridpact.study": ("compare", "open_run", "run_study", "validate_study", "verify"),
    "gridpact.sweep": ("sweep_stackelberg",),
    "gridpact.together.study": ("plan_together",),
    "gridpact.trading.study": ("trade",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "HEADER",
    "SCHEMA",
    "ArchiveError",
    "Case",
    "Certificate",
    "GridPactError",
    "InfeasibleError",
    "InputError",
    "Issue",
    "NotConverged",
    "Reconfiguration",
    "Run",
    "TypicalDays",
    "assess_reliability",
    "clear",
    "clear_days",
    "compare",
    "compare_remedies",
    "compare_structures",
    "compare_typical_days",
    "convene_market",
    "coordinate_market",
    "examples",
    "from_matpower",
    "from_pandapipes",
    "from_pandapower",
    "join_cases",
    "make_market_key",
    "market_ledger",
    "open_run",
    "plan",
    "plan_together",
    "read_case",
    "reconfigure",
    "reliability",
    "report_typical_days",
    "run_bench",
    "run_game_bench",
    "run_market_bench",
    "run_plan_bench",
    "run_study",
    "run_together_bench",
    "run_trade_bench",
    "stackelberg",
    "stackelberg_program",
    "sweep_stackelberg",
    "synthetic_district",
    "synthetic_feeder",
    "synthetic_microgrids",
    "synthetic_owners",
    "synthetic_planning",
    "synthetic_transmission",
    "take_part_in_market",
    "trade",
    "typical_days",
    "unused_values",
    "validate",
    "validate_study",
    "verify",
    "verify_market",
    "write_case",
]


def __getattr__(name: str) -> Any:
    if name == "examples":
        return import_module("gridpact.examples")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'gridpact' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
