"""The phrases of a device that may fail, by topic, and the kind of failure that it looks like.

Here: features to phrases, modes and actions. Not here: which topics matter for a row (`ml.models.explain`).

Names of channels come from outside: the page that shows a phrase escapes it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from ml.models.explain import Topics, phrased
from ml.models.learned import LearnedModel
from ml.models.model import RiskModel
from ml.problems.device_failure.features import OF_CHANNEL, channel_feature, channels_in
from ml.problems.device_failure.states import HALF_LIVES
from ml.words import counted, durations, percent, rounded, times


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
# A month ahead is no news.
_NEWS_DAYS = 30
_MODES = (BATTERY, CONNECTIVITY, TEMPERATURE, HARDWARE)


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.problems.device_failure.features`; `always` is the age of what is known."""
    known = _known(rows)
    frame = known.with_columns(
        _silent=durations(known["silence_minutes"].clip(lower_bound=0)),
        _site=durations(known["site_silence_minutes"].clip(lower_bound=0)),
    )
    members, phrases = dict(_MEMBERS), phrased(frame, _phrases())
    for channel in channels_in(rows.columns):
        names = {figure: channel_feature(channel, figure) for figure in OF_CHANNEL}
        members[_topic(channel)] = tuple(names.values())
        said = _of_channel(channel)
        phrases |= phrased(rows, {names[figure]: said[figure] for figure in OF_CHANNEL})
    heard = frame.select(pl.format("last heard {} ago", "_silent").fill_null("never heard")).to_series()
    return Topics(members, phrases, heard)


def _topic(channel: str) -> str:
    return f"channel {channel}"


def _known(rows: pl.DataFrame) -> pl.DataFrame:
    wanted = sorted({name for members in _MEMBERS.values() for name in members})
    absent = [pl.lit(None, pl.Float64).alias(name) for name in wanted if name not in rows.columns]
    return rows.with_columns(absent).select(pl.col(wanted).cast(pl.Float64).fill_nan(None))


def _phrases() -> Mapping[str, pl.Expr]:
    """The phrase of each feature; null where there is nothing to say.

    Averages are exponential, so phrases say "lately" and not "in a day" or "in a week".
    """
    return {**_of_battery(), **_of_silence(), **_of_signal(), **_of_heat(), **_of_past()}


def _of_battery() -> Mapping[str, pl.Expr]:
    battery, days = pl.col("battery_last_pct"), pl.col("days_to_empty")
    level = pl.format("battery {} %", _whole(battery))
    soon = pl.format("battery {} %, empty in {} days", _whole(battery), rounded(days, 1))
    return {
        "battery_last_pct": level,
        "days_to_empty": pl.when(days < _NEWS_DAYS).then(soon),
        "battery_powered": pl.when(pl.col("battery_powered") == 1).then(pl.lit("runs on a battery")),
        **{f"battery_drop_{half}": _drop(f"battery_drop_{half}", "battery", "points") for half in ("1d", "7d")},
        **_lately("battery_last_pct", lambda value: pl.format("battery around {} % lately", _whole(value))),
        **_lately(
            "discharge_pct_per_day",
            lambda value: pl.when(value > 0).then(pl.format("loses {} points of charge a day", rounded(value, 1))),
        ),
    }


def _of_silence() -> Mapping[str, pl.Expr]:
    silent = pl.when(pl.col("silence_intervals") > 1).then(pl.format("silent for {}", "_silent"))
    least, hour = 0.005, 60
    return {
        "silence_minutes": silent,
        "silence_intervals": silent,
        "interval_minutes": pl.format("reports every {} min", rounded(pl.col("interval_minutes"), 1)),
        "is_online": pl.when(pl.col("is_online") == 0).then(pl.lit("its last report said that it is offline")),
        "site_silence_minutes": pl.when(pl.col("site_silence_minutes") > hour).then(
            pl.format("nothing heard of its site for {}", "_site")
        ),
        **_lately(
            "offline_share",
            lambda value: pl.when(value >= least).then(pl.format("offline {} of the time lately", percent(value))),
        ),
    }


def _of_signal() -> Mapping[str, pl.Expr]:
    return {
        "signal_mean_dbm": pl.format("signal {} dBm", _whole(pl.col("signal_mean_dbm"))),
        "signal_std_db": pl.format("signal varies by {} dB", rounded(pl.col("signal_std_db"), 1)),
        **{f"signal_drop_{half}": _drop(f"signal_drop_{half}", "signal", "dB") for half in ("1d", "7d")},
        **_lately("signal_mean_dbm", lambda value: pl.format("signal around {} dBm lately", _whole(value))),
        **_lately("signal_std_db", lambda value: pl.format("signal varies by {} dB lately", rounded(value, 1))),
    }


def _of_heat() -> Mapping[str, pl.Expr]:
    out, least = "outside its temperature range {} of the time lately", 0.005
    return {
        "temperature_mean_c": pl.format("{} degrees Celsius", rounded(pl.col("temperature_mean_c"), 1)),
        "heat_margin_c": _margin("heat_margin_c", "highest"),
        "cold_margin_c": _margin("cold_margin_c", "lowest"),
        **_lately("temperature_mean_c", lambda value: pl.format("around {} degrees Celsius lately", rounded(value, 1))),
        **_lately("temperature_out_share", lambda value: pl.when(value >= least).then(pl.format(out, percent(value)))),
    }


