"""Tap changers of pandapower's transformers: their position changes the rated voltage of their side.

Ratio, Symmetrical   vn (1 + d e^(j angle)), d = (position - neutral) step_percent / 100; its size is the voltage
Ideal                the phase alone
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.io.imports.columns import Bools, Floats, flags, has_text, numbers, texts
from gridpact.io.imports.findings import Findings
from gridpact.io.pandapower.net import Net

MAGNITUDE = ("Ratio", "Symmetrical")


def tapped(net: Net, found: Findings) -> Net:
    """The network with vn_hv_kv, vn_lv_kv and shift_degree as they are at the present taps."""
    frame = net["trafo"]
    _refuse(net, frame, found)
    for changer in ("tap", "tap2"):
        if f"{changer}_pos" in frame:
            frame = _moved(frame, changer)
    return Net(net.file, net.name, net.frequency_hz, {**net.tables, "trafo": frame})


def _refuse(net: Net, frame: pd.DataFrame, found: Findings) -> None:
    """Characteristics, uneven leakage and tap changers of unknown type."""
    used = flags(frame, "in_service", True)
    uneven = [numbers(frame, f"leakage_{part}_ratio_hv", 0.5) != 0.5 for part in ("resistance", "reactance")]
    unknown = _has_side(frame, "tap") & (_steps(frame, "tap") != 0.0) & ~_known_type(frame, "tap")
    for wrong, message in (
        (flags(frame, "tap_dependency_table", False), "has a characteristic over its tap positions"),
        (uneven[0] | uneven[1], "has an uneven leakage impedance"),
        (unknown, "has a tap off neutral, but no tap_changer_type"),
    ):
        for index in frame.index[wrong & used]:
            fix = "Write its impedances and its type for the present tap; skipped, the peculiarity is ignored."
            found.refuse(f"trafo {index} {message}", fix, net.file)


def _has_side(frame: pd.DataFrame, changer: str) -> Bools:
    return has_text(frame, f"{changer}_side", "hv", "lv")


def _known_type(frame: pd.DataFrame, changer: str) -> Bools:
    if f"{changer}_changer_type" in frame:
        return np.array([bool(name) for name in texts(frame, f"{changer}_changer_type")], dtype=np.bool_)
    return np.full(len(frame), f"{changer}_phase_shifter" in frame)


def _steps(frame: pd.DataFrame, changer: str) -> Floats:
    """Per-unit change of the voltage that the tap adds, 0 where there is none."""
    return _positions(frame, changer) * numbers(frame, f"{changer}_step_percent", 0.0) / 100.0


def _positions(frame: pd.DataFrame, changer: str) -> Floats:
    """Positions away from the neutral one, 0 where one of the two is unknown."""
    away: Floats = np.nan_to_num(numbers(frame, f"{changer}_pos") - numbers(frame, f"{changer}_neutral"))
    return away


def _moved(frame: pd.DataFrame, changer: str) -> pd.DataFrame:
    in_magnitude, in_phase = _kinds(frame, changer)
    step = np.where(in_magnitude, _steps(frame, changer), 0.0)
    angle = np.deg2rad(numbers(frame, f"{changer}_step_degree", 0.0))
    factor = 1.0 + step * np.exp(1j * angle)
    shift = numbers(frame, "shift_degree", 0.0)
    for side, sign in (("hv", 1.0), ("lv", -1.0)):
        here = has_text(frame, f"{changer}_side", side)
        column = f"vn_{side}_kv"
        frame = frame.assign(**{column: numbers(frame, column) * np.where(here, np.abs(factor), 1.0)})
        turned = np.where(in_phase, _turn(frame, changer), np.rad2deg(np.angle(factor)))
        shift = shift + np.where(here, sign * turned, 0.0)
    return frame.assign(shift_degree=shift)


def _kinds(frame: pd.DataFrame, changer: str) -> tuple[Bools, Bools]:
    """Which taps change the magnitude, and which the phase alone."""
    if f"{changer}_changer_type" in frame:
        column = f"{changer}_changer_type"
        return has_text(frame, column, *MAGNITUDE), has_text(frame, column, "Ideal")
    ideal = flags(frame, f"{changer}_phase_shifter", False)
    return ~ideal & (f"{changer}_phase_shifter" in frame), ideal


def _turn(frame: pd.DataFrame, changer: str) -> Floats:
    """Degrees by which an ideal phase shifter turns."""
    degrees = _positions(frame, changer) * numbers(frame, f"{changer}_step_degree", 0.0)
    half = np.clip(_steps(frame, changer) / 2.0, -1.0, 1.0)
    turned: Floats = np.where(degrees != 0.0, degrees, 2.0 * np.rad2deg(np.arcsin(half)))
    return turned
