"""Noise of alerts at a moment, read from the lake. Not here: figures (`noise`), the asset (`noise_assets`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ml.problems.alert_action.features import WINDOW
from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.kinds import type_of_kind
from opsguard_assets.config.settings import Settings
from opsguard_assets.triage.learning.noise import Stated, desks, judged, maturity, noise
from opsguard_assets.triage.learning.problem_io import dataset_at
from resources.lake import Lake


@dataclass(frozen=True)
class Noise:
    """Noise at a moment.

    Attributes:
        rules: Rows of `noise.NOISE`.
        desks: What each desk was given (`noise.desks`).
        maturity: Whether only mature labels count (`noise.maturity`).
        stated: What was stated beforehand.
    """

    rules: pl.DataFrame
    desks: pl.DataFrame
    maturity: dict[str, int]
    stated: Stated

    @property
    def words(self) -> list[str]:
        """Each desk in one sentence, against what was stated."""
        return [self._of_desk(row) for row in self.desks.iter_rows(named=True)]

    def _of_desk(self, row: dict[str, Any]) -> str:
        share = "none with an outcome" if row["share"] is None else (
            f"{row['share']:.0%} of them needed a person ({row['low']:.0%} to {row['high']:.0%})"
        )  # fmt: skip
        return (
            f"{row['team']}: {row['alerts_per_day']:.1f} alerts a day over {self.stated.days} days, {share}; stated: "
            f"{row['stated_alerts']:g} a day, of which {row['stated_real']:g} ({row['stated_share']:.0%})"
        )


def noise_at(lake: Lake, as_of: datetime, settings: Settings, types: Mapping[str, AlertType]) -> Noise:
    """Which rules were noise over the last days, by the outcomes known at a moment; nothing is written.

    Args:
        lake: The records.
        as_of: The moment.
        settings: What was stated beforehand.
        types: The types of alerts that domains declare: whose desk is whose.
    """
    chosen = settings.alert_action
    own = {team: (each.alerts_per_day, each.real_per_day) for team, each in chosen.desks.items()}
    stated = Stated(chosen.noise_days, chosen.noisy_below, chosen.desk_alerts_per_day, chosen.desk_real_per_day, own)
    since = as_of - timedelta(days=stated.days)
    dataset = dataset_at(lake, as_of, settings, since=min(since, as_of - WINDOW))
    alerts = judged(dataset, since)
    further = settings.triage.life_safety
    kinds = alerts["alert_type"].unique().to_list()
    teams = pl.DataFrame(
        {"alert_type": kinds, "team": [(types.get(kind) or type_of_kind(kind, further)).team for kind in kinds]},
        schema={"alert_type": pl.String, "team": pl.String},
    )
    handled = alerts.join(teams, on="alert_type", how="left", maintain_order="left")
    return Noise(noise(alerts, stated), desks(handled, stated, as_of), maturity(dataset, since), stated)
