"""Conversions of units that case files make after their matrices, recognised by their words.

MATPOWER's distribution cases keep ohm, kW and kVA as published and convert them with the same few statements:

    Vbase = mpc.bus(1, BASE_KV) * 1e3;
    Sbase = mpc.baseMVA * 1e6;
    mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
    mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;
    pf = 0.85;
    mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));
    mpc.bus(:, PD) = mpc.bus(:, PD) * pf;

Columns may be given by number. The lines that give the columns their names are passed over where they are the usual
ones. Nothing else is understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(eq=False)
class Workspace:
    """The variables of a case file that is being read; NaN where one has not been set."""

    base_mva: float = np.nan
    matrices: dict[str, pd.DataFrame] = field(default_factory=dict)
    volts: float = np.nan
    voltamperes: float = np.nan
    power_factor: float = np.nan


NUMBERS = {"BASE_KV": "10", "PD": "3", "QD": "4", "BR_R": "3", "BR_X": "4"}
WORDS = re.compile(r"\b(" + "|".join(NUMBERS) + r")\b")
CONSTANTS = {
    "idx_bus": "PQ,PV,REF,NONE,BUS_I,BUS_TYPE,PD,QD,GS,BS,BUS_AREA,VM,VA,BASE_KV,ZONE,VMAX,VMIN,LAM_P,LAM_Q,MU_VMAX,"
    "MU_VMIN",
    "idx_brch": "F_BUS,T_BUS,BR_R,BR_X,BR_B,RATE_A,RATE_B,RATE_C,TAP,SHIFT,BR_STATUS,PF,QF,PT,QT,MU_SF,MU_ST,ANGMIN,"
    "ANGMAX,MU_ANGMIN,MU_ANGMAX",
    "idx_gen": "GEN_BUS,PG,QG,QMAX,QMIN,VG,MBASE,GEN_STATUS,PMAX,PMIN,MU_PMAX,MU_PMIN,MU_QMAX,MU_QMIN,PC1,PC2,QC1MIN,"
    "QC1MAX,QC2MIN,QC2MAX,RAMP_AGC,RAMP_10,RAMP_30,RAMP_Q,APF",
    "idx_cost": "PW_LINEAR,POLYNOMIAL,MODEL,STARTUP,SHUTDOWN,NCOST,COST",
}


def convert(space: Workspace, text: str) -> bool:
    """Carry out a statement; False where it is none of those that are understood, or comes before what it needs."""
    plain = _plain(text)
    named = re.fullmatch(r"\[([\w,]+)\]=(idx_\w+)", plain)
    if named:
        return CONSTANTS.get(named[2], "").startswith(named[1])
    if plain in ("define_constants", "end", "return"):
        return True
    numbered = WORDS.sub(lambda match: NUMBERS[match[1]], plain)
    for pattern, step in STEPS:
        match = re.fullmatch(pattern, numbered)
        if match:
            return step(space, match)
    return False


def _plain(text: str) -> str:
    """Without spaces; what stands in square brackets is separated by single commas."""
    listed = re.sub(r"\[[^\]]*\]", lambda match: "[" + ",".join(re.findall(r"[^\s,\[\]]+", match[0])) + "]", text)
    return re.sub(r"\s+", "", listed)


def _volts(space: Workspace, match: re.Match[str]) -> bool:
    if "bus" in space.matrices and len(space.matrices["bus"]):
        space.volts = float(space.matrices["bus"]["base_kv"].iloc[0]) * 1e3
    return bool(space.volts > 0.0)


def _voltamperes(space: Workspace, match: re.Match[str]) -> bool:
    space.voltamperes = space.base_mva * 1e6
    return bool(space.voltamperes > 0.0)


def _power_factor(space: Workspace, match: re.Match[str]) -> bool:
    space.power_factor = float(match[1])
    return 0.0 < space.power_factor <= 1.0


def _ohm(space: Workspace, match: re.Match[str]) -> bool:
    """Ohm to per unit."""
    ohm = space.volts**2 / space.voltamperes
    return not np.isnan(ohm) and _change(
        space, "branch", r=lambda branch: branch["r"] / ohm, x=lambda branch: branch["x"] / ohm
    )


def _kilowatt(space: Workspace, match: re.Match[str]) -> bool:
    """kW and kvar to MW and Mvar."""
    return _change(space, "bus", pd=lambda bus: bus["pd"] / 1e3, qd=lambda bus: bus["qd"] / 1e3)


def _active(space: Workspace, match: re.Match[str]) -> bool:
    """Apparent to active power."""
    factor = space.power_factor
    return not np.isnan(factor) and _change(space, "bus", pd=lambda bus: bus["pd"] * factor)


def _reactive(space: Workspace, match: re.Match[str]) -> bool:
    """Reactive power, from apparent power by the sine or from active power by the tangent."""
    angle = np.arccos(space.power_factor)
    factor = float(np.sin(angle) if match[1] == "sin" else np.tan(angle))
    return not np.isnan(factor) and _change(space, "bus", qd=lambda bus: bus["pd"] * factor)


def _change(space: Workspace, matrix: str, **columns: Callable[[pd.DataFrame], pd.Series[float]]) -> bool:
    if matrix in space.matrices:
        space.matrices[matrix] = space.matrices[matrix].assign(**columns)
    return matrix in space.matrices


_THOUSAND, _MILLION = r"(?:1e3|1000|10\^3)", r"(?:1e6|1000000|10\^6)"

STEPS: tuple[tuple[str, Callable[[Workspace, re.Match[str]], bool]], ...] = (
    (rf"(?:\w+\.)?Vbase=\w+\.bus\(1,10\)\*{_THOUSAND}", _volts),
    (rf"(?:\w+\.)?Sbase=\w+\.baseMVA\*{_MILLION}", _voltamperes),
    (r"\w+\.branch\(:,\[3,4\]\)=\w+\.branch\(:,\[3,4\]\)/\((?:\w+\.)?Vbase\^2/(?:\w+\.)?Sbase\)", _ohm),
    (rf"\w+\.bus\(:,\[3,4\]\)=\w+\.bus\(:,\[3,4\]\)/{_THOUSAND}", _kilowatt),
    (r"pf=(\d*\.?\d+)", _power_factor),
    (r"\w+\.bus\(:,4\)=\w+\.bus\(:,3\)\*(sin|tan)\(acos\(pf\)\)", _reactive),
    (r"\w+\.bus\(:,3\)=\w+\.bus\(:,3\)\*pf", _active),
)
