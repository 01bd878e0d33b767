"""The command `gridpact import`: what it writes, prints and refuses."""

import json
from pathlib import Path

import pytest

import gridpact as gp
from gridpact.cli import main
from tests.io.pipes import pps, tree

FEEDER = Path(__file__).resolve().parents[1] / "cases/matpower/case33bw.m"
NETWORK = Path(__file__).resolve().parents[2] / "scripts/data/oberrhein/network.json"
HOURS = "snapshot,{}\n2024-05-01T00:00:00Z,{}\n2024-05-01T01:00:00Z,{}\n"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["import", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_case_is_written_that_can_be_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "district" / "case"
    code, out, err = told(capsys, "matpower", str(FEEDER), "-o", str(target), "--interface", "1", "--price", "50")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "replaced by the interface at bus 1: gen-1",
        "imported 33 buses, 37 lines, 1 interfaces, 32 loads; 1 step(s) of 60 min",
        f"the case is in {target}",
    ]
    assert gp.clear(target, price_probes=0).summary["loss_mwh"] == pytest.approx(0.2026771, rel=1e-5)


def test_series_come_in_by_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prices, profiles = tmp_path / "prices.csv", tmp_path / "profiles.csv"
    prices.write_text(HOURS.format("price_per_mwh", 20, 30), encoding="utf-8")
    profiles.write_text(HOURS.format("loads/load-2/p_mw", 0.1, 0.05), encoding="utf-8")
    options = ["--interface", "1", "--price", str(prices), "--profiles", str(profiles), "--json"]
    code, out, _ = told(capsys, "matpower", str(FEEDER), "-o", str(tmp_path / "case"), *options)
    document = json.loads(out)
    assert code == 0
    assert document["imported"] == {"buses": 33, "lines": 37, "interfaces": 1, "loads": 32}
    assert document["notes"] == ["replaced by the interface at bus 1: gen-1"]
    case = gp.read_case(tmp_path / "case")
    assert case.steps == 2
    assert case.series("interfaces", "price_per_mwh").tolist() == [[20.0, 30.0]]
    assert case.series("loads", "p_mw")[0].tolist() == [0.1, 0.05]


def test_a_pandapower_file_comes_in_without_pandapower(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = told(capsys, "pandapower", str(NETWORK), "-o", str(tmp_path / "case"), "--price", "40")
    assert code == 0
    assert "imported 179 buses, 181 lines, 2 transformers" in out
    assert gp.validate(tmp_path / "case") == []


def test_a_pandapipes_file_becomes_a_case_with_a_bus_and_a_boiler(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pps.to_json(tree(), str(tmp_path / "net.json"))
    options = ["--price", "40", "--heat-price", "25.5"]
    code, out, _ = told(capsys, "pandapipes", str(tmp_path / "net.json"), "-o", str(tmp_path / "case"), *options)
    assert code == 0
    assert "imported 1 buses, 1 interfaces, 1 heat_networks, 4 heat_nodes, 3 pipes, 1 heat_sources, 3 heat_loads" in out
    case = gp.read_case(tmp_path / "case")
    assert case.column("gas_boilers", "cost_per_mwh").tolist() == [25.5]
    assert case.column("interfaces", "price_per_mwh").tolist() == [40.0]


def test_networks_of_electricity_have_no_price_of_heat(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = told(capsys, "matpower", str(FEEDER), "-o", str(tmp_path / "case"), "--heat-price", "25")
    assert code == 2
    assert "Leave --heat-price out" in err


def test_what_is_left_out_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "with-link.m"
    file.write_text(FEEDER.read_text(encoding="utf-8") + "mpc.dcline = [1 2 1 10];\n", encoding="utf-8")
    row = len(file.read_text(encoding="utf-8").splitlines())
    code, _, err = told(capsys, "matpower", str(file), "-o", str(tmp_path / "case"))
    assert code == 2
    assert "mpc.dcline is not supported" in err
    assert not (tmp_path / "case").exists()
    code, out, _ = told(capsys, "matpower", str(file), "-o", str(tmp_path / "case"), "--skip-unsupported")
    assert code == 0
    assert f"left out: with-link.m, row {row}: mpc.dcline is not supported" in out


def test_a_folder_in_use_is_not_touched(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code, _, err = told(capsys, "matpower", str(FEEDER), "-o", str(tmp_path))
    assert code == 2 and "not empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_issues_are_a_document_with_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.m"
    file.write_text("function mpc = bad\nx = 1;\n", encoding="utf-8")
    code, out, err = told(capsys, "matpower", str(file), "-o", str(tmp_path / "case"), "--json")
    issue = json.loads(out)["issues"][0]
    assert (code, err) == (2, "")
    assert (issue["file"], issue["row"], issue["message"]) == ("bad.m", 2, "statement is not understood")
