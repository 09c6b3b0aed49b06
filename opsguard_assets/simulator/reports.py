"""What devices report of their state, and what is recorded of their failures.

Here: telemetry with its gaps, delays, repeats and wrong clocks; events. Not here: the state itself (`fleet`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from opsguard_assets.simulator.fleet import (
    HOURS,
    KEEPS_SHARE,
    MODES,
    OUTAGE_HOURS,
    OUTAGE_PER_HOUR,
    Fleet,
    Passed,
    State,
    build_fleet,
    draw,
    first_state,
    hours_until,
    passed,
    signal_dbm,
)  # fmt: skip
from opsguard_assets.simulator.interventions import (
    NOTHING,
    RESTART,
    devices_helped,
    hours_of,
    of_kind,
    restarted_gateways,
)
from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

Flags = npt.NDArray[np.bool_]
# What a report needs to arrive, and the shares of those that arrive hours late or twice.
_DELAY, _LATE_SHARE, _TWICE_SHARE = timedelta(seconds=20), 0.004, 0.002
_LATE_HOURS = 6
CHANNELS = ("vibration_g", "supply_v")
# A failure is recorded when somebody looks: within three hours.
_RECORDED_HOURS = 3.0


@dataclass(frozen=True)
class Watched:
    """What happened to the devices of a region up to a moment.

    Attributes:
        fleet: The devices.
        states: The state at the beginning of every hour.
        outages: (`site`, `begins`, `ends` in hours, `keeps`): when gateways were down.
        events: Rows of `device_events`.
        telemetry: Reports, channels as columns.
    """

    fleet: Fleet
    states: list[State]
    outages: pl.DataFrame
    events: pl.DataFrame
    telemetry: pl.DataFrame


def watched(
    settings: SimulationSettings, region: int, until: datetime, interventions: pl.DataFrame = NOTHING
) -> Watched:
    """Lives the devices of a region up to a moment.

    A later moment adds records and changes none, and an intervention changes none of before.
    """
    fleet = build_fleet(settings, region)
    hours = hours_until(settings, until)
    states, happened = _lived(settings, region, fleet, hours, interventions)
    outages = restarted_gateways(_outages(settings, region, hours), interventions, settings, region)
    events = _events(settings, region, fleet, happened, until)
    return Watched(fleet, states, outages, events, _telemetry(settings, region, fleet, states, outages, until))


def _lived(
    settings: SimulationSettings, region: int, fleet: Fleet, hours: int, interventions: pl.DataFrame
) -> tuple[list[State], list[tuple[int, Passed]]]:
    state = first_state(fleet, settings, region)
    restarts = _restarts(settings, fleet, interventions)
    states, happened = [], []
    mode = np.zeros(len(fleet), dtype=np.int64)
    for hour in range(hours):
        if hour % HOURS == 0:
            lucks = draw(settings, region, fleet, hour // HOURS)
        if hour in restarts:
            back = restarts[hour] & devices_helped(settings, region, hour, mode)
            state = replace(state, down_hours=np.where(back, 0.0, state.down_hours))
        states.append(state)
        step = passed(fleet, state, lucks[hour % HOURS], float(hour))
        mode = np.where(step.failed, step.mode, mode)
        if (step.failed | step.repaired | step.serviced).any():
            happened.append((hour, step))
        state = step.state
    return states, happened


def _restarts(settings: SimulationSettings, fleet: Fleet, interventions: pl.DataFrame) -> dict[int, Flags]:
    """Which devices are restarted at which hour."""
    named = hours_of(of_kind(interventions, RESTART), settings)
    ids = fleet.devices["device_id"]
    by_hour = named.filter(pl.col("entity_id").is_in(ids.implode())).group_by("hour").agg("entity_id")
    return {hour: ids.is_in(entities).to_numpy() for hour, entities in by_hour.iter_rows()}


def _outages(settings: SimulationSettings, region: int, hours: int) -> pl.DataFrame:
    rows = []
    for day in range((hours + HOURS - 1) // HOURS):
        luck = generator(settings.seed, region, "gateways", day)
        begins = luck.random((HOURS, settings.sites)) < OUTAGE_PER_HOUR
        lasts = luck.integers(*OUTAGE_HOURS, size=(HOURS, settings.sites))
        keeps = luck.random((HOURS, settings.sites)) < KEEPS_SHARE
        for hour, site in np.argwhere(begins):
            at = day * HOURS + int(hour)
            rows.append((int(site), at, at + int(lasts[hour, site]), bool(keeps[hour, site])))
    schema = {"site": pl.Int64, "begins": pl.Int64, "ends": pl.Int64, "keeps": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _events(
    settings: SimulationSettings, region: int, fleet: Fleet, happened: list[tuple[int, Passed]], until: datetime
) -> pl.DataFrame:
    names = fleet.devices["device_id"].to_numpy()
    rows: list[pl.DataFrame] = []
    for hour, step in happened:
        luck = generator(settings.seed, region, "device events", hour)
        into, later = luck.random(len(names)), luck.uniform(0, _RECORDED_HOURS, len(names))
        for kind, chosen in (("failure", step.failed), ("maintenance", step.repaired | step.serviced)):
            places = np.flatnonzero(chosen)
            if len(places):
                at = hour + into[places] if kind == "failure" else np.full(len(places), hour + 1.0)
                component = [MODES[n] for n in step.mode[places]] if kind == "failure" else [None] * len(places)
                rows.append(
                    pl.DataFrame(
                        {
                            "device_id": names[places],
                            "_at": at,
                            "kind": kind,
                            "component": pl.Series(component, dtype=pl.String),
                            "_known": at + (later[places] if kind == "failure" else 0.1),
                        }
                    )
                )
    if not rows:
        return pl.DataFrame(schema=_EVENTS)
    frame = pl.concat(rows).with_columns(at=_instant(settings, "_at"), known_at=_instant(settings, "_known"))
    return frame.filter(pl.col("known_at") <= until).select("device_id", "at", "kind", "component", "known_at")


def _instant(settings: SimulationSettings, hours: str) -> pl.Expr:
    start = pl.lit(settings.starts_at, INSTANT)
    return (start + pl.duration(microseconds=(pl.col(hours) * 3_600e6).cast(pl.Int64))).dt.truncate("1s")


def _telemetry(
    settings: SimulationSettings,
    region: int,
    fleet: Fleet,
    states: list[State],
    outages: pl.DataFrame,
    until: datetime,
) -> pl.DataFrame:
    days = [
        _day(settings, region, fleet, states[first : first + HOURS], first) for first in range(0, len(states), HOURS)
    ]
    if not days or not len(fleet):
        return pl.DataFrame(schema=_TELEMETRY)
    return _arriving(settings, pl.concat(days), outages).filter(pl.col("known_at") <= until).select(_TELEMETRY)


_EVENTS: dict[str, Any] = {
    "device_id": pl.String, "at": INSTANT, "kind": pl.String, "component": pl.String, "known_at": INSTANT,
}  # fmt: skip
_TELEMETRY = (
    "device_id", "at", "battery_pct", "signal_dbm", "temperature_c", "is_online", "error_count", *CHANNELS, "known_at",
)  # fmt: skip


def _day(settings: SimulationSettings, region: int, fleet: Fleet, states: list[State], first: int) -> pl.DataFrame:
    """All reports of a day as their devices made them; those that are down make none."""
    per_hour = max(round(60 / settings.device_report_minutes), 1)
    luck = generator(settings.seed, region, "reports", first // HOURS)
    shape = (HOURS, per_hour, len(fleet))
    noise = {name: luck.normal(0, 1, shape) for name in ("signal", "temperature", "vibration", "supply")}
    draws = {name: luck.random(shape) for name in ("errors", "late", "twice", "jitter")}
    reporting = slice(0, len(states))
    charge, wear, down = (np.stack([getattr(s, name) for s in states]) for name in ("charge", "wear", "down_hours"))
    signal = np.stack([signal_dbm(fleet, s) for s in states])
    heat = np.stack([s.temperature_c for s in states])
    place = (np.arange(per_hour) + 0.5) / per_hour
    hours = first + np.arange(len(states))[:, None, None] + place[None, :, None]
    wide = (slice(None), None, slice(None))
    errors = (draws["errors"][reporting] < 1 - np.exp(-0.01 * np.exp(1.6 * wear[wide]))).astype(np.int64)
    columns = {
        "_at": hours + (draws["jitter"][reporting] - 0.5) / per_hour * 0.2,
        "battery_pct": np.where(fleet.is_powered, np.ceil(charge)[wide], np.nan) + 0 * noise["signal"][reporting],
        "signal_dbm": np.clip(signal[wide] + noise["signal"][reporting], -130, -30),
        "temperature_c": heat[wide] + 0.3 * noise["temperature"][reporting],
        "error_count": errors,
        "vibration_g": np.maximum(0.2 + 0.5 * wear[wide] + 0.1 * noise["vibration"][reporting], 0),
        "supply_v": 2.4 + 0.006 * charge[wide] + 0.02 * noise["supply"][reporting],
        "_late": draws["late"][reporting],
        "_twice": draws["twice"][reporting],
    }
    up = np.broadcast_to((down <= 0)[wide], (len(states), per_hour, len(fleet))).ravel()
    number = np.broadcast_to(np.arange(len(fleet)), (len(states), per_hour, len(fleet))).ravel()
    frame = pl.DataFrame({name: np.ascontiguousarray(values).ravel() for name, values in columns.items()})
    static = pl.DataFrame({"device_id": fleet.devices["device_id"], "_site": fleet.site, "_clock": fleet.clock_minutes})
    return (
        pl.concat([frame, static[number.tolist()]], how="horizontal")
        .filter(pl.Series(up))
        .with_columns(pl.col("battery_pct").fill_nan(None), pl.col("signal_dbm", "temperature_c", *CHANNELS).round(2))
    )


def _arriving(settings: SimulationSettings, reports: pl.DataFrame, outages: pl.DataFrame) -> pl.DataFrame:
    """Reports as they reach the platform: through gateways that are up, or after they are; late, twice, misdated."""
    placed = reports.with_columns(_measured="_at", _hour=pl.col("_at").floor().cast(pl.Int64)).sort("_at")
    down = placed.join_asof(
        # An outage that begins within a longer one does not end it.
        outages.sort("begins").select(
            pl.col("ends").cum_max().over("site"), "keeps", _site="site", _begins=pl.col("begins").cast(pl.Float64)
        ),
        left_on="_at",
        right_on="_begins",
        by="_site",
        check_sortedness=False,
    )
    inside = (pl.col("_at") < pl.col("ends")).fill_null(value=False)
    kept = down.filter(~inside | pl.col("keeps").fill_null(value=False))
    delay = _DELAY.total_seconds() / 3_600
    late = pl.when(pl.col("_late") < _LATE_SHARE).then(pl.col("_late") / _LATE_SHARE * _LATE_HOURS).otherwise(0.0)
    arrives = (
        pl.when(inside.fill_null(value=False)).then(pl.col("ends") + delay).otherwise(pl.col("_at") + delay + late)
    )
    rows = kept.with_columns(_known=arrives, _dated=pl.col("_at") + pl.col("_clock") / 60)
    again = rows.filter(pl.col("_twice") < _TWICE_SHARE).with_columns(_known=pl.col("_known") + 0.2)
    both = pl.concat([rows, again])
    return both.with_columns(
        at=_instant(settings, "_dated"), known_at=_instant(settings, "_known"), is_online=pl.lit(value=True)
    ).sort("known_at", "device_id", "at")
