"""The monthly run: every client on its own, drafts for the month before, proofs of what was signed."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from sqlalchemy import text

from opsguard_assets import cadences
from opsguard_assets.cadence import DAY, HOUR, MONTH, Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.signing.assets import CHAIN, FORMS, SAME, SCORECARDS_KEY, scorecards_asset
from opsguard_assets.scorecards.signing.sending_io import messages
from opsguard_assets.scorecards.signing.signing_io import sign
from opsguard_assets.scorecards.signing.store_io import newest
from tests.scorecards.cards import AS_OF
from tests.scorecards.cards import MONTH as OCTOBER
from tests.scorecards.houses import house_of


@pytest.fixture
def house(database, tmp_path):
    return house_of(database, tmp_path / "a lake", recipients=["cfo@ops.example"])


def ran(house, **settings):
    """A run of October."""
    own = {"sign_off": "required", "recipients": ["cfo@ops.example"], **settings}
    asset = scorecards_asset(Settings.model_validate({"scorecards": own}), lambda *_: house.maker)
    return dg.materialize(
        [asset],
        partition_key="2026-10-01",
        resources={"lake": house.lake, "database": house.database},
        run_config={"ops": {SCORECARDS_KEY.to_python_identifier(): {"config": {"as_of": AS_OF.isoformat()}}}},
        raise_on_error=False,
    )


def checks(result):
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def test_a_run_makes_drafts_and_sends_nothing_that_nobody_signed(house):
    result = ran(house)
    assert result.success
    assert checks(result) == {CHAIN: True, SAME: True, FORMS: True}
    assert newest(house.database, "C1", OCTOBER).status == "draft"
    assert messages(house.database) == []
    (shown,) = result.asset_materializations_for_node(SCORECARDS_KEY.to_python_identifier())
    assert shown.metadata["built"].value == 2
    assert "nobody has signed it" in shown.metadata["scorecards"].value
    assert shown.metadata["preview"].value.startswith("![The first page of the scorecard of 2026-10](data:image/png;")


def test_without_a_sign_off_a_run_plans_one_message_per_reader_and_a_second_one_none(house):
    assert ran(house, sign_off="optional").success
    assert ran(house, sign_off="optional").success
    assert [row["address"] for row in messages(house.database)] == ["cfo@ops.example"] * 2


def test_a_client_that_fails_fails_the_run_at_its_end_by_name_and_stops_no_other(house):
    house.maker.failing = {"C1"}
    result = ran(house)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "C1: its zone is unknown" in failure.step_failure_data.user_failure_data.description
    assert newest(house.database, "C2", OCTOBER).status == "draft"


def test_a_form_that_says_something_else_than_its_card_is_named(house):
    house.maker.disagreeing = {"C2"}
    (found,) = [each for each in ran(house).get_asset_check_evaluations() if each.check_name == FORMS]
    assert not found.passed
    assert found.description == "C2: csv says 1 for sla_performance"


def test_the_checks_fail_where_a_link_was_forged_or_a_signed_figure_comes_out_otherwise(house):
    ran(house)
    sign(house, "C1", OCTOBER, who="ada")
    assert checks(ran(house)) == {CHAIN: True, SAME: True, FORMS: True}
    with house.database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica; UPDATE scorecard_chain SET length = 9"))
    house.maker.more = {"measures": ()}
    assert checks(ran(house)) == {CHAIN: False, SAME: False, FORMS: True}


@pytest.mark.parametrize(
    ("timezone", "as_of", "month"),
    [
        ("UTC", datetime(2026, 11, 1, 3, tzinfo=UTC), "2026-10-01"),
        ("Asia/Tokyo", datetime(2026, 10, 31, 18, tzinfo=UTC), "2026-10-01"),
        ("America/New_York", datetime(2027, 1, 1, 8, tzinfo=UTC), "2026-12-01"),
    ],
)
def test_a_run_of_the_first_is_of_the_month_before_where_operations_are(timezone, as_of, month, monkeypatch):
    job = cadences.Job(
        name="monthly", cadence=Cadence(MONTH, 3 * HOUR), schedule="", is_by_month=True
    )  # fmt: skip
    monkeypatch.setattr(cadences, "JOBS", {"monthly": job})
    assert cadences.tick_partition("monthly", as_of, timezone) == month


def test_a_month_is_a_cadence():
    assert Cadence(MONTH, 3 * HOUR).cron == "0 3 1 * *"
    assert Cadence(MONTH, 4 * DAY + 90 * HOUR / 60).cron == "30 1 5 * *"
    assert Cadence(MONTH).words == "every_month"
