"""What is to be said of a device that may fail, topic by topic, and which kind of failure it looks like.

Here: features to phrases, modes and actions. Not here: which topics matter for a row (`ml.explain`).

Names of channels come from outside: whoever shows a phrase escapes it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from ml.device_failure.features import OF_CHANNEL, channel_feature, channels_in
from ml.device_failure.states import HALF_LIVES
from ml.explain import Topics
from ml.learned import LearnedModel
from ml.model import RiskModel
from ml.words import durations


def _averages(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{half}" for name in names for half in HALF_LIVES)


BATTERY, CONNECTIVITY, TEMPERATURE, HARDWARE = "battery", "connectivity", "temperature", "hardware"
ACTIONS = {
    BATTERY: "replace or charge the battery",
    CONNECTIVITY: "check the radio path: gateway, antenna, obstacles",
    TEMPERATURE: "check the surroundings: heat source, ventilation, sun",
    HARDWARE: "inspect the device and have a replacement at hand",
}
_MEMBERS: dict[str, tuple[str, ...]] = {
    "battery": (
        "battery_last_pct", "battery_drop_1d", "battery_drop_7d", "days_to_empty", "battery_powered",
        *_averages("battery_last_pct", "discharge_pct_per_day"),
    ),
    "silence": ("silence_minutes", "silence_intervals", "interval_minutes", "is_online"),
    "site": ("site_silence_minutes",),
    "offline": _averages("offline_share"),
    "signal": (
        "signal_mean_dbm", "signal_std_db", "signal_drop_1d", "signal_drop_7d",
        *_averages("signal_mean_dbm", "signal_std_db"),
    ),
    "heat": (
        "temperature_mean_c", "heat_margin_c", "cold_margin_c",
        *_averages("temperature_mean_c", "temperature_out_share"),
    ),
    "errors": ("errors_total", "errors", "days_since_error", *_averages("errors_per_report")),
    "failures": ("failures", "days_since_failure"),
    "care": ("maintenances", "days_since_maintenance"),
    "model": ("rate_of_model", "rate_of_fleet"),
    "age": ("age_days",),
}  # fmt: skip
_MODE_OF = {
    "battery": BATTERY, "silence": CONNECTIVITY, "site": CONNECTIVITY, "offline": CONNECTIVITY, "signal": CONNECTIVITY,
    "heat": TEMPERATURE,
}  # fmt: skip
_MODES = (BATTERY, CONNECTIVITY, TEMPERATURE, HARDWARE)


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.device_failure.features`; `always` is the age of what is known."""
    channels = channels_in(rows.columns)
    known = _known(rows)
    told = known.with_columns(
        _silent=durations(known["silence_minutes"].clip(lower_bound=0)),
        _site=durations(known["site_silence_minutes"].clip(lower_bound=0)),
    )
    phrases = {name: told.select(phrase).to_series() for name, phrase in _phrases().items()}
    members = dict(_MEMBERS)
    for channel in channels:
        members[_topic(channel)] = tuple(channel_feature(channel, figure) for figure in OF_CHANNEL)
        phrases[_topic(channel)] = rows.select(_of_channel(channel)).to_series()
    heard = told.select(pl.format("last heard {} ago", "_silent").fill_null("never heard")).to_series()
    return Topics(members, phrases, heard)


def _topic(channel: str) -> str:
    return f"channel {channel}"


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    wanted = sorted({name for members in _MEMBERS.values() for name in members})
    absent = [pl.lit(None, pl.Float64).alias(name) for name in wanted if name not in rows.columns]
    return rows.with_columns(absent).select(pl.col(wanted).cast(pl.Float64).fill_nan(None))


