"""Daily monitoring of the active model as an asset: skill score, calibration, drift.

Here: reading, storing the record, plots. Not here: the computation (`monitoring`), and how ticks use the record.
"""

from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl

from ml.models.learned import LearnedModel
from opsguard_assets.alerts.queries import acted_on
from opsguard_assets.metadata import Materialized, check_spec, figures, key_of, owners_of, picture, preview
from opsguard_assets.models.monitoring import MATURE, MOST_CALIBRATION_ERROR, MonitoringResult, monitor, prevented
from opsguard_assets.models.monitoring_records import MonitoringRecord, store
from opsguard_assets.models.plots import expected_against_happened, quality_over_weeks
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.serving import trained_of
from opsguard_assets.moment import Moment
from resources.database import Database
from resources.lake import Lake

_TREATED = {"entity_id": pl.String, "is_held_back": pl.Boolean}
USEFUL = "champion_is_useful"


def calibrated(problem: Problem) -> str:
    """The check of a problem's probabilities: `sla_risk_calibrated`."""
    return f"{problem.scored_name}_risk_calibrated"


def in_range(problem: Problem) -> str:
    """The check of a problem's features: `sla_features_within_range`."""
    return f"{problem.scored_name}_features_within_range"


def monitoring_key(problem: Problem) -> dg.AssetKey:
    """The key of the daily monitoring of a problem's model."""
    return dg.AssetKey(["models", f"{problem.name}_watch"])


def monitoring_asset(problem: Problem) -> dg.AssetsDefinition:
    """The asset of the daily monitoring."""
    key, checks = monitoring_key(problem), (USEFUL, calibrated(problem), in_range(problem))

    @dg.asset(
        key=key,
        deps=[key_of(table) for table in problem.inputs],
        group_name="models",
        kinds={"polars"},
        owners=owners_of("models"),
        description="The champion compared with outcomes that became known after its training: skill score against the "
        "trailing rate, metrics per week, feature drift. A champion that is worse than that rate is disabled.",
        check_specs=[check_spec(name, key) for name in checks],
    )
    def watch(config: Moment, lake: dg.ResourceParam[Lake], models: dg.ResourceParam[ModelCatalog]) -> Materialized:
        as_of = config.instant()
        version = models.champions.active_version(problem.name, as_of)
        if version is None:
            words = "there is no champion to monitor; the rule scores"
            return dg.MaterializeResult(
                metadata={"verdict": dg.MetadataValue.text(words)},
                check_results=[_check(name, words, passed=True) for name in checks],
            )
        dataset = problem.dataset(lake, as_of)
        model, until = trained_of(models.champions, version)
        found = monitor(dataset, model, until)
        treated = pl.DataFrame(_acted_on(problem, models.champions.database, as_of), schema=_TREATED)
        store(models.champions.database, record_of(found, problem.name, model, as_of))
        return dg.MaterializeResult(
            metadata={
                **_shown(found, version.version, as_of),
                "prevention": dg.MetadataValue.text(prevented(dataset, treated).words),
            },
            check_results=_checks(problem, found),
        )

    return watch


def _acted_on(problem: Problem, database: Database, as_of: datetime) -> list[dict[str, Any]]:
    """Entities that were alerted or held back; none where scores raise no alerts of their own."""
    return acted_on(database, problem.alert_type, as_of - MATURE) if problem.alert_type else []


def record_of(found: MonitoringResult, problem: str, model: LearnedModel, as_of: datetime) -> MonitoringRecord:
    """The record of a result."""
    values = vars(found.skill_score) | {"calibration_error": found.calibration_error, "shifted": found.shifted}
    return MonitoringRecord(
        problem=problem,
        version=model.version,
        as_of=as_of,
        is_useful=found.skill_score.is_useful,
        wants_training=found.wants_training,
        words=found.skill_score.words,
        figures=values,
    )


def _checks(problem: Problem, found: MonitoringResult) -> list[dg.AssetCheckResult]:
    said = "not known yet" if found.calibration_error is None else f"{found.calibration_error:.3f}"
    worst = found.drift.head(5).select(pl.format("{} {}", "feature", pl.col("psi").round(2)))
    moved = f"{len(found.shifted)} of {len(found.drift)} features have shifted; {', '.join(worst.to_series())}"
    if found.drift.is_empty():
        moved = "not known yet: there are no rows of the last week, or from before the training, to compare"
    return [
        _check(
            USEFUL, found.skill_score.words, passed=found.skill_score.is_useful, severity=dg.AssetCheckSeverity.ERROR
        ),
        _check(calibrated(problem), f"calibration error {said}, maximum {MOST_CALIBRATION_ERROR}", passed=found.holds),
        _check(in_range(problem), moved, passed=not found.shifted),
    ]


def _check(
    name: str, words: str, *, passed: bool, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(check_name=name, passed=passed, severity=severity, description=words)


def _shown(found: MonitoringResult, version: str, as_of: datetime) -> dict[str, dg.MetadataValue]:
    useful = found.skill_score
    weeks = found.weeks.with_columns(pl.col(pl.Float64).round(3))
    return {
        "verdict": dg.MetadataValue.text(useful.words),
        **figures(
            {
                "as_of": as_of,
                "version": version,
                "entities": useful.entities,
                "skill": useful.skill,
                "brier": useful.brier,
                "brier_trailing": useful.brier_trailing,
                "calibration_error": found.calibration_error,
                "features_shifted": len(found.shifted),
            }
        ),
        "weeks": preview(weeks, limit=60),
        "expected_against_happened": picture(expected_against_happened(found.weeks), "Expected against happened"),
        "quality_over_weeks": picture(quality_over_weeks(found.weeks), "Quality over weeks"),
        "drift": preview(found.drift.with_columns(pl.col(pl.Float64).round(3)), limit=30),
    }
