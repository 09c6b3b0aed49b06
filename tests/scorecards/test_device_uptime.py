"""Device uptime: minutes by device and day, against an oracle in SQL, on hard cases and on the simulated provider."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.evaluation.intervals import wilson_ends
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.telemetry.hourly_io import hourly_known
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.devices.telemetry.schemas import DEVICE_HOURLY
from opsguard_assets.scorecards.kpis.device_spans import HOUR
from opsguard_assets.scorecards.kpis.devices import DEVICE_UPTIME, uptime_rows
from opsguard_assets.scorecards.kpis.figures import figures
from opsguard_assets.scorecards.kpis.months import client_months
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.registry import CLIENTS, TABLES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.properties import examples
from tests.scorecards.oracles import asked

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
ZONES = {"A": BERLIN, "B": KOLKATA}
COLUMNS = pl.Schema({name: DEVICE_HOURLY.dtypes[name] for name in (*HOUR, "date")})


def at(day: int, hour: float = 0) -> datetime:
    return MARCH + timedelta(days=day - 1, hours=hour)


def every(minutes: float, since: datetime, until: datetime) -> list[datetime]:
    return [since + timedelta(minutes=minutes) * n for n in range(int((until - since) / timedelta(minutes=minutes)))]


def hours_of(heard: dict[str, list[datetime]], interval: dict[str, float | None]) -> pl.DataFrame:
    """Rolled-up hours of reports that all say online: distinct intervals from the first report of the hour on."""
    rows = [(device, report) for device, reports in heard.items() for report in reports]
    reports = pl.DataFrame(rows, schema={"device_id": pl.String, "at": INSTANT}, orient="row").sort("device_id", "at")
    spaced = reports.with_columns(
        hour_at=pl.col("at").dt.truncate("1h"),
        every=pl.col("device_id").replace_strict(interval, default=None, return_dtype=pl.Float64),
    )
    since = (pl.col("at") - pl.col("at").min()).dt.total_microseconds() / 60e6
    return (
        spaced.group_by("device_id", "hour_at", "every")
        .agg(
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
            slots=(since / pl.col("every") + 0.5).floor().n_unique(),
            reports=pl.len().cast(pl.Int64),
        )
        .with_columns(online_minutes=pl.col("slots") * pl.col("every"), date=pl.col("hour_at").dt.date())
        .select(COLUMNS.names())
        .cast(dict(COLUMNS))
    )


def months_of(clients: pl.DataFrame, *firsts: date) -> pl.DataFrame:
    month = pl.DataFrame({"month": list(firsts)})
    rows = clients.select("client_id", "timezone").join(month, how="cross")
    edges = rows.with_columns(
        starts_at=pl.col("month").cast(pl.Datetime("us")),
        ends_at=pl.col("month").dt.offset_by("1mo").cast(pl.Datetime("us")),
    )
    return to_utc(edges, ["starts_at", "ends_at"]).drop("timezone")


def world(
    heard: dict[str, list[datetime]],
    interval: dict[str, float | None],
    *,
    installed: dict[str, datetime | None] | None = None,
    events: list[tuple[str, datetime, str]] | None = None,
    sites: dict[str, str] | None = None,
    through: datetime | None = None,
) -> dict[str, pl.DataFrame]:
    """The feeds of a few devices; a device is named after its site, which belongs to client A unless it is said."""
    owner = sites or {}
    placed = installed or {}
    devices = [(name, f"s-{name}", placed.get(name, at(-100)), every) for name, every in interval.items()]
    schema = {
        "device_id": pl.String,
        "site_id": pl.String,
        "installed_at": INSTANT,
        "reports_every_minutes": pl.Float64,
    }
    return {
        "clients": pl.DataFrame({"client_id": list(ZONES), "timezone": list(ZONES.values())}),
        "sites": pl.DataFrame(
            {"site_id": [f"s-{name}" for name in interval], "client_id": [owner.get(name, "A") for name in interval]}
        ),
        "devices": pl.DataFrame(devices, schema=schema, orient="row"),
        "device_events": pl.DataFrame(
            events or [], schema={"device_id": pl.String, "at": INSTANT, "kind": pl.String}, orient="row"
        ),
        "devices/device_hourly": hours_of(heard, interval),
        "watermarks": pl.DataFrame(
            {"feed": ["devices/device_hourly"], "through_at": [through or at(40)]},
            schema_overrides={"through_at": INSTANT},
        ),
    }


def rows_of(tables: dict[str, pl.DataFrame], month: date = date(2026, 3, 1)) -> pl.DataFrame:
    feeds = {name: frame.lazy() for name, frame in tables.items()}
    found = uptime_rows(feeds, months_of(tables["clients"], month).lazy(), Settings()).collect()
    assert found.schema == KPI_ROWS.dtypes
    assert found.select(KPI_ROWS.key).is_duplicated().sum() == 0
    return found


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """What is counted, in the columns of the oracle."""
    parts = pl.col("entity_id").str.split(" ")
    named = rows.filter(pl.col("excluded").is_null()).select(
        device_id=parts.list.first(),
        day=parts.list.last().str.to_date(),
        denominator="denominator",
        numerator="numerator",
    )
    return named.sort("device_id", "day")


def by_oracle(tables: dict[str, pl.DataFrame], month: date = date(2026, 3, 1)) -> pl.DataFrame:
    """The same by SQL; the view is wide enough for every interval of these tests."""
    months = months_of(tables["clients"], month)
    sites = tables["sites"].select("site_id", "client_id")
    zones = tables["clients"].select("client_id", "timezone")
    owners = tables["devices"].join(sites, on="site_id").join(zones, on="client_id")
    days = owners.select(
        "device_id", "timezone", day=pl.date_ranges(month, pl.lit(month).dt.offset_by("1mo"), closed="left")
    )
    local = days.explode("day").with_columns(
        begins_at=pl.col("day").cast(pl.Datetime("us")),
        ends_at=pl.col("day").dt.offset_by("1d").cast(pl.Datetime("us")),
    )
    longest = tables["devices"]["reports_every_minutes"].max() or 0.0
    aside = min(max(timedelta(minutes=3 * longest), timedelta(days=1)), timedelta(days=31))
    since = months["starts_at"].min() - aside
    upto = min(months["ends_at"].max() + aside, tables["watermarks"]["through_at"].item())
    options = pl.DataFrame({"since_at": [since], "upto_at": [upto], "maintenance_us": [240 * 60_000_000]})
    return asked("device_uptime", {**tables, "days": to_utc(local, ["begins_at", "ends_at"]), "options": options})


def agrees(tables: dict[str, pl.DataFrame], month: date = date(2026, 3, 1)) -> pl.DataFrame:
    rows = rows_of(tables, month)
    assert_frame_equal(counted(rows), by_oracle(tables, month), check_exact=False, abs_tol=1e-6, check_dtypes=False)
    return rows


def share(rows: pl.DataFrame) -> float:
    return rows["numerator"].sum() / rows["denominator"].sum()


ALL = every(30, at(-40), at(40))


def test_a_device_that_misses_nothing_is_online_all_month_and_the_spring_day_has_23_hours():
    rows = agrees(world({"d": ALL}, {"d": 30}))
    assert share(rows) == 1
    assert rows.sort("at")["denominator"].to_list() == [1440] * 28 + [1380, 1440, 1440]
    assert rows["denominator"].sum() == (31 * 24 - 1) * 60


def test_hours_of_silence_are_what_no_report_vouches_for():
    quiet = [report for report in ALL if not at(10, 8) < report < at(10, 14)]
    rows = agrees(world({"d": quiet, "e": ALL}, {"d": 30, "e": 30}))
    gone = rows.filter(pl.col("entity_id").str.starts_with("d"))
    assert gone["denominator"].sum() - gone["numerator"].sum() == 6 * 60 - 30
    assert share(rows.filter(pl.col("entity_id").str.starts_with("e"))) == 1


def test_one_missed_report_costs_an_interval_wherever_it_lies_in_the_hour_or_between_days():
    missing = (at(5, 12.5), at(6, 13), at(8, 23), at(9, 22.5))
    tables = world({"d": [report for report in ALL if report not in missing], "e": ALL}, {"d": 30, "e": 30})
    rows = agrees(tables)
    lost = rows["denominator"].sum() - rows["numerator"].sum()
    assert lost == 30 * len(missing)


def test_reports_that_jitter_around_midnight_lose_nothing():
    jitter = [report + timedelta(minutes=(-1) ** n) for n, report in enumerate(ALL)]
    assert share(agrees(world({"d": jitter}, {"d": 30}))) == 1


def test_a_device_that_reports_every_six_hours_is_online_between_its_reports():
    slow = every(360, at(-40, 5), at(40))
    rows = agrees(world({"d": slow, "e": ALL}, {"d": 360, "e": 30}))
    assert share(rows) == 1


def test_never_heard_since_installation_is_offline_from_then_on():
    tables = world({"e": ALL}, {"d": 30, "e": 30}, installed={"d": at(21)})
    rows = agrees(tables).filter(pl.col("entity_id").str.starts_with("d"))
    # March 21 begins in Berlin an hour before it does in UTC; the last days have summer time.
    assert (rows["denominator"].sum(), rows["numerator"].sum()) == ((11 * 24 - 2) * 60, 0)


def test_while_no_device_of_the_house_reported_nothing_is_expected():
    deaf = [report for report in ALL if not at(10, 8) < report < at(12, 8)]
    rows = agrees(world({"d": deaf, "e": deaf}, {"d": 30, "e": 30}))
    assert share(rows) == 1
    assert rows["denominator"].sum() == 2 * ((31 * 24 - 1) * 60 - 48 * 60)
    assert rows.filter(pl.col("excluded") == "unknown_blind").height == 2  # March 11, of both


def test_nothing_is_expected_after_maintenance_nor_of_a_device_that_was_removed_until_it_reports_again():
    quiet = [report for report in ALL if not at(10, 8) < report < at(20, 8)]
    events = [("d", at(10, 8.25), "removed"), ("e", at(5, 3), "maintenance"), ("e", at(5, 5), "maintenance")]
    rows = agrees(world({"d": quiet, "e": ALL}, {"d": 30, "e": 30}, events=events))
    assert share(rows) == 1
    lost = 2 * (31 * 24 - 1) * 60 - rows["denominator"].sum()
    assert lost == 10 * 24 * 60 - 15 + 6 * 60


def test_devices_that_nobody_can_judge_are_counted_as_left_out():
    tables = world({"d": ALL, "e": ALL}, {"d": None, "e": 30, "f": 0, "g": 30}, installed={"f": at(99), "g": None})
    rows = agrees(tables)
    assert rows.drop_nulls("excluded").select("entity_id", "excluded").rows() == [
        ("d -", "no_interval"),
        ("g -", "never_heard"),
    ]


def test_a_device_counts_until_telemetry_is_complete_and_no_longer():
    rows = agrees(world({"d": ALL}, {"d": 30}, through=at(12, 7)))
    assert rows["denominator"].sum() == (11 * 24 + 8) * 60
    assert share(rows) == 1


def test_the_days_of_a_zone_of_half_hours_add_up_to_the_month():
    rows = agrees(world({"d": ALL}, {"d": 30}, sites={"d": "B"}))
    assert set(rows["denominator"]) == {1440}
    assert rows["at"].min() == at(0, 18.5)


@given(st.data())
@settings(max_examples=examples(60, quick=4))
def test_the_oracle_agrees_on_any_fleet_and_another_client_moves_nothing(data):
    names, minutes = ["d", "e", "f"], st.integers(0, 40 * 24 * 60)
    interval = {name: data.draw(st.sampled_from([20.0, 30.0, 60.0, 360.0, 1440.0])) for name in names}
    gaps = {name: data.draw(st.lists(st.tuples(minutes, st.integers(1, 9_000)), max_size=4)) for name in names}

    def heard(name: str, seen: dict[str, list[tuple[int, int]]]) -> list[datetime]:
        holes = [(at(-5) + timedelta(minutes=m), at(-5) + timedelta(minutes=m + n)) for m, n in seen[name]]
        return [r for r in every(interval[name], at(-5), at(36)) if not any(b <= r < e for b, e in holes)]

    kinds = st.tuples(st.sampled_from(names), minutes, st.sampled_from(["maintenance", "removed", "failure"]))
    events = [(n, at(-5) + timedelta(minutes=m), k) for n, m, k in data.draw(st.lists(kinds, max_size=4))]
    installed = {name: data.draw(st.sampled_from([None, at(-60), at(4, 3)])) for name in names}
    owner = {"f": "B"}
    # Somebody of the house is always heard, so that what B's device reports says nothing of OpsGuard.
    always = {"z": every(15, at(-40), at(40))}
    common = {"installed": installed, "sites": owner}
    tables = world({n: heard(n, gaps) for n in names} | always, interval | {"z": 15.0}, events=events, **common)
    rows = agrees(tables)
    other = [event for event in events if event[0] != "f"]
    without = world({n: heard(n, gaps) for n in "de"} | always, interval | {"z": 15.0}, events=other, **common)
    of_a = pl.col("client_id") == "A"
    assert_frame_equal(rows_of(without).filter(of_a), rows.filter(of_a), check_row_order=False)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Devices of a simulated provider through a lake and its rollup, as the feeds of the figure."""
    quiet = {"tickets_per_day": 5, "guards": False, "orders_per_day": 0, "alarms_per_site": 0}
    simulated = SimulationSettings(seed=3, starts_at=START, clients=3, sites=4, devices_per_site=4, **quiet)
    until = START + timedelta(days=35)
    lake = Lake(str(tmp_path_factory.mktemp("fleet") / "lake"))
    record_fleet(lake, fleet_of(simulated, until), until)
    update_hourly(lake, progress=Silent())
    known = {
        name: lake.known(TABLES[name], until).collect() for name in ("clients", "sites", "devices", "device_events")
    }
    through = pl.DataFrame({"feed": ["devices/device_hourly"], "through_at": [until]})
    return {
        **known,
        "devices/device_hourly": hourly_known(lake, until).select(COLUMNS.names()).collect(),
        "watermarks": through,
    }


