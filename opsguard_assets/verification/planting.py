"""The moment of all verifications, the simulated provider around it, and planted records in the form of the contract.

Here: constants, and rows to frames. Not here: what is planted (each verification), storing it (`world_io`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from opsguard_assets.simulator.reports import CHANNELS
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import SEQUENCE
from opsguard_assets.verification.result import Records

# A Tuesday at noon (UTC), in the past of every clock. The month before it is whole, and clocks changed in it.
NOW: Final = datetime(2025, 11, 4, 12, tzinfo=UTC)
STARTS: Final = datetime(2025, 9, 29, tzinfo=UTC)
ENDS: Final = NOW + timedelta(hours=6)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PROVIDER: Final = SimulationSettings(
    seed=11, starts_at=STARTS, clients=3, sites=6, agents=24, tickets_per_day=24, devices_per_site=2,
    device_report_minutes=60, orders_per_day=4,
)  # fmt: skip
# The clients of the simulated provider, by the plan that they have.
BRONZE, SILVER, GOLD = "R0-C000", "R0-C001", "R0-C002"


def site(site_id: str, client_id: str = GOLD, **more: Any) -> dict[str, Any]:
    """A site of a client, somewhere in Hamburg."""
    usual = {
        "site_id": site_id, "client_id": client_id, "name": site_id.replace("-", " ").capitalize(),
        "timezone": "Europe/Berlin", "latitude": 53.55, "longitude": 10.0, "geofence_radius_m": 150.0,
    }  # fmt: skip
    return {**usual, **more}


def person(person_id: str, **more: Any) -> dict[str, Any]:
    """Somebody who works."""
    return {"person_id": person_id, "name": person_id.replace("-", " ").title(), "is_active": True, **more}


def with_planted(twin: Mapping[str, pl.DataFrame], planted: Iterable[Records]) -> dict[str, pl.DataFrame]:
    """The records of the simulated provider and the planted ones, by table, in the columns of the contract.

    Args:
        twin: Its records by table (`twin.Simulation.tables`).
        planted: Further rows; without `known_at` they are known from the beginning on.

    Returns:
        By table: the columns of the contract, and the order of changes of tickets.
    """
    further: dict[str, list[Mapping[str, Any]]] = {}
    for records in planted:
        for name, rows in records.items():
            further.setdefault(name, []).extend(rows)
    return {name: _whole(name, twin.get(name), further.get(name, ())) for name in {**twin, **further}}


def _whole(name: str, simulated: pl.DataFrame | None, planted: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    table = TABLES[name]
    ordered = {SEQUENCE: pl.Int64()} if name == "tickets" else {}
    rows = [{"known_at": STARTS, **row} for row in planted]
    ours = pl.DataFrame(rows, schema={**table.dtypes, **ordered}, orient="row")
    if simulated is None:
        return ours
    if name == "telemetry":
        simulated = _with_metrics(simulated)
    if ordered:
        simulated = simulated.with_columns(pl.col("sequence").alias(SEQUENCE))
    absent = [pl.lit(None, dtype).alias(column) for column, dtype in table.dtypes.items() if column not in simulated]
    theirs = simulated.with_columns(absent).select(*table.columns, *ordered)
    return pl.concat([theirs.cast({each: ours.schema[each] for each in theirs.columns}), ours])


def _with_metrics(telemetry: pl.DataFrame) -> pl.DataFrame:
    """Reports with their further channels as the contract holds them."""
    channels = [
        pl.struct(channel=pl.lit(name), value=pl.col(name).cast(pl.Float64)).alias(f"_{name}") for name in CHANNELS
    ]
    return telemetry.with_columns(metrics=pl.concat_list(channels)).drop(CHANNELS)
