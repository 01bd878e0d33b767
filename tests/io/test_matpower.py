"""MATPOWER files: published cases, the format's own model, costs by hand, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridpact as gp
from tests.io.powerflow import matpower_voltages, voltages

CASES = Path(__file__).resolve().parents[1] / "cases"
EXPECTED = json.loads((CASES / "matpower/expected.json").read_text(encoding="utf-8"))

BUS = [[1, 3, 0, 0, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9], [2, 1, 10, 4, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9]]
GEN = [[1, 0, 0, 50, -50, 1.02, 100, 1, 60, 0]]
BRANCH = [[1, 2, 0.01, 0.05, 0.02, 0, 0, 0, 0, 0, 1, -360, 360]]
GENCOST = [[2, 0, 0, 2, 20, 0]]

Write = Callable[..., Path]


def matrix(name: str, rows: list[list[float]]) -> str:
    return f"mpc.{name} = [\n" + "".join("\t" + "\t".join(map(str, row)) + ";\n" for row in rows) + "];\n"


def text(
    bus: Any = BUS, gen: Any = GEN, branch: Any = BRANCH, gencost: Any = GENCOST, after: str = "", base: str = "100"
) -> str:
    matrices = {"bus": bus, "gen": gen, "branch": branch, "gencost": gencost}
    body = "".join(matrix(name, rows) for name, rows in matrices.items() if rows is not None)
    return f"function mpc = small\nmpc.version = '2';\nmpc.baseMVA = {base};\n{body}{after}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A small case file, with matrices replaced and statements added."""

    def made(content: str | None = None, **parts: Any) -> Path:
        path = tmp_path / "small.m"
        path.write_text(text(**parts) if content is None else content, encoding="utf-8")
        return path

    return made


def imported(path: Path, **options: Any) -> tuple[gp.Case, list[str]]:
    told: list[str] = []
    return gp.from_matpower(path, tell=told.append, **options), told


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(gp.InputError) as caught:
        gp.from_matpower(path, **options)
    return str(caught.value)


# --- published cases ----------------------------------------------------------------------------------------------


def test_case33bw_is_the_packaged_feeder() -> None:
    """Ohm and kW in the file, with MATPOWER's conversions after the matrices."""
    case, _ = imported(CASES / "matpower/case33bw.m")
    packaged = gp.read_case(CASES / "case33bw/case")
    for name in ("from_bus", "to_bus"):
        assert case.tables["lines"][name].tolist() == packaged.tables["lines"][name].tolist()
    for table, name in (
        ("lines", "r_ohm_per_km"),
        ("lines", "x_ohm_per_km"),
        ("loads", "p_mw"),
        ("loads", "q_mvar"),
        ("buses", "vn_kv"),
    ):
        np.testing.assert_allclose(case.column(table, name), packaged.column(table, name), rtol=1e-13)
    assert case.lines_in_service().tolist() == packaged.lines_in_service().tolist()


def test_case33bw_loses_what_was_published() -> None:
    case, _ = imported(CASES / "matpower/case33bw.m", interface="1", price=50.0)
    vm, loss, radial = voltages(case, {"1": 1.0})
    published = EXPECTED["case33bw"]
    assert radial
    assert 1000.0 * loss == pytest.approx(published["loss_kw"], rel=1e-9)
    assert vm.min() == pytest.approx(published["vm_min_pu"], abs=1e-9)
    assert case.ids("buses")[int(vm.argmin())] == published["vm_min_bus"]


@pytest.mark.parametrize("name", ["case5", "case30"])
def test_direct_current_optimum_is_the_published_one(name: str) -> None:
    case, _ = imported(CASES / f"matpower/{name}.m")
    run = gp.clear(case, formulation="dc", price_probes=0)
    expected = EXPECTED[name]
    assert run.summary["objective"] == pytest.approx(expected["objective_per_h"], rel=1e-8)
    prices = run.table("electricity_prices")["price_per_mwh"]
    np.testing.assert_allclose(prices, np.broadcast_to(expected["price_per_mwh"], prices.size), atol=6e-5)
    dispatch = run.table("dispatch").query("kind == 'generator'")["p_mw"]
    np.testing.assert_allclose(dispatch, expected["p_mw"], atol=6e-4)
    np.testing.assert_allclose(run.table("branches")["p_mw"], expected["flow_mw"], atol=1e-3)