def _of_past() -> Mapping[str, pl.Expr]:
    errors, failures, years = pl.col("errors"), pl.col("failures"), "{} times in 100 years of a device"
    least = 0.005

    def ago(column: str, words: str) -> pl.Expr:
        return pl.format(f"{words} {{}} ago", counted(pl.col(column), "day"))

    def any_of(number: pl.Expr, words: pl.Expr) -> pl.Expr:
        return pl.when(number.round(0) >= 1).then(words)

    def per_century(column: str) -> pl.Expr:
        return (pl.col(column) * 36_525).round(0).cast(pl.Int64)

    return {
        "errors_total": any_of(pl.col("errors_total"), counted(pl.col("errors_total"), "reported error")),
        "errors": any_of(errors, counted(errors, "error code")),
        "days_since_error": ago("days_since_error", "last error code"),
        **_lately(
            "errors_per_report",
            lambda value: pl.when(value >= least).then(pl.format("{} errors per report lately", rounded(value, 2))),
        ),
        "failures": any_of(failures, pl.format("failed {} before", times(failures))),
        "days_since_failure": ago("days_since_failure", "last failed"),
        "maintenances": any_of(pl.col("maintenances"), pl.format("maintained {}", times(pl.col("maintenances")))),
        "days_since_maintenance": ago("days_since_maintenance", "last maintained"),
        "rate_of_model": pl.format(f"its model fails {years}", per_century("rate_of_model")),
        "rate_of_fleet": pl.format(f"devices fail {years}", per_century("rate_of_fleet")),
        "age_days": pl.format("in place for {}", counted(pl.col("age_days"), "day")),
    }


def _lately(name: str, words: Callable[[pl.Expr], pl.Expr]) -> Mapping[str, pl.Expr]:
    """The phrase of each average of a figure."""
    return {column: words(pl.col(column)) for column in _averages(name)}


def _drop(column: str, what: str, unit: str) -> pl.Expr:
    """How far a level lies below, or above, its average."""
    drop = rounded(pl.col(column), 1)
    return (
        pl.when(drop > 0)
        .then(pl.format("{} {} {} below its average", pl.lit(what), drop, pl.lit(unit)))
        .when(drop < 0)
        .then(pl.format("{} {} {} above its average", pl.lit(what), -drop, pl.lit(unit)))
    )


def _margin(column: str, limit: str) -> pl.Expr:
    """How far a temperature lies inside, or outside, a limit."""
    margin = rounded(pl.col(column), 1)
    words = "{} degrees {} its {} allowed temperature"
    inside, outside = ("below", "above") if limit == "highest" else ("above", "below")
    return (
        pl.when(margin < 0)
        .then(pl.format(words, -margin, pl.lit(outside), pl.lit(limit)))
        .otherwise(pl.format(words, margin, pl.lit(inside), pl.lit(limit)))
    )


def _of_channel(channel: str) -> Mapping[str, pl.Expr]:
    """The phrase of each figure of a channel."""
    column = {figure: pl.col(channel_feature(channel, figure)) for figure in OF_CHANNEL}
    name, change = pl.lit(channel), rounded(column["change"], 2)
    changed = pl.format(
        "{} at {}, changed by {} {} ago",
        name, rounded(column["level"], 2), change, counted(column["days_since_change"], "day"),
    )  # fmt: skip
    above = pl.format("{} {} above its lowest level", name, rounded(column["above_low"], 2))
    often = pl.format("{} changed {}", name, times(column["changes"]))
    return {
        "level": pl.format("{} at {}", name, rounded(column["level"], 2)),
        "change": changed,
        "days_since_change": changed,
        "above_low": pl.when(rounded(column["above_low"], 2) > 0).then(above),
        "changes": pl.when(column["changes"] >= 1).then(often),
        **{figure: _rise(name, column[figure]) for figure in OF_CHANNEL if figure.startswith("rise_")},
    }


def _rise(name: pl.Expr, rise: pl.Expr) -> pl.Expr:
    """How far a channel lies above, or below, its average."""
    by = rounded(rise, 2)
    return (
        pl.when(by > 0)
        .then(pl.format("{} {} above its average", name, by))
        .when(by < 0)
        .then(pl.format("{} {} below its average", name, -by))
    )


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)


def modes(model: RiskModel, rows: pl.DataFrame) -> pl.Series:
    """Which kind of failure each row looks like: the family of features that raised its probability most.

    Returns:
        `battery`, `connectivity`, `temperature` or `hardware`, one per row in order; no battery where none is known, no
        temperature where none is measured. Of a model that does not tell what its features add, by the facts: a low
        battery, silence, heat or cold, otherwise hardware.
    """
    if not isinstance(model, LearnedModel):
        return _by_facts(rows)
    if rows.is_empty():
        return pl.Series("mode", [], pl.String)
    added = model.contributions(rows)
    family = _families(model.features)
    raised = np.stack([added[:, family == place].sum(axis=1) for place in range(len(_MODES))], axis=1)
    raised[_impossible(rows)] = -np.inf
    return pl.Series("mode", [_MODES[place] for place in raised.argmax(axis=1).tolist()], pl.String)


def _impossible(rows: pl.DataFrame) -> np.ndarray:
    """Which kinds of failure a row cannot look like: (rows, `_MODES`)."""
    known = _known(rows)
    has_battery = pl.col("battery_last_pct").is_not_null() | (pl.col("battery_powered") == 1).fill_null(value=False)
    measured = pl.any_horizontal(pl.col("temperature_mean_c", "heat_margin_c", "cold_margin_c").is_not_null())
    never = known.select(
        ~has_battery, pl.lit(value=False).alias("_c"), ~measured.alias("_t"), pl.lit(value=False).alias("_h")
    )
    return never.to_numpy()


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
        .when((pl.col("heat_margin_c") < 0) | (pl.col("cold_margin_c") < 0))
        .then(pl.lit(TEMPERATURE))
        .otherwise(pl.lit(HARDWARE))
    ).to_series()
