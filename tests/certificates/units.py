"""A district with every kind of device that switches, ramps or gives reactive power, for the tests of the judges.

Four hours at 10, 60, 60 and 30 per MWh. The generator "slow" climbs towards the dear hours, "cold" starts for them and
must run for two hours, "blocks" offers in two blocks; one customer follows the price within a ramp, another one is
switched; in the third hour too little can be imported and demand stays unserved.
"""

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load

STEPS = 4
UNSERVED = 70.0


def generator(name: str, cost: float, most: float, **more: object) -> dict[str, object]:
    return {"generator": name, "bus": "2", "max_p_mw": most, "cost_per_mwh": cost, **more}


def units_case(step_minutes: float = 60.0) -> Case:
    """Shorter steps make the ramps and minimum times tell in another way."""
    climbing = {"ramp_up_mw_per_h": 0.5, "ramp_down_mw_per_h": 0.4, "cost_per_mw2h": 2.0}
    switching = {"committable": True, "min_p_mw": 0.5, "min_up_h": 2.0, "min_down_h": 2.0, "start_cost": 5.0}
    following = {"load": "load-2", "max_p_mw": 1.0, "benefit_per_mwh": 50.0, "q_mvar_per_mw": 0.1}
    switched = {"load": "load-1", "min_p_mw": 0.5, "max_p_mw": 0.8, "benefit_per_mwh": 45.0, "committable": True}
    battery = {"energy_mwh": 1.0, "charge_mw": 0.4, "discharge_mw": 0.4, "initial_mwh": 0.3, "loss_per_hour": 0.01}
    return district(
        {
            "interfaces/grid/price_per_mwh": [10.0, 60.0, 60.0, 30.0],
            "interfaces/grid/max_import_mw": [9.0, 9.0, 1.0, 9.0],
        },
        steps=STEPS,
        step_minutes=step_minutes,
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", r=0.3, x=0.6)],
        interfaces=[interface(sell_ratio=0.9)],
        generators=[
            generator("slow", 40.0, 3.0, **climbing),
            generator("cold", 30.0, 1.0, cost_per_h=2.0, **switching),
            generator("blocks", 0.0, 0.6, ramp_down_mw_per_h=0.25),
        ],
        offers=[
            {"offer": "low", "generator": "blocks", "p_mw": 0.2, "cost_per_mwh": 35.0},
            {"offer": "high", "generator": "blocks", "p_mw": 0.4, "cost_per_mwh": 58.0},
        ],
        storages=[{"storage": "cell", "bus": "2", "efficiency_charge": 0.95, "efficiency_discharge": 0.9, **battery}],
        loads=[load("1", 0.3), load("2", 4.0, 1.0)],
        shiftable=[{"load": "load-2", "energy_mwh": 0.5 * step_minutes / 60.0, "min_p_mw": 0.05, "max_p_mw": 0.3}],
        controllable=[{**following, "ramp_down_mw_per_h": 0.3, "ramp_up_mw_per_h": 2.0}, switched],
        unserved=[{"load": "load-2", "price_per_mwh": UNSERVED}],
        compensators=[{"compensator": "svc", "bus": "2", "min_q_mvar": -0.2, "max_q_mvar": 0.3}],
        capacitors=[
            {"capacitor": "free", "bus": "2", "q_mvar": 0.3},
            {"capacitor": "stepped", "bus": "2", "q_mvar": 0.4, "steps": 2},
        ],
    )
