"""The report as a whole: it stands alone, the verdict comes first, and no uncertified price is shown as valid."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from gridpact.report.html import render
from gridpact.report.panels import PANELS
from tests.report.synthetic import certificate, make_case, make_record

MONEY = {panel.name for panel in PANELS if panel.shows_money}


def assert_whole(page: str) -> None:
    """All elements are closed, ids are given once, nothing is fetched and nothing runs."""
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    assert [place for place in reader.fetched if not place.startswith(("#", "data:image/"))] == []
    assert {place[1:] for place in reader.fetched if place.startswith("#")} <= set(reader.ids)


class Reader(HTMLParser):
    """Collects ids, what is fetched, elements left open, and the text outside of struck passages."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self, document: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.plain: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [] if tag in self.VOID else [tag]
        named = {name: value or "" for name, value in attrs}
        self.ids += [named["id"]] if "id" in named else []
        self.fetched += [named[name] for name in ("src", "href", "xlink:href") if name in named]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "s" not in self.open and "style" not in self.open:
            self.plain.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.plain)


@pytest.fixture(scope="module")
def certified() -> str:
    return render(make_record())


@pytest.fixture(scope="module")
def failed() -> str:
    return render(make_record(document=certificate(failed=("cone_gap",))))


def test_is_well_formed_and_needs_nothing_from_elsewhere(certified: str) -> None:
    assert_whole(certified)
    assert "@import" not in certified
    assert re.findall(r"url\((?!#)", certified) == []


def test_every_figure_can_be_saved_as_a_file_of_its_own(certified: str) -> None:
    """The links hold what the page shows, as XML that refers to nothing outside of itself."""
    links = re.findall(
        r'<a class="save" download="(made-up-[a-z-]+).svg" href="data:image/svg\+xml;base64,([^"]+)"', certified
    )
    assert [name for name, _ in links] == [f"made-up-{panel.name}" for panel in PANELS]
    for _, content in links:
        element = b64decode(content).decode()
        assert element.split("\n", 1)[1] in certified
        root = ElementTree.fromstring(element)  # noqa: S314  our own
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        places = [value for node in root.iter() for key, value in node.attrib.items() if key.endswith("href")]
        assert all(place.startswith(("#", "data:image/png;base64,")) for place in places)


def test_is_the_same_every_time(certified: str) -> None:
    assert render(make_record()) == certified


def test_has_every_figure_with_its_title(certified: str) -> None:
    assert len(re.findall(r"<figure", certified)) == len(PANELS)
    assert len(re.findall(r'<svg role="img" aria-label="[^"]{5,}"', certified)) == len(PANELS)


@pytest.mark.parametrize("document", [certificate(), certificate("approximate"), certificate(failed=("cone_gap",))])
def test_verdict_comes_before_any_number_and_any_figure(document: dict[str, object]) -> None:
    page = render(make_record(document=document))
    banner = page.index('<div class="banner')
    assert banner < page.index("cone gap") < page.index("Summary") < page.index("<svg")
    assert banner < page.index("1\u2009234.50")


def test_certified_numbers_are_shown_plainly(certified: str) -> None:
    text = Reader(certified).text
    # Mean over buses and hours: the root's mean is 50, losses add 4 x 1/2, the voltage part takes 6 x 1/2 / 24.
    assert "51.88" in text
    assert "1\u2009234.50" in text
    assert "64.00 at bus b5, 06:00" in text  # 60 at the root at its peak, and 4 of losses
    assert "<s " not in certified
    assert "NOT CERTIFIED" not in certified


def test_failed_certificate_leaves_no_plain_money(failed: str) -> None:
    reader = Reader(failed)
    assert "51.88" in failed
    assert "51.88" not in reader.text
    assert "1\u2009234.50" not in reader.text
    assert "64.00" not in reader.text
    assert "Not certified" in reader.text


def test_failed_certificate_names_the_failed_check_with_value_and_place(failed: str) -> None:
    text = Reader(failed).text
    assert "1 of 3 required checks failed: cone gap" in text
    assert re.search(r"✗ failed\s+0\.002\s+1e−06\s+bus b3, 12:00", text)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_figures_with_money_are_stamped_when_the_certificate_failed(failed: str, panel) -> None:  # type: ignore[no-untyped-def]
    figures = re.findall(r'<figure( class="void")?>(.*?)</figure>', failed, flags=re.DOTALL)
    own = [(marked, body) for marked, body in figures if f'id="{panel.name}-' in body]
    assert len(own) == 1
    assert bool(own[0][0]) == panel.shows_money
    assert (">NOT CERTIFIED</text>" in own[0][1]) == panel.shows_money
    assert ("not valid" in own[0][1]) == panel.shows_money


def test_a_single_uncertified_price_voids_them_all() -> None:
    record = make_record()
    prices = record.tables["electricity_prices"].copy()
    prices.loc[17, "certified"] = False
    page = render(replace(record, tables={**record.tables, "electricity_prices": prices}))
    assert "1 prices are marked as not certified" in page
    assert "51.88" not in Reader(page).text


def test_a_verdict_that_contradicts_its_checks_is_not_believed() -> None:
    document = {**certificate(failed=("ac_voltages",)), "verdict": "certified"}
    assert "51.88" not in Reader(render(make_record(document=document))).text


@pytest.mark.parametrize("document", [{}, {"verdict": "certified", "checks": []}, {**certificate(), "verdict": "fine"}])
def test_without_a_certificate_nothing_is_valid(document: dict[str, object]) -> None:
    page = render(make_record(document={"verdict": "", **document}))
    assert "Not certified" in page
    assert "51.88" not in Reader(page).text


def test_approximate_prices_say_so() -> None:
    text = Reader(render(make_record(document=certificate("approximate")))).text
    assert "Approximate price" in text
    assert text.count("Approximate: prices of a simplified network.") == len(MONEY)


def test_names_cannot_inject_markup() -> None:
    case = replace(make_case(), name='<script>alert("x")</script>', currency="$EUR$ & more")
    page = render(make_record(case))
    assert "script" not in Reader(page).tags
    assert '<script>alert("x")</script>' in Reader(page).text


@pytest.mark.parametrize(("buses", "steps", "minutes"), [(3, 1, 15.0), (300, 1, 60.0), (3, 2, 30.0), (1000, 24, 60.0)])
def test_any_size_has_all_its_figures_and_stays_small(buses: int, steps: int, minutes: float) -> None:
    page = render(make_record(make_case(buses, steps, minutes=minutes)))
    assert len(re.findall(r"<figure", page)) == len(PANELS)
    assert len(page) < 2_000_000


def test_dc_has_no_voltages_and_no_losses() -> None:
    record = make_record()
    page = render(replace(record, settings={"formulation": "dc"}))
    assert "Lowest voltage" not in page
    assert "Line losses" not in page
    assert 'id="voltage-' not in page


def test_missing_tables_leave_out_their_figures() -> None:
    record = make_record()
    tables = {name: table for name, table in record.tables.items() if name in {"electricity_prices", "buses"}}
    page = render(replace(record, tables=tables))
    assert len(re.findall(r"<figure", page)) == 3
