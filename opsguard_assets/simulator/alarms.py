"""The alarms of the twin's sites as another system raises them: which are real, who took them up, how they ended.

Here: records and the truth of their need for a person. Not here: alerts that OpsGuard raises itself.

A third of the sites has a sensor of one kind that cries wolf: many alarms, hardly any real. Doors and motion are more
often real at night. When the power of a site fails, its cameras go offline within minutes, which nobody has to look at.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

# Kind -> severity, share of alarms, log-odds of being real, what a night adds to them, the thing, words.
KINDS = {
    "motion": ("medium", 0.30, -2.0, 1.2, "sensor", "Motion detected"),
    "door_held_open": ("low", 0.22, -2.4, 0.9, "door", "Door held open"),
    "door_forced": ("high", 0.12, -0.3, 1.0, "door", "Door forced open"),
    "camera_offline": ("low", 0.12, -0.8, 0.0, "camera", "Camera offline"),
    "temperature_high": ("medium", 0.12, 0.2, 0.0, "sensor", "Temperature too high"),
    "power_loss": ("high", 0.07, 1.2, 0.0, "panel", "Power supply lost"),
    "smoke": ("critical", 0.05, -0.6, 0.0, "detector", "Smoke detected"),
}
_WOLF, _WOLF_LESS, _WOLF_SHARE, _WOLF_MORE = 3, -2.2, 1 / 3, 0.8
_NIGHT = (20, 6)
_PER_SITE = 3
_TAKEN_AND_FALSE, _SAID = 0.25, 0.6
_FOLLOWED, _FOLLOWING = 0.7, 2
_MINUTE_US = 60e6


@dataclass(frozen=True)
class Alarmed:
    """The alarms of a region.

    Attributes:
        external_alerts: One row per change of an alarm that is known by `until`.
        truth: `alert_id`, `true_action` (probability that it needs a person), `is_real`.
    """

    external_alerts: pl.DataFrame
    truth: pl.DataFrame


def alarmed(settings: SimulationSettings, region: int, sites: pl.DataFrame, until: datetime) -> Alarmed:
    """The alarms of a region that were raised by a moment; a later moment adds records and changes none.

    Args:
        settings: The world.
        region: Which region.
        sites: The sites of the region: `site_id`, `name`, `timezone`.
        until: The last instant of knowledge.
    """
    days = max((until - settings.starts_at).days + 1, 0)
    drawn = [_day(settings, region, len(sites), day) for day in range(days)]
    if not drawn or not sum(map(len, drawn)):
        return Alarmed(pl.DataFrame(schema=_CHANGES), pl.DataFrame(schema=_TRUTH))
    raised = _placed(pl.concat(drawn), sites, settings, region)
    every = pl.concat([raised, _followers(raised)]).filter(pl.col("at") <= until)
    changes = _changes(_lived(every)).filter(pl.col("known_at") <= until)
    return Alarmed(changes.sort("known_at", "alert_id"), every.select(*_TRUTH).sort("alert_id"))


def _day(settings: SimulationSettings, region: int, sites: int, day: int) -> pl.DataFrame:
    """The alarms of a day with all the luck that their lives need; sensors that cry wolf add to the usual ones."""
    luck = generator(settings.seed, region, "alarms", day)
    usual = int(luck.poisson(settings.alarms_per_site * sites))
    wolves = int(luck.poisson(settings.alarms_per_site * sites * _WOLF_SHARE * _WOLF_MORE))
    count, names = usual + wolves, list(KINDS)
    site = luck.integers(0, sites, count)
    kind = luck.choice(len(names), count, p=[share for _, share, *_ in KINDS.values()])
    # The extra ones are of the site's own sensor; at sites without one they are dropped below.
    is_extra = np.arange(count) >= usual
    drawn = {name: luck.random(count) for name in ("real", "taken", "said", "follows")}
    return pl.DataFrame(
        {
            "day": np.full(count, day),
            "number": np.arange(count),
            "site": site,
            "kind": np.array(names)[np.where(is_extra, site % len(names), kind)],
            "thing": np.where(is_extra, 0, luck.integers(0, _PER_SITE, count)),
            "is_extra": is_extra,
            "minute": luck.uniform(0, 1_440, count),
            "to_take": luck.lognormal(np.log(18), 0.8, count),
            "to_end": luck.lognormal(np.log(50), 0.7, count),
            **drawn,
        },
        schema_overrides={"day": pl.Int64, "kind": pl.String},
    )


def _placed(drawn: pl.DataFrame, sites: pl.DataFrame, settings: SimulationSettings, region: int) -> pl.DataFrame:
    """Alarms where and when they are raised, with the probability that they are real."""
    names, start = list(KINDS), pl.lit(settings.starts_at, INSTANT)
    places = (
        sites.select("site_id", "name", "timezone").with_row_index("site").with_columns(pl.col("site").cast(pl.Int64))
    )
    # Every third site has such a sensor; the site says of which kind.
    has_wolf = (pl.col("site") % _WOLF == 0) & (pl.col("thing") == 0)
    is_wolf = has_wolf & (pl.col("kind") == (pl.col("site") % len(names)).replace_strict(dict(enumerate(names))))
    rows = drawn.join(places, on="site", maintain_order="left").filter(~pl.col("is_extra") | has_wolf)
    dated = _local_hours(
        rows.with_columns(
            is_wolf=is_wolf,
            at=(start + pl.duration(days="day") + _minutes("minute")).dt.truncate("1s"),
        )
    )
    night = (pl.col("hour") >= _NIGHT[0]) | (pl.col("hour") < _NIGHT[1])
    odds = (
        _of_kind(2)
        + pl.when(night).then(_of_kind(3)).otherwise(0.0)
        + pl.when("is_wolf").then(_WOLF_LESS).otherwise(0.0)
    )
    return dated.select(
        "site_id", "name", "kind", "at", "to_take", "to_end", "real", "taken", "said", "follows",
        alert_id=pl.format("R{}-A{}-{}", pl.lit(region), pl.col("day").cast(pl.String).str.zfill(5), "number"),
        severity=_of_kind(0),
        entity_type=_of_kind(4),
        entity_id=pl.format("{}-{}-{}", "site_id", "kind", pl.col("thing") + 1),
        title=pl.format("{} at {}", _of_kind(5), "name"),
        true_action=1 / (1 + (-odds).exp()),
        is_duplicate=pl.lit(value=False),
    ).with_columns(is_real=pl.col("real") < pl.col("true_action"))  # fmt: skip


def _followers(raised: pl.DataFrame) -> pl.DataFrame:
    """Cameras that go offline because the power of their site fails: nobody has to look at them."""
    failed = raised.filter(pl.col("kind") == "power_loss", pl.col("follows") < _FOLLOWED)
    many = failed.with_columns(place=pl.int_ranges(1, _FOLLOWING + 1)).explode("place", empty_as_null=False)
    severity, _, _, _, thing, words = KINDS["camera_offline"]
    return many.with_columns(
        alert_id=pl.format("{}-camera-{}", "alert_id", "place"),
        kind=pl.lit("camera_offline"),
        severity=pl.lit(severity),
        entity_type=pl.lit(thing),
        entity_id=pl.format("{}-camera_offline-{}", "site_id", "place"),
        title=pl.format("{} at {}", pl.lit(words), "name"),
        at=pl.col("at") + pl.duration(seconds=pl.col("place") * 40),
        true_action=pl.lit(0.0),
        is_real=pl.lit(value=False),
        is_duplicate=pl.lit(value=True),
    ).select(raised.columns)


def _lived(alarms: pl.DataFrame) -> pl.DataFrame:
    """Who took each alarm up, when it was over, and what was said of it."""
    is_taken = pl.col("is_real") | ((pl.col("taken") < _TAKEN_AND_FALSE) & ~pl.col("is_duplicate"))
    taken = pl.when(is_taken).then((pl.col("at") + _minutes("to_take")).dt.truncate("1s"))
    rows = alarms.with_columns(acknowledged_at=taken)
    began = pl.coalesce("acknowledged_at", "at")
    word = (
        pl.when(~(pl.col("said") < _SAID)).then(None)
        .when("is_duplicate").then(pl.lit("duplicate"))
        .when("is_real").then(pl.lit("actioned"))
        .when(is_taken).then(pl.lit("false_alarm"))
    )  # fmt: skip
    # Who took up what was nothing always says so, or the record would call it real.
    said = pl.when(is_taken & ~pl.col("is_real")).then(pl.lit("false_alarm")).otherwise(word)
    return rows.with_columns(resolved_at=(began + _minutes("to_end")).dt.truncate("1s"), resolution=said)


def _changes(alarms: pl.DataFrame) -> pl.DataFrame:
    """What the other system recorded: the alarm, who took it up, its end."""
    nothing = {name: pl.lit(None, INSTANT) for name in ("acknowledged_at", "resolved_at")}
    silent = pl.lit(None, pl.String)
    steps = (
        (alarms, {**nothing, "resolution": silent, "known_at": "at"}),
        (
            alarms.drop_nulls("acknowledged_at"),
            {"resolved_at": nothing["resolved_at"], "resolution": silent, "known_at": "acknowledged_at"},
        ),
        (alarms, {"known_at": "resolved_at"}),
    )
    said = [rows.with_columns(**made).select(*_CHANGES) for rows, made in steps]
    return pl.concat(said).with_columns(pl.col("known_at") + pl.duration(seconds=5))


def _local_hours(rows: pl.DataFrame) -> pl.DataFrame:
    parts = [
        part.with_columns(hour=pl.col("at").dt.convert_time_zone(zone).dt.hour().cast(pl.Int64))
        for (zone,), part in rows.partition_by("timezone", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat(parts)


def _of_kind(place: int) -> pl.Expr:
    return pl.col("kind").replace_strict({name: said[place] for name, said in KINDS.items()})


def _minutes(column: str) -> pl.Expr:
    return pl.duration(microseconds=(pl.col(column) * _MINUTE_US).cast(pl.Int64))


_CHANGES: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("alert_id", "site_id", "kind", "severity", "title", "entity_type", "entity_id"), pl.String),
    "at": INSTANT, "acknowledged_at": INSTANT, "resolved_at": INSTANT, "resolution": pl.String, "known_at": INSTANT,
}  # fmt: skip
_TRUTH: dict[str, pl.DataType | type[pl.DataType]] = {
    "alert_id": pl.String, "true_action": pl.Float64, "is_real": pl.Boolean,
}  # fmt: skip
