"""Cards in a notebook: verdict first, units, nothing that a name could inject, nothing that a notebook strips."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gridpact.report.card import certificate_card, run_card
from gridpact.run import Certificate, Run
from tests.report.synthetic import certificate, make_case, make_record
from tests.report.test_html import Reader


def test_a_run_shows_verdict_figures_with_units_and_tables() -> None:
    card = Run(make_record())._repr_html_()
    text = Reader(card).text
    assert card.index("Certified") < card.index("1\u2009234.50")
    assert re.search(r"51\.88\s+EUR/MWh", text)
    assert "electricity_prices, dispatch, storages" in text


def test_styles_stand_inline_and_ink_and_ground_are_given() -> None:
    reader = Reader(Run(make_record())._repr_html_())
    assert reader.open == []
    assert not {"style", "link", "script", "img"} & set(reader.tags)
    assert "background:#fff;color:#1d2329" in Run(make_record())._repr_html_()


def test_money_of_a_failed_run_is_struck_out() -> None:
    text = Reader(run_card(make_record(document=certificate(failed=("cone_gap",))))).text
    assert "Not certified" in text
    assert "51.88" not in text and "1\u2009234.50" not in text


def test_names_cannot_inject_markup() -> None:
    hostile = "<script>alert(1)</script>"
    case = replace(make_case(), name=hostile, currency='"><img src=x>')
    reader = Reader(run_card(make_record(case)))
    assert not {"script", "img"} & set(reader.tags)
    assert hostile in reader.text


@pytest.mark.parametrize(("failed", "open_rows"), [((), 0), (("cone_gap", "ac_voltages"), 2)])
def test_a_certificate_shows_what_failed_and_folds_the_rest(failed: tuple[str, ...], open_rows: int) -> None:
    document = certificate(failed=failed)
    card = Certificate(document["verdict"], tuple(document["checks"]))._repr_html_()
    shown, folded = card.split("<details", 1)
    assert f"{3 - len(failed)} of 3 required checks passed" in shown
    assert shown.count("FAILED") == open_rows
    assert folded.count("<tr") == 4


def test_a_certificate_with_an_unknown_verdict_is_not_believed() -> None:
    assert "Not certified" in certificate_card("fine", ())
