"""Which revision of the code runs. Not here: anything else about git.

An installed package has no repository, and a container has no git: then the revision is what the build wrote into
`OPSGUARD_REVISION`, or unknown.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

REVISION = "OPSGUARD_REVISION"
_CODE = Path(__file__).parents[1]


def code_revision(variables: Mapping[str, str], code: Path = _CODE) -> str | None:
    """The revision; `-dirty` behind it where the code was changed since. Null where nobody can tell."""
    if revision := variables.get(REVISION):
        return revision
    if not (code / ".git").exists():
        return None
    found = _git(code, "rev-parse", "HEAD")
    changed = _git(code, "status", "--porcelain", "--untracked-files=no")
    return f"{found}-dirty" if found and changed else found


def _git(code: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", *words],  # noqa: S607 - git of the PATH, as people use it
            cwd=code,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