def test_case5_is_the_packaged_example() -> None:
    case, _ = imported(CASES / "matpower/case5.m")
    packaged = gp.read_case(gp.examples.path("pjm5-dc") / "case")
    for table, names in {
        "lines": ("r_ohm_per_km", "x_ohm_per_km", "max_i_ka"),
        "generators": ("max_p_mw", "min_q_mvar", "max_q_mvar", "cost_per_mwh", "slack"),
        "loads": ("p_mw", "q_mvar"),
    }.items():
        for name in names:
            np.testing.assert_allclose(case.column(table, name), packaged.column(table, name), rtol=1e-12)
    siemens = [c.column("lines", "c_nf_per_km") * c.frequency_hz for c in (case, packaged)]
    np.testing.assert_allclose(siemens[0], siemens[1], rtol=1e-12)


# --- the network --------------------------------------------------------------------------------------------------

MODEL_BUS = np.array(
    [
        [1, 3, 0, 0, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9],
        [2, 1, 8, 3, 0, 5, 1, 1, 0, 110, 1, 1.1, 0.9],
        [30, 1, 5, 2, 0.4, 0, 1, 1, 0, 20, 1, 1.1, 0.9],
        [4, 1, 3, -1, 0, 0, 1, 1, 0, 20, 1, 1.1, 0.9],
    ]
)
MODEL_BRANCH = np.array(
    [
        [1, 2, 0.02, 0.06, 0.05, 0, 0, 0, 0, 0, 1, -360, 360],
        [2, 30, 0.01, 0.08, -0.01, 0, 0, 0, 1.04, 30, 1, -360, 360],
        [30, 4, 0.3, 0.2, 0.001, 0, 0, 0, 0.97, 0, 1, -360, 360],
    ]
)


def test_taps_charging_shunts_and_shifts_follow_the_model_of_the_format(write: Write) -> None:
    """Against a power flow with MATPOWER's own admittance matrix; shifts change no magnitude in a radial network."""
    path = write(bus=MODEL_BUS.tolist(), branch=MODEL_BRANCH.tolist())
    case, told = imported(path)
    vm, _, radial = voltages(case, {"1": 1.03})
    expected = matpower_voltages(100.0, MODEL_BUS, MODEL_BRANCH, 1.03)
    assert radial
    np.testing.assert_allclose(vm, np.abs(expected), atol=1e-9)
    assert case.ids("lines") == ["1-2"]
    assert case.ids("transformers") == ["2-30", "30-4"]
    assert any("phase shifts change nothing" in line and "2-30" in line for line in told)


def test_equal_shifts_in_parallel_do_not_matter_and_different_ones_are_refused(write: Write) -> None:
    twice = [[1, 2, 0.0, 0.1, 0, 0, 0, 0, 1, 30, 1, -360, 360]] * 2
    case, _ = imported(write(branch=twice))
    assert case.ids("transformers") == ["1-2", "1-2#2"]
    different = [twice[0], [*twice[1][:9], 0, *twice[1][10:]]]
    message = refused(write(branch=different))
    assert "small.m, row 12" in message and "shifts the phase within a loop" in message
    skipped, told = imported(write(branch=different), skip_unsupported=True)
    assert skipped.count("transformers") == 2
    assert any(line.startswith("left out: small.m, row 12") for line in told)


def test_rates_are_currents_at_nominal_voltage(write: Write) -> None:
    branch = [[1, 2, 0, 0.1, 0, 40, 0, 0, 0, 0, 1, -360, 360], [1, 2, 0, 0.1, 0, 40, 0, 0, 1, 0, 1, -360, 360]]
    case, told = imported(write(branch=branch))
    assert case.column("lines", "max_i_ka")[0] == pytest.approx(40.0 / (np.sqrt(3.0) * 110.0))
    assert case.column("transformers", "max_s_mva")[0] == 40.0
    assert any("rateA" in line for line in told)


