"""The page of settings names every one of them, and every cadence that is kept."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from opsguard_assets.cadences import documented_cadences
from opsguard_assets.config.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs/configuration.md").read_text(encoding="utf-8")
FIELDS = [
    (part, name)
    for part, value in Settings()
    for name in (type(value).model_fields if isinstance(value, BaseModel) else [part])
    if (part, name) != ("ticket_system", "kind")
]


@pytest.mark.parametrize(("part", "name"), FIELDS, ids=str)
def test_the_page_names_every_setting(part, name):
    assert part in PAGE
    assert re.search(rf"\b{name}\b", PAGE)


def test_the_page_says_when_what_runs():
    cadences = documented_cadences(Settings())
    rows = PAGE.partition("## Cadences")[2].partition("Two ticks")[0].strip().splitlines()
    # A header, its rule, and the files and rows that sensors look for have no schedule.
    assert len(rows) - 3 == len(cadences)
    for minute, hour, day in (each.cron.split()[:3] for each in cadences):
        if hour.isdigit():
            when = "daily" if day == "*" else "on the 1st"
            assert f"{when} at {hour}:{int(minute):02d} |" in "\n".join(rows)
        elif minute.isdigit() and minute != "0":
            assert f"hourly, at minute {minute} |" in "\n".join(rows)
