"""The risk of every device at one moment: that it fails or goes offline within an hour, a day, a week, a month.

Here: features in, one row per device out, with its state, the likely mode and what to do. Not here: features
(`ml.problems.device_failure`), models, reading and keeping.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ml.models.model import RiskModel
from ml.models.probabilities import probabilities
from ml.problems.device_failure.features import HORIZON
from ml.problems.device_failure.lives import offline_after
from ml.problems.device_failure.problem import HORIZONS
from ml.problems.device_failure.words import ACTIONS, modes
from ml.words import durations
from opsguard_assets.tables.values import INSTANT

UP, OFFLINE, FAILED = "up", "offline", "failed"
RISKS = tuple(f"risk_{name}" for name in HORIZONS)


@dataclass(frozen=True)
class Explain:
    """Which devices get a reason: a reason costs far more than a risk.

    Attributes:
        least: Minimum number of devices, those of the highest risk.
        most: Maximum number of devices.
        from_risk: Risk within a week from which a device gets a reason, up to `most`.
        alerted_by: The risk that alerts use. Every device that may have an alert gets a reason, also beyond `most`.
        alerted_from: The risk below which an alert clears.
    """

    least: int
    most: int = 2_000
    from_risk: float = 0.05
    alerted_by: str = "risk_24h"
    alerted_from: float = 1.0


def in_service(rows: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    """The devices in service: heard at least once, and not removed."""
    return rows.filter(pl.col("last_at").is_not_null()).join(removed, on="device_id", how="anti")


def device_risk(rows: pl.DataFrame, model: RiskModel, as_of: datetime, explain: Explain) -> pl.DataFrame:
    """The risks of one moment.

    Args:
        rows: Features of the devices in service (`ml.problems.device_failure.features`), one row each.
        model: What estimates the risk.
        as_of: The moment.
        explain: Which devices are explained.

    Returns:
        `device_id`, `site_id`, `kind`, `model`, `as_of`, `state` (up, offline, failed), `RISKS` (null for a device that
        is down: that is a fact), `mode`, `action`, `reason` (null where it is not explained), `last_at`,
        `silence_minutes`, `model_name`, `model_version`; sorted by device.

    Raises:
        ScoringError: The model failed, gave another number of rows, or a value that is not a probability.
    """
    frame = rows.sort("device_id").with_columns(_state())
    risks = {
        name: probabilities(model, frame.with_columns(pl.lit(minutes).alias(HORIZON)))
        for name, minutes in zip(RISKS, HORIZONS.values(), strict=True)
    }
    is_up = pl.col("state") == UP
    scored = frame.with_columns(**risks).with_columns(pl.when(is_up).then(name).alias(name) for name in RISKS)
    explained = _explained(scored, model, explain)
    return (
        scored.select(
            "device_id",
            "site_id",
            "kind",
            "model",
            as_of=pl.lit(as_of, INSTANT),
            state="state",
            **{name: pl.col(name) for name in RISKS},
            last_at="last_at",
            silence_minutes="silence_minutes",
            _silent=durations(scored["silence_minutes"].clip(lower_bound=0)),
            model_name=pl.lit(model.name),
            model_version=pl.lit(model.version),
        )
        .join(explained, on="device_id", how="left", maintain_order="left")
        .with_columns(reason=_reason())
        .drop("_silent", "_reason")
    )


def _state() -> pl.Expr:
    """The state of a device: failed (and not heard since), offline (silent for too long) or up."""
    failed_at = pl.col("as_of") - pl.duration(microseconds=(pl.col("days_since_failure") * 86_400e6).cast(pl.Int64))
    failed = (failed_at >= pl.col("last_at")).fill_null(value=False)
    offline = (pl.col("silence_minutes") >= offline_after()).fill_null(value=False)
    return pl.when(failed).then(pl.lit(FAILED)).when(offline).then(pl.lit(OFFLINE)).otherwise(pl.lit(UP)).alias("state")


def _explained(scored: pl.DataFrame, model: RiskModel, explain: Explain) -> pl.DataFrame:
    """Reason, mode and action of the riskiest devices."""
    ranked = scored.filter(pl.col("state") == UP).sort("risk_7d", "device_id", descending=[True, False])
    risky = int((ranked["risk_7d"] >= explain.from_risk).sum())
    chosen = max(min(risky, explain.most), explain.least)
    is_asked = (pl.int_range(pl.len()) < chosen) | (pl.col(explain.alerted_by) >= explain.alerted_from)
    asked = ranked.filter(is_asked).with_columns(pl.lit(HORIZONS["7d"]).alias(HORIZON))
    likely = modes(model, asked)
    return asked.select("device_id").with_columns(
        likely.alias("mode"),
        likely.replace_strict(list(ACTIONS), list(ACTIONS.values()), return_dtype=pl.String).alias("action"),
        model.reasons(asked).alias("_reason"),
    )


def _reason() -> pl.Expr:
    return (
        pl.when(pl.col("state") == OFFLINE)
        .then(pl.format("offline: silent for {}", "_silent"))
        .when(pl.col("state") == FAILED)
        .then(pl.format("failed, and not heard since; last heard {} ago", "_silent"))
        .otherwise("_reason")
    )
