"""Exports as systems of the field write them, from the file to the table: each with its right values.

Here: whole ways through `opsguard.yaml`, receiving and accepting. Not here: the steps alone (`test_parse`, …).
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from opsguard_assets.config.load import ConfigError, parse_settings
from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.intake.readers.files import list_files
from opsguard_assets.intake.readers.header import check_header
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.receive.inboxes import Mailbox


class Field:
    """An installation that loads the files of one folder by one text of settings."""

    def __init__(self, home: Path) -> None:
        self.mailbox, self.folder = Mailbox(home), home / "in box"
        self.folder.mkdir()
        self.lake = Lake(self.mailbox.lake_uri)
        self.received = []

    def load(self, settings: str, **files: str | bytes):
        """(accepted, rejected) per table, after the files were received."""
        for name, content in files.items():
            path = self.folder / name.replace("__", ".")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        text = "sources:\n" + settings.replace("BOX", str(self.folder))
        parsed = parse_settings(text, name="opsguard.yaml", variables={}, rule=misfits)
        loads = []
        for source in parsed.sources:
            self.received.append(self.mailbox.receive(source))
            assert not self.received[-1].failures, self.received[-1].failures
            loads += accept(self.lake, source, TABLES)
        return {load.table: (load.accepted, load.rejected) for load in loads}

    def rows(self, table: str, *columns: str) -> list[tuple]:
        known = self.lake.known(TABLES[table], datetime(2200, 1, 1, tzinfo=UTC)).select(columns).collect()
        return known.sort(columns).rows()

    def rejected(self, table: str) -> pl.DataFrame:
        return self.lake.scan(f"quarantine/{table}").collect()


@pytest.fixture
def field(tmp_path) -> Field:
    return Field(tmp_path)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


ORDERS = """
  - name: erp
    kind: files
    path: "BOX/*.csv"
    timezone: Europe/Berlin
    feeds:
      - table: work_orders
        columns:
          {{work_order_id: po, vendor_id: {{constant: V}}, created_at: ordered, due_at: {due}}}
"""


def test_a_date_by_which_something_is_due_means_the_end_of_that_day_and_a_time_means_that_time(field):
    text = "po,ordered,due\n1,2026-11-01,2026-11-11\n2,2026-11-01,2026-11-11 08:00\n3,2026-03-01,2026-03-29\n"
    text += "4,2026-10-01,2026-10-25\n5,2026-11-01,2026-11-11T08:00:00Z\n"
    assert field.load(ORDERS.format(due="due"), a__csv=text) == {"work_orders": (5, 0)}
    assert field.rows("work_orders", "work_order_id", "created_at", "due_at") == [
        ("1", utc(2026, 10, 31, 23), utc(2026, 11, 11, 23)),
        ("2", utc(2026, 10, 31, 23), utc(2026, 11, 11, 7)),
        ("3", utc(2026, 2, 28, 23), utc(2026, 3, 29, 22)),
        ("4", utc(2026, 9, 30, 22), utc(2026, 10, 25, 23)),
        ("5", utc(2026, 10, 31, 23), utc(2026, 11, 11, 8)),
    ]


def test_among_several_formats_each_value_says_whether_it_is_a_day(field):
    text = "po,ordered,due\n1,2026-11-01,11.11.2026\n2,2026-11-01,11.11.2026 08:00\n3,2026-11-01,2026/11/12\n"
    due = '{from: due, format: ["%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d"], timezone: America/New_York}'
    field.load(ORDERS.format(due=due), a__csv=text)
    assert field.rows("work_orders", "work_order_id", "due_at") == [
        ("1", utc(2026, 11, 12, 5)),
        ("2", utc(2026, 11, 11, 13)),
        ("3", utc(2026, 11, 13, 5)),
    ]


def test_a_day_number_of_a_spreadsheet_is_a_day_where_it_is_whole(field):
    text = "po,ordered,due\n1,2024-03-01,45366\n2,2024-03-01,45366.5\n"
    field.load(ORDERS.format(due="{from: due, unit: excel}"), a__csv=text)
    assert field.rows("work_orders", "work_order_id", "due_at") == [
        ("1", utc(2024, 3, 15, 23)),
        ("2", utc(2024, 3, 15, 11)),
    ]


def test_a_typed_day_of_parquet_is_a_day_too(field):
    frame = pl.DataFrame({"po": ["1"], "ordered": [datetime(2026, 11, 1, 9)], "due": [datetime(2026, 11, 11)]})  # noqa: DTZ001
    frame.with_columns(pl.col("due").cast(pl.Date)).write_parquet(field.folder / "a.parquet")
    field.load(ORDERS.format(due="due").replace("*.csv", "*.parquet"))
    assert field.rows("work_orders", "created_at", "due_at") == [(utc(2026, 11, 1, 8), utc(2026, 11, 11, 23))]


def test_a_day_begins_with_its_first_instant_also_where_midnight_is_skipped(field):
    text = "po,ordered,due\n1,2018-11-04,2018-11-03\n"
    field.load(ORDERS.format(due="due").replace("Europe/Berlin", "America/Sao_Paulo"), a__csv=text)
    assert field.rows("work_orders", "created_at", "due_at") == [(utc(2018, 11, 4, 3), utc(2018, 11, 4, 3))]


LEAVE = """
  - name: leave
    kind: files
    path: BOX/leave.csv
    timezone: Europe/Berlin
    feeds:
      - table: absences
        columns:
          {{person_id: person, starts_at: from_date, ends_at: {ends}, kind: kind, known_at: {{constant: "2026-03-01"}}}}
