"""The source data are the ones that were checked: digests, totals, notices, and what is left out on purpose."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DIGESTS = {
    "barry_island/coupling.json": "3bf51f24b41eb8753356a6216eb282d38816c2d5fcadd20d61a3f245987d8b7f",
    "barry_island/electric_lines.csv": "0566d34afef021721b66c6a0d8d3b3df90840961d5d73220717ce8fe98c71776",
    "barry_island/electric_loads.csv": "2a59f811da5a7d8630ed7a158c97da27266334abbcc01af6f7ba3fa3f2bbc731",
    "barry_island/nodes.csv": "b74139f91859333443feaf90316ec9f02186d30b4040c4c880ae56a0f3cf6f03",
    "barry_island/pipes.csv": "6592eacacdd31febccc0c5f13ab2af6b9671312543b24b8e85967aa186ae2b3e",
    "case30/branch.csv": "d243f84f51934966b5073c9d9dffd78bcc25cd0acaf6e891ba793acd338ce982",
    "case30/bus.csv": "90cd2c6888013bcf1db6d9b2f4a921ff76114be7e5d2d75a6796f8eb2ff20b8b",
    "case30/gen.csv": "9583ff7b7c7f090e8f62dcdc136f1fa6df7f4660e2358674824faa76d33397cc",
    "case33bw/branch.csv": "83f884f05f8760f1f40cd8cab005849b0ccd0fb3f97fa5935e732ce2d205c172",
    "case33bw/bus.csv": "5963f8d3d1f408bc46e2b361bf98aae7e13c622548bd1066b88c83076a989b10",
    "case33bw/reference.json": "3d6a851b7f2e75665eeb65db3a5f1b5c16bf828ad772dc1ea59e9d8881c4678f",
    "case5/branch.csv": "d1d19110156858e3b9df1fd391a6401a68e903c0c69cd37790f86783140805fa",
    "case5/bus.csv": "d4dbd1c358edadcd4eed4e849168fb9b1c023dbe14778d587737a5ba2495cf57",
    "case5/gen.csv": "d301ce1cc108f8bf7b2cbbffd48ab4c4e371d22f7191231f3fa5dba165da0155",
    "li2019/day24_energy_hub.csv": "7120e8a9934f9aca60242902e55bafcff2723d12386dd1e325ac87d953facd27",
    "oberrhein/PANDAPOWER_LICENSE.txt": "4c1736078125e9b148ae4305cba3e30232766866b77ee0c0b211c72708d25cba",
    "oberrhein/network.json": "e4afda3c9ea888655df4d93961ee0321903cf0995ec911b02315ebaf14ad3781",
    "papavasiliou15/branch.csv": "b480c4abcabcaaee1a3de337c2bf78f06d822f67de4a920d8433b40c16f04851",
    "papavasiliou15/bus.csv": "50229182d553c774a9c6b8352f613d9b278c871defc6651eb712d403e67ac53a",
    "rbts_bus2/load_points.csv": "1bc8257e73e8f859670451b00f1605c5102aadffd7e1269101531008e346b336",
    "rbts_bus2/reference.json": "f6bdd4317d7dfb5e0e389ad488bd3162f4a6498d0bdc64d4cf94791b0f44efed",
    "rbts_bus2/sections.csv": "edfd09a45717330dfac7e3d8251206bd6a960e1abbf2190214f6de789969e587",
    "rts_gmlc/RTS-GMLC_NOTICE.txt": "46e542196f4b41e5972a0a195c416078ff347a4d560863a06d937f92aac74567",
    "rts_gmlc/day_ahead_2020-03-27_pu.csv": "ee553fab2c10f07a6140f4e69e46f40e2ea2eedd8d4b7929d5b659c0b781089f",
    "rts_gmlc/day_ahead_2020-07-15_pu.csv": "5ce82a39c22d76e23a3c6ce689886519da051ad9493737125f4b0d6dd2fc1a5d",
    "rts_gmlc/day_ahead_2020_pu.csv": "8535e71e8aaed68d9043550fbd0682994d97ee630fb920dc5149b945da856910",
}


@pytest.mark.parametrize("path", DIGESTS)
def test_no_source_file_has_changed(project: Path, path: str) -> None:
    assert hashlib.sha256((project / "scripts/data" / path).read_bytes()).hexdigest() == DIGESTS[path]


def test_every_source_file_has_a_digest(project: Path) -> None:
    data = project / "scripts/data"
    assert {str(file.relative_to(data)) for file in data.glob("*/*")} == set(DIGESTS)


def test_the_33_node_feeder_has_its_published_loads_and_the_right_section_7_8(
    source: Callable[[str], pd.DataFrame],
) -> None:
    buses, branches = source("case33bw/bus.csv"), source("case33bw/branch.csv")
    assert buses["Pd_kW"].astype(float).sum() == 3715.0
    assert buses["Qd_kvar"].astype(float).sum() == 2300.0
    section = branches[(branches["from"] == "7") & (branches["to"] == "8")]
    assert section[["r_ohm", "x_ohm"]].to_numpy().tolist() == [["0.7114", "0.2351"]]


def test_the_unused_column_of_the_15_node_feeder_is_the_charging_of_its_buses_again(
    source: Callable[[str], pd.DataFrame],
) -> None:
    shunt = source("papavasiliou15/bus.csv").set_index("bus_1based")["shunt_Bs_pu"].astype(float)
    branches = source("papavasiliou15/branch.csv")
    far_end = shunt.loc[branches["to"]].to_numpy()
    np.testing.assert_allclose(branches["b_file_column"].astype(float), 1000.0 * far_end, rtol=1e-12)


@pytest.mark.parametrize(("month", "number"), [(3, 27), (7, 15)])
def test_a_day_is_complete_and_per_unit(source: Callable[[str], pd.DataFrame], month: int, number: int) -> None:
    day = source(f"rts_gmlc/day_ahead_2020-{month:02d}-{number}_pu.csv").astype(float)
    assert day["period"].tolist() == list(range(1, 25))
    assert set(zip(day["year"], day["month"], day["day"], strict=True)) == {(2020.0, month, number)}
    shapes = day.drop(columns=["year", "month", "day", "period"])
    assert shapes.min().min() == 0.0 and shapes.max().max() <= 1.0


def test_the_sun_is_down_at_night_and_highest_around_noon(source: Callable[[str], pd.DataFrame]) -> None:
    sun = source("rts_gmlc/day_ahead_2020-07-15_pu.csv")["pv_all"].astype(float)
    assert (sun[[0, 1, 2, 3, 4, 18, 19, 20, 21, 22, 23]] == 0.0).all()
    assert sun.idxmax() in (11, 12)


def test_the_notice_stands_beside_every_copy_of_the_weather_data(project: Path) -> None:
    notice = (project / "scripts/data/rts_gmlc/RTS-GMLC_NOTICE.txt").read_bytes()
    assert b"provided that this entire notice appears in all copies of the Data" in notice
    feeders = ("ieee30-district", "ieee33-day", "ieee33-dhn32", "ieee33-planning", "oberrhein-day", "pjm5-ieee33")
    for example in (*feeders, "three-microgrids"):
        assert (project / "src/gridpact/examples" / example / "RTS-GMLC_NOTICE.txt").read_bytes() == notice


def test_the_licence_stands_beside_every_copy_of_the_network(project: Path) -> None:
    licence = (project / "scripts/data/oberrhein/PANDAPOWER_LICENSE.txt").read_bytes()
    assert b"Redistributions of source code must retain the above copyright notice" in licence
    assert (project / "src/gridpact/examples/oberrhein-day/PANDAPOWER_LICENSE.txt").read_bytes() == licence
