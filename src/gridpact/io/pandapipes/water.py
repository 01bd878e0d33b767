"""Properties of the water in a pandapipes network, at one temperature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings
from gridpact.io.pandapipes.net import Net

CELSIUS = 273.15
USUAL = {
    name: float(SCHEMA["heat_networks"].column(column).default or np.nan)
    for name, column in (("heat_capacity", "heat_capacity_j_per_kgk"), ("density", "density_kg_per_m3"))
}


def require_water(net: Net) -> None:
    """Raises InputError where a gas flows through the network."""
    gas = net.fluid.get("is_gas") if isinstance(net.fluid, dict) else getattr(net.fluid, "is_gas", False)
    inside = _unpacked(net.fluid)
    if gas or (isinstance(inside, Mapping) and inside.get("is_gas")):
        raise InputError([Issue("a gas flows through the network", "Only networks of water are read.", net.file)])


def heat_capacity(net: Net, kelvin: float, found: Findings) -> float:
    """Specific heat capacity in J/(kg K)."""
    return _property(net, "heat_capacity", kelvin, USUAL["heat_capacity"], found)


def water_row(net: Net, kelvin: float, found: Findings) -> dict[str, float]:
    """Columns of the table heat_networks; pandapipes' viscosity is the dynamic one."""
    usual = float(SCHEMA["heat_networks"].column("viscosity_m2_per_s").default or np.nan)
    density = _property(net, "density", kelvin, USUAL["density"], found)
    return {
        "heat_capacity_j_per_kgk": heat_capacity(net, kelvin, found),
        "density_kg_per_m3": density,
        "viscosity_m2_per_s": _property(net, "viscosity", kelvin, usual * density, found) / density,
    }


def _property(net: Net, name: str, kelvin: float, usual: float, found: Findings) -> float:
    """A property from the network's own fluid, or the usual one where it has none that can be read."""
    getter = getattr(net.fluid, f"get_{name}", None)
    value = float(np.squeeze(getter(kelvin))) if callable(getter) else _from_json(net.fluid, name, kelvin)
    if value > 0.0 and np.isfinite(value):
        return value
    text = f"{name} of the fluid cannot be read, and {usual:.4g} is taken"
    if text not in found.notes:
        found.note(text)
    return usual


def _from_json(fluid: Any, name: str, kelvin: float) -> float:
    """A property that is a constant or straight between points; NaN where it is anything else."""
    inside = _unpacked(fluid)
    properties = inside.get("all_properties") if isinstance(inside, dict) else None
    body = _unpacked(properties.get(name)) if isinstance(properties, dict) else None
    try:
        if not isinstance(body, dict):
            return np.nan
        if "value" in body:
            return float(_unpacked(body["value"]))
        x, y = (np.array([float(_unpacked(item)) for item in _unpacked(body[axis])]) for axis in ("x", "y"))
        return float(np.interp(kelvin, x, y))
    except (KeyError, TypeError, ValueError):
        return np.nan


def _unpacked(value: Any) -> Any:
    """What an object in a file holds, as plain JSON."""
    inside = value.get("_object") if isinstance(value, dict) and "_object" in value else value
    if not isinstance(inside, str) or inside is value:
        return inside
    try:
        return json.loads(inside)
    except (ValueError, RecursionError):
        return None
