"""Data folders as they are found: of older versions, half made, on full disks, out of reach."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from resources.postgres import EmbeddedServerError, account, cluster, start_embedded, stop_embedded
from resources.postgres.account import Account
from resources.postgres.place import place_of
from resources.room import StorageError
from tests.long import chosen
from tests.resources.embedded import (
    IS_ROOT,
    QUICK,
    answer,
    at_work,
    joined,
    joining,
    of_an_older_version,
    open_to_others,
)
from tests.resources.processes import ROOT, finished, wait_for

NOBODY = 65534
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give files away, mount, and act as another user")
pytestmark = pytest.mark.timeout(120)
STARTING = """
import pathlib, sys
from resources.postgres import start_embedded
start_embedded(pathlib.Path(sys.argv[1]))
"""
SHARED = Path(tempfile.gettempdir())


def fill(file):
    """Writes until the disk is full."""
    with file.open("ab", buffering=0) as ballast, suppress(OSError):
        while ballast.write(b"\0" * 4096):
            pass


def only_nobody():
    """Root's way round where the system forbids namespaces."""
    nobody = Account(NOBODY, NOBODY)
    yield account._Candidate("as nobody", nobody, lambda: nobody)


@pytest.fixture
def older(bare):
    """Makes the data folder as older versions did; the path of their socket has to be short."""
    socket = Path(tempfile.mkdtemp(prefix="old-"))
    yield lambda *, is_running: of_an_older_version(bare, socket, is_running=is_running)
    shutil.rmtree(socket)


@pytest.mark.parametrize("is_running", chosen([True, False]))
def test_a_home_of_an_older_version_is_closed_and_keeps_its_data(bare, older, is_running):
    older(is_running=is_running)
    url = start_embedded(bare, settings=QUICK)
    assert answer(url, "SELECT answer FROM kept") == 42
    with pytest.raises(OperationalError, match="password"):
        answer(f"postgresql://postgres:@/postgres?host={url.partition('?host=')[2]}", "SELECT 1")
    assert open_to_others(bare) == []


def test_a_server_of_an_older_version_is_not_taken_from_a_process_that_uses_it(bare, older):
    older(is_running=True)
    (bare / ".handle_pids.json").write_text(json.dumps([os.getpid()]), encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match=f"process {os.getpid()} of an older version .* End it first"):
        start_embedded(bare)
    sleeping = subprocess.Popen(["sleep", "600"])  # a later process that got the number of a user
    (bare / ".handle_pids.json").write_text(json.dumps([sleeping.pid]), encoding="utf-8")
    os.utime(bare / ".handle_pids.json", (time.time() - 600, time.time() - 600))
    start_embedded(bare, settings=QUICK)
    assert sleeping.poll() is None
    sleeping.kill()
    sleeping.wait()


@only_root
def test_a_data_folder_of_another_user_is_taken_over_by_root(folder):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    assert answer(start_embedded(folder, settings=QUICK), "SELECT 1") == 1
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {0}


@pytest.mark.parametrize(("version", "age"), chosen([("19", "newer"), ("16", "older")]))
def test_data_of_another_major_version_are_left_as_they_are(folder, version, age):
    (folder / "PG_VERSION").write_text(f"{version}\n", encoding="ascii")
    with pytest.raises(EmbeddedServerError, match=f"PostgreSQL {version}, {age} than 18.*Nothing was changed"):
        start_embedded(folder)
    (folder / "PG_VERSION").write_text("18\n", encoding="ascii")
    start_embedded(folder, settings=QUICK)


