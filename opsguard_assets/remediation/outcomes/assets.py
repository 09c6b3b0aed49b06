"""What playbooks achieved, as an asset with tables and a plot. Not here: figures (`io`)."""

from collections.abc import Mapping, Sequence
from typing import Final

import dagster as dg
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.drawing import bar, line, svg, text
from opsguard_assets.metadata import Materialized, column_schema, figures, key_of, owners_of, picture, preview
from opsguard_assets.moment import Moment
from opsguard_assets.remediation.outcomes.columns import REMEDIATION_OUTCOMES
from opsguard_assets.remediation.outcomes.io import outcomes_at, playbooks_in_force
from resources.database import Database
from resources.lake import Lake

OUTCOMES_KEY: Final = key_of(REMEDIATION_OUTCOMES)
_MOST, _ROW, _LEFT, _WIDTH = 20, 22, 300, 400


def outcomes_asset(
    settings: Settings, declared: Mapping[str, AlertType], deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The asset of outcomes.

    Args:
        settings: For how long is looked back, and what people cost.
        declared: The types of alerts that domains declare, by name.
        deps: What makes alerts and executions.
    """

    @dg.asset(
        key=OUTCOMES_KEY,
        deps=deps,
        group_name="remediation",
        kinds={"postgres", "polars"},
        owners=owners_of("remediation"),
        metadata={"dagster/column_schema": column_schema(REMEDIATION_OUTCOMES)},
        description="What playbooks achieved: alerts that a monitor saw clear without a person, with an interval; time "
        "to the end with and without, matched by type and severity; hours and money saved; and which types of alerts "
        "have no playbook yet, the most frequent first.",
    )
    def remediation_outcomes(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Materialized:
        found = outcomes_at(database, lake, settings, declared, playbooks_in_force(database), config.instant())
        rounded, of_all = pl.col(pl.Float64).round(3), found.all_alerts.row(0, named=True)
        return dg.MaterializeResult(
            metadata={
                "headline": dg.MetadataValue.md(f"**{found.words}** within {found.days:g} days; {found.words_of_all}."),
                **figures({"as_of": found.as_of, "dagster/row_count": len(found.by_playbook)}),
                **figures({f"all_alerts/{name}": value for name, value in of_all.items()}),
                "by_playbook": preview(found.by_playbook.with_columns(rounded)),
                "by_client": preview(found.by_client.with_columns(rounded)),
                "all_alerts_by_client": preview(found.all_by_client.with_columns(rounded)),
                "automate_next": preview(found.automate_next.with_columns(rounded), limit=_MOST),
                "auto_resolution": picture(rates_picture(found.by_playbook), "Auto-resolution by playbook"),
            }
        )

    return remediation_outcomes


def rates_picture(by_playbook: pl.DataFrame) -> bytes:
    """The share of alerts that each playbook resolved, with its interval, beside what clears without it."""
    rows = by_playbook.filter(pl.col("rate").is_not_null()).head(_MOST)
    parts = []
    for place, row in enumerate(rows.iter_rows(named=True)):
        top = 44 + place * _ROW
        conclusive = row["auto_resolved"] + row["not_resolved"]
        words = f"{row['playbook']}: {row['auto_resolved']} of {conclusive}"
        parts += [
            text(_LEFT - 8, top + 11, words, anchor="end"),
            bar(_LEFT, top, _WIDTH * row["rate"], 14, "blue", words=words),
            line((_LEFT + _WIDTH * row["low"], top + 7), (_LEFT + _WIDTH * row["high"], top + 7), "ink", width=2),
        ]
        if row["cleared_without"] is not None:
            at = _LEFT + _WIDTH * row["cleared_without"]
            parts.append(line((at, top - 2), (at, top + 16), "amber", width=3))
    title = "Share of alerts auto-resolved, 95 % intervals; amber: what clears without the playbook"
    return svg(title, parts, _LEFT + _WIDTH + 20, 60 + _ROW * max(len(rows), 1))
