"""The prediction problem of no-shows, its history from the lake, and one tick of risk.

Here: reading. Not here: features (`ml.problems.no_show`), labels and moments (`no_show.dataset`), the asset
(`no_show.assets`).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.evaluation import prediction_log
from ml.models.model import RiskModel
from ml.models.probabilities import probabilities
from ml.problems.no_show.features import FEATURES, features, streams
from ml.problems.no_show.problem import KEY, PROBLEM, TASK
from ml.problems.no_show.rule import NoShowRule
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.problem import PredictionLog, Problem, costs_of
from opsguard_assets.shifts.calendar.calendar import PLANNED
from opsguard_assets.shifts.calendar.io import INPUTS, calendar_at
from opsguard_assets.shifts.calendar.schemas import PlannedShift
from opsguard_assets.shifts.no_show.dataset import AHEAD, PART, USUAL_LIMITS, ShiftDataset, part_outcomes
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK, LastRisk
from opsguard_assets.shifts.verdicts.io import limits_of
from opsguard_assets.shifts.verdicts.presence import distance_m
from opsguard_assets.shifts.verdicts.verdicts import Attended, Limits, shift_compliance
from opsguard_assets.tables.registry import ATTENDANCE, PEOPLE, PUNCH_FEEDS, SITES, SUBSTITUTIONS
from opsguard_assets.tables.table import Table, rows_of, typed_as
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.lake import Lake

# Habits of the last half year; older ones are forgotten, and a tick does not cost more for them.
REMEMBERED = timedelta(days=180)
NO_SHOW_RISK, EVERYBODY = "no_show_risk", "*"
_LOOK_BACK = timedelta(hours=36)
# The first punch of a site belongs to a shift that begins about then.
_PUNCHES_BEFORE = timedelta(hours=4)


def no_show(settings: Settings) -> Problem:
    """Will nobody come for a part in a shift?"""
    limits, chosen = limits_of(settings), settings.shifts
    task = replace(TASK, acting_from=(chosen.no_show_alert_from,))
    return Problem(
        name=PROBLEM,
        entity="shift",
        event="no-show",
        group="shifts",
        inputs=(*INPUTS, ATTENDANCE),
        dataset=lambda lake, until: ShiftDataset(until, parts_of(lake, until, limits), limits, task),
        rule=NoShowRule(),
        makes=frozenset(FEATURES).__contains__,
        costs=costs_of(settings, settings.money.no_show_cost),
        alert_from=chosen.no_show_alert_from,
        clear_below=chosen.no_show_clear_below,
        alert_type=NO_SHOW_RISK,
        step=timedelta(minutes=30),
        prediction_log=PredictionLog(
            SHIFT_RISK,
            pl.format("{}/{}", "shift_id", "person_id"),
            lambda lake, scores, until: with_outcomes(lake, scores, until, limits),
        ),
    )


def with_outcomes(lake: Lake, scores: pl.DataFrame, until: datetime, limits: Limits) -> pl.DataFrame:
    """Scores of the prediction log with labels (`ml.evaluation.prediction_log.with_outcomes`).

    A part that is no longer planned, because the shift was cancelled or somebody else took it, ends without a label at
    its last score.
    """
    planned = ShiftDataset(until, parts_of(lake, until, limits), limits).decided
    gone = scores.join(planned, on="entity", how="anti").group_by("entity")
    ended = gone.agg(begins_at=pl.col("as_of").min(), ends_at=pl.col("as_of").max(), settled_at=pl.col("as_of").max())
    return prediction_log.with_outcomes(scores, pl.concat([planned, ended], how="diagonal_relaxed"), until)


def parts_of(lake: Lake, until: datetime, limits: Limits = USUAL_LIMITS) -> pl.DataFrame:
    """The parts in shifts of the last half year and of the day ahead, with their outcomes by these limits.

    Returns:
        `PART`, `verdict`, `arrived_at`, `late_minutes`, `arrival_known_at`.
    """
    shifts = calendar_at(lake, until, since=until - REMEMBERED, until=until + AHEAD).shifts
    expected = rows_of(PlannedShift, shifts.filter(pl.col("status") == PLANNED))
    since = pl.lit(until - REMEMBERED - timedelta(days=1), INSTANT)
    punches = ATTENDANCE.typed(lake.known(ATTENDANCE, until).filter(pl.col("punched_in_at") >= since)).collect()
    sites = SITES.typed(lake.known(SITES, until).unique("site_id")).collect()
    known = Attended(punches, lake.known(PUNCH_FEEDS, until).collect(), sites)
    judged = shift_compliance(expected, known, limits, until)
    # Before the first punch of a site nobody punched there: what is missing then means nothing.
    begun = punches.group_by("site_id").agg(_begun=pl.col("punched_in_at").min())
    heard = judged.join(begun, on="site_id", how="left").with_columns(
        verdict=pl.when(pl.col("expected_from_at") + _PUNCHES_BEFORE >= pl.col("_begun")).then("verdict")
    )
    said = heard.select("shift_id", "person_id", "verdict", "arrived_at", "late_minutes", "punched_site_id")
    first = _first_known(lake, until, since).rename({"site_id": "punched_site_id", "punched_in_at": "arrived_at"})
    return (
        _described(lake, expected, sites, until)
        .join(said, on=["shift_id", "person_id"], how="left")
        .join(first, on=["person_id", "punched_site_id", "arrived_at"], how="left")
        .select(*PART, "verdict", "arrived_at", "late_minutes", "arrival_known_at")
    )


def risk_at(
    lake: Lake, model: RiskModel, as_of: datetime, clients: tuple[str, ...], limits: Limits = USUAL_LIMITS
) -> pl.DataFrame:
    """The risk of every part of the next 24 hours at clients that want it, by what was known at a moment.

    Returns:
        `shift_id`, `person_id`, `site_id`, `client_id`, `starts_at`, `as_of`, `risk`, `reason`.
    """
    wanted = pl.lit(value=True) if EVERYBODY in clients else pl.col("client_id").is_in(list(clients))
    parts = parts_of(lake, as_of, limits)
    ahead = parts.filter(pl.col("from_at") > pl.lit(as_of, INSTANT), wanted)
    moments = ahead.select(PART).with_columns(as_of=pl.lit(as_of, INSTANT)).sort(KEY)
    rows = features(streams(part_outcomes(parts, limits)), moments)
    risks = probabilities(model, rows)
    return rows.select(
        "shift_id",
        "person_id",
        "site_id",
        "client_id",
        "as_of",
        starts_at="from_at",
        risk=risks,
        reason=model.reasons(rows),
    )


def last_risk(lake: Lake, as_of: datetime) -> dy.DataFrame[LastRisk]:
    """The last score of each part before it began.

    Scores of the last day and a half; no rows if no client has this prediction.
    """
    rows: pl.LazyFrame = SHIFT_RISK.empty().lazy()
    if lake.exists(SHIFT_RISK.derived_name):
        days = pl.col("date").is_between((as_of - _LOOK_BACK).date(), as_of.date())
        rows = lake.scan(SHIFT_RISK.derived_name).filter(days, pl.col("as_of") <= pl.lit(as_of, INSTANT))
    last = rows.sort("as_of").unique(["shift_id", "person_id"], keep="last", maintain_order=True)
    rows = last.select("shift_id", "person_id", no_show_risk="risk", said_at="as_of")
    return typed_as(LastRisk, rows).collect()


def _first_known(lake: Lake, until: datetime, since: pl.Expr) -> pl.DataFrame:
    """When each arrival became known first."""
    versions = lake.versions(ATTENDANCE).filter(
        ~pl.col(IS_WITHDRAWN), pl.col("known_at") <= pl.lit(until, INSTANT), pl.col("punched_in_at") >= since
    )
    return versions.group_by(ATTENDANCE.key).agg(arrival_known_at=pl.col("known_at").min()).collect()


def _described(lake: Lake, parts: pl.DataFrame, sites: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Parts with person, site and local time."""
    homes = lake.known(PEOPLE, until).select("person_id", "home_site_id").unique("person_id").collect()
    place = sites.select("site_id", "latitude", "longitude")
    located = (
        parts.join(homes, on="person_id", how="left")
        .join(place, on="site_id", how="left")
        .join(place.rename({"site_id": "home_site_id"}), on="home_site_id", how="left", suffix="_home")
    )
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "latitude_home", "longitude_home")))
    zoned = [
        part.with_columns(
            _local=pl.col("starts_at").dt.convert_time_zone(part["timezone"][0]).dt.replace_time_zone(None)
        )
        for part in located.partition_by("timezone", maintain_order=True)
    ]
    local = pl.concat(zoned) if zoned else located.with_columns(_local=pl.col("starts_at").dt.replace_time_zone(None))
    first = _first_versions(lake, SUBSTITUTIONS, until)
    moves = first.select("roster_id", "on", "_first", person_id="substitute_id").unique(
        ["roster_id", "on", "person_id"]
    )
    dated = local.join(moves, on=["roster_id", "on", "person_id"], how="left")
    return dated.with_columns(
        part_id=pl.format("{}/{}", "shift_id", "person_id"),
        from_at="expected_from_at",
        until_at="expected_until_at",
        planned_at=pl.coalesce("_first", pl.col("starts_at") - REMEMBERED),
        start_hour=pl.col("_local").dt.hour().cast(pl.Float64),
        weekday=pl.col("_local").dt.weekday().cast(pl.Float64),
        distance_km=metres / 1000,
    )


def _first_versions(lake: Lake, table: Table, until: datetime) -> pl.DataFrame:
    """The rows of a table with the instant at which each became known first."""
    versions = lake.versions(table).filter(~pl.col(IS_WITHDRAWN), pl.col("known_at") <= pl.lit(until, INSTANT))
    first = versions.group_by(table.key).agg(_first=pl.col("known_at").min())
    return lake.known(table, until).join(first, on=list(table.key)).collect()
