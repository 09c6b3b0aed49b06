"""What opsguard.yaml says of tables fits the contract, and of files their headers: told before anything is read."""

import gzip

import polars as pl
import pytest

from opsguard_assets.config.load import ConfigError, parse_settings
from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.intake.readers.files import list_files
from opsguard_assets.intake.readers.header import check_header

SOURCES = """sources:
  - name: simulator
    kind: simulator
    folder: nowhere
  - name: helpdesk
    kind: files
    path: a.csv
    feeds:
      - table: tickets
        columns:
          ticket_id: number
          title: title
      - {table: rosters, snapshot: true}
"""


def parse(text):
    return parse_settings(text, name="opsguard.yaml", variables={}, rule=misfits)


def test_tables_and_columns_of_the_contract_are_accepted():
    assert len(parse(SOURCES).sources) == 2


WRONG = {
    ("table: tickets", "table: tickts"): (
        "9: sources.1.feeds.0.table: there is no table 'tickts'; close to it: tickets, ticket_events; "
        "`opsguard tables` lists the tables."
    ),
    (
        "title: title",
        "titel: title",
    ): "12: sources.1.feeds.0.columns.titel: tickets has no such column; close to it: title",
    ("table: rosters", "table: telemetry"): "13: sources.1.feeds.1.snapshot: telemetry holds reports, of which no list",
    ("table: rosters", "table: punch_feeds"): (
        "13: sources.1.feeds.1.snapshot: of the versions of punch_feeds the one of the greatest reported_upto_at "
        "counts, and a missing row has none; take `snapshot` out and use `withdrawn_when`."
    ),
}


@pytest.mark.parametrize(("change", "told"), WRONG.items(), ids=[wrong for _, wrong in WRONG])
def test_what_the_contract_does_not_have_is_told_with_file_line_and_remedy(change, told):
    with pytest.raises(ConfigError) as caught:
        parse(SOURCES.replace(*change))
    assert str(caught.value).startswith(f"opsguard.yaml:{told}")


def test_all_misfits_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        parse(SOURCES.replace("ticket_id: ", "tickt_id: ").replace("table: rosters", "table: roster"))
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["opsguard.yaml:11", "opsguard.yaml:13"]


def checked(path, **more):
    feed = {"table": "vendors", "columns": {"vendor_id": "Vendor No", "name": "name"}}
    given = {"name": "erp", "kind": "files", "path": str(path), "feeds": [feed], **more}
    source = FileSource.model_validate(given)
    return check_header(source, list_files(source)[-1])


def test_a_header_with_all_mapped_columns_is_counted(tmp_path):
    text = "\ufeffVendor No;name;city\nV1;Lifts;Bonn\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.removeprefix("\ufeff").encode("utf-16")))
    (tmp_path / "c.tsv").write_text(text.replace(";", "\t"), encoding="utf-8")
    pl.DataFrame({"Vendor No": ["V1"], "name": ["Lifts"]}).write_parquet(tmp_path / "d.parquet")
    (tmp_path / "e.jsonl").write_text("{}\n")
    (tmp_path / "f.csv").write_text("V1,Lifts\n")
    assert checked(tmp_path / "a.csv", csv={"delimiter": ";"}) == 3
    assert checked(tmp_path / "b.csv.gz", csv={"delimiter": ";", "encoding": "utf-16"}) == 3
    assert checked(tmp_path / "c.tsv") == 3
    assert checked(tmp_path / "d.parquet") == 2
    assert checked(tmp_path / "e.jsonl") is None
    assert checked(tmp_path / "f.csv", csv={"columns": ["Vendor No", "name"]}) == 2


def test_a_header_without_a_mapped_column_is_told_with_its_file(tmp_path):
    (tmp_path / "a.csv").write_text("Vendor,name\nV1,Lifts\n")
    with pytest.raises(MappingError, match=r"^Source erp, table vendors: .* 'Vendor No', which"):
        checked(tmp_path)
