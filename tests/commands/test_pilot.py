"""`opsguard pilot` as people use it: on the screen, as JSON, as three files in a folder with a space."""

import json

import pytest

from tests.finance.pilot.planted import Planted

DAYS = ("--from", "2026-03-02", "--to", "2026-03-29", "--as-of", "2026-04-02T03:00:00Z")
SETTINGS = "sla: {holdout_share: 0.3}\nmoney: {breach_cost: 1500}"


@pytest.fixture
def command(command_on, database, database_url, tmp_path):
    Planted(tmp_path / "lake", database, number=150)
    return command_on("pilot", tmp_path / "lake", database_url, settings=SETTINGS)


def test_a_pilot_is_shown_printed_and_written(command, tmp_path):
    code, out, err = command("--client", "a", *DAYS, "--out", str(tmp_path / "my pilots"))
    assert code == 0, err
    for words in ("Pilot from Mar 2, 2026 to Mar 29, 2026", "What was prevented", "Before and during"):
        assert words in out
    assert sorted(file.name for file in (tmp_path / "my pilots").iterdir()) == [
        f"pilot-a-2026-03-02.{ending}" for ending in ("html", "pdf", "xlsx")
    ]
    printed = json.loads(command("--client", "a", *DAYS, "--json")[1])
    (kept,) = [each for each in printed["numbers"] if each["code"] == "breaches"]
    assert kept["how"] == "measured"
    assert printed["files"] == []
    for arguments, failing, words in (
        (("--client", "zz", *DAYS), 1, "no client 'zz' is known"),
        (("--client", "a", "--from", "2026-03-29", "--to", "2026-03-02"), 1, "before it begins"),
        (("--client", "a", "--from", "soon", "--to", "2026-03-02"), 2, "write a day like 2026-10-05"),
    ):
        found, _, said = command(*arguments)
        assert found == failing
        assert words in " ".join(said.split())
