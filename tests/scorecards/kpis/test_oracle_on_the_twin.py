"""All key figures of ten weeks of the simulated provider agree with oracles in SQL, for clients and for sites."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import text

from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.people import acknowledge_all
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.scoring import score_tick
from opsguard_assets.scorecards.kpis.feeds_io import Reading, feeds
from opsguard_assets.scorecards.kpis.figures import NO_FEED
from opsguard_assets.scorecards.kpis.io import compute
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS
from opsguard_assets.scorecards.kpis.months import spans
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.scorecards.kpis.rows import completeness
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.risk.findings import sla_findings
from opsguard_assets.tickets.risk.score_io import sla_scorer
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long
from tests.scorecards.kpis.frames import NAMES, SETTINGS, judged
from tests.scorecards.oracles import asked
from tests.scorecards.test_device_uptime import by_oracle
from tests.tickets.provider_records import record

pytestmark = long
# Over the night on which clocks change in Europe and the one on which they do in America.
START, AS_OF = datetime(2026, 2, 25, tzinfo=UTC), datetime(2026, 5, 3, 6, tzinfo=UTC)
SMALL = {"clients": 3, "sites": 5, "agents": 12, "tickets_per_day": 14, "orders_per_day": 4, "devices_per_site": 2}
MONITOR = Monitor("twin", ("sla_breach_risk", "sla_breached"))
OTHERS = tuple(name for name in KPIS if name not in {*NAMES, "device_uptime"})
# Their rules look at the whole client: whether it names repairs, since when it has playbooks.
OF_CLIENTS = ("first_time_fix", "auto_resolution")
# Nobody walks tours in the simulated provider, and no playbook ran in this test.
EMPTY = ("tour_coverage", "auto_resolution")
SUMS = ["numerator", "denominator"]


@pytest.fixture(scope="module")
def twin(tmp_path_factory, databases):
    """A lake with ten weeks of records, ticks with their alerts in a database, and what key figures read of both."""
    lake, database = Lake(str(tmp_path_factory.mktemp("twin") / "lake")), databases.migrated()
    records = simulate(SimulationSettings(seed=12, starts_at=START, device_report_minutes=60, **SMALL), AS_OF).tables
    for name in TABLES:
        rows = records.get(name)
        record(lake, name, TABLES[name].empty() if rows is None else rows, AS_OF)
    update_hourly(lake, progress=Silent())
    found = compute(lake, database, SETTINGS, AS_OF, {"sla_performance": KPIS["sla_performance"]})
    ends = found.months.filter(pl.col("ends_at").is_between(START, AS_OF))["ends_at"].unique().to_list()
    for at in sorted([*ends, *(START + timedelta(days=day, hours=9) for day in range(2, 66, 2))]):
        _tick(lake, database, at)
    computed = compute(lake, database, SETTINGS, AS_OF)
    read = feeds(Reading(lake, database, SETTINGS, AS_OF, *spans(computed.months)), KPIS.values())
    yield computed, {name: each.lazy().collect() for name, each in read.items()}
    databases.drop(database)


def _tick(lake, database, at):
    """Tickets are scored by the rule, the worst raise alerts, and somebody takes every third of them up."""
    scored = score_tick(sla_scorer(SETTINGS), lake, Champions(database), at)
    assert scored.served.model.name == RuleBaseline().name
    settle(database, sla_findings(scored.rows, SETTINGS.sla), MONITOR, at)
    with database.begin() as connection:
        rows = connection.execute(text("SELECT alert_id FROM alerts WHERE state = 'open' AND mod(alert_id, 3) = 0"))
        acknowledge_all(connection, [row[0] for row in rows], at=at + timedelta(minutes=20), actor="ana", note="")


def of_sites(read, months):
    """The same feeds and months as if each site were a client of its own."""
    owners = read["sites"].select("site_id", "client_id")
    own = {
        name: each.with_columns(client_id="site_id").drop_nulls("client_id")
        for name, each in read.items()
        if {"site_id", "client_id"} <= set(each.columns)
    }
    of_each = owners.join(months, on="client_id").with_columns(client_id="site_id").drop("site_id")
    clients = owners.join(read["clients"], on="client_id").with_columns(client_id="site_id").drop("site_id")
    return {**read, **own, "clients": clients}, of_each.select(months.columns)


def said(name, read, months, through):
    """What the oracle says of a key figure, by client and month."""
    if name in NAMES:
        return judged(read, months.with_columns(through=pl.lit(through)), (name,))[name]
    if name == "device_uptime":
        return _uptime(read)
    return asked(name, {**read, "months": months})


def _uptime(read):
    marks = read[WATERMARKS].filter(pl.col("feed") == "devices/device_hourly")
    months = [START.replace(month=month, day=1).date() for month in (2, 3, 4, 5)]
    days = pl.concat([by_oracle({**read, WATERMARKS: marks}, month) for month in months])
    owned = days.join(read["devices"].select("device_id", "site_id"), on="device_id").join(read["sites"], on="site_id")
    return owned.group_by("client_id", month=pl.col("day").dt.month_start()).agg(pl.col(SUMS).sum())


def compared(name, figures, oracle):
    """Both sides in the columns that the oracle has, where there is anything; and how many client months these are."""
    columns = [column for column in (*SUMS, "value") if column in oracle.columns]
    if name == "predictions_came_true":
        columns = SUMS
    key = ["client_id", "month"]
    # A count of 0 has no denominator; then what is a figure counts.
    has_rows = pl.col("denominator") > 0 if "denominator" in columns else pl.lit(value=True)
    is_there = has_rows if "denominator" in columns else pl.col("value").is_not_null()
    typed = oracle.filter(has_rows).with_columns(pl.col("month").cast(pl.Date))
    wanted = typed.select(*key, pl.col(columns).cast(pl.Float64)).sort(key)
    got = figures.filter(is_there).select(*key, pl.col(columns).cast(pl.Float64)).sort(key)
    if "value" in columns:
        # Too few rows make no figure; what they sum up to is compared all the same.
        few = got.select(*key, is_figure=pl.col("value").is_not_null())
        wanted = wanted.join(few, on=key, how="left", maintain_order="left").with_columns(
            value=pl.when(pl.col("is_figure").fill_null(value=True)).then("value")
        )
        wanted = wanted.drop("is_figure")
    assert_frame_equal(got, wanted, check_exact=False, abs_tol=1e-6)
    return len(wanted)


@pytest.mark.parametrize("name", list(KPIS))
def test_a_key_figure_of_clients_and_of_sites_agrees_with_its_oracle(twin, name):
    computed, read = twin
    mine = computed.kpis.filter(pl.col("kpi") == name)
    whole, sites = mine.filter(pl.col("site_id").is_null()), mine.drop_nulls("site_id")
    through = completeness(read[WATERMARKS], KPIS)[name]
    if through is None:
        assert (name, set(whole["missing"])) == ("tour_coverage", {NO_FEED})
        return
    number = compared(name, whole, said(name, read, computed.months, through))
    assert number >= (0 if name in EMPTY else 6)
    if name not in OF_CLIENTS:
        own, months = of_sites(read, computed.months)
        as_clients = sites.with_columns(client_id="site_id")
        assert compared(name, as_clients, said(name, own, months, through)) >= (0 if name in EMPTY else 8)


def test_every_key_figure_is_compared():
    assert {*NAMES, *OTHERS, "device_uptime"} == set(KPIS)
    assert len(KPIS) == 22