"""
LEAVES = """person,from_date,to_date,kind
GL,2026-10-24,2026-10-25,leave
GM,2026-10-25,2026-10-25,leave
GN,2026-03-28,2026-03-29,leave
GO,2026-11-02,2026-11-02,leave
"""


@pytest.mark.parametrize("ends", ["to_date", "{from: to_date, add_days: 1}"])
def test_leave_to_a_day_lasts_until_its_end_over_both_changes_of_the_clocks(field, ends):
    field.load(LEAVE.format(ends=ends), leave__csv=LEAVES)
    assert field.rows("absences", "person_id", "ends_at") == [
        ("GL", utc(2026, 10, 25, 23)),
        ("GM", utc(2026, 10, 25, 23)),
        ("GN", utc(2026, 3, 29, 22)),
        ("GO", utc(2026, 11, 2, 23)),
    ]


def test_days_are_added_on_the_wall_and_parts_of_a_day_as_hours(field):
    text = "po,ordered,due\n1,2026-03-01,2026-03-28 12:00\n2,2026-03-01,2026-03-28T11:00:00Z\n"
    field.load(ORDERS.format(due="{from: due, add_days: 1.5}"), a__csv=text)
    noon_and_twelve_hours = utc(2026, 3, 29, 22)
    assert field.rows("work_orders", "due_at") == [(noon_and_twelve_hours,)] * 2


SHEET = """
  - name: kimai
    kind: files
    path: BOX/sheet.csv
    timezone: Europe/Berlin
    feeds:
      - table: attendance
        columns:
          person_id: User
          site_id: Project
          punched_in_at: {template: "{Date} {From}", format: "%Y-%m-%d %H:%M"}
          punched_out_at: {template: "{Date} {To}", format: "%Y-%m-%d %H:%M", after: punched_in_at}
"""


def test_a_time_sheet_with_one_date_and_two_times_passes_midnight(field):
    text = "Date,From,To,User,Project\n2026-11-26,08:00,16:30,ann,S1\n2026-11-27,22:00,00:45,ann,S1\n"
    text += "2026-11-28,22:00,24:00,bob,S1\n2026-10-24,22:00,06:00,cat,S1\n2026-11-29,08:00,,dan,S1\n"
    assert field.load(SHEET, sheet__csv=text) == {"attendance": (5, 0)}
    assert field.rows("attendance", "person_id", "punched_in_at", "punched_out_at") == [
        ("ann", utc(2026, 11, 26, 7), utc(2026, 11, 26, 15, 30)),
        ("ann", utc(2026, 11, 27, 21), utc(2026, 11, 27, 23, 45)),
        ("bob", utc(2026, 11, 28, 21), utc(2026, 11, 28, 23)),
        ("cat", utc(2026, 10, 24, 20), utc(2026, 10, 25, 5)),
        ("dan", utc(2026, 11, 29, 7), None),
    ]


ZENDESK = """
  - name: zendesk
    kind: files
    path: BOX/tickets.jsonl
    feeds:
      - table: tickets
        columns:
          ticket_id: id
          client_id: organization_id
          title: subject
          priority: {priority}
          status: {{from: status, values: {{hold: on_hold, pending: on_hold, solved: resolved}}}}
          opened_at: created_at
          updated_at: updated_at
          source: via.channel
          category: via.source.to.name
