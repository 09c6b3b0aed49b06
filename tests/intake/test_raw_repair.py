"""Raw tables that older versions poisoned: the error names the command, and the command mends them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.raw.received import RawTableError, SourceError
from opsguard_assets.intake.receiving.raw_repair import repair
from opsguard_assets.tables.registry import TABLES
from resources.delta import open_table
from resources.lake import Lake
from tests.intake.hostile import SOUND, csv, row
from tests.intake.receive.inboxes import Mailbox, files

POISONS = {
    "title": ([b"K\xe4lte", b"fine"], pa.string()),
    "opened": ([2**63 - 1, 1_735_725_600_000_000], pa.timestamp("us", "UTC")),
}


def poisoned(tmp_path, column):
    """A mailbox with a sound load, and one of two rows whose first cannot be held, as old versions wrote it."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.csv").write_bytes(csv(row("T1")))
    mailbox, source = Mailbox(tmp_path), files(folder)
    mailbox.receive(source)
    values, dtype = POISONS[column]
    array = pa.array(values, pa.binary() if dtype == pa.string() else pa.int64()).view(dtype)
    texts = {name: pa.array([value] * 2) for name, value in SOUND.items() if name != column}
    notes = {
        "_load_id": pa.array(["poison"] * 2),
        "_loaded_at": pa.array([datetime(2026, 1, 1, 5, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
        "_origin": pa.array(["old.parquet"] * 2),
        "_position": pa.array([1, 2]),
        "_damage": pa.nulls(2, pa.string()),
        "_text": pa.nulls(2, pa.string()),
    }
    place = column if dtype == pa.string() else f"{column}__v_timestamp"
    rows = pa.table({"id": pa.array(["P1", "P2"]), **texts, place: array, **notes})
    write_deltalake(f"{mailbox.lake_uri}/raw/helpdesk", rows, mode="append", schema_mode="merge")
    return mailbox, source, Lake(mailbox.lake_uri)


@pytest.mark.parametrize("column", POISONS)
def test_the_error_names_the_command_and_the_command_sets_the_row_apart(tmp_path, column):
    mailbox, source, lake = poisoned(tmp_path, column)
    with pytest.raises(RawTableError, match=r"raw/helpdesk cannot be read .*`opsguard raw repair helpdesk`"):
        accept(lake, source, TABLES)
    repaired = repair(mailbox.lake_uri, "helpdesk")
    assert (repaired.kept, list(repaired.apart.values()), repaired.files) == (2, [1], {})
    (load,) = accept(lake, source, TABLES)
    assert (load.load_id, load.rejected) == ("poison", 1)
    rejected = lake.scan("quarantine/tickets").filter(pl.col("origin") == "old.parquet").collect()
    assert rejected["position"].to_list() == [1]
    assert json.loads(rejected["record"][0])["id"] == "P1"
    assert repair(mailbox.lake_uri, "helpdesk").is_sound
    assert mailbox.receive(source).rows == 0
    (tmp_path / "files" / "b.csv").write_bytes(csv(row("T3")))
    assert mailbox.receive(source).rows == 1
    assert [load.accepted for load in accept(lake, source, TABLES)] == [1]


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_damaged_data_file_is_put_aside_and_the_others_are_kept(tmp_path, harm):
    folder = tmp_path / "files"
    folder.mkdir()
    mailbox, source = Mailbox(tmp_path), files(folder)
    for name in ("T1", "T2"):
        (folder / f"{name}.csv").write_bytes(csv(row(name)))
        mailbox.receive(source)
    victim = Path(open_table(f"{mailbox.lake_uri}/raw/helpdesk", {}).file_uris()[0])
    lost = victim.read_bytes()[:100]
    victim.write_bytes(lost) if harm == "cut" else victim.unlink()
    repaired = repair(mailbox.lake_uri, "helpdesk")
    assert (repaired.kept, list(repaired.files)) == (1, [victim.name])
    assert (repaired.folder / victim.name).exists() == (harm == "cut")
    assert mailbox.raw("helpdesk").height == 1
    assert [load.accepted for load in accept(Lake(mailbox.lake_uri), source, TABLES)] == [1]


def test_a_sound_table_is_left_as_it_is_and_a_strange_name_is_told(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.csv").write_bytes(csv(row("T1")))
    mailbox = Mailbox(tmp_path)
    mailbox.receive(files(folder))
    before = open_table(f"{mailbox.lake_uri}/raw/helpdesk", {}).version()
    assert repair(mailbox.lake_uri, "helpdesk").is_sound
    assert open_table(f"{mailbox.lake_uri}/raw/helpdesk", {}).version() == before
    with pytest.raises(SourceError, match="There is no raw/helpdsk"):
        repair(mailbox.lake_uri, "helpdsk")
