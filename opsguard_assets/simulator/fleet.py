"""The devices of the twin: which there are, and how their true state moves from hour to hour.

Here: the process that nobody sees: charge, hidden wear, weather, heat, gateways, hazards. Not here: what devices report
of it (`reports`), and the truth that follows (`device_truth`).

A device's hazard of failing within the coming hour follows from its state at the hour's beginning: an empty battery, a
faded signal, heat beyond what it stands, wear. It fails, is repaired some hours later, and goes on. Luck is drawn by
the day, so that watching longer changes nothing.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
KINDS = ("door", "motion", "smoke", "temperature", "camera", "water_leak")
MODELS = ("Aster 2", "Aster 3", "Boreal", "Cirrus")
MODES = ("battery", "connectivity", "temperature", "hardware")
# How much faster devices of a model wear out.
_MODEL_WEAR = np.array([1.0, 0.5, 2.5, 1.2])
_HEAT_LIMIT_C = 40.0
# A gateway goes down every 25 days, for 1 to 14 hours; half of them keep what they could not send.
OUTAGE_PER_HOUR, OUTAGE_HOURS, KEEPS_SHARE = 1 / (25 * 24), (1, 14), 0.5
_CREW_BELOW_PCT, _CREW_PER_HOUR = 9.0, 0.02
HOURS = 24
_WARM_ROOMS = 0.08


@dataclass(frozen=True)
class Fleet:
    """What does not change of the devices of a region, one value per device.

    Attributes:
        devices: Rows of the contract's `devices` without `known_at`.
        site: Number of the site.
        is_powered: By a battery.
        drain: Charge lost in a day at 20 degrees, percent.
        place_dbm: Signal in fair weather.
        room_c: How much warmer its room is.
        wear_rate: Wear gained in a day.
        clock_minutes: How far its clock runs ahead.
        latitude_c: Mean temperature of its site.
    """

    devices: pl.DataFrame
    site: npt.NDArray[np.int64]
    is_powered: Flags
    drain: Numbers
    place_dbm: Numbers
    room_c: Numbers
    wear_rate: Numbers
    clock_minutes: Numbers
    latitude_c: Numbers

    def __len__(self) -> int:
        """How many devices."""
        return len(self.site)


@dataclass(frozen=True)
class State:
    """The true state of devices at the beginning of an hour, one value each.

    Attributes:
        charge: Percent.
        wear: 0 new; from 1 on it tells.
        weather: How much the weather fades the signal of the site, 0 and more.
        temperature_c: In the room.
        down_hours: Hours until it is repaired; 0 while it works.
    """

    charge: Numbers
    wear: Numbers
    weather: Numbers
    temperature_c: Numbers
    down_hours: Numbers


@dataclass(frozen=True)
class Luck:
    """What chance brings in an hour, one value per device."""

    weather: Numbers
    wear: Numbers
    crew: Numbers
    repair_hours: Numbers
    failing: Numbers
    mode: Numbers


def build_fleet(settings: SimulationSettings, region: int) -> Fleet:
    """The devices of a region."""
    luck = generator(settings.seed, region, "fleet")
    site = np.repeat(np.arange(settings.sites), settings.devices_per_site)
    count = len(site)
    kind, model = luck.integers(len(KINDS), size=count), luck.integers(len(MODELS), size=count)
    powered = luck.random(count) < settings.battery_share
    prefix = f"R{region}-"
    devices = pl.DataFrame(
        {
            "device_id": [f"{prefix}D{n:05d}" for n in range(count)],
            "site_id": [f"{prefix}S{n:04d}" for n in site],
            "kind": [KINDS[n] for n in kind],
            "model": [MODELS[n] for n in model],
            "reports_every_minutes": np.full(count, settings.device_report_minutes),
            "temperature_min_c": np.zeros(count),
            "temperature_max_c": np.full(count, _HEAT_LIMIT_C),
            "battery_powered": powered,
        },
        schema_overrides={"device_id": pl.String, "site_id": pl.String, "kind": pl.String, "model": pl.String},
    )
    return Fleet(
        devices=devices,
        site=site,
        is_powered=powered,
        drain=luck.lognormal(np.log(2.0), 0.5, count),
        place_dbm=luck.normal(-82, 7, count),
        room_c=np.where(luck.random(count) < _WARM_ROOMS, luck.uniform(8, 16, count), luck.normal(0, 1.5, count)),
        wear_rate=_MODEL_WEAR[model] * luck.lognormal(np.log(0.02), 0.7, count),
        clock_minutes=np.where(luck.random(count) < settings.skewed_clock_share, luck.uniform(20, 180, count), 0.0),
        latitude_c=luck.normal(19, 4, settings.sites)[site] if settings.sites else np.empty(0),
    )


def first_state(fleet: Fleet, settings: SimulationSettings, region: int) -> State:
    """The state with which the world begins: some devices are new, others are not."""
    luck = generator(settings.seed, region, "fleet state")
    count = len(fleet)
    return State(
        charge=np.where(fleet.is_powered, luck.uniform(25, 100, count), 100.0),
        wear=luck.exponential(0.5, count),
        weather=np.abs(luck.normal(0, 1, count)),
        temperature_c=temperature_at(fleet, 0.0),
        down_hours=np.zeros(count),
    )


def draw(settings: SimulationSettings, region: int, fleet: Fleet, day: int) -> list[Luck]:
    """The luck of every hour of a day."""
    luck = generator(settings.seed, region, "devices", day)
    count, sites = len(fleet), max(settings.sites, 1)
    # The weather is that of a site: all of its devices share it.
    weather = luck.normal(0, 0.35, (HOURS, sites))[:, fleet.site] if count else np.empty((HOURS, 0))
    return [
        Luck(
            weather=weather[hour],
            wear=luck.exponential(1.0, count),
            crew=luck.random(count),
            repair_hours=np.ceil(luck.lognormal(np.log(14), 0.6, count)),
            failing=luck.random(count),
            mode=luck.random(count),
        )
        for hour in range(HOURS)
    ]


def signal_dbm(fleet: Fleet, state: State) -> Numbers:
    """The signal that reaches the gateway."""
    return np.maximum(fleet.place_dbm - 5 * state.weather, -120.0)


def hazards(fleet: Fleet, state: State) -> Numbers:
    """The hazard of each mode within the coming hour (devices, modes); 0 while down."""
    signal = signal_dbm(fleet, state)
    each = np.stack(
        [
            np.where(fleet.is_powered, 0.6 / (1 + np.exp((state.charge - 2.0) / 0.8)), 0.0),
            np.minimum(2e-5 * np.exp((-96 - signal) / 2.5), 0.05),
            np.minimum(1e-4 * np.exp((state.temperature_c - _HEAT_LIMIT_C) / 2), 0.1),
            np.minimum(4e-6 * np.exp(2.6 * state.wear), 0.2),
        ],
        axis=1,
    )
    return np.asarray(np.where((state.down_hours > 0)[:, None], 0.0, each))


def hazard(fleet: Fleet, state: State) -> Numbers:
    """The probability of failing within the coming hour."""
    return np.asarray(1 - np.prod(1 - hazards(fleet, state), axis=1))


def temperature_at(fleet: Fleet, hour: float | Numbers) -> Numbers:
    """The temperature of every room so many hours after the world began: days, seasons, warm rooms."""
    daily, yearly = np.sin((hour % 24 - 9) / 24 * 2 * np.pi), np.sin((hour / 24 - 80) / 365 * 2 * np.pi)
    return np.asarray(fleet.latitude_c + fleet.room_c + 5 * daily + 8 * yearly)


@dataclass(frozen=True)
class Passed:
    """What came of an hour.

    Attributes:
        state: The state at its end.
        failed: Which devices failed in it.
        mode: How, as a place in `MODES`.
        repaired: Which came back at its end.
        serviced: Which the crew gave a new battery before it was empty.
    """

    state: State
    failed: Flags
    mode: npt.NDArray[np.int64]
    repaired: Flags
    serviced: Flags


def passed(fleet: Fleet, state: State, luck: Luck, hour: float | Numbers) -> Passed:
    """One hour: who fails, who is repaired, how charge and wear go on."""
    each = hazards(fleet, state)
    total = 1 - np.prod(1 - each, axis=1)
    failed = luck.failing < total
    shares = np.cumsum(each, axis=1) / np.maximum(each.sum(axis=1), 1e-300)[:, None]
    mode = np.minimum((luck.mode[:, None] > shares).sum(axis=1), len(MODES) - 1)
    is_up = state.down_hours <= 0
    left = np.where(failed, luck.repair_hours, np.maximum(state.down_hours - 1, 0))
    repaired = ~is_up & (left <= 0)
    serviced = is_up & ~failed & fleet.is_powered & (state.charge < _CREW_BELOW_PCT) & (luck.crew < _CREW_PER_HOUR)
    cold = 1 + 0.03 * np.maximum(15 - state.temperature_c, 0)
    drained = np.where(fleet.is_powered & is_up, fleet.drain * cold * (1 + 0.3 * state.wear) / 24, 0.0)
    heat = 1 + 0.1 * np.maximum(state.temperature_c - 30, 0)
    wear = state.wear + np.where(is_up, fleet.wear_rate / 24 * luck.wear * heat, 0.0)
    fresh = repaired | serviced
    return Passed(
        State(
            charge=np.where(fresh, 100.0, np.maximum(state.charge - drained, 0.0)),
            wear=np.where(repaired, 0.0, wear),
            weather=np.abs(0.93 * state.weather + luck.weather),
            temperature_c=temperature_at(fleet, hour + 1),
            down_hours=left,
        ),
        failed,
        mode,
        repaired,
        serviced,
    )


def of_some(fleet: Fleet, places: npt.NDArray[np.int64]) -> Fleet:
    """Some devices of a fleet, as often as they are named."""
    arrays = {name: value[places] for name, value in vars(fleet).items() if isinstance(value, np.ndarray)}
    return replace(fleet, devices=fleet.devices[places.tolist()], **arrays)


def state_of_some(state: State, places: npt.NDArray[np.int64]) -> State:
    """The states of some devices."""
    return State(**{name: value[places] for name, value in vars(state).items()})


def hours_until(settings: SimulationSettings, until: datetime) -> int:
    """Hours from the beginning of the world to an instant, the one that it lies in included."""
    return max(math.ceil((until - settings.starts_at) / timedelta(hours=1)), 0)
