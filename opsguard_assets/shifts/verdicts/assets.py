"""Verdicts on shifts as an asset. Not here: verdicts (`verdicts`), keeping them (`verdicts.io`)."""

from datetime import datetime

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
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
from opsguard_assets.shifts.calendar.assets import SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.verdicts.explained import ATTENDS, UNEXPLAINED, punches_explained
from opsguard_assets.shifts.verdicts.io import Judged, attended_at, compliance_at, limits_of, record_compliance
from opsguard_assets.shifts.verdicts.plots import compliance_strip
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts.verdicts import NO_SHOW, ON_TIME, UNATTENDED, UNKNOWN, VERDICTS
from opsguard_assets.shifts.verdicts.words import trouble
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

SHIFT_COMPLIANCE_KEY = key_of(SHIFT_COMPLIANCE)
_EXPLAINED = "punches_match_the_calendar"
# More presences than this that no shift explains: the rosters are not whole.
_UNEXPLAINED_SHARE = 0.01


def shift_compliance_asset(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of verdicts; it follows punches (`deps`) and the calendar."""

    @dg.asset(
        key=SHIFT_COMPLIANCE_KEY,
        deps=[SHIFT_CALENDAR_KEY, *deps],
        group_name="shifts",
        kinds={"polars", "deltalake"},
        owners=owners_of("shifts"),
        metadata={
            "dagster/column_schema": column_schema(SHIFT_COMPLIANCE),
            "dagster/table_name": SHIFT_COMPLIANCE.derived_name,
        },
        description="The verdict on every part in a shift that runs or ended within 24 hours; late punches correct "
        "it, and every correction stays readable. Grain: shift_id, person_id.",
        check_specs=[check_spec(_EXPLAINED, SHIFT_COMPLIANCE_KEY)],
    )
    def shift_compliance(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        as_of = config.instant()
        with database.lock(TABLES_LOCK):
            judged = compliance_at(lake, as_of, limits_of(settings))
            news = record_compliance(lake, judged.verdicts, as_of)
            known = attended_at(lake, as_of)
        return dg.MaterializeResult(
            metadata=_shown(judged, news, as_of), check_results=[_explained(judged, known.punches, as_of)]
        )

    return shift_compliance


def _explained(judged: Judged, punches: pl.DataFrame, as_of: datetime) -> dg.AssetCheckResult:
    explained = punches_explained(judged.shifts, punches, as_of)
    counts = (
        explained.group_by("explanation").agg(punches=pl.len()).sort("punches", "explanation", descending=[True, False])
    )
    words = ", ".join(f"{row['punches']:,} {row['explanation']}" for row in counts.iter_rows(named=True)) or "no punch"
    remainder = explained.filter(pl.col("explanation") == UNEXPLAINED).drop("explanation")
    return dg.AssetCheckResult(
        check_name=_EXPLAINED,
        passed=len(remainder) <= _UNEXPLAINED_SHARE * len(explained),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"presences of the last 24 hours: {words}",
        metadata={
            "attend_a_shift": int(counts.filter(pl.col("explanation") == ATTENDS)["punches"].sum()),
            "without_an_explanation": len(remainder),
            "explained": preview(counts),
            "remainder": preview(remainder),
        },
    )


def _shown(judged: Judged, news: int, as_of: datetime) -> dict[str, dg.MetadataValue]:
    verdicts = judged.verdicts
    counts = {name: int((verdicts["verdict"] == name).sum()) for name in VERDICTS}
    due = sum(counts[name] for name in (ON_TIME, "late", "early_exit", "left_open", UNATTENDED, NO_SHOW, "wrong_site"))
    share = counts[ON_TIME] / due if due else None
    said = ("shift_id", "person_id", "said", "said_at", "verdict", "rule")
    return {
        "headline": dg.MetadataValue.md(
            f"**{counts[NO_SHOW]:,} no-shows, {counts[UNATTENDED]:,} unattended now**, {counts[UNKNOWN]:,} not known "
            f"for a late feed; {'no shift judged yet' if share is None else f'{share:.1%} of the judged on time'}."
        ),
        **figures(
            {
                "as_of": as_of,
                "dagster/row_count": len(verdicts),
                "said_anew": news,
                "corrected": len(judged.corrected),
                "on_time_share": share,
                **{f"shifts_{name}": count for name, count in counts.items() if count},
            }
        ),
        "trouble": preview(trouble(verdicts)),
        "corrections": preview(judged.corrected.select(said)),
        "strip": picture(compliance_strip(verdicts, as_of), "Compliance by site"),
    }
