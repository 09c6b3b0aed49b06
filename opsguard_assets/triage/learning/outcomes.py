"""Whether an alert needed a person: labels with a maturity, and from when each of them was known.

Here: from versions of alerts to what was known of their outcome. Not here: reading versions (`problem_io`), features.

An alert needed a person if somebody said so (resolution "actioned", verdict "useful"), or if a person took it up or
resolved it in time. It did not if somebody said that (resolutions "no_action", "duplicate" and "false_alarm", verdicts
"noise" and "wrong"), or if it cleared, expired or stayed without anybody. What people say counts for more than what
they did, and the newest word for more than older ones. An alert that was kept from people, or told by another one, has
no outcome: nobody could act on it.

An outcome is mature a set time after the alert was known. Before, only alerts that somebody took up would have one.
"""

from datetime import datetime, timedelta

import polars as pl

from ml.problems.alert_action.features import WINDOW
from opsguard_assets.alerts.finding import BY_PERSON, COVERED, GROUPED
from opsguard_assets.alerts.kinds import normalised
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, SEQUENCE

# What becomes of an alert that another one stands for, or that should never have been raised.
_MOOT = (GROUPED, COVERED, "withdrawn")
_USEFUL, _USELESS = ("useful",), ("noise", "wrong")
_ACTIONED, _UNACTIONED = ("actioned",), ("no_action", "duplicate", "false_alarm")
VERSION = pl.Schema(
    {
        "episode_id": pl.String(),
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "external_alert_id": pl.String(),
        "known_at": INSTANT,
        SEQUENCE: pl.Int64(),
        "alert_type": pl.String(),
        "entity_id": pl.String(),
        "entity_key": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "severity": pl.String(),
        "score": pl.Float64(),
        "raised_at": INSTANT,
        "acted_at": INSTANT,  # when a person took it up or resolved it
        "is_gone": pl.Boolean(),
        "said": pl.Boolean(),  # what somebody said: it needed a person, or not
        "is_moot": pl.Boolean(),  # it has no outcome
    }
)


def own_versions(episodes: pl.DataFrame) -> pl.DataFrame:
    """Versions of our alerts (`ALERT_EPISODES` with hidden columns) in the columns of `VERSION`."""
    by_person = pl.when(pl.col("resolution") == BY_PERSON).then("resolved_at")
    said = _said("verdict", _USEFUL, _USELESS)
    return _shaped(
        episodes.with_columns(
            episode_id=pl.format("{}/{}", "alert_id", "opening"),
            entity_key=pl.format("{}:{}", "entity_type", "entity_id"),
            acted_at=pl.min_horizontal("acknowledged_at", by_person),
            is_gone=(pl.col("state") == "resolved") | pl.col(IS_WITHDRAWN),
            said=said,
            is_moot=pl.col("was_suppressed")
            | pl.col("resolution").is_in(_MOOT).fill_null(value=False)
            | pl.col(IS_WITHDRAWN),
        )
    )


