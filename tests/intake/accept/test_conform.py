"""Raw rows become rows of the contract, or are set apart with rule, column, value and place."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.ledger.quarantine import MAX_RECORD_CHARACTERS, SCHEMA
from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.tables.registry import TABLES
from tests.intake.accept.given import CASES, START, case, raw, source
from tests.properties import examples


def conformed(rows, mapped=None):
    mapped = mapped or source()
    return conform(rows if isinstance(rows, pl.DataFrame) else raw(rows), mapped.feeds[0], mapped, CASES, START)


def only(rows, mapped=None):
    result = conformed(rows, mapped)
    assert result.rejected.to_dicts() == []
    return result.accepted.row(0, named=True)


def broken(rows, mapped=None):
    """(rule, column, value) of every finding."""
    return [(r["rule"], r["column"], r["value"]) for r in conformed(rows, mapped).rejected.to_dicts()]


def test_a_sound_row_has_the_contracts_columns_and_is_known_from_when_it_is_recorded():
    result = conformed([case()])
    row = result.accepted.row(0, named=True)
    assert result.accepted.columns == [*CASES.columns, "_sequence"]
    assert (row["case_id"], row["state"], row["opened_at"]) == ("A1", "open", datetime(2025, 1, 1, 10, tzinfo=UTC))
    assert row["known_at"] == START
    assert row["title"] is None


def test_values_are_looked_up_ignoring_case_and_blanks_and_unlisted_ones_go_on():
    mapped = source({"state": {"from": "State", "values": {"Work in progress": "open", "-1": None}}})
    result = conformed(
        [case(state=" WORK in Progress "), case(state="closed"), case(state="-100"), case(state="-1")], mapped
    )
    assert result.accepted["state"].to_list() == ["open", "closed"]
    assert result.rejected["column"].to_list() == ["state", "state"]
    assert result.rejected["value"].to_list() == ["-100", None]


def test_otherwise_stands_for_values_that_are_not_listed_but_not_for_unknown():
    mapped = source({"title": {"from": "kind", "values": {"a": "A"}, "otherwise": "other"}})
    rows = raw([case(kind="a"), case(kind="b"), case(kind="?"), case(kind=None)])
    assert conformed(rows, mapped).accepted["title"].to_list() == ["A", "other", None, None]


def test_templates_and_constants_fill_columns_and_unknown_parts_leave_nothing():
    mapped = source({"title": {"template": "{Number}/{kind}!"}, "effort_minutes": {"constant": 5}})
    rows = raw([case(kind="fire"), case(kind="?")])
    assert conformed(rows, mapped).accepted.select("title", "effort_minutes").rows() == [("A1/fire!", 5), (None, 5)]


def test_outcomes_count_only_on_rows_that_say_so_and_never_from_the_future():
    closed = {"from": "closed", "only_when": {"State": "CLOSED"}, "no_later_than": "changed"}
    mapped = source({"closed_at": closed, "updated_at": "changed"})
    rows = [
        case(state="open", closed="2025-01-03 10:00", changed="2025-01-01 11:00"),
        case(state="closed", closed="2025-01-03 10:00", changed="2025-01-02 11:00"),
        case(state="closed", closed="2025-01-03 10:00", changed="2025-01-04 11:00"),
    ]
    days = conformed(rows, mapped).accepted["closed_at"].dt.day().to_list()
    assert days == [None, 2, 3]


def test_a_date_may_lie_so_many_days_before_what_the_source_tells():
    mapped = source({"closed_at": {"from": "due", "add_days": 1.5}, "updated_at": "due"})
    row = conformed([case(due="2025-03-01 12:00")], mapped).accepted
    assert row.select("closed_at", "updated_at").row(0) == (
        datetime(2025, 3, 3, tzinfo=UTC),
        datetime(2025, 3, 1, 12, tzinfo=UTC),
    )


def test_rows_that_where_leaves_out_are_not_received():
    mapped = source(where={"State": ["open", "new"], "owner": "*"})
    rows = raw([case(owner="x"), case(state="closed", owner="x"), case(owner="?"), case(owner=None), case(owner="y")])
    result = conformed(rows, mapped)
    assert (result.received, len(result.accepted)) == (2, 2)


def test_a_mapped_known_at_wins_and_an_unknown_one_is_when_it_is_recorded():
    mapped = source({"known_at": "changed"})
    rows = raw([case(changed="2025-02-01 00:00"), case(changed="?")])
    known = conformed(rows, mapped).accepted["known_at"].to_list()
    assert known == [datetime(2025, 2, 1, tzinfo=UTC), START]


def test_same_names_need_no_entry():
    mapped = source(same_names=True)
    assert only([case(title="Lamp", cost="1.5")], mapped)["cost"] == 1.5


def test_the_sequence_is_a_whole_number_or_the_row_is_rejected():
    mapped = source(sequence="n")
    assert conformed([case(n="7"), case(n="?")], mapped).accepted["_sequence"].to_list() == [7, None]
    assert broken([case(n="x")], mapped) == [
        ("_sequence: not a whole number (Int64) with the decimal mark '.'", "_sequence", "x")
    ]


def test_every_type_of_the_contract_is_read():
    mapped = source(
        {
            "effort_minutes": {"from": "hours", "decimal": ",", "scale": 60},
            "cost": {"from": "cost", "decimal": ","},
            "tags": {"from": "tags", "separator": ","},
            "is_urgent": "urgent",
            "due_on": {"from": "due", "format": "%d.%m.%Y"},
        }
    )
    row = only([case(hours="1,5", cost="3,25", tags="a, b", urgent="Yes", due="24.12.2025")], mapped)
    assert (row["effort_minutes"], row["cost"], row["tags"]) == (90, 3.25, ["a", "b"])
    assert (row["is_urgent"], row["due_on"]) == (True, date(2025, 12, 24))


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://evil","x")', "<script>alert(1)</script>", "@SUM(1)", "-2+3", "日本 😀", "a\nb"]
)
def test_formulas_html_and_any_language_are_data_and_kept_as_they_are(text):
    assert only([case(title=text)], source({"title": "title"}))["title"] == text


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (case(opened="2025-02-30 10:00"), "opened_at", "2025-02-30 10:00"),
        (case(opened="0001-01-01 00:00"), "opened_at", "0001-01-01 00:00"),
        (case(opened="9999-12-31 00:00"), "opened_at", "9999-12-31 00:00"),
        (case(number="A\x00"), "case_id", "A\x00"),
        (case(effort="NaN"), "effort_minutes", "NaN"),
        (case(effort="-5"), "effort_minutes", "-5"),
        (case(state="bad"), "state", "bad"),
        (case(number=None), "case_id", None),
        (case(closed="2024-01-01 00:00"), None, None),
    ],
)
def test_hostile_values_reject_their_row_alone(row, column, value):
    mapped = source({"effort_minutes": "effort", "closed_at": "closed"})
    rows = raw([case(number="ok", effort="1", closed=None), row | {"opened": row["opened"]}])
    result = conformed(rows, mapped)
    assert result.accepted["case_id"].to_list() == ["ok"]
    findings = result.rejected.to_dicts()
    assert {finding["position"] for finding in findings} == {2}
    if column is not None:
        assert column in {finding["column"] for finding in findings}
        assert value in {finding["value"] for finding in findings}


def test_infinite_floats_of_a_typed_source_are_rejected():
    mapped = source({"cost": "cost"})
    result = conformed(raw([case(cost=float("inf")), case(cost=float("nan")), case(cost=1.0)]), mapped)
    assert (len(result.accepted), result.rejected["value"].to_list()) == (1, ["inf", "NaN"])


def test_a_rejected_row_says_where_it_came_from_and_what_it_was():
    rows = raw([case(), case(number="B2", opened="never", note="x" * 10_000)], origin="day/1.csv")
    finding = conformed(rows).rejected.row(0, named=True)
    assert list(finding) == SCHEMA.names()
    assert (finding["table"], finding["source"], finding["origin"], finding["position"]) == (
        "cases", "helpdesk", "day/1.csv", 2,
    )  # fmt: skip
    assert (finding["load_id"], finding["loaded_at"]) == ("0001", START.replace(hour=1))
    assert finding["record"].startswith('{"number":"B2"')
    assert len(finding["record"]) == MAX_RECORD_CHARACTERS


def test_the_record_of_a_rejected_row_is_json_of_what_was_received():
    record = conformed([case(opened="never", n=3)]).rejected["record"][0]
    assert json.loads(record) == {"number": "A1", "state": "open", "opened": "never", "n": 3}


def test_a_row_that_breaks_several_rules_counts_once():
    result = conformed([case(opened="never", state="bad")])
    assert result.rejected_count == 1
    assert len(result.rejected) == 3  # opened_at, updated_at (both from Opened) and state


def test_damaged_rows_are_rejected_with_their_text_whatever_where_says():
    rows = raw(
        [
            case(
                number=None, state=None, opened=None, _damage="too many columns: expected 3, found 4", _text="a,b,c,d"
            ),
            case(),
        ]
    )
    result = conformed(rows, source(where={"State": "open"}))
    finding = result.rejected.row(0, named=True)
    assert (result.received, len(result.accepted), result.rejected_count) == (2, 1, 1)
    assert finding["rule"] == "too many columns: expected 3, found 4"
    assert finding["record"] == finding["value"] == "a,b,c,d"


def test_values_of_another_type_lie_in_a_variant_column_and_are_not_lost():
    rows = raw([case(cost=1.5), case(cost=None, cost__v_text="2.5"), case(cost=None, cost__v_text="many")])
    result = conformed(rows, source({"cost": "cost"}))
    assert result.accepted["cost"].to_list() == [1.5, 2.5]
    assert result.rejected["value"].to_list() == ["many"]


def test_no_rows_are_no_trouble():
    result = conformed(raw([case()]).clear())
    assert (result.received, len(result.accepted), result.rejected_count) == (0, 0, 0)
    assert dict(result.accepted.schema) == {**CASES.dtypes, "_sequence": pl.Int64()}


texts = st.one_of(
    st.none(),
    st.sampled_from(["?", "", "open", "closed", "2025-01-01", "2025-01-02 03:04", "7", "-7"]),
    st.text(max_size=6),
)
rows_of_anything = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(("number", "state", "opened", "closed", "effort"), texts)
        | {"_damage": st.sampled_from([None, None, None, "cut off"])}
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=examples(100))
@given(rows=rows_of_anything, where=st.sampled_from([{}, {"State": "open"}, {"closed": "*"}]))
def test_every_received_row_is_accepted_or_rejected_and_never_both(rows, where):
    mapped = source(
        {"closed_at": "closed", "effort_minutes": "effort", "title": "number"}, where=where, sequence="effort"
    )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String), strict=False)
    result = conformed(raw(frame.to_dicts()).with_columns(frame), mapped)
    assert result.received == len(result.accepted) + result.rejected_count
    assert result.rejected_count == result.rejected.select("origin", "position").n_unique()
    CASES.schema.validate(result.accepted.drop("_sequence"))


def test_further_channels_of_telemetry_keep_the_sources_names_and_leave_out_what_was_not_reported():
    telemetry = FileSource.model_validate(
        {
            "name": "motes",
            "kind": "files",
            "path": "motes.parquet",
            "feeds": [
                {
                    "table": "telemetry",
                    "columns": {"device_id": "mote", "at": {"from": "epoch", "unit": "s"}, "temperature_c": "temp"},
                    "channels": ["Light", "humidity"],
                }
            ],
        }
    )
    rows = raw(
        [
            {"mote": 7, "epoch": 1_700_000_000, "temp": 21.5, "light": 3.0, "humidity": None},
            {"mote": 7, "epoch": 1_700_000_060, "temp": 21.5, "light": None, "humidity": None},
            {"mote": 7, "epoch": 1_700_000_120, "temp": 21.5, "light": float("nan"), "humidity": 1.0},
        ]
    )
    result = conform(rows, telemetry.feeds[0], telemetry, TABLES["telemetry"], START)
    assert result.accepted["device_id"].to_list() == ["7", "7"]
    assert result.accepted["metrics"].to_list() == [[{"channel": "Light", "value": 3.0}], []]
    assert result.rejected.select("column", "value").rows() == [("Light", "NaN")]


def test_a_row_reports_every_rule_it_breaks_but_not_those_that_follow_from_another():
    mapped = source({"closed_at": "closed", "effort_minutes": "effort"})
    findings = conformed([case(opened="never", closed="2024-01-01 00:00", effort="-1")], mapped).rejected
    assert findings["column"].to_list() == ["effort_minutes", "opened_at", "updated_at"]
