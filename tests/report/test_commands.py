"""The commands report and compare, and figures as files."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gridpact as gp
from gridpact.cli import main
from gridpact.report.panels import PANELS, svg_files
from gridpact.run import Run
from tests.report.synthetic import certificate, make_record


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "pjm5"
    gp.clear(gp.examples.path("pjm5-dc") / "case", formulation="dc", price_probes=0).save(folder)
    return folder


def test_every_figure_is_a_file_of_its_own(tmp_path: Path) -> None:
    paths = Run(make_record()).figures(tmp_path / "figures")
    assert [path.name for path in paths] == [f"{panel.name}.svg" for panel in PANELS]
    for path in paths:
        root = ElementTree.parse(path).getroot()  # noqa: S314  our own
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "http" not in path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    with pytest.raises(gp.InputError, match="not empty"):
        Run(make_record()).figures(tmp_path / "figures")


def test_figures_of_a_failed_run_are_stamped() -> None:
    files = svg_files(make_record(document=certificate(failed=("cone_gap",))))
    stamped = {name for name, svg in files.items() if "NOT CERTIFIED" in svg}
    assert stamped == {f"{panel.name}.svg" for panel in PANELS if panel.shows_money}


def test_report_with_figures(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, folder = tmp_path / "report.html", tmp_path / "figures"
    assert main(["report", str(kept), "-o", str(page), "--svg", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told["figures"]) == sorted(str(path) for path in folder.iterdir())
    assert folder / "network-map.svg" in folder.iterdir()
    assert main(["report", str(kept), "-o", str(tmp_path / "again.html"), "--svg", str(folder)]) == 2
    assert not (tmp_path / "again.html").exists()


def test_compare_with_a_page(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "compared.html"
    assert main(["compare", str(kept), str(kept), "-o", str(page)]) == 0
    out = capsys.readouterr().out
    assert "run 1  approximate" in out and "2 less 1" in out
    assert "Comparison of 2 runs" in page.read_text(encoding="utf-8")
    assert main(["compare", str(kept), "-o", str(page)]) == 2
    assert main(["compare", str(kept), str(kept), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[f"{kept} (2) less {kept}"]["objective"] == 0.0