def _phrases() -> Mapping[str, pl.Expr]:
    battery, days = pl.col("battery_last_pct"), pl.col("days_to_empty")
    share = pl.col("offline_share_7d")
    return {
        "battery": pl.when(days < 30)  # noqa: PLR2004 - a month ahead is no news
        .then(pl.format("battery {} %, empty in {} days", _whole(battery), days.round(1)))
        .when(battery.is_not_null())
        .then(pl.format("battery {} %", _whole(battery))),
        "silence": pl.when(pl.col("silence_intervals") > 1).then(pl.format("silent for {}", "_silent")),
        "site": pl.when(pl.col("site_silence_minutes") > 60).then(  # noqa: PLR2004 - an hour
            pl.format("nothing heard of its site for {}", "_site")
        ),
        "offline": pl.when(share > 0.01).then(pl.format("offline {} % of the week", _whole(share * 100))),  # noqa: PLR2004
        "signal": pl.format("signal {} dBm", _whole(pl.col("signal_mean_dbm"))),
        "heat": pl.format("{} degrees Celsius", pl.col("temperature_mean_c").round(1)),
        "errors": pl.when(pl.col("errors_per_report_1d") > 0)
        .then(pl.format("{} errors per report lately", pl.col("errors_per_report_1d").round(2)))
        .when(pl.col("errors") > 0)
        .then(pl.format("{} error codes", _whole(pl.col("errors")))),
        "failures": pl.when(pl.col("failures") > 0).then(pl.format("failed {}x before", _whole(pl.col("failures")))),
        "care": pl.when(pl.col("days_since_maintenance").is_not_null()).then(
            pl.format("maintained {} days ago", _whole(pl.col("days_since_maintenance")))
        ),
        "model": pl.format(
            "its model fails {} times in 100 years", (pl.col("rate_of_model") * 36_525).round(0).cast(pl.Int64)
        ),
        "age": pl.format("in place for {} days", _whole(pl.col("age_days"))),
    }


def _of_channel(channel: str) -> pl.Expr:
    level, since, change = (
        pl.col(channel_feature(channel, figure)) for figure in ("level", "days_since_change", "change")
    )
    name = pl.lit(channel)
    changed = pl.format("{} at {}, changed by {} {} days ago", name, level.round(2), change.round(2), since.round(1))
    return pl.coalesce(changed, pl.format("{} at {}", name, level.round(2)))


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)


def modes(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """Which kind of failure each row looks like: the family of features that raised its probability most.

    Returns:
        `battery`, `connectivity`, `temperature` or `hardware`, one per row in order. Of a model that does not tell what
        its features add, by the facts: a low battery, silence, heat, otherwise hardware.
    """
    if not isinstance(model, LearnedModel):
        return _by_facts(rows)
    if rows.is_empty():
        return pl.Series("mode", [], pl.String)
    added = model.contributions(rows)
    family = _families(model.features)
    raised = np.stack([added[:, family == place].sum(axis=1) for place in range(len(_MODES))], axis=1)
    return pl.Series("mode", [_MODES[place] for place in raised.argmax(axis=1).tolist()], pl.String)


def _families(names: Sequence[str]) -> np.ndarray:
    owner = {name: topic for topic, members in _MEMBERS.items() for name in members}
    return np.array([_MODES.index(_MODE_OF.get(owner.get(name, ""), HARDWARE)) for name in names])


def _by_facts(rows: pl.DataFrame) -> pl.Series:
    known = _known(rows)
    low = (pl.col("battery_last_pct") < 20) | (pl.col("days_to_empty") < 2)  # noqa: PLR2004 - percent, days
    silent = (pl.col("silence_intervals") > 1) | (pl.col("offline_share_7d") > 0.05)  # noqa: PLR2004 - 500 min a week
    return known.select(
        mode=pl.when(low)
        .then(pl.lit(BATTERY))
        .when(silent)
        .then(pl.lit(CONNECTIVITY))
        .when(pl.col("heat_margin_c") < 0)
        .then(pl.lit(TEMPERATURE))
        .otherwise(pl.lit(HARDWARE))
    ).to_series()
