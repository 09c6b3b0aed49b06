"""Housekeeping makes tables small and keeps readable what is recent or pinned, also after years."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import compute, parquet

from resources.housekeeping import pin, pinned, tidy
from resources.lake import Lake, TableMissingError
from tests.resources.lake_writers import PARTS, parts, plain, record

DAY_MS = 86_400_000


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def grow_older(lake: Lake, *, days: int) -> None:
    """Moves everything that was written into the past: the instants in the log, and those of the files."""
    for file in Path(lake.uri).rglob("*"):
        if file.suffix == ".json":
            entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            for body in [body for entry in entries for body in entry.values() if isinstance(body, dict)]:
                for instant in {"deletionTimestamp", "timestamp", "modificationTime"} & set(body):
                    body[instant] -= days * DAY_MS
            file.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        if file.name.endswith(".checkpoint.parquet"):
            _age_checkpoint(file, days * DAY_MS)
        if file.is_file():
            os.utime(file, (file.stat().st_atime - days * 86_400, file.stat().st_mtime - days * 86_400))


def _age_checkpoint(file: Path, milliseconds: int) -> None:
    table = parquet.read_table(file)
    for action, instant in (("remove", "deletionTimestamp"), ("add", "modificationTime")):
        column = table[action].combine_chunks()
        names = [field.name for field in column.type]
        aged = [compute.subtract(column.field(n), milliseconds) if n == instant else column.field(n) for n in names]
        rebuilt = pa.StructArray.from_arrays(aged, fields=list(column.type), mask=compute.is_null(column))
        table = table.set_column(table.schema.get_field_index(action), table.schema.field(action), rebuilt)
    parquet.write_table(table, file)


def portions(lake: Lake, version: int) -> list[int]:
    return sorted(lake.scan("plain", version=version).collect()["portion"].unique())


def is_readable(lake: Lake, version: int) -> bool:
    try:
        portions(lake, version)
    except FileNotFoundError:
        return False
    return True


def test_many_small_files_become_few_and_the_rows_stay(lake, database):
    for portion in range(8):
        lake.append_once("plain", plain(portion, 5), stream="s", sequence=portion)
    done = tidy(lake, ["plain"], database, retention_days=30)
    assert [(t.table, t.files_before, t.files_after, t.files_vacuumed) for t in done] == [("plain", 8, 1, 0)]
    assert lake.scan("plain").collect().height == 40


def test_a_table_of_slices_keeps_its_slices_and_its_history(lake, database):
    for portion in range(4):
        record(lake, portion, 20)
    tidy(lake, ["tables/parts"], database, retention_days=30)
    assert lake.known(PARTS).sort("part_id").collect().equals(parts(3, 20).sort("part_id"))
    assert lake.versions(PARTS).collect().height == 80


def test_recent_versions_stay_readable(lake, database):
    for portion in range(4):
        lake.replace("plain", plain(portion, 5))
    grow_older(lake, days=29)
    assert tidy(lake, ["plain"], database, retention_days=30)[0].files_vacuumed == 0
    assert [portions(lake, version) for version in range(4)] == [[0], [1], [2], [3]]


def test_old_versions_are_deleted_but_not_the_pinned_one_nor_the_newest(lake, database):
    for portion in range(5):
        lake.replace("plain", plain(portion, 5))
    grow_older(lake, days=31)
    pin(database, "plain", 1, reason="scorecard 2025-01 of acme")
    done = tidy(lake, ["plain"], database, retention_days=30)[0]
    assert (done.files_vacuumed, done.versions_protected) == (3, 1)
    assert [is_readable(lake, version) for version in range(5)] == [False, True, False, False, True]
    assert portions(lake, 1) == [1]
    assert lake.scan("plain").collect()["portion"].unique().to_list() == [4]


def test_a_pinned_version_is_still_readable_after_its_log_grew_old_and_long(lake, database):
    for portion in range(3):
        lake.replace("plain", plain(portion, 5))
    pin(database, "plain", 1, reason="scorecard 2025-01 of acme")
    tidy(lake, ["plain"], database, retention_days=30)
    grow_older(lake, days=400)
    for portion in range(110):  # every hundredth commit cleans the log
        lake.append_once("plain", plain(portion, 1), stream="s", sequence=portion)
    tidy(lake, ["plain"], database, retention_days=30)
    assert portions(lake, 1) == [1]
    assert not is_readable(lake, 0)


def test_what_is_kept_for_a_while_is_deleted_by_a_later_day(lake, database):
    for portion in range(3):
        lake.replace("plain", plain(portion, 5))
    vacuumed = []
    for _ in range(5):
        vacuumed.append(tidy(lake, ["plain"], database, retention_days=30)[0].files_vacuumed)
        grow_older(lake, days=10)
    assert vacuumed == [0, 0, 0, 2, 0]
    assert lake.scan("plain").collect()["portion"].unique().to_list() == [2]


def test_what_a_killed_writer_left_is_deleted_when_it_is_old_and_not_while_it_may_still_be_written(lake, database):
    lake.replace("plain", plain(1, 5))
    left = Path(lake.uri) / "plain" / "part-left.parquet"
    left.write_bytes(b"half a file")
    tidy(lake, ["plain"], database, retention_days=30)
    assert left.exists()
    grow_older(lake, days=31)
    tidy(lake, ["plain"], database, retention_days=30)
    assert not left.exists()
    assert lake.scan("plain").collect().height == 5


def test_tidying_again_and_again_changes_nothing_that_is_read(lake, database):
    lake.replace("plain", plain(1, 5))
    pin(database, "plain", 0, reason="signed")
    for _ in range(3):
        tidy(lake, ["plain"], database, retention_days=30)
    assert portions(lake, 0) == [1]
    assert lake.scan("plain").collect().height == 5


def test_what_was_appended_once_stays_appended_once(lake, database):
    lake.append_once("plain", plain(1, 5), stream="s", sequence=1)
    tidy(lake, ["plain"], database, retention_days=30)
    assert not lake.append_once("plain", plain(1, 5), stream="s", sequence=1)


def test_tables_that_do_not_exist_yet_are_passed_over(lake, database):
    assert tidy(lake, ["plain", "tables/tickets"], database, retention_days=30) == []
    with pytest.raises(TableMissingError, match="there is nothing to tidy"):
        lake.tidy("plain", retention_days=30, keep_versions=[])


def test_a_version_can_be_pinned_for_several_reasons_and_again(database):
    for reason in ("scorecard acme", "scorecard acme", "audit"):
        pin(database, "plain", 3, reason=reason)
    pin(database, "plain", 1, reason="audit")
    pin(database, "tables/tickets", 7, reason="audit")
    assert pinned(database) == {"plain": [1, 3], "tables/tickets": [7]}