def test_what_is_out_of_service_or_isolated_is_left_out_and_told(write: Write) -> None:
    bus = [*BUS, [3, 4, 7, 0, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9]]
    gen = [*GEN, [2, 0, 0, 1, -1, 1, 100, 0, 5, 0], [3, 0, 0, 1, -1, 1, 100, 1, 5, 0]]
    branch = [*BRANCH, [2, 3, 0, 0.1, 0, 0, 0, 0, 0, 0, 1, -360, 360], [1, 2, 0, 0.1, 0, 0, 0, 0, 0, 0, 0, -360, 360]]
    case, told = imported(write(bus=bus, gen=gen, branch=branch, gencost=GENCOST * 3))
    assert case.ids("buses") == ["1", "2"]
    assert case.ids("generators") == ["gen-1"]
    assert case.flags("lines", "in_service").tolist() == [True, False]
    assert any(line == "isolated buses are left out: 3" for line in told)
    assert any(line == "generators out of service are left out: gen-2, gen-3" for line in told)
    assert any(line == "branches at isolated buses are left out: 2-3" for line in told)


def test_a_long_line_is_given_a_length_that_its_ohm_fit(write: Write) -> None:
    """At 500 kV and 100 MVA a reactance of 0.5 p.u. is 1250 ohm, more than any kilometre has."""
    bus = [[*row[:9], 500, *row[10:]] for row in BUS]
    case, _ = imported(write(bus=bus, branch=[[1, 2, 0.01, 0.5, 0, 0, 0, 0, 0, 0, 1, -360, 360]]))
    assert case.column("lines", "length_km")[0] == 10.0
    assert case.column("lines", "x_ohm_per_km")[0] == 125.0


# --- conversions --------------------------------------------------------------------------------------------------

COLUMNS = (
    "[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, ...\n"
    "    VA, BASE_KV, ZONE, VMAX, VMIN] = idx_bus;\n"
    "[F_BUS, T_BUS, BR_R, BR_X] = idx_brch;\n"
)
OHM = (
    "Vbase = mpc.bus(1, BASE_KV) * 1e3; % volts\nSbase = mpc.baseMVA * 1e6;\n"
    "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);\n"
)
KILOWATT = "mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;\n"
FACTOR = "pf = 0.8;\nmpc.bus(:, QD) = mpc.bus(:, PD) * {}(acos(pf));\n"


def test_ohm_and_kilowatt(write: Write) -> None:
    case, _ = imported(write(after=COLUMNS + OHM + KILOWATT))
    assert case.column("lines", "r_ohm_per_km")[0] == 0.01
    assert case.column("lines", "x_ohm_per_km")[0] == 0.05
    assert case.column("loads", "p_mw")[0] == 0.01 and case.column("loads", "q_mvar")[0] == 0.004


def test_columns_by_number_and_bases_in_the_struct(write: Write) -> None:
    after = (
        "mpc.Vbase = mpc.bus(1,10)*10^3;\nmpc.Sbase = mpc.baseMVA * 1e6;\n"
        "mpc.branch(:, [3, 4]) = mpc.branch(:, [3, 4]) / (mpc.Vbase^2 / mpc.Sbase);\n"
        "mpc.bus(:, [3, 4]) = mpc.bus(:, [3, 4]) / 1000;\n"
    )
    case, _ = imported(write(after=after))
    assert case.column("lines", "x_ohm_per_km")[0] == 0.05
    assert case.column("loads", "p_mw")[0] == 0.01


