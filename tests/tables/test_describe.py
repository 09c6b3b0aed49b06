"""The contract in words is the contract: the page cannot drift from the schemas."""

import subprocess
import sys
from pathlib import Path

from opsguard_assets.tables.describe import column_descriptions, describe, row_rules, to_markdown
from opsguard_assets.tables.registry import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_of_tables_is_the_one_that_the_schemas_make():
    assert PAGE.read_text(encoding="utf-8") == to_markdown(TABLES.values()), "run `make docs` and commit docs/tables.md"


def test_make_docs_writes_what_this_module_prints():
    command = [sys.executable, "-m", "opsguard_assets.tables.describe"]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=PAGE.parents[1]).stdout
    assert printed.decode("utf-8") == to_markdown(TABLES.values())


def test_a_column_is_described_by_type_need_meaning_and_bounds():
    words = {w.column: w for w in describe(TABLES["tickets"])}
    assert list(words) == list(TABLES["tickets"].columns)
    assert vars(words["ticket_id"]) == {
        "column": "ticket_id", "type": "text", "required": True, "meaning": "the ticket",
        "bounds": "at most 200 characters",
    }  # fmt: skip
    assert (words["opened_at"].type, words["opened_at"].bounds) == ("instant", "1970 to 2199")
    assert (words["sentiment"].type, words["sentiment"].bounds) == ("number", "from -1 to 1")
    assert not words["resolved_at"].required


def test_nested_types_are_told_without_the_noise_of_their_representation():
    types = {name: column_descriptions(TABLES[table])[name][0] for table, name in [
        ("telemetry", "metrics"), ("clients", "executive_emails"), ("clients", "joined_on"), ("people", "is_active"),
    ]}  # fmt: skip
    assert types == {
        "metrics": "list of (channel, value)",
        "executive_emails": "list of text",
        "joined_on": "date",
        "is_active": "true/false",
    }


def test_rules_over_several_columns_are_listed_by_name():
    assert row_rules(TABLES["tours"]) == ["done_not_above_checkpoints"]
    assert row_rules(TABLES["clients"]) == []
    assert "Rules over several columns: `done_not_above_checkpoints`." in to_markdown([TABLES["tours"]])


def test_the_page_names_every_table_and_column():
    page = to_markdown(TABLES.values())
    for table in TABLES.values():
        assert f"\n## {table.name}\n" in page
        assert all(f"| `{column}` |" in page for column in table.columns)
