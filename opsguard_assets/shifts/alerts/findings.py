"""What a tick finds of shifts: one evolving finding per part in a shift, posts that are short, positions far away.

Here: verdicts and coverage in, findings out. Not here: verdicts (`verdicts`), the alert lifecycle.

A part in a shift has one alert at a time, whose type follows its state: `late_arrival` while nobody has come, then
`no_show`; `wrong_site` for somebody at another place; `early_exit` for somebody who left. While the feed of the site is
late, it is `shift_unconfirmed`, which accuses nobody; somebody who is there never has one. The alert clears when the
person arrives. Names of people stand in evidence and reasons, never in titles.

A post that is short because somebody did not come, or left, has no alert of its own: the alert of that part covers it.
It has one if more people are missing than parts have alerts; its reason names the others. Gaps in the plan of the next
day are reported separately.

A shift that is no longer judged cannot clear an alert. Its unresolved alerts expire.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from ml.words import counted, likely, reached, rounded
from opsguard_assets.alerts.finding import EXPIRED, FINDING
from opsguard_assets.alerts.suppression import suppress_covered
from opsguard_assets.shifts.alerts.alert_types import (
    COVERAGE_GAP,
    ELSEWHERE,
    GEOFENCE,
    LATE_ARRIVAL,
    LEFT_EARLY,
    LIKELY,
    NOBODY_CAME,
    UNCONFIRMED,
)
from opsguard_assets.shifts.verdicts.verdicts import EARLY_EXIT, NO_SHOW, UNATTENDED, UNKNOWN, WRONG_SITE, is_there

_KILOMETRE = 1000
# Verdict -> alert type, severity, severity at a post that must never be empty, what has happened.
_OF_VERDICT = {
    UNATTENDED: (LATE_ARRIVAL, "medium", "high", "nobody has arrived"),
    NO_SHOW: (NOBODY_CAME, "high", "critical", "nobody came"),
    UNKNOWN: (UNCONFIRMED, "low", "medium", "not confirmed, the feed is late"),
    WRONG_SITE: (ELSEWHERE, "high", "high", "the person punched at another site"),
    EARLY_EXIT: (LEFT_EARLY, "medium", "high", "the person left early"),
}
_POST = ["site_id", "post"]
# Verdicts by which somebody who is expected now is not there, in words.
_ABSENT = {
    UNATTENDED: "has not arrived",
    NO_SHOW: "did not come",
    WRONG_SITE: "is at another site",
    EARLY_EXIT: "left early",
}


@dataclass(frozen=True)
class Levels:
    """The thresholds of findings; the fields of `opsguard_assets.config.shifts`.

    Attributes:
        unconfirmed_after: Minutes after the start from which an unknown verdict is a finding.
        risk_from: Probability of a no-show that raises an alert.
        risk_until: Probability below which the alert clears.
    """

    unconfirmed_after: float = 15.0
    risk_from: float = 0.4
    risk_until: float = 0.3


@dataclass(frozen=True)
class Found:
    """What a tick knows.

    Attributes:
        verdicts: Rows of `shift_compliance`.
        coverage: Rows of `coverage.coverage_now` and `posts.coverage_ahead`, the latter with `is_ahead`.
        risk: Rows of `shift_risk` of the moment; none if no client has this prediction.
        said: The last risk of each part before it began: `shift_id`, `person_id`, `no_show_risk`; shown while it is
            unknown whether the person came.
        proposals: `need` (the alert's key), `proposals` and `nobody` (`substitutes.proposals`).
        levels: The thresholds.
    """

    verdicts: pl.DataFrame
    coverage: pl.DataFrame
    proposals: pl.DataFrame
    risk: pl.DataFrame
    said: pl.DataFrame
    levels: Levels


def shift_findings(found: Found) -> pl.DataFrame:
    """The findings of one tick: rows of `FINDING`."""
    rows = pl.concat([_parts(found), _gaps(found), _outside(found.verdicts), _likely(found)], how="diagonal_relaxed")
    with_help = rows.join(found.proposals.rename({"need": "dedup_key"}), on="dedup_key", how="left")
    helped = with_help.with_columns(
        evidence=pl.concat_str(
            # Two JSON records as one: the first without its last brace, the second without its first.
            pl.col("facts").str.head(-1),
            pl.lit(","),
            pl.struct("proposals").struct.json_encode().str.tail(-1),
        ),
        reason=_with_proposal(pl.col("reason")),
    )
    nothing = [pl.lit(None, dtype).alias(name) for name, dtype in FINDING.items() if name not in helped.columns]
    return helped.with_columns(nothing).select(FINDING.names())


def suppress_repeated(found: Found, mark: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """The findings of one tick with suppression marks; each gap is reported by one alert.

    Args:
        found: What the tick knows.
        mark: Sets the suppression marks; a suppressed finding covers no gap.
    """
    every = mark(shift_findings(found))
    pairs = _told_gaps(found, every.filter(pl.col("withheld").is_null())["dedup_key"])
    if pairs.is_empty():
        return every
    is_told = key_of_gap().is_in(pairs["told"].implode())
    rest = replace(found, coverage=found.coverage.filter(pl.col("is_ahead") | ~is_told))
    others = mark(shift_findings(rest))
    gone = every.join(others, on="dedup_key", how="anti")
    rows = pairs.join(gone, left_on="told", right_on="dedup_key", how="semi")
    return suppress_covered(pl.concat([others, gone]), rows)


def _told_gaps(found: Found, speaking: pl.Series) -> pl.DataFrame:
    """The gaps that alerts of parts cover: (`told`, `by`), if there are as many such alerts as people are missing."""
    parts = _absent(found).filter(key_of_part().is_in(speaking.implode()))
    short = found.coverage.filter(~pl.col("is_ahead"), pl.col("missing") > 0)
    pairs = short.select("missing", *_POST).join(
        parts.select(*_POST, by=key_of_part()), on=_POST, nulls_equal=True, maintain_order="left"
    )
    rows = pairs.filter(pl.len().over(_POST) >= pl.col("missing")).select("by", told=key_of_gap())
    return rows.select("told", "by").sort("told", "by")


def _absent(found: Found) -> pl.DataFrame:
    """The parts in running shifts whose person should be there and is not, as an alert says."""
    now = pl.col("known_at")
    expected = (pl.col("expected_from_at") <= now) & (pl.col("expected_until_at") > now)
    return found.verdicts.filter(pl.col("verdict").is_in(list(_ABSENT)), expected).sort("shift_id", "person_id")


def expired_findings(found: Found, over: pl.DataFrame, living: list[str]) -> pl.DataFrame:
    """The findings that end the alerts of shifts which are no longer judged, marked as expired.

    Args:
        found: What the tick knows.
        over: The last verdicts on shifts that are no longer judged: rows of `shift_compliance`. A verdict without
            trouble gives no finding, so its alert clears.
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
    is_certain = (pl.col("verdict") != UNKNOWN) | ((late >= found.levels.unconfirmed_after) & ~is_there())
    rows = found.verdicts.filter(pl.col("verdict").is_in(list(_OF_VERDICT)), is_certain)
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


def _gaps(found: Found) -> pl.DataFrame:
    # One alert per post: who is missing now comes before who will be.
    short = found.coverage.filter(pl.col("missing") > 0).sort("is_ahead").unique(_POST, keep="first")
    said = pl.format("{} ({})", "person_id", pl.col("verdict").replace_strict(_ABSENT, return_dtype=pl.String))
    absent = _absent(found).group_by(_POST, maintain_order=True).agg(said.alias("_absent"))
    rows = short.join(absent, on=_POST, how="left", nulls_equal=True)
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
        title=pl.format(
            "{} at {}: {} of {} missing {}",
            post,
            "site_id",
            "missing",
            counted(pl.col("required"), "person", "people"),
            when,
        ),
        reason=pl.concat_str(
            pl.format("{} planned, {} there, {} not known yet", "planned", "present", "unknown"),
            pl.when(~pl.col("is_ahead"))
            .then(pl.format("; absent: {}", pl.col("_absent").list.join(", ")))
            .fill_null(""),
        ),
        is_raising=pl.lit(value=True),
        facts=pl.struct(
            "post",
            "required",
            "planned",
            "present",
            "unknown",
            "missing",
            due=pl.when("is_ahead").then(_clock("starts_at")).otherwise(_clock("ends_at")),
        ).struct.json_encode(),
    )


