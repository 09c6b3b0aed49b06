"""The `dagster.yaml` of homes that an earlier OpsGuard wrote: what a later one needs is added, once.

Here: which sections these are, and adding them. Not here: writing a first one (`installation`).

The file belongs to its owner: what it says stays, and a section that was added and then removed stays removed.
"""

import importlib.resources
import os
import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_EDITION = re.compile(r"^# opsguard-edition: (\d+)$", re.MULTILINE)
# What an edition after the first brought. Everything else in the template is a preference.
_NEEDED = ("run_launcher", "run_monitoring", "run_retries", "python_logs")


class DagsterHomeError(RuntimeError):
    """`dagster.yaml` cannot be read; the message says where and what to do."""


def newest() -> str:
    """The text of the newest edition."""
    return (importlib.resources.files("templates") / "dagster.yaml").read_text(encoding="utf-8")


def add_sections(target: Path) -> list[str]:
    """Adds to an older `dagster.yaml` the needed sections that it lacks, and says which.

    Args:
        target: The file of a home.

    Raises:
        DagsterHomeError: When the file is no YAML.
    """
    text = target.read_text(encoding="utf-8")
    template = newest()
    edition = _edition(template)
    if _edition(text) >= edition:
        return []
    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        own = yaml.load(text) or {}
    except YAMLError as error:
        raise DagsterHomeError(f"{target} is not valid YAML: {error}. Correct it, or move it away.") from error
    wanted = YAML(typ="safe").load(template)
    added = [name for name in _NEEDED if _add(own, name, wanted[name])]
    draft = target.with_name(f".dagster.{os.getpid()}.yaml")
    with draft.open("w", encoding="utf-8") as file:
        file.write(f"# opsguard-edition: {edition}\n")
        yaml.dump(own, file)
    draft.replace(target)
    return added


def lacking(text: str) -> list[str]:
    """The needed sections that the text of a `dagster.yaml` does not have, such as of one that is not in our home.

    Raises:
        DagsterHomeError: When the text is no YAML.
    """
    try:
        own = YAML(typ="safe").load(text) or {}
    except YAMLError as error:
        raise DagsterHomeError(f"dagster.yaml is not valid YAML: {error}. Correct it, or move it away.") from error
    return [name for name in _NEEDED if name not in own]


def _add(own: dict[str, object], name: str, section: dict[str, object]) -> bool:
    """Adds a section, or the keys of it that are missing; a class that its owner chose stays whole."""
    there = own.get(name)
    if there is None:
        own[name] = section
        return True
    if not isinstance(there, dict) or "class" in there:
        return False
    missing = {key: value for key, value in section.items() if key not in there}
    there.update(missing)
    return bool(missing)


def _edition(text: str) -> int:
    found = _EDITION.search(text)
    return int(found.group(1)) if found else 1
