"""`opsguard shifts list` shows trouble first and hides what is fine; pages of vendors lie below the home."""

import json
from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from resources.lake import Lake
from tests.shifts.test_verdicts import at
from tests.vendors.orders import AS_OF


@pytest.fixture
def command(command_named):
    return command_named("shifts", timezone="Europe/Berlin")


def said(lake, *verdicts):
    """Records verdicts on shifts of a day, the later ones an hour later each."""
    rows = []
    for number, verdict in enumerate(verdicts):
        later = timedelta(hours=number)
        times = {"starts_at": at("08:00"), "expected_from_at": at("08:00"), "expected_until_at": at("16:00")}
        plain = {"person_id": "ann", "site_id": "hall", "client_id": "c", "rule": "why", "known_at": at("18:00")}
        shifted = {name: instant + later for name, instant in times.items()}
        own = {"shift_id": f"s{number}", "verdict": verdict}
        rows.append(dict.fromkeys(SHIFT_COMPLIANCE.columns) | plain | shifted | own)
    lake.record(SHIFT_COMPLIANCE, pl.DataFrame(rows, schema=SHIFT_COMPLIANCE.dtypes), loaded_at=at("18:00"))


def test_trouble_is_shown_first_and_what_is_fine_only_when_it_is_asked_for(command, tmp_path):
    said(Lake(str(tmp_path / "lake")), "on_time", "late", "no_show", "unknown", "on_time", "no_show")
    since = ("--since", "2026-01-05T00:00:00+00:00")

    def verdicts(*more):
        code, out, err = command("list", *since, *more, "--json")
        assert code == 0, err
        return [(row["shift_id"], row["verdict"]) for row in json.loads(out)]

    trouble = [("s5", "no_show"), ("s2", "no_show"), ("s1", "late"), ("s3", "unknown")]
    assert verdicts() == trouble
    assert verdicts("--all") == [*trouble, ("s4", "on_time"), ("s0", "on_time")]
    assert verdicts("--verdict", "on_time") == [("s4", "on_time"), ("s0", "on_time")]
    code, out, _ = command("list", *since)
    assert code == 0
    assert "2 more are fine; --all shows them." in out
    assert "2026-01-05 14:00 CET" in out
    assert "on_time" not in out


def test_pages_of_vendors_lie_below_the_home_and_nothing_in_the_working_folder(command_named, tmp_path, monkeypatch):
    work = tmp_path / "a folder"
    work.mkdir()
    monkeypatch.chdir(work)
    command = command_named("vendors", timezone="UTC")
    code, out, err = command("report", "--as-of", AS_OF.isoformat())
    assert code == 0, err
    page = tmp_path / "reports" / "vendors" / "index.html"
    assert page.exists()
    assert str(page) in out
    assert not list(work.iterdir())
    code, out, _ = command("report", "--as-of", AS_OF.isoformat(), "--out", "mine")
    assert code == 0
    assert str(work / "mine" / "index.html") in out
