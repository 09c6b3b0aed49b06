"""Noise of alerts as an asset with a table and a plot. Not here: figures (`noise`)."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.drawing import bar, line, svg, text
from opsguard_assets.metadata import (
    Materialized,
    check_spec,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.moment import Moment
from opsguard_assets.triage.learning.assets import ALERT_EPISODES_KEY
from opsguard_assets.triage.learning.noise_io import Noise, noise_at
from opsguard_assets.triage.learning.schemas import ALERT_NOISE
from resources.lake import Lake

ALERT_NOISE_KEY = key_of(ALERT_NOISE)
_CHECK, _MATURE = "desks_as_stated", "labels_mature"
_MOST, _ROW, _LEFT, _WIDTH = 20, 22, 330, 400


def noise_asset(settings: Settings, declared: Mapping[str, AlertType]) -> dg.AssetsDefinition:
    """The asset of noise; it follows the episodes of alerts.

    Args:
        settings: What was stated beforehand.
        declared: The types of alerts that domains declare, by name.
    """

    @dg.asset(
        key=ALERT_NOISE_KEY,
        deps=[ALERT_EPISODES_KEY],
        group_name="triage",
        kinds={"polars"},
        owners=owners_of("triage"),
        metadata={"dagster/column_schema": column_schema(ALERT_NOISE)},
        description="How many alerts of each rule, source and client needed a person, with an interval, what a mute or "
        "a higher threshold would have hidden, and a proposal in words. Nothing critical is proposed to be hidden.",
        check_specs=[check_spec(name, ALERT_NOISE_KEY) for name in (_CHECK, _MATURE)],
    )
    def alert_noise(config: Moment, lake: dg.ResourceParam[Lake]) -> Materialized:
        as_of = config.instant()
        found = noise_at(lake, as_of, settings, declared)
        return dg.MaterializeResult(
            metadata={
                **figures({"as_of": as_of, "rules": len(found.rules)}),
                "desks": preview(found.desks.with_columns(pl.col(pl.Float64).round(3))),
                "noise": preview(found.rules.with_columns(pl.col(pl.Float64).round(3)), limit=_MOST),
                "precision": picture(precision_of_rules(found.rules), "Precision of rules"),
            },
            check_results=[_as_stated(found), _mature(found)],
        )

    return alert_noise


def _as_stated(found: Noise) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_CHECK,
        passed=bool(found.desks["holds"].all()),
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(found.words) or "no desk had an alert whose outcome is known",
    )


def _mature(found: Noise) -> dg.AssetCheckResult:
    counts = found.maturity
    share = counts["mature"] / counts["alerts"] if counts["alerts"] else None
    words = "no alerts" if share is None else (
        f"{counts['mature']:,} of {counts['alerts']:,} alerts are mature ({share:.0%}), {counts['labelled']:,} have an "
        f"outcome, {counts['early']:,} of these before it was mature"
    )  # fmt: skip
    return dg.AssetCheckResult(
        check_name=_MATURE,
        passed=not counts["early"],
        description=words,
        metadata={**counts, **({} if share is None else {"share_mature": share})},
    )


def precision_of_rules(rules: pl.DataFrame) -> bytes:
    """The share of alerts that needed a person, by rule, with its interval; the noisiest first."""
    parts = []
    for place, row in enumerate(rules.head(_MOST).iter_rows(named=True)):
        top = 44 + place * _ROW
        words = f"{row['alert_type']} · {row['source']} · {row['client_id'] or 'no client'} ({row['alerts']})"
        parts += [
            text(_LEFT - 8, top + 11, words, anchor="end"),
            bar(_LEFT, top, _WIDTH * row["precision"], 14, "blue", words=row["proposal"]),
            line((_LEFT + _WIDTH * row["low"], top + 7), (_LEFT + _WIDTH * row["high"], top + 7), "ink", width=2),
        ]
    height = 60 + _ROW * max(min(len(rules), _MOST), 1)
    return svg("Share of alerts that needed a person, 95 % intervals", parts, _LEFT + _WIDTH + 20, height)
