"""Keys that members make themselves: the secret ones are nowhere else, the public ones are signed and checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gridpact.coordination.derived_masks import DerivedMasks, SealingKey
from gridpact.coordination.identity.folders import make_folders, read_place, read_roster
from gridpact.coordination.identity.own_keys import make_own_keys, read_public
from gridpact.coordination.message import Message
from gridpact.errors import InputError

ROLES = {"chair": "coordinator", "network": "operator", "village": "microgrid", "mill": "microgrid"}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    make_own_keys(tmp_path / "own")
    return tmp_path / "own"


def test_who_brings_keys_alone_has_the_secret_ones(own: Path, tmp_path: Path) -> None:
    keys = {"mill": read_public(own / "public.json")}
    members = make_folders(tmp_path / "m", "day", ROLES, keys=keys)
    mill = members.member("mill")
    assert mill is not None and mill.key == keys["mill"].public
    folder = tmp_path / "m" / "mill"
    assert sorted(path.name for path in folder.iterdir()) == ["ca.pem", "roster.json", "tls.pem"]
    with pytest.raises(InputError, match="the secret key is not there") as missing:
        read_place(folder)
    assert len(missing.value.issues) == 2
    assert (own / "sign.key").stat().st_mode & 0o77 == 0
    for name in ("sign.key", "tls.key"):
        shutil.copy(own / name, folder / name)
    assert read_place(folder).me == mill


def test_an_earlier_market_needs_no_secret_keys(own: Path, tmp_path: Path) -> None:
    """The mill had keys of its own; those of the village and the chair were handed over, that of the chair whole."""
    make_folders(tmp_path / "m", "day", ROLES, keys={"mill": read_public(own / "public.json")})
    village = Path(shutil.move(tmp_path / "m" / "village" / "sign.key", tmp_path / "village.key"))
    shutil.rmtree(tmp_path / "m" / "coordinator")
    new = make_folders(tmp_path / "n", "next", ROLES, earlier=tmp_path / "m")
    old = read_roster(tmp_path / "m" / "roster.json")
    assert [one.key for one in new.members] == [one.key for one in old.members]
    assert [one.sealing for one in new.members] == [one.sealing for one in old.members]
    assert not {one.fingerprint for one in new.members} & {one.fingerprint for one in old.members}
    shutil.copy(village, tmp_path / "n" / "village" / "sign.key")
    for name in ("sign.key", "tls.key"):
        shutil.copy(own / name, tmp_path / "n" / "mill" / name)
    assert {read_place(tmp_path / "n" / name).me.name for name in ("mill", "village", "network")} == {*ROLES} - {
        "chair"
    }
    assert not (tmp_path / "n" / "coordinator" / "sign.key").exists()


def test_a_market_after_another_has_a_name_of_its_own(tmp_path: Path) -> None:
    make_folders(tmp_path / "m", "day", ROLES)
    with pytest.raises(InputError, match="the earlier market has the same name"):
        make_folders(tmp_path / "n", "day", ROLES, earlier=tmp_path / "m")


def test_the_same_keys_make_other_masks_in_another_market() -> None:
    """Else the difference of two reports would be the difference of what was reported."""
    keys = [SealingKey(bytes([k]) * 32) for k in (1, 2)]
    public = {name: key.public for name, key in zip("ab", keys, strict=True)}
    asked = Message("stage two", 1, "coordinator", "a", "masked_benefit")

    def report(name: str, key: SealingKey, market: str) -> int:
        answer = DerivedMasks(name, "ab", key, public, market=market).report(asked, 1.0)
        low, high = np.asarray(answer["masked_benefit"]).tolist()
        return int(low) + 2**32 * int(high)

    for market in ("monday", "tuesday"):
        total = sum(report(name, key, market) for name, key in zip("ab", keys, strict=True))
        assert total % 2**64 == 2_000_000
    assert report("a", keys[0], "monday") != report("a", keys[0], "tuesday")


@pytest.mark.parametrize("name", ["key", "sealing", "tls", "signature"])
def test_public_keys_that_were_changed_are_none(own: Path, tmp_path: Path, name: str) -> None:
    make_own_keys(tmp_path / "other")
    known, other = (json.loads((folder / "public.json").read_text()) for folder in (own, tmp_path / "other"))
    path = own / "public.json"
    path.write_text(json.dumps({**known, name: other[name]}))
    with pytest.raises(InputError, match="the keys are not signed by the first of them"):
        read_public(path)
    for wrong in (None, 7, "", [], "00"):
        path.write_text(json.dumps({**known, name: wrong}))
        with pytest.raises(InputError, match=r"Give the `public.json` that `gridpact market key` made"):
            read_public(path)


def test_keys_are_somebodys_and_everybody_has_other_ones(own: Path, tmp_path: Path) -> None:
    keys = read_public(own / "public.json")
    with pytest.raises(InputError, match=r"somebody who is no member \(value: 'baker'\)"):
        make_folders(tmp_path / "m", "day", ROLES, keys={"baker": keys})
    with pytest.raises(InputError, match="two members have the same key or certificate"):
        make_folders(tmp_path / "m", "day", ROLES, keys={"mill": keys, "village": keys})
    assert not (tmp_path / "m").exists()
    with pytest.raises(InputError, match="this exists already"):
        make_own_keys(own)
