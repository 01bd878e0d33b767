"""What a report says of heat: routes and ties by hand, leading sentences, tables, summary, and what is never shown."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.report.asked import question
from gridpact.report.bottlenecks import in_words, section
from gridpact.report.card import run_card
from gridpact.report.comparison.html import render_comparison
from gridpact.report.comparison.measures import entries, payments
from gridpact.report.figures import compare
from gridpact.report.figures.carrier import HEAT
from gridpact.report.heat import leads, tables
from gridpact.report.heat.network import price_of_heat
from gridpact.report.heat.routes import distances, extreme_steps, routes
from gridpact.report.heat.ties import BETWEEN, LIMIT, REST, Tie, ties
from gridpact.report.heat.units import corners, gain
from gridpact.report.html import render
from gridpact.report.overview import overview
from gridpact.report.panels import PANELS, panels_of, svg_files
from gridpact.report.standing import standing_of
from gridpact.results.record import Record
from tests.report.heat_synthetic import heat_case, heat_record
from tests.report.synthetic import certificate, make_record
from tests.report.test_html import Reader

# ----------------------------------------------------------------------------------------------------- routes


def test_distances_by_hand() -> None:
    metres, before, by = distances(heat_case(8))
    np.testing.assert_allclose(metres, [0, 100, 100, 200, 200, 200, 200, 300])  # not the 1000 m of p7
    assert (before[7], by[7]) == (3, 6)
    short = heat_case(8)
    short.tables["pipes"].loc[7, "length_m"] = 50.0
    assert distances(short)[0][[7, 3]].tolist() == [50.0, 150.0]


def test_a_pipe_out_of_service_is_no_way() -> None:
    case = heat_case(8)
    case.tables["pipes"].loc[6, "in_service"] = False
    metres, _, by = distances(case)
    assert metres[7] == 1000.0 and by[7] == 7
    case.tables["pipes"].loc[7, "in_service"] = False
    assert np.isinf(distances(case)[0][7])


def test_routes_to_the_farthest_and_to_the_coldest() -> None:
    record = heat_record()
    (only,) = routes(record)
    assert only.nodes.tolist() == [0, 1, 3, 7] and only.pipes.tolist() == [0, 2, 6]
    assert only.forward.all()
    assert extreme_steps(record, only)[0] == 0  # two kelvin colder
    table = record.tables["heat_nodes"].copy()
    table.loc[(table["node"] == "n2") & (table["snapshot"] == record.case.snapshots[5]), "supply_degc"] = 61.0
    farthest, coldest = routes(replace(record, tables={**record.tables, "heat_nodes": table}))
    assert (farthest.nodes[-1], coldest.nodes[-1]) == (7, 2)
    assert extreme_steps(replace(record, tables={**record.tables, "heat_nodes": table}), coldest)[0] == 5


def test_water_that_flows_towards_the_station_is_told() -> None:
    record = heat_record()
    turned = record.tables["pipes"].assign(flow_kg_per_s=-1.0)
    (only,) = routes(replace(record, tables={**record.tables, "pipes": turned}))
    assert not only.forward.any()


# ------------------------------------------------------------------------------------------------------- ties


def by_name(record: Record) -> dict[str, Tie]:
    return {tie.unit.name: tie for tie in ties(record)}


def test_a_boiler_between_its_limits_ties_the_prices_with_its_power_factor() -> None:
    """l + m q/p = gain (s - c): at l = 54, m = 5: s = (54 + 0.1 x 5) / 0.98 + 2."""
    record = heat_record()
    prices = record.tables["electricity_prices"].assign(price_per_mwh=54.0, reactive_price_per_mvarh=5.0)
    kettle = by_name(replace(record, tables={**record.tables, "electricity_prices": prices}))["kettle"]
    assert (kettle.state == BETWEEN).all()
    np.testing.assert_allclose(kettle.even, 54.5 / 0.98 + 2.0)
    np.testing.assert_allclose(kettle.slope, 1.0 / 0.98)
    np.testing.assert_allclose(kettle.paid, 30.0)


def test_a_plant_ties_them_along_an_edge() -> None:
    """From (0.4, 0) to (0.3, 2): -0.1 l + 2 s = -0.1 x 40 + 2 x 6, so that s = 6 + 0.05 (l - 40)."""
    record = heat_record()
    prices = record.tables["electricity_prices"].assign(price_per_mwh=54.0)
    steam = by_name(replace(record, tables={**record.tables, "electricity_prices": prices}))["steam"]
    np.testing.assert_allclose(steam.even, 6.7)
    np.testing.assert_allclose(steam.slope, 0.05)


def test_at_ends_corners_and_rest_nothing_is_tied() -> None:
    found = by_name(heat_record())
    np.testing.assert_array_equal(found["engine"].state[:2], [LIMIT, REST])
    assert not found["engine"].ties.any()
    assert (found["pump"].state == LIMIT).all() and not np.isfinite(found["pump"].even).any()


def test_a_fixed_ratio_between_its_ends_ties_them() -> None:
    """l + 1.2 s = 72, so that s = (72 - l) / 1.2."""
    record = heat_record()
    table = record.tables["dispatch"].copy()
    engine = table["device"] == "engine"
    table.loc[engine, ["p_mw", "heat_mw"]] = [0.5, 0.6]
    prices = record.tables["electricity_prices"].assign(price_per_mwh=54.0)
    changed = replace(record, tables={**record.tables, "dispatch": table, "electricity_prices": prices})
    np.testing.assert_allclose(by_name(changed)["engine"].even, 15.0)
    np.testing.assert_allclose(by_name(changed)["engine"].slope, -1.0 / 1.2)


def test_units_beside_a_station_are_paid_the_price_of_heat_given_others_that_of_heat_drawn() -> None:
    record = heat_record()
    np.testing.assert_allclose(price_of_heat(record, "electric_boiler"), 30.0)
    record.case.tables["electric_boilers"]["node"] = "n3"
    moved = replace(record, case=replace(record.case))
    np.testing.assert_allclose(price_of_heat(moved, "electric_boiler"), 33.0)


def test_gains_by_hand() -> None:
    case = heat_case(3, 2)
    np.testing.assert_allclose(gain(case, "electric_boiler"), 0.98)
    np.testing.assert_allclose(gain(case, "heat_pump"), 0.45 * (70.0 + 273.15) / 60.0)


def test_corners_on_a_line_are_its_ends() -> None:
    case = heat_case(3, 2)
    points = case.tables["chp_points"].assign(p_mw=[0.2, 0.1, 0.4, 0.3], heat_mw=[0.4, 0.2, 0.8, 0.6])
    ends = corners(case.with_table("chp_points", points), 0)
    assert sorted(ends.tolist()) == [[0.1, 0.2], [0.4, 0.8]]


# ----------------------------------------------------------------------------------------------------- leads


def test_leading_sentences_say_the_numbers() -> None:
    record = heat_record()
    told = {panel.name: panel.lead(record) for panel in panels_of(record) if panel.lead is not None}
    assert "26.0 MWh that enter" in told["energy"] and "5.8 % are lost" in told["energy"]  # 1.5 of 26
    assert "54 % from transmission network" in told["energy"]
    assert "steam in 24 and kettle in 24" in told["both-prices"] and "by 0.05 at steam" in told["both-prices"]
    assert "pump in 24" in told["operating-points"] and "Never needed: flame" in told["operating-points"]
    assert "dearest at node n7 (37.00 EUR/MWh" in told["heat-network"] and "worth 7.00 EUR more" in told["heat-network"]
    assert "from 30.00 (node n0, 00:00) to 37.00 (node n7, 00:00)" in told["heat-price-map"]
    assert "+7.00 EUR/MWh" in told["heat-price-parts"] and "+10.50 from temperature" in told["heat-price-parts"]
    assert "temperature limits matter most" in told["heat-price-parts"]
    assert "300 m from the station" in told["heat-route"] and "17.5 K colder" in told["heat-route"]
    assert "70.5 °C, at node n7, 00:00" in told["heat-route"]
    assert "(7.00 MW)" in told["heat-dispatch"]
    assert "sequential costs 1.25 % more" in told["structures"]
    assert "70.00 EUR for heat" in told["settlement"] and "63.00 to the heat network" in told["settlement"]


def test_no_tie_and_no_coupler_are_said() -> None:
    record = heat_record()
    dispatch = record.tables["dispatch"]
    still = dispatch.assign(heat_mw=dispatch["heat_mw"].where(~dispatch["kind"].isin(["chp", "electric_boiler"]), 0.0))
    still["p_mw"] = still["p_mw"].where(~dispatch["kind"].isin(["chp", "electric_boiler"]), 0.0)
    assert "nothing ties the two prices" in leads.both_prices(
        replace(record, tables={**record.tables, "dispatch": still})
    )
    case = record.case
    for name in ("chps", "electric_boilers", "heat_pumps"):
        case = case.with_table(name, case.tables[name].iloc[:0])
    assert "not tied" in leads.both_prices(replace(record, case=case))


# ------------------------------------------------------------------------------------------------------ page


@pytest.fixture(scope="module")
def page() -> str:
    return render(heat_record())


def test_the_page_has_sections_in_their_order_and_stands_alone(page: str) -> None:
    titles = re.findall(r"<h2>([^<]+)</h2>", page)
    assert titles[:6] == [
        "Summary", "Electricity and heat together", "Market structures", "Heat", "Electricity", "Who pays",
    ]  # fmt: skip
    reader = Reader(page)
    assert reader.open == [] and len(reader.ids) == len(set(reader.ids))
    assert [place for place in reader.fetched if not place.startswith(("#", "data:image/"))] == []
    assert page.count("<figure") == len(panels_of(heat_record())) == 17


def test_every_figure_of_heat_begins_with_its_sentence(page: str) -> None:
    for panel in panels_of(heat_record()):
        if panel.lead is not None:
            before = page[: page.index(f'id="{panel.name}-')]
            assert before.rindex('<p class="lead">') > before.rindex("</figure>" if "</figure>" in before else "<h2>")


def test_the_summary_has_heat(page: str) -> None:
    text = Reader(page).text
    assert re.search(r"Heat price\s+33\.50\s+EUR/MWh", text)
    assert "lowest 30.00 at node n0, 00:00" in text
    assert re.search(r"Heat served\s+168\.00\s+MWh\s+not served, at its price: 0\.250 MWh", text)
    assert "5.00 % of the heat served" in text and "Electricity price" in text
    assert "markets of electricity and heat" in text


def test_sums_of_heat_come_from_the_tables_where_the_summary_has_none() -> None:
    record = heat_record()
    bare = {
        name: value for name, value in record.summary.items() if name != "heat_loss_mwh" and "heat_load" not in name
    }
    text = Reader(render(replace(record, summary=bare))).text
    assert re.search(r"Heat served\s+168\.00\s+MWh", text)  # seven consumers of 1 MW, 24 h
    assert re.search(r"Heat lost in pipes\s+1\.920\s+MWh", text)  # eight pipes, 0.01 MW each


def test_a_failed_certificate_strikes_money_of_heat_too() -> None:
    page = render(heat_record(document=certificate(failed=("cone_gap",))))
    words = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)  # figures are stamped instead
    text = Reader(words).text
    for amount in ("33.50", "37.00", "1\u2009012.50", "125.00", "70.00 EUR"):
        assert amount in words and amount not in text
    assert page.count(">NOT CERTIFIED</text>") == sum(panel.shows_money for panel in panels_of(heat_record()))


def test_a_single_uncertified_price_of_heat_voids_them_all() -> None:
    record = heat_record()
    prices = record.tables["heat_prices"].copy()
    prices.loc[3, "certified"] = False
    standing = standing_of(replace(record, tables={**record.tables, "heat_prices": prices}))
    assert not standing.valid and "1 prices" in standing.reason


def test_without_heat_nothing_of_it_is_said() -> None:
    record = make_record()
    assert panels_of(record) == PANELS
    page = render(record)
    assert "heat" not in page.lower() and 'class="lead"' not in page and ".lead" not in page
    assert not any("heat" in name for name in svg_files(record))


def test_svg_files_of_heat_have_their_names() -> None:
    names = set(svg_files(heat_record(heat_case(3, 4))))
    assert {"energy.svg", "both-prices.svg", "operating-points.svg", "heat-network.svg", "heat-route.svg"} <= names


def test_names_cannot_inject_markup() -> None:
    case = heat_case(3, 2)
    for name, column in (("electric_boilers", "electric_boiler"), ("gas_boilers", "gas_boiler")):
        case.tables[name][column] = [f"<script>{k}</script>" for k in range(len(case.tables[name]))]
    record = heat_record(case)
    couplers = record.tables["couplers"].assign(device="<script>alert(1)</script>")
    slacks = record.tables["slacks"].assign(slack="<script>x</script>")
    page = render(replace(record, tables={**record.tables, "couplers": couplers, "slacks": slacks}))
    assert "script" not in Reader(page).tags


# ---------------------------------------------------------------------------------------------------- tables


def test_couplers_add_reactive_revenue_windows_and_sums() -> None:
    record = heat_record()
    twice = pd.concat([record.tables["couplers"]] * 2, ignore_index=True)
    found = tables.couplers(replace(record, tables={**record.tables, "couplers": twice}))
    assert len(found) == 5
    assert found.loc[0, ["electricity", "heat_revenue", "profit"]].tolist() == [22.0, 40.0, 12.0]
    html = tables.coupler_table(record, standing_of(record))
    assert html.count("<tr>") == 1 + 5 + 1 and "30.00" in html  # profits of 6 each add up


def test_slacks_are_listed_with_price_and_energy() -> None:
    record = heat_record()
    html = tables.slack_table(record, standing_of(record))
    assert "heat_unserved h-n1" in html and "500.00" in html and "0.250 MWh of demand were left unserved" in html
    served = record.tables["slacks"].assign(energy_mwh=1e-9, cost=0.0)
    html = tables.slack_table(replace(record, tables={**record.tables, "slacks": served}), standing_of(record))
    assert "All demand was served" in html


def test_structures_are_explained() -> None:
    html = tables.structure_table(heat_record(), standing_of(heat_record()))
    assert "one operator clears both networks at once" in html and "1.250" in html
    record = heat_record()
    lost = record.tables["structures"].assign(status=["cleared", "<no> heat", "cleared"])
    lost.loc[1, "cost":"payments_sum"] = np.nan
    other = replace(record, tables={**record.tables, "structures": lost})
    assert "No dispatch: &lt;no&gt; heat" in tables.structure_table(other, standing_of(other))
    assert "sequential finds no dispatch and separate costs 0.01 % more" in leads.structures(other)
    assert "nan" not in render(other).lower().replace("finance", "")
    assert tables.structure_table(make_record(), standing_of(make_record())) == ""


def test_limits_of_heat_in_words_and_under_their_own_heading() -> None:
    assert in_words("heat_nodes/supply_max_degc") == "heat nodes: highest supply temperature"
    assert in_words("heat_nodes/supply_max_degc/station").endswith("temperature of what leaves the station")
    assert in_words("chps/edge") == "chps: edge of the operating polygon"
    assert in_words("heat_nodes/supply_max_degc/elsewhere") == "heat_nodes/supply_max_degc/elsewhere"
    assert in_words("lines/max_i_ka").startswith("lines: ")
    record = heat_record()
    limits = pd.DataFrame({
        "snapshot": record.case.snapshots[:1], "constraint": ["heat_nodes/supply_min_degc"], "component": ["n7"],
        "end": "", "multiplier": [2.5], "unit": ["EUR/h per K"],
    })  # fmt: skip
    html = section(replace(record, tables={**record.tables, "limits": limits}), standing_of(record))
    assert "Limits of the heat network that bind" in html and "2.5" in html
    assert "Limits of devices" not in html


# ---------------------------------------------------------------------------------- terminal, notebook, comparison


def real(record: Record, verdict: str = "certified") -> Record:
    """With what the summary of a real run has besides."""
    named = {
        "case": "made-up", "currency": "EUR", "verdict": verdict, "steps": 24, "step_minutes": 60.0,
        "start": "2026-06-01T00:00:00+02:00", "lowest_vm_pu": 0.95, "highest_vm_pu": 1.0,
        "highest_loading_percent": None, "price_mean_per_mwh": 50.0,
    }  # fmt: skip
    return replace(record, summary={**record.summary, **named})


def test_the_terminal_says_heat() -> None:
    text = overview(real(heat_record()))
    assert re.search(r"heat price +30\.000 to 37\.000, mean 33\.500 EUR/MWh", text)
    assert re.search(r"heat served +168\.000 MWh", text) and re.search(r"heat lost in pipes +8\.400 MWh", text)
    assert "heat" not in overview(real(make_record()))


def test_the_terminal_shows_no_price_that_is_not_valid() -> None:
    record = real(heat_record(document=certificate(failed=("cone_gap",))), "failed")
    void = {f"heat_price_{name}_per_mwh": None for name in ("min", "mean", "max")}
    assert "heat price" not in overview(replace(record, summary={**record.summary, **void}))


def test_the_card_of_a_notebook_has_heat() -> None:
    assert re.search(r"33\.50\s+EUR/MWh", Reader(run_card(heat_record())).text)


def test_comparisons_have_heat_and_keep_the_operators_apart() -> None:
    first, second = real(heat_record()), real(heat_record())
    dearer = {**second.summary, "heat_price_mean_per_mwh": 35.0}
    page = render_comparison({"a": first, "b": replace(second, summary=dearer)})
    text = Reader(page).text
    assert "mean heat price" in text and "+1.50" in text and "heat lost in pipes" in text
    assert "Mean price of heat of all nodes by time" in page
    paid = payments(entries({"a": first})[0])
    assert paid["heat network operator"].sum() == -63.0
    np.testing.assert_allclose(compare.mean_price(first, HEAT), 33.5)


def test_a_comparison_without_heat_has_no_figure_of_it() -> None:
    page = render_comparison({"a": real(make_record()), "b": real(make_record())})
    assert "heat" not in Reader(page).text


def test_what_was_asked_names_both_markets() -> None:
    assert question(heat_record()) == "Clearing of the markets of electricity and heat"
    assert question(make_record()) == "Clearing of the electricity market"
