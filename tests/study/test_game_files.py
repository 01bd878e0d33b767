"""Transmission networks with districts behind them: what a clearing makes of their connections."""

import dataclasses
from pathlib import Path

from pandas.testing import assert_frame_equal

import gridpact as gp

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"


def test_a_clearing_takes_no_notice_of_connections() -> None:
    case = gp.read_case(BAD / "transmission")
    bare = case.with_table("connections", case.tables["connections"].iloc[:0])
    bare = dataclasses.replace(bare, profiles=bare.profiles.iloc[:, :0])
    told, untold = (gp.clear(one, formulation="dc", price_probes=0) for one in (case, bare))
    assert told.summary["objective"] == untold.summary["objective"]
    assert told.certificate.verdict == "approximate"
    for name in untold.tables:
        assert_frame_equal(told.table(name), untold.table(name))