def test_the_oracle_agrees_on_a_simulated_fleet_whose_outages_are_neither_none_nor_all(fleet):
    rows = agrees(fleet)
    assert rows["client_id"].n_unique() == 3
    assert 0.5 < share(rows) < 0.999


def test_the_interval_of_a_figure_is_by_devices_and_not_by_their_days():
    days = [
        (OCTOBER, "A", f"s{n % 2}", f"device {n} 2026-10-{day:02}", 1_440.0 * (n != 0), 1_440.0)
        for n in range(8)
        for day in range(1, 31)
    ]
    columns = ["month", "client_id", "site_id", "entity_id", "numerator", "denominator"]
    rest = {"kpi": "device_uptime", "entity_type": "device", "at": None, "measure": None, "excluded": None}
    found = pl.DataFrame(days, schema=columns, orient="row").with_columns(pl.lit(v).alias(n) for n, v in rest.items())
    rows = KPI_ROWS.rows(found.select(pl.col(name).cast(kind) for name, kind in KPI_ROWS.dtypes.items()))
    clients = CLIENTS.rows(pl.DataFrame([{"client_id": "A", "name": "A", "timezone": "UTC"}], schema=CLIENTS.dtypes))
    months = client_months(clients, datetime(2026, 11, 2, tzinfo=UTC))
    kpis = {"device_uptime": DEVICE_UPTIME}
    now = datetime(2026, 11, 2, tzinfo=UTC)
    figure = figures(rows.lazy(), months, kpis, Settings(), {"device_uptime": now}, now)
    own = figure.filter(pl.col("month") == OCTOBER)
    whole = own.filter(pl.col("site_id").is_null()).row(0, named=True)
    low, high = wilson_ends(7 / 8, 8)
    assert (whole["value"], whole["low"], whole["high"]) == pytest.approx((87.5, 100 * low, 100 * high))
    site = own.filter(pl.col("site_id") == "s1").row(0, named=True)
    assert (site["value"], site["low"]) == pytest.approx((100.0, 100 * wilson_ends(1, 4)[0]))
