"""One look of a plan in all its figures: what was and what is, and what is built by colour and shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.text import number

BEFORE, AFTER, LIMIT = "#a8aeb4", canvas.BLUE, canvas.VERMILLION
INK, FAINT = "#3a3f44", "#b4bac0"
NEW_LINE, NEW_TIE = canvas.BLUE, canvas.VERMILLION


@dataclass(frozen=True)
class Symbol:
    """Colour and shape of what is built at a point of the network; either tells it apart."""

    colour: str
    marker: str
    ink: str = canvas.BLACK


SYMBOLS = {
    "wind": Symbol(canvas.SKY, "^"),
    "pv": Symbol(canvas.YELLOW, "s"),
    "other": Symbol(canvas.GREEN, "D"),
    "storage": Symbol(canvas.PURPLE, "h"),
    "generator": Symbol(canvas.ORANGE, "o"),
    "chp": Symbol(canvas.VERMILLION, "p"),
    "electric_boiler": Symbol(canvas.SKY, "v"),
    "heat_pump": Symbol(canvas.GREEN, "H"),
    "breaker": Symbol(canvas.BLACK, "s", "white"),
    "recloser": Symbol(canvas.BLACK, "P", "white"),
    "fuse": Symbol(canvas.BLACK, "d", "white"),
    "sectionaliser": Symbol(canvas.BLACK, "X", "white"),
}
FAMILIES = {
    "demand": canvas.BLACK,
    "wind": canvas.BLUE,
    "PV": canvas.ORANGE,
    "other renewables": canvas.GREEN,
    "renewables": canvas.GREEN,
    "heat demand": canvas.VERMILLION,
    "price": canvas.PURPLE,
}
OTHERS = (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.VERMILLION, canvas.PURPLE, canvas.SKY)


def days(weight: float) -> str:
    """How many days a scenario stands for, as short as is right."""
    text = number(weight, 1).removesuffix(".0")
    return f"{text} day" if text == "1" else f"{text} days"


def family(name: str, place: int) -> str:
    """The colour of a family of series; of the others by their place."""
    return FAMILIES.get(name, OTHERS[place % len(OTHERS)])


def scaled(values: Floats) -> tuple[str, float]:
    """The word before a currency, and what to divide by, so that numbers on an axis stay short."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    return ("million ", 1e6) if largest >= 1e7 else ("thousand ", 1e3) if largest >= 1e4 else ("", 1.0)
