"""Who and where: clients, sites, working time, people, teams, duty."""

import dataframely as dy
import polars as pl

from opsguard_assets.tables import columns as c
from opsguard_assets.tables.values import PLANS


class Clients(dy.Schema):
    """A paying client."""

    client_id = c.identifier("the client", required=True)
    name = c.line("name for people", required=True)
    plan = c.choice("what the client bought", PLANS)
    timezone = c.zone("zone of the client's reports and of sites without one", required=True)
    currency = dy.String(nullable=True, regex="^[A-Z]{3}$", description="ISO 4217 currency of the client's figures")
    executive_emails = c.texts("who receives the scorecard")
    slack_channel = c.line("channel of the client's alerts")
    joined_on = c.day("first day as a client")
    soar_enabled = c.flag("whether automated remediation may act for the client")
    known_at = c.known_at()


class Sites(dy.Schema):
    """A place served."""

    site_id = c.identifier("the site", required=True)
    client_id = c.identifier("whose site it is", required=True)
    name = c.line("name for people", required=True)
    timezone = c.zone("zone of the site's working time and shifts", required=True)
    latitude = c.measure("degrees north", low=-90, high=90)
    longitude = c.measure("degrees east", low=-180, high=180)
    geofence_radius_m = c.measure("metres around the position that count as on site", low=0)
    calendar_id = c.identifier("working time of the site; none means round the clock")
    supervisor_id = c.identifier("person who supervises the site")
    known_at = c.known_at()


class Calendars(dy.Schema):
    """One stretch of working time of one weekday."""

    calendar_id = c.identifier("the calendar", required=True)
    weekday = c.count("ISO weekday, 1 Monday to 7 Sunday", low=1, high=7, required=True)
    opens = c.clock_time("start of working time")
    closes = c.clock_time("end of working time; not after `opens` means the next day", midnight_closes=True)
    holidays = c.texts("days without working time: a country (DE), a subdivision (DE/BY) or a date (2026-12-24)")
    known_at = c.known_at()


class People(dy.Schema):
    """A guard, agent or supervisor."""

    person_id = c.identifier("the person", required=True)
    name = c.line("name for people", required=True)
    email = c.line("address for mail")
    slack_user_id = c.identifier("user in Slack")
    home_site_id = c.identifier("usual site")
    is_active = c.flag("whether the person can be given work; unknown counts as yes")
    reports_to = c.identifier("the person's superior")
    qualifications = c.texts("what the person is qualified for: first aid, dog handler, …; none known counts as none")
    known_at = c.known_at()


class Groups(dy.Schema):
    """A team of specialists."""

    group_id = c.identifier("the team", required=True)
    name = c.line("name for people", required=True)
    lead_id = c.identifier("person who leads the team")
    known_at = c.known_at()


class Memberships(dy.Schema):
    """A person's place in a team."""

    person_id = c.identifier("the member", required=True)
    group_id = c.identifier("the team", required=True)
    known_at = c.known_at()


class Duty(dy.Schema):
    """A stretch of time for which a person is on duty."""

    person_id = c.identifier("who is on duty", required=True)
    starts_at = c.instant("start of duty (UTC)", required=True)
    ends_at = c.until("end of duty (UTC)", required=True)
    role = c.line("in which role")
    known_at = c.known_at()

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """Duty ends after it starts."""
        return c.after("ends_at", "starts_at")