"""
TICKETS = """{"id":1,"created_at":"2024-03-15T08:05:00Z","updated_at":"2024-03-15T09:10:00Z","status":"hold",\
"priority":"urgent","subject":"Door","organization_id":5,"via":{"channel":"web","source":{"to":{"name":"Desk"}}}}
{"id":2,"created_at":"2024-03-15T08:05:00Z","updated_at":"2024-03-15T09:10:00Z","status":"open","priority":null,\
"subject":"Lift","organization_id":5,"via":{"channel":"email","source":{"to":{}}},"tags":[]}
"""


@pytest.mark.parametrize("empty", ['"": medium', "x: low}, default: medium, values: {normal: medium, urgent: critical"])
def test_an_empty_cell_gets_its_default_and_a_key_inside_a_record_is_named_with_dots(field, empty):
    priority = "{from: priority, values: {urgent: critical, normal: medium, " + empty + "}, otherwise: low}"
    if empty.startswith("x"):
        priority = "{from: priority, default: medium, values: {normal: medium, urgent: critical}, otherwise: low}"
    assert field.load(ZENDESK.format(priority=priority), tickets__jsonl=TICKETS) == {"tickets": (2, 0)}
    assert field.rows("tickets", "ticket_id", "priority", "source", "category") == [
        ("1", "critical", "web", "Desk"),
        ("2", "medium", "email", None),
    ]


WRONG = {
    "{from: due, format: '%H:%M %p'}": "10: sources.0.feeds.0.columns.due_at.format: the format '%H:%M %p' has `%p`",
    "{from: due, format: ['%d.%m.%Y', '%Q']}": "columns.due_at.format.1: `%Q` in the format '%Q' is not a directive",
    "{from: due, unit: excel, format: '%d.%m.%Y'}": "due_at.unit: `unit` reads numbers and `format` reads texts",
    "{from: due, separator: ';'}": "columns.due_at.separator: `separator` is for lists, and due_at is not one",
    "{from: due, decimal: ','}": "columns.due_at.decimal: `decimal` is for numbers",
    "{from: due, scale: 2}": "columns.due_at.scale: `scale` is for numbers",
    "{from: due, after: closed_at}": "columns.due_at.after: `after` names another instant of work_orders",
    "{template: '{Date', format: '%Y'}": "columns.due_at.template: a brace does not close",
    "{template: 'Date'}": "columns.due_at.template: the template names no source column",
    "{constant: soon}": "columns.due_at.constant: 'soon' is not a value of due_at: not a valid timestamp in ISO 8601",
    "{from: due, default: never}": "columns.due_at.default: 'never' is not a value of due_at",
    "{from: due, values: {A: x, a: 2024-01-01}}": "'a' is given two values",
    "{from: due, only_when: {State: []}}": "columns.due_at.only_when.State: no value is allowed",
    "{from: due, timezone: Europe/Berln}": "'Europe/Berln' is not an IANA time zone; did you mean Europe/Berlin",
    "{from: due, default: '2024-01-01', values: {'': '2024-01-02'}}": "an empty cell is given a value twice",
}


@pytest.mark.parametrize("due", WRONG)
def test_a_word_of_a_mapping_that_cannot_be_meant_is_refused_with_its_line_before_anything_is_read(field, due):
    with pytest.raises(ConfigError) as refused:
        field.load(ORDERS.format(due=due), a__csv="po,ordered,due\n1,2026-11-01,2026-11-11\n")
    said = str(refused.value)
    assert WRONG[due] in said
    assert said.startswith("opsguard.yaml:")
    assert not said.endswith(("..", "?.", "!."))
    assert not field.lake.exists("tables/work_orders")


def test_a_value_that_no_choice_has_is_refused_with_the_choices(field):
    with pytest.raises(
        ConfigError, match=r"columns.priority.values.P1: 'crit' is not a value of priority: not one of critical"
    ):
        field.load(ZENDESK.format(priority="{from: priority, values: {P1: crit}}"), tickets__jsonl=TICKETS)


JIRA = """
  - name: jira
    kind: files
    path: BOX/jira.csv
    feeds:
      - table: tickets
        columns:
          ticket_id: Issue key
          client_id: {constant: jira}
          title: Summary
          category: CATEGORY
          priority: {from: Priority, values: {Highest: critical, High: high}}
          status: {from: Status, values: {In Progress: in_progress, Done: resolved}}
          opened_at: &at {from: Created, format: "%d/%b/%y %I:%M %p"}
          updated_at: {from: Updated, format: "%d/%b/%y %I:%M %p"}
          resolved_at: {from: Resolved, format: "%d/%b/%y %I:%M %p"}
