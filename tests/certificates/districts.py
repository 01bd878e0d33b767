"""Random districts with transformers and every kind of device that ramps, switches or gives reactive power."""

import numpy as np

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load


def random_district(seed: int, steps: int = 6, iron: float = 0.002) -> Case:
    """A substation transformer, a medium-voltage feeder, a station with a low-voltage branch, random devices on it.

    ``iron`` is the loss of the transformers without load, over their rating.
    """
    random = np.random.default_rng(seed)
    at = [("mv1", "mv2", "lv1", "lv2")[int(k)] for k in random.integers(0, 4, 6)]
    kv = {"top": 110.0, "mv1": 20.0, "mv2": 20.0, "lv1": 0.4, "lv2": 0.4}
    station = ("mv2", "lv1") if random.random() < 0.5 else ("lv1", "mv2")
    profiles = {
        "interfaces/grid/price_per_mwh": random.uniform(10.0, 80.0, steps).tolist(),
        "loads/load-lv2/p_mw": (0.2 * random.uniform(0.5, 1.5, steps)).tolist(),
        "renewables/pv/p_mw": random.uniform(0.0, 0.5, steps).tolist(),
    }
    more_q, most_in = float(random.uniform(0.0, 0.5)), float(random.uniform(2.0, 6.0))
    return district(
        profiles,
        steps=steps,
        step_minutes=float(random.choice([15.0, 60.0])),
        buses=[bus(name, vn_kv=kv[name]) for name in kv],
        lines=[
            line("mv", "mv1", "mv2", 1.6, 1.2, c_nf_per_km=1000.0, max_i_ka=0.2),
            line("lv", "lv2", "lv1", 0.01, 0.004, max_i_ka=1.2),
        ],
        transformers=[
            _transformer(random, "main", ("top", "mv1"), 20.0, 5.0, iron),
            _transformer(random, "station", station, kv[station[1]], 0.63, iron),
        ],
        interfaces=[{**interface(sell_ratio=0.9), "bus": "top", "max_import_mw": most_in}],
        generators=[
            _generator(random, "climber", at[0]),
            _generator(random, "starter", at[1], start_cost=3.0, **_times(random)),
        ],
        renewables=[{"renewable": "pv", "bus": at[2], "kind": "pv", "p_mw": 0.1, "sn_mva": 0.5}],
        loads=[load("mv1", 0.8, 0.3), load("mv2", 0.6, 0.2), load("lv2", 0.2, 0.05)],
        controllable=[
            _controllable(random, "load-mv2", ramp_up_mw_per_h=float(random.uniform(0.1, 2.0))),
            _controllable(random, "load-lv2", min_p_mw=0.05, **_times(random)),
        ],
        unserved=[{"load": "load-mv1", "price_per_mwh": float(random.uniform(60.0, 200.0))}],
        compensators=[{"compensator": "svc", "bus": at[3], "min_q_mvar": -0.2, "max_q_mvar": more_q}],
        capacitors=[
            {"capacitor": "free", "bus": at[4], "q_mvar": 0.3},
            {"capacitor": "stepped", "bus": at[5], "q_mvar": 0.3, "steps": int(random.integers(1, 4))},
        ],
    )


def _transformer(
    random: np.random.Generator, name: str, ends: tuple[str, str], kv: float, mva: float, iron: float
) -> dict[str, object]:
    """``kv`` is the nominal voltage at the to end."""
    ohm, ratio = kv**2 / mva, float(random.uniform(0.96, 1.04))
    shunts = {"g_us": iron / ohm * 1e6, "b_us": -4.0 * iron / ohm * 1e6}
    made = {"transformer": name, "from_bus": ends[0], "to_bus": ends[1], "max_s_mva": mva, "ratio": ratio}
    return {**made, **shunts, "r_ohm": 0.01 * ohm, "x_ohm": 0.06 * ohm}


def _times(random: np.random.Generator) -> dict[str, object]:
    return {"committable": True, "min_up_h": float(random.integers(0, 3)), "min_down_h": float(random.integers(0, 3))}


def _generator(random: np.random.Generator, name: str, at: str, **more: object) -> dict[str, object]:
    ramps = {f"ramp_{way}_mw_per_h": float(random.uniform(0.05, 1.0)) for way in ("up", "down")}
    costs = {"cost_per_mwh": float(random.uniform(20.0, 60.0)), "cost_per_mw2h": float(random.choice([0.0, 15.0]))}
    reactive = {"min_q_mvar": -0.1, "max_q_mvar": 0.1}
    return {"generator": name, "bus": at, "min_p_mw": 0.1, "max_p_mw": 0.5, **ramps, **costs, **reactive, **more}


def _controllable(random: np.random.Generator, name: str, **more: object) -> dict[str, object]:
    return {"load": name, "max_p_mw": 0.3, "benefit_per_mwh": float(random.uniform(20.0, 70.0)), **more}
