"""An older `dagster.yaml` is given what a later OpsGuard needs, once, and stays its owner's."""

import pytest
from ruamel.yaml import YAML

from resources.dagster_home import DagsterHomeError, add_sections, lacking, newest

TEMPLATE = newest()
OLD = """# The Dagster instance of one OpsGuard installation.
storage:
  postgres:
    postgres_url:
      env: OPSGUARD_DAGSTER_DATABASE_URL
run_monitoring:
  enabled: true
  start_timeout_seconds: 900   # our machine is slow
  max_resume_run_attempts: 0
"""


@pytest.fixture
def home(tmp_path):
    file = tmp_path / "dagster.yaml"
    file.write_text(OLD, encoding="utf-8")
    return file


def read(file):
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def test_what_is_missing_is_added_and_what_is_there_stays_with_its_comment(home):
    assert add_sections(home) == ["run_launcher", "run_monitoring", "run_retries", "python_logs"]
    text = home.read_text(encoding="utf-8")
    assert "start_timeout_seconds: 900   # our machine is slow" in text
    assert read(home)["run_monitoring"]["max_runtime_seconds"] == 86400
    assert read(home)["run_launcher"] == {"module": "sensors.launching", "class": "WatchedRunLauncher"}
    assert lacking(text) == []
    assert [file.name for file in home.parent.iterdir()] == ["dagster.yaml"]


def test_it_is_added_once_so_that_what_its_owner_removes_stays_removed(home):
    add_sections(home)
    kept = home.read_text(encoding="utf-8").replace("max_runtime_seconds: 86400", "max_runtime_seconds: 100")
    home.write_text(kept, encoding="utf-8")
    assert add_sections(home) == []
    assert home.read_text(encoding="utf-8") == kept


def test_a_launcher_that_its_owner_chose_stays(home):
    home.write_text(OLD + "run_launcher:\n  module: dagster_celery\n  class: CeleryRunLauncher\n", encoding="utf-8")
    assert add_sections(home) == ["run_monitoring", "run_retries", "python_logs"]
    assert read(home)["run_launcher"] == {"module": "dagster_celery", "class": "CeleryRunLauncher"}


def test_a_file_of_this_edition_is_not_touched(home):
    home.write_text(TEMPLATE, encoding="utf-8")
    assert add_sections(home) == []
    assert home.read_text(encoding="utf-8") == TEMPLATE


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n"])
def test_an_empty_file_is_given_what_is_needed(home, text):
    home.write_text(text, encoding="utf-8")
    add_sections(home)
    assert lacking(home.read_text(encoding="utf-8")) == []


def test_a_damaged_file_is_named(home):
    home.write_text("storage: [", encoding="utf-8")
    with pytest.raises(DagsterHomeError, match=r"dagster\.yaml is not valid YAML"):
        add_sections(home)
    assert home.read_text(encoding="utf-8") == "storage: ["


def test_what_a_file_of_another_home_lacks_is_named():
    assert lacking(OLD) == ["run_launcher", "run_retries", "python_logs"]