"""
ISSUES = """Issue key,Summary,Priority,Status,Created,Updated,Resolved,Labels,Labels,Labels,Comment,Comment
OPS-1,Door stuck,High,In Progress,15/Mar/24 1:05 PM,15/Mar/24 2:10 PM,,hw,door,,"15/Mar/24;u1;Looked at it
will come, ""soon"", he said",
OPS-2,Lift,Highest,Done,14/Mar/24 12:05 AM,15/Mar/24 9:00 AM,15/Mar/24 9:00 AM,,,,,
"""


def test_columns_that_come_again_stop_no_file_and_are_reached_by_their_number(field):
    assert field.load(JIRA.replace("CATEGORY", "Labels_2"), jira__csv=ISSUES) == {"tickets": (2, 0)}
    assert field.rows("tickets", "ticket_id", "category", "priority", "opened_at", "resolved_at") == [
        ("OPS-1", "door", "high", utc(2024, 3, 15, 13, 5), None),
        ("OPS-2", None, "critical", utc(2024, 3, 14, 0, 5), utc(2024, 3, 15, 9)),
    ]


@pytest.mark.parametrize("column", ["Labels", "L"])
def test_a_column_that_comes_again_and_is_mapped_is_refused(field, column):
    with pytest.raises(AssertionError, match=f"the column '{column}' comes twice"):
        field.load(JIRA.replace("CATEGORY", column), jira__csv=ISSUES.replace("Labels", column))


REPORT = """
  - name: report
    kind: files
    path: BOX/a.csv
    csv: {{delimiter: ";", {csv}}}
    feeds:
      - table: work_orders
        where: {{Supplier: "*"}}
        columns:
          {{work_order_id: Number, vendor_id: Supplier, category: Kind,
           created_at: {{from: Created, format: "%d/%m/%Y %H:%M"}}}}
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_title_before_the_header_and_a_line_of_totals_are_no_records(field, end):
    lines = ['Work "order export;;;;', "From 01/03/2024;;;;", ";;;;", "Number;Supplier;Created;Kind;Cost"]
    lines += ["W-1;V1;01/03/2024 08:00;a;10", "W-2;V1;03/03/2024 08:00;b;20", "W-3;V1;never;c;5", "Total;;;;30"]
    loaded = field.load(REPORT.format(csv="header_at: 4"), a__csv="".join(line + end for line in lines))
    assert loaded == {"work_orders": (2, 1)}
    assert field.rows("work_orders", "work_order_id", "created_at") == [
        ("W-1", utc(2024, 3, 1, 8)),
        ("W-2", utc(2024, 3, 3, 8)),
    ]
    assert field.rejected("work_orders")["position"].to_list() == [7]  # as an editor counts


@pytest.mark.parametrize(
    ("name", "written", "kind"),
    [
        ("latin-1", "cp1252", "Türöffner \u2013 50 €"),
        ("iso-8859-1", "cp1252", "Türöffner \u2013 50 €"),
        ("cp1252", "cp1252", "„Tür“"),
        ("cp1250", "cp1250", "Dveře č. 5"),
        ("windows-1251", "cp1251", "Дверь"),
        ("shift_jis", "cp932", "扉①"),
        ("gb2312", "gb18030", "门镕"),
        ("utf-16", "utf-16", "Tür €"),
        ("utf-8-sig", "utf-8-sig", "Tür €"),
    ],
)
def test_the_character_sets_of_spreadsheets_are_read_as_they_write_them(field, name, written, kind):
    text = f"Number;Supplier;Created;Kind\nB-1;V1;15/03/2024 08:05;{kind}\n"
    field.load(REPORT.format(csv=f"encoding: {name}"), a__csv=text.encode(written))
    assert field.rows("work_orders", "work_order_id", "category") == [("B-1", kind)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("encoding: utf-88", "'utf-88' is not a character set; write utf-8, cp1252"),
        ("encoding: idna", "'idna' is not a character set of files"),
        ("encoding: base64", "'base64' is not a character set"),
        ('quote: ";"', "two different characters"),
        ("header_at: 2, columns: [a]", "a header (`header_at`) or none (`columns`)"),
    ],
)
def test_csv_options_that_cannot_be_meant_are_refused_when_they_are_read(field, options, words):
    with pytest.raises(ConfigError, match=r"opsguard.yaml:\d+: sources.0") as refused:
        field.load(REPORT.format(csv=options), a__csv="x")
    assert words in str(refused.value)


def test_one_source_whose_mapping_does_not_fit_is_told_alike_by_a_look_at_its_header_and_by_a_load(field):
    settings = "sources:\n" + REPORT.format(csv="encoding: utf-8").replace("BOX", str(field.folder))
    (field.folder / "a.csv").write_text("No;Supplier;Created;Kind\n1;V1;15/03/2024 08:05;x\n")
    source = parse_settings(settings, name="opsguard.yaml", variables={}, rule=misfits).sources[0]
    assert isinstance(source, FileSource)
    with pytest.raises(MappingError) as looked:
        check_header(source, list_files(source)[-1])
    field.mailbox.receive(source)
    with pytest.raises(MappingError) as loaded:
        accept(field.lake, source, TABLES)
    assert str(looked.value) == str(loaded.value)


def test_a_title_that_was_taken_for_the_header_is_told_with_the_word_that_helps(field):
    with pytest.raises(MappingError, match=r"below a title, set `csv: \{header_at: …\}` to its line"):
        field.load(REPORT.format(csv="encoding: utf-8"), a__csv="Orders;;;\n;;;\nNumber;Supplier;Created;Kind\n")