@pytest.mark.parametrize(
    ("after", "p", "q"),
    [
        (FACTOR.format("sin") + "mpc.bus(:, PD) = mpc.bus(:, PD) * pf;\n", 8.0, 6.0),
        (FACTOR.format("tan"), 10.0, 7.5),
    ],
    ids=["apparent power", "active power"],
)
def test_power_factor_splits_apparent_power(write: Write, after: str, p: float, q: float) -> None:
    """cos = 0.8, sin = 0.6, tan = 0.75 of 10 MVA or 10 MW."""
    case, _ = imported(write(after=COLUMNS + after))
    assert case.column("loads", "p_mw")[0] == pytest.approx(p, rel=1e-14)
    assert case.column("loads", "q_mvar")[0] == pytest.approx(q, rel=1e-14)


@pytest.mark.parametrize(
    "statement",
    [
        "mpc.bus(:, 3) = mpc.bus(:, 3) * 2;",
        "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);",
        "[PD, QD, PQ] = idx_bus;",
        "mpc.bus(2, PD) = 5;",
        "system('true');",
        "if 1, mpc.baseMVA = 1; end",
        "mpc.bus = mpc.bus * 2;",
        "mpc.gen = [mpc.gen; 1 2 3];",
        "pf = 1.5;",
        "x = mpc.bus';",
    ],
)
def test_any_other_statement_is_refused_with_its_line(write: Write, statement: str) -> None:
    lines = len(text().splitlines())
    message = refused(write(after=f"% a comment\n{statement}\n"))
    assert f"small.m, row {lines + 2}" in message


def test_writing_of_matrices_is_free(write: Write) -> None:
    """Commas, several rows in a line, missing semicolons, comments, continued rows, fractions, infinity."""
    content = (
        "function mpc = free\n%{\nmpc.bus = [];\n%}\nmpc.version = '2'; mpc.baseMVA = 50/3;\n"
        "mpc.bus = [ 1, 3, 0, 0, 0, 0, 1, 1, 0, 12/sqrt(3), 1, 1.1, .9 % a 'comment'\n"
        "2 1 1e0 0.5 0 0 1 1 0 ...\n 12/sqrt(3) 1 1.1 0.9; ];\n"
        "mpc.gen = [1 0 0 Inf -Inf 1 100 1 Inf 0];\n"
        "mpc.branch = [1 2 0.1 0.1 0 0 0 0 0 0 1; 1 2 0.1 0.1 0 0 0 0 0 0 0];\n"
        "mpc.bus_name = {\n'a; [b'; 'it''s'\n};\n"
    )
    case, told = imported(write(content))
    assert case.name == "free"
    np.testing.assert_allclose(case.column("buses", "vn_kv"), 12.0 / np.sqrt(3.0))
    assert case.column("lines", "r_ohm_per_km")[0] == pytest.approx(0.1 * 48.0 / (50.0 / 3.0))
    assert case.column("generators", "max_p_mw")[0] == 100.0
    assert any("no costs" in line for line in told)
    assert any("10 MW" in line or "100 MW" in line for line in told)


# --- costs --------------------------------------------------------------------------------------------------------


def test_polynomial_costs_are_kept(write: Write) -> None:
    """20 p + 0.5 p^2 + 7 per hour at 10 MW is 257, and the next MWh costs 20 + 2 x 0.5 x 10 = 30."""
    case, _ = imported(write(gencost=[[2, 5, 0, 3, 0.5, 20, 7]]))
    assert case.column("generators", "start_cost")[0] == 5.0
    run = gp.clear(case, formulation="dc", price_probes=0)
    assert run.summary["objective"] == pytest.approx(257.0, rel=1e-7)
    assert run.table("electricity_prices")["price_per_mwh"].to_numpy() == pytest.approx(30.0, rel=1e-6)


def test_convex_pieces_become_offers(write: Write) -> None:
    """Points (5, 120), (15, 320), (40, 1070): slopes 20 and 30, the first of which reaches down to 20 per hour at 0."""
    case, _ = imported(write(gencost=[[1, 0, 0, 3, 5, 120, 15, 320, 40, 1070]]))
    assert case.column("generators", "cost_per_h")[0] == 20.0
    assert case.column("offers", "cost_per_mwh").tolist() == [20.0, 30.0]
    assert case.column("offers", "p_mw").tolist() == [15.0, 45.0]
    assert gp.clear(case, formulation="dc", price_probes=0).summary["objective"] == pytest.approx(220.0, rel=1e-7)


