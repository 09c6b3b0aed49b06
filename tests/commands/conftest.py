"""What tests of commands in this process share: a command on a real database, its environment put back afterwards."""

import os

import pytest

from opsguard_assets.cli import app, run


@pytest.fixture
def command_named(database, database_url, tmp_path, monkeypatch, capsys):
    """Makes a runner of one command: its code, standard output and standard error."""
    before = dict(os.environ)
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").write_text("{}")  # these commands never start Dagster
    config = tmp_path / "opsguard.yaml"
    own = {"HOME": tmp_path, "CONFIG": config, "LAKE": tmp_path / "lake", "DATABASE_URL": database_url}
    for name, value in own.items():
        monkeypatch.setenv(f"OPSGUARD_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "220")

    def make(name, *, timezone):
        config.write_text(f"operations: {{timezone: {timezone}}}\n")

        def call(*arguments):
            code = run(lambda: app([name, *arguments], standalone_mode=False))
            printed = capsys.readouterr()
            return code, printed.out, printed.err

        return call

    yield make
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)
