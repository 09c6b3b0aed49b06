"""What no ticket can be goes to quarantine with its value; what looks dangerous but is data arrives as it is."""

import pytest

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.tables.registry import TABLES
from tests.intake.accept.given import START, raw

SOUND = {
    "ticket_id": "T1",
    "client_id": "acme",
    "priority": "high",
    "status": "open",
    "title": "Lamp",
    "description": "It is dark",
    "opened_at": "2025-01-01 10:00",
    "closed_at": None,
    "sentiment": "0.5",
    "updated_at": "2025-01-01 11:00",
}
MAPPED = FileSource.model_validate(
    {"name": "helpdesk", "kind": "files", "path": "t.csv", "feeds": [{"table": "tickets", "same_names": True}]}
)


def outcome(**changes):
    rows = raw([SOUND, {**SOUND, "ticket_id": "T2", **changes}])
    return conform(rows, MAPPED.feeds[0], MAPPED, TABLES["tickets"], START)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"ticket_id": "x" * 10_000}, "ticket_id: too long"),
        ({"ticket_id": "T\x002"}, "ticket_id: holds a NUL character"),
        ({"ticket_id": None}, "ticket_id: required"),
        ({"title": "a\x00b"}, "title: holds a NUL character"),
        ({"description": "x" * 10_000_000}, "description: too long"),
        ({"sentiment": "NaN"}, "sentiment: not a finite number with the decimal mark '.'"),
        ({"sentiment": "-inf"}, "sentiment: not a finite number with the decimal mark '.'"),
        ({"sentiment": "-7"}, "sentiment: too small"),
        ({"closed_at": "2024-12-31 10:00"}, "closed_not_before_opened"),
        ({"updated_at": "2024-12-31 10:00"}, "updated_not_before_opened"),
        ({"opened_at": "2025-02-29 10:00"}, "opened_at: not a valid timestamp in ISO 8601"),
        ({"opened_at": "0001-01-01 00:00"}, "opened_at: timestamp outside the years 1970 to 2199"),
        ({"opened_at": "9999-12-31 23:59"}, "opened_at: timestamp outside the years 1970 to 2199"),
        ({"opened_at": "=NOW()"}, "opened_at: not a valid timestamp in ISO 8601"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_hostile_value_rejects_its_row_alone_and_is_named(changes, rule):
    result = outcome(**changes)
    assert result.accepted["ticket_id"].to_list() == ["T1"]
    findings = result.rejected.filter(rule=rule)
    assert findings["position"].to_list() == [2]
    assert (findings["record"].str.len_chars() <= 4_000).all()


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil","x")',
        "<script>alert(1)</script>",
        "'; DROP TABLE tickets; --",
        "{{7*7}}",
        "\u202egnp.exe",
    ],
)
def test_formulas_html_and_sql_are_data(text):
    assert outcome(title=text, description=text).accepted["title"].to_list() == ["Lamp", text]
