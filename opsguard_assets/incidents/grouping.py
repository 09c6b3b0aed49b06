"""Which alerts are one incident: alerts and incidents as they are in, what changes out.

Here: frames in, changes out, each with its reason. Not here: reading and writing them (`io`), what people do
(`people`), who is told (`opsguard_assets.routing`).

An alert that is open or acknowledged is in one unresolved incident. Where it is in none, it joins that of its group, or
opens one. A group is what agrees in `group_by`; a life-safety alert is a group of its own. An alert that another one
silences (`inhibit_rules`) goes to the incident of that one, where it is counted and does not make it more urgent. A
muted alert is in no need of an incident: it stays where it is and counts for nothing.

An incident whose alerts are all resolved or muted is resolved. Equal frames give equal changes, in equal order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from opsguard_assets.config.routing import InhibitRule
from opsguard_assets.incidents.matching import matches
from opsguard_assets.tables.values import SEVERITIES

# An unresolved alert, and the incident that it is in (null: none).
ALERT: Final = pl.Schema(
    {
        "alert_id": pl.Int64(),
        "dedup_key": pl.String(),
        "alert_type": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "severity": pl.String(),
        "state": pl.String(),
        "title": pl.String(),
        "priority": pl.Int64(),  # null where it was not triaged
        "cause": pl.String(),
        "team": pl.String(),
        "plan": pl.String(),  # of the client, in force
        "is_in_plan": pl.Boolean(),
        "is_life_safety": pl.Boolean(),
        "incident_id": pl.Int64(),  # the incident that it is in; it may be resolved
    }
)
# An unresolved incident.
INCIDENT: Final = pl.Schema(
    {
        "incident_id": pl.Int64(),
        "group_key": pl.String(),
        "state": pl.String(),
        "severity": pl.String(),
        "priority": pl.Int64(),
        "title": pl.String(),
        "unresolved": pl.Int64(),
        "is_in_plan": pl.Boolean(),
        "acknowledged_priority": pl.Int64(),
    }
)
# Where triage has not seen an alert yet: as urgent as its severity says.
UNTRIAGED: Final = {"low": 20, "medium": 50, "high": 70, "critical": 85}
LIFE_SAFETY_PRIORITY: Final = 90
REOPENS_FROM: Final = 80
_FIELDS: Final = {
    "client": "client_id", "site": "site_id", "cause": "cause", "type": "alert_type", "entity": "entity_id",
    "team": "team",
}  # fmt: skip
_ORDER: Final = pl.Enum(SEVERITIES)
_JOINED = pl.Schema(
    {
        "alert_id": pl.Int64(),
        "group_key": pl.String(),
        "incident_id": pl.Int64(),
        "left": pl.Int64(),
        "why": pl.String(),
    }
)


@dataclass(frozen=True)
class GroupRules:
    """What is one incident; the fields of `opsguard_assets.config.routing`.

    Attributes:
        group_by: Fields in which the alerts of an incident agree.
        inhibit: Alerts that silence others.
        levels: Priorities at which something happens, ascending: crossing one is a change that people see.
    """

    group_by: Sequence[str] = ("client", "site", "cause")
    inhibit: Sequence[InhibitRule] = ()
    levels: Sequence[int] = field(default=(80, 90))


@dataclass(frozen=True)
class Grouped:
    """What changes.

    Attributes:
        joins: (`alert_id`, `group_key`, `incident_id`, `left`, `why`): alerts that go into an incident: that of
            `incident_id`, or where null that which is opened for `group_key`; `left` is the one they were in before.
        opens: Incidents to open: `group_key`, `cause`, `client_id`, `site_id`, `team`, `is_life_safety`, `is_in_plan`,
            `severity`, `priority`, `title`, `unresolved`, `joined`, `state`.
        changes: Unresolved incidents whose row changes: `incident_id`, `was` (its state before), `state`, `severity`,
            `priority`, `title`, `joined` (how many alerts join), `unresolved`, `is_shown` (whether messages show the
            change), `detail` (what happened, where the state changes).
    """

    joins: pl.DataFrame
    opens: pl.DataFrame
    changes: pl.DataFrame


def group(alerts: pl.DataFrame, incidents: pl.DataFrame, rules: GroupRules) -> Grouped:
    """The changes that bring incidents up to date.

    Args:
        alerts: Rows of `ALERT`: all unresolved alerts.
        incidents: Rows of `INCIDENT`: all unresolved incidents.
        rules: What is one incident.
    """
    active = _active(alerts, rules)
    placed = _placed(active, _silenced(active, rules.inhibit), incidents, rules.group_by)
    joins = placed.filter("_moves").select(
        "alert_id", "group_key", incident_id="_target", left="incident_id", why="_why"
    )
    opened = placed.filter(pl.col("_target").is_null())
    changes = _changes(placed.filter(pl.col("_target").is_not_null()), incidents, rules.levels)
    return Grouped(joins.select(pl.col(name).cast(dtype) for name, dtype in _JOINED.items()), _opens(opened), changes)


def group_key(group_by: Sequence[str]) -> pl.Expr:
    """The group of an alert, as text.

    Where neither client nor site is known, the entity counts, too: what is unknown is not the same. What the client's
    plan does not hold is never in one incident with what it holds. A life-safety alert is alone.
    """
    named = [pl.col(_FIELDS[name]).alias(name) for name in group_by]
    nowhere = pl.col("client_id").is_null() & pl.col("site_id").is_null()
    entity = [pl.when(nowhere).then(pl.concat_str("entity_type", pl.lit("/"), "entity_id")).alias("_of")]
    outside = [pl.when(~pl.col("is_in_plan")).then(pl.lit("outside the plan")).alias("_plan")]
    text = pl.struct(*named, *entity, *outside).struct.json_encode()
    alone = pl.struct(life_safety=pl.col("dedup_key")).struct.json_encode()
    return pl.when("is_life_safety").then(alone).otherwise(text)


def _active(alerts: pl.DataFrame, rules: GroupRules) -> pl.DataFrame:
    """Alerts that want an incident, the greatest priority first."""
    by_severity = pl.col("severity").replace_strict(UNTRIAGED, return_dtype=pl.Int64)
    priority = pl.coalesce("priority", by_severity)
    floor = pl.max_horizontal(priority, pl.lit(LIFE_SAFETY_PRIORITY))
    return (
        alerts.filter(pl.col("state") != "suppressed")
        # Every plan holds life safety.
        .with_columns(is_in_plan=pl.col("is_in_plan") | pl.col("is_life_safety"))
        .with_columns(
            priority=pl.when("is_life_safety").then(floor).otherwise(priority),
            cause=pl.when("is_life_safety").then("dedup_key").otherwise("cause"),
            group_key=group_key(rules.group_by),
            alerts=pl.lit(1, pl.Int64),
        )
        .sort("priority", "alert_id", descending=[True, False])
    )


def _silenced(active: pl.DataFrame, inhibit: Sequence[InhibitRule]) -> pl.DataFrame:
    """(`alert_id`, `_by`, `_rule`, `_of`): silenced alerts, what silences them, its title; the first rule counts.

    What is silenced silences nothing and what silences is not silenced, so that no two alerts silence one another.
    """
    schema = {"alert_id": pl.Int64, "_by": pl.Int64, "_rule": pl.String, "_of": pl.String}
    taken = pl.DataFrame(schema=schema)
    for rule in inhibit:
        # Across clients, or from outside the plan into it, nothing is silenced: messages would show it.
        keys = [*{_FIELDS[name]: None for name in rule.equal if name != "client"}, "_client", "is_in_plan"]
        rows = active.with_columns(_client=pl.col("client_id").fill_null("")).drop_nulls(keys)
        is_source = matches(rule.source)
        free = rows.join(taken, on="alert_id", how="anti", maintain_order="left")
        by = free.filter(is_source).unique(keys, keep="first", maintain_order=True)
        targets = free.filter(matches(rule.target), ~is_source, ~pl.col("is_life_safety"))
        pairs = targets.join(taken, left_on="alert_id", right_on="_by", how="anti", maintain_order="left").join(
            by.select(*keys, _by="alert_id", _of="title"), on=keys, how="inner", maintain_order="left"
        )
        taken = pl.concat([taken, pairs.select("alert_id", "_by", pl.lit(rule.name).alias("_rule"), "_of")])
    return taken


def _placed(
    active: pl.DataFrame, silenced: pl.DataFrame, incidents: pl.DataFrame, group_by: Sequence[str]
) -> pl.DataFrame:
    """Active alerts with the incident that they belong to: `_target`, or where null that of `group_key`.

    `_moves`: whether they are not in it yet; `_why`: why they go there. `_is_silenced`: whether they count for nothing.
    """
    of_group = incidents.select("group_key", _of_group="incident_id")
    now_in = incidents.select("incident_id", _now_in="group_key", _now_in_plan="is_in_plan")
    rows = (
        active.join(now_in, on="incident_id", how="left", maintain_order="left")
        .join(of_group, on="group_key", how="left", maintain_order="left")
        .with_columns(_stays=(pl.col("_now_in_plan") == pl.col("is_in_plan")).fill_null(value=False))
        .with_columns(_home=pl.when("_stays").then("incident_id").otherwise("_of_group"))
    )
    places = rows.select(
        _by="alert_id", _by_home="_home", _by_group="group_key", _by_in=pl.coalesce("_now_in", "group_key")
    )
    rows = rows.join(silenced, on="alert_id", how="left", maintain_order="left").join(
        places, on="_by", how="left", maintain_order="left"
    )
    # Whatever a person has put elsewhere stays there.
    goes = pl.col("_by").is_not_null() & (~pl.col("_stays") | (pl.col("_now_in") == pl.col("group_key")))
    rows = rows.with_columns(
        _is_silenced=pl.col("_by").is_not_null(),
        _target=pl.when(goes).then("_by_home").otherwise("_home"),
        group_key=pl.when(goes).then("_by_group").otherwise("group_key"),
    )
    is_new = pl.col("_target").is_null()
    same = pl.lit(f"same {_listed(group_by)}")
    why = (
        pl.when(goes)
        .then(pl.format("silenced by “{}” (inhibit rule {})", "_of", "_rule"))
        .when("is_life_safety")
        .then(pl.lit("life safety: an incident of its own"))
        .otherwise(same)
    )
    return rows.with_columns(
        _why=why, _moves=is_new | (pl.col("_target") != pl.col("incident_id")).fill_null(value=True)
    )


def _listed(group_by: Sequence[str]) -> str:
    return " and ".join([", ".join(group_by[:-1]), group_by[-1]] if len(group_by) > 1 else group_by)


def _of_members() -> dict[str, pl.Expr]:
    """What an incident is by its alerts; silenced ones count only where there are no others."""
    counts = ~pl.col("_is_silenced") | pl.col("_is_silenced").all()
    return {
        "severity": pl.col("severity").filter(counts).cast(_ORDER).max().cast(pl.String),
        "priority": pl.col("priority").filter(counts).max(),
        "title": pl.col("title").filter(counts).first(),
        "unresolved": pl.len().cast(pl.Int64),
        "joined": pl.col("_moves").sum().cast(pl.Int64),
    }


def _opens(rows: pl.DataFrame) -> pl.DataFrame:
    """Incidents to open, the greatest priority first."""
    first = ("cause", "client_id", "site_id", "team", "is_life_safety", "is_in_plan")
    same_site = pl.when(pl.col("site_id").n_unique() == 1).then(pl.col("site_id").first())
    opened = rows.group_by("group_key", maintain_order=True).agg(
        **{name: pl.col(name).first() for name in first},
        **_of_members(),
        _site=same_site,
        state=pl.when((pl.col("state") == "acknowledged").all()).then(pl.lit("acknowledged")).otherwise(pl.lit("open")),
    )
    return opened.with_columns(site_id="_site").drop("_site")


def _changes(rows: pl.DataFrame, incidents: pl.DataFrame, levels: Sequence[int]) -> pl.DataFrame:
    """Unresolved incidents whose row changes."""
    is_awake = ~pl.col("_is_silenced") & (pl.col("state") == "open")
    now = rows.group_by(incident_id="_target").agg(
        **{f"_{name}": value for name, value in _of_members().items()},
        _is_taken=(pl.col("state") == "acknowledged").all(),
        _worst_new=pl.col("priority").filter(pl.col("_moves") & is_awake).max(),
    )
    held = incidents.join(now, on="incident_id", how="left", maintain_order="left")
    is_over = pl.col("_unresolved").is_null()
    opens_again = (
        (pl.col("_worst_new") >= REOPENS_FROM) & (pl.col("_worst_new") > pl.col("acknowledged_priority").fill_null(-1))
    ).fill_null(value=False)
    state = (
        pl.when(is_over)
        .then(pl.lit("resolved"))
        .when((pl.col("state") == "open") & pl.col("_is_taken"))
        .then(pl.lit("acknowledged"))
        .when((pl.col("state") == "acknowledged") & opens_again)
        .then(pl.lit("open"))
        .otherwise("state")
    )
    detail = (
        pl.when(pl.col("_state") == pl.col("state"))
        .then(None)
        .when(pl.col("_state") == "resolved")
        .then(pl.lit("all its alerts are resolved or muted"))
        .when(pl.col("_state") == "acknowledged")
        .then(pl.lit("all its alerts are acknowledged"))
        .otherwise(
            pl.format("an alert of priority {} joined; acknowledged at {}", "_worst_new", "acknowledged_priority")
        )
    )
    kept = ("severity", "priority", "title")
    changed = held.with_columns(
        _state=state,
        _joined=pl.col("_joined").fill_null(0),
        _unresolved=pl.col("_unresolved").fill_null(0),
        **{f"_{name}": pl.coalesce(f"_{name}", name) for name in kept},
    ).with_columns(detail=detail)
    # Priorities move a little at every tick: messages change with the tens, and where something begins to happen.
    cuts = sorted({*range(10, 101, 10), *levels})
    is_shown = (
        (pl.col("_state") != pl.col("state"))
        | (pl.col("_joined") > 0)
        | (pl.col("_unresolved") != pl.col("unresolved"))
        | (pl.col("_severity") != pl.col("severity"))
        | (pl.col("_title") != pl.col("title"))
        | (_level(pl.col("_priority"), cuts) != _level(pl.col("priority"), cuts))
    )
    differs = is_shown | (pl.col("_priority") != pl.col("priority"))
    return (
        changed.with_columns(is_shown=is_shown)
        .filter(differs)
        .select(
            "incident_id", "is_shown", "detail", was="state", state="_state", joined="_joined",
            unresolved="_unresolved", **{name: pl.col(f"_{name}") for name in kept},
        )
    )  # fmt: skip


def _level(priority: pl.Expr, cuts: Sequence[int]) -> pl.Expr:
    """How many of the cuts a priority has reached."""
    return pl.sum_horizontal((priority >= cut).cast(pl.Int32) for cut in cuts)
