"""What somebody does in the twin's world, and how it answers: restarts, tickets given to somebody, shifts taken over.

Here: which interventions there are, their luck, and what they change of tickets and shifts. Not here: what they change
of devices and gateways (`reports`), and where they are read from (`twin`).

An intervention changes what comes after it and nothing before. Not everything helps: a restart brings back four of five
gateways and most devices that had lost their connection, no empty battery; somebody who is offered a shift takes it
with a probability of their own; who is given a ticket begins with it soon, unless work on it has begun. The other
tickets of a queue stay where they are.
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from opsguard_assets.simulator.luck import generator, luck_of
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

RESTART, GIVE, TAKE_OVER = "restart", "give", "take over"
INTERVENTION: Final = pl.Schema(
    {
        "kind": pl.String(),
        "entity_id": pl.String(),  # device or site; ticket; "<roster_id>@<day>" of a shift
        "person_id": pl.String(),  # who gets the ticket, or takes the shift
        "at": INSTANT,
    }
)
NOTHING: Final = pl.DataFrame(schema=INTERVENTION)
# The share of gateways that a restart brings back; of devices by what they failed of (`fleet.MODES`).
GATEWAY_HELPED = 0.8
DEVICE_HELPED: Final = (0.0, 0.9, 0.3, 0.4)
# Who is given a ticket begins with it after so long (median and spread of a log-normal, minutes).
_BEGINS_MINUTES, _BEGINS_SPREAD = 12.0, 0.6
# Who is asked takes a shift that often: the mean over people. They arrive so long after saying yes.
TAKES_SHARE, ARRIVES = 0.35, timedelta(minutes=40)
COMES_SHARE = 0.95
_HOUR: Final = timedelta(hours=1)


def of_kind(interventions: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Those of one kind, the first one first."""
    return interventions.filter(pl.col("kind") == kind).sort("at")


