"""Other processes of this installation, as programs: what only shows between processes is tried between processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from resources import migrations

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0


def start(program: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Runs a program text in a fresh Python; arguments are `sys.argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """What a process printed, once it ended well."""
    printed, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, complaint
    return printed.strip()


def wait_for(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS, pause: float = 0.01) -> None:
    """Returns as soon as the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(pause)


def newest_migration() -> str:
    """The number of the newest migration in the checkout."""
    files = Path(migrations.__file__).parent.glob("versions/0*.py")
    return max(file.name.split("_")[0] for file in files)
