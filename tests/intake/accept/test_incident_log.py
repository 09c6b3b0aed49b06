"""The ready mapping of a real ServiceNow log: what it accepts, what it rejects, what it must not know in advance."""

import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from opsguard_assets.config.load import load_settings
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.ledger import report
from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.accept.given import START, deliver

CHECKOUT = Path(__file__).parents[3]
EXAMPLE = CHECKOUT / "examples" / "incident_log"
DATASETS = Path(os.environ.get("OPSGUARD_DATASETS", CHECKOUT.parent / "shared" / "datasets"))
LOG = DATASETS / "incident_log" / "incident_event_log.csv.gz"
LEAKS = {"made_sla", "closed_code", "resolved_by", "caused_by", "reopen_count", "reassignment_count"}

pytestmark = pytest.mark.xdist_group("incident_log")
with_the_log = pytest.mark.skipif(not LOG.exists(), reason=f"the public incident log is not at {LOG}")


@pytest.fixture(scope="module")
def sources():
    settings = load_settings(EXAMPLE / "opsguard.yaml", {"OPSGUARD_DATASETS": str(DATASETS)})
    return {source.name: source for source in settings.sources}


def as_raw(rows, name):
    return rows.with_columns(
        pl.lit("0001").alias("_load_id"),
        pl.lit(START).alias("_loaded_at"),
        pl.lit(name).alias("_origin"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_position"),
        pl.lit(None, pl.String).alias("_damage"),
        pl.lit(None, pl.String).alias("_text"),
    )


@pytest.fixture(scope="module")
def log():
    return pl.read_csv(LOG, infer_schema=False)


@pytest.fixture(scope="module")
def lake(sources, log, tmp_path_factory):
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    deliver(lake, as_raw(log, LOG.name), "incident_log")
    accept(lake, sources["incident_log"], TABLES)
    return lake


def test_columns_that_hold_outcomes_are_not_mapped(sources):
    used = {
        name
        for feed in sources["incident_log"].feeds
        for mapping in feed.columns.values()
        for name in (mapping.source, mapping.template)
        if name is not None
    }
    assert not used & LEAKS


def test_the_promises_beside_the_log_are_accepted(sources):
    for name, file in (("incident_log_policies", "policies.csv"), ("incident_log_calendars", "calendars.csv")):
        source = sources[name]
        rows = as_raw(pl.read_csv(EXAMPLE / file, infer_schema=False), file)
        result = conform(rows, source.feeds[0], source, TABLES[source.feeds[0].table], START)
        assert result.rejected.rows() == []
        assert len(result.accepted) == result.received
        if file == "policies.csv":
            assert result.accepted["pauses_on"].to_list() == [[]] * 4
            assert result.accepted["resolution_minutes"].to_list() == [480, 1_440, 9_180, 20_820]


@with_the_log
def test_every_row_is_accounted_for_and_the_rejected_ones_have_a_reason(lake):
    book = lake.scan("intake/loads").collect()
    tickets = book.filter(table="tickets").row(0, named=True)
    assert report.not_conserved(book).is_empty()
    assert (tickets["received"], tickets["rejected"]) == (141_712, 10)
    assert tickets["accepted"] + tickets["unchanged"] == 141_702
    rules = report.rejected_per_rule(lake.scan("quarantine/tickets").collect())
    assert dict(rules.select("example", "rows").rows())["-100"] == 5
    # Four rows break two rules.
    assert sorted(rules["rows"]) == [4, 5, 5]


@with_the_log
def test_all_incidents_arrive_and_the_same_load_changes_nothing_twice(lake, sources):
    current = lake.known(TABLES["tickets"]).collect()
    assert len(current) == 24_918
    assert set(current["status"]) == {"closed"}
    sizes = {name: len(lake.known(TABLES[name]).collect()) for name in ("clients", "sites", "groups", "people")}
    assert sizes == {"clients": 1, "sites": 224, "groups": 78, "people": 234}
    assert accept(lake, sources["incident_log"], TABLES) == []


@with_the_log
def test_no_state_of_a_ticket_knows_a_later_instant(lake):
    states = lake.versions(TABLES["tickets"]).collect()
    instants = ["resolved_at", "closed_at", "opened_at"]
    assert states.filter(pl.any_horizontal(pl.col(instants) > pl.col("known_at"))).is_empty()
    assert (
        states.filter(pl.col("status") != "closed")["closed_at"].null_count()
        == len(states) - (states["status"] == "closed").sum()
    )


@with_the_log
def test_a_ticket_is_what_its_rows_say_up_to_an_instant(lake, log):
    moment = datetime(2016, 4, 4, 12, tzinfo=UTC)
    changes = log.select(
        "number",
        "incident_state",
        pl.col("sys_mod_count").cast(pl.Int64),
        changed=pl.col("sys_updated_at").str.to_datetime("%d/%m/%Y %H:%M", time_zone="UTC"),
        opened=pl.col("opened_at").str.to_datetime("%d/%m/%Y %H:%M", time_zone="UTC"),
    ).filter(pl.col("incident_state") != "-100", pl.col("changed") >= pl.col("opened"), pl.col("changed") <= moment)
    last = changes.sort("changed", "sys_mod_count").group_by("number").last()
    expected = last.filter(~pl.col("incident_state").is_in(["Resolved", "Closed"]))["number"]
    known = lake.known(TABLES["tickets"], moment).filter(~pl.col("status").is_in(["resolved", "closed"])).collect()
    assert set(known["ticket_id"]) == set(expected)


@with_the_log
def test_the_promises_reproduce_what_the_log_says_about_breaches(lake, log, sources):
    kept = (
        log.with_columns(pl.col("sys_mod_count").cast(pl.Int64))
        .sort("number", "sys_mod_count")
        .group_by("number")
        .agg(pl.col("made_sla").last() == "true")
    )
    policies = as_raw(pl.read_csv(EXAMPLE / "policies.csv", infer_schema=False), "policies.csv")
    source = sources["incident_log_policies"]
    limits = conform(policies, source.feeds[0], source, TABLES["sla_policies"], START).accepted
    tickets = (
        lake.known(TABLES["tickets"]).collect().join(limits.select("priority", "resolution_minutes"), on="priority")
    )
    judged = tickets.join(kept, left_on="ticket_id", right_on="number").select(
        "priority",
        agrees=(worked("opened_at", "closed_at") <= pl.col("resolution_minutes")) == pl.col("made_sla"),
    )
    agreement = dict(judged.group_by("priority").agg(pl.col("agrees").mean()).rows())
    assert agreement["medium"] > 0.99
    assert min(agreement.values()) > 0.98


def worked(start: str, end: str) -> pl.Expr:
    """Minutes from Monday 00:00 to Friday 24:00 between two instants."""

    def since_a_monday(column: str) -> pl.Expr:
        minutes = (pl.col(column) - pl.lit(datetime(2016, 1, 4, tzinfo=UTC))).dt.total_minutes()
        return minutes // 10_080 * 7_200 + pl.min_horizontal(minutes % 10_080, pl.lit(7_200))

    return since_a_monday(end) - since_a_monday(start)