def hours_of(interventions: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    """With `hour`: the first whole hour of the world that lies after each."""
    passed = (pl.col("at") - pl.lit(settings.starts_at, INSTANT)) / _HOUR
    return interventions.with_columns(hour=passed.floor().cast(pl.Int64) + 1)


def devices_helped(
    settings: SimulationSettings, region: int, hour: int, mode: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which devices a restart at an hour would bring back, by what they failed of."""
    luck = generator(settings.seed, region, "device restarts", hour).random(len(mode))
    return np.asarray(luck < np.array(DEVICE_HELPED)[mode])


def restarted_gateways(
    outages: pl.DataFrame, interventions: pl.DataFrame, settings: SimulationSettings, region: int
) -> pl.DataFrame:
    """Outages of gateways, shortened where a restart helps; one that did not help once does not help again.

    Args:
        outages: `site`, `begins`, `ends` in hours, `keeps`.
        interventions: Rows of `INTERVENTION`.
        settings: The world.
        region: Which region.
    """
    sites = pl.DataFrame({"entity_id": [f"R{region}-S{n:04d}" for n in range(settings.sites)]}).with_row_index("site")
    restarts = hours_of(of_kind(interventions, RESTART), settings).join(sites, on="entity_id")
    if restarts.is_empty() or outages.is_empty():
        return outages
    names = outages.select(pl.format("{}/{}", pl.col("site").cast(pl.Int64), pl.col("begins").cast(pl.Int64)))
    helps = luck_of(settings.seed, region, "gateway restarts", names.to_series()) < GATEWAY_HELPED
    numbered = outages.with_row_index("outage").with_columns(helps=pl.Series(helps))
    during = numbered.join(restarts.select(pl.col("site").cast(pl.Int64), "hour"), on="site").filter(
        pl.col("helps"), pl.col("begins") < pl.col("hour"), pl.col("hour") < pl.col("ends")
    )
    back = during.group_by("outage").agg(back=pl.col("hour").min())
    return (
        numbered.join(back, on="outage", how="left", maintain_order="left")
        .with_columns(ends=pl.min_horizontal("ends", "back"))
        .select(outages.columns)
    )


def given(lives: pl.DataFrame, interventions: pl.DataFrame, settings: SimulationSettings, region: int) -> pl.DataFrame:
    """Tickets after some were given to somebody: with `given_at` and `given_to`, and what follows comes sooner.

    Args:
        lives: What `desk.worked` gives.
        interventions: Rows of `INTERVENTION`; the first one about a ticket counts.
        settings: The world.
        region: Which region.
    """
    first = of_kind(interventions, GIVE).unique("entity_id", keep="first", maintain_order=True)
    named = first.select(ticket_id="entity_id", given_to="person_id", given_at="at")
    rows = lives.join(named, on="ticket_id", how="left", maintain_order="left")
    newest = int(rows.select(pl.col("number").max()).item() or 0)
    # By the number of the ticket: those that are opened later change nobody else's luck.
    luck = generator(settings.seed, region, "given tickets").normal(size=newest + 1)
    minutes = pl.lit(pl.Series(_BEGINS_MINUTES * np.exp(_BEGINS_SPREAD * luck))).gather(pl.col("number"))
    begins = (pl.col("given_at") + pl.duration(seconds=(minutes * 60).cast(pl.Int64))).dt.cast_time_unit("us")
    may = (pl.col("opened_at") <= pl.col("given_at")) & (pl.col("started_at") > begins)
    helps = may.fill_null(value=False)
    sooner = pl.when(helps).then(pl.col("started_at") - begins).otherwise(timedelta())
    moved = ("started_at", "held_at", "freed_at", "resolved_at", "reopened_at", "resolved_again_at")
    is_later = helps & (pl.col("reassigned_at") > pl.col("given_at"))
    return rows.with_columns(
        *((pl.col(name) - sooner).alias(name) for name in moved),
        # Nobody assigns it after that.
        reassigned_at=pl.when(~is_later.fill_null(value=False)).then("reassigned_at"),
        assigned_at=pl.when(helps).then(pl.min_horizontal("assigned_at", "given_at")).otherwise("assigned_at"),
        given_at=pl.when(helps).then("given_at"),
        given_to=pl.when(helps).then("given_to"),
    )


def taken(settings: SimulationSettings, region: int, shifts: pl.DataFrame) -> pl.Series:
    """Whether people who are offered a shift take it, in the order of the rows.

    Args:
        settings: The world.
        region: Which region.
        shifts: `entity_id` of a shift and `person_id` of who is asked.
    """
    names = shifts.select(pl.col("entity_id") + "/" + pl.col("person_id")).to_series()
    return _lucky(settings, region, "takes", names, TAKES_SHARE)


def _lucky(settings: SimulationSettings, region: int, purpose: str, names: pl.Series, share: float) -> pl.Series:
    """Whether each name is lucky: always the same answer for the same name."""
    return pl.Series(luck_of(settings.seed, region, purpose, names) < share, dtype=pl.Boolean)


def took_over(shifts: pl.DataFrame, interventions: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The shifts that somebody took over (`guards.Guarded.shifts`), with `taken_by` and `taken_at`.

    The first one wins; nobody takes over what is nearly over.
    """
    first = of_kind(interventions, TAKE_OVER).unique("entity_id", keep="first", maintain_order=True)
    named = shifts.with_columns(entity_id=pl.format("{}@{}", "roster_id", "on"))
    found = named.join(first.select("entity_id", taken_by="person_id", taken_at="at"), on="entity_id")
    return found.filter(pl.col("taken_at") + ARRIVES < pl.col("ends_at"), pl.col("taken_at") <= pl.lit(until, INSTANT))


def punches_of(over: pl.DataFrame, sites: pl.DataFrame, settings: SimulationSettings, region: int) -> pl.DataFrame:
    """Arrivals and departures of people who took a shift over, as rows of `attendance`; not all of them come.

    Args:
        over: Rows of `took_over`.
        sites: `site_id`, `latitude`, `longitude`.
        settings: The world.
        region: Which region.
    """
    names = over.select(pl.col("entity_id") + "/" + pl.col("taken_by")).to_series()
    came = over.filter(_lucky(settings, region, "comes", names, COMES_SHARE)).join(
        sites.select("site_id", "latitude", "longitude"), on="site_id", maintain_order="left"
    )
    begun = came.with_columns(
        punched_in_at=pl.max_horizontal("starts_at", pl.col("taken_at") + ARRIVES), accuracy_m=pl.lit(10.0)
    )
    minute = timedelta(minutes=1)
    arrivals = begun.with_columns(punched_out_at=pl.lit(None, INSTANT), known_at=pl.col("punched_in_at") + minute)
    departures = begun.with_columns(punched_out_at="ends_at", known_at=pl.col("ends_at") + minute)
    return pl.concat([arrivals, departures]).select(
        "site_id", "punched_in_at", "punched_out_at", "latitude", "longitude", "accuracy_m", "known_at",
        person_id="taken_by",
    )  # fmt: skip


def substitutions_of(over: pl.DataFrame) -> pl.DataFrame:
    """What the roster says of shifts that were taken over: rows of `substitutions`."""
    return over.select(
        "roster_id", "on", "person_id", substitute_id="taken_by", expected_from_at=pl.col("taken_at") + ARRIVES,
        known_at=pl.col("taken_at") + timedelta(minutes=1),
    )  # fmt: skip
