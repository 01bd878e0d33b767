"""What the literature claims of leading holds for one set of parameters of an example, and does not for another."""

import pandas as pd
import pytest

import gridpact as gp

FOLDER = gp.examples.path("ieee30-district")
CLAIMS = {
    "leading lowers the mean DLMP": ("no", "yes"),
    "leading lowers the mean LMP": ("yes", "yes"),
    "leading benefits the distribution network": ("yes", "yes"),
    "leading benefits the heat network": ("no", "yes"),
    "leading benefits the transmission network": ("yes", "yes"),
    "leading lowers the cost of all": ("no", "no"),
}


def swept(*factors: float) -> pd.DataFrame:
    case, transmission = FOLDER / "case", FOLDER / "transmission"
    return gp.sweep_stackelberg(case, transmission, "dg_capacity", factors, price_probes=0, gap=1e-3)


@pytest.fixture(scope="module")
def buying_and_selling() -> pd.DataFrame:
    """The district as it is, and with five times its generators, wind and PV."""
    return swept(1.0, 5.0)


def test_both_are_certified_and_one_buys_where_the_other_sells(buying_and_selling: pd.DataFrame) -> None:
    assert buying_and_selling["status"].tolist() == ["certified"] * 2
    buying, selling = buying_and_selling["stackelberg/import_mwh"]
    assert buying > 0.0 > selling


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_against_the_competitive_design(claim: str, buying_and_selling: pd.DataFrame) -> None:
    assert tuple(buying_and_selling[f"{claim}, than competitive"]) == CLAIMS[claim]


def test_a_buyer_raises_the_worth_of_power_within_and_a_seller_lowers_it(buying_and_selling: pd.DataFrame) -> None:
    """Who holds back an import is short of power; who holds back an export has too much of it."""
    table = buying_and_selling
    rise = table["stackelberg/dlmp_mean_per_mwh"] - table["competitive/dlmp_mean_per_mwh"]
    assert rise[0] > 0.0 > rise[1]


@pytest.mark.campaign
def test_the_other_claims_fail_at_other_capacities() -> None:
    table = swept(3.0, 4.0)
    assert table["leading benefits the distribution network, than competitive"].tolist() == ["no", "no"]
    assert table["leading benefits the transmission network, than competitive"].tolist() == ["no", "no"]
