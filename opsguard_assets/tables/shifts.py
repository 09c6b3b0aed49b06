"""Who should work where and when, and who did."""

import dataframely as dy
import polars as pl

from opsguard_assets.tables import columns as c


class Rosters(dy.Schema):
    """A rule of who works where."""

    roster_id = c.identifier("the rule", required=True)
    person_id = c.identifier("who works", required=True)
    site_id = c.identifier("where", required=True)
    starts_local = c.clock_time("start of the shift")
    ends_local = c.clock_time("end of the shift; not after the start means the next day", midnight_closes=True)
    recurrence = c.line("days as an RFC 5545 RRULE, with EXDATE, RDATE and DTSTART lines; none means every day")
    valid_from = c.day("first day of the rule", required=True)
    valid_until = c.day("last day of the rule")
    post = c.line("position at the site")
    is_critical = c.flag("whether the post must never be empty")
    required_people = c.count("people that the post needs", low=1)
    requires = c.texts("qualifications that the post demands, all of them; none means nothing special")
    known_at = c.known_at()

    @dy.rule()
    def valid_until_not_before_valid_from(cls) -> pl.Expr:
        """A rule does not end before it begins."""
        return c.not_before("valid_until", "valid_from")


class Absences(dy.Schema):
    """Leave of a person."""

    person_id = c.identifier("who is away", required=True)
    starts_at = c.instant("start of the absence (UTC)", required=True)
    ends_at = c.until("end of the absence (UTC)", required=True)
    kind = c.line("leave, sickness, training, …")
    known_at = c.known_at()

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """An absence ends after it starts."""
        return c.after("ends_at", "starts_at")


class Substitutions(dy.Schema):
    """Who replaces whom on one day."""

    roster_id = c.identifier("the rule that is deviated from", required=True)
    on = c.day("local day on which the shift starts", required=True)
    person_id = c.identifier("who is replaced", required=True)
    substitute_id = c.identifier("who comes instead", required=True)
    expected_from_at = c.instant("from when the substitute is expected (UTC); empty: from the start of the shift")
    known_at = c.known_at()


class Attendance(dy.Schema):
    """A punch."""

    person_id = c.identifier("who punched", required=True)
    site_id = c.identifier("site of the clock or of the app's choice", required=True)
    punched_in_at = c.instant("arrival (UTC)", required=True)
    punched_out_at = c.instant("departure (UTC); none while there, or forgotten")
    latitude = c.measure("degrees north at arrival", low=-90, high=90)
    longitude = c.measure("degrees east at arrival", low=-180, high=180)
    accuracy_m = c.measure("metres of uncertainty of the position", low=0)
    known_at = c.known_at()

    @dy.rule()
    def left_not_before_arrived(cls) -> pl.Expr:
        """The departure does not precede the arrival."""
        return c.not_before("punched_out_at", "punched_in_at")


class PunchFeeds(dy.Schema):
    """How far the punches of a site were reported: the heartbeat of its clock."""

    site_id = c.identifier("the site", required=True)
    reported_upto_at = c.instant("every punch until then was sent (UTC)", required=True)
    known_at = c.known_at()


class Tours(dy.Schema):
    """A patrol."""

    tour_id = c.identifier("the patrol", required=True)
    site_id = c.identifier("where", required=True)
    person_id = c.identifier("who walks it")
    due_at = c.until("by when it should be walked (UTC)", required=True)
    checkpoints = c.count("checkpoints on the way")
    checkpoints_done = c.count("checkpoints that were scanned")
    completed_at = c.instant("when it was completed (UTC)")
    known_at = c.known_at()

    @dy.rule()
    def done_not_above_checkpoints(cls) -> pl.Expr:
        """No more checkpoints are scanned than there are."""
        return (pl.col("checkpoints_done") <= pl.col("checkpoints")).fill_null(value=True)
