"""What MLflow shows of a stored model: its signature and an example of its input, without a line of code in it.

Here: the `MLmodel` file beside OpsGuard's own. Not here: the model's files (`model_files`). The file has no flavour
that MLflow could load and execute: only OpsGuard reads models of OpsGuard.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl

from ml.models.learned import LearnedModel

EXAMPLE, _ROWS = "input_example.json", 5


def describe(model: LearnedModel, folder: Path, run: str, rows: pl.DataFrame) -> None:
    """Writes `MLmodel` and an input example into the folder of a stored model.

    Args:
        model: The model.
        folder: Where it was stored.
        run: The run that it belongs to.
        rows: Rows of features; the first five are the example.
    """
    from mlflow.models import Model, ModelSignature  # noqa: PLC0415 - two seconds, and only training needs it
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

    columns = [ColSpec(DataType.double, name, required=False) for name in model.features]
    signature = ModelSignature(Schema(columns), Schema([ColSpec(DataType.double, "risk")]))
    example = rows.head(_ROWS).select(pl.col(name).cast(pl.Float64) for name in model.features)
    (folder / EXAMPLE).write_text(json.dumps(_split(example)), encoding="utf-8")
    Model(
        artifact_path="model",
        run_id=run,
        flavors={"opsguard": {"problem": model.problem, "candidate": model.name, "version": model.version}},
        signature=signature,
        saved_input_example_info={
            "artifact_path": EXAMPLE,
            "type": "dataframe",
            "pandas_orient": "split",
            "serving_input_path": None,
        },
        mlflow_version=None,
    ).save(str(folder / "MLmodel"))


def _split(rows: pl.DataFrame) -> dict[str, Any]:
    """Rows in the `split` orientation that MLflow reads."""
    return {"columns": rows.columns, "data": [list(row) for row in rows.fill_nan(None).iter_rows()]}
