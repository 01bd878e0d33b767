"""pandapipes networks: the same temperatures and flows, both sides paired, what is refused, hostile files."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandapipes as pps
    import pandapipes.networks as nw

    from tests.io.pipes import AMBIENT, consumer, district, double, tree

CELSIUS = 273.15


def imported(net: Any, **options: Any) -> tuple[gp.Case, list[str]]:
    told: list[str] = []
    return gp.from_pandapipes(net, **{"price": 50.0, **options}, tell=told.append), told


def refused(net: Any, **options: Any) -> str:
    with pytest.raises(gp.InputError) as caught:
        gp.from_pandapipes(net, **{"price": 50.0, **options}, tell=str)
    return str(caught.value)


def solved(net: Any) -> Any:
    pps.pipeflow(net, mode="bidirectional", friction_model="colebrook", iter=100, tol_m=1e-9, tol_p=1e-9, tol_T=1e-7)
    return net


def loop() -> Any:
    """0 - 1 - 2 - 3 - 0, with consumers at 1, 2 and 3."""
    net = district(4)
    for start, end, length in ((0, 1, 0.4), (1, 2, 0.5), (2, 3, 0.35), (0, 3, 0.3)):
        double(net, start, end, length, 80.0)
    for node, heat in ((1, 3e5), (2, 4e5), (3, 2e5)):
        consumer(net, node, qext_w=heat, controlled_mdot_kg_per_s=heat / 1.3e5)
    return net


def two_pumps() -> Any:
    """The tree with a pump of constant flow and the same temperature at 3."""
    net = tree()
    net.heat_consumer.drop(2, inplace=True)
    consumer(net, 3, qext_w=1e5, controlled_mdot_kg_per_s=0.8)
    pps.create_circ_pump_const_mass_flow(net, 103, 3, p_flow_bar=8.0, mdot_flow_kg_per_s=1.5, t_flow_k=358.15)
    net.circ_pump_mass.type = "t"
    return net


# --- the same numbers ---------------------------------------------------------------------------------------------


def assert_same_state(net: Any, **options: Any) -> gp.Run:
    """Flows, temperatures and the heat of the pump are those of pandapipes, whose water varies with temperature."""
    case, _ = imported(solved(net), **options)
    run = gp.clear(case, price_probes=0)
    assert run.certificate.verdict == "certified"
    nodes = run.table("heat_nodes").set_index("node")
    supply = net.res_junction.t_k.loc[[int(node) for node in nodes.index]].to_numpy() - CELSIUS
    np.testing.assert_allclose(nodes["supply_degc"], supply, rtol=0.0, atol=0.02)
    back = net.res_junction.t_k.loc[[int(node) + 100 for node in nodes.index]].to_numpy() - CELSIUS
    np.testing.assert_allclose(nodes["return_degc"], back, rtol=0.0, atol=0.1)
    pipes = run.table("pipes").set_index("pipe")
    rows = [int(pipe.removeprefix("pipe-")) for pipe in pipes.index]
    flows = net.res_pipe.mdot_from_kg_per_s.loc[rows].to_numpy()
    np.testing.assert_allclose(pipes["flow_kg_per_s"], flows, rtol=5e-3, atol=1e-3)
    heat = net.res_circ_pump_pressure.qext_w.sum() / 1e6
    dispatch = run.table("dispatch").set_index("device")
    assert dispatch.loc["boiler-circ_pump_pressure-0", "heat_mw"] == pytest.approx(heat, rel=2e-3)
    return run


@pytest.mark.parametrize("make", [tree, loop], ids=lambda make: str(make.__name__))
def test_the_state_of_a_network(make: Callable[[], Any]) -> None:
    net = make()
    run = assert_same_state(net)
    pipes = run.table("pipes").set_index("pipe")
    fall = net.res_pipe.p_from_bar - net.res_pipe.p_to_bar
    expected = [abs(fall[int(pipe.removeprefix("pipe-"))]) for pipe in pipes.index]
    np.testing.assert_allclose(pipes["pressure_drop_bar"].abs(), expected, rtol=2e-2, atol=2e-4)


def test_the_price_of_heat_is_that_of_electricity_or_the_given_one() -> None:
    for options, price in (({}, 50.0), ({"heat_price": 31.0}, 31.0)):
        case, told = imported(tree(), **options)
        table = "gas_boilers" if options else "electric_boilers"
        assert case.count("gas_boilers") + case.count("electric_boilers") == case.count(table) == 1
        prices = gp.clear(case, price_probes=0).table("heat_prices").set_index("node")["source_price_per_mwh"]
        assert prices["0"] == pytest.approx(price, rel=1e-6)
        assert any("what heats the water is not known" in line for line in told)


# --- what becomes what --------------------------------------------------------------------------------------------


def test_pipes_keep_their_sizes_and_lose_heat_through_their_outer_diameter() -> None:
    case, _ = imported(tree())
    pipes = case.tables["pipes"].set_index("pipe")
    assert list(pipes.index) == ["pipe-0", "pipe-2", "pipe-4"]
    columns = ["from_node", "to_node", "length_m", "diameter_mm", "roughness_mm", "loss_coefficient"]
    assert pipes.loc["pipe-0", columns].tolist() == ["0", "1", 400.0, 125.0, 0.1, 1.5]
    assert pipes.loc["pipe-4", "heat_transfer_w_per_mk"] == pytest.approx(1.2 * np.pi * 0.110)
    assert pipes.loc["pipe-2", "heat_transfer_w_per_mk"] == pytest.approx(1.2 * np.pi * 0.100)
    assert case.column("heat_networks", "ambient_degc").tolist() == [pytest.approx(AMBIENT - CELSIUS)]
    assert case.column("heat_nodes", "x").tolist() == [0.0, 1.0, 2.0, 3.0]


def test_consumers_by_their_set_points() -> None:
    net = tree()
    consumer(net, 2, qext_w=1e5, treturn_k=318.15)
    consumer(net, 2, controlled_mdot_kg_per_s=1.0, treturn_k=328.15)
    loads = imported(net)[0].tables["heat_loads"].set_index("heat_load")
    loads.index = loads.index.str.removeprefix("heat_consumer-")
    capacity = imported(net)[0].column("heat_networks", "heat_capacity_j_per_kgk")[0]
    assert capacity == pytest.approx(net.fluid.get_heat_capacity(343.0), rel=1e-3)
    assert loads.loc["0", ["node", "heat_mw", "flow_kg_per_s"]].tolist() == ["1", 0.2, 1.5]
    assert loads.loc["1", ["heat_mw", "design_drop_k"]].tolist() == [0.5, 32.0]
    assert loads.loc["2", "heat_mw"] == pytest.approx(1.2 * capacity * 25.0 / 1e6)
    # Supply water of 85 degrees.
    assert loads.loc["3", ["heat_mw", "design_drop_k", "return_degc"]].tolist() == pytest.approx([0.1, 40.0, 45.0])
    assert loads.loc["4", "heat_mw"] == pytest.approx(capacity * 30.0 / 1e6)
    assert loads["flow_kg_per_s"].isna().tolist() == [False, True, False, True, False]


def test_the_pump_holds_its_temperature_and_pumps_what_consumers_take() -> None:
    case, told = imported(tree())
    limits = case.tables["heat_nodes"].set_index("node")[["supply_min_degc", "supply_max_degc"]]
    assert limits.loc["0"].tolist() == pytest.approx([85.0, 85.0])
    assert limits.drop("0").eq([0.0, 250.0]).all(axis=None)  # liquid water, nothing more
    assert np.isnan(case.column("heat_sources", "flow_kg_per_s")).tolist() == [True]
    assert case.tables["heat_sources"].loc[0, ["heat_source", "bus"]].tolist() == ["circ_pump_pressure-0", "grid"]
    assert "pumps lift water only as far as consumers need, whatever their pressure: circ_pump_pressure-0" in told


def test_a_second_pump_of_constant_flow() -> None:
    net = two_pumps()
    case, _ = imported(net)
    flow = case.column("heat_sources", "flow_kg_per_s")
    assert case.ids("heat_sources") == ["circ_pump_pressure-0", "circ_pump_mass-0"]
    assert (np.isnan(flow[0]), flow[1]) == (True, 1.5)
    # Neither holds the temperature of a mixture, both may reach it.
    assert case.tables["heat_nodes"]["supply_min_degc"].eq(0.0).all()
    assert case.column("heat_nodes", "supply_max_degc")[[0, 3]].tolist() == pytest.approx([85.0, 85.0])


def test_pumps_of_constant_pressure_take_their_flows_from_results() -> None:
    net = tree()
    pps.create_circ_pump_const_pressure(net, 103, 3, p_flow_bar=7.9, plift_bar=2.8, t_flow_k=358.15)
    assert "flow of circ_pump_pressure-1 beside another pump is not known" in refused(net)
    flow = 2.5
    net["res_circ_pump_pressure"] = net.circ_pump_pressure.assign(mdot_from_kg_per_s=[3.0, flow])
    assert imported(net)[0].column("heat_sources", "flow_kg_per_s").tolist() == [
        pytest.approx(np.nan, nan_ok=True),
        flow,
    ]


def test_pumps_of_constant_flow_alone() -> None:
    net = loop()
    net.circ_pump_pressure.drop(0, inplace=True)
    for node, flow in ((0, 5.0), (2, 2.0)):
        pps.create_circ_pump_const_mass_flow(net, node + 100, node, 8.0, flow, t_flow_k=358.15)
    case, told = imported(net)
    assert np.isnan(case.column("heat_sources", "flow_kg_per_s")).tolist() == [True, False]
    assert "pumps what the consumers take: circ_pump_mass-0" in told


def test_losses_at_bends_count_once() -> None:
    net = tree()
    assert not any("loss_coefficient" in line for line in imported(net)[1])
    net.pipe["sections"] = 3
    assert sum("loss_coefficient counts once for each pipe" in line for line in imported(net)[1]) == 1


def test_a_heat_exchanger_behind_a_flow_control() -> None:
    net = tree()
    middle = pps.create_junction(net, 5.0, 350.0, index=50)
    pps.create_flow_control(net, 2, middle, controlled_mdot_kg_per_s=0.7)
    pps.create_heat_exchanger(net, middle, 102, qext_w=8e4, inner_diameter_mm=50.0)
    loads = imported(net)[0].tables["heat_loads"].set_index("heat_load")
    assert loads.loc["heat_exchanger-0", ["node", "heat_mw", "flow_kg_per_s"]].tolist() == ["2", 0.08, 0.7]


def test_a_heat_exchanger_alone_needs_results() -> None:
    net = tree()
    pps.create_heat_exchanger(net, 102, 2, qext_w=8e4, inner_diameter_mm=50.0)
    assert "1 element(s): takes an unknown flow" in refused(net)
    net["res_heat_exchanger"] = net.heat_exchanger.assign(mdot_from_kg_per_s=[-0.9])  # from 2 to 102
    loads = imported(net)[0].tables["heat_loads"].set_index("heat_load")
    assert loads.loc["heat_exchanger-0", ["node", "flow_kg_per_s"]].tolist() == ["2", 0.9]


def test_sinks_of_a_network_without_return_pipes() -> None:
    case, told = imported(nw.heat_transfer_two_pipes())
    assert case.count("heat_loads") == 2
    net = nw.heat_transfer_two_pipes()
    assert case.column("heat_loads", "flow_kg_per_s").tolist() == net.sink.mdot_kg_per_s.tolist()
    capacity = case.column("heat_networks", "heat_capacity_j_per_kgk")[0]
    heat = net.sink.mdot_kg_per_s.to_numpy() * capacity * 30.0 / 1e6
    np.testing.assert_allclose(case.column("heat_loads", "heat_mw"), heat, rtol=1e-9)
    assert "there is no circulation pump: every pipe stands for a supply and a return pipe" in told


def test_supply_temperatures_of_a_network_without_return_pipes() -> None:
    net = nw.heat_transfer_two_pipes()
    pps.pipeflow(net, mode="sequential", iter=100)
    case, _ = imported(net)
    nodes = gp.clear(case, price_probes=0).table("heat_nodes").set_index("node")
    expected = net.res_junction.t_k.loc[[int(node) for node in nodes.index]].to_numpy() - CELSIUS
    np.testing.assert_allclose(nodes["supply_degc"], expected, rtol=0.0, atol=0.3)


def test_a_town_comes_in_from_its_file_as_from_memory(tmp_path: Path) -> None:
    """488 junctions, loops, valves, pipes without length; from the file without an object being made."""
    net = nw.schutterwald_heat()
    pps.to_json(net, str(tmp_path / "net.json"))
    case, told = imported(net)
    again, told_again = imported(tmp_path / "net.json")
    assert told == told_again
    assert case.count("heat_loads") == 44
    assert case.column("heat_loads", "heat_mw").sum() == pytest.approx(net.heat_consumer.qext_w.sum() / 1e6)
    for name in gp.SCHEMA:
        assert case.tables[name].equals(again.tables[name]), name
    assert case.count("pipes") == case.count("heat_nodes") - 1


def test_profiles_and_prices_over_time(tmp_path: Path) -> None:
    hours = "snapshot,{}\n2024-01-15T06:00:00Z,{}\n2024-01-15T07:00:00Z,{}\n"
    (tmp_path / "prices.csv").write_text(hours.format("price_per_mwh", 60, 80), encoding="utf-8")
    path = "heat_loads/heat_consumer-1/heat_mw"
    (tmp_path / "profiles.csv").write_text(hours.format(path, 0.5, 0.3), encoding="utf-8")
    case, _ = imported(tree(), price=tmp_path / "prices.csv", profiles=tmp_path / "profiles.csv", interface="station")
    assert case.series("heat_loads", "heat_mw")[1].tolist() == [0.5, 0.3]
    assert case.series("interfaces", "price_per_mwh").tolist() == [[60.0, 80.0]]
    assert case.ids("buses") == ["station"]


# --- the two sides ------------------------------------------------------------------------------------------------


def test_a_mirror_is_found_whatever_the_numbers_and_directions() -> None:
    """Junctions without consumers have no partner that is known; sizes and neighbours tell."""
    chance = np.random.default_rng(5)
    net = pps.create_empty_network(fluid="water")
    numbers = chance.permutation(200)[:60]
    supply, back = numbers[:30], numbers[30:]
    for number in numbers:
        pps.create_junction(net, 5.0, 350.0, index=int(number))
    pps.create_circ_pump_const_pressure(net, int(back[0]), int(supply[0]), 8.0, 3.0, t_flow_k=358.15)
    ends = [(int(chance.integers(0, node)), node) for node in range(1, 30)] + [(3, 17), (8, 25)]
    sizes = {"inner_diameter_mm": 100.0, "u_w_per_m2k": 1.0, "text_k": AMBIENT}
    for side in (supply, back):
        for number in chance.permutation(len(ends)):
            start, end = ends[number] if chance.random() < 0.5 else ends[number][::-1]
            length = 0.1 + 0.01 * (number % 3)
            pps.create_pipe_from_parameters(net, int(side[start]), int(side[end]), length, **sizes)
    leaves = set(range(1, 30)) - {start for start, _ in ends}
    for node in leaves:
        pps.create_heat_consumer(net, int(supply[node]), int(back[node]), qext_w=1e5, deltat_k=30.0)
    case, _ = imported(net)
    assert case.count("pipes") == len(ends)
    expected = {frozenset(str(supply[node]) for node in pair) for pair in ends}
    frame = case.tables["pipes"]
    assert {frozenset(pair) for pair in zip(frame["from_node"], frame["to_node"], strict=True)} == expected


def test_two_ways_that_look_alike_may_be_paired_either_way() -> None:
    net = district(4)
    for start, end in ((0, 1), (0, 2), (1, 3), (2, 3)):
        double(net, start, end, 0.3)
    double(net, 0, 3, 0.5, 80.0)
    double(net, 0, 3, 0.6, 90.0)
    consumer(net, 3, qext_w=5e5, deltat_k=30.0)
    pipes = imported(net)[0].tables["pipes"].set_index("pipe")
    assert len(pipes) == 6
    assert pipes.loc[["pipe-8", "pipe-10"], ["length_m", "diameter_mm"]].to_numpy().tolist() == [[500, 80], [600, 90]]


def test_an_open_valve_joins_and_a_closed_one_does_not() -> None:
    net = tree()
    for node in (4, 104):
        pps.create_junction(net, 5.0, 330.0, index=node)
    pps.create_valve(net, 2, 4, "ju", 100.0)
    pps.create_valve(net, 102, 104, "ju", 100.0)
    pps.create_valve(net, 2, 102, "ju", 100.0, opened=False)
    consumer(net, 4, qext_w=1e5, deltat_k=30.0)
    case, _ = imported(net)
    assert case.tables["heat_loads"]["node"].tolist() == ["1", "2", "3", "2"]
    net.valve.loc[0, "opened"] = False
    assert "is not between the supply and the return side" in refused(net)
    net.valve.loc[[0, 2], "opened"] = True
    assert "hang together through pipes or open valves" in refused(net)


def test_dead_ends_and_pipes_out_of_service_are_left_out() -> None:
    net = tree()
    for node in (4, 104):
        pps.create_junction(net, 5.0, 330.0, index=node)
    double(net, 2, 4, 0.1)
    double(net, 0, 2, 0.9, in_service=False)
    case, told = imported(net)
    assert case.ids("heat_nodes") == ["0", "1", "2", "3"]
    assert case.count("pipes") == 3
    assert "no water flows through these junctions, which are left out: 4" in told
    assert "pipes out of service or shut are left out: pipe-8, pipe-9" in told


SPOILED: dict[str, tuple[Callable[[Any], object], str]] = {
    "a return pipe missing": (
        lambda net: net.pipe.drop(3, inplace=True),
        "is not between the supply and the return side",
    ),
    "another way back": (
        lambda net: net.pipe.loc.__setitem__((3, "to_junction"), 103),
        "supply and return pipes do not mirror each other",
    ),
    "another length back": (
        lambda net: net.pipe.loc.__setitem__((3, "length_km"), 0.4),
        "length_m of supply pipes differs from their return pipes",
    ),
    "another ground": (lambda net: net.pipe.loc.__setitem__((3, "text_k"), 290.0), "text_k differs from pipe to pipe"),
    "consumer turned round": (
        lambda net: pps.create_heat_consumer(net, 102, 2, qext_w=1e5, deltat_k=30.0),
        "takes water from the return side",
    ),
    "consumer that gives heat": (lambda net: consumer(net, 2, qext_w=-1e5, deltat_k=-30.0), "gives heat"),
    "consumer across": (
        lambda net: pps.create_heat_consumer(net, 2, 103, qext_w=1e5, deltat_k=30.0),
        "returns water to another junction",
    ),
    "one set-point": (
        lambda net: net.heat_consumer.loc.__setitem__((0, "qext_w"), np.nan),
        "has other than two set-points",
    ),
    "sink": (lambda net: pps.create_sink(net, 2, 0.1), "sink takes water out of a closed circuit"),
    "source": (lambda net: pps.create_source(net, 102, 0.1), "1 element(s) of source are not supported"),
    "external grid": (
        lambda net: pps.create_ext_grid(net, 0, 8.0, 350.0),
        "ext_grid takes water out of a closed circuit",
    ),
    "pump within": (
        lambda net: pps.create_pump_from_parameters(net, 1, 2, "p"),
        "1 element(s) of pump are not supported",
    ),
    "pressure control": (
        lambda net: pps.create_pressure_control(net, 1, 2, 2, 5.0),
        "1 element(s) of press_control are not supported",
    ),
    "flow control alone": (
        lambda net: pps.create_flow_control(net, 2, 102, 0.1),
        "is not in series with a heat exchanger",
    ),
    "no pump": (lambda net: net.circ_pump_pressure.drop(0, inplace=True), "nothing feeds the network"),
    "no temperature": (
        lambda net: net.circ_pump_pressure.__setitem__("t_flow_k", np.nan),
        "no station holds a supply temperature",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_a_case_cannot_hold_is_refused(name: str) -> None:
    net = tree()
    spoil, message = SPOILED[name]
    spoil(net)
    assert message in refused(net)


SKIPPED = ["another length back", "another ground", "sink", "source", "consumer turned round", "flow control alone"]


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_not_supported_can_be_skipped(name: str) -> None:
    net = tree()
    SPOILED[name][0](net)
    case, told = imported(net, skip_unsupported=True)
    assert (case.count("heat_loads"), case.count("pipes")) == (3, 3)
    assert any("left out" in line for line in told)


def test_all_unsupported_elements_come_out_at_once() -> None:
    net = tree()
    for name in ("sink", "source", "pressure control", "consumer that gives heat"):
        SPOILED[name][0](net)
    text = refused(net)
    assert all(SPOILED[name][1] in text for name in ("sink", "source", "pressure control", "consumer that gives heat"))


def test_a_gas_is_refused() -> None:
    assert "a gas flows through the network" in refused(nw.gas_meshed_square())


# --- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> Path:
    pps.to_json(tree(), str(tmp_path / "net.json"))
    return tmp_path / "net.json"


def test_water_is_that_of_the_file(written: Path) -> None:
    case, _ = imported(written)
    assert case.tables["heat_networks"].equals(imported(tree())[0].tables["heat_networks"])


def test_water_that_cannot_be_read_is_the_usual_one(written: Path) -> None:
    document = json.loads(written.read_text(encoding="utf-8"))
    document["_object"]["fluid"] = {"_class": "Fluid", "_object": "{}"}
    written.write_text(json.dumps(document), encoding="utf-8")
    case, told = imported(written)
    assert case.column("heat_networks", "heat_capacity_j_per_kgk").tolist() == [4182.0]
    assert sum("of the fluid cannot be read" in line for line in told) == 3


def test_code_in_a_file_does_not_run(written: Path, tmp_path: Path) -> None:
    """pandapipes' own reader would make any object whose class a file names."""
    document = json.loads(written.read_text(encoding="utf-8"))
    trace = tmp_path / "trace"
    deed = {"_module": "os", "_class": "function", "_object": f"os.mkdir({str(trace)!r})"}
    document["_object"] |= {"fluid": deed, "deed": deed, "std_types": deed}
    written.write_text(json.dumps(document), encoding="utf-8")
    imported(written)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "this is no pandapipes network"),
        ('{"_class": "pandapowerNet", "_object": {"junction": 1}}', "this is no pandapipes network"),
        ('{"_class": "pandapipesNet", "_object": {}}', "this is no pandapipes network"),
        ('{"_class": "pandapipesNet", "_object": {"junction": 1}}', "junction is no table"),
    ],
)
def test_files_that_are_none(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(content, encoding="utf-8")
    assert message in refused(tmp_path / "net.json")


def test_cells_that_are_none(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace('\\"from_junction\\"', '\\"from\\"'), encoding="utf-8")
    assert "table pipe has no column from_junction" in refused(written)
    net = tree()
    net.pipe.loc[0, "from_junction"] = 77
    assert "from_junction of pipe 0 is no junction" in refused(net)