def _outside(verdicts: pl.DataFrame) -> pl.DataFrame:
    rows = verdicts.filter(pl.col("is_outside").fill_null(value=False), pl.col("verdict") != WRONG_SITE)
    metres = pl.col("distance_m").round(0).cast(pl.Int64)
    kilometres = pl.format("{} km", rounded(pl.col("distance_m") / 1000, 1))
    far = pl.when(metres < _KILOMETRE).then(pl.format("{} m", metres)).otherwise(kilometres)
    known = pl.format("known to {} m", pl.col("accuracy_m").round(0).cast(pl.Int64)).fill_null("accuracy not known")
    return rows.select(
        "client_id",
        "site_id",
        alert_type=pl.lit(GEOFENCE),
        dedup_key=key_of_position(),
        entity_type=pl.lit("shift"),
        entity_id="shift_id",
        severity=pl.lit("medium"),
        title=pl.format("Shift {} at {}: punched {} from the site", _clock("expected_from_at"), "site_id", far),
        reason=pl.format("{} m from the site, {}", metres, known),
        is_raising=pl.lit(value=True),
        facts=pl.struct("person_id", "distance_m", "accuracy_m").struct.json_encode(),
    )


def _likely(found: Found) -> pl.DataFrame:
    risk = pl.col("risk")
    rows = found.risk.filter(risk >= found.levels.risk_until)
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
        title=pl.format(
            "Shift {} at {}: {} ({})",
            _clock("starts_at"),
            "site_id",
            likely(risk, "it is likely that nobody comes", "nobody may come"),
            reached(risk),
        ),
        is_raising=risk >= found.levels.risk_from,
        facts=pl.struct("person_id", "risk", starts=_clock("starts_at")).struct.json_encode(),
    )


def _with_proposal(reason: pl.Expr) -> pl.Expr:
    """The reason, and who could come."""
    first = pl.col("proposals").list.first()
    who = pl.format("; {} could come: {}", first.struct.field("name"), first.struct.field("reason"))
    nobody = pl.format("; {}", pl.col("nobody"))
    said = pl.when(pl.col("proposals").list.len() > 0).then(who).otherwise(nobody)
    return pl.concat_str(reason, said.fill_null(""))


def _clock(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y-%m-%d %H:%M UTC")
