"""Reads the playbooks in use: those that come with OpsGuard, and the files of a folder.

Here: files to playbooks, and what is wrong with files. Not here: what is wrong with playbooks that have the right
shape (`lint`), and which text an execution follows (`remediation.engine`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from opsguard_assets.config.load import ConfigError, document_of, message_of, model_of
from opsguard_assets.config.remediation import Remediation
from opsguard_assets.remediation.playbook.model import Playbook

_PACKAGE = "opsguard_assets.remediation.playbook"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class LoadedPlaybook:
    """A playbook and where it is written.

    Attributes:
        playbook: What it says.
        place: The file; "ready/…" for one that comes with OpsGuard.
        is_ready: Whether it comes with OpsGuard.
        document: The file with the lines of its keys, for messages.
    """

    playbook: Playbook
    place: str
    is_ready: bool
    document: Any = field(repr=False, compare=False)

    def at(self, keys: tuple[str | int, ...], words: str) -> str:
        """The words behind file, line and keys."""
        return message_of(keys, words, self.document, self.place)


@dataclass(frozen=True)
class Library:
    """The playbooks in use, by name, and what keeps files from being read: one line each with file, line and remedy."""

    playbooks: Mapping[str, LoadedPlaybook]
    problems: Sequence[str] = ()


def library(settings: Remediation, config: Path | None) -> Library:
    """The playbooks in use. A broken file stops only itself.

    Args:
        settings: Which are in use and where the others lie.
        config: The `opsguard.yaml` in force, beside which the folder lies; None: the built-in one, which has no folder.
    """
    ready = {name: text for name, text in ready_texts().items() if settings.ready is None or name in settings.ready}
    strange = sorted(set(settings.ready or ()) - set(ready_texts()))
    problems = [
        f"remediation.ready: no playbook named {name} comes with OpsGuard; `opsguard playbook list` shows them."
        for name in strange
    ]
    found = {name: parsed(text, f"ready/{name}.yaml", is_ready=True) for name, text in ready.items()}
    own: dict[str, LoadedPlaybook] = {}
    for path in _files(settings, config, problems):
        try:
            loaded = parsed(_text(path), str(path))
        except ConfigError as error:
            problems += str(error).splitlines()
            continue
        name = loaded.playbook.playbook
        if name in own:
            problems.append(loaded.at(("playbook",), f"{own[name].place} is named {name}, too; rename one of them"))
            continue
        own[name] = loaded
    return Library(dict(sorted({**found, **own}.items())), problems)


# Every tick reads all playbooks, which hardly ever change; parsing them again takes longer than what it does with them.
@lru_cache(maxsize=1_000)
def parsed(text: str, name: str, *, is_ready: bool = False) -> LoadedPlaybook:
    """One playbook from its text; `name` stands for the file in messages. Nobody may change what is returned.

    Raises:
        ConfigError: When it is no YAML or breaks the shape; one line for each trouble.
    """
    document = document_of(text, name)
    if document is None:
        raise ConfigError(f"{name}:1: the file is empty. Write a playbook into it (docs/playbooks.md), or remove it.")
    # The values are plain here: what keeps lines also keeps how a text was quoted.
    playbook = model_of(Playbook, YAML(typ="safe").load(text), document, name)
    return LoadedPlaybook(playbook, name, is_ready, document)


def ready_texts() -> dict[str, str]:
    """The texts of the playbooks that come with OpsGuard, by name."""
    held = (files(_PACKAGE) / "ready").iterdir()
    texts = {
        each.name.removesuffix(".yaml"): each.read_text(encoding="utf-8")
        for each in held
        if each.name.endswith(".yaml")
    }
    return dict(sorted(texts.items()))


def folder_of(settings: Remediation, config: Path | None) -> Path | None:
    """Where the playbooks of this installation are; None for the built-in `opsguard.yaml` and a relative folder."""
    folder = Path(settings.folder).expanduser()
    if folder.is_absolute():
        return folder
    return config.resolve().parent / folder if config else None


def _files(settings: Remediation, config: Path | None, problems: list[str]) -> Iterable[Path]:
    folder = folder_of(settings, config)
    if folder is None:
        return []
    if not folder.exists():
        if "folder" in settings.model_fields_set:
            problems.append(f"remediation.folder: {folder} does not exist. Create it, or correct the setting.")
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    except OSError as error:
        problems.append(f"{folder} cannot be read: {error.strerror}. Name a folder that this user may read.")
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Let this user read it.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
