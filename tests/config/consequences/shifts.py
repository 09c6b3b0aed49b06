"""What settings of shifts do: verdicts, alerts, substitutes, the calendar, labels."""

from datetime import timedelta
from tempfile import mkdtemp

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES, meaning, problems_of
from opsguard_assets.shifts.alerts.assets import levels_of as shift_levels
from opsguard_assets.shifts.alerts.assets import terms_of
from opsguard_assets.shifts.alerts.findings import shift_findings
from opsguard_assets.shifts.calendar.assets import shift_calendar_asset
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.coverage.substitutes import Workforce, proposals
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.io import limits_of
from opsguard_assets.shifts.verdicts.verdicts import Attended, shift_compliance
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from resources.lake import Lake
from tests.config.consequences.given import NOW, Seen, Unlocked, plain
from tests.shifts import test_findings as shifts
from tests.shifts.rosters import roster, rows, site
from tests.shifts.test_verdicts import at, punch, shift


def verdicts(settings: Settings) -> Seen:
    """What is said of people who come late, leave early, stay on or do not come."""
    parts = [shift("08:00", "16:00", f"part{n}", person_id=f"p{n}") for n in range(6)]
    came = [
        punch("08:10", "16:00", person_id="p0"),
        punch("08:20", "15:50", person_id="p1"),
        punch("08:00", "15:20", person_id="p2"),
        punch("08:00", None, person_id="p3"),
    ]
    said = []
    for clock in ("08:12", "09:10", "10:10", "16:30", "17:30"):
        heard = [{"site_id": "hall", "reported_upto_at": at(clock), "known_at": at(clock)}]
        known = Attended(rows("attendance", *came), rows("punch_feeds", *heard), rows("sites", site()))
        said.append(plain(shift_compliance(rows(SHIFT_CALENDAR, *parts), known, limits_of(settings), at(clock))))
    return said


def shift_alerts(settings: Settings) -> Seen:
    """The findings of a tick of shifts whose feed is late, with chances of no-shows; and what their types mean."""
    likely = [
        {"shift_id": f"s{n}", "person_id": "p", "site_id": "hall", "starts_at": at("20:00"), "risk": n / 20}
        for n in range(20)
    ]
    known = shifts.known(
        [shift("08:00", "16:00")],
        now="08:20",
        beats_until="07:00",
        risk=rows(SHIFT_RISK, *likely),
        levels=shift_levels(settings),
    )
    return plain(shift_findings(known)), [meaning(kind, dict(settings)) for kind in ALERT_TYPES]


def substitutes(settings: Settings) -> Seen:
    """Who is proposed to come to a shift in the morning after a late one, near and far."""
    needs = pl.DataFrame(
        {"need": ["n"], "site_id": ["hall"], "post": ["gate"], "starts_at": [at("08:20")], "ends_at": [at("16:00")]}
    ).with_columns(pl.col("starts_at", "ends_at").cast(INSTANT), requires=pl.lit(None, pl.List(pl.String)))
    people = [{"person_id": f"p{n}", "name": f"p{n}", "home_site_id": "hall", "is_active": True} for n in range(5)]
    people.append({"person_id": "away", "name": "away", "home_site_id": "dock", "is_active": True})
    late = [shifts.worked(f"p{n}", 0, hours=("-8:00", "01:00")) for n in range(3)]
    places = rows("sites", site(latitude=52.52, longitude=13.4), *shifts.SITES[1:])
    workforce = Workforce(rows("people", *people), places, rows(SHIFT_CALENDAR, *late), rows("absences"))
    return plain(proposals(needs, workforce, terms_of(settings)))


def calendar(settings: Settings) -> Seen:
    """How many shifts of a daily roster are planned."""
    lake = Lake(mkdtemp(prefix="calendar "))
    for name, row in (("rosters", roster()), ("sites", site())):
        lake.record(TABLES[name], rows(name, row), loaded_at=NOW - timedelta(days=1))
    asset = shift_calendar_asset(settings, [])
    given = {"lake": lake, "database": Unlocked()}
    moment = {"ops": {"shifts__shift_calendar": {"config": {"as_of": NOW.isoformat()}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([asset], resources=given, run_config=moment, instance=instance, selection=[asset.key])
    return lake.known(SHIFT_CALENDAR).select(pl.len()).collect().item()


def no_show_labels(settings: Settings) -> Seen:
    """What models learn of somebody who came, did not come, and came late: the event, when, and the habit."""
    lake, day = Lake(mkdtemp(prefix="labels ")), timedelta(days=1)
    known = {
        "rosters": [roster(starts_local="08:00", ends_local="16:00")],
        "sites": [site(timezone="UTC")],
        "attendance": [
            {"person_id": "ann", "site_id": "hall", "punched_in_at": came, "known_at": came}
            for came in (at("08:00") - 4 * day, at("08:10") - 2 * day)
        ],
        "punch_feeds": [{"site_id": "hall", "reported_upto_at": at("12:00"), "known_at": at("12:00")}],
    }  # fmt: skip
    for name, given in known.items():
        lake.record(TABLES[name], rows(name, *given), loaded_at=at("12:00"))
    moments = problems_of(settings)["no_show"].dataset(lake, at("12:00")).watched()
    last = moments.sort("as_of").tail(5)
    return plain(last.select("as_of", "is_event", "lead_minutes", "person_late_rate"))
