"""Episodes of alerts and the risk that they need a person: columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them.
"""

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import count, instant, number, text
from opsguard_assets.tables.table import Table


class AlertEpisodes(dy.Schema):
    """An alert from one opening to its end: one version per change, as it became known."""

    alert_id = count("the alert", nullable=False)
    opening = count("which opening of the alert, from 1 on", nullable=False)
    alert_type = text("its type", nullable=False)
    entity_type = text("kind of thing that it is about", nullable=False)
    entity_id = text("the thing that it is about", nullable=False)
    client_id = text("whose it is")
    site_id = text("where")
    severity = text("how bad", nullable=False)
    score = number("what its monitor said of it when the version was written, 0 to 1")
    model_name = text("the model that its monitor asked")
    external_alert_id = text("the alert of another system that it tells of")
    state = text("open, acknowledged, suppressed, resolved", nullable=False)
    raised_at = instant("when it was raised, or opened again", nullable=False)
    acknowledged_at = instant("when a person took it up")
    resolved_at = instant("when it was over")
    resolution = text("how it ended")
    was_suppressed = dy.Bool(nullable=False, description="whether it was ever kept from people")
    verdict = text("the newest word of an operator: useful, noise, wrong")
    transition_id = count("the transition that made the version; null: a word of an operator did")
    feedback_id = count("the word of an operator that made the version")
    known_at = instant("when the change was known", nullable=False)


class AlertRisk(dy.Schema):
    """The probability that an unresolved alert needs a person, at a moment."""

    episode_id = text("alert and opening, or the alert of another system", nullable=False)
    alert_id = count("the alert; null where an alert of another system has not become one yet")
    opening = count("its opening")
    external_alert_id = text("the alert of another system")
    alert_type = text("its type", nullable=False)
    entity_id = text("the thing that it is about")
    site_id = text("where")
    client_id = text("whose it is")
    begins_at = instant("when it was known", nullable=False)
    as_of = instant("the moment", nullable=False)
    risk = dy.Float64(nullable=False, description="probability that it needs a person, 0..1")
    reason = text("what the model looked at, in words")
    model_name = text("which model", nullable=False)
    model_version = text("which version of it", nullable=False)
    model_run_id = text("the MLflow run that made the model; null for the rule")
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


class AlertNoise(dy.Schema):
    """How many alerts of a rule, source and client needed a person."""

    alert_type = text("the rule", nullable=False)
    source = text("opsguard, or another system", nullable=False)
    client_id = text("whose")
    alerts = count("alerts with a mature outcome", nullable=False)
    acted_on = count("alerts that needed a person", nullable=False)
    precision = number("their share", nullable=False)
    low = number("lower end of its 95 % interval", nullable=False)
    high = number("upper end of it", nullable=False)
    mute_hides = count("alerts that a mute would have hidden; critical ones and life safety stay", nullable=False)
    mute_hides_needed = count("how many of these needed a person", nullable=False)
    threshold = number("highest threshold of the score that hides none that needed a person")
    threshold_hides = count("alerts that it would have hidden")
    proposal = text("what to do, in words", nullable=False)


ALERT_NOISE = Table(name="alert_noise", room="triage", schema=AlertNoise, key=("alert_type", "source", "client_id"))
ALERT_EPISODES = Table(
    name="alert_episodes",
    room="triage",
    schema=AlertEpisodes,
    key=("alert_id", "opening"),
    happened_at="raised_at",
    is_live=pl.col("state") != "resolved",
)
ALERT_RISK = Table(name="alert_risk", room="triage", schema=AlertRisk, key=("episode_id", "as_of"), happened_at="as_of")
