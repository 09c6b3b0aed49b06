"""FLAML on the rows that our candidates learn from; runs in an interpreter of its own, where FLAML is installed.

    python -m venv /tmp/flaml && /tmp/flaml/bin/pip install "flaml[automl]" pyarrow
    python -m benchmarks.quality --automl /tmp/flaml/bin/python

Here: `automl.py FOLDER SECONDS` reads train.parquet and the other Parquet files of a folder (features, `ticket_id`,
`is_event`) and prints one JSON object: probabilities per file. Not here: judging them (`quality`).
"""

import json
import sys
from pathlib import Path

import pandas as pd


def main() -> None:
    """Learns within the budget; entities are never on both sides of a fold."""
    from flaml import AutoML

    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    rows = pd.read_parquet(folder / "train.parquet")
    features = [name for name in rows.columns if name not in {"ticket_id", "is_event"}]
    automl = AutoML()
    automl.fit(
        rows[features],
        rows["is_event"].astype(int),
        task="classification",
        metric="log_loss",
        time_budget=seconds,
        eval_method="cv",
        n_splits=4,
        split_type="group",
        groups=rows["ticket_id"].astype("category").cat.codes,
        n_jobs=1,
        seed=7,
        verbose=0,
    )
    said = {}
    for path in sorted(folder.glob("*.parquet")):
        if path.stem != "train":
            said[path.stem] = automl.predict_proba(pd.read_parquet(path)[features])[:, 1].tolist()
    print(json.dumps({"estimator": automl.best_estimator, "settings": str(automl.best_config), "said": said}))


if __name__ == "__main__":
    main()
