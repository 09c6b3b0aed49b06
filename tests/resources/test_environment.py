"""Addresses come from the environment, secrets from it or from files; a contradiction is an error."""

from pathlib import Path

import pytest

from resources.environment import EnvironmentVariableError, read_environment, secret


def test_nothing_set_means_embedded_stores_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = read_environment({})
    assert place.home == tmp_path.resolve() / ".opsguard"
    assert place.lake == str(place.home / "lake")
    assert place.database_url is None
    assert place.config is None
    folders = {place.embedded_data, place.dagster_home, place.dlt_home, place.simulated, place.mlflow_artifacts}
    assert {folder.parent for folder in folders} == {place.home}
    assert len(folders) == 5


def test_every_address_can_be_named(tmp_path):
    place = read_environment(
        {
            "OPSGUARD_HOME": str(tmp_path / "home"),
            "OPSGUARD_LAKE": "s3://bucket/lake",
            "OPSGUARD_DATABASE_URL": "postgresql://ops:hunter2@db/opsguard",
            "OPSGUARD_CONFIG": str(tmp_path / "opsguard.yaml"),
        }
    )
    assert place.home == tmp_path / "home"
    assert place.lake == "s3://bucket/lake"
    assert place.database_url is not None
    assert place.database_url.get_secret_value() == "postgresql://ops:hunter2@db/opsguard"
    assert place.config == tmp_path / "opsguard.yaml"
    assert "hunter2" not in repr(place)


@pytest.mark.parametrize("name", ["OPSGUARD_HOME", "OPSGUARD_LAKE", "OPSGUARD_DATABASE_URL", "OPSGUARD_CONFIG"])
def test_an_empty_variable_counts_as_unset(name):
    assert read_environment({name: ""}) == read_environment({})


def test_relative_and_personal_folders_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    assert read_environment({"OPSGUARD_HOME": "here"}).home == tmp_path / "here"
    assert read_environment({"OPSGUARD_HOME": "~/ops"}).home == tmp_path / "person" / "ops"
    assert read_environment({"OPSGUARD_CONFIG": "a.yaml"}).config == tmp_path / "a.yaml"


def test_a_secret_may_lie_in_a_file(tmp_path: Path):
    file = tmp_path / "url"
    file.write_text("postgresql://db/opsguard\n", encoding="utf-8")
    url = read_environment({"OPSGUARD_DATABASE_URL_FILE": str(file)}).database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://db/opsguard"


def test_a_secret_of_nothing_is_no_secret(tmp_path):
    file = tmp_path / "empty"
    file.write_text(" \n", encoding="utf-8")
    assert secret({"TOKEN_FILE": str(file)}, "TOKEN") is None
    assert secret({"TOKEN": ""}, "TOKEN") is None
    assert secret({}, "TOKEN") is None


def test_a_variable_and_its_file_together_are_an_error_that_shows_neither(tmp_path):
    file = tmp_path / "token"
    file.write_text("hunter2", encoding="utf-8")
    with pytest.raises(EnvironmentVariableError, match="TOKEN and TOKEN_FILE are both set; keep one") as caught:
        secret({"TOKEN": "hunter3", "TOKEN_FILE": str(file)}, "TOKEN")
    assert "hunter" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    missing = tmp_path / "missing"
    with pytest.raises(
        EnvironmentVariableError, match=r"TOKEN_FILE names .*missing, which cannot be read: No such file"
    ):
        secret({"TOKEN_FILE": str(missing)}, "TOKEN")


def test_a_file_that_is_no_text_is_named(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EnvironmentVariableError, match=r"TOKEN_FILE names .*binary, which is no UTF-8 text"):
        secret({"TOKEN_FILE": str(binary)}, "TOKEN")


@pytest.mark.parametrize("sign", ["[", "]", "^", "|", "\\", "=", "%20"])
def test_a_folder_that_no_lake_can_lie_in_is_refused_by_name(tmp_path, sign):
    home, lake = str(tmp_path / f"a{sign}b"), str(tmp_path / "lake")
    with pytest.raises(
        EnvironmentVariableError, match=r"OPSGUARD_HOME means a lake in .*set OPSGUARD_HOME to a folder"
    ):
        read_environment({"OPSGUARD_HOME": home})
    assert read_environment({"OPSGUARD_HOME": home, "OPSGUARD_LAKE": lake}).lake == lake
    with pytest.raises(EnvironmentVariableError, match="OPSGUARD_LAKE means a lake in"):
        read_environment({"OPSGUARD_LAKE": home})
    assert read_environment({"OPSGUARD_LAKE": "s3://bucket/a=b"}).lake == "s3://bucket/a=b"
