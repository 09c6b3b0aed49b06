"""The sides of every comparison, each run as `python -m benchmarks.sides <request>` in a process of its own.

Here: what is timed, and nothing around it. Not here: building the data (`data`).
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import (
    external,
    findings,
    forms,
    kpis,
    messages,
    remediation,
    served,
    shifts,
    signed,
    storm,
    telemetry,
)
from benchmarks.data import AS_OF

_EXPORT = {
    "name": "export",
    "kind": "files",
    "path": "",
    "feeds": [{"table": "tickets", "same_names": True}],
}


def tick(lake: str) -> Callable[[], object]:
    """OpsGuard: the risk of every open ticket."""
    from ml.problems.sla_breach.rule import RuleBaseline
    from opsguard_assets.tickets.risk.score_io import risk_at
    from resources.lake import Lake

    opened, model = Lake(lake), RuleBaseline()
    return lambda: risk_at(opened, model, AS_OF, reasons_from=0.6)


def tick_floor(lake: str) -> Callable[[], object]:
    """The floor of a tick: a bare scan of the columns that it reads and gives, and the rule's arithmetic."""
    from deltalake import DeltaTable

    live = pl.col("_slice") == "live"
    as_of = pl.lit(AS_OF, pl.Datetime("us", "UTC"))
    kept = ["ticket_id", "client_id", "site_id", "priority", "response_due_at", "paused_by", "status"]

    def arithmetic() -> pl.DataFrame:
        tickets = pl.scan_delta(DeltaTable(f"{lake}/tables/tickets")).filter(live)
        owners = tickets.select(assignee=pl.col("assignee_id")).collect()
        clocks = pl.scan_delta(DeltaTable(f"{lake}/tables/sla_clocks")).filter(live)
        worked = pl.col("calendar_key") % 1_000
        elapsed = pl.col("elapsed_base_us") + pl.when("elapsed_counts").then(worked).otherwise(0)
        remaining = pl.col("remaining_base_us") - pl.when("remaining_counts").then(worked).otherwise(0)
        response = pl.col("response_remaining_base_us") - pl.when("response_counts").then(worked).otherwise(0)
        read = clocks.select(
            *kept,
            "resolution_due_at",
            age=(as_of - pl.col("opened_at")).dt.total_microseconds() / 6e7,
            elapsed=elapsed / 6e7,
            remaining=remaining / 6e7,
            response_remaining=response / 6e7,
            paused=pl.col("paused_base_us") / 6e7,
            breached=as_of > pl.col("resolution_due_at"),
        ).collect()
        risk = (
            pl.when(pl.col("remaining") < pl.col("elapsed"))
            .then(0.9)
            .when(pl.col("assignee").is_null() & pl.col("priority").is_in(["critical", "high"]))
            .then(0.7)
            .when(pl.len().over("assignee") > 5)
            .then(0.6)
            .when(pl.col("remaining") < 120)
            .then(0.75)
            .otherwise(0.3)
        )
        return read.hstack(owners).with_columns(
            risk=risk, fraction=pl.col("elapsed") / (pl.col("elapsed") + pl.col("remaining"))
        )

    return arithmetic


def load(csv: str, work: str) -> Callable[[], object]:
    """OpsGuard: a CSV export received, kept raw, validated, versioned, accounted for."""
    from opsguard_assets.config.sources import FileSource
    from opsguard_assets.intake.accepting.accept import accept
    from opsguard_assets.intake.receiving.receive import receive
    from opsguard_assets.tables.registry import TABLES
    from resources.lake import Lake

    folder = _emptied(work)
    source = FileSource.model_validate({**_EXPORT, "path": csv})

    def both() -> object:
        receive(source, lake_uri=str(folder / "lake"), work_dir=folder / "dlt", loaded_at=datetime.now(UTC))
        return accept(Lake(str(folder / "lake")), source, TABLES)

    return both


