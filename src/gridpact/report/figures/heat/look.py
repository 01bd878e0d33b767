"""Colours of what gives and takes heat, and of what energy comes as: the same in all figures."""

from __future__ import annotations

from typing import Final

from gridpact.report.figures import canvas

WINE, SLATE = "#882255", "#3a3f44"
KINDS: Final = {
    "chp": ("combined heat and power", canvas.ORANGE),
    "heat_pump": ("heat pumps", WINE),
    "electric_boiler": ("electric boilers", canvas.VERMILLION),
    "gas_boiler": ("gas boilers", canvas.GREY),
    "heat_storage": ("tanks", canvas.PURPLE),
}
COLOURS: Final = dict(KINDS.values())
ELECTRICITY, HEAT = canvas.BLUE, canvas.VERMILLION
SUPPLY, RETURN = canvas.VERMILLION, canvas.BLUE
