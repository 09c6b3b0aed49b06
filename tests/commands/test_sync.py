"""What `sync`, `doctor` and `tick` say of what is wrong: once, with file, line and remedy, and as JSON if asked."""

import json

import polars as pl
import pytest

from opsguard_assets.commands import sync
from opsguard_assets.commands.diagnosis import diagnose
from opsguard_assets.commands.outcome import Loads
from opsguard_assets.intake.ledger import ledger
from resources.environment import read_environment
from resources.lake import Lake
from tests.remediation.given import record

CONFIG = """sources:
  - name: exports
    kind: files
    path: {folder}/vendors.csv
    feeds: [{{table: {table}, columns: {{vendor_id: {column}, name: name}}}}]
  - name: erp
    kind: sql
    url: ${{NOPE}}
    table: vendors
    feeds: [{{table: vendors, same_names: true}}]
"""


def write(tmp_path, *, table="vendors", column="id"):
    (tmp_path / "vendors.csv").write_text("id,name\nV1,Lifts\n", encoding="utf-8")
    path = tmp_path / "opsguard.yaml"
    path.write_text(CONFIG.format(folder=tmp_path, table=table, column=column), encoding="utf-8")
    return path


def test_a_sync_that_fails_early_says_so_as_a_document(tmp_path, capsys):
    with pytest.raises(ValueError, match="there is no table 'vendrs'"):
        sync.sync(config=write(tmp_path, table="vendrs"), as_json=True)
    (word,) = json.loads(capsys.readouterr().out).items()
    assert word[0] == "error"
    assert ":5: sources.0.feeds.0.table: there is no table 'vendrs'; close to it: vendors" in word[1]


def test_without_json_the_error_is_not_printed_twice(tmp_path, capsys):
    with pytest.raises(ValueError, match="there is no table"):
        sync.sync(config=write(tmp_path, table="vendrs"), as_json=False)
    assert capsys.readouterr().out == ""


def found(tmp_path, database_url, config):
    own = {"HOME": str(tmp_path), "CONFIG": str(config), "LAKE": str(tmp_path / "lake"), "DATABASE_URL": database_url}
    place = read_environment({f"OPSGUARD_{name}": value for name, value in own.items()})
    return {finding.what: finding for finding in diagnose(place, {})}


def test_the_doctor_tells_a_table_that_does_not_exist_with_its_line(tmp_path, database_url):
    finding = found(tmp_path, database_url, write(tmp_path, table="vendrs"))["configuration"]
    assert not finding.is_sound
    assert ":5: sources.0.feeds.0.table: there is no table 'vendrs'; close to it: vendors" in finding.found


def test_the_doctor_compares_mapped_columns_with_the_header_and_has_a_remedy_for_each_kind(tmp_path, database_url):
    asked = found(tmp_path, database_url, write(tmp_path, column="number"))
    files, database = asked["source exports"], asked["source erp"]
    assert (files.is_sound, database.is_sound) == (False, False)
    assert files.found.startswith("Source exports, table vendors: the mapping names the column 'number'")
    assert "Correct the mapping, or ask the owner of the source" in files.remedy  # the words of a load
    assert "the variable NOPE is not set" in database.found
    assert "Set it, or write ${NOPE:-a default}" in database.remedy
    sound = found(tmp_path, database_url, write(tmp_path))["source exports"]
    assert (sound.is_sound, sound.found) == (True, "all mapped columns in the newest of 1 files")


def test_the_doctor_names_clients_and_sites_that_nobody_knows_with_the_nearest_one(tmp_path, database_url):
    config = write(tmp_path)
    named = (
        "plans: {clients: {C0O1: {ends_on: 2027-01-01}, C002: {}}}\n"
        "routing: {routes: [{name: night, when: {site: S2, client: acme}}]}\n"
    )
    config.write_text(f"{config.read_text()}{named}")
    assert "names of clients" not in found(tmp_path, database_url, config), "nothing is judged before any is known"
    lake = Lake(str(tmp_path / "lake"))
    clients = [{"client_id": f"C00{n}", "name": name, "timezone": "UTC"} for n, name in ((1, "Acme"), (2, "Zenith"))]
    record(lake, "clients", *clients)
    record(lake, "sites", {"site_id": "S2", "client_id": "C001", "name": "Harbour", "timezone": "UTC"})
    asked = found(tmp_path, database_url, config)
    assert asked["names of clients"].found == (
        "plans.clients names 'C0O1', which no source knows, did you mean C001?; "
        "routing.routes.0.when.client names 'acme', which no source knows, did you mean C001?"
    )
    assert (asked["names of clients"].is_sound, asked["names of sites"].is_sound) == (False, True)


def test_sources_whose_columns_changed_are_known_from_the_ledger():
    rows = ledger.empty().vstack(
        pl.DataFrame(
            [{"source": "a", "drift": ["new column: x"]}, {"source": "b", "drift": []}],
            schema_overrides={"drift": pl.List(pl.String)},
        ).pipe(lambda result: pl.concat([ledger.empty(), result], how="diagonal"))
    )
    loads = Loads(rows, pl.DataFrame())
    assert (loads.drifted, loads.drift) == ({"a"}, ["a: new column: x"])


def test_what_is_wrong_with_a_source_of_many_tables_is_shown_once(capsys):
    failed = [{"asset": asset, "check": "mapping_fits", "severity": "ERROR", "found": "Correct it."} for asset in "ab"]
    sync.show(Loads(ledger.empty(), pl.DataFrame()), failed)
    assert "check failed: a, b mapping_fits: Correct it." in capsys.readouterr().err
