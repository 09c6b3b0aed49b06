"""`opsguard serve` as a program: it starts, answers, ends when told, and does without Dagster."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.long import chosen

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(tmp_path, database_url):
    """Starts the command in a home whose name has a space; ends what is left."""
    home, started = tmp_path / "a home", []
    (home / "dagster").mkdir(parents=True)
    (home / "dagster/dagster.yaml").write_text("{}")  # nothing here starts Dagster
    config = home / "opsguard.yaml"
    variables = {"OPSGUARD_HOME": str(home), "OPSGUARD_DATABASE_URL": database_url, "OPSGUARD_CONFIG": str(config)}

    def start(*options, settings="{}"):
        config.write_text(settings, encoding="utf-8")
        program = "import sys; from opsguard_assets.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", *options]
        process = subprocess.Popen(
            command, env=os.environ | variables, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", chosen([signal.SIGTERM, signal.SIGINT]))
def test_it_says_where_it_is_answers_and_ends_when_told(served, number):
    process = served("--port", "0")
    line = process.stderr.readline()
    url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}
    process.send_signal(number)
    assert process.wait(20) == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(served):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = served("--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is taken by" in said
    assert "name another one with --port" in said
    assert "Traceback" not in said


def test_it_listens_to_others_only_under_a_name(served):
    process = served("--host", "192.0.2.1", "--port", "0")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "base_url" in said


def test_a_secret_whose_variable_is_not_set_is_said_at_the_start(served):
    process = served("--port", "0", settings="web: {slack_signing_secret: '${NO_SUCH_SECRET}'}")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "NO_SUCH_SECRET is not set" in said


def test_the_service_loads_without_dagster_and_the_libraries_of_models():
    program = "import sys, opsguard_assets.web.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "starlette" in loaded
    assert loaded & {"dagster", "mlflow", "sklearn", "lightgbm", "scipy", "dlt", "matplotlib"} == set()
