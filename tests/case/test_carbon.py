"""A price of carbon in the prices of a case, by hand."""

from __future__ import annotations

import pytest

from gridpact.case.carbon import with_carbon_price
from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.pool import clear_pool
from tests.districts import bus, district, interface, line, load


def case(prices: list[float], emissions: float = 0.5, ratio: float = 0.8) -> Case:
    generator = {"max_p_mw": 1.0, "cost_per_mwh": 70.0, "emissions_t_per_mwh": 0.4}
    cost = {"investment": 1000.0, "lifetime_years": 20.0}
    return district(
        {
            "interfaces/grid/price_per_mwh": prices,
            "generators/gas/cost_per_mwh": [70.0 + k for k in range(len(prices))],
        },
        steps=len(prices),
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2")],
        interfaces=[interface(sell_ratio=ratio, emissions_t_per_mwh=emissions)],
        loads=[load("2", 1.0)],
        generators=[{"generator": "gas", "bus": "2", **generator}, {"generator": "clean", "bus": "2", "max_p_mw": 1.0}],
        generator_candidates=[{"candidate": "more", "bus": "2", **generator, **cost}],
    )


def series(case: Case, column: str) -> list[float]:
    return [float(value) for value in case.series("interfaces", column)[0]]


def test_purchase_is_dearer_and_sales_earn_what_they_did() -> None:
    # 0.5 t at 20 are 10 a MWh: 50 becomes 60, 100 becomes 110; 0.8 x 50 = 40 is 2/3 of 60, 80 is 8/11 of 110.
    priced = with_carbon_price(case([50.0, 100.0]), 20.0)
    assert series(priced, "price_per_mwh") == pytest.approx([60.0, 110.0])
    assert series(priced, "sell_ratio") == pytest.approx([2.0 / 3.0, 8.0 / 11.0])
    earned = [
        price * ratio
        for price, ratio in zip(series(priced, "price_per_mwh"), series(priced, "sell_ratio"), strict=True)
    ]
    assert earned == pytest.approx([40.0, 80.0])


def test_a_ratio_above_one_sells_at_the_price() -> None:
    priced = with_carbon_price(case([50.0], ratio=1.2), 20.0)
    assert series(priced, "sell_ratio") == pytest.approx([50.0 / 60.0])


def test_generators_and_candidates_pay() -> None:
    priced = with_carbon_price(case([50.0, 100.0]), 20.0)
    assert priced.series("generators", "cost_per_mwh").tolist() == [[78.0, 79.0], [0.0, 0.0]]
    assert priced.series("generator_candidates", "cost_per_mwh").tolist() == [[78.0, 78.0]]


def test_free_energy_that_emits_is_paid_for() -> None:
    priced = with_carbon_price(case([0.0]), 20.0)
    assert series(priced, "price_per_mwh") == [10.0]
    assert series(priced, "sell_ratio") == [0.0]


def test_a_negative_price_of_emitting_imports_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        with_carbon_price(case([50.0, -5.0]), 20.0)
    issue = raised.value.issues[0]
    assert (issue.file, issue.row, issue.column, issue.value) == ("interfaces", 2, "price_per_mwh", "-5")
    assert "2030-01-01T01:00:00" in issue.message


def test_a_negative_price_without_emissions_stays() -> None:
    priced = with_carbon_price(case([50.0, -5.0], emissions=0.0), 20.0)
    assert series(priced, "price_per_mwh") == [50.0, -5.0]
    assert series(priced, "sell_ratio") == [0.8, 0.8]


def test_without_a_price_the_case_is_the_same() -> None:
    plain = case([50.0, -5.0])
    assert with_carbon_price(plain, 0.0) is plain


def test_validity_is_kept() -> None:
    assert with_carbon_price(case([50.0]), 20.0).validated


def test_costs_of_a_market_rise_by_what_is_emitted() -> None:
    # The clean generator serves all of 1 MW but its limit; without it, imports of about 1 MWh emit 0.5 t.
    plain = case([50.0])
    plain = plain.with_table("generators", plain.tables["generators"].iloc[:0])
    plain = plain.with_table("generator_candidates", plain.tables["generator_candidates"].iloc[:0])
    before, after = clear_pool(plain), clear_pool(with_carbon_price(plain, 20.0))
    imported = before.megawatts("buy", "interfaces").sum()
    assert imported == pytest.approx(1.0, rel=0.02)
    assert after.solution.cost - before.solution.cost == pytest.approx(10.0 * imported, rel=1e-6)
