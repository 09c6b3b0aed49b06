"""The features of a device at a moment.

Here: features by as-of joins, for one moment or millions. Not here: the streams (`streams`), labels, words.

The same function serves a tick (one moment per device), a training (many per device) and a replay (every tick of a
month). Any channel of `metrics` becomes a level, its last change, its trends and the time since it changed; nobody has
to write code for it.
"""

from collections.abc import Sequence

import polars as pl

from ml.features.asof import latest, minutes
from ml.problems.device_failure.states import AVERAGES, HALF_LIVES
from ml.problems.device_failure.streams import EVENTS, MASTER, Streams

KEYS = ("device_id", "as_of")
HORIZON = "horizon_minutes"
_DAY = 1_440.0
# Half-lives in minutes.
_SPANS = {"6h": 360.0, "1d": 1_440.0, "7d": 10_080.0, "30d": 43_200.0}
FEATURES = (
    HORIZON, "age_days", "interval_minutes", "silence_minutes", "silence_intervals", "site_silence_minutes",
    "is_online", "battery_powered", "battery_last_pct", "battery_drop_1d", "battery_drop_7d", "days_to_empty",
    "signal_mean_dbm", "signal_std_db", "signal_drop_1d", "signal_drop_7d", "temperature_mean_c", "heat_margin_c",
    "cold_margin_c", "errors_total", *AVERAGES,
    *(f"{kind}s" for kind in EVENTS), *(f"days_since_{kind}" for kind in EVENTS),
    "rate_of_model", "rate_of_fleet",
)  # fmt: skip
OF_CHANNEL = (
    "level",
    "change",
    "rise_6h",
    "rise_1d",
    "rise_7d",
    "rise_30d",
    "above_low",
    "changes",
    "days_since_change",
)
_CHANNEL = "channel:"


def channel_feature(channel: str, figure: str) -> str:
    """The name of a feature of a channel."""
    return f"{_CHANNEL}{channel}:{figure}"


def features_of(channels: Sequence[str]) -> tuple[str, ...]:
    """All features there are where devices have these channels."""
    return (*FEATURES, *(channel_feature(channel, figure) for channel in channels for figure in OF_CHANNEL))


def channels_in(features: Sequence[str]) -> tuple[str, ...]:
    """The channels that some features are of."""
    named = (name.removeprefix(_CHANNEL).rpartition(":")[0] for name in features if name.startswith(_CHANNEL))
    return tuple(dict.fromkeys(named))


def features(known: Streams, moments: pl.DataFrame, *, channels: Sequence[str] | None = None) -> pl.DataFrame:
    """Features of devices at moments.

    Args:
        known: The streams.
        moments: `device_id`, `as_of`, anything else.
        channels: The channels that are wanted; all there are where left out.

    Returns:
        The columns of `moments`, `MASTER`, `last_at` and `features_of` but the horizon, one row per moment in order;
        null where nothing was known.
    """
    wanted = known.channel_names if channels is None else channels
    frame = moments.hstack(latest(moments, known.states, by=["device_id"]))
    frame = frame.hstack(latest(moments, known.master.select("device_id", "at", *MASTER), by=["device_id"]))
    frame = frame.hstack(latest(moments, known.events, by=["device_id"]))
    frame = frame.with_columns(
        latest(frame, known.sites, by=["site_id"])["last_at"].alias("_site_last_at"),
        latest(frame, known.rates, by=["model"])["rate"].alias("rate_of_model"),
        latest(frame, known.fleet, by=[])["rate"].alias("rate_of_fleet"),
    )
    rows = _described(frame)
    frames = [_of_channel(known.channels, moments, channel) for channel in wanted]
    return pl.concat([rows, *frames], how="horizontal") if frames else rows


def _described(frame: pl.DataFrame) -> pl.DataFrame:
    as_of, interval = pl.col("as_of"), pl.col("reports_every_minutes")
    silence = minutes(as_of - pl.col("last_at"))
    since = pl.coalesce("installed_at", "first_at")
    rows = frame.with_columns(
        age_days=minutes(as_of - since) / _DAY,
        interval_minutes=interval,
        silence_minutes=silence,
        silence_intervals=pl.when(interval > 0).then(silence / interval),
        site_silence_minutes=minutes(as_of - pl.col("_site_last_at")),
        battery_drop_1d=pl.col("battery_last_pct_1d") - pl.col("battery_last_pct"),
        battery_drop_7d=pl.col("battery_last_pct_7d") - pl.col("battery_last_pct"),
        days_to_empty=pl.when(pl.col("discharge_pct_per_day_1d") > 0).then(
            pl.col("battery_last_pct") / pl.col("discharge_pct_per_day_1d")
        ),
        signal_drop_1d=pl.col("signal_mean_dbm_1d") - pl.col("signal_mean_dbm"),
        signal_drop_7d=pl.col("signal_mean_dbm_7d") - pl.col("signal_mean_dbm"),
        heat_margin_c=pl.col("allowed_max_c") - pl.col("temperature_max_c"),
        cold_margin_c=pl.col("temperature_min_c") - pl.col("allowed_min_c"),
        **{f"{kind}s": pl.col(f"{kind}s").fill_null(0) for kind in EVENTS},
        **{f"days_since_{kind}": minutes(as_of - pl.col(f"{kind}_at")) / _DAY for kind in EVENTS},
    )
    return rows.with_columns(_with_silence(half) for half in HALF_LIVES)


def _with_silence(half: str) -> pl.Expr:
    """The share of time offline, the silence since the last report included where a report is overdue."""
    name = f"offline_share_{half}"
    overdue = (pl.col("silence_minutes") - pl.col("interval_minutes")).clip(lower_bound=0)
    # The average goes on through the silence with the value 1, and what it was keeps this weight.
    kept = 0.5 ** (overdue / _SPANS[half])
    return (
        pl.when(pl.col("interval_minutes") > 0)
        .then(1 - kept + kept * pl.col(name).fill_null(0.0).clip(0, 1))
        .alias(name)
    )


def _of_channel(stream: pl.DataFrame, moments: pl.DataFrame, channel: str) -> pl.DataFrame:
    own = stream.filter(pl.col("channel") == channel).drop("channel")
    found = latest(moments, own, by=["device_id"])
    level = pl.col("level")
    figures = {
        "level": level,
        "change": level - pl.col("before"),
        **{f"rise_{half}": level - pl.col(f"mean_{half}") for half in HALF_LIVES},
        "above_low": level - pl.col("low"),
        "changes": pl.col("changes").cast(pl.Float64),
        "days_since_change": minutes(pl.col("as_of") - pl.col("changed_at")) / _DAY,
    }
    rows = found.hstack(moments.select("as_of"))
    return rows.select(value.alias(channel_feature(channel, figure)) for figure, value in figures.items())
