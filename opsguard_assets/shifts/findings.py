"""What a tick finds of shifts: one evolving finding per part in a shift, posts that are short, positions far away.

Here: verdicts and coverage in, findings out. Not here: verdicts (`verdicts`), the life of alerts.

A part in a shift has one alert, whatever its state becomes: nobody yet is `late_arrival`, then `no_show`; a blind feed
makes it `shift_unconfirmed`, which accuses nobody and is not told of somebody who is there; somebody at another place
`wrong_site`; who leaves `early_exit`. It resolves itself when the person arrives. The names of people stay out of
titles: evidence and reasons carry them.

A shift that is no longer judged cannot clear anything: the alerts that still live of it expire.
"""

from dataclasses import dataclass, replace

import polars as pl

from opsguard_assets.alerts.finding import EXPIRED, FINDING
from opsguard_assets.shifts.substitutes import PROPOSAL
from opsguard_assets.shifts.verdicts import EARLY_EXIT, NO_SHOW, UNATTENDED, UNKNOWN, WRONG_SITE, is_there

MONITOR = "shifts"
LATE_ARRIVAL, UNCONFIRMED, COVERAGE_GAP, GEOFENCE = (
    "late_arrival",
    "shift_unconfirmed",
    "coverage_gap",
    "geofence_violation",
)
LIKELY = "no_show_risk"
# A likely no-show that was told is told until the risk is this much lower.
_HELD = 0.75
ALERT_TYPES = (LIKELY, LATE_ARRIVAL, NO_SHOW, UNCONFIRMED, WRONG_SITE, EARLY_EXIT, COVERAGE_GAP, GEOFENCE)
# Verdict -> alert type, severity, severity at a post that must never be empty, what has happened.
_OF_VERDICT = {
    UNATTENDED: (LATE_ARRIVAL, "medium", "high", "nobody has arrived"),
    NO_SHOW: (NO_SHOW, "high", "critical", "nobody came"),
    UNKNOWN: (UNCONFIRMED, "low", "medium", "not confirmed, the feed is late"),
    WRONG_SITE: (WRONG_SITE, "high", "high", "the person punched at another site"),
    EARLY_EXIT: (EARLY_EXIT, "medium", "high", "the person left early"),
}


@dataclass(frozen=True)
class Found:
    """What a tick knows.

    Attributes:
        verdicts: Rows of `shift_compliance`.
        coverage: Rows of `coverage.coverage_now` and `coverage.coverage_ahead`, the latter with `is_ahead`.
        risk: Rows of `shift_risk` of the moment; none where nobody wants them.
        risk_from: The risk from which it is told.
        said: The risk that was said last of each part: `shift_id`, `person_id`, `no_show_risk`; shown apart while
            nobody can know whether the person came.
        proposals: `need` (the alert's key) and `proposals`.
        unconfirmed_after: Minutes after the start from which an unknown verdict is told.
    """

    verdicts: pl.DataFrame
    coverage: pl.DataFrame
    proposals: pl.DataFrame
    unconfirmed_after: float
    risk: pl.DataFrame
    risk_from: float
    said: pl.DataFrame


def shift_findings(found: Found) -> pl.DataFrame:
    """The findings of one tick: rows of `FINDING`."""
    rows = pl.concat(
        [_parts(found), _gaps(found.coverage), _outside(found.verdicts), _likely(found)], how="diagonal_relaxed"
    )
    with_help = rows.join(found.proposals.rename({"need": "dedup_key"}), on="dedup_key", how="left")
    helped = with_help.with_columns(
        evidence=pl.concat_str(
            pl.col("facts").str.head(-1), pl.lit(","), pl.struct("proposals").struct.json_encode().str.tail(-1)
        ),
        reason=_with_proposal(pl.col("reason")),
    )
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING.items() if name not in helped.columns]
    return helped.with_columns(nothing).select(FINDING.names())


def expired_findings(found: Found, over: pl.DataFrame, living: list[str]) -> pl.DataFrame:
    """The findings that end the alerts of shifts which are no longer judged, marked as expired.

    Args:
        found: What the tick knows.
        over: What was said last of parts in shifts that are no longer judged: rows of `shift_compliance`. Of whatever
            is no trouble any more there is no finding, so that its alert clears.
        living: Keys of alerts that are not resolved.

    Returns:
        Rows of `FINDING`.
    """
    last = replace(found, verdicts=over, coverage=found.coverage.clear(), risk=found.risk.clear())
    return shift_findings(last).filter(pl.col("dedup_key").is_in(living)).with_columns(withheld=pl.lit(EXPIRED))


def key_of_part() -> pl.Expr:
    """The key of the one alert of a part in a shift."""
    return pl.format("shift:{}/{}", "shift_id", "person_id")


def key_of_position() -> pl.Expr:
    """The key of the alert of a punch from far away."""
    return pl.format("geofence_violation:{}/{}", "shift_id", "person_id")


def key_of_gap() -> pl.Expr:
    """The key of the alert of a post."""
    return pl.format("coverage_gap:{}/{}", "site_id", pl.col("post").fill_null(""))


