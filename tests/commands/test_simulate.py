"""`opsguard simulate`: records of a period as files, a truth beside them, sentences where it cannot."""

import json
import shutil

import polars as pl
import pytest
from typer.testing import CliRunner

from opsguard_assets.cli import app

SMALL = ("--from", "2026-01-01", "--sites", "2", "--seed", "3", "--json")


def run(*given):
    return CliRunner().invoke(app, ["simulate", *given])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulate") / "world"
    result = run("--out", str(out), "--until", "2026-01-02", "--tickets-per-day", "40", *SMALL)
    assert result.exit_code == 0, result.output
    return out, json.loads(result.stdout)


def test_records_of_a_period_and_the_truth_lie_where_it_says(world):
    _, result = world
    files = {name: pl.read_parquet(f"{folder}/*.parquet") for name, folder in result["tables"].items()}
    assert sum(len(rows) for rows in files.values()) == result["written"] > 100
    assert files["sites"].height == 2
    known = pl.concat([rows["known_at"] for rows in files.values()])
    assert (str(known.min())[:10], str(known.max())[:10] <= "2026-01-02") == ("2026-01-01", True)
    truth = pl.read_parquet(f"{result['truth']}/*.parquet")
    assert set(truth["ticket_id"]) <= set(files["tickets"]["ticket_id"])
    assert len(truth) > 0


def test_a_later_end_adds_records(world, tmp_path):
    out = tmp_path / "copy"
    shutil.copytree(world[0], out)
    later = run("--out", str(out), "--until", "2026-01-02T06:00:00+00:00", "--tickets-per-day", "40", *SMALL)
    assert json.loads(later.stdout)["written"] > 0


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (("--until", "2025-12-01"), "begins at 2026-01-01"),
        (("--until", "yesterday"), "not a valid timestamp"),
        (("--until", "2026-01-02", "--tickets-per-day", "0"), "tickets_per_day"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(given, word, tmp_path):
    result = run("--out", str(tmp_path / "none"), *given, *SMALL)
    assert result.exit_code != 0
    assert word in result.output + str(result.exception)
