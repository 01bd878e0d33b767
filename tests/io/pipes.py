"""Small networks of pandapipes with a supply and a return side."""

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandapipes as pps

AMBIENT = 283.15


def double(net: Any, start: int, end: int, length_km: float, diameter_mm: float = 100.0, **more: Any) -> None:
    """A supply pipe from junction ``start`` to ``end``, and the return pipe between junctions 100 higher."""
    sizes = {"k_mm": 0.1, "u_w_per_m2k": 1.2, "text_k": AMBIENT, "sections": 4} | more
    for first, last in ((start, end), (end + 100, start + 100)):
        pps.create_pipe_from_parameters(net, first, last, length_km, diameter_mm, **sizes)


def district(nodes: int) -> Any:
    """A pump at junctions 0 and 100, and the junctions of other nodes."""
    net = pps.create_empty_network(name="district", fluid="water")
    for side, kelvin in ((0, 355.0), (100, 325.0)):
        for node in range(nodes):
            place = (float(node), side / 100.0)
            pps.create_junction(net, 5.0, kelvin, index=node + side, geodata=place)
    pps.create_circ_pump_const_pressure(net, 100, 0, p_flow_bar=8.0, plift_bar=3.0, t_flow_k=358.15)
    return net


def consumer(net: Any, node: int, **set_points: float) -> None:
    pps.create_heat_consumer(net, node, node + 100, **set_points)


def tree() -> Any:
    """0 - 1 - 2, 1 - 3, with consumers of all kinds of set-points."""
    net = district(4)
    double(net, 0, 1, 0.4, 125.0, loss_coefficient=1.5, sections=1)
    double(net, 1, 2, 0.3)
    double(net, 3, 1, 0.2, 80.0, outer_diameter_mm=110.0)
    consumer(net, 1, qext_w=2e5, controlled_mdot_kg_per_s=1.5)
    consumer(net, 2, qext_w=5e5, deltat_k=32.0)
    consumer(net, 3, controlled_mdot_kg_per_s=1.2, deltat_k=25.0)
    return net
