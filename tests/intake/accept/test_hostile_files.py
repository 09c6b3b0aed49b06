"""Files that are well formed and say what no ticket can be: the bad rows are rejected, each with its reason."""

import io
from pathlib import Path

import polars as pl
import pytest

from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.tables.registry import TABLES
from tests.intake.accept.given import START, raw
from tests.intake.hostile import HOSTILE
from tests.intake.receive.inboxes import files

MAPPED = files(Path("tickets.csv"))
CASES = [case for case in HOSTILE if case.stage == "accept" and case.filename.endswith(".csv")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_rows_are_rejected_with_a_reason_and_good_rows_arrive(case):
    rows = pl.read_csv(io.BytesIO(case.content), infer_schema=False)
    result = conform(raw(rows.to_dicts()), MAPPED.feeds[0], MAPPED, TABLES["tickets"], START)
    assert set(result.accepted["ticket_id"]) == case.expect_good
    assert result.rejected_count == case.expect_rejected
    assert result.rejected["rule"].null_count() == 0
