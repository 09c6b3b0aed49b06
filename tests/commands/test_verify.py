"""`opsguard verify`: what it refuses, what it leaves (nothing), and the whole of it as a process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from opsguard_assets.cli import app
from opsguard_assets.commands.verify import _temporary
from opsguard_assets.verification.catalog import NAMES
from opsguard_assets.verification.result import Result, Wrong
from tests.long import long
from tests.resources.embedded import at_work

OPSGUARD = Path(sys.executable).with_name("opsguard")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--only", "slo"), "there is no slo; there are remediation, sla,"),
        (("--junit", "nowhere/out.xml"), "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(given, said):
    result = CliRunner().invoke(app, ["verify", *given])
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", "").split())


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_what_failed_is_said_with_its_place_and_what_to_do_next_and_the_command_exits_with_1(form, monkeypatch):
    wrong = Wrong("T-1 has no open alert before its deadline", "alerts of SLA risk", "see docs/models.md")
    results = [
        Result("sla", "asks", "3 tickets", "0 of 3 alerted", 17, (wrong,), 1.5),
        Result("vendors", "asks", "2 vendors", "98 points against 43", 6, (), 0.5),
    ]
    monkeypatch.setattr("opsguard_assets.commands.verify._run", lambda _: results)
    result = CliRunner().invoke(app, ["verify", *form])
    assert result.exit_code == 1
    for words in (wrong.what, wrong.where, wrong.remedy, "98 points against 43"):
        assert words in result.stdout
    if form:
        assert json.loads(result.stdout)["passed"] is False
    else:
        assert "2 verifications, 23 claims" in result.stdout
        assert result.stdout.rstrip().endswith("sla failed.")


def interrupted(found):
    """Ctrl-C while the world is there; notes where it was."""
    with _temporary() as (folder, server):
        found.append(folder.parent)
        assert folder.is_dir()
        assert server.startswith("postgresql://")
        assert at_work(folder.parent / "postgres")
        raise KeyboardInterrupt


def test_whatever_ends_it_the_folder_and_the_server_are_gone():
    found = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(found)
    (root,) = found
    assert not root.exists()
    assert at_work(root / "postgres") == []


@pytest.fixture
def place(tmp_path):
    """A new user in an empty folder with a space; temporary files lie in another one."""
    here, temporary = tmp_path / "a folder", tmp_path / "temporary files"
    here.mkdir(), temporary.mkdir()
    temporary.chmod(0o777)  # servers of root run as another user
    variables = {name: value for name, value in os.environ.items() if not name.startswith("OPSGUARD_")}
    yield here, {**variables, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    assert list(temporary.iterdir()) == []


def began(place, *given):
    here, variables = place
    return subprocess.Popen(
        [OPSGUARD, "verify", *given], cwd=here, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@long
def test_everything_holds_and_nothing_is_left(place):
    process = began(place, "--json", "--junit", "results of verify.xml")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert [each["name"] for each in result["verifications"]] == list(NAMES)
    assert result["passed"]
    assert all(each["claims"] > 5 and each["found"] for each in result["verifications"])
    here, _ = place
    assert [each.name for each in here.iterdir()] == ["results of verify.xml"]
    assert ET.parse(here / "results of verify.xml").getroot().get("failures") == "0"
    assert "sla: " in err


@long
def test_ctrl_c_ends_it_with_130_and_leaves_nothing(place):
    process = began(place)
    while line := process.stderr.readline():
        if line.startswith("sla: "):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    here, variables = place
    assert list(here.iterdir()) == []
    assert at_work(Path(variables["TMPDIR"])) == []