def load_dlt(csv: str, work: str) -> Callable[[], object]:
    """Loads with dlt alone: its own CSV reader on DuckDB into a Delta table, without a contract."""
    import dlt
    from dlt.sources.filesystem import filesystem, read_csv_duckdb

    folder = _emptied(work)

    def run() -> object:
        files = filesystem(bucket_url=str(Path(csv).parent), file_glob=Path(csv).name)
        rows = (files | read_csv_duckdb(chunk_size=100_000, use_pyarrow=True)).with_name("tickets")
        pipeline = dlt.pipeline(
            "alone",
            pipelines_dir=str(folder / "dlt"),
            destination=dlt.destinations.filesystem(bucket_url=str(folder / "lake")),
            dataset_name="raw",
        )
        return pipeline.run(rows, table_format="delta", loader_file_format="parquet")

    return run


def load_polars(csv: str, work: str) -> Callable[[], object]:
    """Polars alone: the file as a Delta table, without a raw copy, a contract or a cursor."""
    folder = _emptied(work)
    return lambda: pl.read_csv(csv, infer_schema=False).write_delta(str(folder / "lake"))


def _emptied(work: str) -> Path:
    folder = Path(work)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def memory(mebibytes: int) -> Callable[[], object]:
    """So much memory, written to: what the column of peak memory is checked by."""
    return lambda: b"x" * (mebibytes << 20)


SIDES: dict[str, Callable[..., Callable[[], object]]] = {
    "memory": memory,
    "tick": tick,
    "tick, ten times the history": tick,
    "tick floor": tick_floor,
    "load": load,
    "load with dlt alone": load_dlt,
    "load with Polars alone": load_polars,
    "learned tick": served.tick_learned,
    "learned tick, ten times the history": served.tick_learned,
    "prediction alone": served.predict_alone,
    "features": served.features_of_moments,
    "features, bare joins": served.joins_of_moments,
    "newest hour": telemetry.newest_hour,
    "newest hour, ten times the history": telemetry.newest_hour,
    "newest hour, bare": telemetry.newest_hour_floor,
    "hourly tick": telemetry.hourly_tick,
    "hourly tick, ten times the history": telemetry.hourly_tick,
    "hourly tick, bare": telemetry.hourly_tick_floor,
    "one query per device": telemetry.one_query_per_device,
    "calendar": shifts.calendar,
    "calendar by loop": shifts.calendar_by_loop,
    "findings settled": findings.settled,
    "findings upserted": findings.upserted,
    "messages sent": messages.sent,
    "messages by the bare client": messages.bare,
    "alerts told": storm.told,
    "alerts judged and joined": storm.bare,
    "alerts written": storm.written,
    "a storm told": storm.first_message,
    "external alerts settled": external.settled,
    "external alerts, bare": external.bare,
    "executions looked at": remediation.tick,
    "executions that wait": remediation.idle_tick,
    "executions looked at, bare": remediation.bare_query,
    "executions ended": remediation.end_to_end,
    "steps written": remediation.bare_steps,
    "scorecards rendered": forms.rendered,
    "scorecards by the renderers alone": forms.bare,
    "key figures": kpis.computed,
    "key figures summed up": kpis.summed,
    "key figures of devices": kpis.of_devices,
    "key figures of shifts": kpis.of_shifts,
    "key figures of tickets": kpis.of_tickets,
    "key figures, bare": kpis.bare,
    "month signed": signed.signed,
    "month hashed": signed.hashed,
    "month verified": signed.verified,
    "month checked": signed.checked,
    "scorecards by view": signed.by_view,
    "scorecards by table": signed.by_table,
}


def _main(request: dict[str, Any]) -> None:
    work = SIDES[request["side"]](**request["arguments"])
    repeats = request["repeats"]
    seconds, cpu = [], []
    for number in range(repeats + (repeats > 1)):
        begun, worked = time.perf_counter(), time.process_time()
        result = work()
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - worked)
        del result
        if repeats > 1 and number == 0:
            seconds.clear()  # the first one pays for what only a process pays once
            cpu.clear()
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu, "peak_bytes": peak_bytes()}) + "\n")


def peak_bytes() -> int:
    """The greatest resident memory of this process since its program began.

    `ru_maxrss` would not do: it keeps what the process was forked of, which is the whole of the one that measures.
    """
    line = next(one for one in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in one)
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