def _parts(found: Found) -> pl.DataFrame:
    late = (pl.col("known_at") - pl.col("expected_from_at")).dt.total_microseconds() / 60e6
    told = (pl.col("verdict") != UNKNOWN) | ((late >= found.unconfirmed_after) & ~is_there())
    rows = found.verdicts.filter(pl.col("verdict").is_in(list(_OF_VERDICT)), told)
    critical = pl.col("is_critical").fill_null(value=False)
    words = pl.DataFrame(
        [(verdict, *of) for verdict, of in _OF_VERDICT.items()],
        schema=["verdict", "alert_type", "_plain", "_severe", "_words"],
        orient="row",
    )
    said = found.said.select("shift_id", "person_id", "no_show_risk")
    joined = rows.join(words, on="verdict", maintain_order="left").join(
        said, on=["shift_id", "person_id"], how="left", maintain_order="left"
    )
    percent = (pl.col("no_show_risk") * 100).round(0).cast(pl.Int64)
    apart = pl.format("; apart from that, the chance that nobody comes was put at {} %", percent)
    is_unknown = (pl.col("verdict") == UNKNOWN) & pl.col("no_show_risk").is_not_null()
    return joined.select(
        "alert_type",
        "client_id",
        "site_id",
        dedup_key=key_of_part(),
        entity_type=pl.lit("shift"),
        entity_id="shift_id",
        severity=pl.when(critical).then("_severe").otherwise("_plain"),
        title=pl.format("Shift {} at {}: {}", _clock("expected_from_at"), "site_id", "_words"),
        reason=pl.concat_str("rule", pl.when(is_unknown).then(apart).otherwise(pl.lit(""))),
        is_raising=pl.lit(value=True),
        facts=pl.struct(
            "person_id",
            "post",
            "verdict",
            "no_show_risk",
            expected_from=_clock("expected_from_at"),
            expected_until=_clock("expected_until_at"),
            punched_site="punched_site_id",
            feed_reported_upto=_clock("feed_reported_upto_at"),
        ).struct.json_encode(),
    )


def _gaps(coverage: pl.DataFrame) -> pl.DataFrame:
    rows = coverage.filter(pl.col("missing") > 0).sort("is_ahead").unique(["site_id", "post"], keep="first")
    post = pl.col("post").fill_null("the site")
    severe = pl.col("is_critical") & ~pl.col("is_ahead")
    when = pl.when("is_ahead").then(pl.format("from {}", _clock("starts_at"))).otherwise(pl.lit("now"))
    return rows.select(
        "client_id",
        "site_id",
        alert_type=pl.lit(COVERAGE_GAP),
        dedup_key=key_of_gap(),
        entity_type=pl.lit("post"),
        entity_id=pl.format("{}/{}", "site_id", pl.col("post").fill_null("")),
        severity=pl.when(severe)
        .then(pl.lit("critical"))
        .when("is_ahead")
        .then(pl.lit("medium"))
        .otherwise(pl.lit("high")),
        title=pl.format("{} at {}: {} of {} people missing {}", post, "site_id", "missing", "required", when),
        reason=pl.format("{} planned, {} there, {} not known yet", "planned", "present", "unknown"),
        is_raising=pl.lit(value=True),
        facts=pl.struct("post", "required", "planned", "present", "unknown", "missing").struct.json_encode(),
    )


def _outside(verdicts: pl.DataFrame) -> pl.DataFrame:
    rows = verdicts.filter(pl.col("is_outside").fill_null(value=False), pl.col("verdict") != WRONG_SITE)
    far = (pl.col("distance_m") / 1000).round(1)
    return rows.select(
        "client_id",
        "site_id",
        alert_type=pl.lit(GEOFENCE),
        dedup_key=key_of_position(),
        entity_type=pl.lit("shift"),
        entity_id="shift_id",
        severity=pl.lit("medium"),
        title=pl.format("Shift {} at {}: punched {} km from the site", _clock("expected_from_at"), "site_id", far),
        reason=pl.format(
            "{} m from the site, known to {} m",
            pl.col("distance_m").round(0).cast(pl.Int64),
            pl.col("accuracy_m").fill_null(0).round(0).cast(pl.Int64),
        ),
        is_raising=pl.lit(value=True),
        facts=pl.struct("person_id", "distance_m", "accuracy_m").struct.json_encode(),
    )


def _likely(found: Found) -> pl.DataFrame:
    risk = pl.col("risk")
    rows = found.risk.filter(risk >= found.risk_from * _HELD)
    # Rounded down: nobody shall read a threshold that was not reached.
    percent = (risk * 100 + 1e-9).floor().cast(pl.Int64)
    return rows.select(
        "client_id",
        "site_id",
        "reason",
        "model_name",
        "model_version",
        "model_run_id",
        alert_type=pl.lit(LIKELY),
        dedup_key=pl.format("no_show_risk:{}/{}", "shift_id", "person_id"),
        entity_type=pl.lit("shift"),
        entity_id="shift_id",
        severity=pl.lit("low"),
        score=risk,
        title=pl.format("Shift {} at {}: likely that nobody comes ({} %)", _clock("starts_at"), "site_id", percent),
        is_raising=risk >= found.risk_from,
        facts=pl.struct("person_id", "risk", starts=_clock("starts_at")).struct.json_encode(),
    )


def _with_proposal(reason: pl.Expr) -> pl.Expr:
    """The reason, and who could come."""
    first = pl.col("proposals").list.first()
    who = pl.format("; {} could come: {}", first.struct.field("name"), first.struct.field("reason"))
    return pl.concat_str(reason, pl.when(pl.col("proposals").list.len() > 0).then(who).fill_null(""))


def _clock(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%d %H:%M UTC")


NO_PROPOSALS = pl.Schema({"need": pl.String(), "proposals": pl.List(PROPOSAL)})
