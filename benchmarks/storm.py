"""Alerts that reach people: 100,000 of them triaged, grouped and routed; and a bare model with a join.

Here: the data and what is timed of it, each side in tables freshly emptied. Not here: running the sides (`timing`).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from pydantic import SecretStr
from sqlalchemy import text

from ml.problems.alert_action.rule import AlertRule
from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.plans import Plans
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import entitlements
from opsguard_assets.incidents.io import Context, group_alerts
from opsguard_assets.incidents.rules_io import described_types, rules_of
from opsguard_assets.routing.frames import Rules
from opsguard_assets.routing.io import route
from opsguard_assets.triage.priority.inputs import UNRESOLVED, Described, with_inputs
from opsguard_assets.triage.priority.io import prioritise, rule_judge
from resources.copying import copy_in, copy_out
from resources.database import Database
from resources.postgres import start_embedded
from resources.sql import statement

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_KINDS = ("device_silent", "device_battery", "sla_breach_risk", "no_show", "coverage_gap")
_MONITOR = Monitor("benchmark", _KINDS)
_PER_SITE = 20
_TABLES = (
    "alerts, alert_transitions, monitor_ticks, decisions, alert_priorities, incidents, incident_alerts, notices, "
    "effects"
)
# In the order of their foreign keys.
_WRITTEN = (
    "incidents", "incident_transitions", "alert_priorities", "alert_priority_changes", "incident_alerts", "effects",
    "effect_transitions", "notices",
)  # fmt: skip
_AGAIN = "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}"
_FLOOR = "CREATE TABLE bare_told (alert_id bigint, action_probability double precision, team text, person_id text)"
_FIRSTS = text("SELECT count(*) FROM effects WHERE key LIKE '%/raised'")
_TEAM = pl.Schema({"team": pl.String(), "person_id": pl.String()})

_CONTEXT = Context(
    describe=lambda kinds: described_types(kinds, ALERT_TYPES), features={}, life_safety=(),
    entitlements=entitlements(pl.DataFrame(schema={"client_id": pl.String, "plan": pl.String}), Plans(), date.max),
)  # fmt: skip


def told(postgres: str, alerts: int) -> Callable[[], object]:
    """OpsGuard: every alert gets a priority and an incident, every incident an owner, messages and reasons."""
    from tests.routing.given import CHANNELS, roster

    database, settings = _raised(postgres, alerts), Settings()
    rules, people = Rules(settings=settings.routing, channels=CHANNELS), roster()

    def run() -> None:
        triaged = prioritise(database, Described(ALERT_TYPES, settings), rule_judge(), _NOON)
        grouped = group_alerts(database, _CONTEXT, rules_of(settings), at=_NOON)
        routed = route(database, people, rules, now=_NOON)
        if triaged.written != alerts or grouped.joined != alerts or routed.incidents != grouped.opened:
            raise RuntimeError(f"not what was to be measured: {triaged.written}, {grouped}, {routed}")

    return run


def bare(postgres: str, alerts: int) -> Callable[[], object]:
    """The floor: the same alerts read, judged by the same rule, joined with a person per team, copied back."""
    database, described = _raised(postgres, alerts), Described(ALERT_TYPES, Settings())
    teams = pl.DataFrame([("iot-specialists", "ana"), ("field-supervisors", "fay")], schema=_TEAM, orient="row")
    with database.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare_told"))
        connection.execute(text(_FLOOR))

    def run() -> None:
        with database.begin() as connection:
            connection.execute(statement("opsguard_assets.triage.priority.io", "unresolved"), {"types": [], "dues": []})
            rows = copy_out(connection, "unresolved", UNRESOLVED)
            inputs = with_inputs(rows, described).with_columns(pl.col("is_life_safety").cast(pl.Float64))
            kinds = described_types(rows["alert_type"].unique().to_list(), ALERT_TYPES)
            judged = inputs.with_columns(AlertRule().predict(inputs).rename("action_probability"))
            joined = judged.join(kinds, on="alert_type", how="left").join(teams, on="team", how="left")
            copy_in(connection, "bare_told", joined.select("alert_id", "action_probability", "team", "person_id"))

    return run


def written(postgres: str, alerts: int) -> Callable[[], object]:
    """What the keys of the database cost: the rows that `told` writes, put into the same tables, nothing computed."""
    told(postgres, alerts)()
    database = _database_of(postgres)
    with database.begin() as connection:
        for table in _WRITTEN:
            connection.execute(text(f"DROP TABLE IF EXISTS kept_{table}"))
            connection.execute(text(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}"))  # noqa: S608 - our names
        connection.execute(text(f"TRUNCATE {', '.join(_WRITTEN)} CASCADE"))

    def run() -> None:
        with database.begin() as connection:
            for table in _WRITTEN:
                connection.execute(text(_AGAIN.format(table=table)))

    return run


def first_message(postgres: str, alerts: int) -> Callable[[], object]:
    """So many tickets of one site at risk within a second, from findings to the one message that is planned."""
    from tests.routing.given import CHANNELS, roster

    database, settings = _database(postgres), Settings()
    rules, people = Rules(settings=settings.routing, channels=CHANNELS), roster()
    many = found(alerts, "sla_breach_risk", site=pl.lit("S-1"), severity=pl.lit("critical"))

    def run() -> None:
        settle(database, many, _MONITOR, _NOON)
        prioritise(database, Described(ALERT_TYPES, settings), rule_judge(), _NOON)
        group_alerts(database, _CONTEXT, rules_of(settings), at=_NOON)
        route(database, people, rules, now=_NOON)
        with database.begin() as connection:
            firsts = connection.execute(_FIRSTS).scalar_one()
        if firsts != 1:
            raise RuntimeError(f"{alerts:,} alerts became {firsts} first messages")

    return run


def _raised(postgres: str, alerts: int) -> Database:
    """A database with so many open alerts, twenty at each site, of which nobody has been told."""
    database, share = _database(postgres), alerts // len(_KINDS)
    site = pl.format("S-{}", pl.col("n") // (_PER_SITE // len(_KINDS)))
    severity = pl.when(pl.col("n") % 7 == 0).then(pl.lit("critical")).otherwise(pl.lit("medium"))
    many = pl.concat([found(share, kind, site=site, severity=severity) for kind in _KINDS])
    settle(database, many, _MONITOR, _NOON)
    return database


def found(count: int, kind: str, *, site: pl.Expr, severity: pl.Expr) -> pl.DataFrame:
    """So many findings of a kind, each about an entity of its own; `site` and `severity` by the column `n`."""
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING.items()]
    rows = pl.select(n=pl.int_range(count)).with_columns(nothing)
    return rows.with_columns(
        dedup_key=pl.format("{}:E-{}", pl.lit(kind), "n"),
        alert_type=pl.lit(kind),
        entity_type=pl.lit("entity"),
        entity_id=pl.format("E-{}", "n"),
        client_id=pl.lit("C1"),
        site_id=site,
        severity=severity,
        score=pl.lit(0.8),
        title=pl.format("Trouble {}", "n"),
        reason=pl.lit("a reason with a value of 17"),
        evidence=pl.lit("{}"),
        is_raising=pl.lit(value=True),
    ).select(pl.col(name).cast(dtype) for name, dtype in FINDING.items())


def _database_of(postgres: str) -> Database:
    database = Database(SecretStr(start_embedded(Path(postgres))))
    database.migrate()
    return database


def _database(postgres: str) -> Database:
    database = _database_of(postgres)
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES} CASCADE"))
    return database