def test_a_folder_that_holds_something_else_is_never_emptied(bare):
    bare.mkdir(parents=True)
    (bare / "thesis.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(EmbeddedServerError, match=r"not empty and not a whole data folder.*Move it away"):
        start_embedded(bare)
    assert (bare / "thesis.txt").exists()


def test_a_lost_password_is_set_anew(folder):
    before = start_embedded(folder, settings=QUICK)
    answer(before, "CREATE TABLE kept AS SELECT 42 AS answer")
    stop_embedded(folder)
    place_of(folder).password.unlink()
    after = start_embedded(folder, settings=QUICK)
    assert answer(after, "SELECT answer FROM kept") == 42
    with pytest.raises(OperationalError, match="password"):
        answer(before, "SELECT 1")


def test_data_that_are_copied_into_another_home_bring_their_password(folder, made, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(made, other)
    answer(start_embedded(folder, settings=QUICK), "CREATE TABLE kept AS SELECT 42 AS answer")
    stop_embedded(folder)
    shutil.rmtree(other / "postgres")
    shutil.copytree(folder, other / "postgres")
    assert answer(start_embedded(other / "postgres", settings=QUICK), "SELECT answer FROM kept") == 42
    stop_embedded(other / "postgres")


@only_root
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk as Linux does")
def test_a_full_disk_is_said_as_such_and_the_next_start_works(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "opsguard", disk], check=False).returncode:
        pytest.skip("this system lets nobody mount")
    try:
        with pytest.raises(StorageError, match=r"the disk is full \(.*disk: [0-9]+ MB of 13 MB free.*Free some space"):
            start_embedded(disk / "postgres", settings=QUICK)
        assert sorted(path.name for path in disk.iterdir()) == ["postgres.server"]
        (disk / "ballast").write_bytes(b"\0" * 11_000_000)
        subprocess.run(["mount", "-o", "remount,size=300m", disk], check=True)
        start_embedded(disk / "postgres", settings=QUICK)
        stop_embedded(disk / "postgres")
        fill(disk / "ballast")
        with pytest.raises(StorageError, match="is full"):
            start_embedded(disk / "postgres", settings=QUICK)
        (disk / "ballast").unlink()
        start_embedded(disk / "postgres", settings=QUICK)
        stop_embedded(disk / "postgres")
    finally:
        wait_for(lambda: at_work(disk / "postgres") == [])
        subprocess.run(["umount", disk], check=True)


def test_a_file_system_that_keeps_no_permissions_is_told(bare, monkeypatch):
    bare.mkdir(parents=True)
    bare.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # as FAT, and some shared folders of virtual machines, do it
    with pytest.raises(EmbeddedServerError, match=r"mode 777.*keeps no permissions.*OPSGUARD_HOME"):
        cluster.make_private(bare)


@only_root
def test_without_namespaces_root_lends_the_server_a_user_and_opens_no_folder_to_it(made, monkeypatch, tmp_path):
    monkeypatch.setattr(account, "_candidates", only_nobody)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    first_closed = next(path for path in (*reversed(closed.parents), closed) if not path.stat().st_mode & 0o001)
    with pytest.raises(EmbeddedServerError, match=f"as nobody: {first_closed} is closed to it.*Run OpsGuard as an ord"):
        start_embedded(closed / "postgres")
    assert closed.stat().st_mode & 0o777 == 0o700


@only_root
def test_a_system_user_runs_the_server_where_it_can_reach_the_home(made, monkeypatch):
    monkeypatch.setattr(account, "_candidates", only_nobody)
    if account._refusal(Account(NOBODY, NOBODY), SHARED / "home"):
        pytest.skip("the environment of the tests is closed to other users")
    home = SHARED / f"opsguard-home-{os.getpid()}"
    shutil.copytree(made, home)
    home.chmod(0o755)
    try:
        url = start_embedded(home / "postgres", settings=QUICK)
        assert answer(url, "SELECT 1") == 1
        assert (home / "postgres").stat().st_uid == Path(url.partition("?host=")[2]).stat().st_uid == NOBODY
        assert open_to_others(home / "postgres") == []
    finally:
        stop_embedded(home / "postgres")
        shutil.rmtree(home)


@only_root
def test_a_system_that_forbids_namespaces_is_understood(tmp_path):
    forbidding = ("unshare", "-Ur", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh")
    asked = subprocess.run([*forbidding, "true"], check=False)
    if asked.returncode:
        pytest.skip("this system forbids namespaces altogether")
    namespace = next(iter(account._candidates())).stand_in
    forbidden = Account(os.geteuid(), os.getegid(), (*forbidding, *namespace.prefix))
    assert (
        account._refusal(forbidden, tmp_path / "postgres")
        == "the system forbids it (no further user namespace is allowed)"
    )
    start_it = [sys.executable, "-c", STARTING, str(tmp_path / "postgres")]
    refused = subprocess.run([*forbidding, *start_it], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "root may not become another user (Operation not permitted)). Run OpsGuard as an ordinary" in refused.stderr
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("number", chosen([54321, 1000]))
def test_a_user_runs_the_server_with_or_without_a_line_in_the_list_of_users(bare, number):
    inside = ["unshare", "--user", f"--map-user={number}", f"--map-group={number}"]
    if subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system forbids namespaces, or has no unshare that can map a user")
    start_it = [*inside, sys.executable, "-c", STARTING, str(bare)]
    subprocess.run(start_it, check=True, cwd=ROOT)
    assert (bare / "PG_VERSION").exists()
    assert at_work(bare) == []


@only_root
def test_a_home_of_another_user_is_refused_with_the_remedy(made, tmp_path):
    if account._refusal(Account(NOBODY, NOBODY), Path(sys.executable).resolve()):
        pytest.skip("the environment of the tests is closed to other users")
    home = SHARED / f"opsguard-home-{os.getpid()}"
    shutil.copytree(made, home)
    home.chmod(0o755)
    try:
        asked = subprocess.run(
            [sys.executable, "-c", STARTING, str(home / "postgres")],
            user=NOBODY, group=NOBODY, capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert "Give this user the folder" in asked.stderr
    finally:
        shutil.rmtree(home)


def test_a_removed_home_takes_its_server_along(folder):
    user = joined(joining(folder, 2))
    socket = Path(json.loads((place_of(folder).state / "socket").read_text(encoding="utf-8"))["folder"])
    assert socket.is_dir()
    shutil.rmtree(folder.parent)
    finished(user)
    assert at_work(folder) == []
    assert not socket.exists()
