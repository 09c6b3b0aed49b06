"""`python -m benchmarks.retrieval --python PYTHON`: features of moments against Feast's offline retrieval.

Here: the same streams and moments for both, our side, the ratio. Not here: Feast's side (`retrieval_feast`), which
needs an interpreter of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.data import UNTIL
from benchmarks.served import asked_moments, small_lake
from ml.features.asof import latest
from ml.problems.sla_breach.features import features
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.sla.clock_history import readings_at
from opsguard_assets.tickets.sla.snapshot_io import history_of

_EVERYWHERE = "everywhere"
# Feast joins a moment with the whole history of its key before it chooses: of few keys with long histories that is
# more than any memory holds. So it gets the streams whose keys are many.
_KEYS = ("ticket_id", "assignee_id")


def main() -> None:
    """Writes streams and moments, times both sides, prints the ratio."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--python", required=True, help="an interpreter where Feast is installed")
    reader.add_argument("--moments", type=int, default=100_000)
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset = TicketDataset.of(history_of(small_lake(Path(folder))), UNTIL)
        moments = asked_moments(dataset, given.moments)
        count = _written(dataset, moments, Path(folder))
        ours = _ours(dataset, moments)
        said = subprocess.run(
            [given.python, str(Path(__file__).with_name("retrieval_feast.py")), folder],
            check=False,
            capture_output=True,
            text=True,
        )
    if said.returncode:
        raise SystemExit(f"Feast failed:\n{said.stderr[-3000:]}")
    theirs = json.loads(said.stdout.splitlines()[-1])
    sys.stdout.write(
        f"{len(moments):,} moments: all features {ours:.2f} s; Feast, {count} streams of the same look-ups, "
        f"{theirs['seconds']:.1f} s for "
        f"{theirs['rows']:,} rows: {theirs['seconds'] / ours:.0f}x\n"
    )


def _ours(dataset: TicketDataset, moments: pl.DataFrame) -> float:
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        features(dataset.known, readings_at(moments, dataset.clocks, dataset.calendars))
        seconds.append(time.perf_counter() - began)
    return sorted(seconds[1:])[1]


def _written(dataset: TicketDataset, moments: pl.DataFrame, folder: Path) -> int:
    """The streams of features, each with one key and its values; returns how many."""
    known, entries = dataset.known, []
    streams: list[tuple[str, str | None, pl.DataFrame]] = [
        ("states", "ticket_id", known.states),
        ("handled", "group_id", known.handled),
        ("closing", None, known.closing),
        ("plans", "client_id", known.plans),
        *((f"load_{key}", key, stream) for key, stream in known.loads.items()),
        *((f"arrivals_{key}", None if key == "all" else key, s) for key, s in known.arrivals.items()),
    ]
    for part, found in (("rate", known.rates), ("minutes", known.minutes), ("handling", known.handling)):
        streams += [(f"{part}_{key}", None if key == "all" else key, stream) for key, stream in found.items()]
    for name, key, stream in streams:
        if key not in _KEYS:
            continue
        entries.append(_stream(name, key, stream, folder))
    (folder / "streams.json").write_text(json.dumps(entries), encoding="utf-8")
    wide = moments.hstack(latest(moments, known.states, by=["ticket_id"]).drop("opened_at"))
    keys = sorted({stream["key"] for stream in entries} - {_EVERYWHERE})
    asked = wide.select(*(pl.col(key).fill_null("") for key in keys), event_timestamp="as_of")
    asked.with_columns(pl.lit("all").alias(_EVERYWHERE)).write_parquet(folder / "moments.parquet")
    return len(entries)


def _stream(name: str, key: str | None, stream: pl.DataFrame, folder: Path) -> dict[str, Any]:
    rows = stream.with_columns(pl.lit("all").alias(_EVERYWHERE)) if key is None else stream.drop_nulls(key)
    own = key or _EVERYWHERE
    values = {column: _kind(dtype) for column, dtype in stream.schema.items() if column not in {own, "at"}}
    kept = {column: kind for column, kind in values.items() if kind}
    rows.select(own, *kept, event_timestamp="at").write_parquet(folder / f"{name}.parquet")
    return {"name": name, "key": own, "values": kept}


def _kind(dtype: pl.DataType) -> str | None:
    if dtype.is_integer():
        return "int"
    if dtype.is_float() or dtype.is_decimal():
        return "float"
    if dtype == pl.Boolean:
        return "bool"
    return "datetime" if dtype.is_temporal() and dtype != pl.Duration else "str" if dtype == pl.String else None


if __name__ == "__main__":
    main()
