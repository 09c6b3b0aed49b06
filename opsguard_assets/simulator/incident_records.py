"""The incident records of the twin: what the control room writes down of alarms that matter, and how soon it acted.

Here: records of `security_events`. Not here: the alarms themselves (`alarms`).

Alarms of doors, motion and smoke are written down where they are real, and a tenth of the others, too; half of the
records say whether it was nothing. Somebody acts some minutes later; in one of twelve nobody writes down when.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.simulator.alarms import Alarmed
from opsguard_assets.simulator.luck import luck_of
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

# Kind of an alarm -> kind of incident, severity of the incident.
KINDS = {
    "door_forced": ("intrusion", "critical"),
    "motion": ("trespass", "high"),
    "door_held_open": ("access violation", "medium"),
    "smoke": ("fire", "critical"),
}
_NOTHING_WRITTEN_DOWN, _SAID, _NEVER_SAID = 0.1, 0.5, 1 / 12
# Minutes: until it is written down; mean until somebody acts; mean from then until it is over.
_WRITTEN, _ACTS, _LASTS = 5, 11.0, 45.0


def incident_records(settings: SimulationSettings, region: int, alarms: Alarmed, until: datetime) -> pl.DataFrame:
    """The incidents of a region: one row per change of a record that is known by `until`.

    All luck hangs on the name of the alarm: a later moment adds records and changes none.

    Args:
        settings: The world.
        region: Which region.
        alarms: The alarms of the region by `until`.
        until: The last instant of knowledge.
    """
    raised = alarms.external_alerts.filter(pl.col("kind").is_in(list(KINDS))).unique("alert_id", maintain_order=True)
    known = raised.join(alarms.truth, on="alert_id", maintain_order="left")
    luck = {
        name: pl.Series(luck_of(settings.seed, region, f"incidents {name}", known["alert_id"]), dtype=pl.Float64)
        for name in ("written", "said", "acts", "never", "lasts")
    }
    responded = pl.col("at") + _minutes(_waiting(luck["acts"], _ACTS))
    records = (
        known.with_columns(
            event_id=pl.format("I-{}", "alert_id"),
            severity=pl.col("kind").replace_strict({name: severity for name, (_, severity) in KINDS.items()}),
            kind=pl.col("kind").replace_strict({name: kind for name, (kind, _) in KINDS.items()}),
            is_false_alarm=pl.when(luck["said"] < _SAID).then(~pl.col("is_real")),
            responded_at=pl.when(luck["never"] >= _NEVER_SAID).then(responded).dt.truncate("1s"),
            resolved_at=(responded + _minutes(_waiting(luck["lasts"], _LASTS))).dt.truncate("1s"),
        )
        .filter(pl.col("is_real") | (luck["written"] < _NOTHING_WRITTEN_DOWN))
        .select(_RECORD)
    )
    return _changes(records).filter(pl.col("known_at") <= until).sort("known_at", "event_id")


def _changes(records: pl.DataFrame) -> pl.DataFrame:
    """What the control room knew: that it happened, that somebody acts, how it ended."""
    written = pl.col("at") + pl.duration(minutes=_WRITTEN)
    acted = pl.max_horizontal(written, "responded_at")
    unknown = {"is_false_alarm": pl.lit(None, pl.Boolean), "resolved_at": pl.lit(None, INSTANT)}
    steps = (
        # Who wrote it down later than somebody acted says both at once.
        (
            records,
            {
                **unknown,
                "responded_at": pl.when(pl.col("responded_at") <= written).then("responded_at"),
                "known_at": written,
            },
        ),
        (records.filter(pl.col("responded_at") > written), {**unknown, "known_at": acted}),
        (records, {"known_at": pl.max_horizontal(acted, "resolved_at") + pl.duration(minutes=1)}),
    )
    return pl.concat([rows.with_columns(**made).select(*_RECORD, "known_at") for rows, made in steps])


def _waiting(luck: pl.Series, mean: float) -> pl.Series:
    """Exponential waiting times, in minutes, of uniform luck."""
    return -mean * (1 - luck).log()


def _minutes(number: pl.Series) -> pl.Expr:
    return pl.duration(microseconds=pl.lit((number * 60e6).cast(pl.Int64)))


_RECORD = ("event_id", "site_id", "at", "kind", "severity", "is_false_alarm", "responded_at", "resolved_at")
