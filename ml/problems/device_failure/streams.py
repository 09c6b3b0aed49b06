"""What was known of devices and when, as streams that as-of joins can ask.

Here: rollups, events and master data as sorted streams. Not here: the running state of a device (`states`),
features (`features`), lives (`lives`).
"""

from dataclasses import dataclass

import polars as pl

from ml.problems.device_failure.states import channel_states, device_states

EVENTS = {"failure": "failure", "maintenance": "maintenance", "error": "error"}
MASTER = (
    "site_id", "kind", "model", "installed_at", "reports_every_minutes", "allowed_min_c", "allowed_max_c",
    "battery_powered",
)  # fmt: skip
_RENAMED = {"known_at": "at", "temperature_min_c": "allowed_min_c", "temperature_max_c": "allowed_max_c"}
# A model without history is believed to fail like all devices do until it has been watched for ten device years.
_PRIOR_DAYS = 3_650.0
_DAY = 86_400e6


@dataclass(frozen=True)
class Checkpoint:
    """The last rows of streams, from which they go on.

    Attributes:
        devices: One row per device (`ml.problems.device_failure.states.device_states`).
        channels: One row per device and channel.
    """

    devices: pl.DataFrame
    channels: pl.DataFrame


@dataclass(frozen=True)
class Streams:
    """What features of devices are made of.

    Attributes:
        states: What rollups say (`device_id`, `at`, figures).
        channels: What the channels of `metrics` say (`device_id`, `channel`, `at`, figures).
        events: Counts so far and newest instants of each kind of event (`device_id`, `at`).
        master: What was known of the device itself (`device_id`, `at`, `MASTER`).
        sites: When anything of a site was heard last (`site_id`, `at`, `last_at`).
        rates: Failures per device and day so far of each model (`model`, `at`, `rate`), shrunk.
        fleet: Failures per device and day so far of all (`at`, `rate`).
    """

    states: pl.DataFrame
    channels: pl.DataFrame
    events: pl.DataFrame
    master: pl.DataFrame
    sites: pl.DataFrame
    rates: pl.DataFrame
    fleet: pl.DataFrame

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels there are."""
        return tuple(self.channels["channel"].unique().sort())


def streams(
    hourly: pl.DataFrame, devices: pl.DataFrame, events: pl.DataFrame, checkpoint: Checkpoint | None = None
) -> Streams:
    """The streams of what was known.

    Args:
        hourly: Versions of hourly rollups, as `states.device_states` wants them.
        devices: Versions of devices with `known_at`.
        events: Versions of device events with `known_at`.
        checkpoint: The last rows of earlier streams, from which these go on; they are part of the result.
    """
    before = checkpoint or Checkpoint(device_states(hourly.head(0)), channel_states(hourly.head(0)))
    goes_on = checkpoint is not None
    states = device_states(hourly, before.devices if goes_on else None)
    channels = channel_states(hourly, before.channels if goes_on else None)
    if goes_on:
        states = pl.concat([before.devices.select(states.columns), states]).sort("device_id", "at")
        channels = pl.concat([before.channels.select(channels.columns), channels]).sort("device_id", "channel", "at")
    master = devices.rename(_RENAMED).select("device_id", "at", *MASTER).sort("device_id", "at")
    rates, fleet = _rates(states, master, events)
    return Streams(states, channels, _events(events), master, _sites(states, master), rates, fleet)


def _events(events: pl.DataFrame) -> pl.DataFrame:
    """Running counts and newest instants, by when they became known."""
    group = ["device_id"]
    frame = events.select("device_id", "known_at", "at", "kind").sort("device_id", "known_at", "at")
    named = {kind: pl.col("kind") == kind for kind in EVENTS}
    rows = frame.select(
        "device_id",
        pl.col("known_at").alias("_known_at"),
        *(is_one.cast(pl.Int64).cum_sum().over(group).alias(f"{kind}s") for kind, is_one in named.items()),
        *(
            pl.when(is_one).then("at").cum_max().forward_fill().over(group).alias(f"{kind}_at")
            for kind, is_one in named.items()
        ),
    )
    return rows.rename({"_known_at": "at"}).unique(["device_id", "at"], keep="last", maintain_order=True)


def _sites(states: pl.DataFrame, master: pl.DataFrame) -> pl.DataFrame:
    placed = states.select("device_id", "at", "last_at").join(
        master.unique("device_id", keep="last", maintain_order=True).select("device_id", "site_id"), on="device_id"
    )
    per_instant = placed.group_by("site_id", "at").agg(pl.col("last_at").max()).sort("site_id", "at")
    return per_instant.with_columns(pl.col("last_at").cum_max().over("site_id"))


def _rates(states: pl.DataFrame, master: pl.DataFrame, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Failures per device and day so far, by model and of all: events over the days for which devices were watched.

    An event of a device that was never heard counts nowhere, and a device is taken out once, however often it is said.
    """
    models = master.unique("device_id", keep="last", maintain_order=True).select("device_id", "model")
    begun = states.group_by("device_id").agg(at=pl.col("first_known_at").min())
    heard = events.join(begun.select("device_id", _begun="at"), on="device_id").select(
        "device_id", "kind", at=pl.max_horizontal("known_at", "_begun")
    )
    failures = heard.filter(pl.col("kind") == "failure")
    removals = heard.filter(pl.col("kind") == "removed").group_by("device_id").agg(pl.col("at").min())
    changes = ((begun, 1, 0), (failures, 0, 1), (removals, -1, 0))
    happened = [rows.select("device_id", "at", present=present, failed=failed) for rows, present, failed in changes]
    frame = pl.concat(happened, how="vertical_relaxed").join(models, on="device_id", how="left")
    # Until more is known, one failure in these days of the prior.
    fleet = _per_day(frame, []).with_columns(rate=(pl.col("failed") + 1) / (pl.col("days") + _PRIOR_DAYS))
    by_model = _per_day(frame.drop_nulls("model"), ["model"])
    usual = by_model.sort("at").join_asof(fleet.select("at", usual="rate"), on="at", check_sortedness=False)
    rate = (pl.col("failed") + pl.col("usual") * _PRIOR_DAYS) / (pl.col("days") + _PRIOR_DAYS)
    return (
        usual.select("model", "at", rate=rate).sort("model", "at"),
        fleet.select("at", "rate").sort("at"),
    )


def _per_day(changes: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Failures and device days so far at each change: what is present grows by a day each day."""
    per_instant = changes.group_by(*by, "at").agg(pl.col("present", "failed").sum()).sort(*by, "at")
    passed = (pl.col("at") - pl.col("at").shift(1)).dt.total_microseconds() / _DAY
    present = pl.col("present").cum_sum()
    grown = (present.shift(1) * passed).fill_null(0.0).cum_sum()
    failed = pl.col("failed").cum_sum()
    named = {"failed": failed, "days": grown}
    return per_instant.with_columns(**{name: (e.over(by) if by else e) for name, e in named.items()})
