"""Feast's point-in-time retrieval of the streams that our features read; runs in an interpreter of its own.

    python -m venv /tmp/feast && /tmp/feast/bin/pip install feast
    python -m benchmarks.retrieval --python /tmp/feast/bin/python

Here: `retrieval_feast.py FOLDER` reads moments.parquet and the streams of streams.json, retrieves all of them at all
moments from Feast's file store, and prints one JSON object with its seconds and its rows. Not here: our side
(`retrieval`).
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd

_TYPES = {"int": "Int64", "float": "Float64", "bool": "Bool", "datetime": "UnixTimestamp", "str": "String"}


def main() -> None:
    """Declares one view per stream and retrieves them together, as Feast's manual has it."""
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, types
    from feast.value_type import ValueType

    folder = Path(sys.argv[1])
    config = RepoConfig(
        project="moments",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store=None,
        offline_store={"type": "dask"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    keys = {name: Entity(name=name, join_keys=[name], value_type=ValueType.STRING) for name in _keys(folder)}
    views, asked = [], []
    for stream in json.loads((folder / "streams.json").read_text(encoding="utf-8")):
        fields = [Field(name=n, dtype=getattr(types, _TYPES[kind])) for n, kind in stream["values"].items()]
        source = FileSource(path=str(folder / f"{stream['name']}.parquet"), timestamp_field="event_timestamp")
        views.append(
            FeatureView(
                name=stream["name"],
                entities=[keys[stream["key"]]],
                ttl=timedelta(days=3_650),
                schema=fields,
                source=source,
                online=False,
            )
        )
        asked += [f"{stream['name']}:{name}" for name in stream["values"]]
    store.apply([*keys.values(), *views])
    moments = pd.read_parquet(folder / "moments.parquet")
    began = time.perf_counter()
    found = store.get_historical_features(entity_df=moments, features=asked, full_feature_names=True).to_df()
    print(json.dumps({"seconds": time.perf_counter() - began, "rows": len(found)}))


def _keys(folder: Path) -> list[str]:
    return sorted({stream["key"] for stream in json.loads((folder / "streams.json").read_text(encoding="utf-8"))})


if __name__ == "__main__":
    main()