def test_a_dispatchable_load_bids(write: Write) -> None:
    """Worth 50 for the first 4 MW and 25 for the next 2, at power factor q/p = 0.5; energy costs 30."""
    gen = [*GEN, [2, -6, -3, 0, -3, 1, 100, 1, 0, -6]]
    cost = [[2, 0, 0, 2, 30, 0, 0, 0, 0, 0], [1, 0, 0, 3, -6, -250, -4, -200, 0, 0]]
    case, told = imported(write(gen=gen, gencost=cost))
    assert case.ids("generators") == ["gen-1"]
    assert case.column("bids", "p_mw").tolist() == [4.0, 2.0]
    assert case.column("bids", "benefit_per_mwh").tolist() == [50.0, 25.0]
    assert case.column("bids", "q_mvar_per_mw").tolist() == [0.5, 0.5]
    assert "dispatchable loads bid: gen-2" in told
    demand = gp.clear(case, formulation="dc", price_probes=0).table("demand").set_index("load")
    assert demand.loc["gen-2", "bid_mw"] == pytest.approx(4.0, abs=1e-6)


@pytest.mark.parametrize(
    ("gencost", "message"),
    [
        ([[1, 0, 0, 3, 0, 0, 10, 300, 20, 400]], "cost is not convex"),
        ([[2, 0, 0, 3, -0.1, 20, 0]], "cost is not convex"),
        ([[2, 0, 0, 4, 0.01, 0, 20, 0]], "degree higher than two"),
        ([[1, 0, 0, 2, 10, 0, 10, 300]], "powers of the points do not increase"),
        ([[3, 0, 0, 2, 10, 0]], "this is no cost"),
        ([[1, 0, 0, 5, 0, 0, 10, 100]], "this is no cost"),
        ([[2, 0, 0, 2, 10, 0]] * 3, "3 rows for 1 generators"),
    ],
)
def test_costs_that_no_market_can_use_are_refused_with_their_line(write: Write, gencost: Any, message: str) -> None:
    said = refused(write(gencost=gencost))
    assert message in said and "small.m, row 15" in said


def test_generators_share_the_reference(write: Write) -> None:
    case, _ = imported(write(gen=[[2, 0, 0, 1, -1, 1, 100, 1, 5, 0], *GEN, *GEN], gencost=GENCOST * 3))
    assert case.flags("generators", "slack").tolist() == [False, True, False]


# --- what is not supported ----------------------------------------------------------------------------------------


