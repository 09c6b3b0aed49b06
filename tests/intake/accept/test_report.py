"""What people read about loads adds up and cannot run as HTML."""

from datetime import UTC, datetime

import polars as pl

from opsguard_assets.intake.ledger import ledger, report
from opsguard_assets.intake.ledger.ledger import Accepted
from opsguard_assets.intake.mapping.conform import conform
from tests.intake.accept.given import CASES, START, case, raw, source

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def load(**changes):
    sound = {"load_id": "1", "source": "helpdesk", "table": "cases", "received": 4, "accepted": 2, "rejected": 1}
    return Accepted(**{**sound, "unchanged": 1, "loaded_at": NOON, "recorded_at": NOON, **changes})


def book(*loads):
    return ledger.ledger_rows(loads, pl.Series("columns", [], ledger.COLUMN))


def test_rejected_rows_are_counted_once_per_rule_the_most_frequent_first():
    mapped = source()
    rows = raw([case(state="bad"), case(state="worse"), case(opened="never"), case()])
    table = report.rejected_per_rule(conform(rows, mapped.feeds[0], mapped, CASES, START).rejected)
    assert table["rows"].to_list() == [2, 1, 1]
    assert table.row(0, named=True)["example"] == "bad"
    assert table.row(0, named=True)["first_seen"] == "cases.csv:1"


def test_every_distinct_value_of_a_rule_is_shown_with_its_count_up_to_a_handful():
    mapped, words = source(), ["bad", "worse", "worst", "worse", "odd", "strange", "queer", "off"]
    rejected = conform(raw([case(state=word) for word in words]), mapped.feeds[0], mapped, CASES, START).rejected
    shown = report.rejected_per_rule(rejected)["values"].to_list()
    assert shown == ["worse (2), bad (1), worst (1), odd (1), strange (1), and 2 more"]
    some = rejected.filter(pl.col("value").is_in(["bad", "worse"]))
    assert report.rejected_per_rule(some)["values"].to_list() == ["worse (2), bad (1)"]
    unnamed = rejected.head(1).with_columns(value=pl.lit(None, pl.String))
    assert report.rejected_per_rule(unnamed)["values"].to_list() == [None]


def test_the_summary_adds_loads_of_a_table_up():
    summary = report.ledger_summary(book(load(), load(load_id="2", received=0, accepted=0, rejected=0, unchanged=0)))
    row = summary.row(0, named=True)
    assert (row["loads"], row["received"], row["accepted"], row["rejected"], row["unchanged"]) == (2, 4, 2, 1, 1)
    assert row["rejected_share"] == 0.25


def test_a_ledger_row_that_does_not_add_up_is_found():
    assert report.not_conserved(book(load(), load(load_id="2", accepted=3)))["load_id"].to_list() == ["2"]


def test_a_load_above_the_limit_of_its_source_is_found():
    ledger_rows = book(load(), load(load_id="2", source="calm"))
    assert report.above_share(ledger_rows, {"helpdesk": 0.05, "calm": 0.25})["load_id"].to_list() == ["1"]


def test_markdown_shows_received_html_and_never_runs_it():
    frame = pl.DataFrame({"rule": ["a|b"], "example": ["<img onerror=x>\n`code` [x](y)"], "bad_share": [0.125]})
    table = report.as_markdown(frame)
    assert table.splitlines()[2] == "| a\\|b | &lt;img onerror=x&gt; \\`code\\` \\[x](y) | 12.5 % |"


def test_a_backslash_before_a_sign_does_not_bring_its_markup_back():
    table = report.as_markdown(pl.DataFrame({"example": [r"\[x](http://evil) \| \` \<b>"]}))
    assert table.splitlines()[2] == r"| \\\[x](http&#58;//evil) \\\| \\\` \\&lt;b&gt; |"


def test_an_address_that_was_received_is_shown_and_no_link_and_times_have_their_zone():
    row = {"example": ["see https://evil.example"], "at": [datetime(2026, 3, 2, 9, 15, tzinfo=UTC)]}
    assert report.as_markdown(pl.DataFrame(row)).splitlines()[2] == (
        "| see https&#58;//evil.example | 2026-03-02 09:15 UTC |"
    )


def test_a_long_table_says_how_much_it_leaves_out():
    assert report.as_markdown(pl.DataFrame({"n": list(range(30))}), limit=5).endswith("25 more rows.")


def test_an_empty_ledger_has_the_ledgers_columns():
    assert report.not_conserved(ledger.empty()).schema == ledger.SCHEMA
