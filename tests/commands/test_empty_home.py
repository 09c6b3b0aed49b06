"""Every command on a home without records: a sentence and a code, never a traceback."""

import re

import pytest
import typer

from opsguard_assets.cli import COMMANDS, app

PERIOD = ["--from", "2026-01-01", "--to", "2026-02-01"]
# What each command needs to do something; one that is not named here is called without arguments.
CALLS = {
    "up": ["--config", "nowhere.yaml"],
    "serve": ["--config", "nowhere.yaml"],
    "demo": [],
    "status": [],
    "sync": [],
    "tick": ["sla"],
    "train": ["sla_breach"],
    "evaluate": ["sla_breach", *PERIOD],
    "replay": ["sla_breach", *PERIOD],
    "models": ["sla_breach"],
    "promote": ["sla_breach", "--version", "3"],
    "rollback": ["sla_breach"],
    "tables": ["tickets"],
    "doctor": [],
    "simulate": ["--until", "x", "--out", "nowhere"],
    "escalations list": [],
    "escalations resolve-unknown": ["1", "--happened", "yes"],
    "alerts list": [],
    "alerts show": ["1"],
    "alerts explain": ["T1"],
    "alerts ack": ["1"],
    "alerts resolve": ["1", "--note", "done"],
    "alerts mute": ["--reason", "test", "--for", "2h", "--entity", "T1"],
    "alerts mutes": [],
    "alerts unmute": ["1"],
    "raw repair": ["exports"],
    "shifts list": [],
    "shifts evidence": ["R1@2026-01-01"],
    "vendors list": [],
    "vendors report": ["--out", "pages"],
    "ticks list": [],
    "verify": ["--only", "nothing"],  # it looks at no home; tests/verification runs it
    "ticks withdraw": ["sla", "--since", "2026-01-01T00:00+00:00", "--reason", "test"],
}


def leaves():
    """The names of all commands, subcommands in full."""
    root = typer.main.get_command(app)
    for name in COMMANDS:
        command = root.get_command(None, name)
        below = getattr(command, "commands", {})
        yield from (f"{name} {each}" for each in below) if below else [name]


@pytest.mark.parametrize("name", list(leaves()))
def test_a_command_on_an_empty_home_ends_with_a_sentence(
    name, command_on, database_url, database, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first, *rest = name.split()
    code, out, err = command_on(first, tmp_path / "lake", database_url)(*rest, *CALLS.get(name, []))
    result = f"{out}\n{err}"
    assert code in {0, 1, 2}, result
    assert re.search(r"[A-Za-z]{3}", result), "it says something"
    assert "Traceback" not in result
    assert "does not expect this error" not in result
    assert not re.search(r"\b\w+(Error|Exception):", result), result


@pytest.mark.parametrize(
    ("kind", "table"),
    [("sla", "tickets"), ("devices", "telemetry"), ("shifts", "rosters"), ("vendors", "work_orders")],
)
def test_a_tick_without_its_records_names_the_tables_that_it_needs(
    kind, table, command_on, database_url, database, tmp_path
):
    call = command_on("tick", tmp_path / "lake", database_url)
    source = "{name: exports, kind: files, path: in, feeds: [{table: vendors, same_names: true}]}"
    (tmp_path / "opsguard.yaml").write_text(f"sources: [{source}]\n")
    code, _, err = call(kind)
    assert code == 1
    assert table in err
    assert "does not expect this error" not in err