def test_everything_that_is_not_supported_is_listed_at_once_or_told(write: Write) -> None:
    branch = [[1, 2, 0.01, 0.05, 0, 0, 0, 0, 0, 0, 1, -30, 30], [1, 2, 0, -0.05, 0, 0, 0, 0, 0, 0, 1, -360, 360]]
    cost = [[2, 0, 0, 2, 20, 0], [2, 0, 0, 2, 1, 0]]
    path = write(branch=branch, gencost=cost, after="mpc.dcline = [1 2 1 10];\nmpc.reserves = [1 2];\n")
    with pytest.raises(gp.InputError) as caught:
        gp.from_matpower(path)
    assert [issue.row for issue in caught.value.issues] == [19, 20, 13, 12, 17]
    case, told = imported(path, skip_unsupported=True)
    assert sum(line.startswith("left out: ") for line in told) == 5
    assert case.ids("lines") == ["1-2"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"content": ""}, "this is no MATPOWER case"),
        ({"content": "x = 1;"}, "this is no MATPOWER case"),
        ({"content": "function [baseMVA, bus, gen, branch] = old\nbaseMVA = 100;"}, "version 1"),
        ({"content": "function mpc = a\nmpc.version = '1';"}, "only version 2"),
        ({"content": "function mpc = a\nmpc.version = '2';"}, "mpc.bus is missing"),
        ({"content": "function mpc = a\nmpc.bus = [1 2\n"}, "a bracket is never closed"),
        ({"content": "function mpc = a\n" + "a" * 1_000_001}, "small.m, row 2: line is longer than any line"),
        ({"content": "function mpc = a\nmpc.gencost = [\n" + "1\n" * 500_001 + "];"}, "more than 500000 rows"),
        ({"content": "function mpc = a\nmpc.bus = 1];\n"}, "a bracket is closed that was not opened"),
        ({"bus": [BUS[0], BUS[1][:-1]]}, "row has 12 values where the first has 13"),
        ({"bus": [row[:11] for row in BUS]}, "mpc.bus has only 11 columns"),
        ({"bus": [BUS[0], ["2,5", *BUS[1][1:]]]}, "row has 14 values"),
        ({"bus": [BUS[0], ["two", *BUS[1][1:]]]}, "is not a number"),
        ({"bus": [BUS[0], ["1/0", *BUS[1][1:]]]}, "is divided by zero"),
        ({"bus": [BUS[0], BUS[0]]}, "bus number stands there twice"),
        ({"bus": [BUS[0], [2.5, *BUS[1][1:]]]}, "not a whole positive number"),
        ({"bus": [BUS[0], [*BUS[1][:9], 0, *BUS[1][10:]]]}, "bus has no base voltage"),
        ({"branch": [[1, 7, *BRANCH[0][2:]]]}, "there is no such bus"),
        ({"gen": [[7, *GEN[0][1:]]]}, "there is no such bus"),
        ({"base": "0"}, "baseMVA must be a positive number"),
        ({"base": "Inf"}, "baseMVA must be a positive number"),
        ({"branch": [[1, 2, 0, 0, *BRANCH[0][4:]]]}, "imported lines 1-2"),
        ({"branch": []}, "cut off"),
    ],
)
def test_a_wrong_file_is_refused_by_name(write: Write, parts: Any, message: str) -> None:
    assert message in refused(write(**parts))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "none.m")


# --- options ------------------------------------------------------------------------------------------------------


def test_an_interface_replaces_the_generators_of_its_bus(write: Write) -> None:
    gen = [*GEN, [1, 0, 0, 5, -5, 1.02, 100, 1, 10, -4], [2, 0, 0, 1, -1, 1, 100, 1, 15, 0]]
    pieces = [1, 0, 0, 3, 0, 0, 10, 100, 20, 300]
    case, told = imported(
        write(gen=gen, gencost=[pieces, [2, 0, 0, 2, 20, 0, 0, 0, 0, 0], pieces]), interface="1", price=42
    )
    assert case.ids("generators") == ["gen-3"]
    assert set(case.tables["offers"]["generator"]) == {"gen-3"}
    row = case.tables["interfaces"].iloc[0]
    assert (row["bus"], row["vm_pu"], row["price_per_mwh"]) == ("1", 1.02, 42.0)
    assert (row["max_import_mw"], row["max_export_mw"]) == (70.0, 4.0)
    assert (row["min_q_mvar"], row["max_q_mvar"]) == (-55.0, 55.0)
    assert "replaced by the interface at bus 1: gen-1, gen-2" in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interface": "1"}, "interface and price belong together"),
        ({"price": 3.0}, "interface and price belong together"),
        ({"interface": "9", "price": 3.0}, "there is no such bus"),
    ],
)
def test_wrong_options_are_refused(write: Write, options: Any, message: str) -> None:
    assert message in refused(write(), **options)


HOURS = ("2024-05-01T00:00:00+02:00", "2024-05-01T01:00:00+02:00", "2024-05-01T02:00:00+02:00")


def test_a_least_power_is_lost_with_the_generator_and_told(write: Write) -> None:
    case, told = imported(write(gen=[[*GEN[0][:9], 3]]), interface=1, price=5)
    assert case.column("interfaces", "max_export_mw").tolist() == [0.0]
    assert "their least power is not kept: 3 MW" in told


