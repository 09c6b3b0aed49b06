"""The checks of `opsguard doctor`.

Here: one function per check; each returns a finding instead of raising. Not here: printing them (`doctor`).
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import polars as pl
import requests
from packaging.requirements import Requirement

from opsguard_assets.commands.channels import found_channels, found_in_doubt
from opsguard_assets.commands.check import routing_troubles
from opsguard_assets.commands.names_found import found_names
from opsguard_assets.commands.playbooks_found import found_addresses, found_executions, found_files
from opsguard_assets.commands.problem_name import ProblemName
from opsguard_assets.config.load import ConfigError, load_settings_of, with_secrets
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import DirectSource, FileSource, SimulatorSource, Source, SqlSource
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.files import list_files
from opsguard_assets.intake.readers.header import check_header
from opsguard_assets.intake.readers.simulated import known_until
from opsguard_assets.intake.receiving.probe import new_rows
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.files import check_files
from opsguard_assets.routing.roster_io import roster_at
from opsguard_assets.withdrawal import future_ticks
from resources.addresses import AddressError, parts_of, shown
from resources.dagster_home import DagsterHomeError, lacking
from resources.database import newest_revision
from resources.environment import Environment, check_lake
from resources.housekeeping import PROBE
from resources.installation import Installation, open_installation
from resources.ticks import last_ticks

_T = TypeVar("_T")
_OLDEST, _NEWEST = (3, 11), (3, 13)
_LEAST_FREE_BYTES = 2_000_000_000
_WAIT_SECONDS = 10
_SET = "set the variables it names (docs/sources.md)."
_DATABASE_REMEDIES = {
    True: "Do what the message says; docs/configuration.md describes the embedded PostgreSQL.",
    False: "Correct OPSGUARD_DATABASE_URL, or start the server.",
}
_REMEDIES = {
    "files": "Correct `path` and `columns` in opsguard.yaml, or let this user read the files (docs/sources.md).",
    "sql": f"Correct `url`, `table` and `cursor` in opsguard.yaml, let this machine reach the database, and {_SET}",
    "rest": f"Correct `client` and `resource` in opsguard.yaml, let this machine reach the server, and {_SET}",
    "simulator": "Correct `folder` and `settings` in opsguard.yaml (docs/simulator.md).",
}


@dataclass(frozen=True)
class Finding:
    """The result of one check: its name, whether it passed, what was found, and the remedy."""

    what: str
    is_sound: bool
    found: str
    remedy: str = ""


def diagnose(place: Environment, variables: Mapping[str, str]) -> list[Finding]:
    """All checks of an installation, in the order of their dependencies."""
    findings = [_python(), _packages(), _home(place)]
    settings = _asked(
        "configuration", lambda: load_settings_of(place, variables, misfits), findings, "Correct opsguard.yaml."
    )
    opened = None
    if place.home.is_dir():
        remedy = _DATABASE_REMEDIES[place.database_url is None]
        opened = _asked("database", lambda: open_installation(place), findings, remedy)
    if opened is not None:
        findings += [_schema(opened), _dagster(opened, variables), _lake(opened)]
        findings += [*_ticks(opened), *_champions(opened)]
        findings += [Finding(*found) for found in found_in_doubt(opened.database, settings)] if settings else []
        findings += [Finding(*found) for found in found_executions(opened.database)]
    if settings is not None:
        findings += [_sources(place, settings)] if not settings.sources else []
        findings += [_source(source, variables) for source in settings.sources]
        findings += [Finding(*found) for found in found_channels(settings.delivery, variables, place.home)]
        findings += [Finding(*found_files(settings, place.config))]
        findings += [Finding(*found) for found in found_addresses(settings, variables)]
    if settings is not None and opened is not None:
        findings += [_routing(opened, settings), *_names(opened, settings)]
    return findings


def _routing(opened: Installation, settings: Settings) -> Finding:
    """Whether messages would reach somebody. What `groups` and `duty` do not say is no fault of the installation."""
    now = datetime.now(UTC)
    try:
        roster = roster_at(opened.lake, settings, now)
        found = routing_troubles(settings, roster, now) if len(roster.desk.groups) else []
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        return Finding("routing", False, str(error), "Run `opsguard sync`, then `opsguard check`.")
    nobody = "no `groups` are known: nobody is told" if roster.desk.groups.is_empty() else "messages reach somebody"
    said = f"{len(found)} troubles, such as: {found[0]}" if found else nobody
    return Finding(
        "routing", not found, said, "`opsguard check` lists them; correct routes, groups, duty or addresses."
    )


def _names(opened: Installation, settings: Settings) -> list[Finding]:
    try:
        return [Finding(*found) for found in found_names(settings, opened.lake, opened.environment.config)]
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        return [
            Finding("names", False, str(error), "Run `opsguard sync`; it says what is wrong with clients and sites.")
        ]


def _python() -> Finding:
    version = sys.version_info[:2]
    return Finding(
        "Python",
        _OLDEST <= version <= _NEWEST,
        platform.python_version(),
        "Install Python 3.11, 3.12 or 3.13 and run `make PYTHON=python3.12 setup`.",
    )


def _packages() -> Finding:
    """Whether all required packages are installed in a fitting version."""
    wrong = list(_unmet())
    count = len(metadata.requires("opsguard") or [])
    return Finding(
        "packages",
        not wrong,
        "; ".join(wrong) or f"{count} requirements are met",
        "Run `make setup`; it installs what requirements.txt pins.",
    )


def _unmet() -> Iterator[str]:
    for line in metadata.requires("opsguard") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield f"{requirement.name} is missing"
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement.name} {version} is not {requirement.specifier}"


def _home(place: Environment) -> Finding:
    remedy = "Set OPSGUARD_HOME to a writable folder with 2 GB of free space."
    try:
        place.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("home", False, f"{place.home} cannot be created: {error.strerror}", remedy)
    free = shutil.disk_usage(place.home).free
    may_write = os.access(place.home, os.W_OK | os.X_OK)
    return Finding(
        "home",
        may_write and free > _LEAST_FREE_BYTES,
        f"{place.home}, {'writable' if may_write else 'not writable'}, {free / 1e9:.0f} GB free",
        remedy,
    )


def _asked(what: str, question: Callable[[], _T], findings: list[Finding], remedy: str) -> _T | None:
    try:
        answer = question()
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        findings.append(Finding(what, False, str(error), str(error) if isinstance(error, ConfigError) else remedy))
        return None
    findings.append(Finding(what, True, "opened"))
    return answer


def _sources(place: Environment, settings: Settings) -> Finding:
    count, where = len(settings.sources), place.config or "the built-in opsguard.yaml"
    return Finding(
        "sources",
        count > 0,
        f"{where} names {count or 'no'} sources",
        "Describe one under `sources:` (docs/sources.md walks through a real export).",
    )


def _schema(opened: Installation) -> Finding:
    revision, newest = opened.database.revision(), newest_revision()
    return Finding(
        "database schema",
        revision == newest,
        f"migration {revision}, this version has {newest}",
        "Run the version of OpsGuard that this database belongs to, or a newer one.",
    )


def _dagster(opened: Installation, variables: Mapping[str, str]) -> Finding:
    """Whether the `dagster.yaml` in use ends abandoned runs. That of another home is not changed."""
    file = Path(variables.get("DAGSTER_HOME") or opened.environment.dagster_home) / "dagster.yaml"
    try:
        missing = lacking(file.read_text(encoding="utf-8"))
    except (OSError, DagsterHomeError) as error:
        return Finding("dagster.yaml", False, f"{file}: {error}", "Set DAGSTER_HOME to a folder with a valid one.")
    return Finding(
        "dagster.yaml",
        not missing,
        f"{file} lacks {', '.join(missing)}" if missing else str(file),
        f"Copy these sections from {opened.environment.dagster_home / 'dagster.yaml'}; without them a killed run can "
        "stop its cadence for good.",
    )


def _lake(opened: Installation) -> Finding:
    """Writes a small table and reads it back."""
    now = datetime.now(UTC).isoformat()
    try:
        check_lake(opened.environment)
        opened.lake.replace(PROBE, pl.DataFrame({"asked_at": [now]}))
        found = opened.lake.scan(PROBE).collect().item()
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        return Finding("lake", False, str(error), "Set OPSGUARD_LAKE to a writable folder.")
    return Finding(
        "lake", found == now, f"{opened.lake.uri}, writable", "Two installations share this lake; separate them."
    )


def _ticks(opened: Installation) -> list[Finding]:
    wrong = future_ticks(opened.database)
    said = f", such as {wrong[0]['settled']} for {wrong[0]['as_of']:%Y-%m-%d %H:%M} UTC" if wrong else ""
    return [
        Finding(
            "ticks",
            not wrong,
            f"{len(wrong)} were settled for moments in the future{said}" if wrong else "none is in the future",
            "Undo them with `opsguard ticks withdraw`; until then alerts are not refreshed.",
        ),
        *(
            Finding(f"last tick of {tick.job}", True, f"{tick.as_of:%Y-%m-%d %H:%M} UTC, {tick.row_count:,} rows")
            for tick in last_ticks(opened.database)
        ),
    ]


def _champions(opened: Installation) -> Iterator[Finding]:
    """Whether the files of every champion match their recorded digests."""
    champions = Champions(opened.database)
    for problem in ProblemName:
        version = champions.current(problem.value)
        if version is not None:
            is_sound, found = check_files(opened.database, version)
            remedy = f"Until then the rule scores: `opsguard rollback {problem.value}`, or train again."
            yield Finding(f"champion of {problem.value}", is_sound, f"version {version.version}: {found}", remedy)


def _source(source: Source, variables: Mapping[str, str]) -> Finding:
    what = f"source {source.name}"
    try:
        return Finding(what, True, _reached(source, variables))
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        # Errors of `sync` name their remedy; errors of other libraries do not.
        is_own = isinstance(error, (MappingError, SourceError, ConfigError))
        remedy = str(error) if is_own else _REMEDIES[source.kind]
        return Finding(what, False, str(error) or type(error).__name__, remedy)


def _reached(source: Source, variables: Mapping[str, str]) -> str:
    if isinstance(source, SimulatorSource):
        until = known_until(source)
        return f"simulated until {until:%Y-%m-%d %H:%M} UTC" if until else "nothing simulated yet"
    return _read(with_secrets(source, variables))


def _read(source: DirectSource) -> str:
    if isinstance(source, FileSource):
        files = list_files(source)
        unreadable = [file.origin for file in files if not os.access(file.path, os.R_OK)]
        if unreadable:
            raise PermissionError(f"{len(unreadable)} files cannot be read, such as {unreadable[0]}")
        named = check_header(source, files[-1]) if files and source.member is None else None
        return ("all mapped columns in the newest of " if named else "") + f"{len(files)} files"
    if isinstance(source, SqlSource):
        return new_rows(source, None).what
    return _asked_for(str(source.client.get("base_url", "")))


def _asked_for(address: str) -> str:
    """Whether a server answers. Secrets in its address are not printed."""
    try:
        parts_of(address)
    except AddressError as error:
        raise ValueError(f"`client.base_url`: {error}") from None
    try:
        reply = requests.get(address, timeout=_WAIT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise ConnectionError(f"{shown(address)} does not answer ({type(error).__name__})") from None
    return f"{shown(address)} answers (HTTP {reply.status_code})"
