"""What is asked for, where and when: tickets at the moment of their opening, with the luck that their lives will have.

Here: independent draws per day. Not here: anything that depends on other tickets (`desk`).
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from opsguard_assets.simulator import texts
from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT, PLACES, PRIORITIES, TEAMS

# Share of arrivals per local hour and weekday: offices ask by day, guards by night, fewer at weekends.
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 10, 11, 10, 8, 7, 8, 8, 7, 6, 5, 4, 3, 2, 2, 2, 1], dtype=float)
_WEEKDAYS = np.array([1.2, 1.1, 1.1, 1.1, 1.1, 0.8, 0.6])
PRIORITY_SHARES = (0.06, 0.18, 0.46, 0.30)
_CHANNELS = (("phone", 0.35), ("mail", 0.3), ("portal", 0.25), ("sensor", 0.1))
_CANCELLED, _REASSIGNED = 0.03, 0.08


def arrivals(settings: SimulationSettings, region: int, until: datetime) -> pl.DataFrame:
    """All tickets of a region that are opened by `until`, in order of opening.

    Returns:
        One row per ticket: `number`, ids of ticket, client and site, category, priority, texts, channel,
        `opened_at`, and draws for its life: `triage` (exponential) and `service` (normal), `on_hold_at`
        (share of the service, null: never), `on_hold_hours`, `reopened_after_hours` (null: never), `rework` (normal),
        `cancelled_after_hours` (null: never), `reassigned_after_hours` (null: never), `mood`, `pick` and `pick_again`
        (uniform, choose agents).
    """
    # A local day begins up to 14 hours before the UTC day of the same date.
    days = range((until - settings.starts_at).days + 2)
    drawn = pl.concat([_day(settings, region, day) for day in days])
    placed = _opened(drawn, settings).filter(pl.col("opened_at") <= until, pl.col("opened_at") >= settings.starts_at)
    return placed.sort("opened_at", "day", "position").with_row_index("number")


def _day(settings: SimulationSettings, region: int, day: int) -> pl.DataFrame:
    luck = generator(settings.seed, region, "arrivals", day)
    weekday = (settings.starts_at + timedelta(days=day)).weekday()
    count = int(luck.poisson(settings.tickets_per_day * _WEEKDAYS[weekday] / _WEEKDAYS.mean()))
    site = luck.integers(0, settings.sites, count)
    team = luck.integers(0, len(TEAMS), count)
    kinds = np.array([len(categories) for categories in TEAMS.values()])[team]
    priority = luck.choice(len(PRIORITIES), count, p=PRIORITY_SHARES)
    is_urgent = priority < 2  # noqa: PLR2004 - critical and high
    minute = luck.choice(24, count, p=_HOURS / _HOURS.sum()) * 60 + luck.uniform(0, 60, count)
    return pl.DataFrame(
        {
            "day": np.full(count, day),
            "position": np.arange(count),
            "ticket_id": [f"R{region}-T{day:05d}{n:05d}" for n in range(count)],
            "site": site,
            "team": team,
            "kind": (luck.uniform(0, 1, count) * kinds).astype(int),
            "priority": np.array(PRIORITIES)[priority],
            "is_urgent": is_urgent,
            "source": luck.choice([c for c, _ in _CHANNELS], count, p=[share for _, share in _CHANNELS]),
            "minute": minute,
            "triage": luck.exponential(1, count),
            "service": luck.normal(0, 1, count),
            "on_hold_at": _sometimes(luck, ~is_urgent, settings.on_hold_share, luck.uniform(0.1, 0.9, count)),
            "on_hold_hours": luck.lognormal(np.log(18), 0.8, count),
            "reopened_after_hours": _sometimes(luck, ~is_urgent, settings.reopened_share, luck.exponential(12, count)),
            "rework": luck.normal(0, 1, count),
            "cancelled_after_hours": _sometimes(luck, ~is_urgent, _CANCELLED, luck.exponential(6, count)),
            "reassigned_after_hours": _sometimes(luck, ~is_urgent, _REASSIGNED, luck.exponential(3, count)),
            "mood": luck.normal(0.15, 0.3, count),
            "pick": luck.uniform(0, 1, count),
            "pick_again": luck.uniform(0, 1, count),
            "wording": luck.integers(0, texts.VARIANTS, count),
        },
        schema_overrides=dict.fromkeys(("ticket_id", "priority", "source"), pl.String),
    )


def _sometimes(luck: np.random.Generator, eligible: np.ndarray, share: float, value: np.ndarray) -> np.ndarray:
    """`value` for a share of the eligible, NaN for the others."""
    return np.where(eligible & (luck.uniform(0, 1, len(value)) < share), value, np.nan)


def _opened(drawn: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    """Local minutes become instants in the zone of the site; times that a clock change skips happen an hour later."""
    prefix = pl.col("ticket_id").str.extract(r"^(R\d+-)")
    naive = pl.lit(settings.starts_at.replace(tzinfo=None), pl.Datetime("us")) + pl.duration(
        days="day", microseconds=(pl.col("minute") * 60_000_000).cast(pl.Int64)
    )
    zones = [place[0] for place in PLACES]
    local = [_in_zone(naive, zone, pl.col("site") % len(zones) == index) for index, zone in enumerate(zones)]
    categories = pl.DataFrame(
        [(team, kind, name, category) for team, (name, kinds) in enumerate(TEAMS.items())
         for kind, category in enumerate(kinds)],
        schema=["team", "kind", "team_name", "category"], orient="row",
    )  # fmt: skip
    luck_columns = ("on_hold_at", "reopened_after_hours", "cancelled_after_hours", "reassigned_after_hours")
    return (
        drawn.with_columns(
            pl.coalesce(local).alias("opened_at"),
            pl.col(luck_columns).fill_nan(None),
            site_id=pl.format("{}S{}", prefix, pl.col("site").cast(pl.String).str.zfill(4)),
            client_id=pl.format("{}C{}", prefix, (pl.col("site") % settings.clients).cast(pl.String).str.zfill(3)),
        )
        .join(categories, on=["team", "kind"], how="left", maintain_order="left")
        .with_columns(*texts.words(), group_id=pl.format("{}{}", prefix, "team_name"))
    )


def _in_zone(naive: pl.Expr, zone: str, here: pl.Expr) -> pl.Expr:
    instant = pl.coalesce(
        naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"),
        (naive + timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null"),
    )
    return pl.when(here).then(instant.dt.convert_time_zone("UTC").cast(INSTANT))
