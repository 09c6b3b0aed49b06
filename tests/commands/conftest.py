"""What tests of commands in this process share: a command on real stores."""

import pytest

from opsguard_assets.cli import app, run


@pytest.fixture
def command_on(tmp_path, monkeypatch, capsys):
    """Makes a runner of one command on a lake and a database: its code, standard output and standard error."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/dagster.yaml").write_text("{}")  # these commands never start Dagster
    config = tmp_path / "opsguard.yaml"
    monkeypatch.setenv("COLUMNS", "220")

    def make(name, lake_uri, database_url, *, timezone="UTC", settings=""):
        config.write_text(f"operations: {{timezone: {timezone}}}\n{settings}")
        own = {"HOME": tmp_path, "CONFIG": config, "LAKE": lake_uri, "DATABASE_URL": database_url}
        for variable, value in own.items():
            monkeypatch.setenv(f"OPSGUARD_{variable}", str(value))

        def call(*arguments):
            code = run(lambda: app([name, *arguments], standalone_mode=False))
            printed = capsys.readouterr()
            return code, printed.out, printed.err

        return call

    return make


@pytest.fixture
def command_named(command_on, database, database_url, tmp_path):
    """Makes a runner of one command on an empty lake and database."""
    return lambda name, *, timezone: command_on(name, tmp_path / "lake", database_url, timezone=timezone)
