"""Joint plans at the edges of what may be asked: little time, weights of zero, shares asked again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import gridpact as gp
from gridpact.certificates.together.judge import certify_together
from gridpact.io.archive import write_run
from gridpact.planning.together import alone as alone_room
from gridpact.programs.batch import Pool
from gridpact.together.study import plan_together
from tests.certificates.together.made import limited
from tests.planning.together.conftest import small_case
from tests.planning.together.warm_owner import warm_owner


@pytest.mark.parametrize("scheme", ["in_turn", "benders"])
def test_time_that_is_up_at_once_leaves_a_plan(scheme: str) -> None:
    """Found by messages, too: what stands is the plan, with a bound that is as far away as it is."""
    run = plan_together(warm_owner(), typical_days=1, scheme=scheme, upper="atc", compare=False, time_limit_s=1e-3)
    assert run.certificate.verdict == "certified"


def test_a_weight_of_zero_has_no_part_in_fairness() -> None:
    case = small_case()
    given = case.tables["microgrids"].assign(disagreement=["given", "tariff"], disagreement_cost=[0.0, np.nan])
    tariffs = [path for path in case.profiles.columns if path.startswith("microgrids/microgrid-1/tariff")]
    for name in ("tariff_buy_per_mwh", "tariff_sell_per_mwh"):
        given[name] = given[name].where(given["disagreement"] == "tariff")
    case = replace(case.with_table("microgrids", given), profiles=case.profiles.drop(columns=tariffs))
    run = plan_together(case, typical_days=1, weights="stand_alone", compare=False)
    assert run.table("owners")["weight"].iloc[0] == 0.0
    assert run.certificate.verdict == "certified"


def test_a_second_search_sees_a_plan_alone_that_is_none(tmp_path: Path) -> None:
    """Everybody who 'would build' all there is alone has the more to gain: its own search's word, asked again."""
    own = alone_room._planned

    def dear(who: str, days: alone_room.Representatives, pool: Pool, gap: float, rate: float, *more: object) -> object:
        found = own(who, days, pool, gap, rate, *more)  # type: ignore[arg-type]
        return found if "microgrid" not in who else replace(found, cost=found.cost + 1000.0, bound=found.bound)

    with patch.object(alone_room, "_planned", dear):
        record = plan_together(small_case(), typical_days=1, weights="equal", compare=False).record
    assert certify_together(record)["verdict"] == "failed"  # here the cost is not that of what is built
    write_run(record, tmp_path / "run")
    checks = {check["name"]: check for check in gp.verify(tmp_path / "run", deep=True).certificate.checks}
    assert not checks["shares again"]["passed"]


def test_a_second_search_finds_the_same_shares(tmp_path: Path) -> None:
    write_run(limited(), tmp_path / "run")
    checks = {check["name"]: check for check in gp.verify(tmp_path / "run", deep=True).certificate.checks}
    assert checks["shares again"]["passed"] and checks["bound again"]["passed"]


@pytest.mark.parametrize("case", [None, 5, b"case"])
def test_what_is_no_case_is_refused(case: object) -> None:
    with pytest.raises(gp.InputError, match="this is no case"):
        plan_together(case)  # type: ignore[arg-type]