def series(path: Path, header: str, values: list[str]) -> Path:
    path.write_text(
        "\n".join([f"snapshot,{header}", *map(",".join, zip(HOURS, values, strict=True))]), encoding="utf-8"
    )
    return path


def test_prices_and_profiles_give_the_horizon(write: Write, tmp_path: Path) -> None:
    prices = series(tmp_path / "prices.csv", "price_per_mwh", ["30", "20", "40"])
    profiles = series(tmp_path / "profiles.csv", "loads/load-2/p_mw", ["10", "0", "5"])
    case, _ = imported(write(), interface="1", price=prices, profiles=profiles)
    assert (case.steps, case.step_minutes, str(case.start)) == (3, 60.0, "2024-04-30 22:00:00+00:00")
    assert case.series("interfaces", "price_per_mwh").tolist() == [[30.0, 20.0, 40.0]]
    assert case.series("loads", "p_mw").tolist() == [[10.0, 0.0, 5.0]]
    run = gp.clear(case, formulation="dc", price_probes=0)
    assert run.summary["objective"] == pytest.approx(30.0 * 10.0 + 40.0 * 5.0, rel=1e-6)


@pytest.mark.parametrize(
    ("header", "values", "message"),
    [
        ("price", ["1", "2", "3"], "these are not the columns of a price series"),
        ("price_per_mwh", ["1", "x", "3"], "prices.csv, row 3, column price_per_mwh: is not a number"),
    ],
)
def test_a_wrong_price_series_is_refused(
    write: Write, tmp_path: Path, header: str, values: list[str], message: str
) -> None:
    prices = series(tmp_path / "prices.csv", header, values)
    assert message in refused(write(), interface="1", price=prices)


def test_series_of_different_hours_are_refused(write: Write, tmp_path: Path) -> None:
    prices = series(tmp_path / "prices.csv", "price_per_mwh", ["1", "2", "3"])
    profiles = series(tmp_path / "profiles.csv", "loads/load-2/p_mw", ["1", "2", "3"])
    profiles.write_text(profiles.read_text(encoding="utf-8").replace("01T0", "02T0"), encoding="utf-8")
    message = refused(write(), interface="1", price=prices, profiles=profiles)
    assert "snapshots of prices and profiles differ" in message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("T01:00:00+02:00", "T01:00:00", "row 3, column snapshot: is not a time with its offset"),
        ("T01:00:00+02:00", "T00:00:00+02:00", "row 3, column snapshot: snapshots do not increase"),
        ("T02:00:00+02:00", "T03:00:00+02:00", "snapshot is missing before this row"),
        ("snapshot", "time", "this is no time series"),
    ],
)
def test_a_series_with_a_hole_is_refused(write: Write, tmp_path: Path, old: str, new: str, message: str) -> None:
    profiles = series(tmp_path / "profiles.csv", "loads/load-2/p_mw", ["1", "2", "3"])
    profiles.write_text(profiles.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert message in refused(write(), profiles=profiles)


def test_a_profile_of_something_unknown_is_refused_with_its_column(write: Write, tmp_path: Path) -> None:
    profiles = series(tmp_path / "profiles.csv", "loads/load-3/p_mw", ["1", "2", "3"])
    message = refused(write(), profiles=profiles)
    assert "profiles.csv, row 1, column loads/load-3/p_mw: there is no id 'load-3' in loads" in message


# --- anything -----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["[", "]", "{", "}", ";", "'", "%", "...", "\n", "=", "mpc.", "bus", "1e999", "-", "Inf", "/0", ","]
)


@given(st.integers(0, len(text())), st.integers(0, 30), st.one_of(PIECES, st.text(max_size=8)))
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "small.m"
    path.write_text(text()[:at] + put + text()[at + cut :], encoding="utf-8", errors="replace", newline="")
    result = outcome(path)
    assert result.validated if isinstance(result, gp.Case) else result


def outcome(path: Path) -> gp.Case | list[gp.Issue]:
    try:
        return gp.from_matpower(path, skip_unsupported=True, tell=str)
    except gp.InputError as error:
        return error.issues
