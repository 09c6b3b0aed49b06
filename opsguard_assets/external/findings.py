"""Findings of alerts that other systems raised: one per row of theirs that is unresolved.

Here: types, keys, words. Not here: reading (`io`), what kinds mean (`alerts.kinds`), settling (`alerts.lifecycle`).

Several rows of one kind and entity are occurrences of one alert. A row says which entity it is about, else its site is
it, else the row itself. Keys name the site, because two clients may both have a door 7.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.alerts.finding import AT_SOURCE, EXPIRED, FINDING
from opsguard_assets.alerts.kinds import UNNAMED, normalised
from opsguard_assets.tables.values import INSTANT, SEVERITIES

# A kind that is called like a type of ours is still another system's.
_OURS = "external_"
_SITE, _ROW = "site", "external_alert"
_LONGEST_BODY = 500


def keyed(rows: pl.DataFrame, sites: pl.DataFrame, declared: Sequence[str]) -> pl.DataFrame:
    """Rows of `external_alerts` with what their alert is: type, entity, key, client.

    Args:
        rows: Rows of `external_alerts`.
        sites: `site_id`, `client_id`, `name`, one row per site.
        declared: The types of other monitors.

    Returns:
        The rows with `alert_type`, `dedup_key`, `client_id`, `site_name`; `entity_type` and `entity_id` are never null.
    """
    kinds = rows.select(pl.col("kind").unique()).with_columns(_name=normalised(pl.col("kind")))
    named = kinds.with_columns(
        alert_type=pl.when(pl.col("_name").is_in(list(declared)))
        .then(pl.lit(_OURS) + pl.col("_name"))
        .otherwise("_name")
    ).drop("_name")
    typed = rows.join(named, on="kind", how="left", nulls_equal=True, maintain_order="left").with_columns(
        pl.col("alert_type").fill_null(UNNAMED)
    )
    placed = typed.join(
        sites.select("site_id", "client_id", site_name="name").unique("site_id", keep="first"),
        on="site_id",
        how="left",
        maintain_order="left",
    )
    about, where = pl.col("entity_id").is_not_null(), pl.col("site_id").is_not_null()
    entity = pl.concat_str("site_id", "entity_type", "entity_id", separator="/", ignore_nulls=True)
    return placed.with_columns(
        dedup_key=pl.concat_str(
            "alert_type", pl.lit(":"), pl.when(about).then(entity).when(where).then("site_id").otherwise("alert_id")
        ),
        entity_type=pl.when(about)
        .then(pl.col("entity_type").fill_null("entity"))
        .when(where)
        .then(pl.lit(_SITE))
        .otherwise(pl.lit(_ROW)),
        entity_id=pl.when(about).then("entity_id").when(where).then("site_id").otherwise("alert_id"),
    )


def external_findings(
    rows: pl.DataFrame, ended: pl.DataFrame, living: Sequence[str], as_of: datetime, *, days: float
) -> pl.DataFrame:
    """The findings of a moment.

    Args:
        rows: Rows of `keyed` that are unresolved at their source.
        ended: Rows of `keyed` that are resolved there; those of living keys are told.
        living: Keys of unresolved alerts of this monitor.
        as_of: The moment.
        days: A row that is older expires: its source forgot it.

    Returns:
        Rows of `finding.FINDING`: unresolved rows raise; a living key whose rows are all resolved has one finding that
        ends its alert, with the resolution that the source gives; one whose rows are all too old expires.
    """
    is_fresh = pl.col("at") > pl.lit(as_of - timedelta(days=days), INSTANT)
    alive = pl.Series("dedup_key", list(living), dtype=pl.String)
    fresh = rows.filter(is_fresh)
    silent = alive.to_frame().join(fresh.select("dedup_key").unique(), on="dedup_key", how="anti")
    old = rows.join(silent, on="dedup_key", how="semi").unique("dedup_key", keep="any")
    gone = (
        ended.join(silent, on="dedup_key", how="semi")
        .join(old, on="dedup_key", how="anti")
        .sort("resolved_at", descending=True, nulls_last=True)
        .unique("dedup_key", keep="first", maintain_order=True)
    )
    how = pl.coalesce(pl.col("resolution").cast(pl.String).str.replace_all("_", " ", literal=True), pl.lit("no reason"))
    parts = [
        _found(fresh.sort("at", descending=True), is_raising=True),
        _found(gone, is_raising=False).with_columns(withheld=pl.lit(AT_SOURCE), told_by=gone.select(how).to_series()),
        _found(old, is_raising=False).with_columns(withheld=pl.lit(EXPIRED)),
    ]
    return pl.concat(parts).select(FINDING.names())


def _found(rows: pl.DataFrame, *, is_raising: bool) -> pl.DataFrame:
    rows = rows.with_columns(_first=pl.col("at").min().over("dedup_key"), _count=pl.len().over("dedup_key"))
    kind = pl.col("kind").fill_null("an alert")
    place = pl.coalesce("site_name", "site_id")
    title = pl.when(place.is_null()).then(kind).otherwise(pl.format("{} at {}", kind, place))
    again = pl.when(pl.col("_count") > 1).then(pl.format("; {} of them since {}", "_count", _clock("_first")))
    taken = pl.when(pl.col("acknowledged_at").is_not_null()).then(
        pl.format("; taken up there at {}", _clock("acknowledged_at"))
    )
    reason = pl.concat_str(
        pl.format("another system reported {} at {}", kind, _clock("at")),
        again.otherwise(pl.lit("")),
        taken.otherwise(pl.lit("")),
    )
    evidence = pl.struct(
        "kind",
        external_alert_id="alert_id",
        raised=_clock("at"),
        taken_up=_clock("acknowledged_at"),
        unresolved="_count",
        body=pl.col("body").str.slice(0, _LONGEST_BODY),
    ).struct.json_encode()
    values = {
        "dedup_key": pl.col("dedup_key"),
        "alert_type": pl.col("alert_type"),
        "entity_type": pl.col("entity_type"),
        "entity_id": pl.col("entity_id"),
        "client_id": pl.col("client_id"),
        "site_id": pl.col("site_id"),
        "severity": pl.col("severity")
        .cast(pl.String)
        .replace_strict({name: name for name in SEVERITIES}, default="high"),
        "title": pl.coalesce("title", title),
        "reason": reason,
        "evidence": evidence,
        "is_raising": pl.lit(is_raising),
    }
    return rows.select(values.get(name, pl.lit(None, dtype)).cast(dtype).alias(name) for name, dtype in FINDING.items())


def _clock(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%d %H:%M UTC")
