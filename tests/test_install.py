"""`make setup` is quiet while pip works, and names its log when it fails; in a folder with a space, too."""

import os
import shutil
import subprocess

import pytest

from tests.house import ROOT


@pytest.fixture
def checkout(tmp_path):
    """A folder with a space that has what the installation reads, and a Python that only says what it was asked."""
    folder = tmp_path / "a folder"
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "requirements.txt").write_text("polars==1.0 \\\n    --hash=sha256:0\n")
    shutil.copy(ROOT / "install.sh", folder)
    return folder


def install(checkout, script):
    python = checkout / ".venv/bin/python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    # No uv on this path: pip alone must do.
    tools = {tool: shutil.which(tool) for tool in ("sh", "grep", "sleep", "tail", "printf")}
    for tool, place in tools.items():
        (checkout / "bin" / tool).symlink_to(place)
    variables = {**os.environ, "PATH": str(checkout / "bin")}
    return subprocess.run(
        ["./install.sh"], cwd=checkout, env=variables, capture_output=True, text=True, check=False, timeout=60
    )


def test_what_pip_says_stays_in_the_log(checkout):
    done = install(checkout, 'echo "Collecting polars"; echo "asked: $*"')
    assert done.returncode == 0, done.stderr
    assert "Collecting" not in done.stdout
    assert len(done.stdout.splitlines()) <= 3
    log = (checkout / ".venv/install.log").read_text()
    assert "--require-hashes -r requirements.txt" in log
    assert "--editable ." in log


def test_a_failure_shows_its_last_lines_and_names_the_log(checkout):
    done = install(checkout, 'echo "no network"; exit 1')
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert ".venv/install.log" in done.stderr
