"""Noise of alerts at a moment, read from the lake. Not here: figures (`noise`), the asset (`noise_assets`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ml.problems.alert_action.features import WINDOW
from opsguard_assets.config.settings import Settings
from opsguard_assets.triage.learning.noise import Stated, desk, judged, noise
from opsguard_assets.triage.learning.problem_io import dataset_at
from resources.lake import Lake


@dataclass(frozen=True)
class Noise:
    """Noise at a moment.

    Attributes:
        rules: Rows of `noise.NOISE`.
        desk: What the desk was given (`noise.desk`).
        stated: What was stated beforehand.
    """

    rules: pl.DataFrame
    desk: dict[str, float | bool]
    stated: Stated

    @property
    def words(self) -> str:
        """The desk in one sentence, against what was stated."""
        found, stated = self.desk, self.stated
        share = "none with an outcome" if found["share"] is None else (
            f"{found['share']:.0%} of them needed a person ({found['low']:.0%} to {found['high']:.0%})"
        )  # fmt: skip
        return (
            f"{found['alerts_per_day']:.1f} alerts a day over {stated.days} days, {share}; stated: "
            f"{stated.alerts_per_day:g} a day, of which {stated.real_per_day:g} ({found['stated_share']:.0%})"
        )


def noise_at(lake: Lake, as_of: datetime, settings: Settings) -> Noise:
    """Which rules were noise over the last days, by the outcomes known at a moment; nothing is written."""
    chosen = settings.alert_action
    stated = Stated(chosen.noise_days, chosen.noisy_below, chosen.desk_alerts_per_day, chosen.desk_real_per_day)
    since = as_of - timedelta(days=stated.days)
    alerts = judged(dataset_at(lake, as_of, settings, since=min(since, as_of - WINDOW)), since)
    return Noise(noise(alerts, stated), desk(alerts, stated, as_of), stated)