def external_versions(alerts: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Versions of alerts of other systems (`external_alerts` with hidden columns) in the columns of `VERSION`.

    Args:
        alerts: The versions; `kind` names their type.
        sites: `site_id`, `client_id`.
    """
    placed = alerts.join(sites.select("site_id", "client_id"), on="site_id", how="left", maintain_order="left")
    return _shaped(
        placed.with_columns(
            episode_id=pl.format("external/{}", "alert_id"),
            external_alert_id="alert_id",
            alert_id=pl.lit(None, pl.Int64),
            opening=pl.lit(None, pl.Int64),
            alert_type=normalised(pl.col("kind")),
            entity_key=pl.format("{}:{}", pl.col("entity_type").fill_null(""), "entity_id"),
            severity=pl.col("severity").cast(pl.String),
            score=pl.lit(None, pl.Float64),
            raised_at="at",
            acted_at="acknowledged_at",
            is_gone=pl.col("resolved_at").is_not_null() | pl.col(IS_WITHDRAWN),
            said=_said("resolution", _ACTIONED, _UNACTIONED),
            is_moot=pl.col(IS_WITHDRAWN),
        )
    )


def joined(own: pl.DataFrame, external: pl.DataFrame) -> pl.DataFrame:
    """Versions of all alerts, each trouble once: what another system raised is one alert, wherever it was acted on.

    Args:
        own: Versions of our alerts; those that tell of an alert of another system add what people did and said here.
        external: Versions of alerts of other systems.
    """
    linked = own.filter(pl.col("external_alert_id").is_not_null())
    here = linked.select(
        "known_at",
        SEQUENCE,
        "alert_id",
        "opening",
        "acted_at",
        "said",
        episode_id=pl.format("external/{}", "external_alert_id"),
    ).join(external.select("episode_id").unique(), on="episode_id", how="semi")
    both = pl.concat([external, here.select(pl.col(name) for name in here.columns)], how="diagonal").sort(
        "episode_id", "known_at", SEQUENCE
    )
    kept = [name for name in VERSION if name not in {"episode_id", "known_at", SEQUENCE, "acted_at"}]
    whole = both.with_columns(
        pl.col(kept).forward_fill().over("episode_id"),
        acted_at=pl.col("acted_at").cum_min().forward_fill().over("episode_id"),
    ).drop_nulls("raised_at")
    alone = own.filter(pl.col("external_alert_id").is_null())
    return pl.concat([alone, whole.select(own.columns)]).sort("episode_id", "known_at", SEQUENCE)


def _said(column: str, yes: tuple[str, ...], no: tuple[str, ...]) -> pl.Expr:
    word = pl.col(column).cast(pl.String)
    return pl.when(word.is_in(yes)).then(statement=True).when(word.is_in(no)).then(statement=False)


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in VERSION.items()).sort(
        "episode_id", "known_at", SEQUENCE
    )


def episodes_of(versions: pl.DataFrame, until: datetime, matures: timedelta) -> pl.DataFrame:
    """One row per alert, as it was known first, with its outcome by an instant.

    Args:
        versions: Rows of `VERSION` that were known by the instant.
        until: The instant.
        matures: How long after an alert is known its outcome is mature.

    Returns:
        What does not change (`episode_id`, numbers, type, entity, site, client), `begins_at`, `previous_at` (when the
        same was raised before), `gone_at` (known to be over), `acted_at` (known to be taken up or
        resolved by a person), `matures_at`, `is_event` (null: not mature, or none), `event_at`; by `begins_at`.
    """
    final = outcomes_of(versions, matures).filter(pl.col("at") <= pl.lit(until, INSTANT))
    label = final.unique("episode_id", keep="last", maintain_order=True).select("episode_id", is_event="is_acted")
    same = ("alert_type", "entity_key")
    rows = versions.group_by("episode_id", maintain_order=True).agg(
        *(pl.col(name).first() for name in ("external_alert_id", "alert_type", "entity_id")),
        *(pl.col(name).last() for name in ("alert_id", "opening")),
        *(pl.col(name).first() for name in ("entity_key", "client_id", "site_id")),
        begins_at=_begins(),
        gone_at=pl.col("known_at").filter("is_gone").first(),
        acted_at=pl.col("known_at").filter(pl.col("acted_at").is_not_null()).first(),
        _said_at=pl.col("known_at").filter(pl.col("said")).first(),
    )
    ordered = rows.sort("begins_at", "episode_id")
    before = pl.when(pl.col("entity_key").is_not_null()).then(pl.col("begins_at").shift(1).over(same))
    return (
        ordered.with_columns(previous_at=before, matures_at=pl.col("begins_at") + matures)
        .join(label, on="episode_id", how="left", maintain_order="left")
        .with_columns(event_at=pl.when("is_event").then(pl.min_horizontal("acted_at", "_said_at")))
        .drop("_said_at")
    )


def outcomes_of(versions: pl.DataFrame, matures: timedelta) -> pl.DataFrame:
    """What was known of the outcome of each alert, and from when until when.

    Args:
        versions: Rows of `VERSION`.
        matures: How long after an alert is known its outcome is mature.

    Returns:
        `episode_id`, `alert_type`, `entity_key`, `site_id`, `client_id`, `begins_at`, `matures_at`, `at` (not before
        it was mature), `ends_at` (when the next word was known, or `WINDOW` after it was mature), `is_acted` (null:
        it has none); by `episode_id` and `at`.
    """
    # An alert counts under the type and the place that it was known with first.
    groups = ("alert_type", "entity_key", "site_id", "client_id")
    begun = versions.with_columns(
        *(pl.col(name).first().over("episode_id") for name in groups), begins_at=_begins().over("episode_id")
    )
    in_time = (pl.col("acted_at") <= pl.col("begins_at") + matures).fill_null(value=False)
    judged = begun.with_columns(
        matures_at=pl.col("begins_at") + matures,
        is_acted=pl.when(~pl.col("is_moot")).then(pl.coalesce("said", in_time)),
    )
    dated = judged.with_columns(at=pl.max_horizontal("known_at", "matures_at"))
    # Of what is known at once, the last word counts; what is the same as before is no news.
    last = dated.unique(["episode_id", "at"], keep="last", maintain_order=True)
    news = last.filter(pl.any_horizontal(pl.col(n).ne_missing(pl.col(n).shift(1)) for n in ("episode_id", "is_acted")))
    following = pl.col("at").shift(-1).over("episode_id")
    return news.select(
        "episode_id", "alert_type", "entity_key", "site_id", "client_id", "begins_at", "matures_at", "at",
        ends_at=pl.min_horizontal(following, pl.col("matures_at") + WINDOW),
        is_acted="is_acted",
    )  # fmt: skip


def _begins() -> pl.Expr:
    """When an alert was known: never before it was raised."""
    return pl.max_horizontal(pl.col("known_at").first(), pl.col("raised_at").first())
